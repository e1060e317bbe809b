//! The tree and its proofs, against the definitions of RFC 6962 written out naively.

mod common;

use common::{Store, noise};
use sentinel_ledger::{
    Hash, Hashes, ProofError, Tree, TreeError, VerifyError, consistency_proof, empty_root, inclusion_proof,
    leaf_hash, node_hash, root_at, tiles, verify_consistency, verify_inclusion,
};

/// `MTH` of RFC 6962, 2.1.
fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&mth(left), &mth(right))
        }
    }
}

/// `PATH` of RFC 6962, 2.1.1.
fn path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(k);
    let (mut proof, other) = if m < k { (path(m, left), right) } else { (path(m - k, right), left) };
    proof.push(mth(other));
    proof
}

/// `SUBPROOF` of RFC 6962, 2.1.2.
fn subproof(m: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if whole { Vec::new() } else { vec![mth(leaves)] };
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(k);
    let (mut proof, other) =
        if m <= k { (subproof(m, left, whole), right) } else { (subproof(m - k, right, false), left) };
    proof.push(mth(other));
    proof
}

fn leaf(n: u64) -> Hash {
    leaf_hash(&n.to_be_bytes())
}

fn store(size: u64) -> Store {
    let mut store = Store::default();
    (0..size).for_each(|n| store.push_leaf(leaf(n)));
    store
}

#[test]
fn roots_are_those_of_the_classic_leaves() {
    // The inputs and roots that certificate transparency's implementations share.
    let leaves: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut tree = Tree::new();
    assert_eq!(tree.root().to_string(), roots[0]);
    for (leaf, root) in leaves.iter().zip(&roots[1..]) {
        tree.push(leaf_hash(leaf), &mut Vec::new());
        assert_eq!(tree.root().to_string(), *root);
    }
}

#[test]
fn a_tree_is_its_definition_at_every_size() {
    let leaves: Vec<Hash> = (0..600).map(leaf).collect();
    let all = store(600);
    let mut tree = Tree::new();
    for size in 0..=600 {
        let root = mth(&leaves[..size]);
        assert_eq!((tree.size(), tree.root()), (size as u64, root));
        assert_eq!(root_at(&all, size as u64), Ok(root));
        assert_eq!(Tree::from_peaks(tree.size(), &tree.peaks_bytes()), Ok(tree.clone()));
        if let Some(leaf) = leaves.get(size) {
            tree.push(*leaf, &mut Vec::new());
        }
    }
}

#[test]
fn nodes_are_the_hashes_of_tiles() {
    let size = 256 * 256 + 256 + 3;
    let store = store(size);
    let leaves: Vec<Hash> = (0..size).map(leaf).collect();
    assert_eq!(store.levels.len(), 3);
    for (level, row) in store.levels.iter().enumerate() {
        let leaves_each = 256usize.pow(u32::try_from(level).expect("a level"));
        let expected: Vec<Hash> = leaves.chunks_exact(leaves_each).map(mth).collect();
        assert_eq!(*row, expected, "level {level}");
        let level = u8::try_from(level).expect("a level");
        let widths: u64 = (0..size).map(|tile| u64::from(tiles::width(level, tile, size))).sum();
        assert_eq!(widths, row.len() as u64);
    }
}

#[test]
fn damaged_peaks_are_refused() {
    let tree = store(5).tree;
    let peaks = tree.peaks_bytes();
    assert_eq!(peaks.len(), 64);
    assert_eq!(Tree::from_peaks(7, &peaks), Err(TreeError::Peaks { size: 7, expected: 96, found: 64 }));
    assert_eq!(Tree::from_peaks(5, &peaks[1..]), Err(TreeError::Peaks { size: 5, expected: 64, found: 63 }));
    assert_eq!(Tree::from_peaks(u64::MAX, &[0; 64 * 32]), Err(TreeError::Size { size: u64::MAX }));
    assert_eq!(Tree::from_peaks(0, &[]), Ok(Tree::new()));
}

#[test]
fn proofs_are_their_definition_and_verify_for_all_pairs() {
    let leaves: Vec<Hash> = (0..70).map(leaf).collect();
    let store = store(70);
    for new in 0..=70usize {
        let root = mth(&leaves[..new]);
        for old in 0..=new {
            let old_root = mth(&leaves[..old]);
            let proof = consistency_proof(&store, old as u64, new as u64).unwrap();
            let expected = if old == 0 { Vec::new() } else { subproof(old, &leaves[..new], true) };
            assert_eq!(proof, expected, "{old} {new}");
            check_consistency(old as u64, old_root, new as u64, root, &proof);
            if old < new {
                let proof = inclusion_proof(&store, old as u64, new as u64).unwrap();
                assert_eq!(proof, path(old, &leaves[..new]), "{old} {new}");
                check_inclusion(leaves[old], old as u64, new as u64, &proof, root);
            }
        }
    }
}

/// A proof verifies, and nothing that differs from it in one place does.
fn check_inclusion(leaf: Hash, index: u64, size: u64, proof: &[Hash], root: Hash) {
    let verify = |leaf, index, size, proof: &[Hash], root| verify_inclusion(&leaf, index, size, proof, &root);
    assert_eq!(verify(leaf, index, size, proof, root), Ok(()));
    let other = leaf_hash(b"other");
    assert_eq!(verify(other, index, size, proof, root), Err(VerifyError::Root));
    assert_eq!(verify(leaf, index, size, proof, other), Err(VerifyError::Root));
    for wrong in 0..size + 2 {
        assert!(
            wrong == index || verify(leaf, wrong, size, proof, root).is_err(),
            "{wrong} for {index} of {size}"
        );
    }
    for changed in mutants(proof) {
        assert!(verify(leaf, index, size, &changed, root).is_err(), "{index} of {size}");
    }
    assert_eq!(verify(leaf, size, size, proof, root), Err(VerifyError::OutOfRange { of: size, size }));
}

fn check_consistency(old: u64, old_root: Hash, new: u64, new_root: Hash, proof: &[Hash]) {
    let verify = |old, old_root, new, new_root, proof: &[Hash]| {
        verify_consistency(old, &old_root, new, &new_root, proof)
    };
    assert_eq!(verify(old, old_root, new, new_root, proof), Ok(()), "{old} {new}");
    let other = leaf_hash(b"other");
    assert_eq!(verify(old, other, new, new_root, proof), Err(VerifyError::Root), "{old} {new}");
    // Everything extends nothing, so there the new root says nothing.
    assert_eq!(verify(old, old_root, new, other, proof).is_err(), old > 0 || new == 0, "{old} {new}");
    for changed in mutants(proof) {
        assert!(verify(old, old_root, new, new_root, &changed).is_err(), "{old} {new}");
    }
    if old > 0 && old < new {
        assert!(verify(new, new_root, old, old_root, proof).is_err());
        assert!(verify(old - 1, old_root, new, new_root, proof).is_err());
        assert!(verify(old + 1, old_root, new, new_root, proof).is_err());
    }
}

/// Proofs with a hash changed, left out, doubled, added, and two swapped.
fn mutants(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let other = leaf_hash(b"other");
    let mut mutants = vec![[proof, &[other]].concat(), [&[other], proof].concat()];
    for at in 0..proof.len() {
        let mut changed = proof.to_vec();
        changed.splice(at..=at, [other]);
        mutants.push(changed);
        let mut short = proof.to_vec();
        let hash = short.remove(at);
        mutants.push(short);
        let mut long = proof.to_vec();
        long.insert(at, hash);
        mutants.push(long);
        if at > 0 {
            let mut swapped = proof.to_vec();
            swapped.swap(at - 1, at);
            mutants.push(swapped);
        }
    }
    mutants
}

#[test]
fn proofs_of_large_trees_verify_and_read_little() {
    let size = 300_000;
    let store = store(size);
    for round in 0..300 {
        let new = noise(round) % size + 1;
        let old = noise(round + 1000) % new;
        let (old_root, new_root) = (root_at(&store, old).unwrap(), root_at(&store, new).unwrap());
        store.reads.borrow_mut().clear();
        let proof = inclusion_proof(&store, old, new).unwrap();
        assert_reads(&store);
        assert_eq!(verify_inclusion(&leaf(old), old, new, &proof, &new_root), Ok(()));
        let proof = consistency_proof(&store, old, new).unwrap();
        assert_reads(&store);
        assert_eq!(verify_consistency(old, &old_root, new, &new_root, &proof), Ok(()));
        assert!(old == 0 || verify_consistency(old, &new_root, new, &new_root, &proof).is_err());
    }
}

/// Two tiles of each level at the most, each read once and as a whole.
fn assert_reads(store: &Store) {
    let mut reads = store.reads.take();
    assert!(reads.len() <= 6, "{reads:?}");
    assert!(reads.iter().all(|(_, start, count)| *count <= 256 && start % 256 == 0), "{reads:?}");
    let before = reads.len();
    reads.sort_unstable();
    reads.dedup();
    assert_eq!(reads.len(), before, "a tile was read twice");
}

#[test]
fn impossible_proofs_are_refused() {
    let store = store(10);
    assert_eq!(inclusion_proof(&store, 5, 5), Err(ProofError::OutOfRange { of: 5, size: 5 }));
    assert_eq!(consistency_proof(&store, 6, 5), Err(ProofError::OutOfRange { of: 6, size: 5 }));
    assert!(matches!(inclusion_proof(&store, 5, 11), Err(ProofError::Store(_))));
    assert!(matches!(root_at(&store, u64::MAX), Err(ProofError::Store(_))));
    let root = store.tree.root();
    for size in [u64::MAX, 1 << 63, (1 << 63) + 1] {
        assert!(verify_inclusion(&root, size - 1, size, &[root; 64], &root).is_err());
        assert!(verify_inclusion(&root, 0, size, &[root; 64], &root).is_err());
        assert!(verify_consistency(1, &root, size, &root, &[root; 64]).is_err());
        assert!(verify_consistency(size - 1, &root, size, &root, &[root; 65]).is_err());
    }
}

/// A store that gives fewer hashes than asked for.
struct Short;

impl Hashes for Short {
    type Error = std::convert::Infallible;

    fn hashes(&self, _level: u8, _start: u64, count: u32) -> Result<Vec<Hash>, Self::Error> {
        Ok(vec![empty_root(); count as usize - 1])
    }
}

#[test]
fn a_store_that_lost_hashes_gives_no_proof() {
    let missing = ProofError::Missing { level: 0, start: 0, count: 10, found: 9 };
    assert_eq!(inclusion_proof(&Short, 3, 10), Err(missing.clone()));
    assert_eq!(root_at(&Short, 10), Err(missing));
}
