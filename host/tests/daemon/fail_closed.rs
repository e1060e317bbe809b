//! One test for each cause of a denial that can be brought about from outside of the daemon.

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Client, Reply};
use crate::harness::{Daemon, KEY, Place, call, cent, eventually};
use crate::ledger;
use crate::policy;

const AGENT: &str = "buyer";

/// A daemon with the plain policy.
fn governed() -> (Place, Daemon) {
    with(&policy::plain(AGENT, "1.0.0"))
}

fn with(policy: &Value) -> (Place, Daemon) {
    let place = Place::new();
    place.govern(policy);
    let daemon = place.start();
    (place, daemon)
}

fn evaluate(client: &mut Client, body: &Value) -> Reply {
    client.post("/v1/evaluate", body)
}

/// With a member more, or another.
fn changed(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

/// A verdict that denies, with this code, and is on record as it was answered.
fn denied(client: &mut Client, reply: &Reply, code: &str) {
    let told = reply.json();
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(
        (&told["decision"], &told["permitted"], &told["enforced"], &told["code"]),
        (&json!("deny"), &json!(false), &json!(true), &json!(code)),
        "{told}"
    );
    let index = told["ledger"]["index"].as_u64().unwrap();
    let entry = client.get(&format!("/v1/ledger/entries/{index}")).ok();
    assert_eq!((&entry["entry"]["decision"], &entry["leaf"]), (&json!("deny"), &told["ledger"]["leaf"]));
}

/// A refusal to decide, which denies for whoever looks at the decision alone, and leaves no verdict.
fn refused(daemon: &Daemon, reply: &Reply, status: u16, code: &str) {
    let told = reply.json();
    assert_eq!((reply.status, &told["code"]), (status, &json!(code)), "{reply:?}");
    assert_eq!(
        (&told["decision"], &told["permitted"], &told["enforced"]),
        (&json!("deny"), &json!(false), &json!(true)),
        "{told}"
    );
    assert!(told["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{told}");
    let verdicts = daemon.client().get("/v1/ledger/entries?kind=verdict&decision=allow").ok();
    assert_eq!(verdicts["entries"], json!([]), "it was decided all the same");
}

fn start_session(client: &mut Client) -> String {
    let started = client.post("/v1/sessions", &json!({ "agentId": AGENT })).ok();
    started["sessionId"].as_str().unwrap().to_owned()
}

fn in_session(id: &str) -> Value {
    changed(call(AGENT, "search"), "sessionId", json!(id))
}

#[test]
fn no_policy() {
    let (_place, daemon) = governed();
    let mut client = daemon.client();
    let reply = evaluate(&mut client, &call("somebody-else", "search"));
    denied(&mut client, &reply, "policy-missing");
}

#[test]
fn unknown_session() {
    let (_place, daemon) = governed();
    let mut client = daemon.client();
    for id in ["ses_0123456789abcdef0123456789abcdef", "mine", "ses_", "../x", "main-0"] {
        let reply = evaluate(&mut client, &in_session(id));
        denied(&mut client, &reply, "effect-refused");
    }
}

#[test]
fn ended_session() {
    let (_place, daemon) = governed();
    let mut client = daemon.client();
    let id = start_session(&mut client);
    assert_eq!(evaluate(&mut client, &in_session(&id)).ok()["decision"], "allow");
    client.delete(&format!("/v1/sessions/{id}")).ok();
    let reply = evaluate(&mut client, &in_session(&id));
    denied(&mut client, &reply, "effect-refused");
}

#[test]
fn session_of_another_subject() {
    let (place, daemon) = governed();
    let client = |subject: &str| daemon.client_with(&place.token(subject, "evaluate", AGENT));
    let id = start_session(&mut client("one"));
    assert_eq!(evaluate(&mut client("one"), &in_session(&id)).ok()["decision"], "allow");
    let reply = evaluate(&mut client("two"), &in_session(&id));
    denied(&mut daemon.client(), &reply, "effect-refused");
}

#[test]
fn session_of_another_agent() {
    let (place, daemon) = governed();
    place.govern(&policy::plain("other", "1.0.0"));
    let mut client = daemon.client();
    eventually("both govern", Duration::from_secs(15), || {
        client.get("/v1/health").ok()["definitionsCount"] == 2
    });
    let id = start_session(&mut client);
    let reply = evaluate(&mut client, &changed(call("other", "search"), "sessionId", json!(id)));
    denied(&mut client, &reply, "effect-refused");
}

#[test]
fn token_of_another_agent() {
    let (place, daemon) = governed();
    let mut client = daemon.client_with(&place.token("one", "evaluate", "other"));
    let reply = evaluate(&mut client, &call(AGENT, "search"));
    refused(&daemon, &reply, 403, "foreign-agent");
}

#[test]
fn role_that_may_not_ask() {
    let (place, daemon) = governed();
    let mut client = daemon.client_with(&place.token("one", "audit", AGENT));
    let reply = evaluate(&mut client, &call(AGENT, "search"));
    refused(&daemon, &reply, 403, "forbidden");
}

#[test]
fn no_credential() {
    let (_place, daemon) = governed();
    let reply = evaluate(&mut Client::new(daemon.address, None), &call(AGENT, "search"));
    refused(&daemon, &reply, 401, "no-credentials");
    assert!(reply.header("www-authenticate").is_some());
}

#[test]
fn wrong_credential() {
    let (place, daemon) = governed();
    let other = Place::new().with("SOE_JWT_SECRET", "another secret, which has more than 32 bytes too");
    for bearer in [other.token("one", "admin", AGENT), format!("{KEY}x"), KEY[1..].to_owned()] {
        let reply = evaluate(&mut daemon.client_with(&bearer), &call(AGENT, "search"));
        assert_eq!(reply.status, 401, "{reply:?}");
        let code = reply.json()["code"].as_str().unwrap().to_owned();
        refused(&daemon, &reply, 401, &code);
    }
    drop(place);
}

#[test]
fn body_too_large() {
    let place = Place::new().with("SENTINEL_BODY_BYTES_MAX", "2048");
    place.govern(&policy::plain(AGENT, "1.0.0"));
    let daemon = place.start();
    let body = changed(call(AGENT, "search"), "toolInput", json!({ "text": "x".repeat(4096) }));
    let reply = evaluate(&mut daemon.client(), &body);
    refused(&daemon, &reply, 413, "body-too-large");
}

#[test]
fn body_too_deep() {
    let (_place, daemon) = governed();
    let deep = format!(
        r#"{{"agentId":"{AGENT}","toolName":"search","toolInput":{{"a":{}{}}}}}"#,
        "[".repeat(200),
        "]".repeat(200)
    );
    let reply = daemon.client().send("POST", "/v1/evaluate", &[], Some(&deep));
    refused(&daemon, &reply, 400, "too-deep");
}

#[test]
fn key_twice() {
    let (_place, daemon) = governed();
    let text = format!(r#"{{"agentId":"other","toolName":"search","toolInput":{{}},"agentId":"{AGENT}"}}"#);
    let reply = daemon.client().send("POST", "/v1/evaluate", &[], Some(&text));
    assert_eq!(reply.status, 400, "{reply:?}");
    let code = reply.json()["code"].as_str().unwrap().to_owned();
    refused(&daemon, &reply, 400, &code);
}

#[test]
fn key_twice_in_the_input() {
    let (_place, daemon) = governed();
    let text = format!(r#"{{"agentId":"{AGENT}","toolName":"search","toolInput":{{"a":1,"a":2}}}}"#);
    let reply = daemon.client().send("POST", "/v1/evaluate", &[], Some(&text));
    let told = reply.json();
    assert_eq!((&told["decision"], &told["permitted"]), (&json!("deny"), &json!(false)), "{told}");
}

#[test]
fn unknown_field() {
    let (_place, daemon) = governed();
    let reply = evaluate(&mut daemon.client(), &changed(call(AGENT, "search"), "mode", json!("audit")));
    refused(&daemon, &reply, 400, "bad-request");
}

#[test]
fn not_json() {
    let (_place, daemon) = governed();
    for text in ["{", "", "{\"agentId\":", "{}}", "{\u{0}}"] {
        let reply = daemon.client().send("POST", "/v1/evaluate", &[], Some(text));
        refused(&daemon, &reply, 400, "bad-json");
    }
}

#[test]
fn other_environment() {
    let (_place, daemon) = governed();
    let reply = evaluate(&mut daemon.client(), &changed(call(AGENT, "search"), "environment", json!("uat")));
    refused(&daemon, &reply, 400, "bad-request");
}

#[test]
fn environment_outside_of_the_scope() {
    let place = Place::new().with("SOE_ENVIRONMENT", "production");
    place.govern(&policy::plain(AGENT, "1.0.0"));
    let daemon = place.start();
    let verdict = evaluate(&mut daemon.client(), &call(AGENT, "search")).ok();
    assert_eq!((&verdict["decision"], &verdict["permitted"]), (&json!("deny"), &json!(false)), "{verdict}");
}

#[test]
fn idempotency_key_of_another_request() {
    let (_place, daemon) = governed();
    let mut client = daemon.client();
    let key = [("idempotency-key", "one")];
    let first = client.send("POST", "/v1/evaluate", &key, Some(&cent(AGENT).to_string())).ok();
    assert_eq!(first["permitted"], true);
    let other = call(AGENT, "search").to_string();
    let reply = client.send("POST", "/v1/evaluate", &key, Some(&other));
    let told = reply.json();
    assert_eq!((reply.status, &told["code"]), (409, &json!("idempotency-conflict")), "{reply:?}");
    assert_eq!((&told["decision"], &told["permitted"]), (&json!("deny"), &json!(false)));
}

#[test]
fn store_that_fails() {
    let place = Place::new().wrapped(&["sh", "-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
    place.govern(&policy::plain(AGENT, "1.0.0"));
    let daemon = place.start();
    let limit = ["--pid", &daemon.id().to_string(), "--fsize=1024:unlimited"].map(str::to_owned);
    assert!(Command::new("prlimit").args(limit).status().unwrap().success());
    let reply = evaluate(&mut daemon.client(), &call(AGENT, "search"));
    refused(&daemon, &reply, 503, "store-unavailable");
}

#[test]
fn nobody_to_ask() {
    let tools = json!({ "allowed": ["search"], "bash": { "allow": ["npm test"] } });
    let (_place, daemon) = with(&policy::with(AGENT, &[("toolActions", tools)]));
    let command = json!({ "agentId": AGENT, "toolName": "Bash", "toolInput": { "command": "npm test" } });
    let mut client = daemon.client();
    assert_eq!(evaluate(&mut client, &command).ok()["decision"], "allow");
    let verdict = evaluate(&mut client, &changed(command, "shell", json!("zsh"))).ok();
    assert_eq!(
        (&verdict["decision"], &verdict["permitted"], &verdict["enforced"]),
        (&json!("escalate"), &json!(false), &json!(true)),
        "{verdict}"
    );
}

#[test]
fn budget_exceeded() {
    let budgets = json!([{ "name": "shop", "limit": "0.015", "per": "lifetime", "tools": ["pay"] }]);
    let (_place, daemon) = with(&policy::with(AGENT, &[("budgets", budgets)]));
    let mut client = daemon.client();
    assert_eq!(evaluate(&mut client, &cent(AGENT)).ok()["permitted"], true);
    let reply = evaluate(&mut client, &cent(AGENT));
    denied(&mut client, &reply, "budget-exceeded");
}

#[test]
fn cost_that_is_no_amount() {
    let (_place, daemon) = governed();
    let mut client = daemon.client();
    for usd in [json!("-0.01"), json!(0.01), json!("1e3"), json!("NaN"), json!("0.0000001"), json!(null)] {
        let reply = evaluate(&mut client, &changed(cent(AGENT), "cost", json!({ "usd": usd })));
        let told = reply.json();
        assert_eq!((&told["decision"], &told["permitted"]), (&json!("deny"), &json!(false)), "{usd}: {told}");
    }
    assert_eq!(ledger::standings(&mut client, AGENT).get("budgets/shop"), None);
}

#[test]
fn cost_missing() {
    let (_place, daemon) = governed();
    let mut client = daemon.client();
    let reply = evaluate(&mut client, &call(AGENT, "pay"));
    denied(&mut client, &reply, "cost-missing");
}

#[test]
fn rate_limited() {
    let limits = json!({ "maxCallsPerMinute": 2 });
    let (_place, daemon) = with(&policy::with(AGENT, &[("rateLimits", limits)]));
    let mut client = daemon.client();
    for _ in 0..2 {
        assert_eq!(evaluate(&mut client, &call(AGENT, "search")).ok()["permitted"], true);
    }
    let reply = evaluate(&mut client, &call(AGENT, "search"));
    denied(&mut client, &reply, "rate-limited");
}

#[test]
fn points_exhausted() {
    let risk = json!({ "maxPerSession": 10, "points": { "tool": 5, "denied": 0 } });
    let (_place, daemon) = with(&policy::with(AGENT, &[("riskBudget", risk)]));
    let mut client = daemon.client();
    for _ in 0..2 {
        assert_eq!(evaluate(&mut client, &call(AGENT, "search")).ok()["permitted"], true);
    }
    let reply = evaluate(&mut client, &call(AGENT, "search"));
    denied(&mut client, &reply, "risk-exhausted");
}

/// A new session is not a new budget.
#[test]
fn points_of_the_day_exhausted() {
    let risk = json!({ "maxPerSession": 10, "maxPerDay": 10, "points": { "tool": 5, "denied": 0 } });
    let (_place, daemon) = with(&policy::with(AGENT, &[("riskBudget", risk)]));
    let mut client = daemon.client();
    for _ in 0..2 {
        let id = start_session(&mut client);
        assert_eq!(evaluate(&mut client, &in_session(&id)).ok()["permitted"], true);
    }
    let id = start_session(&mut client);
    let told = evaluate(&mut client, &in_session(&id)).ok();
    assert_eq!((&told["decision"], &told["permitted"]), (&json!("deny"), &json!(false)), "{told}");
}

#[test]
fn hold_that_nobody_settled() {
    let budgets = json!([{ "name": "shop", "limit": "0.01", "per": "lifetime", "tools": ["pay"] }]);
    let place = Place::new().with("SENTINEL_RESERVATION_TTL", "1");
    place.govern(&policy::with(AGENT, &[("budgets", budgets)]));
    let daemon = place.start();
    let mut client = daemon.client();
    let paid = evaluate(&mut client, &cent(AGENT)).ok();
    assert_eq!(ledger::standings(&mut client, AGENT)["budgets/shop"], (0, 10_000));
    eventually("it counts as spent", Duration::from_secs(20), || {
        ledger::standings(&mut client, AGENT)["budgets/shop"] == (10_000, 0)
    });
    let reply = evaluate(&mut client, &cent(AGENT));
    denied(&mut client, &reply, "budget-exceeded");
    // What is said too late gives nothing back.
    let late = json!({
        "agentId": AGENT, "toolName": "pay", "verdictId": paid["verdictId"], "outcome": "not-executed",
    });
    assert_eq!(client.post("/v1/audit", &late).ok()["hold"], "expired");
    assert_eq!(ledger::standings(&mut client, AGENT)["budgets/shop"], (10_000, 0));
}

#[test]
fn outcome_of_another_agents_call() {
    let (place, daemon) = governed();
    let mut client = daemon.client();
    let paid = evaluate(&mut client, &cent(AGENT)).ok();
    let before = ledger::standings(&mut client, AGENT);
    let report = json!({
        "agentId": "other", "toolName": "pay", "verdictId": paid["verdictId"], "outcome": "not-executed",
    });
    let mut other = daemon.client_with(&place.token("one", "evaluate", "other"));
    assert_eq!(other.post("/v1/audit", &report).status, 404);
    assert_eq!(ledger::standings(&mut client, AGENT), before);
}

#[test]
fn second_outcome_of_a_call() {
    let (_place, daemon) = governed();
    let mut client = daemon.client();
    let paid = evaluate(&mut client, &cent(AGENT)).ok();
    let mut report = |outcome: &str| {
        let body = json!({
            "agentId": AGENT, "toolName": "pay", "verdictId": paid["verdictId"], "outcome": outcome,
        });
        client.post("/v1/audit", &body).ok()["hold"].clone()
    };
    assert_eq!(report("executed"), "posted");
    assert_eq!(report("not-executed"), "posted");
    assert_eq!(ledger::standings(&mut client, AGENT)["budgets/shop"], (10_000, 0));
}

#[test]
fn hook_in_trouble() {
    let (_place, daemon) = governed();
    let event = json!({
        "hook_event_name": "PreToolUse", "session_id": "s", "tool_name": "search", "tool_input": {}, "cwd": "/w",
    });
    let path = format!("/v1/hooks/claude-code?agent={AGENT}");
    let told = |reply: &Reply| {
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["hookSpecificOutput"]["permissionDecision"].clone()
    };
    let good = daemon.client().post(&path, &event);
    assert_eq!(told(&good), "allow");
    for (client, path, body) in [
        (&mut Client::new(daemon.address, None), path.as_str(), event.to_string()),
        (&mut daemon.client(), "/v1/hooks/claude-code", event.to_string()),
        (&mut daemon.client(), "/v1/hooks/claude-code?agent=nobody", event.to_string()),
        (&mut daemon.client(), path.as_str(), "{".to_owned()),
        (&mut daemon.client(), path.as_str(), "{}".to_owned()),
        (&mut daemon.client(), path.as_str(), format!("{{\"a\":{}", "[".repeat(500))),
    ] {
        let reply = client.send("POST", path, &[], Some(&body));
        assert_eq!(told(&reply), "deny", "{path} {body}");
    }
}

#[test]
fn hook_without_a_store() {
    let place = Place::new().wrapped(&["sh", "-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
    place.govern(&policy::plain(AGENT, "1.0.0"));
    let daemon = place.start();
    let limit = ["--pid", &daemon.id().to_string(), "--fsize=1024:unlimited"].map(str::to_owned);
    assert!(Command::new("prlimit").args(limit).status().unwrap().success());
    let event =
        json!({ "hook_event_name": "PreToolUse", "tool_name": "search", "tool_input": {}, "cwd": "/w" });
    let reply = daemon.client().post(&format!("/v1/hooks/claude-code?agent={AGENT}"), &event);
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.json()["hookSpecificOutput"]["permissionDecision"], "deny");
    assert_eq!(reply.header("x-sentinel-error"), Some("store-unavailable"));
}

#[test]
fn policy_that_cannot_be_read() {
    let place = Place::new();
    fs::write(place.document(AGENT), "{\"agentId\":\"buyer\"").unwrap();
    let daemon = place.start();
    let mut client = daemon.client();
    let reply = evaluate(&mut client, &call(AGENT, "search"));
    denied(&mut client, &reply, "policy-missing");
    assert_eq!(client.get("/v1/health").ok()["status"], "DEGRADED");
}

#[test]
fn configuration_that_is_not_understood() {
    for (name, value) in [
        ("SOE_MODE", "enforced"),
        ("SOE_AUTH_DISABLE", "false"),
        ("SENTINEL_RESERVATION_TTL", "-1"),
        ("SOE_STORAGE", "disk"),
    ] {
        let output = Place::new().with(name, value).run(&["serve"]);
        assert!(!output.status.success(), "{name}={value}");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains(name) || text.contains(value), "{name}={value}: {text}");
    }
}
