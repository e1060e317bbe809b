//! Copies of a ledger: lines of JSON, and files that verify without the store.

use std::fs;
use std::path::{Path, PathBuf};

use sentinel_ledger::leaf_hash;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::store::{Store, ledger};

#[test]
fn exported_files_verify() {
    let store = Store::of(10);
    let key = store.keep_key("kept.key");
    let mut kept = Vec::new();
    // Each time only what is new is added, across the edges of tiles.
    for more in [0, 246, 1, 600] {
        store.append(more);
        kept.push(store.keep_checkpoint(&format!("kept.{more}")));
        store.ledger(&["export", "--tiles", "copy"]).ok();
        let mut args = vec!["verify", "--tiles", "copy", "--key", &key];
        args.extend(kept.iter().flat_map(|note| ["--checkpoint", note]));
        ledger(&store.path(""), &args).ok();
    }
    let names = files(&store.path("copy"));
    for name in ["checkpoint", "tile/0/000", "tile/entries/000", "tile/0/003.p/89", "tile/1/000.p/3"] {
        assert!(names.contains(&name.to_owned()), "{name} is not in {names:?}");
    }
    let run = ledger(&store.path(""), &["verify", "--tiles", "copy"]);
    assert_eq!(run.code, 1, "a copy has no key of its own: {run:?}");
}

#[test]
fn every_change_of_a_copy_is_noticed() {
    let store = Store::of(600);
    let key = store.keep_key("kept.key");
    store.ledger(&["export", "--tiles", "copy"]).ok();
    for name in files(&store.path("copy")) {
        let path = store.path("copy").join(&name);
        let bytes = fs::read(&path).unwrap();
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            fs::write(&path, changed).unwrap();
            let run = ledger(&store.path(""), &["verify", "--tiles", "copy", "--key", &key]);
            assert_ne!(run.code, 0, "{name} at {at}: {run:?}");
        }
        fs::remove_file(&path).unwrap();
        let run = ledger(&store.path(""), &["verify", "--tiles", "copy", "--key", &key]);
        assert_ne!(run.code, 0, "{name} is gone: {run:?}");
        fs::write(&path, bytes).unwrap();
    }
    ledger(&store.path(""), &["verify", "--tiles", "copy", "--key", &key]).ok();
}

#[test]
fn a_copy_of_another_ledger_is_not_overwritten() {
    let (store, other) = (Store::of(300), Store::of(1));
    other.ledger(&["rotate"]).ok();
    other.append(398);
    let copy = store.path("copy");
    store.ledger(&["export", "--tiles", "copy"]).ok();
    let before = fs::read(copy.join("checkpoint")).unwrap();
    let run = other.ledger(&["export", "--tiles", copy.to_str().unwrap()]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("holds another ledger: its first 300 entries are not ours"), "{run:?}");
    assert_eq!(fs::read(copy.join("checkpoint")).unwrap(), before);
    let old = store.backup();
    store.append(1);
    store.ledger(&["export", "--tiles", "copy"]).ok();
    store.restore(&old);
    let run = store.ledger(&["export", "--tiles", "copy"]);
    assert!(run.code == 1 && run.stderr.contains("it has 301 entries and ours 300"), "{run:?}");
}

#[test]
fn lines_are_the_entries() {
    #[derive(serde::Deserialize)]
    struct Line<'a> {
        index: u64,
        leaf: String,
        #[serde(borrow)]
        entry: &'a RawValue,
    }
    let store = Store::of(5_000);
    let text = store.ledger(&["export", "--jsonl"]).ok().stdout;
    let mut count = 0;
    for (place, line) in text.lines().enumerate() {
        let line: Line<'_> = serde_json::from_str(line).unwrap();
        assert_eq!(
            (line.index, line.leaf),
            (place as u64, leaf_hash(line.entry.get().as_bytes()).to_string())
        );
        count += 1;
    }
    assert_eq!(count, 5_000);
    let part = ["export", "--jsonl", "--from", "10", "--to", "20", "--agent", "builder", "-o", "part"];
    assert_eq!(store.ledger(&part).ok().stdout, "");
    let part = fs::read_to_string(store.path("part")).unwrap();
    let indexes: Vec<_> = part
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["index"].as_u64().unwrap())
        .collect();
    assert_eq!(indexes, [12, 15, 18]);
    assert_eq!(store.ledger(&["export"]).code, 1);
}

/// Names of all files below a directory.
fn files(directory: &Path) -> Vec<String> {
    let (mut names, mut open): (Vec<String>, Vec<PathBuf>) = (Vec::new(), vec![directory.to_owned()]);
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(path).unwrap() {
            let entry = entry.unwrap().path();
            if entry.is_dir() {
                open.push(entry);
            } else {
                names.push(entry.strip_prefix(directory).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    names
}
