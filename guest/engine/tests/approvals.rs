//! What an approval does to the end of a decision.

use sentinel_engine::{
    Approval, Circumstances, Decision, EffectOutcome, Format, Outcome, Policy, Verdict, conclude,
    decide_bytes,
};

/// A tool of three points that asks, in a session that may use thirty.
const POLICY: &str = r#"{
    "agentId": "a", "version": "1",
    "identity": { "authorityLevel": "full-ops", "environmentScope": ["development"] },
    "toolActions": { "allowed": ["deploy"] },
    "riskBudget": { "maxPerSession": 30, "thresholds": { "warn": 5, "throttle": 10, "critical": 20, "exhausted": 30 } },
    "approvals": { "tools": ["deploy"] }
}"#;

fn at(policy: &Policy, decision: &Decision, used: u64, approval: Approval) -> Verdict {
    let outcomes = vec![EffectOutcome::Reading(used); decision.effects.len()];
    conclude(policy, decision, &outcomes, &Circumstances { mode: None, approval, now: Some(0) })
}

/// The points that a question was paid with are not points that were used before its call: else the
/// price of asking would deny what a person has approved.
#[test]
fn points_of_the_question_do_not_stand_against_its_answer() {
    let policy = Policy::load(POLICY, Format::Json).expect("a policy");
    let decision = decide_bytes(&policy, br#"{"agentId":"a","toolName":"deploy","toolInput":{}}"#);
    for used in 0..=30 {
        let asked = at(&policy, &decision, used, Approval::Possible);
        assert_eq!(asked.question.is_some(), used < 20, "{used}");
        let Some(paid) = asked.question.as_ref().and(asked.charges.first()) else { continue };
        let waiting = at(&policy, &decision, used + paid, Approval::Waiting);
        let granted = at(&policy, &decision, used + paid, Approval::Granted);
        assert!(waiting.question.is_some() && waiting.risk_points == 0, "{used}: {}", waiting.reason);
        assert!(granted.redeemed && granted.risk_points == 0, "{used}: {}", granted.reason);
        assert_eq!((granted.decision, granted.charges), (Outcome::Allow, vec![0, 0]), "{used}");
    }
}

/// What others used meanwhile counts as ever.
#[test]
fn an_approval_does_not_pass_a_threshold_that_others_reached() {
    let policy = Policy::load(POLICY, Format::Json).expect("a policy");
    let decision = decide_bytes(&policy, br#"{"agentId":"a","toolName":"deploy","toolInput":{}}"#);
    for (reading, code) in [(22, "approved"), (23, "risk-critical"), (30, "risk-exhausted")] {
        let verdict = at(&policy, &decision, reading, Approval::Granted);
        assert_eq!(verdict.code, code, "{reading}");
        assert_eq!(verdict.redeemed, code == "approved", "{reading}");
    }
}
