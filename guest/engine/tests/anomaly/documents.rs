//! `anomaly` and `onExceeded` as they are written: what is refused, what is warned of, what is said of
//! them, and what a budget does that asks a person.

use crate::world::{call, document, policy};
use sentinel_engine::{
    Approval, Circumstances, Effect, EffectOutcome, Format, Layer, Outcome, Policy, Severity, conclude,
    decide_bytes,
};

/// Code and pointer of each error.
fn refused(sections: &str) -> Vec<String> {
    let found = Policy::load(&document(sections), Format::Json).expect_err(sections);
    let errors = found.iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(|finding| format!("{} {}", finding.code, finding.pointer)).collect()
}

#[test]
fn mistakes_refuse_the_document() {
    for (sections, expect) in [
        (r#""anomaly":[]"#, &["wrong-type /anomaly"][..]),
        (r#""anomaly":{"escalateat":7}"#, &["unknown-field /anomaly/escalateat"]),
        (r#""anomaly":{"escalateAt":8,"blockAt":7.99}"#, &["threshold-order /anomaly/escalateAt"]),
        (r#""anomaly":{"escalateAt":9.5}"#, &["threshold-order /anomaly/escalateAt"]),
        (r#""anomaly":{"blockAt":6}"#, &["threshold-order /anomaly/blockAt"]),
        (
            r#""anomaly":{"escalateAt":10.01,"blockAt":-1}"#,
            &["bad-number /anomaly/escalateAt", "bad-number /anomaly/blockAt"],
        ),
        (r#""anomaly":{"escalateAt":7.123}"#, &["bad-number /anomaly/escalateAt"]),
        (r#""anomaly":{"escalateAt":7e0}"#, &["bad-number /anomaly/escalateAt"]),
        (r#""anomaly":{"escalateAt":"7"}"#, &["wrong-type /anomaly/escalateAt"]),
        (r#""anomaly":{"signals":["speed"]}"#, &["unknown-value /anomaly/signals/0"]),
        (
            r#""anomaly":{"signals":["hours","hours","hours","hours","hours"]}"#,
            &["too-many /anomaly/signals"],
        ),
        (r#""anomaly":{"tools":[""]}"#, &["empty-text /anomaly/tools/0"]),
        (r#""anomaly":{"spike":{}}"#, &["missing-field /anomaly/spike"]),
        (r#""anomaly":{"spike":{"times":1}}"#, &["bad-number /anomaly/spike/times"]),
        (r#""anomaly":{"spike":{"times":1000000.01}}"#, &["bad-number /anomaly/spike/times"]),
        (r#""anomaly":{"spike":{"times":3,"action":"allow"}}"#, &["unknown-value /anomaly/spike/action"]),
        (
            r#""budgets":[{"name":"b","limit":"1","per":"day","onExceeded":"allow"}]"#,
            &["unknown-value /budgets/0/onExceeded"],
        ),
    ] {
        assert_eq!(refused(sections), expect, "{sections}");
    }
}

#[test]
fn what_is_probably_not_meant_is_warned_of() {
    let paid = r#","budgets":[{"name":"b","limit":"1","per":"day","tools":["pay"]}]"#;
    for (sections, expect) in [
        (r#""anomaly":{}"#.to_owned(), &[][..]),
        (r#""anomaly":{"signals":[]}"#.to_owned(), &["dead-rule /anomaly/signals"]),
        (r#""anomaly":{"signals":["numbers","numbers"]}"#.to_owned(), &["repeated /anomaly/signals/1"]),
        (
            r#""anomaly":{"signals":["hours","numbers","frequency","values"]}"#.to_owned(),
            &[
                "unreachable /anomaly/signals/0",
                "unreachable /anomaly/signals/2",
                "unreachable /anomaly/signals/3",
            ],
        ),
        (r#""anomaly":{"escalateAt":4,"signals":["hours","frequency","values"]}"#.to_owned(), &[]),
        (r#""anomaly":{"spike":{"times":3}}"#.to_owned(), &["costs-unstated /anomaly/spike"]),
        (format!(r#""anomaly":{{"spike":{{"times":1.01}}}}{paid}"#), &[]),
        (format!(r#""anomaly":{{"signals":[],"spike":{{"times":3.50}}}}{paid}"#), &[]),
    ] {
        let loaded = policy(&sections);
        let found = loaded.warnings().iter().filter(|own| own.pointer.starts_with("/anomaly"));
        let found: Vec<_> = found.map(|own| format!("{} {}", own.code, own.pointer)).collect();
        assert_eq!(found, expect, "{sections}");
    }
}

#[test]
fn a_section_is_described_with_its_defaults() {
    for (sections, expect) in [
        ("", r#""anomaly":null}"#),
        (
            r#""anomaly":{}"#,
            r#""anomaly":{"tools":null,"escalateAt":7,"blockAt":9,"signals":["numbers","frequency","hours","values"],"spike":null}}"#,
        ),
        (
            r#""anomaly":{"tools":["p*"],"escalateAt":6.50,"blockAt":8.25,"signals":["values","numbers"],"spike":{"times":2.5,"action":"require_approval"}}"#,
            r#""anomaly":{"tools":["p*"],"escalateAt":6.5,"blockAt":8.25,"signals":["numbers","values"],"spike":{"times":2.5,"action":"require_approval"}}}"#,
        ),
    ] {
        let text = policy(sections).describe();
        assert!(text.ends_with(expect), "{text}");
    }
}

/// Outcome, code, charge of the budget and reason of a call under one budget.
fn under(budget: &str, usd: &str, reading: u64) -> (Outcome, String, u64, String) {
    let policy = policy(&format!(r#""budgets":[{{"name":"b",{budget}}}]"#));
    let decision = decide_bytes(&policy, &call("{}", usd));
    let answer = |effect: &Effect| match effect {
        Effect::Debit(debit) if debit.meter == "budgets/b" => EffectOutcome::Reading(reading),
        Effect::Debit(_) => EffectOutcome::Reading(0),
        Effect::Baseline { .. } => panic!("the policy has no `anomaly`"),
    };
    let outcomes: Vec<_> = decision.effects.iter().map(answer).collect();
    let circumstances = Circumstances { approval: Approval::Possible, ..Circumstances::default() };
    let verdict = conclude(&policy, &decision, &outcomes, &circumstances);
    if verdict.decision != Outcome::Allow {
        assert_eq!(verdict.layer, Layer::Budget);
        assert_eq!(verdict.rule.map(|rule| rule.pointer).as_deref(), Some("/budgets/0"));
    }
    let charge = verdict.charges.get(1).copied().unwrap_or_default();
    (verdict.decision, verdict.code.into_owned(), charge, verdict.reason)
}

#[test]
fn a_budget_that_is_exceeded_asks_a_person_if_it_says_so() {
    use Outcome::{Allow, Deny, Escalate};
    let day = |action: &str| format!(r#""limit":"5","per":"day"{action}"#);
    let each = |action: &str| format!(r#""limit":"5","per":"call"{action}"#);
    let (block, ask) = (r#","onExceeded":"block""#, r#","onExceeded":"require_approval""#);
    for (budget, usd, reading, outcome, code) in [
        (day(ask), "5", 0, Allow, "tool-allowed"),
        (day(ask), "5", 1, Escalate, "budget-approval"),
        (day(ask), "1", 5_000_000, Escalate, "budget-approval"),
        (day(block), "5", 1, Deny, "budget-exceeded"),
        (day(""), "5", 1, Deny, "budget-exceeded"),
        (each(ask), "5", 0, Allow, "tool-allowed"),
        (each(ask), "5.000001", 0, Escalate, "budget-approval"),
        (each(block), "5.000001", 0, Deny, "budget-per-call"),
        (each(""), "5.000001", 0, Deny, "budget-per-call"),
        // What cannot be known is no question for a person.
        (day(&format!(r#","tools":["pay"]{ask}"#)), "", 0, Deny, "cost-missing"),
        (day(&format!(r#","by":"payee"{ask}"#)), "1", 0, Deny, "payee-missing"),
    ] {
        let found = under(&budget, usd, reading);
        assert_eq!((found.0, found.1.as_str()), (outcome, code), "{budget} {usd}");
    }
    assert_eq!(
        under(&day(ask), "4.50", 1_000_000).3,
        "Budget \"b\" does not cover $4.50: $4.00 of $5.00 is left; more needs a person."
    );
    assert_eq!(
        under(&each(ask), "6", 0).3,
        "Call costs $6.00, and budget \"b\" allows $5.00 per call; more needs a person."
    );
}

#[test]
fn a_budget_that_nobody_keeps_or_that_failed_asks_nobody() {
    let policy =
        policy(r#""budgets":[{"name":"b","limit":"5","per":"day","onExceeded":"require_approval"}]"#);
    let decision = decide_bytes(&policy, &call("{}", "1"));
    for (answer, code) in [
        (EffectOutcome::Unmetered, "meter-missing"),
        (EffectOutcome::Failed("disk full".to_owned()), "effect-failed"),
    ] {
        let outcomes = [EffectOutcome::Reading(0), answer];
        let verdict = conclude(&policy, &decision, &outcomes, &Circumstances::default());
        assert_eq!((verdict.decision, &*verdict.code), (Outcome::Deny, code));
    }
}

#[test]
fn a_charge_past_the_limit_is_cut_whoever_permits_it() {
    let sections =
        r#""mode":"audit","budgets":[{"name":"b","limit":"5","per":"day","onExceeded":"require_approval"}]"#;
    let policy = policy(sections);
    let decision = decide_bytes(&policy, &call("{}", "3"));
    let outcomes = [EffectOutcome::Reading(0), EffectOutcome::Reading(4_000_000)];
    let verdict = conclude(&policy, &decision, &outcomes, &Circumstances::default());
    assert_eq!((verdict.decision, verdict.permitted), (Outcome::Escalate, true));
    assert_eq!(verdict.charges, [3, 1_000_000]);
}
