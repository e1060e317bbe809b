//! Calls that came in by HTTP: the tool is decided as ever, and the request beside it.

use sentinel_engine::{Layer, Outcome, decide_bytes};
use serde_json::{Value, json};

use crate::world::{code, with};

fn policy() -> sentinel_engine::Policy {
    with(&json!({
        "network": {
            "allowHosts": ["mcp.example"], "denyPaths": ["/private/**"], "methods": ["POST"], "blockPrivateIps": true
        },
        "toolActions": { "allowed": ["mcp__files__stat"] },
    }))
}

fn ask(tool: &str, http: &Value) -> sentinel_engine::Decision {
    let call = json!({ "agentId": "a", "toolName": tool, "toolInput": {}, "http": http });
    decide_bytes(&policy(), call.to_string().as_bytes())
}

fn http(more: &[(&str, Value)]) -> Value {
    let mut http = json!({
        "method": "POST", "scheme": "https", "authority": "mcp.example", "path": "/mcp", "resolvedIps": ["8.8.8.8"],
    });
    for (key, value) in more {
        http[*key] = value.clone();
    }
    http
}

#[test]
fn both_the_tool_and_the_request_have_to_be_allowed() {
    let decision = ask("mcp__files__stat", &http(&[]));
    assert_eq!(decision.outcome, Outcome::Allow);
    assert_eq!(decision.forward.map(|own| own.path), Some("/mcp".to_owned()));
    let layers: Vec<Layer> = decision.reasons.iter().map(|reason| reason.layer).collect();
    assert_eq!(layers, [Layer::Network, Layer::Deterministic]);
    for (more, expect) in [
        (("authority", json!("evil.example")), "host-not-allowed"),
        (("method", json!("GET")), "method-not-allowed"),
        (("path", json!("/private/x")), "path-denied"),
        (("path", json!("/%2e%2e")), "path-malformed"),
        (("resolvedIps", json!(["10.0.0.1"])), "address-private"),
        (("resolvedIps", json!([])), "addresses-unknown"),
        (("scheme", json!("ftp")), "http-bad-scheme"),
        (("headers", json!([])), "http-unknown-field"),
        (("body", json!("")), "http-unknown-field"),
        (("method", json!(1)), "http-wrong-type"),
    ] {
        assert_eq!(code(&ask("mcp__files__stat", &http(std::slice::from_ref(&more)))), expect, "{more:?}");
    }
}

#[test]
fn a_host_that_is_allowed_allows_no_tool() {
    assert_eq!(code(&ask("mcp__files__rm", &http(&[]))), "tool-unknown");
    assert_eq!(code(&ask("Bash", &http(&[]))), "argument-missing");
}

#[test]
fn a_request_does_not_come_in_by_a_request() {
    assert_eq!(code(&ask("http", &http(&[]))), "call-bad-http");
    assert_eq!(code(&ask("mcp__files__stat", &json!("x"))), "call-wrong-type");
}

#[test]
fn a_call_that_came_in_otherwise_is_decided_as_before() {
    let call = json!({ "agentId": "a", "toolName": "mcp__files__stat", "toolInput": {} }).to_string();
    let decision = decide_bytes(&policy(), call.as_bytes());
    assert_eq!((decision.outcome, decision.forward), (Outcome::Allow, None));
}
