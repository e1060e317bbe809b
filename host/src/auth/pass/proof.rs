//! What shows that a credential is still good, without being it.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Stands for a key that is not there itself.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Print([u8; 32]);

impl Print {
    /// Of texts, each of which counts with its length.
    pub(in super::super) fn of(parts: &[&[u8]]) -> Self {
        let hash = parts.iter().fold(Sha256::new(), |hash, part| {
            hash.chain_update((part.len() as u64).to_be_bytes()).chain_update(part)
        });
        Self(hash.finalize().into())
    }

    /// A hash that says no more than it may.
    pub(in super::super) const fn of_hash(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(in super::super) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Print {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Secrets may be weak, and then it tells too much.
        f.write_str("[print of a key]")
    }
}

/// What shows that a credential is still good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// There is none, and nobody is asked for one.
    Anybody,
    /// The key of the environment.
    Environment(Print),
    /// A key of the store: its hash, which is what the store knows it by.
    Key(Print),
    /// The key that signed a token, and what else the token had to agree with.
    Token(Print),
}
