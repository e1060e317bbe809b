//! The audit of a whole log, entry by entry. It knows the format and the pinned keys, and trusts
//! nothing that comes with the log.

use std::collections::BTreeMap;

use crate::checkpoint::Checkpoint;
use crate::hash::{Hash, leaf_hash};
use crate::key::VerifyingKey;
use crate::limits::ENTRY_BYTES_MAX;
use crate::note::NoteError;
use crate::rotation::Rotation;
use crate::tree::Tree;

/// Reads a log once and says whether it is the one that the pinned keys vouch for.
///
/// An error is final: whatever is asked afterwards is answered with it.
#[derive(Debug, Clone)]
pub struct Auditor {
    origin: String,
    tree: Tree,
    /// Keys that may sign now.
    active: Vec<VerifyingKey>,
    /// Keys that handed over to another.
    retired: Vec<VerifyingKey>,
    rotations: Vec<KeyChange>,
    /// Checkpoints that were kept elsewhere and not reached yet, by size.
    expected: BTreeMap<u64, Vec<String>>,
    failed: Option<AuditError>,
}

/// A rotation that the old key signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChange {
    /// The entry that records it.
    pub index: u64,
    /// The key until then.
    pub old: VerifyingKey,
    /// The key from then on.
    pub new: VerifyingKey,
}

/// What an audit proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// Entries in the log.
    pub size: u64,
    /// The root of their tree.
    pub root: Hash,
    /// The key that signed the head: what to pin from now on.
    pub key: VerifyingKey,
    /// Every change of keys, in order.
    pub rotations: Vec<KeyChange>,
}

/// Why a log must not be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// A checkpoint that was kept elsewhere saw more entries.
    #[error("the log was truncated: it has {size} entries, a checkpoint kept elsewhere has {expected}")]
    Truncated {
        /// Entries in the log.
        size: u64,
        /// Entries that the checkpoint signed.
        expected: u64,
    },
    /// As many entries as were signed, and others.
    #[error("the log was rewritten: its first {size} entries are not the ones that were signed")]
    Rewritten {
        /// The size that was signed.
        size: u64,
    },
    /// The head does not cover the last entries.
    #[error(
        "the head has {head} entries and the log {size}; fetch the newest head, or these entries are not vouched for"
    )]
    HeadOlder {
        /// Entries in the log.
        size: u64,
        /// Entries that the head signed.
        head: u64,
    },
    /// The head covers entries that are not there.
    #[error("the head has {head} entries and the log only {size}; its end is missing")]
    HeadNewer {
        /// Entries in the log.
        size: u64,
        /// Entries that the head signed.
        head: u64,
    },
    /// Not signed by a key that is trusted.
    #[error("no trusted key signed the checkpoint; integrity is not proven")]
    UnknownKey,
    /// A signature of a trusted key is wrong.
    #[error("the signature of `{name}` on the checkpoint is wrong; it was changed or forged")]
    BadSignature {
        /// Name of the key.
        name: String,
    },
    /// Signed by a key that had handed over before this size.
    #[error("the checkpoint of {size} entries is signed by a key that was replaced before; it may be stolen")]
    RetiredKey {
        /// The size that was signed.
        size: u64,
    },
    /// Not a checkpoint at all.
    #[error("the checkpoint cannot be read")]
    Checkpoint(#[source] NoteError),
    /// A checkpoint of another log.
    #[error("the checkpoint is of the log `{found}`; give one of the log that is audited")]
    Origin {
        /// The origin that it names.
        found: String,
    },
    /// A key rotation that no trusted key signed.
    #[error("entry {index} is a forged key rotation: {what}")]
    ForgedRotation {
        /// The entry.
        index: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// An entry that no log can hold.
    #[error("entry {index} has {bytes} bytes; at most {ENTRY_BYTES_MAX} are possible")]
    EntryTooLong {
        /// The entry.
        index: u64,
        /// Its length.
        bytes: usize,
    },
    /// Expected after its size was passed, when the root of that size is gone.
    #[error("the checkpoint of {size} entries came after {passed}; give checkpoints before the entries")]
    Late {
        /// The size that was signed.
        size: u64,
        /// Entries that were read already.
        passed: u64,
    },
}

impl Auditor {
    /// An audit of the log with this origin. The keys come from configuration, never from the log.
    /// A key that another one of them replaces within the log counts until then.
    pub fn new(origin: &str, trusted: Vec<VerifyingKey>) -> Self {
        Self {
            origin: origin.to_owned(),
            tree: Tree::new(),
            active: trusted,
            retired: Vec::new(),
            rotations: Vec::new(),
            expected: BTreeMap::new(),
            failed: None,
        }
    }

    /// Entries read so far.
    pub const fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Root of the entries read so far.
    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// Demands that the log agrees with a checkpoint that was kept elsewhere: with its root when
    /// that size is reached, or at the latest that it *is* reached.
    pub fn expect(&mut self, note: &str) -> Result<(), AuditError> {
        self.guarded(|this| {
            let size = this.read(note)?.size();
            if size < this.size() {
                return Err(AuditError::Late { size, passed: this.size() });
            }
            if size == this.size() {
                return this.compare(note).map(drop);
            }
            this.expected.entry(size).or_default().push(note.to_owned());
            Ok(())
        })
    }

    /// The next entry.
    pub fn push(&mut self, entry: &[u8]) -> Result<(), AuditError> {
        self.guarded(|this| {
            let index = this.size();
            if entry.len() > ENTRY_BYTES_MAX {
                return Err(AuditError::EntryTooLong { index, bytes: entry.len() });
            }
            let forged = |what| AuditError::ForgedRotation { index, what };
            if let Some(rotation) = Rotation::find(entry).map_err(forged)? {
                let (old, new) = rotation.check(&this.origin, index).map_err(forged)?;
                this.switch(index, old, new).map_err(forged)?;
            }
            this.tree.push(leaf_hash(entry), &mut Vec::new());
            match this.expected.first_key_value() {
                Some((&size, _)) if size == this.size() => {}
                Some(_) | None => return Ok(()),
            }
            let reached = this.expected.pop_first().map(|(_, notes)| notes).unwrap_or_default();
            reached.iter().try_for_each(|note| this.compare(note).map(drop))
        })
    }

    /// The end of the log, and the head that came with it: everything has to be signed for.
    pub fn finish(&self, head: &str) -> Result<Audit, AuditError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        // Nothing may be kept elsewhere that the log does not have any more.
        if let Some((&expected, notes)) = self.expected.last_key_value() {
            for note in notes {
                self.open(note)?;
            }
            return Err(AuditError::Truncated { size: self.size(), expected });
        }
        let key = self.compare(head)?;
        Ok(Audit { size: self.size(), root: self.root(), key, rotations: self.rotations.clone() })
    }

    fn guarded(&mut self, step: impl FnOnce(&mut Self) -> Result<(), AuditError>) -> Result<(), AuditError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let result = step(self);
        self.failed = result.clone().err();
        result
    }

    fn switch(&mut self, index: u64, old: VerifyingKey, new: VerifyingKey) -> Result<(), &'static str> {
        let at = self.active.iter().position(|key| *key == old).ok_or("its old key is not trusted here")?;
        if self.retired.contains(&new) {
            return Err("its new key was replaced before");
        }
        self.active.remove(at);
        if !self.active.contains(&new) {
            self.active.push(new.clone());
        }
        self.retired.push(old.clone());
        self.rotations.push(KeyChange { index, old, new });
        Ok(())
    }

    /// A checkpoint's text without its signatures, to know its size before its key may be known.
    fn read(&self, note: &str) -> Result<Checkpoint, AuditError> {
        let parsed = crate::note::Note::parse(note).map_err(AuditError::Checkpoint)?;
        let checkpoint =
            Checkpoint::parse(parsed.text).map_err(|error| AuditError::Checkpoint(error.into()))?;
        if checkpoint.origin() != self.origin {
            return Err(AuditError::Origin { found: checkpoint.origin().to_owned() });
        }
        Ok(checkpoint)
    }

    /// A checkpoint of this log that a key signed which is or was trusted; and the key, if it is.
    fn open(&self, note: &str) -> Result<(Checkpoint, Option<VerifyingKey>), AuditError> {
        let known = [&self.active[..], &self.retired[..]].concat();
        let (checkpoint, signers) = Checkpoint::open_signed(note, &known).map_err(distrust)?;
        if checkpoint.origin() != self.origin {
            return Err(AuditError::Origin { found: checkpoint.origin().to_owned() });
        }
        let key = signers.into_iter().find(|key| self.active.contains(key)).cloned();
        Ok((checkpoint, key))
    }

    /// Compares a checkpoint with the log as it is now.
    fn compare(&self, note: &str) -> Result<VerifyingKey, AuditError> {
        let (checkpoint, key) = self.open(note)?;
        let (size, head) = (self.size(), checkpoint.size());
        if head < size {
            return Err(AuditError::HeadOlder { size, head });
        }
        if head > size {
            return Err(AuditError::HeadNewer { size, head });
        }
        if checkpoint.root() != self.root() {
            return Err(AuditError::Rewritten { size });
        }
        key.ok_or(AuditError::RetiredKey { size })
    }
}

fn distrust(error: NoteError) -> AuditError {
    match error {
        NoteError::NoTrustedSignature => AuditError::UnknownKey,
        NoteError::BadSignature { name } => AuditError::BadSignature { name },
        NoteError::TooLong { .. } | NoteError::Malformed { .. } | NoteError::Checkpoint(_) => {
            AuditError::Checkpoint(error)
        }
    }
}
