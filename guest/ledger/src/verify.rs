//! Checking proofs: hashes in, yes or no out. The algorithms are those of RFC 9162, sections 2.1.3.2
//! and 2.1.4.2.

use crate::hash::{Hash, empty_root, node_hash};

/// Why a proof proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The index is not in the tree, or the old tree is larger than the new one.
    #[error("{of} is not within a tree of size {size}; compare with a newer checkpoint")]
    OutOfRange {
        /// The index, or the older size.
        of: u64,
        /// The size of the tree.
        size: u64,
    },
    /// The proof has another number of hashes than these sizes need.
    #[error("the proof has the wrong number of hashes; ask for it again with these sizes")]
    Length,
    /// The hashes do not lead to the root.
    #[error("the proof does not lead to the root; the entry or the tree was changed")]
    Root,
}

/// Checks that `leaf` is at `index` in the tree of `size` leaves with this root.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), VerifyError> {
    if index >= size {
        return Err(VerifyError::OutOfRange { of: index, size });
    }
    let (mut at, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(VerifyError::Length);
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            // On the right edge, levels without a sibling are skipped.
            let skip = at.trailing_zeros();
            at = at.checked_shr(skip).unwrap_or(0);
            last = last.checked_shr(skip).unwrap_or(0);
        } else {
            hash = node_hash(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(VerifyError::Length);
    }
    if hash == *root { Ok(()) } else { Err(VerifyError::Root) }
}

/// Checks that the tree with `new_root` extends the one with `old_root`: nothing of it was changed,
/// removed or reordered.
pub fn verify_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), VerifyError> {
    if old_size > new_size {
        return Err(VerifyError::OutOfRange { of: old_size, size: new_size });
    }
    if old_size == 0 || old_size == new_size {
        // Every tree extends the one without leaves, and itself.
        let expected = if old_size == new_size { *new_root } else { empty_root() };
        let empty = new_size > 0 || *new_root == empty_root();
        return match proof {
            [] if *old_root == expected && empty => Ok(()),
            [] => Err(VerifyError::Root),
            [_, ..] => Err(VerifyError::Length),
        };
    }
    let (mut at, mut last) = (old_size - 1, new_size - 1);
    let skip = at.trailing_ones();
    at >>= skip;
    last >>= skip;
    // An old tree that is one complete subtree is where the proof starts; it is not repeated in it.
    let (start, rest) = match proof {
        rest if old_size.is_power_of_two() => (old_root, rest),
        [first, rest @ ..] => (first, rest),
        [] => return Err(VerifyError::Length),
    };
    let (mut old, mut new) = (*start, *start);
    for hash in rest {
        if last == 0 {
            return Err(VerifyError::Length);
        }
        if at & 1 == 1 || at == last {
            old = node_hash(hash, &old);
            new = node_hash(hash, &new);
            let skip = at.trailing_zeros();
            at = at.checked_shr(skip).unwrap_or(0);
            last = last.checked_shr(skip).unwrap_or(0);
        } else {
            new = node_hash(&new, hash);
        }
        at >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(VerifyError::Length);
    }
    if old == *old_root && new == *new_root { Ok(()) } else { Err(VerifyError::Root) }
}
