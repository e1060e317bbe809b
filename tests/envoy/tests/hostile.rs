//! Orders of events in the real proxy that are rare and must not hurt.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_asserts_for_indexing,
    reason = "a test fails loudly"
)]

use std::time::Duration;

use sentinel_envoy_tests::client::{get, request, send};
use sentinel_envoy_tests::{Answer, Bootstrap, Envoy, Upstream, module, wasm};
use serde_json::{Value, json};

/// A policy with a meter, so that each call goes to the daemon.
fn policy() -> Value {
    json!({
        "agentId": "a", "version": "1",
        "identity": { "authorityLevel": "full-ops", "environmentScope": ["development"] },
        "rateLimits": { "maxCallsPerMinute": 1000 },
        "toolActions": { "allowed": ["search"] },
        "network": { "rules": [{ "hosts": ["model.example"], "llm": true }] },
    })
}

/// Says yes, to what a model wants to call only after a while.
fn daemon(slow: Duration) -> Upstream {
    Upstream::answering(move |request| {
        if request.target != "/v1/evaluate" {
            return Answer::new(503, "text/plain", "");
        }
        let call: Value = serde_json::from_slice(&request.body).expect("a call");
        let answer = Answer::json(&json!({
            "decision": "allow", "permitted": true, "reason": "r", "code": "tool-allowed", "layer": "deterministic",
            "verdictId": "v", "agentId": call["agentId"], "toolName": call["toolName"],
        }));
        if call["toolName"] == "http" { answer } else { answer.after(slow) }
    })
}

fn envoy(upstream: &Upstream, daemon: &Upstream) -> Envoy {
    let configuration = json!({
        "agentId": "a", "policy": policy(), "record": "none",
        "daemon": { "cluster": "daemon", "timeoutMs": 60_000 },
    });
    let filter = wasm(module::sentinel(), &configuration);
    Envoy::start(&Bootstrap::new(upstream.port()).daemon(daemon.port()).filter(filter).build())
}

const TEXT: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello\"}}]}\n\n";
const CALL: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"1\",\"type\":\"function\",\"function\":{\"name\":\"search\",\"arguments\":\"{}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\n";
const USAGE: &str = "data: {\"choices\":[],\"usage\":{}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

/// Text that may go on at once stands in front of a call that is being decided, and more comes meanwhile;
/// or the call stands alone, and nothing comes.
#[test]
fn a_stream_goes_on_while_a_call_in_it_is_decided() {
    let daemon = daemon(Duration::from_millis(250));
    for chunks in [
        vec![format!("{TEXT}{CALL}"), USAGE.to_owned(), USAGE.to_owned(), USAGE.to_owned(), DONE.to_owned()],
        vec![
            TEXT.to_owned(),
            CALL.to_owned(),
            USAGE.to_owned(),
            USAGE.to_owned(),
            USAGE.to_owned(),
            DONE.to_owned(),
        ],
        vec![CALL.to_owned()],
        vec![format!("{TEXT}{CALL}{DONE}")],
        vec![format!("{TEXT}{CALL}")],
    ] {
        let whole = chunks.concat();
        let gap = Duration::from_millis(100);
        let upstream = Upstream::answering(move |request| {
            if request.method == "GET" {
                return Answer::new(200, "text/plain", "upstream");
            }
            let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
            Answer::stream("text/event-stream", &chunks, gap)
        });
        let envoy = envoy(&upstream, &daemon);
        let json = [("content-type", "application/json")];
        let bytes = request("POST", "model.example", "/v1/chat/completions", &json, b"{\"stream\":true}");
        let response = send(envoy.port(), &bytes).expect("an answer");
        assert!(response.complete, "{}\n{}", response.text(), envoy.log());
        assert_eq!(response.text(), whole);
        assert_eq!(get(envoy.port(), "model.example", "/").status, 200, "the filter lives");
    }
}

/// Headers behind an answer that is read: the body ends in the callback of the trailers.
#[test]
fn an_answer_with_trailers_is_read_to_its_end() {
    let daemon = daemon(Duration::from_millis(250));
    let whole = r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"hi","tool_calls":[{"id":"1","type":"function","function":{"name":"search","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#;
    for (kind, chunks) in [
        ("application/json", vec![whole.to_owned()]),
        ("application/json", vec![whole[..40].to_owned(), whole[40..].to_owned()]),
        ("text/event-stream", vec![TEXT.to_owned(), CALL.to_owned()]),
        ("text/event-stream", vec![format!("{TEXT}{CALL}{DONE}")]),
        ("text/event-stream", vec![TEXT.to_owned(), TEXT.trim_end().to_owned()]),
    ] {
        let sent = chunks.concat();
        let upstream = Upstream::answering(move |request| {
            if request.method == "GET" {
                return Answer::new(200, "text/plain", "upstream");
            }
            let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
            Answer::stream(kind, &chunks, Duration::from_millis(50)).trailer("x-end", "1")
        });
        let configuration = json!({
            "agentId": "a", "policy": policy(), "record": "none",
            "daemon": { "cluster": "daemon", "timeoutMs": 60_000 },
        });
        let mut cluster = sentinel_envoy_tests::bootstrap::cluster("trailing", upstream.port());
        cluster["typed_extension_protocol_options"] = json!({
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": { "http_protocol_options": { "enable_trailers": true } },
            },
        });
        let bootstrap = Bootstrap::new(upstream.port())
            .daemon(daemon.port())
            .cluster(cluster)
            .route(json!({ "match": { "prefix": "/" }, "route": { "cluster": "trailing" } }))
            .filter(wasm(module::sentinel(), &configuration));
        let envoy = Envoy::start(&bootstrap.build());
        let json = [("content-type", "application/json")];
        let bytes = request("POST", "model.example", "/v1/chat/completions", &json, b"{}");
        let response = send(envoy.port(), &bytes).expect("an answer");
        assert!(response.complete, "{kind} {sent}: {}\n{}", response.text(), envoy.log());
        assert_eq!(response.text(), sent, "{kind}");
        assert_eq!(get(envoy.port(), "model.example", "/").status, 200, "the filter lives: {kind} {sent}");
    }
}

/// One frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Reads frames until stream 1 is answered or reset, or the connection ends.
fn until_it_is_over(connection: &mut sentinel_envoy_tests::Connection) {
    let mut bytes = Vec::new();
    loop {
        let mut rest = bytes.as_slice();
        while let [a, b, c, kind, _, _, _, _, stream, after @ ..] = rest {
            let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
            let Some(after) = after.get(length..) else { break };
            // HEADERS or RST_STREAM of it, or GOAWAY.
            if matches!((kind, stream), (1 | 3, 1) | (7, _)) {
                return;
            }
            rest = after;
        }
        // A connection that is reset has ended as well.
        let more = connection.read_some(4096).unwrap_or_default();
        if more.is_empty() {
            return;
        }
        bytes.extend(more);
    }
}

/// A length that is declared is decided; in HTTP/2 nothing but the proxy makes it true.
#[test]
fn a_body_is_as_long_as_it_says() {
    let policy = json!({
        "agentId": "a", "version": "1",
        "identity": { "authorityLevel": "full-ops", "environmentScope": ["development"] },
        "network": { "allowHosts": ["small.example"], "maxBodyBytes": 4 },
    });
    for (length, body, arrives) in [("4", &b"1234"[..], true), ("4", b"123456789", false), ("0", b"x", false)]
    {
        // Nobody is connected to the upstream before: on a connection that is ready a head whose length is 0
        // may have left, and be a whole request, when the proxy reads what is wrong with it.
        let upstream = Upstream::start();
        let filter = wasm(module::sentinel(), &json!({ "agentId": "a", "policy": policy }));
        let envoy = Envoy::start(&Bootstrap::new(upstream.port()).filter(filter).build());
        let mut block = Vec::new();
        for (name, value) in [
            (":method", "POST"),
            (":scheme", "http"),
            (":authority", "small.example"),
            (":path", "/"),
            ("content-length", length),
        ] {
            block.push(0);
            for text in [name, value] {
                block.push(u8::try_from(text.len()).expect("short"));
                block.extend_from_slice(text.as_bytes());
            }
        }
        let mut connection = sentinel_envoy_tests::Connection::open(envoy.port());
        let bytes = [
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
            frame(4, 0, 0, &[]),
            frame(1, 4, 1, &block),
            frame(0, 1, 1, body),
        ];
        connection.send(&bytes.concat());
        until_it_is_over(&mut connection);
        if !arrives {
            // Nothing comes later, either.
            std::thread::sleep(Duration::from_millis(500));
        }
        let seen = upstream.requests();
        let whole = seen.iter().any(|request| request.complete);
        assert_eq!(whole, arrives, "{length}: {seen:?}");
        assert!(seen.iter().all(|request| request.body.len() <= 4), "{length}: {seen:?}");
    }
}
