//! Any bytes as a call: there is always a decision, always the same one, and a reason for it.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sentinel_engine::{Circumstances, Effect, EffectOutcome, Format, Policy, conclude, decide_bytes};

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
        "riskBudget": { "maxPerSession": 50 },
        "budgets": [
            { "name": "day", "limit": "1.00", "per": "day" },
            { "name": "pay", "limit": "0.50", "per": "call", "tools": ["search*"] },
            { "name": "tokens", "unit": "tokens", "limit": 1000, "per": "run", "by": "endpoint" }
        ],
        "rateLimits": { "maxCallsPerMinute": 60, "maxDenialsPerMinute": 20 }
    }"#;
    Policy::load(text, Format::Json).expect("the policy of this target loads")
});

fuzz_target!(|call: &[u8]| {
    let decide = || {
        let decision = decide_bytes(&POLICY, call);
        let worst = decision.reasons.iter().map(|reason| reason.outcome).max();
        assert_eq!(worst, Some(decision.outcome), "the worst reason decides");
        let outcomes = vec![EffectOutcome::Reading(10); decision.effects.len()];
        let verdict = conclude(&POLICY, &decision, &outcomes, &Circumstances::default());
        for (Effect::Debit(debit), charge) in decision.effects.iter().zip(&verdict.charges) {
            assert!(*charge <= debit.limit.saturating_sub(10), "no charge takes a meter past its limit");
        }
        assert!(verdict.decision >= decision.outcome, "a conclusion only raises");
        verdict.json
    };
    assert_eq!(decide(), decide());
});
