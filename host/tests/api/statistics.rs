//! What calls add up to: exactly what was reported, each call once.

use sentinel::auth::Role;
use serde_json::{Value, json};

use crate::support::{Daemon, POLICY, token_of};

fn stats(daemon: &Daemon) -> Value {
    daemon.get("/v1/agents/my-agent/stats").json()
}

fn pay(daemon: &Daemon, usd: &str, more: &Value) -> Value {
    let mut call =
        json!({ "agentId": "my-agent", "toolName": "pay", "toolInput": {}, "cost": { "usd": usd } });
    call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    daemon.post("/v1/evaluate", &call.to_string()).json()
}

fn report(daemon: &Daemon, verdict: &Value, fields: &Value) {
    let mut own = json!({ "agentId": "my-agent", "toolName": "pay", "verdictId": verdict["verdictId"] });
    own.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let reply = daemon.post("/v1/audit", &own.to_string());
    assert_eq!(reply.status, 200, "{reply:?}");
}

fn protected(daemon: &Daemon) -> Value {
    let own = stats(daemon)["protected"].clone();
    assert_eq!(daemon.get("/v1/dashboard").json()["totals"]["protectedUsd"], own["valueUsd"]);
    own
}

#[test]
fn statistics_are_what_was_reported() {
    let daemon = Daemon::governed();
    let empty = stats(&daemon);
    assert_eq!(
        empty["total"],
        json!({ "count": 0, "errors": 0, "costUsd": "0.00", "tokens": 0, "durationMs": 0 })
    );
    assert_eq!(
        (&empty["tools"], &empty["protected"]),
        (&json!([]), &json!({ "valueUsd": "0.00", "calls": 0 }))
    );

    let session = daemon.post("/v1/sessions", r#"{"agentId":"my-agent"}"#).json()["sessionId"].clone();
    let first = pay(&daemon, "0.10", &json!({ "sessionId": session, "runId": "nightly" }));
    let cost = json!({ "cost": { "usd": "0.05", "tokens": 30 }, "durationMs": 100 });
    report(&daemon, &first, &cost);
    // The same report again, and another one of the same call, count no more.
    report(&daemon, &first, &cost);
    report(&daemon, &first, &json!({ "outcome": "failed", "cost": { "usd": "0.90" } }));
    let second = pay(&daemon, "0.10", &json!({ "sessionId": session }));
    report(
        &daemon,
        &second,
        &json!({ "outcome": "failed", "cost": { "usd": "0.1" }, "durationMs": 51, "error": "no" }),
    );
    let third = pay(&daemon, "0.10", &json!({}));
    report(&daemon, &third, &json!({ "outcome": "not-executed" }));
    let search = daemon
        .post("/v1/evaluate", r#"{"agentId":"my-agent","toolName":"search_code","toolInput":{}}"#)
        .json();
    report(&daemon, &search, &json!({ "durationMs": 9 }));

    let own = stats(&daemon);
    let line = |count: u64, errors: u64, rate: &str, usd: &str, tokens: u64, ms: u64| {
        json!({ "count": count, "errors": errors, "errorRate": rate, "costUsd": usd, "tokens": tokens,
            "durationMs": ms, "averageMs": ms / count })
    };
    let with = |mut line: Value, names: Value| {
        line.as_object_mut().unwrap().extend(names.as_object().unwrap().clone());
        line
    };
    assert_eq!(own["total"], line(3, 1, "0.3333", "0.15", 30, 160));
    let tools = json!([
        with(line(2, 1, "0.5000", "0.15", 30, 151), json!({ "toolName": "pay" })),
        with(line(1, 0, "0.0000", "0.00", 0, 9), json!({ "toolName": "search_code" })),
    ]);
    assert_eq!(own["tools"], tools);
    let of_session = with(line(2, 1, "0.5000", "0.15", 30, 151), json!({ "sessionId": session }));
    assert_eq!(own["sessions"], json!([of_session]));
    let of_run =
        with(line(1, 0, "0.0000", "0.05", 30, 100), json!({ "sessionId": session, "runId": "nightly" }));
    assert_eq!(own["runs"], json!([of_run]));
    assert_eq!(daemon.get("/v1/agents/nobody/stats").status, 404);
}

#[test]
fn what_is_held_back_is_protected_once() {
    let daemon = Daemon::governed();
    for _ in 0..5 {
        assert_eq!(pay(&daemon, "5.00", &json!({}))["decision"], "deny");
    }
    assert_eq!(protected(&daemon), json!({ "valueUsd": "5.00", "calls": 1 }));
    // Another call is another one, even if it costs the same.
    assert_eq!(pay(&daemon, "5.00", &json!({ "toolInput": { "to": "b" } }))["decision"], "deny");
    assert_eq!(pay(&daemon, "0.10", &json!({}))["decision"], "allow");
    assert_eq!(protected(&daemon), json!({ "valueUsd": "10.00", "calls": 2 }));
}

#[test]
fn what_goes_ahead_after_all_was_not_protected() {
    let daemon = Daemon::start();
    daemon.deploy(&POLICY.replacen('{', r#"{"approvals":{"above":"0.20"},"#, 1));
    let asked = pay(&daemon, "0.50", &json!({}));
    assert_eq!(asked["decision"], "escalate", "{asked}");
    assert_eq!(protected(&daemon), json!({ "valueUsd": "0.50", "calls": 1 }));
    let approver = token_of("boss", &[Role::Approve], "*");
    let id = asked["approval"]["id"].as_str().unwrap_or_else(|| panic!("{asked}"));
    let reply = daemon.ask_as(&approver, "POST", &format!("/v1/approvals/{id}/approve"), Some("{}"));
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(protected(&daemon), json!({ "valueUsd": "0.50", "calls": 1 }), "it was not sent again yet");
    let done = pay(&daemon, "0.50", &json!({ "approvalId": id }));
    assert_eq!((&done["decision"], &done["permitted"]), (&json!("allow"), &json!(true)), "{done}");
    assert_eq!(protected(&daemon), json!({ "valueUsd": "0.00", "calls": 0 }));
    // The question and its answer are in the export of both calls.
    let csv = daemon.get("/v1/agents/my-agent/export/csv").body;
    let rows: Vec<std::collections::BTreeMap<String, String>> =
        csv::Reader::from_reader(csv.as_bytes()).deserialize().map(Result::unwrap).collect();
    let parts: Vec<_> =
        rows.iter().map(|row| (row["policy_evaluation"].as_str(), row["approval_id"].as_str())).collect();
    assert_eq!(parts, [("allowed", id), ("flagged", id)]);
    assert!(rows.iter().all(|row| row["approved_by"] == "boss" && row["amount"] == "0.500000"), "{rows:?}");
}

#[test]
fn what_is_only_watched_is_not_protected() {
    let daemon = Daemon::start();
    daemon.deploy(&POLICY.replacen('{', r#"{"mode":"audit","#, 1));
    let verdict = pay(&daemon, "5.00", &json!({}));
    assert_eq!((&verdict["decision"], &verdict["permitted"]), (&json!("deny"), &json!(true)), "{verdict}");
    assert_eq!(protected(&daemon), json!({ "valueUsd": "0.00", "calls": 0 }));
}
