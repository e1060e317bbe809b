//! One key takes over from another, and both can be pinned.

use std::fs;

use crate::store::{Store, open, released};

#[test]
fn a_rotated_ledger_verifies_with_every_key_of_its_own() {
    let store = Store::of(300);
    let first = store.keep_key("first.key");
    let before = store.keep_checkpoint("before");
    let rotated = store.ledger(&["rotate", "--json"]).ok().json();
    assert_eq!(rotated["index"], 300);
    let second = store.keep_key("second.key");
    assert_eq!(fs::read_to_string(store.path(&second)).unwrap().trim(), rotated["new"]);
    assert_eq!(fs::read_to_string(store.path(&first)).unwrap().trim(), rotated["old"]);
    store.append(50);
    let text = store.ledger(&["rotate"]).ok().stdout;
    assert!(
        text.contains("changed at entry 351") && text.contains("give the new key to whoever verifies"),
        "{text}"
    );
    let third = store.keep_key("third.key");
    store.append(10);

    for key in [&first, &second, &third] {
        let run = store.ledger(&["verify", "--key", key, "--checkpoint", &before, "--json"]).ok().json();
        let at: Vec<_> =
            run["rotations"].as_array().unwrap().iter().map(|own| own["index"].as_u64()).collect();
        assert_eq!((run["size"].as_u64(), at), (Some(362), vec![Some(300), Some(351)]), "{key}");
    }
    store.ledger(&["verify"]).ok();
    let kept = store.path("old private key");
    fs::rename(store.home().join("ledger.old"), kept).unwrap();
    store.ledger(&["verify"]).ok();
}

#[test]
fn a_key_that_led_nowhere_proves_nothing() {
    let (store, other) = (Store::of(10), Store::of(10));
    store.ledger(&["rotate"]).ok();
    let key = other.ledger(&["key"]).ok().stdout;
    let run = store.ledger(&["verify", "--json", "--key", key.trim()]);
    assert_eq!((run.code, run.json()["code"].as_str()), (2, Some("unknown-key")), "{run:?}");
    let both = store.keep("both", &format!("# of two ledgers\n{key}{}", store.ledger(&["key"]).ok().stdout));
    store.ledger(&["verify", "--key", &both]).ok();
}

#[test]
fn the_rotation_itself_cannot_be_changed() {
    let store = Store::of(10);
    let key = store.keep_key("kept.key");
    store.ledger(&["rotate"]).ok();
    store.sql("UPDATE entries SET body = replace(body, '\"size\":10', '\"size\":11') WHERE seq = 10");
    let run = store.ledger(&["verify", "--json", "--key", &key]);
    assert_eq!((run.code, run.json()["code"].as_str()), (2, Some("forged-rotation")), "{run:?}");
}

#[test]
fn a_daemon_that_runs_keeps_its_key() {
    let store = Store::of(10);
    let key = store.ledger(&["key"]).ok().stdout;
    let daemon = open(&store.home());
    let run = store.ledger(&["rotate"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("is used by another daemon: stop it"), "{run:?}");
    drop(daemon);
    released(&store.home());
    assert_eq!(store.ledger(&["key"]).ok().stdout, key);
    store.ledger(&["verify"]).ok();
}

#[test]
fn a_rotation_that_was_cut_off_is_finished_by_the_next() {
    let store = Store::of(10);
    let old = fs::read(store.home().join("ledger.key")).unwrap();
    store.ledger(&["rotate"]).ok();
    // As it was before the new file took its place.
    fs::rename(store.home().join("ledger.key"), store.home().join("ledger.next")).unwrap();
    fs::copy(store.home().join("ledger.old"), store.home().join("ledger.key")).unwrap();
    assert_eq!(fs::read(store.home().join("ledger.key")).unwrap(), old);
    let warned = store.ledger(&["key"]).ok();
    assert!(warned.stderr.contains("another key"), "{warned:?}");
    store.ledger(&["verify"]).ok();
    store.append(1);
    assert!(store.ledger(&["key"]).ok().stderr.is_empty());
    store.ledger(&["rotate"]).ok();
    assert_eq!(
        store.ledger(&["verify", "--json"]).ok().json()["rotations"].as_array().map(Vec::len),
        Some(2)
    );
}

#[test]
fn private_keys_are_refused_and_not_repeated() {
    let store = Store::of(1);
    let private = fs::read_to_string(store.home().join("ledger.key")).unwrap();
    for argument in [private.trim(), "home/ledger.key"] {
        let run = store.ledger(&["verify", "--key", argument]);
        assert_eq!(run.code, 1);
        assert!(!run.stderr.contains(private.trim()) && !run.stdout.contains(private.trim()), "{run:?}");
    }
}
