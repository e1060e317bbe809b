//! Everything that can be done to a store, and what `verify` says to it.

use std::fs;

use sentinel_ledger::{Checkpoint, SigningKey, Tree, leaf_hash};

use crate::store::{ORIGIN, Store, verdict};

/// Entries of the stores here: more than one tile.
const SIZE: u64 = 600;

/// Verifies with the key that was kept, and demands this refusal.
fn refused(store: &Store, more: &[&str], code: &str, message: &str) {
    let run = store.ledger(&[&["verify", "--key", "kept.key"], more].concat());
    assert_eq!(run.code, 2, "{message}: {run:?}");
    assert!(run.stdout.starts_with("not verified: ") && run.stdout.contains(message), "{message}: {run:?}");
    let json = store.ledger(&[&["verify", "--key", "kept.key", "--json"], more].concat());
    assert_eq!((json.code, json.json()["code"].as_str()), (2, Some(code)), "{json:?}");
    assert_eq!(json.json()["verified"], false);
}

/// Writes the ledger anew up to its size, with another entry in the middle, and signs it.
fn rewrite(store: &Store, key: &SigningKey) {
    let (mut tree, mut sql) = (Tree::new(), String::from("DELETE FROM nodes;"));
    for seq in 0..SIZE {
        let mut body = verdict(seq).body;
        if seq == 300 {
            body = body.replace("says so", "says no");
        }
        let leaf = leaf_hash(body.as_bytes());
        let mut nodes = Vec::new();
        tree.push(leaf, &mut nodes);
        sql.push_str(&format!("UPDATE entries SET body = '{body}', leaf = x'{leaf}' WHERE seq = {seq};"));
        for node in nodes {
            let (level, index, hash) = (node.level, node.index, node.hash);
            sql.push_str(&format!(
                "INSERT INTO nodes VALUES ('default', 'main', {level}, {index}, x'{hash}');"
            ));
        }
    }
    let head = Checkpoint::new(ORIGIN, SIZE, tree.root()).unwrap().sign(key);
    let peaks: String = tree.peaks_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let signer = key.verifying_key().encode();
    sql.push_str(&format!("UPDATE logs SET peaks = x'{peaks}', checkpoint = '{head}', signer = '{signer}';"));
    store.sql(&sql);
}

#[test]
fn an_honest_ledger_is_verified() {
    let store = Store::of(SIZE);
    let key = store.keep_key("kept.key");
    let run = store.ledger(&["verify"]).ok();
    assert!(run.stdout.starts_with("verified `home`") && run.stdout.contains("600 entries"), "{run:?}");
    assert!(
        run.stderr.contains("verified against its own key; pass --key with one kept elsewhere"),
        "{run:?}"
    );
    let old = store.keep_checkpoint("old");
    store.append(5);
    let now = store.keep_checkpoint("now");
    let pinned = store.ledger(&["verify", "--key", &key, "--checkpoint", &old, "--checkpoint", &now]).ok();
    assert!(pinned.stderr.is_empty() && pinned.stdout.contains("agrees with 2 checkpoints"), "{pinned:?}");
    let json = store.ledger(&["verify", "--key", &key, "--json"]).ok().json();
    assert_eq!((json["size"].as_u64(), json["against"].as_str()), (Some(SIZE + 5), Some("pinned-key")));
    assert_eq!(json["firstAt"], "2026-09-21T14:13:20.000Z");
    assert_eq!(json["lastAt"], json["firstAt"]);
}

#[test]
fn changes_of_a_store_are_noticed() {
    let zeros = "00".repeat(32);
    for (sql, code, message) in [
        (
            "UPDATE entries SET body = replace(body, 'rule 7 ', 'rule 8 ') WHERE seq = 7",
            "entry-changed",
            "entry 7 was changed",
        ),
        ("UPDATE entries SET body = body || ' ' WHERE seq = 599", "entry-changed", "entry 599 was changed"),
        ("UPDATE entries SET leaf = x'ZEROS' WHERE seq = 300", "entry-changed", "entry 300 was changed"),
        (
            "DELETE FROM entries WHERE seq >= 590",
            "entry-missing",
            "entry 590 is missing; the signed head covers 600",
        ),
        ("DELETE FROM entries WHERE seq = 17", "entry-missing", "entry 17 is missing"),
        ("DELETE FROM entries", "entry-missing", "entry 0 is missing"),
        (
            "CREATE TEMP TABLE t AS SELECT seq, body FROM entries WHERE seq IN (3, 4);
             UPDATE entries SET body = (SELECT body FROM t WHERE seq = 7 - entries.seq) WHERE seq IN (3, 4)",
            "entry-changed",
            "entry 3 was changed",
        ),
        (
            "CREATE TEMP TABLE t AS SELECT * FROM entries WHERE seq IN (3, 4);
             DELETE FROM entries WHERE seq IN (3, 4);
             INSERT INTO entries SELECT tenant, log_id, 7 - seq, leaf, kind, agent, decision, body FROM t",
            "rewritten",
            "the log was rewritten",
        ),
        (
            "INSERT INTO entries SELECT tenant, log_id, 600, leaf, kind, agent, decision, body FROM entries WHERE seq = 1",
            "not-signed",
            "entry 600 is beyond the signed head of 600 entries",
        ),
        (
            "UPDATE nodes SET hash = x'ZEROS' WHERE level = 1 AND idx = 1",
            "hash-changed",
            "number 1 of level 1",
        ),
        ("DELETE FROM nodes WHERE idx = 0", "hash-changed", "number 0 of level 1"),
        ("UPDATE logs SET peaks = zeroblob(length(peaks))", "hash-changed", "the stored end of the tree"),
        ("UPDATE logs SET size = 599", "damaged", "the store is damaged"),
        ("DELETE FROM logs", "no-head", "there is no signed head"),
        (
            "UPDATE logs SET checkpoint = replace(checkpoint, '600', '599')",
            "bad-signature",
            "the signature of `ledger.example/test` on the checkpoint is wrong",
        ),
        ("UPDATE logs SET checkpoint = 'nothing'", "no-head", "there is no signed head"),
        (
            "UPDATE entries SET kind = 'unheard-of' WHERE seq = 5",
            "damaged",
            "it cannot be read from entry 0 on",
        ),
    ] {
        let store = Store::of(SIZE);
        store.keep_key("kept.key");
        store.sql(&sql.replace("ZEROS", &zeros));
        refused(&store, &[], code, message);
    }
}

#[test]
fn a_flipped_byte_of_the_file_is_noticed() {
    let store = Store::of(SIZE);
    store.keep_key("kept.key");
    let mut file = store.backup();
    let at = file.windows(9).position(|bytes| bytes == b"rule 123 ").unwrap();
    file[at + 5] ^= 1;
    store.restore(&file);
    refused(&store, &[], "entry-changed", "entry 123 was changed");
}

#[test]
fn an_old_copy_is_noticed_with_a_checkpoint_kept_elsewhere() {
    let store = Store::of(SIZE);
    store.keep_key("kept.key");
    let old = store.backup();
    store.append(10);
    let kept = store.keep_checkpoint("kept.checkpoint");
    store.restore(&old);
    // It is a ledger that was signed once: only the checkpoint shows that it is not the newest.
    store.ledger(&["verify", "--key", "kept.key"]).ok();
    let message = "the log was truncated: it has 600 entries, a checkpoint kept elsewhere has 610";
    refused(&store, &["--checkpoint", &kept], "truncated", message);
    // The same where other entries took their place.
    store.ledger(&["rotate"]).ok();
    store.append(10);
    refused(&store, &["--checkpoint", &kept], "rewritten", "its first 610 entries are not the ones");
}

#[test]
fn the_name_of_the_ledger_counts() {
    let store = Store::of(1);
    store.keep_key("kept.key");
    refused(
        &store,
        &["--origin", "other"],
        "other-ledger",
        "the checkpoint is of the log `ledger.example/test`",
    );
}

#[test]
fn a_tail_that_is_gone_is_told_by_the_checkpoint_that_has_it() {
    let store = Store::of(SIZE);
    store.keep_key("kept.key");
    let kept = store.keep_checkpoint("kept.checkpoint");
    store.sql("DELETE FROM entries WHERE seq >= 598");
    refused(&store, &["--checkpoint", &kept], "truncated", "the log was truncated: it has 598 entries");
}

#[test]
fn a_ledger_of_the_same_length_is_noticed() {
    let store = Store::of(SIZE);
    store.keep_key("kept.key");
    let kept = store.keep_checkpoint("kept.checkpoint");
    let text = fs::read_to_string(store.home().join("ledger.key")).unwrap();
    let own = SigningKey::decode(text.trim()).unwrap();

    // Signed by somebody else, even under the same name.
    rewrite(&store, &SigningKey::from_seed(ORIGIN, [9; 32]).unwrap());
    refused(&store, &[], "unknown-key", "no trusted key signed the checkpoint");
    assert_eq!(store.ledger(&["verify"]).code, 2);

    // Signed by somebody who has the key: that is what checkpoints elsewhere are for.
    rewrite(&store, &own);
    store.ledger(&["verify", "--key", "kept.key"]).ok();
    refused(&store, &["--checkpoint", &kept], "rewritten", "the log was rewritten: its first 600 entries");
}

#[test]
fn what_is_not_there_is_an_error() {
    let store = Store::of(1);
    let key = store.keep_key("kept.key");
    fs::rename(store.home(), store.path("elsewhere")).unwrap();
    for args in [&["verify", "--key", &key][..], &["show"], &["checkpoint"], &["prove", "0"]] {
        let run = store.ledger(args);
        assert_eq!(run.code, 1, "{run:?}");
        assert!(run.stderr.contains("there is no store in `home`"), "{run:?}");
    }
    assert!(!store.home().exists());
    // A new store in its place is no ledger either.
    fs::create_dir(store.home()).unwrap();
    fs::write(store.home().join("sentinel.db"), "").unwrap();
    refused(&store, &[], "no-head", "the ledger is empty or was emptied");
}
