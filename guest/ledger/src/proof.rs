//! Proofs, made from whatever keeps the hashes of tiles. It reads each tile that it needs once, and
//! does not know where they are.

use std::collections::BTreeMap;

use crate::hash::{Hash, empty_root, node_hash};
use crate::limits::TILE_WIDTH;
use crate::tree::TILE_HEIGHT;

/// A store of the hashes of tiles.
pub trait Hashes {
    /// What can go wrong while reading.
    type Error;

    /// `count` hashes (at most 256, all within one tile) of a tile level, from `start`. Level 0 are
    /// the leaf hashes, the others the [`crate::Node`]s that [`crate::Tree::push`] reports.
    fn hashes(&self, level: u8, start: u64, count: u32) -> Result<Vec<Hash>, Self::Error>;
}

/// Why there is no proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError<E> {
    /// The store could not be read.
    #[error("cannot read the hashes of the tree")]
    Store(#[source] E),
    /// The store answered with another number of hashes than asked for.
    #[error(
        "the store has {found} of {count} hashes at level {level} from {start}; check it against its entries"
    )]
    Missing {
        /// Level of the tile.
        level: u8,
        /// First hash that was asked for.
        start: u64,
        /// Hashes that were asked for.
        count: u32,
        /// Hashes that came.
        found: usize,
    },
    /// There is no such proof.
    #[error("there is no proof of {of} in a tree of size {size}; ask for a smaller one")]
    OutOfRange {
        /// The index, or the older size.
        of: u64,
        /// The size of the tree.
        size: u64,
    },
}

/// The proof that the leaf at `index` is in the tree of the first `size` leaves (RFC 6962, 2.1.1),
/// from the leaf to the root.
pub fn inclusion_proof<H: Hashes>(
    store: &H,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, ProofError<H::Error>> {
    if index >= size {
        return Err(ProofError::OutOfRange { of: index, size });
    }
    let mut reader = Reader::new(store, size);
    let mut proof = Vec::new();
    let (mut from, mut to) = (0, size);
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            proof.push(reader.range(middle, to)?);
            to = middle;
        } else {
            proof.push(reader.range(from, middle)?);
            from = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the tree of the first `new_size` leaves extends the one of the first `old_size`
/// (RFC 6962, 2.1.2). It is empty if the sizes are equal, or the old one is zero.
pub fn consistency_proof<H: Hashes>(
    store: &H,
    old_size: u64,
    new_size: u64,
) -> Result<Vec<Hash>, ProofError<H::Error>> {
    if old_size > new_size {
        return Err(ProofError::OutOfRange { of: old_size, size: new_size });
    }
    if old_size == 0 {
        return Ok(Vec::new());
    }
    let mut reader = Reader::new(store, new_size);
    let mut proof = Vec::new();
    let (mut from, mut to) = (0, new_size);
    while old_size < to {
        let middle = from + split(to - from);
        if old_size <= middle {
            proof.push(reader.range(middle, to)?);
            to = middle;
        } else {
            proof.push(reader.range(from, middle)?);
            from = middle;
        }
    }
    // The old tree itself needs no proof, a part of it does.
    if from > 0 {
        proof.push(reader.range(from, to)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The root of the tree of the first `size` leaves.
pub fn root_at<H: Hashes>(store: &H, size: u64) -> Result<Hash, ProofError<H::Error>> {
    if size == 0 {
        return Ok(empty_root());
    }
    Reader::new(store, size).range(0, size)
}

/// Largest power of two below `leaves`, which is more than one.
const fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

/// Tiles of a tree of `size` leaves, each read once.
struct Reader<'a, H> {
    store: &'a H,
    size: u64,
    tiles: BTreeMap<(u8, u64), Vec<Hash>>,
}

impl<'a, H: Hashes> Reader<'a, H> {
    const fn new(store: &'a H, size: u64) -> Self {
        Self { store, size, tiles: BTreeMap::new() }
    }

    /// The root of the leaves `from..to`, where `from` is a multiple of a power of two that is not
    /// less than their number, and there is at least one.
    fn range(&mut self, from: u64, to: u64) -> Result<Hash, ProofError<H::Error>> {
        // Complete subtrees from the right, the smallest first.
        let mut end = to;
        let mut root = None;
        while end > from {
            let height = (end - from).trailing_zeros();
            let start = end - (1 << height);
            let subtree = self.subtree(height, start >> height)?;
            root = Some(root.map_or(subtree, |right| node_hash(&subtree, &right)));
            end = start;
        }
        Ok(root.unwrap_or_else(empty_root))
    }

    /// The root of a complete subtree: `index` among those of `2^height` leaves.
    fn subtree(&mut self, height: u32, index: u64) -> Result<Hash, ProofError<H::Error>> {
        let level = u8::try_from(height / TILE_HEIGHT).unwrap_or(u8::MAX);
        let within = height % TILE_HEIGHT;
        let first = index << within;
        let tile = self.tile(level, first / u64::from(TILE_WIDTH))?;
        let skip = usize::try_from(first % u64::from(TILE_WIDTH)).unwrap_or(usize::MAX);
        let mut row: Vec<Hash> = tile.iter().skip(skip).take(1 << within).copied().collect();
        while row.len() > 1 {
            row = row.chunks(2).filter_map(pair).collect();
        }
        Ok(row.first().copied().unwrap_or_else(empty_root))
    }

    fn tile(&mut self, level: u8, index: u64) -> Result<&[Hash], ProofError<H::Error>> {
        let tile = match self.tiles.entry((level, index)) {
            std::collections::btree_map::Entry::Occupied(tile) => tile.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                let count = u32::from(crate::tiles::width(level, index, self.size));
                let start = index * u64::from(TILE_WIDTH);
                let hashes = self.store.hashes(level, start, count).map_err(ProofError::Store)?;
                if hashes.len() != count as usize {
                    return Err(ProofError::Missing { level, start, count, found: hashes.len() });
                }
                place.insert(hashes)
            }
        };
        Ok(tile)
    }
}

fn pair(two: &[Hash]) -> Option<Hash> {
    let [left, right] = two else { return None };
    Some(node_hash(left, right))
}
