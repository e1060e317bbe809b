//! Writes the golden log of the tests again: `cargo run -p sentinel-ledger --example golden`. The
//! files change only if the format does, and then on purpose.

#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::error::Error;
use std::fs;
use std::path::Path;

use sentinel_ledger::{
    Checkpoint, Hash, Hashes, Receipt, Rotation, SigningKey, TILE_WIDTH, Tree, inclusion_proof, leaf_hash,
    tiles,
};

const ORIGIN: &str = "ledger.example/golden";
/// More than one tile, and a partial one.
const ENTRIES: u64 = 300;
/// Where the key changes.
const ROTATION: u64 = 200;
/// The entry of the receipt.
const RECEIPT: u64 = 42;

/// One row of hashes for each level of tiles.
struct Levels(Vec<Vec<Hash>>);

impl Hashes for Levels {
    type Error = &'static str;

    fn hashes(&self, level: u8, start: u64, count: u32) -> Result<Vec<Hash>, &'static str> {
        let row = self.0.get(usize::from(level)).ok_or("no such level")?;
        let start = usize::try_from(start).map_err(|_| "no such hash")?;
        row.get(start..start + count as usize).map(<[Hash]>::to_vec).ok_or("no such hash")
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(path.parent().ok_or("a path without a directory")?)?;
    Ok(fs::write(path, bytes)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/log");
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    // Seeds of a test, known to everybody.
    let (first, second) = (SigningKey::from_seed(ORIGIN, [1; 32])?, SigningKey::from_seed(ORIGIN, [2; 32])?);

    let mut tree = Tree::new();
    let mut levels = Levels(vec![Vec::new(); 2]);
    let mut entries = Vec::new();
    for seq in 0..ENTRIES {
        let entry = if seq == ROTATION {
            Rotation::new(ORIGIN, seq, &first, &second.verifying_key())?.to_json()
        } else {
            format!(r#"{{"decision":"allow","kind":"verdict","seq":{seq},"tool":"Bash"}}"#)
        };
        let leaf = leaf_hash(entry.as_bytes());
        let mut done = Vec::new();
        tree.push(leaf, &mut done);
        let reported = done.into_iter().map(|node| (usize::from(node.level), node.hash));
        for (level, hash) in std::iter::once((0, leaf)).chain(reported) {
            levels.0.get_mut(level).ok_or("a log of two levels")?.push(hash);
        }
        entries.push(entry.into_bytes());
        if tree.size() == ROTATION {
            let early = Checkpoint::new(ORIGIN, tree.size(), tree.root())?.sign(&first);
            write(&directory.join(format!("checkpoint.{ROTATION}")), early.as_bytes())?;
        }
    }

    let head = Checkpoint::new(ORIGIN, tree.size(), tree.root())?.sign(&second);
    write(&directory.join("checkpoint"), head.as_bytes())?;
    write(&directory.join("key"), format!("{}\n", first.verifying_key()).as_bytes())?;
    for (index, bundle) in (0..).zip(entries.chunks(TILE_WIDTH as usize)) {
        let path = tiles::entries_path(index, u16::try_from(bundle.len())?)?;
        write(&directory.join(path), &tiles::encode_bundle(bundle.iter().map(Vec::as_slice))?)?;
    }
    for (level, row) in (0..).zip(&levels.0) {
        for (index, tile) in (0..).zip(row.chunks(TILE_WIDTH as usize)) {
            let bytes: Vec<u8> = tile.iter().flat_map(|hash| *hash.as_bytes()).collect();
            write(&directory.join(tiles::tile_path(level, index, u16::try_from(tile.len())?)?), &bytes)?;
        }
    }
    let receipt = Receipt {
        entry: entries.get(usize::try_from(RECEIPT)?).ok_or("an entry")?.clone(),
        index: RECEIPT,
        proof: inclusion_proof(&levels, RECEIPT, ENTRIES).map_err(|error| error.to_string())?,
        checkpoint: head,
    };
    write(&directory.join("receipt.json"), receipt.to_json().as_bytes())?;
    println!("{ENTRIES} entries, root {}", tree.root());
    Ok(())
}
