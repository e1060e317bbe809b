//! The session held to what the daemon does: windows, holds, answers, and what is saved.

mod people;

use std::rc::Rc;

use sentinel_engine::{Format, Outcome, Policy};
use serde_json::{Value, json};

use super::holds::Cost;
use super::{Approver, Session, Step, With, limits};

const DAY: u64 = 86_400_000;

fn policy(more: &Value) -> Rc<Policy> {
    let mut document = json!({
        "agentId": "a",
        "version": "1",
        "identity": {"authorityLevel": "limited-ops", "environmentScope": ["development"]},
        "toolActions": {"allowed": ["pay", "look"]},
    });
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Rc::new(Policy::load(&document.to_string(), Format::Json).unwrap())
}

fn session(more: &Value) -> Session {
    Session::new(policy(more), None, Approver::Possible, None)
}

fn call(tool: &str, more: &Value) -> Vec<u8> {
    let mut call = json!({"agentId": "a", "toolName": tool, "toolInput": {}});
    call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    call.to_string().into_bytes()
}

impl Session {
    /// A step by a clock that is right.
    fn go(&mut self, call: &[u8], with: With<'_>) -> Step {
        self.step(call, with).unwrap()
    }
}

fn pay(usd: &str) -> Vec<u8> {
    call("pay", &json!({"cost": {"usd": usd}}))
}

fn at(now: u64) -> With<'static> {
    With { now: Some(now), ..With::default() }
}

/// Code of the verdict.
fn code(step: &Step) -> &str {
    &step.verdict.code
}

fn state(session: &mut Session) -> Value {
    serde_json::from_str(&session.state(None)).unwrap()
}

/// Used and held of a meter.
fn stands(session: &mut Session, meter: &str) -> (u64, u64) {
    let state = state(session);
    let meters = state["meters"].as_array().unwrap();
    let own = meters.iter().find(|own| own["meter"] == meter).unwrap();
    (own["used"].as_u64().unwrap(), own["held"].as_u64().unwrap())
}

fn executed(session: &mut Session, step: &Step, usd_micros: Option<u64>) {
    session.settled(&step.verdict_id, true, &Cost { usd_micros, tokens: None }, None).unwrap();
}

/// A policy that asks a person about every payment.
fn asking(approvals: &Value) -> Value {
    let mut approvals = approvals.clone();
    approvals.as_object_mut().unwrap().insert("tools".to_owned(), json!(["pay"]));
    json!({"approvals": approvals, "riskBudget": {"maxPerSession": 1000}})
}

#[test]
fn the_last_cent_is_taken_once() {
    let mut session = session(&json!({"budgets": [{"name": "b", "limit": "1.00", "per": "lifetime"}]}));
    let permitted = (0..10).filter(|_| session.go(&pay("0.11"), at(0)).verdict.permitted).count();
    assert_eq!(permitted, 9);
    assert_eq!(stands(&mut session, "budgets/b"), (0, 990_000));
    assert!(session.go(&pay("0.01"), at(0)).verdict.permitted, "exactly the limit passes");
    assert_eq!(code(&session.go(&pay("0.000001"), at(0))), "budget-exceeded");
}

#[test]
fn a_hold_becomes_what_it_really_cost() {
    let mut session = session(&json!({"budgets": [{"name": "b", "limit": "1.00", "per": "session"}]}));
    let step = session.go(&pay("0.60"), at(0));
    assert_eq!(code(&session.go(&pay("0.60"), at(0))), "budget-exceeded");
    executed(&mut session, &step, Some(250_000));
    assert_eq!(stands(&mut session, "budgets/b"), (250_000, 0));
    let step = session.go(&pay("0.60"), at(0));
    session.settled(&step.verdict_id, false, &Cost::default(), None).unwrap();
    assert_eq!(stands(&mut session, "budgets/b"), (250_000, 0), "what did not happen costs nothing");
    executed(&mut session, &step, None);
    assert_eq!(stands(&mut session, "budgets/b"), (250_000, 0), "it was settled once");
    let step = session.go(&pay("0.60"), at(0));
    executed(&mut session, &step, None);
    assert_eq!(stands(&mut session, "budgets/b"), (850_000, 0), "without a cost, what was held");
    for unknown in ["", "vrd_0", "vrd_99", "vrd_01", "vrd_+1", "x"] {
        assert!(session.settled(unknown, true, &Cost::default(), None).is_err(), "{unknown}");
    }
}

#[test]
fn a_hold_that_nobody_resolves_counts_as_spent() {
    let mut session = session(&json!({"budgets": [{"name": "b", "limit": "1.00", "per": "lifetime"}]}));
    let step = session.go(&pay("0.60"), at(5));
    session.go(&call("look", &json!({})), at(5 + limits::HOLD_MS - 1));
    assert_eq!(stands(&mut session, "budgets/b"), (0, 600_000));
    session.go(&call("look", &json!({})), at(5 + limits::HOLD_MS));
    assert_eq!(stands(&mut session, "budgets/b"), (600_000, 0));
    session.settled(&step.verdict_id, false, &Cost::default(), None).unwrap();
    assert_eq!(stands(&mut session, "budgets/b"), (600_000, 0), "too late");
}

#[test]
fn a_fixed_window_begins_anew_and_a_lifetime_does_not() {
    let budgets = json!({"budgets": [
        {"name": "day", "limit": "1.00", "per": "day"},
        {"name": "life", "limit": "1.50", "per": "lifetime"},
    ]});
    let mut session = session(&budgets);
    let step = session.go(&pay("0.90"), at(DAY - 1));
    assert_eq!(code(&session.go(&pay("0.20"), at(DAY - 1))), "budget-exceeded");
    let next = session.go(&pay("0.40"), at(DAY));
    assert!(next.verdict.permitted);
    assert_eq!(stands(&mut session, "budgets/day"), (0, 400_000));
    executed(&mut session, &step, None);
    assert_eq!(stands(&mut session, "budgets/day"), (0, 400_000), "it belongs to the day before");
    assert_eq!(stands(&mut session, "budgets/life"), (900_000, 400_000));
    let denied = session.go(&pay("0.40"), at(DAY));
    assert_eq!(denied.verdict.rule.unwrap().pattern, "life");
    // Time does not go back, so neither does a window.
    let charges = session.go(&pay("0.10"), at(DAY - 1)).charges;
    assert_eq!(charges.iter().find(|own| own.key.meter == "budgets/day").unwrap().key.number, 1);
    session.go(&pay("0.01"), at(3 * DAY));
    let kept = session.kept.meters.len();
    session.go(&pay("0.01"), at(9 * DAY));
    assert_eq!(session.kept.meters.len(), kept, "windows that are over are forgotten");
}

#[test]
fn a_sliding_window_lets_go_of_what_has_left_it() {
    let limits = json!({"rateLimits": {"windows": [{"name": "burst", "maxCalls": 2, "seconds": 60}]}});
    let mut session = session(&limits);
    let look = call("look", &json!({}));
    assert!(session.go(&look, at(1_000)).verdict.permitted);
    assert!(session.go(&look, at(30_000)).verdict.permitted);
    assert_eq!(code(&session.go(&look, at(60_999))), "rate-limited");
    assert!(session.go(&look, at(62_001)).verdict.permitted);
    assert_eq!(code(&session.go(&look, at(62_002))), "rate-limited");
}

#[test]
fn denials_are_counted_and_answered() {
    let mut session = session(&json!({"rateLimits": {"maxDenialsPerMinute": 3}}));
    for _ in 0..3 {
        assert_ne!(code(&session.go(&call("other", &json!({})), at(0))), "denials-limited");
    }
    assert_eq!(code(&session.go(&call("look", &json!({})), at(0))), "denials-limited");
    assert_eq!(code(&session.go(b"no call", at(0))), "call-not-json");
}

#[test]
fn runs_and_payees_have_meters_of_their_own() {
    let budgets = json!({"budgets": [
        {"name": "run", "limit": "1.00", "per": "run", "by": "payee", "tools": ["pay"]},
    ]});
    let mut session = session(&budgets);
    let pay = |payee: &str, more: &Value| {
        let mut fields = json!({"cost": {"usd": "0.90"}, "payee": payee});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        call("pay", &fields)
    };
    let with = |run| With { now: Some(0), run, approval: None };
    let none = json!({});
    assert!(session.go(&pay("x", &none), with(Some("r1"))).verdict.permitted);
    assert!(!session.go(&pay("x", &none), with(Some("r1"))).verdict.permitted);
    assert!(session.go(&pay("y", &none), with(Some("r1"))).verdict.permitted);
    assert!(session.go(&pay("x", &none), with(Some("r2"))).verdict.permitted);
    let named = json!({"runId": "r2"});
    assert!(!session.go(&pay("x", &named), with(None)).verdict.permitted, "the call names the run");
    assert!(session.go(&pay("x", &none), with(None)).verdict.permitted, "no run is one of its own");
    assert!(!session.go(&pay("x", &none), with(None)).verdict.permitted);
    let long = "r".repeat(9_999);
    assert!(session.go(&pay("x", &none), with(Some(&long))).verdict.permitted);
    assert!(!session.go(&pay("x", &none), with(Some(&long))).verdict.permitted);
}

#[test]
fn baselines_learn_from_what_was_executed() {
    let anomaly =
        json!({"anomaly": {"tools": ["pay"], "signals": ["numbers"], "escalateAt": 2, "blockAt": 3}});
    let with = |x: u64| call("pay", &json!({"toolInput": {"x": x}}));
    let run = |settle: bool| {
        let mut session = session(&anomaly);
        for number in 0..60 {
            let step = session.go(&with(10 + number % 3), at(number));
            if settle && step.verdict.permitted {
                executed(&mut session, &step, None);
            }
        }
        session.go(&with(1_000_000), at(60)).verdict.permitted
    };
    assert!(!run(true), "far from what was executed");
    assert!(run(false), "nothing was executed, so nothing is usual");
}

#[test]
fn baselines_have_a_number_that_is_not_passed() {
    let names: Vec<String> = (0..limits::BASELINES_MAX + 3).map(|number| format!("t{number}")).collect();
    let more = json!({
        "toolActions": {"allowed": names},
        "anomaly": {"signals": ["numbers"], "escalateAt": 2, "blockAt": 3},
    });
    let document = policy(&more);
    let mut session = Session::new(Rc::clone(&document), None, Approver::Possible, None);
    let look = |name: &str| call(name, &json!({"toolInput": {"x": 1}}));
    let (first, rest) = names.split_at(limits::BASELINES_MAX - 1);
    for name in first {
        let step = session.go(&look(name), at(0));
        executed(&mut session, &step, None);
    }
    // All of these find the one place that is left.
    let open: Vec<Step> = rest.iter().map(|name| session.go(&look(name), at(0))).collect();
    assert!(open.iter().all(|step| step.verdict.permitted));
    for step in &open {
        executed(&mut session, step, None);
    }
    assert_eq!(session.kept.baselines.len(), limits::BASELINES_MAX);
    assert!(!session.go(&look(&names[limits::BASELINES_MAX]), at(0)).verdict.permitted);
    Session::restore(document, &session.save(), None, Approver::Possible, None).unwrap();
}

/// What is saved can be restored, however long the names are that somebody chooses.
#[test]
fn what_is_saved_stays_small_enough_to_be_restored() {
    let budgets = json!({"budgets": [
        {"name": "day", "unit": "usd", "limit": "1.00", "per": "day", "by": "payee", "tools": ["pay"]},
    ]});
    let document = policy(&budgets);
    let mut session = Session::new(Rc::clone(&document), None, Approver::Possible, None);
    // A name that is twice as long in JSON.
    let pay = |payee: usize| {
        let payee = format!("{payee}{}", "\"".repeat(1_000));
        call("pay", &json!({"cost": {"usd": "0.01"}, "payee": payee}))
    };
    let mut denied = 0;
    for payee in 0..6_000 {
        let step = session.go(&pay(payee), at(0));
        if step.verdict.permitted {
            executed(&mut session, &step, None);
        } else {
            assert_eq!(code(&step), "effect-failed");
            denied += 1;
        }
        if payee % 250 == 0 {
            assert!(session.save().len() <= limits::SAVED_BYTES_MAX);
        }
        if denied == 2 {
            break;
        }
    }
    assert_eq!(denied, 2, "there is an end to it");
    let mut again = Session::restore(document, &session.save(), None, Approver::Possible, None).unwrap();
    assert_eq!(code(&again.go(&pay(usize::MAX), at(1))), "effect-failed");
    assert!(again.go(&pay(usize::MAX), at(2 * DAY)).verdict.permitted, "windows that are over make room");
}

#[test]
fn a_clock_that_is_far_behind_is_refused() {
    let budgets = json!({"budgets": [{"name": "day", "limit": "1.00", "per": "day"}]});
    let document = policy(&budgets);
    let mut session = Session::new(Rc::clone(&document), None, Approver::Possible, None);
    let held = session.go(&pay("0.10"), at(4_000 * DAY));
    let saved = session.save();
    let wrong = session.step(&pay("0.10"), at(20 * DAY)).err();
    assert!(wrong.is_some_and(|why| why.contains("a day behind")));
    assert_eq!(session.save(), saved, "nothing of it happened");
    session.settled(&held.verdict_id, false, &Cost::default(), Some(20 * DAY)).unwrap();
    assert_eq!(stands(&mut session, "budgets/day"), (0, 0), "what is held can be settled by any clock");
    let mut again = Session::restore(document, &saved, None, Approver::Possible, None).unwrap();
    assert!(again.step(&pay("0.10"), at(20 * DAY)).is_err());
    assert!(again.step(&pay("0.10"), at(3_999 * DAY)).is_ok(), "a clock that was put right");
    assert!(again.step(&pay("0.10"), at(3_999 * DAY - 1)).is_err());
}

#[test]
fn a_yes_ends_by_the_clock_that_was_told() {
    let mut session = session(&asking(&json!({"expiresSeconds": 10})));
    session.go(&call("look", &json!({})), at(DAY));
    // The clock was put back by half a day.
    let id = session.go(&pay("1"), at(DAY / 2)).approval_id.unwrap();
    session.answer(&id, "alice", true, Some(DAY / 2 + 1)).unwrap();
    let late = With { approval: Some(&id), ..at(DAY / 2 + 10_000) };
    assert_eq!(code(&session.go(&pay("1"), late)), "approval-expired");
    let id = session.go(&pay("1"), at(DAY / 2 + 10_000)).approval_id.unwrap();
    session.answer(&id, "alice", true, None).unwrap();
    assert!(session.go(&pay("1"), at(DAY / 2 + 19_999)).verdict.permitted);
}

#[test]
fn too_many_meters_and_holds_deny() {
    let budgets = json!({"budgets": [
        {"name": "b", "limit": "1.00", "per": "lifetime", "by": "payee", "tools": ["pay"]},
    ]});
    let mut session = session(&budgets);
    let pay = |payee: usize| call("pay", &json!({"cost": {"usd": "0.01"}, "payee": payee.to_string()}));
    for payee in 0..limits::HOLDS_MAX {
        assert!(session.go(&pay(payee), at(0)).verdict.permitted);
    }
    assert_eq!(code(&session.go(&pay(0), at(0))), "effect-failed", "too many holds");
    for payee in limits::HOLDS_MAX..limits::METERS_MAX + 10 {
        // Each of them ends the holds before.
        session.go(&pay(payee), at(payee as u64 * (limits::HOLD_MS + 1)));
    }
    let step = session.go(&pay(usize::MAX), With::default());
    assert_eq!(code(&step), "effect-failed", "too many meters");
    assert!(session.kept.meters.len() <= limits::METERS_MAX + 8);
    assert!(session.save().len() <= limits::SAVED_BYTES_MAX);
}

#[test]
fn meters_of_windows_that_are_over_make_room() {
    let budgets = json!({"budgets": [
        {"name": "hourly", "unit": "usd", "limit": "5.00", "per": "hour", "by": "payee"},
        {"name": "daily", "unit": "usd", "limit": "5.00", "per": "day", "by": "payee"},
    ]});
    let mut session = session(&budgets);
    let pay = |payee: usize| call("pay", &json!({"payee": format!("p{payee}"), "cost": {"usd": "0.01"}}));
    for payee in 0..limits::METERS_MAX {
        let step = session.go(&pay(payee), at(0));
        executed(&mut session, &step, None);
    }
    assert!(session.kept.meters.len() >= limits::METERS_MAX);
    assert!(!session.go(&pay(limits::METERS_MAX), at(1)).verdict.permitted);
    let two_days = 2 * 86_400_000;
    assert!(session.go(&pay(limits::METERS_MAX), at(two_days)).verdict.permitted);
    assert!(session.kept.meters.len() < 10, "{}", session.kept.meters.len());
}

#[test]
fn a_saved_session_goes_on_where_it_was() {
    let mut more = asking(&json!({}));
    more["budgets"] = json!([{"name": "b", "limit": "1.00", "per": "day", "by": "action"}]);
    more["rateLimits"] = json!({"maxCallsPerMinute": 5});
    more["anomaly"] = json!({"tools": ["look"], "signals": ["numbers"], "escalateAt": 2, "blockAt": 3});
    let document = policy(&more);
    let mut session = Session::new(Rc::clone(&document), None, Approver::Possible, None);
    let look = call("look", &json!({"cost": {"usd": "0.10"}, "toolInput": {"x": 1}}));
    let step = session.go(&look, at(1));
    executed(&mut session, &step, None);
    let held = session.go(&look, at(2));
    let id = session.go(&pay("0.50"), at(3)).approval_id.unwrap();
    session.answer(&id, "alice", true, None).unwrap();
    let restore = |text: &str| Session::restore(Rc::clone(&document), text, None, Approver::Possible, None);
    let saved = session.save();
    let mut again = restore(&saved).unwrap();
    assert_eq!(again.save(), saved);
    assert_eq!(state(&mut again), state(&mut session));
    for own in [&mut session, &mut again] {
        executed(own, &held, None);
        assert!(own.go(&pay("0.50"), at(4)).verdict.permitted);
        assert_eq!(code(&own.go(&pay("0.50"), With { approval: Some(&id), ..at(5) })), "approval-used");
    }
    assert_eq!(again.save(), session.save());

    // Every changed byte is seen.
    for at in 0..saved.len() {
        let mut bytes = saved.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(text) = String::from_utf8(bytes) else { continue };
        assert!(restore(&text).is_err(), "byte {at}");
    }
    for wrong in ["", "{}", "sentinel-session/v1", &saved[..saved.len() - 1], &format!("{saved} ")] {
        assert!(restore(wrong).is_err(), "{wrong:.40}");
    }
    let mut other = json!({"agentId": "b"});
    other.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let foreign = Session::restore(policy(&other), &saved, None, Approver::Possible, None);
    assert!(foreign.is_err_and(|error| error.contains("of the agent `a`")));
    // With a right digest, too.
    let body = saved.splitn(3, '\n').last().unwrap();
    for (from, to) in
        [("\"held\":100000", "\"held\":1"), ("\"verdicts\":3", "\"verdicts\":1"), ("{", "{\"x\":1,")]
    {
        assert!(body.contains(from), "{from} in {body}");
        let body = body.replacen(from, to, 1);
        let text = format!("sentinel-session/v1\n{}\n{body}", sentinel_engine::Digest::of(body.as_bytes()));
        assert!(restore(&text).is_err(), "{to}");
    }
}

#[test]
fn an_answer_to_another_policy_is_none() {
    let document = policy(&asking(&json!({})));
    let mut session = Session::new(document, None, Approver::Possible, None);
    let id = session.go(&pay("1"), at(0)).approval_id.unwrap();
    session.answer(&id, "alice", true, None).unwrap();
    let newer = policy(&asking(&json!({"quorum": 2})));
    let mut again = Session::restore(newer, &session.save(), None, Approver::Possible, None).unwrap();
    let brought = With { approval: Some(&id), ..at(1) };
    assert_eq!(code(&again.go(&pay("1"), brought)), "approval-policy-changed");
    assert_eq!(again.go(&pay("1"), at(1)).verdict.decision, Outcome::Escalate);
}

#[test]
fn a_call_gets_the_environment_that_it_does_not_name() {
    let decide = |environment: Option<&str>, call: &[u8]| {
        let environment = environment.map(str::to_owned);
        let mut own = Session::new(policy(&json!({})), None, Approver::Possible, environment);
        own.go(call, at(0)).verdict.permitted
    };
    let look = call("look", &json!({}));
    assert!(decide(None, &look));
    assert!(decide(Some("development"), &look));
    assert!(!decide(Some("production"), &look));
    assert!(decide(Some("production"), &call("look", &json!({"environment": "development"}))));
    for broken in [&b"{"[..], b"[]", b"", b"\xff", b"{}"] {
        assert!(!decide(Some("development"), broken));
    }
}
