//! What an agent, or somebody with its credential, could try: each was possible once, or nearly.

use std::fs;

use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::{Daemon, Place, SOON, call, cent, eventually};
use crate::policy;
use crate::postgres::Postgres;

const AGENT: &str = "buyer";

fn governed(members: &[(&str, Value)]) -> (Place, Daemon) {
    let place = Place::new();
    place.govern(&policy::with(AGENT, members));
    let daemon = place.start();
    (place, daemon)
}

fn changed(mut body: Value, members: &[(&str, Value)]) -> Value {
    for (name, value) in members {
        body[*name] = value.clone();
    }
    body
}

fn evaluate(client: &mut Client, body: &Value) -> Value {
    client.post("/v1/evaluate", body).ok()
}

fn report(client: &mut Client, verdict: &Value, outcome: &str, usd: &str) -> u16 {
    let body = json!({
        "agentId": AGENT, "toolName": "pay", "verdictId": verdict["verdictId"],
        "outcome": outcome, "cost": { "usd": usd },
    });
    client.post("/v1/audit", &body).status
}

/// No index takes a key of this size, and a batch of others must not fail with it.
#[test]
fn a_long_run_id_harms_nobody() {
    let keys = Place::new();
    let place = Place::beside(&keys.path("key"), &Postgres::shared().database());
    let budgets = json!([{ "name": "run", "limit": "0.02", "per": "run", "tools": ["pay"] }]);
    place.govern(&policy::with(AGENT, &[("budgets", budgets)]));
    let daemon = place.start();
    let mut client = daemon.client();
    let runs: Vec<String> = (0..2).map(|number| format!("{number}{}", "x".repeat(8_000))).collect();
    for run in &runs {
        let body = changed(cent(AGENT), &[("runId", json!(run))]);
        let permitted: Vec<Value> =
            (0..3).map(|_| evaluate(&mut client, &body)["permitted"].clone()).collect();
        assert_eq!(permitted, [json!(true), json!(true), json!(false)], "each run has a budget of its own");
    }
}

#[test]
fn a_removed_policy_does_not_come_back_with_an_older_file() {
    let (place, daemon) = governed(&[("version", json!("2.0.0"))]);
    let old = policy::with(AGENT, &[("version", json!("1.0.0"))]);
    fs::write(place.definitions().join("zz-old.soe.json"), old.to_string()).unwrap();
    let mut client = daemon.client();
    client.delete(&format!("/v1/agents/{AGENT}/policy")).ok();
    drop(client);
    daemon.kill9();
    let daemon = place.start();
    assert_eq!(evaluate(&mut daemon.client(), &call(AGENT, "search"))["code"], "policy-missing");
    fs::remove_file(place.definitions().join("zz-old.soe.json")).unwrap();
    place.govern(&policy::with(AGENT, &[("version", json!("2.0.1"))]));
    eventually("a newer version governs", SOON, || {
        evaluate(&mut daemon.client(), &call(AGENT, "search"))["permitted"] == true
    });
}

/// What was said to cost nothing costs what is reported.
#[test]
fn a_cost_of_nought_is_charged_when_it_is_known() {
    let budgets = json!([{ "name": "shop", "limit": "25.00", "per": "day", "tools": ["pay"] }]);
    let (_place, daemon) = governed(&[("budgets", budgets)]);
    let mut client = daemon.client();
    let free = changed(cent(AGENT), &[("cost", json!({ "usd": "0" }))]);
    for permitted in [true, true, false] {
        let verdict = evaluate(&mut client, &free);
        assert_eq!(verdict["permitted"], permitted, "{verdict}");
        if permitted {
            assert_eq!(report(&mut client, &verdict, "executed", "20.00"), 200);
        }
    }
}

#[test]
fn a_kept_answer_ends_with_its_policy() {
    let (_place, daemon) = governed(&[]);
    let mut client = daemon.client();
    let body = changed(cent(AGENT), &[("idempotencyKey", json!("once"))]);
    let first = evaluate(&mut client, &body);
    assert_eq!((&first["permitted"], first.get("replayed")), (&json!(true), None));
    let again = evaluate(&mut client, &body);
    assert_eq!((&again["verdictId"], &again["replayed"]), (&first["verdictId"], &json!(true)));
    client.delete(&format!("/v1/agents/{AGENT}/policy")).ok();
    let reply = client.post("/v1/evaluate", &body);
    assert_eq!((reply.status, &reply.json()["permitted"]), (409, &json!(false)), "{reply:?}");
}

#[test]
fn a_key_of_another_subject_is_a_key_of_another_request() {
    let (place, daemon) = governed(&[]);
    let body = changed(cent(AGENT), &[("idempotencyKey", json!("once"))]);
    let ask = |subject: &str| {
        daemon.client_with(&place.token(subject, "evaluate", AGENT)).post("/v1/evaluate", &body).status
    };
    assert_eq!((ask("one"), ask("one"), ask("two")), (200, 200, 409));
}

#[test]
fn secrets_of_an_endpoint_are_not_recorded() {
    let windows = json!({ "windows": [{ "name": "w", "maxCalls": 9, "seconds": 60, "by": "endpoint", "tools": ["pay"] }] });
    let (_place, daemon) = governed(&[("rateLimits", windows)]);
    let mut client = daemon.client();
    let endpoint = json!("https://user:hunter2secret@shop.example/pay");
    let verdict = evaluate(&mut client, &changed(cent(AGENT), &[("endpoint", endpoint)]));
    let entry = client.get(&format!("/v1/ledger/entries/{}", verdict["ledger"]["index"])).ok();
    assert!(!entry.to_string().contains("hunter2secret"), "{entry}");
    assert!(entry["entry"]["callDigest"].as_str().unwrap().starts_with("hmac-sha256:"), "{entry}");
}

#[test]
fn a_made_up_session_charges_the_agent() {
    let limits = json!({ "maxDenialsPerMinute": 3 });
    let (_place, daemon) = governed(&[("rateLimits", limits)]);
    let mut client = daemon.client();
    let body = changed(call(AGENT, "nothing"), &[("sessionId", json!("mine"))]);
    for _ in 0..3 {
        evaluate(&mut client, &body);
    }
    let verdict = evaluate(&mut client, &call(AGENT, "search"));
    assert_eq!(
        (&verdict["decision"], &verdict["code"]),
        (&json!("deny"), &json!("denials-limited")),
        "{verdict}"
    );
}

#[test]
fn a_window_of_another_length_begins_anew() {
    let limits = |seconds: u32| json!({ "windows": [{ "name": "w", "maxCalls": 1, "seconds": seconds }] });
    let (place, daemon) = governed(&[("rateLimits", limits(3_600))]);
    let mut client = daemon.client();
    assert_eq!(evaluate(&mut client, &call(AGENT, "search"))["permitted"], true);
    assert_eq!(evaluate(&mut client, &call(AGENT, "search"))["code"], "rate-limited");
    place.govern(&policy::with(AGENT, &[("rateLimits", limits(7_200)), ("version", json!("1.0.1"))]));
    eventually("the longer window governs, and is empty", SOON, || {
        evaluate(&mut client, &call(AGENT, "search"))["permitted"] == true
    });
    assert_eq!(evaluate(&mut client, &call(AGENT, "search"))["code"], "rate-limited");
}

#[test]
fn only_who_asked_says_what_became_of_it() {
    let (place, daemon) = governed(&[]);
    let client = |subject: &str| daemon.client_with(&place.token(subject, "evaluate", AGENT));
    let verdict = evaluate(&mut client("one"), &cent(AGENT));
    assert_eq!(report(&mut client("two"), &verdict, "not-executed", "0"), 404);
    assert_eq!(report(&mut client("one"), &verdict, "executed", "0.01"), 200);
    let unknown = json!({ "verdictId": "main-99999999" });
    assert_eq!(report(&mut daemon.client(), &unknown, "executed", "0"), 404);
}
