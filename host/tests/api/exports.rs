//! Exports over HTTP: what they say that they cover, which calls are asked for, and that half a file
//! never looks like a whole one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sentinel_ledger::{Checkpoint, VerifyingKey};
use serde_json::{Value, json};

use crate::support::{Daemon, POLICY, Reply};

/// What ends a body that came as a whole.
const END: &[u8] = b"\r\n0\r\n\r\n";

fn pay(daemon: &Daemon, usd: &str) -> Value {
    let call = json!({ "agentId": "my-agent", "toolName": "pay", "toolInput": { "url": "https://x/" }, "cost": { "usd": usd } });
    daemon.post("/v1/evaluate", &call.to_string()).json()
}

fn rows(reply: &Reply) -> Vec<std::collections::BTreeMap<String, String>> {
    assert_eq!(reply.status, 200, "{reply:?}");
    let mut reader = csv::Reader::from_reader(reply.body.as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

/// A policy with labels and metadata.
fn labelled() -> Daemon {
    let daemon = Daemon::start();
    daemon.deploy(&POLICY.replacen(
        '{',
        r#"{"metadata":{"team":"red","humanSponsor":"carol"},"tags":[{"add":["money","eu"],"tools":["pay"]}],"#,
        1,
    ));
    daemon
}

#[test]
fn an_export_says_what_it_covers() {
    let daemon = labelled();
    let verdict = pay(&daemon, "0.25");
    let report = json!({ "agentId": "my-agent", "toolName": "pay", "verdictId": verdict["verdictId"], "cost": { "usd": "0.2" }, "durationMs": 7 });
    assert_eq!(daemon.post("/v1/audit", &report.to_string()).status, 200);
    let note = daemon.get("/v1/ledger/checkpoint").body;
    let key = VerifyingKey::decode(daemon.get("/v1/ledger/key").body.trim()).unwrap();
    let head = Checkpoint::open(&note, &[key]).unwrap();

    let csv = daemon.get("/v1/agents/my-agent/export/csv");
    let jsonl = daemon.get("/v1/agents/my-agent/export/jsonl");
    for (reply, kind, end) in
        [(&csv, "text/csv; charset=utf-8; header=present", "csv"), (&jsonl, "application/x-ndjson", "jsonl")]
    {
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.header("content-type"), Some(kind));
        let name = format!("attachment; filename=\"my-agent-{}.{end}\"", head.size());
        assert_eq!(reply.header("content-disposition"), Some(name.as_str()));
        assert_eq!(reply.header("x-sentinel-ledger-size"), Some(head.size().to_string().as_str()));
        assert_eq!(reply.header("x-sentinel-ledger-root"), Some(head.root().to_base64().as_str()));
        let sent = STANDARD.decode(reply.header("x-sentinel-ledger-checkpoint").unwrap()).unwrap();
        assert_eq!(String::from_utf8(sent).unwrap(), note);
        assert!(reply.bytes.ends_with(END));
    }
    let rows = rows(&csv);
    let [row] = &rows[..] else { panic!("{rows:?}") };
    for (name, expected) in [
        ("id", verdict["verdictId"].as_str().unwrap()),
        ("agent_id", "my-agent"),
        ("team", "red"),
        ("human_sponsor", "carol"),
        ("amount", "0.200000"),
        ("endpoint", "https://x/"),
        ("response_time_ms", "7"),
        ("policy_evaluation", "allowed"),
        ("created_at", verdict["timestamp"].as_str().unwrap()),
        ("outcome", "executed"),
        ("tags", "eu money"),
        ("leaf", verdict["ledger"]["leaf"].as_str().unwrap()),
        ("tool_input", r#"{"url":"https://x/"}"#),
    ] {
        assert_eq!(row[name], expected, "{name}");
    }
    let line: Value = serde_json::from_str(&jsonl.body).unwrap();
    assert_eq!(line["metadata"], json!({ "team": "red", "humanSponsor": "carol" }));
    for (name, cell) in row {
        match &line[name] {
            Value::Null => assert_eq!(cell, "", "{name}"),
            Value::String(text) => assert_eq!(cell, text, "{name}"),
            Value::Array(_) => {}
            other @ (Value::Bool(_) | Value::Number(_) | Value::Object(_)) => {
                assert_eq!(*cell, other.to_string(), "{name}");
            }
        }
    }
}

#[test]
fn parameters_ask_for_calls() {
    let daemon = labelled();
    assert_eq!(pay(&daemon, "0.25")["decision"], "allow");
    assert_eq!(pay(&daemon, "5.00")["decision"], "deny");
    daemon.post("/v1/evaluate", r#"{"agentId":"my-agent","toolName":"search_code","toolInput":{}}"#);
    let count = |query: &str| rows(&daemon.get(&format!("/v1/agents/my-agent/export/csv?{query}"))).len();
    for (query, expected) in [
        ("", 3),
        ("decision=deny", 1),
        ("decision=deny,allow", 3),
        ("tag=money", 2),
        ("tag=nothing,eu", 2),
        ("tag=nothing", 0),
        ("team=red", 3),
        ("team=blue", 0),
        ("limit=1", 1),
        ("from=2020-01-01", 3),
        ("to=2020-01-01", 0),
        ("from=2020-01-01T00:00:00%2B01:00&to=2999-01-01&decision=allow&tag=eu&team=red&limit=9", 1),
    ] {
        assert_eq!(count(query), expected, "{query}");
    }
    for (query, hint) in [
        ("from=yesterday", "2026-03-09T10:15:30Z"),
        ("to=17", "2026-03-09T10:15:30Z"),
        ("from=2020-01-01T00:00:00+01:00", "%2B"),
        ("from=2020-01-02&to=2020-01-02", "not before"),
        ("decision=maybe", "`allow`, `deny`, `escalate`"),
        ("decision=", "`allow`, `deny`, `escalate`"),
        ("tag=a,", "labels"),
        ("limit=0", "whole number"),
        ("limit=-1", "whole number"),
        ("limit=x", "whole number"),
        ("agent=other", "unknown query parameter"),
        ("tag=a&tag=b", "given twice"),
    ] {
        for form in ["csv", "jsonl"] {
            let reply = daemon.get(&format!("/v1/agents/my-agent/export/{form}?{query}"));
            assert_eq!((reply.status, reply.code().as_str()), (400, "bad-request"), "{query}");
            assert!(reply.json()["detail"].as_str().unwrap().contains(hint), "{query}: {reply:?}");
        }
    }
    assert_eq!(daemon.get("/v1/agents/nobody/export/csv").status, 404);
    assert_eq!(daemon.get("/v1/agents/..%2Fx/export/csv").status, 400);
    // An agent that never called has a table without rows.
    daemon.deploy(&POLICY.replace("my-agent", "quiet"));
    let quiet = daemon.get("/v1/agents/quiet/export/csv");
    assert!(rows(&quiet).is_empty() && quiet.body.starts_with("id,agent_id,"), "{quiet:?}");
    assert_eq!(daemon.get("/v1/agents/quiet/export/jsonl").body, "");
}

#[test]
fn an_entry_that_was_tampered_with_cuts_the_answer_off() {
    let daemon = labelled();
    let mut indexes = Vec::new();
    for _ in 0..600 {
        let body = r#"{"agentId":"my-agent","toolName":"search_code","toolInput":{"query":"needle"}}"#;
        indexes.push(daemon.post("/v1/evaluate", body).json()["ledger"]["index"].as_u64().unwrap());
    }
    let whole = daemon.get("/v1/agents/my-agent/export/csv");
    assert_eq!(rows(&whole).len(), 600);
    assert!(whole.bytes.ends_with(END));

    let tamper = |index: u64| {
        let connection = rusqlite::Connection::open(daemon.home().join("sentinel.db")).unwrap();
        let sql = "DROP TRIGGER IF EXISTS entries_stay; UPDATE entries SET body = replace(body, 'needle', 'noodle') WHERE seq =";
        connection.execute_batch(&format!("{sql} {index}")).unwrap();
    };
    tamper(indexes[0]);
    let cut = daemon.get("/v1/agents/my-agent/export/csv");
    assert_eq!(cut.status, 200, "it began well");
    assert!(!cut.bytes.ends_with(END) && cut.body.len() < whole.body.len(), "{}", cut.body.len());
    assert!(!cut.body.contains("noodle"));
    // Whoever does not ask for it gets everything.
    let newest = daemon.get("/v1/agents/my-agent/export/csv?limit=100");
    assert!(rows(&newest).len() == 100 && newest.bytes.ends_with(END));
    // Where it is found at once, nothing is sent.
    tamper(indexes[599]);
    let refused = daemon.get("/v1/agents/my-agent/export/jsonl");
    assert_eq!((refused.status, refused.code().as_str()), (500, "internal"), "{refused:?}");
}
