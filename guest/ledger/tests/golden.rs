//! The golden log in `testdata/log`, as strangers would read it: files, a key, nothing else. It is
//! written by `examples/golden.rs`; when it changes, the format has changed.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

use std::fs;
use std::path::Path;

use sentinel_ledger::{Auditor, Checkpoint, Hash, Receipt, Tree, VerifyingKey, leaf_hash, tiles};

const ORIGIN: &str = "ledger.example/golden";
const ROOT: &str = "d9f26e8c239ecf59c4591e7ef71c2abe5fac613e0f1b9e00d138f4e49798cd57";

fn read(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/log").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text(name: &str) -> String {
    String::from_utf8(read(name)).expect("text")
}

fn key() -> VerifyingKey {
    VerifyingKey::decode(text("key").trim_end()).expect("a key")
}

fn entries() -> Vec<Vec<u8>> {
    let bundles =
        [(0, 256), (1, 44)].map(|(index, width)| read(&tiles::entries_path(index, width).expect("a path")));
    bundles
        .iter()
        .flat_map(|bundle| tiles::decode_bundle(bundle).expect("a bundle"))
        .map(<[u8]>::to_vec)
        .collect()
}

#[test]
fn the_log_is_proven_from_its_files() {
    let mut auditor = Auditor::new(ORIGIN, vec![key()]);
    auditor.expect(&text("checkpoint.200")).expect("a checkpoint");
    for entry in entries() {
        auditor.push(&entry).expect("an entry");
    }
    let audit = auditor.finish(&text("checkpoint")).expect("an honest log");
    assert_eq!((audit.size, audit.root.to_string().as_str()), (300, ROOT));
    assert_eq!(audit.rotations.len(), 1);
    assert_eq!((audit.rotations[0].index, &audit.rotations[0].old), (200, &key()));
    assert_eq!(audit.key, audit.rotations[0].new);
}

#[test]
fn the_tiles_are_those_of_the_entries() {
    let mut tree = Tree::new();
    let mut levels = [Vec::new(), Vec::new()];
    for entry in entries() {
        let mut done = Vec::new();
        let leaf = leaf_hash(&entry);
        tree.push(leaf, &mut done);
        levels[0].push(leaf);
        levels[1].extend(done.iter().map(|node| node.hash));
    }
    for (path, hashes) in [
        ("tile/0/000", &levels[0][..256]),
        ("tile/0/001.p/44", &levels[0][256..]),
        ("tile/1/000.p/1", &levels[1][..]),
    ] {
        let tile: Vec<Hash> = read(path).chunks(32).filter_map(Hash::from_slice).collect();
        assert_eq!(tile, hashes, "{path}");
    }
}

#[test]
fn the_receipt_is_proven_with_the_head_s_key() {
    let mut auditor = Auditor::new(ORIGIN, vec![key()]);
    for entry in entries() {
        auditor.push(&entry).expect("an entry");
    }
    let audit = auditor.finish(&text("checkpoint")).expect("an honest log");
    let json = text("receipt.json");
    let receipt = Receipt::parse(&json).expect("a receipt");
    assert_eq!(receipt.to_json(), json);
    let verified = receipt.verify(&[audit.key]).expect("an honest receipt");
    assert_eq!((verified.index(), verified.entry()), (42, &entries()[42][..]));
    assert!(receipt.verify(&[key()]).is_err(), "the first key was replaced");
}

#[test]
fn signatures_are_deterministic() {
    let early = text("checkpoint.200");
    let checkpoint = Checkpoint::open(&early, &[key()]).expect("a checkpoint");
    let signer = sentinel_ledger::SigningKey::from_seed(ORIGIN, [1; 32]).expect("a name");
    assert_eq!(signer.verifying_key(), key());
    assert_eq!(checkpoint.sign(&signer), early);
}
