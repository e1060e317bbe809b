//! How long it takes to read a message of the Model Context Protocol, and to filter what a server
//! answers.

#![expect(clippy::expect_used, reason = "a bench that cannot be set up has to stop")]

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use sentinel_engine::mcp::{Answer, Headers, filter, read};

const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1.0.0"},"io.modelcontextprotocol/clientCapabilities":{}}"#;

/// A call of 4 KiB: one long text, as when a file is written, or many short values.
fn calls() -> [(&'static str, String); 2] {
    let body = |arguments: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":17,"method":"tools/call","params":{{{META},"name":"write_file","arguments":{arguments}}}}}"#
        )
    };
    let text = "    let total = items.iter().map(|item| item.price).sum();\\n".repeat(65);
    let edits: Vec<String> =
        (0..70).map(|n| format!(r#"{{"line":{n},"old":"alpha {n}","new":"beta {n}","all":true}}"#)).collect();
    [
        ("call-4k-text", body(&format!(r#"{{"path":"/workspace/src/total.rs","content":"{text}"}}"#))),
        (
            "call-4k-values",
            body(&format!(r#"{{"path":"/workspace/src/total.rs","edits":[{}]}}"#, edits.join(","))),
        ),
    ]
}

fn list(tools: usize) -> String {
    let tool = |n: usize| {
        format!(
            r#"{{"name":"tool_{n}","description":"Does what number {n} does, with care and in order.","inputSchema":{{"type":"object","properties":{{"path":{{"type":"string","description":"Where"}},"count":{{"type":"integer"}}}},"required":["path"]}}}}"#
        )
    };
    let tools: Vec<String> = (0..tools).map(tool).collect();
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"result":{{"resultType":"complete","tools":[{}],"ttlMs":300000,"cacheScope":"public"}}}}"#,
        tools.join(",")
    )
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("mcp");
    let headers: [(&[u8], &[u8]); 6] = [
        (b"host", b"mcp.example.com"),
        (b"content-type", b"application/json"),
        (b"accept", b"application/json, text/event-stream"),
        (b"mcp-protocol-version", b"2026-07-28"),
        (b"mcp-method", b"tools/call"),
        (b"mcp-name", b"write_file"),
    ];
    for (name, body) in calls() {
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                read(black_box(body.as_bytes()), &Headers::of(headers)).expect("the bench call is one")
            });
        });
    }
    let may_see = |name: &str| !name.ends_with('7');
    let list = list(50);
    group.throughput(Throughput::Bytes(list.len() as u64));
    group.bench_function("list-50", |b| {
        b.iter(|| filter(black_box(list.as_bytes()), &may_see).expect("the bench list is one"));
    });
    let event = format!("event: message\ndata: {list}\n\n");
    group.bench_function("stream-list-50", |b| {
        b.iter(|| {
            let mut answer = Answer::new("text/event-stream");
            let mut bytes = 0;
            for piece in event.as_bytes().chunks(1_400) {
                bytes +=
                    answer.push(black_box(piece), false, &may_see).expect("the bench stream is one").len();
            }
            bytes
        });
    });
    group.finish();
    criterion.final_summary();
}
