//! Every way in which a ledger is not verified: each has a code for programs and a sentence for
//! people. An error that says nothing about the ledger is none of them.

use sentinel::causes;
use sentinel::store::StoreError;
use sentinel_ledger::{AuditError, ReceiptError};
use thiserror::Error;

/// Why something is not verified.
#[derive(Debug, Error)]
pub(super) enum Failure {
    /// What the library says.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// What the library says of a receipt.
    #[error("{}", causes::in_one_line(.0))]
    Receipt(#[from] ReceiptError),
    /// Of another ledger.
    #[error("the receipt is of the ledger `{found}`, not `{expected}`")]
    ReceiptOrigin { found: String, expected: String },
    /// Signed by a key that no pinned one led to.
    #[error("the ledger is signed by `{key}`, which no pinned key handed over to; integrity is not proven")]
    OtherKey { key: String },
    /// Its rows are not the bytes that were hashed.
    #[error("entry {index} was changed: its bytes have not the hash that was stored with them")]
    Changed { index: u64 },
    /// A hole.
    #[error("entry {index} is missing; the signed head covers {size} entries")]
    Missing { index: u64, size: u64 },
    /// An inner hash is not what it should be: proofs made from it would be wrong.
    #[error("a stored hash was changed or is missing: number {index} of level {level}")]
    Node { level: u8, index: u64 },
    /// The next entry would be appended to another tree.
    #[error("the stored end of the tree was changed: it does not follow from the entries")]
    End,
    /// More than was signed.
    #[error("entry {index} is beyond the signed head of {size} entries: nobody vouches for it")]
    Beyond { index: u64, size: u64 },
    /// Nothing was ever signed, or somebody removed it.
    #[error("there is no signed head: the ledger is empty or was emptied")]
    NoHead,
    /// Reading stops here.
    #[error("it cannot be read from entry {index} on: {reason}")]
    Unreadable { index: u64, reason: String },
    /// What the store itself says.
    #[error(transparent)]
    Damaged(StoreError),
}

impl Failure {
    /// The word for programs.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::Audit(error) => audit_code(error),
            Self::Receipt(_) => "receipt",
            Self::ReceiptOrigin { .. } => "other-ledger",
            Self::OtherKey { .. } => "unknown-key",
            Self::Changed { .. } => "entry-changed",
            Self::Missing { .. } => "entry-missing",
            Self::Node { .. } | Self::End => "hash-changed",
            Self::Beyond { .. } => "not-signed",
            Self::NoHead => "no-head",
            Self::Unreadable { .. } | Self::Damaged(_) => "damaged",
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "what later versions find is a failure all the same")]
const fn audit_code(error: &AuditError) -> &'static str {
    match error {
        AuditError::Truncated { .. } => "truncated",
        AuditError::Rewritten { .. } => "rewritten",
        AuditError::HeadOlder { .. } => "not-signed",
        AuditError::HeadNewer { .. } => "entry-missing",
        AuditError::UnknownKey => "unknown-key",
        AuditError::BadSignature { .. } => "bad-signature",
        AuditError::RetiredKey { .. } => "retired-key",
        AuditError::Checkpoint(_) => "checkpoint",
        AuditError::Origin { .. } => "other-ledger",
        AuditError::ForgedRotation { .. } => "forged-rotation",
        _ => "invalid",
    }
}

/// Looking failed, or what was found is wrong.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It is not verified.
    Failure(Failure),
    /// Nothing can be said.
    Error(anyhow::Error),
}

impl<E: Into<Failure>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Damaged(error)
    }
}

/// A store that cannot be reached says nothing about the ledger. One that cannot be read does.
pub(super) fn store_trouble(error: StoreError, index: u64) -> Trouble {
    if matches!(error, StoreError::Unavailable { .. } | StoreError::Locked { .. }) {
        return Trouble::Error(error.into());
    }
    Trouble::Failure(Failure::Unreadable { index, reason: error.to_string() })
}
