//! The tree as it grows: only the peaks are kept, so a tree of any size takes a few hundred bytes.
//! It stores nothing; what a store needs to keep is reported as it is completed.

use crate::hash::{Hash, empty_root, node_hash};
use crate::limits::{HASH_BYTES, TREE_SIZE_MAX};

/// Binary levels in one level of tiles: 2^8 = 256.
pub(crate) const TILE_HEIGHT: u32 = 8;

/// An append-only Merkle tree, as the roots of its largest complete subtrees.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    size: u64,
    // INVARIANT: one peak for each bit that is set in `size`, the largest subtree first.
    peaks: Vec<Hash>,
}

/// The root of a complete subtree of `256^level` leaves: one hash of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// Level of the tile that holds it, from 1.
    pub level: u8,
    /// Its place among the nodes of this level, from 0.
    pub index: u64,
    /// The root of the subtree.
    pub hash: Hash,
}

/// Why stored peaks are not those of a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// The number of peaks follows from the size.
    #[error("a tree of size {size} has {expected} bytes of peaks, not {found}; rebuild it from its leaves")]
    Peaks {
        /// The size that was claimed.
        size: u64,
        /// Bytes that such a tree has.
        expected: usize,
        /// Bytes that were there.
        found: usize,
    },
    /// A size that no tree of ours reaches.
    #[error("a tree of size {size} is larger than {TREE_SIZE_MAX}; its size was damaged")]
    Size {
        /// The size that was claimed.
        size: u64,
    },
}

impl Tree {
    /// The tree without leaves.
    pub const fn new() -> Self {
        Self { size: 0, peaks: Vec::new() }
    }

    /// A tree from its size and [`Tree::peaks_bytes`].
    pub fn from_peaks(size: u64, peaks: &[u8]) -> Result<Self, TreeError> {
        if size > TREE_SIZE_MAX {
            return Err(TreeError::Size { size });
        }
        let expected = size.count_ones() as usize * HASH_BYTES;
        if peaks.len() != expected {
            return Err(TreeError::Peaks { size, expected, found: peaks.len() });
        }
        let peaks = peaks.chunks_exact(HASH_BYTES).filter_map(Hash::from_slice).collect();
        Ok(Self { size, peaks })
    }

    /// The peaks, the largest subtree first, 32 bytes each.
    pub fn peaks_bytes(&self) -> Vec<u8> {
        self.peaks.iter().flat_map(|peak| *peak.as_bytes()).collect()
    }

    /// How many leaves there are.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of the whole tree.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let smallest = peaks.next().copied().unwrap_or_else(empty_root);
        peaks.fold(smallest, |right, left| node_hash(left, &right))
    }

    /// Appends a leaf. Each subtree of `256^level` leaves that it completes, for levels from 1, is
    /// added to `done`: with the leaves themselves these are all the hashes of all tiles.
    pub fn push(&mut self, leaf: Hash, done: &mut Vec<Node>) {
        let mut hash = leaf;
        // Each trailing one is a complete subtree as large as the one in hand.
        for height in 1..=self.size.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(&left, &hash);
            if height.is_multiple_of(TILE_HEIGHT) {
                let level = u8::try_from(height / TILE_HEIGHT).unwrap_or(u8::MAX);
                done.push(Node { level, index: self.size >> height, hash });
            }
        }
        self.peaks.push(hash);
        self.size = self.size.saturating_add(1);
    }
}
