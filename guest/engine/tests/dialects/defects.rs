//! What the other products get wrong with a policy, each by name, and that a converted one does not.

use super::support::{Asked, document, mistakes};
use sentinel_engine::Dialect::{Callguard, RulesJson, X402};
use serde_json::json;

const AMOUNT: &str = r#"{"rules": [{"id": "limit", "function_pattern": "transfer_*", "action": "block",
    "conditions": [{"param": "amount", "operator": "gt", "value": 100}]}]}"#;

#[test]
fn a_stringified_amount_does_not_pass_a_limit() {
    let asked = Asked::of(RulesJson, AMOUNT);
    for amount in [json!("5000"), json!([5000]), json!({"value": 5000}), json!("NaN")] {
        assert_eq!(asked.input("transfer_funds", &json!({"amount": amount})), "escalate", "{amount}");
    }
}

#[test]
fn an_unknown_operator_does_not_disable_a_rule() {
    for operator in ["GT", "startswith", "greater_than", ">", ""] {
        let text = AMOUNT.replace("\"gt\"", &json!(operator).to_string());
        assert_eq!(
            mistakes(RulesJson, &text),
            ["unknown-operator /rules/0/conditions/0/operator"],
            "{operator}"
        );
    }
}

#[test]
fn the_sample_of_their_own_documents_is_accepted() {
    document(RulesJson, include_str!("../testdata/rules.json"));
}

#[test]
fn extra_keyword_arguments_are_seen_by_conditions() {
    // There, `**kw` arrives as one argument, and a condition on a name inside never holds.
    assert_eq!(
        Asked::of(RulesJson, AMOUNT).input("transfer_funds", &json!({"to": "x", "amount": 101})),
        "deny"
    );
}

#[test]
fn a_misspelt_key_does_not_make_a_policy_permissive() {
    for text in ["denied_action: [x]\n", "allowed_action: [x]\n", "budget: {run: 1}\n", "Budgets: {run: 1}\n"]
    {
        assert_eq!(mistakes(Callguard, text).len(), 1, "{text}");
    }
}

#[test]
fn an_empty_allow_list_does_not_lift_the_restriction() {
    assert_eq!(mistakes(Callguard, "allowed_actions: []\n"), ["empty-list /allowed_actions"]);
    assert_eq!(mistakes(X402, r#"{"allowedEndpoints": []}"#), ["empty-list /allowedEndpoints"]);
}

#[test]
fn positional_arguments_do_not_skip_constraints() {
    // Here every argument has a name, and a call without any still lacks what is required.
    let text = "evidence: {argument_constraints: {pay: {required: [amount], properties: {amount: {type: number, maximum: 10}}}}}\n";
    let asked = Asked::of(Callguard, text);
    assert_eq!(asked.input("pay", &json!({})), "deny");
    assert_eq!(asked.input("pay", &json!({"amount": 11})), "deny");
    assert_eq!(asked.input("pay", &json!({"amount": 10})), "allow");
}

#[test]
fn not_a_number_does_not_pass_a_bound() {
    let text = "evidence: {argument_constraints: {pay: {properties: {amount: {maximum: 10}}}}}\n";
    let asked = Asked::of(Callguard, text);
    for amount in [json!("NaN"), json!("Infinity"), json!("11"), json!(true), json!([1])] {
        assert_eq!(asked.input("pay", &json!({"amount": amount})), "deny", "{amount}");
    }
}

#[test]
fn approvals_set_in_the_file_are_not_ignored() {
    let asked = Asked::of(Callguard, "require_approval: true\napproval_actions: [wire]\n");
    assert_eq!(asked.input("wire", &json!({})), "escalate");
}

#[test]
fn nobody_is_asked_about_what_is_denied() {
    let text = "require_approval: true\ndenied_actions: [wire]\napproval_threshold_usd: 1\n";
    assert_eq!(Asked::of(Callguard, text).costs("wire", "5.00"), "deny");
}

#[test]
fn commit_actions_are_not_forgotten() {
    let asked = Asked::of(Callguard, "evidence: {commit_actions: [wire]}\n");
    assert_eq!(asked.input("wire", &json!({})), "escalate");
}

#[test]
fn three_times_ten_cents_fit_thirty() {
    let asked = Asked::of(Callguard, "budgets: {run: 0.3}\n");
    let ask = |spent: u64| asked.call_at("f", &json!({}), &json!({"cost": {"usd": "0.10"}}), spent);
    assert_eq!(ask(200_000), "allow");
    assert_eq!(ask(200_001), "deny");
}

#[test]
fn amounts_by_accident_are_no_amounts() {
    for written in [".", "+1", "0x10", "1.-5"] {
        assert_eq!(
            mistakes(X402, &json!({"maxPerCall": written}).to_string()),
            ["bad-money /maxPerCall"],
            "{written}"
        );
    }
}

#[test]
fn a_blocked_endpoint_is_blocked_in_every_spelling() {
    let asked = Asked::of(X402, r#"{"blockedEndpoints": ["https://evil.com/*"]}"#);
    for endpoint in [
        "https://EVIL.COM/x",
        "HTTPS://evil.com/x",
        "https://evil.com:443/x",
        "https://user:pass@evil.com/x",
        "https://evil.com",
        "https://evil.com/a/../b",
    ] {
        assert_eq!(asked.call("pay", &json!({}), &json!({"endpoint": endpoint})), "deny", "{endpoint}");
    }
}

#[test]
fn other_characters_of_an_endpoint_are_plain() {
    let asked = Asked::of(X402, r#"{"blockedEndpoints": ["https://a.com/c++", "https://b.com/x"]}"#);
    let ask = |endpoint: &str| asked.call("pay", &json!({}), &json!({"endpoint": endpoint}));
    assert_eq!(ask("https://a.com/c++"), "deny");
    assert_eq!(ask("https://bxcom/x"), "allow");
}

#[test]
fn an_unknown_price_is_not_free() {
    assert_eq!(Asked::of(X402, r#"{"maxPerCall": "0.10"}"#).input("pay", &json!({})), "deny");
}

#[test]
fn approval_asks_a_person_instead_of_blocking() {
    let asked = Asked::of(X402, r#"{"requireApproval": {"above": "1.00"}}"#);
    assert_eq!(asked.costs("pay", "1.01"), "escalate");
}

#[test]
fn the_amount_that_asks_is_checked() {
    assert_eq!(
        mistakes(X402, r#"{"requireApproval": {"above": "lots"}}"#),
        ["bad-money /requireApproval/above"]
    );
}
