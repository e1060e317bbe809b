//! Any bytes as a call: there is always a decision, always the same one, and a reason for it.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sentinel_engine::{Circumstances, Effect, EffectOutcome, Format, Policy, conclude, decide_bytes, learn};

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let text = r#"{
        "agentId": "a",
        "version": "1",
        "identity": { "authorityLevel": "limited-ops", "environmentScope": ["development"] },
        "dataAccess": {
            "readAllow": ["src/**", "docs/*.md", "~/notes/**", "/usr/share/**"],
            "readDeny": ["**/.env*", "**/secrets*"],
            "writeAllow": ["src/**"],
            "writeDeny": ["src/gen/**"]
        },
        "toolActions": {
            "allowed": ["search_code"],
            "bash": { "allow": ["git *", "cat *", "curl * | jq *"], "deny": ["rm -rf *", "curl * | sh"] },
            "toolMap": { "own": { "read": ["from"], "write": ["to"], "command": "run" } }
        },
        "network": {
            "allowHosts": ["a.example", "*.b.example:*", "10.0.0.0/8"],
            "denyHosts": ["x.b.example"],
            "allowPaths": ["/v1/**", "/a/*b"],
            "denyPaths": ["/v1/admin"],
            "rules": [{ "hosts": ["m.example"], "mcp": { "server": "m" } }, { "hosts": ["t.example"], "tunnel": true }]
        },
        "riskBudget": { "maxPerSession": 50 },
        "budgets": [
            { "name": "day", "limit": "1.00", "per": "day" },
            { "name": "pay", "limit": "0.50", "per": "call", "tools": ["search*"] },
            { "name": "tokens", "unit": "tokens", "limit": 1000, "per": "run", "by": "endpoint" }
        ],
        "rateLimits": { "maxCallsPerMinute": 60, "maxDenialsPerMinute": 20 },
        "anomaly": { "spike": { "times": 3 } }
    }"#;
    Policy::load(text, Format::Json).expect("the policy of this target loads")
});

fuzz_target!(|call: &[u8]| {
    let decide = || {
        let decision = decide_bytes(&POLICY, call);
        let worst = decision.reasons.iter().map(|reason| reason.outcome).max();
        assert_eq!(worst, Some(decision.outcome), "the worst reason decides");
        let answer = |effect: &Effect| match effect {
            Effect::Debit(_) => EffectOutcome::Reading(10),
            Effect::Baseline { .. } => EffectOutcome::Baseline(Vec::new()),
        };
        let outcomes: Vec<_> = decision.effects.iter().map(answer).collect();
        let circumstances = Circumstances { now: Some(1_750_000_000_000), ..Circumstances::default() };
        let verdict = conclude(&POLICY, &decision, &outcomes, &circumstances);
        for (effect, charge) in decision.effects.iter().zip(&verdict.charges) {
            let limit = effect.debit().map_or(10, |debit| debit.limit);
            assert!(*charge <= limit.saturating_sub(10), "no charge takes a meter past its limit");
        }
        for observation in &verdict.observations {
            assert!(verdict.permitted, "what is stopped teaches nothing");
            assert!(!learn(&[], &observation.bytes).is_empty(), "what was observed can be learned");
        }
        assert!(verdict.decision >= decision.outcome, "a conclusion only raises");
        verdict.json
    };
    assert_eq!(decide(), decide());
});
