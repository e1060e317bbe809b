//! Checkpoints (C2SP tlog-checkpoint): which tree a log had. A checkpoint that was opened with
//! pinned keys is what everything else is compared with.

use crate::hash::Hash;
use crate::key::{SigningKey, VerifyingKey};
use crate::limits::NAME_BYTES_MAX;
use crate::note::{Note, NoteError, sign};

/// Origin, size and root of a log at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    // INVARIANT: one line that is not empty.
    origin: String,
    size: u64,
    root: Hash,
}

/// Why a text is no checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The origin is one line.
    #[error("an origin has 1 to {NAME_BYTES_MAX} bytes and no control characters; choose another")]
    Origin,
    /// The size is decimal, without leading zeros.
    #[error("the second line of a checkpoint is the tree's size in decimal; fetch it again")]
    Size,
    /// The root is base64 of 32 bytes.
    #[error("the third line of a checkpoint is the root hash in base64; fetch it again")]
    Root,
    /// There are exactly three lines.
    #[error("a checkpoint has exactly three lines; extension lines are not supported")]
    Lines,
}

impl Checkpoint {
    /// The checkpoint of a tree.
    pub fn new(origin: &str, size: u64, root: Hash) -> Result<Self, CheckpointError> {
        check_origin(origin)?;
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// Which log.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many entries it had.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree of these entries.
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// The three lines that are signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())
    }

    /// Reads [`Checkpoint::text`]. Nothing is verified; use [`Checkpoint::open`] for that.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?.split('\n');
        let (Some(origin), Some(digits), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Lines);
        };
        let size: u64 = digits.parse().map_err(|_| CheckpointError::Size)?;
        if size.to_string() != digits {
            return Err(CheckpointError::Size);
        }
        Self::new(origin, size, Hash::from_base64(root).ok_or(CheckpointError::Root)?)
    }

    /// The signed note of this checkpoint.
    pub fn sign(&self, key: &SigningKey) -> String {
        sign(&self.text(), key)
    }

    /// Reads a signed note that at least one of these keys signed. The caller compares the origin
    /// with the log that it asked for: a key may be trusted for several.
    pub fn open(note: &str, keys: &[VerifyingKey]) -> Result<Self, NoteError> {
        Self::open_signed(note, keys).map(|(checkpoint, _)| checkpoint)
    }

    /// As [`Checkpoint::open`], and says which of the keys signed.
    pub(crate) fn open_signed<'k>(
        note: &str,
        keys: &'k [VerifyingKey],
    ) -> Result<(Self, Vec<&'k VerifyingKey>), NoteError> {
        let note = Note::parse(note)?;
        let signers = note.signers(keys)?;
        Ok((Self::parse(note.text)?, signers))
    }
}

/// Whether a text can be an origin.
pub(crate) fn check_origin(origin: &str) -> Result<(), CheckpointError> {
    let wrong = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if origin.is_empty() || origin.len() > NAME_BYTES_MAX || origin.contains(wrong) {
        return Err(CheckpointError::Origin);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_the_one_of_the_specification() {
        let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let checkpoint = Checkpoint::parse(text).unwrap();
        assert_eq!((checkpoint.origin(), checkpoint.size()), ("example.com/behind-the-sofa", 20_852_163));
        assert_eq!(checkpoint.text(), text);
    }

    #[test]
    fn other_texts_are_refused() {
        let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
        for (text, error) in [
            (String::new(), CheckpointError::Lines),
            (format!("a\n1\n{root}"), CheckpointError::Lines),
            (format!("a\n1\n{root}\n\n"), CheckpointError::Lines),
            (format!("a\n1\n{root}\nextension\n"), CheckpointError::Lines),
            (format!("\n1\n{root}\n"), CheckpointError::Origin),
            (format!("a\r\n1\n{root}\n"), CheckpointError::Origin),
            (format!("a\n01\n{root}\n"), CheckpointError::Size),
            (format!("a\n+1\n{root}\n"), CheckpointError::Size),
            (format!("a\n-1\n{root}\n"), CheckpointError::Size),
            (format!("a\n 1\n{root}\n"), CheckpointError::Size),
            (format!("a\n18446744073709551616\n{root}\n"), CheckpointError::Size),
            ("a\n1\nCsUY\n".to_owned(), CheckpointError::Root),
            (format!("a\n1\n{root} \n"), CheckpointError::Root),
        ] {
            assert_eq!(Checkpoint::parse(&text), Err(error), "{text}");
        }
    }
}
