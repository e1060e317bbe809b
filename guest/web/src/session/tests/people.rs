//! Questions to people in a session: what a yes is for, what a no holds, who answers.

use super::*;

#[test]
fn a_yes_is_for_one_call_once() {
    let mut session = session(&asking(&json!({})));
    let first = session.go(&pay("1"), at(0));
    assert_eq!((first.verdict.decision, code(&first)), (Outcome::Escalate, "approval-tool"));
    let id = first.approval_id.unwrap();
    let waiting = session.go(&pay("1"), at(1));
    assert_eq!(waiting.approval_id.as_deref(), Some(&*id), "it is asked once");
    assert_eq!(waiting.verdict.risk_points, 0, "and paid once");
    let other = session.go(&pay("1.0"), at(1));
    assert_ne!(other.approval_id.as_deref(), Some(&*id), "other bytes are another call");
    assert!(session.answer(&id, "page", true, None).is_err(), "nobody answers for their own call");
    session.answer(&id, "alice", true, None).unwrap();
    assert!(session.answer(&id, "bob", false, None).is_err(), "settled");
    let brought = With { approval: Some(&id), ..at(2) };
    assert_eq!(code(&session.go(&pay("2"), brought)), "approval-mismatch");
    let granted = session.go(&pay("1"), at(2));
    assert_eq!((granted.verdict.permitted, code(&granted)), (true, "approved"));
    assert_eq!(granted.approval_id.as_deref(), Some(&*id));
    assert_eq!(code(&session.go(&pay("1"), brought)), "approval-used");
    let again = session.go(&pay("1"), at(2));
    assert_eq!(again.verdict.decision, Outcome::Escalate);
    assert_ne!(again.approval_id.as_deref(), Some(&*id), "a new question");
    let unknown = With { approval: Some("apr_77"), ..at(2) };
    assert_eq!(code(&session.go(&pay("1"), unknown)), "approval-unknown");
}

#[test]
fn a_no_holds_as_long_as_a_yes_would() {
    let mut session = session(&asking(&json!({"expiresSeconds": 10})));
    let id = session.go(&pay("1"), at(0)).approval_id.unwrap();
    session.answer(&id, "alice", false, None).unwrap();
    assert_eq!(code(&session.go(&pay("1"), at(9_999))), "approval-denied");
    assert_eq!(session.go(&pay("1"), at(10_000)).verdict.decision, Outcome::Escalate);
}

#[test]
fn a_yes_expires() {
    let mut session = session(&asking(&json!({"expiresSeconds": 10})));
    let id = session.go(&pay("1"), at(0)).approval_id.unwrap();
    session.answer(&id, "alice", true, Some(5_000)).unwrap();
    let brought = With { approval: Some(&id), ..at(10_000) };
    assert_eq!(code(&session.go(&pay("1"), brought)), "approval-expired");
    assert_eq!(state(&mut session)["questions"][0]["state"], "expired");
    let id = session.go(&pay("1"), at(10_000)).approval_id.unwrap();
    assert!(session.answer(&id, "alice", true, Some(20_000)).is_err(), "too late");
}

#[test]
fn the_policy_says_who_answers_and_how_many() {
    let mut session = session(&asking(&json!({"approvers": ["alice", "bob", "carol"], "quorum": 2})));
    let id = session.go(&pay("1"), at(0)).approval_id.unwrap();
    assert!(session.answer(&id, "mallory", true, None).unwrap_err().contains("`bob`"));
    session.answer(&id, "alice", true, None).unwrap();
    assert!(session.answer(&id, "alice", true, None).is_err(), "one answer from each");
    assert_eq!(session.go(&pay("1"), at(1)).verdict.decision, Outcome::Escalate);
    session.answer(&id, "bob", true, None).unwrap();
    assert!(session.go(&pay("1"), at(1)).verdict.permitted);
    for wrong in ["", &"x".repeat(300)] {
        assert!(session.answer(&id, wrong, true, None).is_err());
    }
}

#[test]
fn a_yes_is_not_for_what_came_to_it_later() {
    let mut more = asking(&json!({}));
    more["budgets"] =
        json!([{"name": "b", "limit": "1.00", "per": "lifetime", "onExceeded": "require_approval"}]);
    let mut session = session(&more);
    let id = session.go(&pay("0.80"), at(0)).approval_id.unwrap();
    let other = session.go(&pay("0.30"), at(0)).approval_id.unwrap();
    session.answer(&id, "alice", true, None).unwrap();
    session.answer(&other, "alice", true, None).unwrap();
    assert!(session.go(&pay("0.80"), at(1)).verdict.permitted);
    let asked = session.go(&pay("0.30"), at(1));
    assert_eq!(asked.verdict.decision, Outcome::Escalate, "the budget was not part of the question");
    assert_ne!(asked.approval_id.as_deref(), Some(&*other));
}

#[test]
fn nobody_and_no() {
    let ask = |approver| {
        let mut own = Session::new(policy(&asking(&json!({}))), None, approver, None);
        own.go(&pay("1"), at(0)).verdict
    };
    let nobody = ask(Approver::Nobody);
    assert!(!nobody.permitted && nobody.question.is_none());
    assert_eq!(ask(Approver::No).code, "approval-denied");
}

#[test]
fn people_are_not_flooded() {
    let mut session = session(&asking(&json!({})));
    let many = limits::QUESTIONS_MAX;
    for number in 0..many {
        assert_eq!(code(&session.go(&pay(&number.to_string()), at(0))), "approval-tool");
    }
    assert_eq!(code(&session.go(&pay(&many.to_string()), at(0))), "approval-too-many");
    assert_eq!(code(&session.go(&pay("0"), at(0))), "approval-tool", "what waits, waits");
}
