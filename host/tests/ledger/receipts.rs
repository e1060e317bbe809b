//! Receipts, verified where there is nothing but the receipt and a key; and what people see.

use std::fs;

use serde_json::Value;

use crate::store::{Store, ledger};

#[test]
fn a_receipt_verifies_offline() {
    let store = Store::of(700);
    let key = store.ledger(&["key"]).ok().stdout;
    let away = tempfile::tempdir().unwrap();
    for entry in ["0", "main-256", "699"] {
        fs::write(away.path().join("receipt"), store.ledger(&["prove", entry]).ok().stdout).unwrap();
        let run = ledger(away.path(), &["verify", "--receipt", "receipt", "--key", key.trim()]).ok();
        assert!(
            run.stdout.starts_with("verified entry ") && run.stdout.contains("ledger.example/test"),
            "{run:?}"
        );
        assert!(run.stdout.contains("\"toolName\": \"Bash\""), "{run:?}");
    }
    let other = Store::of(1).ledger(&["key"]).ok().stdout;
    let run = ledger(away.path(), &["verify", "--receipt", "receipt", "--key", other.trim()]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stdout.contains("the receipt's checkpoint is not proven: no trusted key"), "{run:?}");
    let named = &["verify", "--receipt", "receipt", "--key", key.trim(), "--origin", "ledger.example/other"];
    assert_eq!(ledger(away.path(), named).code, 2);
    assert_eq!(ledger(away.path(), &["verify", "--receipt", "receipt"]).code, 1);
    assert_eq!(store.ledger(&["prove", "700"]).code, 1);
}

#[test]
fn every_flip_in_a_receipt_is_noticed() {
    let store = Store::of(3);
    let key = store.keep_key("kept.key");
    let receipt = store.ledger(&["prove", "1"]).ok().stdout.into_bytes();
    for at in (0..receipt.len()).step_by(13) {
        let mut changed = receipt.clone();
        changed[at] ^= 1;
        fs::write(store.path("receipt"), changed).unwrap();
        let run = ledger(&store.path(""), &["verify", "--receipt", "receipt", "--key", &key]);
        let is_no_text = run.stderr.contains("is not text");
        assert_eq!(run.code, if is_no_text { 1 } else { 2 }, "byte {at}: {run:?}");
    }
}

#[test]
fn what_cannot_be_proven_is_not_printed() {
    let store = Store::of(300);
    store.sql("UPDATE entries SET body = replace(body, 'rule', 'role') WHERE seq = 7");
    let run = store.ledger(&["prove", "7"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{run:?}");
    assert!(run.stderr.contains("entry 7 cannot be proven"), "{run:?}");
}

#[test]
fn entries_are_shown() {
    let store = Store::of(100);
    let table = store.ledger(&["show", "--limit", "3"]).ok().stdout;
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 4, "{table}");
    assert!(lines[1].starts_with("99 ") && lines[1].contains("Bash: rule 99 says so"), "{table}");
    let denied = store.ledger(&["show", "--agent", "builder", "--decision", "deny", "--json"]).ok().json();
    let indexes: Vec<_> =
        denied.as_array().unwrap().iter().map(|own| own["index"].as_u64().unwrap()).collect();
    assert_eq!(indexes, [90, 75, 60, 45, 30, 15, 0]);
    assert_eq!(store.ledger(&["show", "--kind", "outcome", "--json"]).ok().json(), Value::Array(Vec::new()));
    let one = store.ledger(&["show", "main-41"]).ok().stdout;
    assert!(one.contains("\"id\": \"main-41\"") && one.contains("rule 41 says so"), "{one}");
    assert_eq!(store.ledger(&["show", "main-041"]).code, 1);
    assert_eq!(store.ledger(&["show", "100"]).code, 1);
}

#[test]
fn what_is_shown_moves_nothing() {
    let store = Store::of(2);
    store.sql("UPDATE entries SET agent = 'a' || char(27) || '[2J', body = replace(body, 'rule', char(8238, 155, 127))");
    for args in [&["show"][..], &["show", "1"], &["show", "--json"], &["show", "1", "--json"]] {
        let text = store.ledger(args).ok().stdout;
        let active = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!text.contains(active) && text.contains("\\u202e\\u009b\\u007f"), "{text:?}");
    }
}
