//! What an approval does to the end of a decision.

#![expect(clippy::expect_used, reason = "a test fails loudly")]

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

/// A yes to what was asked.
fn yes(asked: &Verdict) -> Approval {
    Approval::Granted(asked.question.as_ref().expect("a question").grounds)
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
        let granted = at(&policy, &decision, used + paid, yes(&asked));
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
    let asked = at(&policy, &decision, 0, Approval::Possible);
    for (reading, code) in [(22, "approved"), (23, "risk-critical"), (30, "risk-exhausted")] {
        let verdict = at(&policy, &decision, reading, yes(&asked));
        assert_eq!(verdict.code, code, "{reading}");
        assert_eq!(verdict.redeemed, code == "approved", "{reading}");
    }
}

/// Somebody said yes to a deployment; that it also costs more than the budget has left came later.
#[test]
fn a_yes_is_for_what_was_asked_and_for_nothing_that_comes_to_it() {
    let budget =
        r#""budgets": [{ "name": "day", "limit": "1.00", "per": "day", "onExceeded": "require_approval" }],"#;
    let text = POLICY.replacen("\"approvals\"", &format!("{budget} \"approvals\""), 1);
    let policy = Policy::load(&text, Format::Json).expect("a policy");
    let call = br#"{"agentId":"a","toolName":"deploy","toolInput":{},"cost":{"usd":"0.90"}}"#;
    let decision = decide_bytes(&policy, call);
    let spent = |money: u64, approval| {
        let readings = decision.effects.iter().map(|effect| {
            let is_money = effect.debit().is_some_and(|own| own.meter == "budgets/day");
            EffectOutcome::Reading(if is_money { money } else { 0 })
        });
        let circumstances = Circumstances { mode: None, approval, now: Some(0) };
        conclude(&policy, &decision, &readings.collect::<Vec<_>>(), &circumstances)
    };
    let asked = spent(0, Approval::Possible);
    assert!(spent(0, yes(&asked)).redeemed);
    let other = spent(900_000, yes(&asked));
    assert!(!other.redeemed && !other.permitted, "{}", other.reason);
    // A person is asked anew, about both, and that yes is good. Both are said: whoever is shown one
    // reason alone says yes to the other unread.
    assert_ne!(yes(&other), yes(&asked));
    let said = |verdict: &Verdict| verdict.grounds.iter().map(|own| own.code.to_string()).collect::<Vec<_>>();
    assert_eq!(said(&asked), ["approval-tool"]);
    assert_eq!(said(&other), ["approval-tool", "budget-approval"]);
    assert_eq!(other.grounds.first().map(|own| &own.message), Some(&other.reason));
    assert!(said(&spent(900_000, yes(&other))).is_empty(), "nobody is asked");
    assert!(said(&spent(900_000, Approval::Nobody)).is_empty(), "nobody is asked");
    assert!(spent(900_000, yes(&other)).redeemed);
    assert!(!spent(0, yes(&other)).redeemed);
}
