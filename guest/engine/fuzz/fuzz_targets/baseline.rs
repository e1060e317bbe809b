//! Any bytes as a baseline and as an observation: learning keeps within its size, and a verdict comes
//! out of every baseline.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sentinel_engine::{
    Circumstances, Decision, Effect, EffectOutcome, Format, Outcome, Policy, conclude, decide_bytes, learn,
};

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let text = r#"{
        "agentId": "a",
        "version": "1",
        "identity": { "authorityLevel": "limited-ops", "environmentScope": ["development"] },
        "toolActions": { "allowed": ["pay"] },
        "anomaly": { "spike": { "times": 3 } }
    }"#;
    Policy::load(text, Format::Json).expect("the policy of this target loads")
});

static DECISION: LazyLock<Decision> = LazyLock::new(|| {
    let call = br#"{"agentId":"a","toolName":"pay","toolInput":{"amount":5,"env":"e"},"cost":{"usd":"1"}}"#;
    decide_bytes(&POLICY, call)
});

fuzz_target!(|input: (u64, &[u8], &[u8])| {
    let (now, baseline, observation) = input;
    let after = learn(baseline, observation);
    assert!(after == baseline || after.len() <= 4_096, "a baseline is small");
    for bytes in [baseline, &after] {
        let answer = |effect: &Effect| match effect {
            Effect::Debit(_) => EffectOutcome::Reading(0),
            Effect::Baseline { .. } => EffectOutcome::Baseline(bytes.to_vec()),
        };
        let outcomes: Vec<_> = DECISION.effects.iter().map(answer).collect();
        let circumstances = Circumstances { now: Some(now), ..Circumstances::default() };
        let verdict = conclude(&POLICY, &DECISION, &outcomes, &circumstances);
        assert_eq!(verdict.observations.is_empty(), verdict.decision != Outcome::Allow);
    }
});
