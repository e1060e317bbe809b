//! Any bytes as an answer that is read, of a server of MCP or of a model: what goes on is the same in whatever
//! pieces it came, and no list has a tool that may not be seen.
//!
//! The first byte says what was asked and what the answer is, the second where it is cut.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sentinel_engine::{
    Actor, AnswerPlan, Exchange, Format, HttpHead, HttpRequest, Outcome, Policy, Resolved, decide_bytes,
};

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let text = r#"{
        "agentId": "a",
        "version": "1",
        "identity": { "authorityLevel": "full-ops", "environmentScope": ["development"] },
        "toolActions": { "allowed": ["echo", "mcp__files__echo"] },
        "network": {
            "rules": [
                { "hosts": ["tools.example"], "mcp": { "server": "files", "allowTools": ["echo"] } },
                { "hosts": ["model.example"], "llm": true }
            ]
        }
    }"#;
    Policy::load(text, Format::Json).unwrap_or_else(|found| panic!("{found:?}"))
});

const ACTOR: Actor<'_> = Actor { agent_id: "a", environment: None, session_id: None, secret: None };

const REQUESTS: [(&str, &str, &str); 4] = [
    ("tools.example", "/mcp", r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#),
    ("model.example", "/v1/chat/completions", "{}"),
    ("model.example", "/v1/responses", "{}"),
    ("model.example", "/v1/messages", "{}"),
];

static EXCHANGES: LazyLock<Vec<Exchange>> = LazyLock::new(|| {
    let opened = REQUESTS.iter().map(|(authority, path, body)| {
        let headers =
            [("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
        let head = HttpHead { method: "POST", scheme: "https", authority, path, headers: &headers };
        let request = HttpRequest { head, body: Some(body.as_bytes()), resolved: Resolved::Unknown };
        let exchange = Exchange::of_request(&POLICY, &ACTOR, &request, false);
        assert_eq!(exchange.decision().outcome, Outcome::Allow, "{authority}{path}");
        exchange
    });
    opened.collect()
});

/// What the agent gets of an answer in these pieces, and whether it is all of it.
fn read(exchange: &Exchange, content_type: &str, pieces: &[&[u8]]) -> Option<(Vec<u8>, bool)> {
    let header = |name: &str| (name == "content-type").then(|| content_type.to_owned());
    let AnswerPlan::Read(mut reader) = exchange.answer(200, &header) else { return None };
    let mut out = Vec::new();
    for (number, piece) in pieces.iter().enumerate() {
        let is_end = number + 1 == pieces.len();
        let pushed = reader.push(&POLICY, piece, is_end);
        out.extend(reader.take());
        if pushed.is_err() {
            return Some((out, false));
        }
        while let Some(call) = reader.asked(&ACTOR) {
            let is_permitted = decide_bytes(&POLICY, &call).outcome == Outcome::Allow;
            let ruled = reader.ruled(is_permitted, "no");
            out.extend(reader.take());
            if ruled.is_err() {
                return Some((out, false));
            }
        }
        out.extend(reader.take());
    }
    Some((out, true))
}

fuzz_target!(|bytes: &[u8]| {
    let [kind, cut, answer @ ..] = bytes else { return };
    let exchange = &EXCHANGES[usize::from(kind % 4)];
    let is_stream = kind & 4 != 0;
    let content_type = if is_stream { "text/event-stream" } else { "application/json" };
    let whole = read(exchange, content_type, &[answer]);
    let (start, end) = answer.split_at(usize::from(*cut).min(answer.len()));
    let pieces = read(exchange, content_type, &[start, end]);
    if let (Some((whole, true)), Some((pieces, true))) = (&whole, &pieces) {
        assert!(
            lines(whole, is_stream) == lines(pieces, is_stream),
            "cut at {cut}:\n{}\n{}",
            String::from_utf8_lossy(whole),
            String::from_utf8_lossy(pieces)
        );
    }
    if kind % 4 == 0 && !is_stream {
        for (out, _) in [whole, pieces].into_iter().flatten() {
            check_list(&out);
        }
    }
});

/// What passes in a stream need not wait for what does: the order of lines may differ.
fn lines(out: &[u8], is_stream: bool) -> Vec<&[u8]> {
    let mut lines: Vec<&[u8]> = out.split(|byte| matches!(byte, b'\n' | b'\r')).collect();
    if is_stream {
        lines.sort_unstable();
    }
    lines
}

/// No list of tools that went on names a tool that may not be seen.
fn check_list(out: &[u8]) {
    let Ok(message) = serde_json::from_slice::<serde_json::Value>(out) else { return };
    let tools = message.pointer("/result/tools").and_then(serde_json::Value::as_array);
    for tool in tools.into_iter().flatten() {
        assert!(tool["name"] == "echo", "{message}");
    }
}
