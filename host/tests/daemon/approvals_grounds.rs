//! What a yes is for: every reason is told to who gives it, and whether it is worth anything.

use serde_json::{Value, json};

use crate::approvals::{AGENT, Desk, ask, asking, deploy, evaluate, say, with_id};

/// A deployment that needs a person for two reasons, the second of which costs money.
fn costly() -> Value {
    let mut call = deploy();
    call["cost"] = json!({ "usd": "2.50" });
    call
}

/// Whoever may answer and do nothing else is told all of it.
#[test]
fn every_reason_is_told_to_who_may_only_approve() {
    let desk = Desk::new(&json!({ "above": "1.00" }), &[]);
    let id = ask(&mut desk.robot(), &costly());
    let mut alice = desk.person("alice");
    assert_eq!(alice.get("/v1/agents/buyer/policy").status, 403, "she may not read the policy");
    let one = alice.get(&format!("/v1/approvals/{id}")).ok();
    let list = alice.get("/v1/approvals").ok()["approvals"][0].clone();
    let sender = desk.robot().get(&format!("/v1/approvals/{id}")).ok();
    for told in [&one, &list, &sender] {
        let reasons = told["reasons"].as_array().unwrap();
        let said: Vec<_> =
            reasons.iter().map(|own| [&own["code"], &own["layer"], &own["rule"]["pointer"]]).collect();
        assert_eq!(
            json!(said),
            json!([
                ["approval-above", "deterministic", "/approvals/above"],
                ["approval-tool", "deterministic", "/approvals/tools/0"],
            ]),
            "{told}"
        );
        assert_eq!((&reasons[0]["message"], &reasons[0]["code"]), (&told["reason"], &told["code"]));
        assert!(reasons[1]["message"].as_str().unwrap().contains("deploy"), "{told}");
        assert_eq!((&told["governs"], &told["moreReasons"]), (&json!(true), &Value::Null));
    }
    // They outlive the question, for whoever asks later what was approved.
    say(&mut alice, &id, "approve").ok();
    assert_eq!(evaluate(&mut desk.robot(), &with_id(&costly(), &id))["permitted"], true);
    let used = alice.get(&format!("/v1/approvals/{id}")).ok();
    assert_eq!((&used["status"], &used["reasons"]), (&json!("used"), &one["reasons"]));
}

/// What only the meters know is a reason as well, beside what the call says itself.
#[test]
fn a_budget_that_asks_is_told_beside_the_rule_that_asks() {
    let budgets = json!([{ "name": "day", "limit": "1.00", "per": "day", "onExceeded": "require_approval" }]);
    let desk = Desk::new(&json!({}), &[("budgets", budgets)]);
    let id = ask(&mut desk.robot(), &costly());
    let told = desk.person("alice").get(&format!("/v1/approvals/{id}")).ok();
    let codes: Vec<_> = told["reasons"].as_array().unwrap().iter().map(|own| own["code"].clone()).collect();
    assert_eq!(codes, ["approval-tool", "budget-approval"], "{told}");
}

/// What a reason quotes of a call goes with the call.
#[test]
fn a_part_of_a_call_is_told_while_there_is_something_to_decide() {
    let tools = json!({ "allowed": ["deploy"], "bash": { "allow": ["ls *"], "deny": ["rm -rf *"] } });
    let desk = Desk::new(&json!({}), &[("toolActions", tools)]);
    let command = "ls src; $TOOL secret-name";
    let call = json!({ "agentId": AGENT, "toolName": "Bash", "toolInput": { "command": command } });
    let id = ask(&mut desk.robot(), &call);
    let mut alice = desk.person("alice");
    let told = alice.get(&format!("/v1/approvals/{id}")).ok();
    // One place, two reasons: each would be lifted by a yes.
    let part = json!({ "text": "… secret-name", "start": 8, "end": command.len() });
    let said: Vec<_> =
        told["reasons"].as_array().unwrap().iter().map(|own| [&own["code"], &own["part"]]).collect();
    assert_eq!(json!(said), json!([["bash-possible-deny", part], ["bash-dynamic-program", part]]), "{told}");
    say(&mut alice, &id, "deny").ok();
    let denied = alice.get(&format!("/v1/approvals/{id}")).ok();
    let kept = denied["reasons"].as_array().unwrap();
    assert_eq!(kept.len(), said.len(), "{denied}");
    assert!(kept.iter().all(|own| own["part"].is_null() && own["message"].is_string()), "{denied}");
    assert!(!denied.to_string().contains("secret-name"), "{denied}");
}

/// A yes to a question of a policy that was replaced is worth nothing, and everybody is told before.
#[test]
fn a_question_says_when_its_policy_does_not_govern_any_more() {
    let desk = Desk::new(&json!({}), &[]);
    let id = ask(&mut desk.robot(), &deploy());
    let mut alice = desk.person("alice");
    let governs = |alice: &mut crate::client::Client| {
        let one = alice.get(&format!("/v1/approvals/{id}")).ok();
        let list = alice.get("/v1/approvals?status=all").ok()["approvals"][0].clone();
        assert_eq!(one["governs"], list["governs"]);
        one["governs"].as_bool().unwrap()
    };
    assert!(governs(&mut alice));
    desk.replace("9.0.0", &asking(&json!({ "quorum": 1 }), &[]));
    assert!(!governs(&mut alice));
    let answered = say(&mut alice, &id, "approve").ok();
    assert_eq!((&answered["status"], &answered["governs"]), (&json!("approved"), &json!(false)));
    let told = evaluate(&mut desk.robot(), &with_id(&deploy(), &id));
    assert_eq!((&told["permitted"], &told["code"]), (&json!(false), &json!("approval-policy-changed")));
    // The same text that governs again makes it a question of the governing policy again.
    let back = json!({ "revision": 1 });
    let mut admin = desk.daemon.client();
    assert_eq!(admin.post(&format!("/v1/agents/{AGENT}/rollback"), &back).status, 200);
    assert!(governs(&mut alice));
    assert_eq!(admin.delete(&format!("/v1/agents/{AGENT}/policy")).status, 200);
    assert!(!governs(&mut alice));
}
