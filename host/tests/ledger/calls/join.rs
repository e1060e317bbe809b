//! Rows: the verdict, what was reported of it, and who said yes.

use std::collections::BTreeMap;

use sentinel::state::EntryKind;
use serde_json::{Value, json};

use super::{call, entry, of, rows};
use crate::store::Store;

#[test]
fn a_row_is_the_verdict_and_what_came_of_it() {
    let input = json!({
        "url": "https://pay.example/x", "method": "POST", "asset": "USDC", "network": "base", "scheme": "exact",
        "payTo": "0xbb", "payer": "0xaa", "maxAmountRequired": "500000", "taskId": "t1", "status_code": 999,
    });
    let entries = [
        call(
            0,
            "buyer",
            "escalate",
            json!({ "approvalId": "apr_1", "value": 500_000, "permitted": false, "toolInput": input }),
        ),
        entry(
            1,
            EntryKind::ApprovalAnswer,
            "buyer",
            json!({ "answer": "approve", "approvalId": "apr_1", "subject": "alice" }),
        ),
        entry(
            2,
            EntryKind::ApprovalAnswer,
            "buyer",
            json!({ "answer": "deny", "approvalId": "apr_2", "subject": "eve" }),
        ),
        entry(
            3,
            EntryKind::ApprovalAnswer,
            "buyer",
            json!({ "answer": "approve", "approvalId": "apr_1", "subject": "bob" }),
        ),
        call(
            4,
            "buyer",
            "allow",
            json!({
                "approvalId": "apr_1", "value": 500_000, "permitted": true, "enforced": true, "toolInput": input,
                "charges": [{ "amount": 7, "held": false, "key": "", "meter": "m", "unit": "usd" }],
                "policy": { "digest": "sha256:00", "revision": 3, "version": "2.1" }, "riskPoints": 4,
                "metadata": { "team": "red", "humanSponsor": "carol", "costCenter": "42", "more": "x" },
                "tags": ["money", "large"], "sessionId": "ses_1", "runId": "run", "code": "c", "layer": "rules", "mode": "enforce",
                "subject": "token", "callDigest": "sha256:11",
            }),
        ),
        entry(
            5,
            EntryKind::Outcome,
            "buyer",
            json!({
                "verdictId": "main-4", "outcome": "executed", "cost": { "usd": 499_999 }, "durationMs": 81,
                "at": "2026-03-09T10:15:31.000Z", "toolOutput": { "transaction": "0xcc", "statusCode": 402, "facilitator": "f" },
            }),
        ),
        // Only the first report counts.
        entry(
            6,
            EntryKind::Outcome,
            "buyer",
            json!({
                "verdictId": "main-4", "outcome": "failed", "cost": { "usd": 1 }, "error": "again",
            }),
        ),
        call(
            7,
            "buyer",
            "allow",
            json!({ "charges": [
            { "amount": 5, "held": true, "key": "", "meter": "a", "unit": "usd" },
            { "amount": 9, "held": true, "key": "", "meter": "b", "unit": "tokens" },
            { "amount": 6, "held": true, "key": "", "meter": "c", "unit": "usd" },
        ] }),
        ),
        entry(
            8,
            EntryKind::Outcome,
            "buyer",
            json!({
                "verdictId": "main-7", "outcome": "not-executed", "cost": {}, "error": "no money",
            }),
        ),
        call(9, "buyer", "deny", json!({})),
        // About no verdict.
        entry(
            10,
            EntryKind::Outcome,
            "buyer",
            json!({ "verdictId": null, "outcome": "executed", "cost": {} }),
        ),
    ];
    let store = of(&entries);
    let rows = rows(&store.ledger(&["export", "--csv"]).ok().stdout);
    let [bare, unpaid, paid, asked] = &rows[..] else { panic!("{rows:?}") };
    for (name, expected) in [
        ("id", "main-4"),
        ("agent_id", "buyer"),
        ("team", "red"),
        ("human_sponsor", "carol"),
        ("amount", "0.499999"),
        ("amount_raw", "500000"),
        ("asset", "USDC"),
        ("network", "base"),
        ("scheme", "exact"),
        ("tx_hash", "0xcc"),
        ("payer_address", "0xaa"),
        ("payee_address", "0xbb"),
        ("facilitator", "f"),
        ("endpoint", "https://pay.example/x"),
        ("method", "POST"),
        ("status_code", "402"),
        ("response_time_ms", "81"),
        ("policy_id", "sha256:00"),
        ("policy_evaluation", "allowed"),
        ("budget_remaining", ""),
        ("task_id", "t1"),
        ("session_id", "ses_1"),
        ("created_at", "2026-03-09T10:15:30.000Z"),
        ("settled_at", "2026-03-09T10:15:31.000Z"),
        ("decision", "allow"),
        ("enforced", "true"),
        ("permitted", "true"),
        ("code", "c"),
        ("layer", "rules"),
        ("mode", "enforce"),
        ("run_id", "run"),
        ("subject", "token"),
        ("risk_points", "4"),
        ("approval_id", "apr_1"),
        ("approved_by", "alice; bob"),
        ("outcome", "executed"),
        ("error", ""),
        ("tags", "money large"),
        ("cost_center", "42"),
        ("policy_version", "2.1"),
        ("policy_digest", "sha256:00"),
        ("call_digest", "sha256:11"),
        ("ledger_index", "4"),
    ] {
        assert_eq!(paid[name], expected, "{name}");
    }
    assert_eq!(paid["leaf"], sentinel_ledger::leaf_hash(entries[4].body.as_bytes()).to_string());
    let parts = |row: &BTreeMap<String, String>| {
        ["policy_evaluation", "amount", "approved_by", "outcome", "settled_at", "error", "status_code"]
            .map(|name| row[name].clone())
    };
    assert_eq!(parts(asked), ["flagged", "0.500000", "alice; bob", "", "", "", ""]);
    assert_eq!(parts(unpaid), ["allowed", "0.000006", "", "not-executed", "", "no money", ""]);
    assert_eq!(parts(bare), ["blocked", "", "", "", "", "", ""]);

    let lines = store.ledger(&["export", "--calls", "--decision", "allow", "--limit", "2"]).ok().stdout;
    let line: Value = serde_json::from_str(lines.lines().nth(1).unwrap()).unwrap();
    assert_eq!((&line["approved_by"], &line["tags"]), (&json!(["alice", "bob"]), &json!(["money", "large"])));
    assert_eq!(
        (&line["ledger_index"], &line["permitted"], &line["risk_points"]),
        (&json!(4), &json!(true), &json!(4))
    );
    assert_eq!((&line["metadata"]["more"], &line["tool_input"]), (&json!("x"), &input));

    // What somebody wants gone is gone from every column.
    let hidden = store
        .ledger(&["export", "--csv", "--redact", "url", "--redact", "payTo", "--redact", "transaction"])
        .ok()
        .stdout;
    assert!(
        !hidden.contains("pay.example") && !hidden.contains("0xbb") && !hidden.contains("0xcc"),
        "{hidden}"
    );
    assert!(hidden.contains("0xaa") && hidden.contains("USDC"), "{hidden}");
}

#[test]
fn reports_find_their_verdicts_however_late_they_come() {
    // More of them than are kept, each as many entries after its verdict; then as usual.
    let (late, usual) = (5_000, 300);
    let make = |seq: u64| {
        let report = |of: u64| {
            let fields = json!({ "verdictId": format!("main-{of}"), "outcome": "executed", "cost": {}, "durationMs": of });
            entry(seq, EntryKind::Outcome, "builder", fields)
        };
        match seq {
            _ if seq < late => call(seq, "builder", "allow", json!({})),
            _ if seq < 2 * late => report(seq - late),
            _ if seq.is_multiple_of(2) => call(seq, "builder", "allow", json!({})),
            _ => report(seq - 1),
        }
    };
    let store = Store::of(0);
    store.append_all(2 * late + 2 * usual, make);
    let run = store.ledger(&["export", "--csv"]).ok();
    let rows = rows(&run.stdout);
    assert_eq!(rows.len() as u64, late + usual);
    for row in &rows {
        assert_eq!(row["response_time_ms"], row["ledger_index"]);
    }
    let last = run.stderr.lines().last().unwrap();
    assert!(last.starts_with("5300 calls; head: 10600 entries, root "), "{last}");
    let root = store.ledger(&["checkpoint", "--json"]).ok().json()["root"].as_str().unwrap().to_owned();
    assert!(last.ends_with(&root), "{last}");
}
