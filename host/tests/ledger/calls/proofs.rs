//! Nothing that cannot be proven leaves a ledger.

use std::fs;

use sentinel::app::export::Export;
use sentinel::app::export::filter::{Bound, Filter, moment};
use sentinel::store::Backend as _;
use sentinel::store::sqlite::Sqlite;

use crate::store::Store;

#[test]
fn nothing_of_a_ledger_that_is_not_verified_is_exported() {
    let store = Store::of(600);
    let key = store.keep_key("kept.key");
    let run = store.ledger(&["export", "--csv", "--key", &key, "-o", "out"]).ok();
    assert!(run.stderr.starts_with("600 calls; head: 600 entries"), "{run:?}");
    let before = fs::read(store.path("out")).unwrap();
    store.sql("UPDATE entries SET body = replace(body, 'rule 7 ', 'rule 8 ') WHERE seq = 7");
    for form in ["--csv", "--calls"] {
        let run = store.ledger(&["export", form, "--key", &key, "-o", "out", "--from", "500"]);
        assert!(run.code == 2 && run.stdout.is_empty(), "{run:?}");
        assert!(run.stderr.contains("not verified: entry 7 was changed"), "{run:?}");
        assert_eq!(fs::read(store.path("out")).unwrap(), before);
    }
}

/// Exports without having verified first, as the daemon does.
fn unverified(store: &Store, filter: Filter) -> Result<u64, String> {
    let backend = Sqlite::open_shared(&store.home()).unwrap();
    let mut reader = backend.reader().unwrap();
    let mut rows = 0;
    let mut export = Export::open(&mut *reader, filter, None).map_err(|error| error.to_string())?;
    while export
        .page(&mut *reader, &mut |_| {
            rows += 1;
            Ok(())
        })
        .map_err(|error| error.to_string())?
    {}
    Ok(rows)
}

#[test]
fn an_entry_that_cannot_be_proven_ends_an_export() {
    let other = r#"{"agentId":"builder","at":"2026-09-21T14:13:20.000Z","decision":"allow","id":"main-300","kind":"verdict"}"#;
    let leaf = sentinel_ledger::leaf_hash(other.as_bytes());
    for sql in [
        "UPDATE entries SET body = replace(body, 'rule 300 ', 'rule 301 ') WHERE seq = 300",
        &format!("UPDATE entries SET body = '{other}', leaf = x'{leaf}' WHERE seq = 300"),
        &format!("UPDATE entries SET leaf = x'{leaf}' WHERE seq = 300"),
        "UPDATE entries SET agent = 'builder' WHERE seq = 301",
        "UPDATE entries SET decision = 'allow' WHERE seq = 300",
        "UPDATE entries SET kind = 'outcome' WHERE seq = 300",
        "UPDATE nodes SET hash = zeroblob(32) WHERE level = 1 AND idx = 0",
        "UPDATE logs SET checkpoint = replace(checkpoint, '700', '699')",
        "DELETE FROM entries WHERE seq = 301",
    ] {
        let store = Store::of(700);
        let filter = || Filter { agents: vec!["builder".to_owned()], ..Filter::default() };
        assert_eq!(unverified(&store, filter()), Ok(234));
        store.sql(sql);
        let error = unverified(&store, filter()).expect_err(sql);
        assert!(error.contains("verify it with `sentinel ledger verify`"), "{sql}: {error}");
    }
    // What is newer than what was changed is still there.
    let store = Store::of(700);
    store.sql("UPDATE entries SET body = replace(body, 'rule 3 ', 'rule 4 ') WHERE seq = 3");
    assert_eq!(unverified(&store, Filter { limit: Some(10), ..Filter::default() }), Ok(10));
    let from = moment("2026-09-21").map(Bound::At);
    assert!(unverified(&store, Filter { from, ..Filter::default() }).is_err());
}

#[test]
fn every_size_of_a_ledger_can_be_proven() {
    let store = Store::of(0);
    for (more, size) in [(1, 1), (1, 2), (5, 7), (249, 256), (1, 257), (254, 511), (2, 513), (500, 1_013)] {
        store.append(more);
        assert_eq!(unverified(&store, Filter::default()), Ok(size));
    }
}
