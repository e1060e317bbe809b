//! The ledger: an append-only log of decisions that strangers can verify. Pure; it never sees a
//! clock, randomness, a file, a socket or the environment. It is the same code in the daemon that
//! writes, in the verifier that has only files, and in a browser. It does not know where a log is
//! kept, nor what its entries mean, except for one kind.
//!
//! # The format
//!
//! The words MUST and MAY are those of RFC 2119. Where this text is silent, RFC 6962 (section 2.1)
//! and C2SP's signed-note, tlog-checkpoint and tlog-tiles hold.
//!
//! **Entry.** Any bytes, at most 65,535. Sentinel writes one JSON object, redacted before it is
//! hashed ([`Redactor`]). Entries are numbered from 0; an entry is never changed or removed.
//!
//! **Tree.** The Merkle tree of RFC 6962 with SHA-256: a leaf is `SHA-256(0x00 || entry)`
//! ([`leaf_hash`]), a node `SHA-256(0x01 || left || right)` ([`node_hash`]), the empty tree
//! `SHA-256("")`. [`Tree`] grows it.
//!
//! **Checkpoint.** Three lines, each ended by a line break: the origin, which names the log; the
//! size, in decimal; the root, in base64. A checkpoint MUST NOT have more lines. It is signed as a
//! note: text, an empty line, and one line `— <name> <base64>` for each signature, whose first four
//! bytes are `SHA-256(name || "\n" || 0x01 || key)[..4]`. Keys are Ed25519. A verifier has its keys
//! from its configuration. It MUST ignore signatures of unknown keys, MUST refuse the note if a
//! signature of a known key is wrong, and MUST have at least one that is right. See [`Checkpoint`].
//!
//! **Keys.** Public: `<name>+<hash>+<base64 of 0x01 and the key>`. Private:
//! `PRIVATE+KEY+<name>+<hash>+<base64 of 0x01 and the seed>`. A name has no spaces and no `+`.
//!
//! **Key rotation.** An entry whose top level is a JSON object with `"kind":"key-rotation"`, spelled
//! without white space, and the fields `newKey`, `oldKey`, `signature` and `size`. `size` MUST be the
//! entry's own index. The old key signs five lines: `sentinel-key-rotation/v1`, the origin, the size,
//! the old key, the new key. Checkpoints up to `size` are signed by the old key, larger ones by the
//! new one. A rotation that no trusted key signed makes the log invalid. See [`Rotation`].
//!
//! **Files.** `checkpoint`; `tile/<level>/<index>` with up to 256 hashes of 32 bytes, where level 0
//! are leaves and each hash of level n+1 is the root of a full tile of level n; and
//! `tile/entries/<index>` with up to 256 entries, each after its length in 16 bits, big-endian. An
//! index is written in groups of three digits, all but the last after an `x`: `x001/x234/067`. What
//! has less than 256 ends in `.p/<width>`. See [`tiles`].
//!
//! **Receipt.** One entry with its proof, as JSON with exactly these fields. See [`Receipt`].
//!
//! ```json
//! {"format":"sentinel-receipt/v1","entry":"<base64>","index":0,"proof":["<base64>"],"checkpoint":"<note>"}
//! ```
//!
//! **What it proves.** A log is tamper-evident for everybody without the signing key, and up to the
//! last checkpoint that was kept elsewhere even for whoever has it. [`Auditor`] reads a whole log and
//! compares it with such checkpoints. It cannot tell that a log never had an entry that should be there.
//!
//! # An example
//!
//! ```
//! use sentinel_ledger::{Auditor, Checkpoint, Receipt, SigningKey, Tree, leaf_hash};
//!
//! // The writer. A real seed is random.
//! let key = SigningKey::from_seed("ledger.example/demo", [7; 32])?;
//! let entries = [&br#"{"seq":0}"#[..], br#"{"seq":1}"#];
//! let mut tree = Tree::new();
//! for entry in entries {
//!     tree.push(leaf_hash(entry), &mut Vec::new());
//! }
//! let head = Checkpoint::new("ledger.example/demo", tree.size(), tree.root())?.sign(&key);
//! assert_eq!(
//!     head,
//!     "ledger.example/demo\n\
//!      2\n\
//!      /FLXGjaKeY/Zbsflt+5fj5/dEMf/mrFGxOrB5qChsQo=\n\
//!      \n\
//!      — ledger.example/demo yI2aOtvKmokPtw94LN43NlUCNi7FzuWbfIBhnFwnpzRJoVW4LdbD1WZhnpUvTs2Ib3EEDUF2W9A1TfyKPkmHR1wHswk=\n"
//! );
//!
//! // A verifier with the public key.
//! let pinned = vec![key.verifying_key()];
//! let receipt = Receipt {
//!     entry: entries[1].to_vec(),
//!     index: 1,
//!     proof: vec![leaf_hash(entries[0])],
//!     checkpoint: head.clone(),
//! };
//! assert_eq!(Receipt::parse(&receipt.to_json())?.verify(&pinned)?.entry(), entries[1]);
//!
//! let mut auditor = Auditor::new("ledger.example/demo", pinned);
//! for entry in entries {
//!     auditor.push(entry)?;
//! }
//! assert_eq!(auditor.finish(&head)?.size, 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod audit;
mod checkpoint;
mod hash;
mod key;
mod limits;
mod note;
mod proof;
mod receipt;
mod redact;
mod rotation;
pub mod tiles;
mod tree;
mod verify;

pub use audit::{Audit, AuditError, Auditor, KeyChange};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use hash::{Hash, empty_root, keyed_digest, leaf_hash, node_hash};
pub use key::{KeyError, KeyId, SigningKey, VerifyingKey};
pub use limits::{
    ENTRY_BYTES_MAX, HASH_BYTES, NAME_BYTES_MAX, NOTE_BYTES_MAX, RECEIPT_BYTES_MAX, REDACT_BYTES_MAX,
    REDACT_DEPTH_MAX, REDACT_VALUES_MAX, SIGNATURES_MAX, STRING_BYTES_MAX, TILE_LEVEL_MAX, TILE_WIDTH,
    TREE_SIZE_MAX,
};
pub use note::NoteError;
pub use proof::{Hashes, ProofError, consistency_proof, inclusion_proof, root_at};
pub use receipt::{Receipt, ReceiptError, VerifiedReceipt};
pub use redact::{RedactError, Redacted, Redactor};
pub use rotation::{Rotation, rotation_statement};
pub use tree::{Node, Tree, TreeError};
pub use verify::{VerifyError, verify_consistency, verify_inclusion};
