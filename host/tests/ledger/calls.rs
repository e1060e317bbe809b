//! Calls as a table and as lines of JSON: what is in a cell, which calls are wanted, and that nothing
//! leaves a ledger that was tampered with.

mod cells;
mod join;
mod proofs;

use std::collections::BTreeMap;

use sentinel::state::{EntryKind, NewEntry};
use serde_json::{Value, json};

use crate::store::Store;

/// An entry with these fields, and those that every one has.
fn entry(seq: u64, kind: EntryKind, agent: &str, mut fields: Value) -> NewEntry {
    let own = fields.as_object_mut().unwrap();
    own.entry("at").or_insert_with(|| json!("2026-03-09T10:15:30.000Z"));
    own.insert("agentId".to_owned(), json!(agent));
    own.insert("id".to_owned(), json!(format!("main-{seq}")));
    own.insert("kind".to_owned(), json!(kind.as_str()));
    let decision = match own.get("decision").and_then(Value::as_str) {
        Some("allow") => "allow",
        Some("deny") => "deny",
        Some("escalate") => "escalate",
        _ => "",
    };
    NewEntry { kind, agent: agent.to_owned(), decision, body: fields.to_string() }
}

fn call(seq: u64, agent: &str, decision: &str, mut fields: Value) -> NewEntry {
    fields["decision"] = json!(decision);
    entry(seq, EntryKind::Verdict, agent, fields)
}

/// A ledger of these entries.
fn of(entries: &[NewEntry]) -> Store {
    let store = Store::of(0);
    store.append_all(entries.len() as u64, |seq| entries[usize::try_from(seq).unwrap()].clone());
    store
}

/// A table, as this reader reads it.
fn table(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// A table with its rows by the names of its columns.
fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut all = table(text).into_iter();
    let names = all.next().unwrap();
    all.map(|row| names.iter().cloned().zip(row).collect()).collect()
}

/// Ids of the calls that are exported with these arguments.
fn ids(store: &Store, args: &[&str]) -> Vec<String> {
    let run = store.ledger(&[&["export", "--csv"], args].concat()).ok();
    rows(&run.stdout).into_iter().map(|mut row| row.remove("id").unwrap()).collect()
}

#[test]
fn each_filter_alone_and_together() {
    let at = [
        "2026-03-08T23:59:59.999Z",
        "2026-03-09T00:00:00.000Z",
        "2026-03-09T00:00:00.001Z",
        "2026-03-10T00:00:00.000Z",
    ];
    let mut entries = Vec::new();
    for (seq, ((agent, team, tags), (decision, at))) in (0..).zip(
        [
            ("a", "red", &["x", "y"][..]),
            ("b", "red", &["y"]),
            ("a", "blue", &[]),
            ("a", "red", &["z", "a b"]),
        ]
        .into_iter()
        .zip(["allow", "deny", "escalate", "deny"].into_iter().zip(at)),
    ) {
        let fields = json!({ "at": at, "metadata": { "team": team }, "tags": tags });
        entries.push(call(seq, agent, decision, fields));
    }
    let store = of(&entries);
    for (args, expected) in [
        (&[][..], &[3, 2, 1, 0][..]),
        (&["--agent", "a"], &[3, 2, 0]),
        (&["--agent", "a", "--agent", "b"], &[3, 2, 1, 0]),
        (&["--agent", "nobody"], &[]),
        (&["--team", "red"], &[3, 1, 0]),
        (&["--team", "re"], &[]),
        (&["--decision", "deny"], &[3, 1]),
        (&["--decision", "deny", "--decision", "allow"], &[3, 1, 0]),
        (&["--tag", "y"], &[1, 0]),
        (&["--tag", "x", "--tag", "z"], &[3, 0]),
        (&["--tag", "a b"], &[3]),
        (&["--tag", "a"], &[]),
        (&["--limit", "2"], &[3, 2]),
        (&["--from", "2026-03-09"], &[3, 2, 1]),
        (&["--to", "2026-03-09"], &[0]),
        (&["--from", "2026-03-09", "--to", "2026-03-10"], &[2, 1]),
        (&["--from", "2026-03-09T00:00:00.001Z"], &[3, 2]),
        (&["--from", "2026-03-09T00:00:00.0001Z"], &[3, 2]),
        (&["--to", "2026-03-09T00:00:00.001Z"], &[1, 0]),
        (&["--to", "2026-03-09T00:00:00.0001Z"], &[1, 0]),
        (&["--from", "2026-03-09T01:00:00+01:00"], &[3, 2, 1]),
        (&["--from", "1", "--to", "3"], &[2, 1]),
        (&["--from", "1", "--to", "2026-03-10"], &[2, 1]),
        (
            &[
                "--agent",
                "a",
                "--team",
                "red",
                "--decision",
                "deny",
                "--decision",
                "allow",
                "--tag",
                "x",
                "--tag",
                "z",
                "--from",
                "2026-03-09",
            ],
            &[3],
        ),
        (&["--team", "red", "--limit", "1", "--to", "3"], &[1]),
    ] {
        let expected: Vec<_> = expected.iter().map(|seq| format!("main-{seq}")).collect();
        assert_eq!(ids(&store, args), expected, "{args:?}");
    }
    for wrong in [
        &["--csv", "--from", "yesterday"][..],
        &["--csv", "--from", "20260309x"],
        &["--csv", "--decision", "maybe"],
        &["--csv", "--limit", "0"],
        &["--csv", "--jsonl"],
        &["--jsonl", "--team", "red"],
        &["--jsonl", "--redact", "x"],
        &["--tiles", "copy", "--tag", "x"],
        &["--jsonl", "--agent", "a", "--agent", "b"],
    ] {
        let run = store.ledger(&[&["export"], wrong].concat());
        assert!(run.code != 0 && run.stdout.is_empty(), "{wrong:?}: {run:?}");
    }
    // Entries know times, too.
    let run = store.ledger(&["export", "--jsonl", "--from", "2026-03-09", "--to", "2026-03-10"]).ok();
    assert_eq!(run.stdout.lines().count(), 2, "{run:?}");
}
