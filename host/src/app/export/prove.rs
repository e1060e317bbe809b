//! Whether an entry is in the ledger of a head. A whole tile of leaves is proven at a time, so that
//! a long export asks for few hashes.

use sentinel_ledger::{Hash, TILE_WIDTH, Tree, inclusion_proof, leaf_hash, verify_inclusion};

use crate::app::reads::{ReadError, StoredHashes};
use crate::state::Entry;
use crate::store::Reader;

/// Proves entries, best in their order.
pub(super) struct Prover {
    size: u64,
    root: Hash,
    /// Leaves that are proven, from this place on.
    tile: Option<(u64, Vec<Hash>)>,
}

impl Prover {
    /// For the ledger of this head.
    pub(super) const fn new(size: u64, root: Hash) -> Self {
        Self { size, root, tile: None }
    }

    /// Demands that an entry is what was signed.
    pub(super) fn check(&mut self, reader: &mut dyn Reader, entry: &Entry) -> Result<(), ReadError> {
        if entry.seq >= self.size {
            return Err(changed(entry.seq));
        }
        let start = entry.seq - entry.seq % u64::from(TILE_WIDTH);
        let leaves = match self.tile.take() {
            Some((own, leaves)) if own == start => leaves,
            Some(_) | None => self.leaves(reader, start)?,
        };
        let at = usize::try_from(entry.seq - start).unwrap_or(usize::MAX);
        let is_same = leaves.get(at) == Some(&leaf_hash(entry.entry.body.as_bytes()));
        self.tile = Some((start, leaves));
        if is_same { Ok(()) } else { Err(changed(entry.seq)) }
    }

    /// The leaves of a tile, proven.
    fn leaves(&self, reader: &mut dyn Reader, start: u64) -> Result<Vec<Hash>, ReadError> {
        let width = u64::from(TILE_WIDTH).min(self.size - start);
        let leaves = reader.hashes(0, start, u32::try_from(width).unwrap_or(u32::MAX))?;
        let Some(first) = leaves.first().filter(|_| leaves.len() as u64 == width) else {
            return Err(changed(start));
        };
        let stored = inclusion_proof(&StoredHashes::new(reader), start, self.size);
        let stored = stored.map_err(|error| ReadError::Unproven { reason: format!("{error:?}") })?;
        // The proof of the first leaf, with what follows from the other leaves in place of what is
        // stored: so it proves all of them.
        let mut proof = beside_first(&leaves);
        proof.extend(stored.into_iter().skip(proof.len()));
        verify_inclusion(first, start, self.size, &proof, &self.root).map_err(|_| changed(start))?;
        Ok(leaves)
    }
}

/// The hashes beside the way from the first leaf to the root over these leaves.
fn beside_first(leaves: &[Hash]) -> Vec<Hash> {
    let mut beside = Vec::new();
    let mut width = 1;
    while width < leaves.len() {
        let next = leaves.len().min(width * 2);
        beside.push(root(leaves.get(width..next).unwrap_or_default()));
        width *= 2;
    }
    beside
}

fn root(leaves: &[Hash]) -> Hash {
    let (mut tree, mut done) = (Tree::new(), Vec::new());
    for leaf in leaves {
        tree.push(*leaf, &mut done);
    }
    tree.root()
}

/// What is said where something is not what was signed.
pub(super) fn changed(index: u64) -> ReadError {
    ReadError::Unproven { reason: format!("entry {index}, or one near it, is not what was signed") }
}
