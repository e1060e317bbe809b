//! An agent that wants its call to pass: what it could try beside asking.

use std::collections::BTreeSet;
use std::thread;

use serde_json::{Value, json};

use crate::approvals::{
    AGENT, Desk, REQUESTER, approve, ask, asking, check_approved, check_denied, deploy, entries, evaluate,
    send_input, with_id,
};
use crate::client::Client;
use crate::ledger;

/// Clients at once: as many as one batch takes, and more.
const CLIENTS: usize = 64;

/// Sends the same call many times at once.
fn storm(desk: &Desk, token: &str, body: &Value) -> Vec<Value> {
    let address = desk.daemon.address;
    thread::scope(|scope| {
        let all: Vec<_> = (0..CLIENTS)
            .map(|_| scope.spawn(|| evaluate(&mut Client::new(address, Some(token)), body)))
            .collect();
        all.into_iter().map(|own| own.join().unwrap()).collect()
    })
}

#[test]
fn one_question_however_many_ask_at_once() {
    let risk = json!({ "maxPerSession": 200, "points": { "tool": 3 } });
    let desk = Desk::new(&json!({}), &[("riskBudget", risk)]);
    let token = desk.place.token(REQUESTER, "evaluate", AGENT);
    let told = storm(&desk, &token, &deploy());
    let ids: BTreeSet<_> =
        told.iter().map(|own| own["approval"]["id"].as_str().expect("a question")).collect();
    assert_eq!(ids.len(), 1);
    let mut admin = desk.daemon.client();
    assert_eq!(admin.get("/v1/approvals?status=all").ok()["approvals"].as_array().unwrap().len(), 1);
    assert_eq!(admin.get(&format!("/v1/agents/{AGENT}/risk")).ok()["riskUsed"], 3);
}

/// A yes arrives in the middle of many calls: one of them goes ahead, and on the ledger after the yes.
#[test]
fn a_yes_among_many_calls_is_for_one_of_those_behind_it() {
    let desk = Desk::new(&json!({}), &[]);
    let token = desk.place.token(REQUESTER, "evaluate", AGENT);
    for round in 0..8 {
        let body = {
            let mut body = deploy();
            body["toolInput"]["round"] = json!(round);
            body
        };
        let id = ask(&mut desk.robot(), &body);
        let mut alice = desk.person("alice");
        let told = thread::scope(|scope| {
            let yes = scope.spawn(|| approve(&mut alice, &id));
            let told = storm(&desk, &token, &with_id(&body, &id));
            yes.join().unwrap();
            told
        });
        let late = evaluate(&mut desk.robot(), &with_id(&body, &id));
        let permitted: Vec<_> = told.iter().chain([&late]).filter(|own| own["permitted"] == true).collect();
        assert_eq!(permitted.len(), 1, "{permitted:?}");
        check_approved(permitted[0]);
        let all = ledger::entries(&mut desk.daemon.client(), 0);
        let place = |kind: &str, is_it: &dyn Fn(&Value) -> bool| {
            all.iter()
                .find(|(_, (_, own))| own["kind"] == kind && own["approvalId"] == json!(id) && is_it(own))
                .unwrap()
                .0
        };
        assert!(place("approval-answer", &|_| true) < place("verdict", &|own| own["permitted"] == true));
    }
}

/// Guards against `yes-lifts-another-question`: a person looked at one reason, and another came after.
#[test]
fn yes_lifts_no_question_that_nobody_was_asked() {
    let budgets = json!([{ "name": "shop", "limit": "1.00", "per": "lifetime", "tools": ["pay", "deploy"], "onExceeded": "require_approval" }]);
    let desk = Desk::new(&json!({}), &[("budgets", budgets)]);
    let (mut robot, mut admin) = (desk.robot(), desk.daemon.client());
    let priced = |tool: &str| json!({ "agentId": AGENT, "toolName": tool, "toolInput": {}, "cost": { "usd": "0.90" } });
    // Asked because of its tool, when the budget was full.
    let id = ask(&mut robot, &priced("deploy"));
    let seen = approve(&mut desk.person("alice"), &id);
    let shop = seen["context"]["meters"]
        .as_array()
        .unwrap()
        .iter()
        .find(|own| own["meter"] == "budgets/shop")
        .unwrap();
    assert_eq!((&seen["code"], &shop["left"]), (&json!("approval-tool"), &json!("1.000000")), "{seen}");
    // Then the budget is spent on something else.
    assert_eq!(evaluate(&mut robot, &priced("pay"))["permitted"], true);
    let told = evaluate(&mut robot, &with_id(&priced("deploy"), &id));
    assert_eq!(told["permitted"], false, "1.80 of 1.00, and nobody was asked: {told}");
    assert_eq!(ledger::standings(&mut admin, AGENT)["budgets/shop"], (0, 900_000));
}

/// Where the policy counts no points, a session is still one that has to be there.
#[test]
fn an_ended_session_is_none_without_a_risk_budget_either() {
    let desk = Desk::new(&json!({}), &[("budgets", json!([]))]);
    let mut policy = asking(&json!({}), &[("budgets", json!([]))]);
    policy.as_object_mut().unwrap().remove("riskBudget");
    desk.replace("1.0.1", &policy);
    let mut robot = desk.robot();
    let session = robot.post("/v1/sessions", &json!({ "agentId": AGENT })).ok()["sessionId"].clone();
    let body = {
        let mut body = deploy();
        body["sessionId"] = session.clone();
        body
    };
    let id = ask(&mut robot, &body);
    approve(&mut desk.person("alice"), &id);
    robot.delete(&format!("/v1/sessions/{}", session.as_str().unwrap())).ok();
    let told = evaluate(&mut robot, &with_id(&body, &id));
    assert_eq!(told["permitted"], false, "the session is over: {told}");
}

/// People are asked so often and no more, and what was asked before is as good as ever.
#[test]
fn a_flood_of_questions_ends() {
    let desk = Desk::new(&json!({}), &[]);
    let (mut robot, mut alice) = (desk.robot(), desk.person("alice"));
    let numbered =
        |number: u32| json!({ "agentId": AGENT, "toolName": "deploy", "toolInput": { "n": number } });
    let first = ask(&mut robot, &numbered(0));
    let asked = (1..200)
        .take_while(|number| evaluate(&mut robot, &numbered(*number))["decision"] == "escalate")
        .count();
    assert!((20..150).contains(&asked), "{asked}");
    check_denied(&evaluate(&mut robot, &numbered(199)), "approval-too-many");
    // Taking questions back makes no room for others, and a waiting one still waits.
    robot.post(&format!("/v1/approvals/{first}/cancel"), &json!({})).ok();
    check_denied(&evaluate(&mut robot, &numbered(199)), "approval-too-many");
    check_denied(&evaluate(&mut robot, &numbered(0)), "approval-too-many");
    let second = ask(&mut robot, &numbered(1));
    approve(&mut alice, &second);
    check_approved(&evaluate(&mut robot, &numbered(1)));
    // What needs no person goes ahead as before.
    let search = json!({ "agentId": AGENT, "toolName": "search", "toolInput": {} });
    assert_eq!(evaluate(&mut robot, &search)["permitted"], true);
}

/// The harness sends the same event again: once it goes ahead.
#[test]
fn a_hook_uses_an_answer_once() {
    let desk = Desk::new(
        &json!({ "tools": ["Bash"] }),
        &[("toolActions", json!({ "bash": { "allow": ["git *"] } }))],
    );
    let mut robot = desk.robot();
    let mut event = |session: &str, number: u32| {
        let body = json!({
            "hook_event_name": "PreToolUse", "session_id": session, "cwd": "/w", "tool_name": "Bash",
            "tool_input": { "command": "git push" }, "tool_use_id": format!("toolu_{number}"),
        });
        let told = robot.post(&format!("/v1/hooks/claude-code?agent={AGENT}"), &body).ok();
        let own = &told["hookSpecificOutput"];
        (
            own["permissionDecision"].clone(),
            own["permissionDecisionReason"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let (decision, reason) = event("s1", 1);
    assert_eq!(decision, "deny", "{reason}");
    let id = reason.split_whitespace().find(|own| own.starts_with("apr_")).expect("the question");
    let id = id.trim_end_matches([';', '.', ',']);
    approve(&mut desk.person("alice"), id);
    assert_eq!(event("s2", 2).0, "deny", "another session is another call");
    assert_eq!(event("s1", 3).0, "allow");
    for number in 4..8 {
        let (decision, reason) = event("s1", number);
        assert!(decision == "deny" && !reason.contains(id), "{reason}");
    }
}

/// A note is for people: without secrets, without controls, and nothing else comes with it.
#[test]
fn a_note_is_a_note() {
    let desk = Desk::new(&json!({}), &[]);
    let (mut robot, mut alice) = (desk.robot(), desk.person("alice"));
    let id = ask(&mut robot, &deploy());
    let path = format!("/v1/approvals/{id}/approve");
    for wrong in [
        r#"{"note":7}"#,
        r#"{"note":["x"]}"#,
        r#"{"notes":"x"}"#,
        r#"{"note":"x","note":"y"}"#,
        r#"{"subject":"bob"}"#,
        r#"{"quorum":0}"#,
        "[]",
        "7",
        "{",
        "\"x\"",
    ] {
        let reply = alice.send("POST", &path, &[], Some(wrong));
        assert_eq!(reply.status, 400, "{wrong}: {reply:?}");
    }
    let secret = format!("{}\u{1b}[31m AKIAIOSFODNN7EXAMPLE password=hunter2hunter2", "n".repeat(20));
    let told = alice.post(&path, &json!({ "note": secret })).ok();
    let note = told["answers"][0]["note"].as_str().unwrap();
    assert!(!note.contains('\u{1b}') && !note.contains("AKIAIOSFODNN7EXAMPLE"), "{note}");
    let said = entries(&mut desk.daemon.client(), "approval-answer");
    assert_eq!(said[0]["note"], json!(note));
    check_approved(&evaluate(&mut robot, &deploy()));
    check_denied(&evaluate(&mut robot, &with_id(&deploy(), &id)), "approval-used");
}

/// A policy that nobody can ever satisfy is told to whoever writes it.
#[test]
fn quorum_that_no_list_reaches_is_a_mistake() {
    let desk = Desk::new(&json!({}), &[]);
    let mut admin = desk.daemon.client();
    for approvals in [
        json!({ "approvers": ["alice"], "quorum": 2 }),
        json!({ "approvers": ["alice", "alice"], "quorum": 2 }),
        json!({ "approvers": [], "quorum": 1 }),
        json!({ "quorum": 0 }),
        json!({ "expiresSeconds": 9 }),
    ] {
        let told = admin.post("/v1/validate", &json!({ "soe": asking(&approvals, &[]) })).ok();
        let is_told =
            told["valid"] == false || told["warnings"].as_array().is_some_and(|own| !own.is_empty());
        assert!(is_told, "{approvals}: {told}");
    }
}

#[test]
fn duplicate_members_are_no_call() {
    let desk = Desk::new(&json!({}), &[]);
    let mut robot = desk.robot();
    let told = send_input(&mut robot, r#"{"amount":1,"amount":1000}"#);
    assert_eq!((&told["permitted"], told.get("approval")), (&json!(false), None), "{told}");
    for body in [
        r#"{"agentId":"buyer","appId":"other","toolName":"deploy","toolInput":{}}"#,
        r#"{"agentId":"buyer","toolName":"deploy","toolName":"search","toolInput":{}}"#,
        r#"{"agentId":"buyer","toolName":"deploy","toolInput":{},"toolInput":{"a":1}}"#,
        r#"{"agentId":"buyer","toolName":"deploy","toolInput":{},"approvalId":"a","approvalId":"b"}"#,
    ] {
        let reply = robot.send("POST", "/v1/evaluate", &[], Some(body));
        assert_eq!(reply.status, 400, "{reply:?}");
    }
}
