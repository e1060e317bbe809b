//! What a call that waits for a person costs, whatever made it wait, and what it counts for.

use serde_json::{Value, json};

use crate::approvals::{
    AGENT, Desk, approve, ask, check_approved, check_denied, deploy, entries, evaluate, say, with_id,
};
use crate::client::Client;
use crate::ledger::{self, verify};

fn priced(tool: &str, usd: &str) -> Value {
    json!({ "agentId": AGENT, "toolName": tool, "toolInput": {}, "cost": { "usd": usd } })
}

fn points(client: &mut Client) -> u64 {
    client.get(&format!("/v1/agents/{AGENT}/risk")).ok()["riskUsed"].as_u64().unwrap()
}

fn stats(client: &mut Client) -> (Value, Value) {
    let told = client.get(&format!("/v1/agents/{AGENT}/stats")).ok();
    (told["protected"]["valueUsd"].clone(), told["protected"]["calls"].clone())
}

/// Budgets of dollars for some tools.
fn shop(limit: &str, tools: &Value, exceeded: &str) -> (&'static str, Value) {
    (
        "budgets",
        json!([{ "name": "shop", "limit": limit, "per": "lifetime", "tools": tools, "onExceeded": exceeded }]),
    )
}

#[test]
fn a_question_is_paid_once_and_the_call_once() {
    let risk = json!({ "maxPerSession": 200, "points": { "tool": 3, "denied": 7 } });
    let desk = Desk::new(&json!({}), &[("riskBudget", risk), shop("10.00", &json!(["deploy"]), "block")]);
    let (mut robot, mut admin) = (desk.robot(), desk.daemon.client());
    let body = {
        let mut body = deploy();
        body["cost"] = json!({ "usd": "0.40" });
        body
    };
    let shop = |client: &mut Client| {
        ledger::standings(client, AGENT).get("budgets/shop").copied().unwrap_or_default()
    };
    let id = ask(&mut robot, &body);
    for _ in 0..100 {
        assert_eq!(ask(&mut robot, &body), id);
    }
    for _ in 0..10 {
        assert_eq!(ask(&mut robot, &with_id(&body, &id)), id);
    }
    assert_eq!((points(&mut admin), shop(&mut admin)), (3, (0, 0)), "asked once");
    assert_eq!(admin.get("/v1/approvals?status=all").ok()["approvals"].as_array().unwrap().len(), 1);
    assert_eq!(stats(&mut admin), (json!("0.40"), json!(1)), "one call was held back");
    approve(&mut desk.person("alice"), &id);
    let told = evaluate(&mut robot, &with_id(&body, &id));
    check_approved(&told);
    assert_eq!(told["riskPoints"], 0, "{told}");
    assert_eq!((points(&mut admin), shop(&mut admin)), (3, (0, 400_000)));
    assert_eq!(stats(&mut admin), (json!("0.00"), json!(0)), "nothing was protected from it");
    // A replay is a denied call, and costs as one.
    check_denied(&evaluate(&mut robot, &with_id(&body, &id)), "approval-used");
    assert_eq!((points(&mut admin), shop(&mut admin)), (10, (0, 400_000)));
    let report = json!({ "agentId": AGENT, "toolName": "deploy", "verdictId": told["verdictId"], "cost": { "usd": "0.30" } });
    robot.post("/v1/audit", &report).ok();
    robot.post("/v1/audit", &report).ok();
    assert_eq!(shop(&mut admin), (300_000, 0));
    // The question after it is a new one, and is paid.
    assert_ne!(ask(&mut robot, &body), id);
    assert_eq!(points(&mut admin), 13);
    // Everything is as the ledger says.
    let mut tally = ledger::Tally::default();
    tally.take(AGENT, &ledger::entries(&mut admin, 0));
    assert_eq!(tally.standings(), ledger::standings(&mut admin, AGENT));
    verify(&desk.place, &[]);
}

#[test]
fn a_no_is_paid_and_protects_what_was_at_stake() {
    let risk = json!({ "maxPerSession": 200, "points": { "tool": 3, "denied": 7 } });
    let desk = Desk::new(&json!({}), &[("riskBudget", risk), shop("10.00", &json!(["deploy"]), "block")]);
    let (mut robot, mut admin) = (desk.robot(), desk.daemon.client());
    let body = {
        let mut body = deploy();
        body["cost"] = json!({ "usd": "2.50" });
        body
    };
    let id = ask(&mut robot, &body);
    say(&mut desk.person("alice"), &id, "deny").ok();
    for _ in 0..5 {
        check_denied(&evaluate(&mut robot, &body), "approval-denied");
    }
    assert_eq!(points(&mut admin), 3 + 5 * 7);
    assert_eq!(stats(&mut admin), (json!("2.50"), json!(1)));
    assert!(!ledger::standings(&mut admin, AGENT).contains_key("budgets/shop"));
}

#[test]
fn a_throttled_session_asks_a_person() {
    let risk = json!({ "maxPerSession": 100, "thresholds": { "throttle": 10, "critical": 60 }, "points": { "tool": 5 } });
    let desk = Desk::new(&json!({}), &[("riskBudget", risk)]);
    let (mut robot, mut admin, mut alice) = (desk.robot(), desk.daemon.client(), desk.person("alice"));
    let search =
        |number: u32| json!({ "agentId": AGENT, "toolName": "search", "toolInput": { "n": number } });
    for number in 0..2 {
        assert_eq!(evaluate(&mut robot, &search(number))["permitted"], true);
    }
    let told = evaluate(&mut robot, &search(2));
    assert_eq!((&told["decision"], &told["code"]), (&json!("escalate"), &json!("risk-throttle")), "{told}");
    let id = ask(&mut robot, &search(2));
    assert_eq!(points(&mut admin), 15);
    approve(&mut alice, &id);
    check_approved(&evaluate(&mut robot, &search(2)));
    assert_eq!(points(&mut admin), 15);
    check_denied(&evaluate(&mut robot, &with_id(&search(2), &id)), "approval-used");
    // A yes is no way past what denies.
    let id = ask(&mut robot, &search(3));
    approve(&mut alice, &id);
    // What the question itself cost is not counted against it.
    while points(&mut admin) < 65 {
        evaluate(&mut robot, &json!({ "agentId": AGENT, "toolName": "nothing", "toolInput": {} }));
    }
    check_denied(&evaluate(&mut robot, &with_id(&search(3), &id)), "risk-critical");
}

#[test]
fn a_budget_may_ask_a_person() {
    let desk = Desk::new(&json!({}), &[shop("1.00", &json!(["pay"]), "require_approval")]);
    let (mut robot, mut admin, mut alice) = (desk.robot(), desk.daemon.client(), desk.person("alice"));
    assert_eq!(evaluate(&mut robot, &priced("pay", "0.90"))["permitted"], true);
    let told = evaluate(&mut robot, &priced("pay", "0.40"));
    assert_eq!((&told["decision"], &told["code"]), (&json!("escalate"), &json!("budget-approval")), "{told}");
    let id = ask(&mut robot, &priced("pay", "0.40"));
    approve(&mut alice, &id);
    check_approved(&evaluate(&mut robot, &priced("pay", "0.40")));
    // Up to the limit and no further, and once.
    assert_eq!(ledger::standings(&mut admin, AGENT)["budgets/shop"], (0, 1_000_000));
    check_denied(&evaluate(&mut robot, &with_id(&priced("pay", "0.40"), &id)), "approval-used");
    assert_eq!(ledger::standings(&mut admin, AGENT)["budgets/shop"], (0, 1_000_000));
    assert_eq!(evaluate(&mut robot, &priced("pay", "0.01"))["code"], "budget-approval");
}

#[test]
fn a_budget_that_blocks_is_not_opened_by_a_yes() {
    let desk =
        Desk::new(&json!({ "tools": ["deploy"] }), &[shop("1.00", &json!(["pay", "deploy"]), "block")]);
    let (mut robot, mut admin) = (desk.robot(), desk.daemon.client());
    let id = ask(&mut robot, &priced("deploy", "0.40"));
    approve(&mut desk.person("alice"), &id);
    assert_eq!(evaluate(&mut robot, &priced("pay", "0.90"))["permitted"], true);
    check_denied(&evaluate(&mut robot, &with_id(&priced("deploy", "0.40"), &id)), "budget-exceeded");
    // It was not used: the denial came first. The budget is what stands in the way.
    assert_eq!(ledger::standings(&mut admin, AGENT)["budgets/shop"], (0, 900_000));
    check_denied(&evaluate(&mut robot, &priced("deploy", "0.40")), "budget-exceeded");
    assert_eq!(evaluate(&mut robot, &priced("deploy", "0.10"))["decision"], "escalate");
}

#[test]
fn an_unusual_call_may_ask_a_person() {
    let spike = json!({ "tools": ["pay"], "escalateAt": 10, "blockAt": 10, "signals": ["numbers"], "spike": { "times": 2, "action": "require_approval" } });
    let desk = Desk::new(&json!({}), &[("anomaly", spike)]);
    let (mut robot, mut alice) = (desk.robot(), desk.person("alice"));
    for _ in 0..20 {
        let told = evaluate(&mut robot, &priced("pay", "1.00"));
        assert_eq!(told["permitted"], true, "{told}");
        let report = json!({ "agentId": AGENT, "toolName": "pay", "verdictId": told["verdictId"] });
        robot.post("/v1/audit", &report).ok();
    }
    let told = evaluate(&mut robot, &priced("pay", "50.00"));
    assert_eq!((&told["decision"], &told["code"]), (&json!("escalate"), &json!("spend-spike")), "{told}");
    let id = ask(&mut robot, &priced("pay", "50.00"));
    approve(&mut alice, &id);
    check_approved(&evaluate(&mut robot, &with_id(&priced("pay", "50.00"), &id)));
    check_denied(&evaluate(&mut robot, &with_id(&priced("pay", "50.00"), &id)), "approval-used");

    // Each call is looked at, and each is too unusual.
    let always = json!({ "tools": ["search"], "escalateAt": 0, "blockAt": 10 });
    let desk = Desk::new(&json!({}), &[("anomaly", always)]);
    let (mut robot, mut alice) = (desk.robot(), desk.person("alice"));
    let search = json!({ "agentId": AGENT, "toolName": "search", "toolInput": {} });
    let told = evaluate(&mut robot, &search);
    assert_eq!((&told["decision"], &told["code"]), (&json!("escalate"), &json!("anomaly-unusual")), "{told}");
    let id = ask(&mut robot, &search);
    approve(&mut alice, &id);
    check_approved(&evaluate(&mut robot, &search));
    assert_eq!(evaluate(&mut robot, &search)["decision"], "escalate");
}

/// A question is no end: the same key hears what became of it. What it comes to stays the answer.
#[test]
fn a_key_hears_what_became_of_its_question() {
    let desk = Desk::new(&json!({}), &[]);
    let (mut robot, mut alice) = (desk.robot(), desk.person("alice"));
    let keyed = |key: &str| {
        let mut body = deploy();
        body["idempotencyKey"] = json!(key);
        body
    };
    let id = ask(&mut robot, &keyed("one"));
    assert_eq!(ask(&mut robot, &keyed("one")), id);
    assert_eq!(ask(&mut robot, &with_id(&keyed("one"), &id)), id);
    approve(&mut alice, &id);
    let used = evaluate(&mut robot, &keyed("one"));
    check_approved(&used);
    for body in [keyed("one"), with_id(&keyed("one"), &id)] {
        let again = evaluate(&mut robot, &body);
        assert_eq!((&again["verdictId"], &again["replayed"]), (&used["verdictId"], &json!(true)), "{again}");
    }
    // Another key is another request, and finds nothing left.
    check_denied(&evaluate(&mut robot, &with_id(&keyed("two"), &id)), "approval-used");
    let again = evaluate(&mut robot, &with_id(&keyed("two"), &id));
    assert_eq!((&again["code"], &again["replayed"]), (&json!("approval-used"), &json!(true)));
    let all = entries(&mut desk.daemon.client(), "verdict");
    assert_eq!(all.iter().filter(|own| own["permitted"] == true).count(), 1);
}

/// Watching protects nothing.
#[test]
fn what_goes_ahead_anyway_was_not_protected() {
    for mode in ["audit", "shadow", "dry-run"] {
        let desk = Desk::new(&json!({}), &[("mode", json!(mode))]);
        let body = {
            let mut body = deploy();
            body["cost"] = json!({ "usd": "2.50" });
            body
        };
        evaluate(&mut desk.robot(), &body);
        assert_eq!(stats(&mut desk.daemon.client()), (json!("0.00"), json!(0)), "{mode}");
    }
}
