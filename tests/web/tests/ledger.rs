//! The golden log, verified by the package: what is whole is proven, and with one changed byte nothing
//! is.

#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails loudly")]

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sentinel_ledger::{Hash, Hashes, Tree, consistency_proof, leaf_hash, tiles};
use sentinel_web_tests::{Runtime, repository, run};
use serde_json::{Value, json};

const ORIGIN: &str = "ledger.example/golden";

fn read(name: &str) -> Vec<u8> {
    let path = repository("guest/ledger/testdata/log").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text(name: &str) -> String {
    String::from_utf8(read(name)).expect("text")
}

/// The hashes of all tiles, by level.
#[derive(Default)]
struct Levels(Vec<Vec<Hash>>);

impl Hashes for Levels {
    type Error = ();

    fn hashes(&self, level: u8, start: u64, count: u32) -> Result<Vec<Hash>, ()> {
        let level = self.0.get(usize::from(level)).ok_or(())?;
        let (start, count) =
            (usize::try_from(start).map_err(|_| ())?, usize::try_from(count).map_err(|_| ())?);
        Ok(level.iter().skip(start).take(count).copied().collect())
    }
}

/// The proof that the log only grew since its first so many entries.
fn proof<'e>(entries: impl Iterator<Item = &'e [u8]>, old: u64) -> Vec<String> {
    let (mut tree, mut levels) = (Tree::new(), Levels(vec![Vec::new(), Vec::new()]));
    for entry in entries {
        let (leaf, mut done) = (leaf_hash(entry), Vec::new());
        tree.push(leaf, &mut done);
        levels.0[0].push(leaf);
        levels.0[1].extend(done.iter().map(|node| node.hash));
    }
    let proof = consistency_proof(&levels, old, tree.size()).expect("a proof");
    proof.into_iter().map(Hash::to_base64).collect()
}

fn golden() -> Value {
    let bundles =
        [(0, 256), (1, 44)].map(|(index, width)| read(&tiles::entries_path(index, width).expect("a path")));
    let entries: Vec<_> =
        bundles.iter().flat_map(|bundle| tiles::decode_bundle(bundle).expect("a bundle")).collect();
    json!({
        "origin": ORIGIN,
        "key": text("key").trim_end(),
        "receipt": STANDARD.encode(read("receipt.json")),
        "checkpoint": text("checkpoint"),
        "earlier": text("checkpoint.200"),
        "entries": entries.iter().map(|entry| STANDARD.encode(entry)).collect::<Vec<_>>(),
        "proof": proof(entries.iter().copied(), 200),
    })
}

fn check(runtime: Runtime) {
    let found = run(runtime, "ledger", &golden());
    assert_eq!(found["believed"], json!([]), "what was changed was believed");
    let receipt = &found["receipt"];
    assert_eq!((&receipt["ok"], &receipt["origin"]), (&json!(true), &json!(ORIGIN)), "{receipt}");
    assert!(receipt["entryJson"].is_object(), "{receipt}");
    assert_eq!(found["object"], true);
    let audit = &found["audit"];
    assert_eq!((&audit["ok"], &audit["size"]), (&json!(true), &json!(300)), "{audit}");
    assert_eq!(audit["rotations"], json!([200]));
    assert_eq!(&found["streamed"], audit);
    assert_eq!((&found["earlier"]["ok"], &found["earlier"]["size"]), (&json!(true), &json!(200)));
    let grown = &found["grown"];
    assert_eq!((&grown["oldSize"], &grown["size"]), (&json!(200), &json!(300)), "{grown}");
    for error in found["errors"].as_array().expect("a list") {
        assert!(error.as_str().is_some_and(|error| !error.is_empty()), "{error}");
    }
}

#[test]
fn the_golden_log_in_node() {
    check(Runtime::Node);
}

#[test]
fn the_golden_log_in_chromium() {
    check(Runtime::Chromium);
}
