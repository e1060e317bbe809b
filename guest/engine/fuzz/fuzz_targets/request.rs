//! Any bytes as a request over HTTP, written nearly as on the wire: there is a decision with a reason, what is
//! allowed says where it goes, and the call that others are told is decided as the request was.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sentinel_engine::{
    Actor, Exchange, Format, HttpHead, HttpRequest, Outcome, Policy, Resolved, Told, decide_bytes,
};

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let text = r#"{
        "agentId": "a",
        "version": "1",
        "identity": { "authorityLevel": "full-ops", "environmentScope": ["development"] },
        "toolActions": { "allowed": ["mcp__files__echo", "mcp__at__echo"] },
        "network": {
            "allowHosts": ["api.example", "*.b.example:*", "10.0.0.0/8"],
            "denyHosts": ["x.b.example"],
            "denyPaths": ["/admin/**"],
            "rules": [
                { "hosts": ["read.example"], "methods": ["GET"], "allowPaths": ["/v1/**", "/a/*b"] },
                { "hosts": ["tools.example"], "mcp": { "server": "files", "allowTools": ["echo"] } },
                { "hosts": ["at.example"], "mcp": { "server": "at", "paths": ["/mcp"] } },
                { "hosts": ["model.example"], "llm": true },
                { "hosts": ["paid.example"], "x402": { "maxPerPayment": "1.00" } },
                { "hosts": ["t.example"], "tunnel": true }
            ]
        },
        "rules": [
            { "name": "w", "tools": ["http"], "when": { "param": "body", "operator": "contains", "value": "rm" }, "action": "block" }
        ]
    }"#;
    Policy::load(text, Format::Json).unwrap_or_else(|found| panic!("{found:?}"))
});

const ACTOR: Actor<'_> = Actor { agent_id: "a", environment: None, session_id: None, secret: None };

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.windows(2).position(|two| two == b"\n\n");
    let (head, body) = end.map_or((bytes, None), |end| (&bytes[..end], Some(&bytes[end + 2..])));
    let Ok(head) = std::str::from_utf8(head) else { return };
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().splitn(4, ' ');
    let mut word = || words.next().unwrap_or_default();
    let (method, scheme, authority, path) = (word(), word(), word(), word());
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(": ")).collect();
    let head = HttpHead { method, scheme, authority, path, headers: &headers };
    let request = HttpRequest { head, body, resolved: Resolved::Unknown };
    let exchange = Exchange::of_request(&POLICY, &ACTOR, &request, true);
    let decision = exchange.decision();
    assert!(!decision.reasons.is_empty(), "a decision without a reason");
    assert!(decision.outcome != Outcome::Allow || decision.forward.is_some(), "allowed, and going nowhere");
    let call = exchange.call().expect("a call that was kept");
    let told = decide_bytes(&POLICY, call);
    // Of what is denied nobody is asked.
    assert!(
        decision.outcome == Outcome::Deny || told.outcome == decision.outcome,
        "{decision:?}\n{told:?}\n{}",
        String::from_utf8_lossy(call)
    );
    let words =
        Told { reason: "r", code: "c", verdict_id: Some("v"), policy_digest: None, approval: Some("p") };
    for outcome in [Outcome::Deny, Outcome::Escalate] {
        let _ = exchange.denial(outcome, &words);
    }
});
