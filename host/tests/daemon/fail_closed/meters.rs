//! Calls that a meter does not bear, and meters that somebody would like to have back.

use serde_json::json;

use super::{AGENT, changed, denied, evaluate, governed, in_session, start_session, with};
use crate::harness::{Place, SOON, call, cent, eventually};
use crate::{ledger, policy};

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
    let place = Place::new().with("SENTINEL_RESERVATION_TTL", "20");
    place.govern(&policy::with(AGENT, &[("budgets", budgets)]));
    let daemon = place.start();
    let mut client = daemon.client();
    let paid = evaluate(&mut client, &cent(AGENT)).ok();
    assert_eq!(ledger::standings(&mut client, AGENT)["budgets/shop"], (0, 10_000));
    eventually("it counts as spent", SOON, || {
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
