//! What hostile and unlucky clients sent: each test is a way around the policy that was open once.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail loudly")]

use sentinel_engine::{
    Actor, AnswerPlan, Exchange, Format, HttpHead, HttpRequest, Outcome, Policy, Resolved, decide_bytes,
};
use serde_json::{Value, json};

fn policy() -> Policy {
    let text = json!({
        "agentId": "a", "version": "1",
        "identity": { "authorityLevel": "full-ops", "environmentScope": ["development"] },
        "toolActions": { "toolMap": { "mcp__files__open": { "read": ["name"] } } },
        "dataAccess": { "readAllow": ["src/**"] },
        "rules": [
            { "name": "small", "tools": ["mcp__files__pay"], "action": "block",
              "when": { "param": "amount", "operator": "gt", "value": 10 } },
            { "name": "no-drop", "tools": ["http"], "action": "block",
              "when": { "param": "path", "operator": "eq", "value": "/drop" } },
            { "name": "no-host", "tools": ["http"], "action": "block",
              "when": { "param": "authority", "operator": "eq", "value": "loud.example" } },
        ],
        "network": {
            "allowHosts": ["api.example", "loud.example"],
            "x402": { "maxPerPayment": "0.50" },
            "rules": [
                { "hosts": ["files.example"], "mcp": { "server": "files", "allowTools": ["echo", "pay", "open"] } },
                { "hosts": ["model.example"], "llm": true },
            ],
        },
    });
    Policy::load(&text.to_string(), Format::Json).expect("the policy loads")
}

fn open(method: &str, authority: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Exchange {
    let actor = Actor { agent_id: "a", environment: None, session_id: None, secret: None };
    let head = HttpHead { method, scheme: "http", authority, path, headers };
    let request = HttpRequest { head, body: body.map(str::as_bytes), resolved: Resolved::Unknown };
    Exchange::of_request(&policy(), &actor, &request, true)
}

/// Outcome and code, of the request and of the call that goes to the daemon.
#[track_caller]
fn check(exchange: &Exchange, outcome: Outcome, code: &str) {
    let call = exchange.call().expect("a call");
    let derived = decide_bytes(&policy(), call);
    for decision in [exchange.decision(), &derived] {
        assert_eq!(decision.outcome, outcome, "{:?} {}", decision.reasons, String::from_utf8_lossy(call));
        assert_eq!(decision.reasons[0].code, code, "{:?}", decision.reasons);
    }
}

const PAYEE: &str = "0x5AfeC0deD0D0cAfeF00dD00dBEEF00c0FFEe0001";

fn payment(amount: &str) -> Value {
    json!({
        "x402Version": 2,
        "accepted": {
            "scheme": "exact", "network": "eip155:84532", "amount": amount, "payTo": PAYEE,
            "asset": "0x036CbD53842c5426634e7929541eC2318f3dCF7e", "maxTimeoutSeconds": 90,
        },
        "payload": { "signature": "0x1b", "authorization": {
            "from": "0xA11CE00000000000000000000000000000000000", "to": PAYEE, "value": amount,
            "validAfter": "1", "validBefore": "2", "nonce": "0x77",
        } },
    })
}

fn header(amount: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(payment(amount).to_string())
}

fn call(name: &str, params: &Value) -> String {
    let mut params = params.clone();
    params["name"] = json!(name);
    json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string()
}

fn tool(headers: &[(&str, &str)], name: &str, params: &Value) -> Exchange {
    open("POST", "files.example", "/mcp", headers, Some(&call(name, params)))
}

/// The daemon decides the call that the request stands for, and has to see the same arguments.
#[test]
fn a_tool_that_is_paid_for_keeps_its_arguments() {
    let paid = header("250000");
    let headers = [("payment-signature", paid.as_str())];
    let arguments = |amount: u64| json!({ "arguments": { "amount": amount } });
    check(&tool(&headers, "pay", &arguments(3)), Outcome::Allow, "host-allowed");
    check(&tool(&headers, "pay", &arguments(11)), Outcome::Deny, "rule-block");
}

/// x402 over MCP carries the payment in `_meta`.
#[test]
fn a_payment_in_the_message_is_money_too() {
    let paid = |amount: &str| json!({ "arguments": {}, "_meta": { "x402/payment": payment(amount) } });
    let exchange = tool(&[], "echo", &paid("250000"));
    check(&exchange, Outcome::Allow, "host-allowed");
    assert_eq!(exchange.decision().value, Some(250_000));
    check(&tool(&[], "echo", &paid("500001")), Outcome::Deny, "payment-too-large");
    let twice = header("1");
    let both = tool(&[("payment-signature", &twice)], "echo", &paid("1"));
    assert_eq!(both.decision().reasons[0].code, "payment-malformed");
    let no_payment = json!({ "arguments": {}, "_meta": { "x402/payment": "signed" } });
    assert_eq!(tool(&[], "echo", &no_payment).decision().reasons[0].code, "payment-malformed");
    let other = json!({ "jsonrpc": "2.0", "id": 1, "method": "resources/read",
        "params": { "uri": "x://y", "_meta": { "x402/payment": payment("1") } } });
    let other = open("POST", "files.example", "/mcp", &[], Some(&other.to_string()));
    assert_eq!(other.decision().outcome, Outcome::Deny);
}

/// Rules speak of what is forwarded, however it was written.
#[test]
fn rules_see_the_canonical_request() {
    for path in ["/drop", "/x/../drop", "/%64rop", "/./drop"] {
        check(&open("GET", "api.example", path, &[], None), Outcome::Deny, "rule-block");
    }
    for authority in ["loud.example", "LOUD.example", "loud.example.", "loud.example:80"] {
        check(&open("GET", authority, "/", &[], None), Outcome::Deny, "rule-block");
    }
}

/// Some servers take the last of the keys that are alike but for letter case.
#[test]
fn arguments_that_differ_in_letter_case_only_are_refused() {
    let arguments = |own: Value| json!({ "arguments": own });
    check(&tool(&[], "pay", &arguments(json!({ "amount": 1 }))), Outcome::Allow, "host-allowed");
    for own in [json!({ "amount": 1, "Amount": 1000 }), json!({ "AMOUNT": 1000, "amount": 1 })] {
        check(&tool(&[], "pay", &arguments(own)), Outcome::Deny, "argument-ambiguous");
    }
    let unread = arguments(json!({ "path": 1, "Path": 2 }));
    check(&tool(&[], "echo", &unread), Outcome::Allow, "host-allowed");
    let own = json!({ "name": "src/x", "Name": "/etc/shadow" });
    check(&tool(&[], "open", &arguments(own)), Outcome::Deny, "argument-ambiguous");
}

/// A response that was made in the background is fetched later, and has the same calls in it.
#[test]
fn answers_of_a_model_that_are_fetched_later_are_read() {
    let header = |name: &str| (name == "content-type").then(|| "application/json".to_owned());
    for (method, path, is_read) in [
        ("GET", "/v1/responses/resp_1", true),
        ("GET", "/v1/responses/resp_1?stream=true", true),
        ("POST", "/v1/responses/resp_1/cancel", true),
        ("GET", "/v1/chat/completions/chatcmpl_1", true),
        ("POST", "/v1/responses", true),
        ("GET", "/v1/responses/resp_1/input_items", false),
        ("DELETE", "/v1/responses/resp_1", false),
        ("GET", "/v1/models", false),
        ("POST", "/v1/messages/count_tokens", false),
    ] {
        let exchange = open(method, "model.example", path, &[], None);
        let plan = exchange.answer(200, &header);
        assert_eq!(matches!(plan, AnswerPlan::Read(_)), is_read, "{method} {path}");
        assert_eq!(exchange.reads_answer(), is_read, "{method} {path}");
    }
}

/// Keys under names of their own are keys all the same.
#[test]
fn values_of_credentials_are_not_told() {
    for name in [
        "authorization",
        "x-vault-token",
        "apikey",
        "x-auth-key",
        "xi-api-key",
        "private-token",
        "x-shopify-access-token",
        "x-client-secret",
        "x-rapidapi-key",
        "x-amz-security-token",
        "set-cookie",
        "dd-api-key",
        "x-subscription-token",
    ] {
        let exchange = open("GET", "api.example", "/", &[(name, "hunter2")], None);
        let call = String::from_utf8_lossy(exchange.call().expect("a call")).into_owned();
        assert!(!call.contains("hunter2"), "{name}: {call}");
    }
    for name in ["accept", "idempotency-key", "sec-websocket-key", "content-type", "x-keyboard"] {
        let exchange = open("GET", "api.example", "/", &[(name, "hunter2")], None);
        assert!(String::from_utf8_lossy(exchange.call().expect("a call")).contains("hunter2"), "{name}");
    }
}

/// Each tool of a list is decided, and the list is as long as the server likes.
#[test]
fn a_list_of_very_many_tools_is_withheld() {
    for (tools, is_read) in [(4_096, true), (4_097, false)] {
        let message = open("POST", "files.example", "/mcp", &[], Some(&call("echo", &json!({}))));
        let header = |name: &str| (name == "content-type").then(|| "application/json".to_owned());
        let AnswerPlan::Read(mut reader) = message.answer(200, &header) else { panic!("it is read") };
        let tools: Vec<Value> = (0..tools).map(|_| json!({ "name": "echo" })).collect();
        let list = json!({ "jsonrpc": "2.0", "id": 7, "result": { "tools": tools } }).to_string();
        reader.push(&policy(), list.as_bytes(), true).expect("an answer");
        let out = String::from_utf8(reader.take()).expect("UTF-8");
        assert_eq!(out.contains("echo"), is_read, "{out}");
        assert!(out.contains("\"id\":7"), "{out}");
    }
}
