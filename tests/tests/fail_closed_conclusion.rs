//! One test for each way in which the conclusion of a decision fails closed: effects, budgets,
//! approval, modes.

use sentinel_engine::{
    Approval, Circumstances, EffectOutcome, Format, Mode, Outcome, Policy, Verdict, conclude, decide_bytes,
};
use sentinel_tests::native;
use serde_json::{Value, json};

/// Nobody keeps the points of the session, nor those of the day.
const UNMETERED: &[EffectOutcome] = &[EffectOutcome::Unmetered, EffectOutcome::Unmetered];

fn document(mode: &str) -> Value {
    json!({
        "agentId": "a",
        "version": "1",
        "mode": mode,
        "identity": {"authorityLevel": "limited-ops", "environmentScope": ["development"]},
        "dataAccess": {"readAllow": ["**"], "writeAllow": ["**"]},
        "toolActions": {"bash": {"allow": ["git *", "$x *"], "deny": ["rm -rf *"]}},
        "riskBudget": {
            "maxPerSession": 100,
            "thresholds": {"warn": 20, "throttle": 40, "critical": 60, "exhausted": 80},
            "points": {"read": 1, "write": 5, "denied": 9, "bash": {"git": 6}},
        },
    })
}

fn policy(mode: &str) -> Policy {
    native::load(&document(mode).to_string())
}

fn end(policy: &Policy, call: &[u8], outcomes: &[EffectOutcome], circumstances: &Circumstances) -> Verdict {
    conclude(policy, &decide_bytes(policy, call), outcomes, circumstances)
}

fn git() -> Vec<u8> {
    native::command("a", "git status")
}

fn read() -> Vec<u8> {
    native::call("a", "Read", &json!({"file_path": "a"}))
}

const PERSON: Circumstances = Circumstances { mode: None, approval: Approval::Possible, now: Some(0) };

/// A session that has used so many points, on a day without others.
fn used(points: u64) -> [EffectOutcome; 2] {
    [EffectOutcome::Reading(points), EffectOutcome::Reading(0)]
}

/// Outcome, code, and that nothing is permitted unless it is allowed.
fn check(verdict: &Verdict, outcome: Outcome, code: &str) {
    assert_eq!((verdict.decision, verdict.code.as_ref()), (outcome, code), "{verdict:?}");
    assert_eq!(verdict.permitted, outcome == Outcome::Allow, "{verdict:?}");
}

// === effects ===

#[test]
fn meters_that_nobody_keeps_change_nothing() {
    check(&end(&policy("enforce"), &git(), UNMETERED, &PERSON), Outcome::Allow, "bash-allow");
}

#[test]
fn effects_that_nobody_answered() {
    for outcomes in [&[][..], &[EffectOutcome::Reading(0)][..], &[UNMETERED, UNMETERED].concat()[..]] {
        let verdict = end(&policy("enforce"), &git(), outcomes, &PERSON);
        check(&verdict, Outcome::Deny, "effects-unanswered");
    }
}

#[test]
fn an_effect_that_was_refused() {
    let refused = [EffectOutcome::Reading(0), EffectOutcome::Refused("no points left".to_owned())];
    let verdict = end(&policy("enforce"), &git(), &refused, &PERSON);
    check(&verdict, Outcome::Deny, "effect-refused");
    assert_eq!(verdict.reason, "no points left");
    // What is denied by a meter costs what a denied attempt costs.
    assert_eq!(verdict.risk_points, 9);
}

#[test]
fn an_effect_that_failed() {
    let failed = [EffectOutcome::Reading(0), EffectOutcome::Failed("disk full".to_owned())];
    let verdict = end(&policy("enforce"), &git(), &failed, &PERSON);
    check(&verdict, Outcome::Deny, "effect-failed");
    // Where state is broken nothing is charged, not even what could be read.
    assert_eq!(verdict.charges, [0, 0]);
}

#[test]
fn a_reading_does_not_lower_a_deny() {
    let verdict = end(&policy("enforce"), &native::command("a", "rm -rf x"), &used(0), &PERSON);
    check(&verdict, Outcome::Deny, "bash-deny");
}

// === the budget of a session ===

#[test]
fn an_exhausted_budget() {
    for call in [git(), read()] {
        let verdict = end(&policy("enforce"), &call, &used(80), &PERSON);
        check(&verdict, Outcome::Deny, "risk-exhausted");
    }
}

#[test]
fn a_critical_budget() {
    check(&end(&policy("enforce"), &git(), &used(60), &PERSON), Outcome::Deny, "risk-critical");
    check(&end(&policy("enforce"), &read(), &used(60), &PERSON), Outcome::Allow, "path-allow");
}

#[test]
fn a_throttled_budget() {
    check(&end(&policy("enforce"), &git(), &used(40), &PERSON), Outcome::Escalate, "risk-throttle");
    check(&end(&policy("enforce"), &read(), &used(40), &PERSON), Outcome::Allow, "path-allow");
    check(&end(&policy("enforce"), &git(), &used(39), &PERSON), Outcome::Allow, "bash-allow");
}

#[test]
fn a_budget_that_does_not_cover_the_call() {
    let mut document = document("enforce");
    document["riskBudget"]["thresholds"] = json!({"throttle": 100});
    let policy = native::load(&document.to_string());
    check(&end(&policy, &git(), &used(94), &PERSON), Outcome::Allow, "bash-allow");
    check(&end(&policy, &git(), &used(95), &PERSON), Outcome::Deny, "risk-exceeded");
}

#[test]
fn a_count_that_cannot_be_added_to() {
    let verdict = end(&policy("enforce"), &git(), &used(u64::MAX), &PERSON);
    check(&verdict, Outcome::Deny, "risk-exhausted");
}

// === approval ===

#[test]
fn nobody_to_approve() {
    let call = native::command("a", "git log > $x");
    for approver in [true, false] {
        let approval = if approver { Approval::Possible } else { Approval::Nobody };
        let circumstances = Circumstances { approval, ..Circumstances::default() };
        let verdict = end(&policy("enforce"), &call, UNMETERED, &circumstances);
        check(&verdict, Outcome::Escalate, "bash-dynamic-redirect");
        assert_eq!(verdict.reason.contains("Nobody can approve it here"), !approver);
    }
}

// === modes ===

#[test]
fn an_unknown_mode_is_refused() {
    for mode in ["Enforce", "off", "disabled", "audit "] {
        let found = Policy::load(&document(mode).to_string(), Format::Json).expect_err("an unknown mode");
        assert!(found.iter().any(|one| one.code == "unknown-value" && one.pointer == "/mode"), "{found:?}");
    }
}

#[test]
fn a_policy_that_names_no_mode_is_enforced() {
    let mut document = document("audit");
    document.as_object_mut().expect("an object").remove("mode");
    assert_eq!(native::load(&document.to_string()).mode(), Mode::Enforce);
}

#[test]
fn the_stricter_mode_counts() {
    let modes = [
        ("enforce", Mode::Enforce),
        ("audit", Mode::Audit),
        ("shadow", Mode::Shadow),
        ("dry-run", Mode::DryRun),
    ];
    for (name, own) in modes {
        for (_, global) in modes {
            let circumstances = Circumstances { mode: Some(global), ..Circumstances::default() };
            let verdict = end(&policy(name), &native::command("a", "rm -rf x"), UNMETERED, &circumstances);
            assert_eq!(verdict.mode, own.max(global));
            assert_eq!(verdict.enforced, own == Mode::Enforce || global == Mode::Enforce);
        }
    }
}

#[test]
fn a_mode_that_only_watches_permits_and_says_what_it_would_have_done() {
    for mode in ["audit", "shadow", "dry-run"] {
        let policy = policy(mode);
        let verdict = end(&policy, &native::command("a", "rm -rf x"), UNMETERED, &Circumstances::default());
        assert_eq!((verdict.decision, verdict.code.as_ref()), (Outcome::Deny, "bash-deny"));
        assert_eq!((verdict.enforced, verdict.permitted), (false, true));
        let json: Value = serde_json::from_str(&verdict.json).expect("JSON");
        assert_eq!((&json["decision"], &json["enforced"]), (&json!("deny"), &json!(false)));
    }
}
