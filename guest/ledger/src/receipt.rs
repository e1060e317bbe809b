//! Receipts: one entry with the proof that it is in the log, as a file that anybody with the log's
//! public key can check offline.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::checkpoint::Checkpoint;
use crate::hash::{Hash, leaf_hash};
use crate::key::VerifyingKey;
use crate::limits::{ENTRY_BYTES_MAX, PROOF_HASHES_MAX, RECEIPT_BYTES_MAX};
use crate::note::NoteError;
use crate::verify::{VerifyError, verify_inclusion};

/// The value of `format`.
const FORMAT: &str = "sentinel-receipt/v1";

/// A receipt as somebody wrote it. It claims; [`Receipt::verify`] proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The entry, byte for byte as it was hashed.
    pub entry: Vec<u8>,
    /// Its place in the log, from 0.
    pub index: u64,
    /// The inclusion proof for the checkpoint's size, from the leaf to the root.
    pub proof: Vec<Hash>,
    /// A signed note.
    pub checkpoint: String,
}

/// What a receipt proves: this entry is at this index of the log with this checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedReceipt {
    checkpoint: Checkpoint,
    index: u64,
    entry: Vec<u8>,
}

/// Why a receipt proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// Longer than any receipt.
    #[error("the receipt has {bytes} bytes; at most {RECEIPT_BYTES_MAX} are read")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not the JSON of a receipt.
    #[error("this is not a receipt: {what}")]
    Malformed {
        /// What is wrong.
        what: String,
    },
    /// A format that is not read here.
    #[error("the receipt's format is not `{FORMAT}`; use a program that knows it")]
    Format,
    /// The checkpoint cannot be believed.
    #[error("the receipt's checkpoint is not proven")]
    Checkpoint(#[from] NoteError),
    /// The entry is not in the tree of the checkpoint.
    #[error("the receipt's entry is not proven to be in the log")]
    Proof(#[from] VerifyError),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    entry: String,
    index: u64,
    proof: Vec<String>,
    checkpoint: String,
}

impl Receipt {
    /// The file, one line.
    pub fn to_json(&self) -> String {
        let file = File {
            format: FORMAT.to_owned(),
            entry: STANDARD.encode(&self.entry),
            index: self.index,
            proof: self.proof.iter().map(|hash| hash.to_base64()).collect(),
            checkpoint: self.checkpoint.clone(),
        };
        // Strings and numbers always have a JSON form.
        let mut json = serde_json::to_string(&file).unwrap_or_default();
        json.push('\n');
        json
    }

    /// Reads [`Receipt::to_json`]: every field once, no other, no longer than a receipt can be.
    pub fn parse(json: &str) -> Result<Self, ReceiptError> {
        if json.len() > RECEIPT_BYTES_MAX {
            return Err(ReceiptError::TooLong { bytes: json.len() });
        }
        let malformed = |what: &str| ReceiptError::Malformed { what: what.to_owned() };
        // An array of the right values would be read as the struct, too.
        if !json.trim_start().starts_with('{') {
            return Err(malformed("it is not a JSON object"));
        }
        let file: File = serde_json::from_str(json).map_err(|error| malformed(&error.to_string()))?;
        if file.format != FORMAT {
            return Err(ReceiptError::Format);
        }
        let entry = STANDARD.decode(&file.entry).map_err(|_| malformed("`entry` is not base64"))?;
        if entry.len() > ENTRY_BYTES_MAX {
            return Err(malformed("`entry` is longer than entries are"));
        }
        if file.proof.len() > PROOF_HASHES_MAX {
            return Err(malformed("`proof` is longer than proofs are"));
        }
        let proof: Option<Vec<Hash>> = file.proof.iter().map(|hash| Hash::from_base64(hash)).collect();
        let proof = proof.ok_or_else(|| malformed("`proof` has a text that is not the base64 of a hash"))?;
        Ok(Self { entry, index: file.index, proof, checkpoint: file.checkpoint })
    }

    /// Proves it with keys that were pinned elsewhere. The caller compares the checkpoint's origin
    /// with the log that it means.
    pub fn verify(&self, keys: &[VerifyingKey]) -> Result<VerifiedReceipt, ReceiptError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, keys)?;
        let leaf = leaf_hash(&self.entry);
        verify_inclusion(&leaf, self.index, checkpoint.size(), &self.proof, &checkpoint.root())?;
        Ok(VerifiedReceipt { checkpoint, index: self.index, entry: self.entry.clone() })
    }
}

impl VerifiedReceipt {
    /// The log, as it was when the receipt was made.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The place of the entry.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The entry.
    pub fn entry(&self) -> &[u8] {
        &self.entry
    }
}
