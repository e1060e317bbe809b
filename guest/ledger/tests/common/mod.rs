//! A log in memory, for the tests: what a store keeps, and nothing more.

#![expect(clippy::expect_used, reason = "a test fails loudly")]
#![allow(dead_code, reason = "not every test uses all of it")]

use std::cell::RefCell;

use sentinel_ledger::{Checkpoint, Hash, Hashes, Receipt, SigningKey, Tree, inclusion_proof, leaf_hash};

pub(crate) const ORIGIN: &str = "ledger.example/test";

/// The hashes of all tiles, by level.
#[derive(Default, Clone)]
pub(crate) struct Store {
    pub(crate) tree: Tree,
    pub(crate) levels: Vec<Vec<Hash>>,
    pub(crate) entries: Vec<Vec<u8>>,
    /// Every read: level, start, count.
    pub(crate) reads: RefCell<Vec<(u8, u64, u32)>>,
}

impl Store {
    pub(crate) fn of(entries: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut store = Self::default();
        entries.into_iter().for_each(|entry| store.push(&entry));
        store
    }

    pub(crate) fn push(&mut self, entry: &[u8]) {
        self.entries.push(entry.to_vec());
        self.push_leaf(leaf_hash(entry));
    }

    pub(crate) fn push_leaf(&mut self, leaf: Hash) {
        let mut done = Vec::new();
        self.tree.push(leaf, &mut done);
        self.put(0, leaf);
        for node in done {
            assert_eq!(node.index, self.levels.get(usize::from(node.level)).map_or(0, Vec::len) as u64);
            self.put(usize::from(node.level), node.hash);
        }
    }

    fn put(&mut self, level: usize, hash: Hash) {
        if self.levels.len() <= level {
            self.levels.push(Vec::new());
        }
        self.levels.get_mut(level).expect("levels fill from below").push(hash);
    }

    pub(crate) fn receipt(&self, index: u64, key: &SigningKey) -> Receipt {
        let size = self.tree.size();
        Receipt {
            entry: self.entries.get(usize::try_from(index).expect("a small log")).expect("an entry").clone(),
            index,
            proof: inclusion_proof(self, index, size).expect("a proof"),
            checkpoint: self.head(key),
        }
    }

    pub(crate) fn head(&self, key: &SigningKey) -> String {
        Checkpoint::new(ORIGIN, self.tree.size(), self.tree.root()).expect("an origin").sign(key)
    }
}

impl Hashes for Store {
    type Error = String;

    fn hashes(&self, level: u8, start: u64, count: u32) -> Result<Vec<Hash>, String> {
        self.reads.borrow_mut().push((level, start, count));
        let start = usize::try_from(start).map_err(|error| error.to_string())?;
        let row = self.levels.get(usize::from(level)).and_then(|row| row.get(start..start + count as usize));
        row.map(<[Hash]>::to_vec).ok_or_else(|| format!("no hashes at {level}/{start}+{count}"))
    }
}

/// Keys of the tests, by number.
pub(crate) fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(ORIGIN, [number; 32]).expect("a name")
}

/// The `n`th of a series of numbers without a pattern.
pub(crate) fn noise(n: u64) -> u64 {
    let mut x = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
