//! Signed notes (C2SP signed-note): a text, an empty line, signatures. What the text says is not
//! known here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::CheckpointError;
use crate::key::{KeyId, SigningKey, VerifyingKey, check_name};
use crate::limits::{NOTE_BYTES_MAX, SIGNATURES_MAX};

/// Why a note must not be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// Longer than any note.
    #[error("the note has {bytes} bytes; at most {NOTE_BYTES_MAX} are read")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not a text, an empty line and signature lines.
    #[error("this is not a signed note: {what}; copy the whole file, with its last line break")]
    Malformed {
        /// What is wrong.
        what: &'static str,
    },
    /// Nobody who is trusted signed it.
    #[error("no trusted key signed this note; give the log's public key as it was pinned")]
    NoTrustedSignature,
    /// It claims a trusted key, and the signature is not that key's.
    #[error("the signature of the trusted key `{name}` is wrong; the note was changed or forged")]
    BadSignature {
        /// Name of the key.
        name: String,
    },
    /// The signatures are good, the text is no checkpoint.
    #[error("the signed text is not a checkpoint")]
    Checkpoint(#[from] CheckpointError),
}

/// A note that was read and not yet verified.
pub(crate) struct Note<'a> {
    /// The text, with its last line break.
    pub(crate) text: &'a str,
    signatures: Vec<(&'a str, KeyId, Vec<u8>)>,
}

impl<'a> Note<'a> {
    /// Takes a note apart.
    pub(crate) fn parse(note: &'a str) -> Result<Self, NoteError> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLong { bytes: note.len() });
        }
        let malformed = |what| NoteError::Malformed { what };
        if note.bytes().any(|byte| byte < b' ' && byte != b'\n') {
            return Err(malformed("it has control characters"));
        }
        let at = note.rfind("\n\n").ok_or(malformed("there is no empty line before the signatures"))?;
        let text = note.get(..=at).unwrap_or_default();
        let lines = note.get(at + 2..).unwrap_or_default();
        let lines = lines.strip_suffix('\n').ok_or(malformed("its last line is not ended"))?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            if signatures.len() >= SIGNATURES_MAX {
                return Err(malformed("it has too many signatures"));
            }
            signatures.push(signature(line).ok_or(malformed("a signature line is not `— name base64`"))?);
        }
        Ok(Self { text, signatures })
    }

    /// The trusted keys that signed it, at least one. A signature that claims a trusted key must be
    /// that key's; all others are ignored.
    pub(crate) fn signers<'k>(&self, keys: &'k [VerifyingKey]) -> Result<Vec<&'k VerifyingKey>, NoteError> {
        let mut signers = Vec::new();
        for (name, id, signature) in &self.signatures {
            // Hashes are short, so two trusted keys can share one; either may have signed.
            let claimed = |key: &&VerifyingKey| key.name() == *name && key.key_hash() == *id;
            let mut candidates = keys.iter().filter(claimed).peekable();
            if candidates.peek().is_none() {
                continue;
            }
            let signer = candidates.find(|key| key.verifies(self.text.as_bytes(), signature));
            signers.push(signer.ok_or_else(|| NoteError::BadSignature { name: (*name).to_owned() })?);
        }
        if signers.is_empty() { Err(NoteError::NoTrustedSignature) } else { Ok(signers) }
    }
}

fn signature(line: &str) -> Option<(&str, KeyId, Vec<u8>)> {
    let (name, base64) = line.strip_prefix("— ")?.split_once(' ')?;
    check_name(name).ok()?;
    let bytes = STANDARD.decode(base64).ok()?;
    let (id, signature) = bytes.split_first_chunk()?;
    (!signature.is_empty()).then(|| (name, KeyId::from_bytes(*id), signature.to_vec()))
}

/// The note of a text that ends in a line break and has no empty last line.
pub(crate) fn sign(text: &str, key: &SigningKey) -> String {
    let signature = [&key.key_hash().as_bytes()[..], &key.signature(text.as_bytes())].concat();
    format!("{text}\n— {} {}\n", key.name(), STANDARD.encode(signature))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeyError;

    /// A key and a note that it signed: from the specification and from Go's package.
    const VECTORS: [(&str, &str); 2] = [
        (
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n",
        ),
        (
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
        ),
    ];
    /// Another key of Go's documentation, and its signature of the second text.
    const ENOCH: (&str, &str) = (
        "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop",
        "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n",
    );
    /// The private half of the second key above.
    const PETER_SECRET: &str =
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";

    fn open(note: &str, keys: &[&str]) -> Result<usize, NoteError> {
        let keys: Vec<_> = keys.iter().map(|key| VerifyingKey::decode(key).unwrap()).collect();
        Note::parse(note)?.signers(&keys).map(|signers| signers.len())
    }

    #[test]
    fn published_notes_verify() {
        for (key, note) in VECTORS {
            assert_eq!(open(note, &[key]), Ok(1), "{note}");
            assert_eq!(VerifyingKey::decode(key).unwrap().encode(), key);
        }
    }

    #[test]
    fn unknown_signatures_are_ignored_and_bad_ones_of_known_keys_are_not() {
        let (peter, note) = VECTORS[1];
        let (enoch, line) = ENOCH;
        let both = format!("{note}{line}");
        assert_eq!(open(&both, &[peter]), Ok(1));
        assert_eq!(open(&both, &[enoch]), Ok(1));
        assert_eq!(open(&both, &[enoch, peter]), Ok(2));
        assert_eq!(open(note, &[enoch]), Err(NoteError::NoTrustedSignature));
        assert_eq!(open(note, &[]), Err(NoteError::NoTrustedSignature));
        let bad = both.replace("rwz+eBz", "rwz+eBy");
        assert_eq!(open(&bad, &[peter]), Ok(1));
        assert_eq!(open(&bad, &[peter, enoch]), Err(NoteError::BadSignature { name: "EnochRoot".into() }));
        assert_eq!(
            open(&both.replace("problem,", "problem."), &[peter]),
            Err(NoteError::BadSignature { name: "PeterNeumann".into() })
        );
    }

    #[test]
    fn signing_gives_the_published_signature() {
        let (peter, note) = VECTORS[1];
        let key = SigningKey::decode(PETER_SECRET).unwrap();
        assert_eq!(key.encode(), PETER_SECRET);
        assert_eq!(key.verifying_key().encode(), peter);
        let (text, _) = note.split_once("\n\n").unwrap();
        assert_eq!(sign(&format!("{text}\n"), &key), note);
    }

    #[test]
    fn keys_are_read_strictly_and_secrets_do_not_print() {
        let (enoch, _) = ENOCH;
        let key = SigningKey::decode(PETER_SECRET).unwrap();
        assert!(!format!("{key:?}").contains("AYEKFALV"), "{key:?}");
        for (text, error) in [
            ("", KeyError::Public),
            ("EnochRoot", KeyError::Public),
            (PETER_SECRET, KeyError::Public),
            (&enoch.replace("af0c", "AF0C"), KeyError::Hash),
            (&enoch.replace("EnochRoot", "Enoch"), KeyError::Hash),
            (&enoch.replace("EnochRoot", "Enoch Root"), KeyError::Name),
            (&enoch.replace("EnochRoot", ""), KeyError::Name),
            (&enoch.replace("EnochRoot", "Enoch\u{a0}Root"), KeyError::Name),
            (&enoch.replace("+ATt", "+BTt"), KeyError::Algorithm),
            (&format!("{enoch}\n"), KeyError::Public),
            (&format!("a+00000000+{}", STANDARD.encode([1; 32])), KeyError::Public),
            // The neutral element: everybody can sign for it.
            (&format!("a+00000000+{}", STANDARD.encode([&[1, 1][..], &[0; 31]].concat())), KeyError::Point),
        ] {
            assert_eq!(VerifyingKey::decode(text), Err(error), "{text}");
        }
        for (text, error) in [
            (enoch, KeyError::Private),
            (&PETER_SECRET.replace("c74f", "c74e"), KeyError::Hash),
            (&PETER_SECRET.replace("+AYE", "+BYE"), KeyError::Algorithm),
        ] {
            assert_eq!(SigningKey::decode(text).unwrap_err(), error, "{text}");
        }
        for name in ["", "a b", "a+b", "a\n", "a\u{2028}b", &"a".repeat(256)] {
            assert_eq!(SigningKey::from_seed(name, [1; 32]).unwrap_err(), KeyError::Name);
        }
    }

    #[test]
    fn malformed_notes_are_refused() {
        let (peter, note) = VECTORS[1];
        for wrong in [
            "",
            "\n\n",
            "text\n\n",
            "text\n\n— a\n",
            "text\n\n— a b c\n",
            "text\n\n- a AAAAAAA=\n",
            "text\n\n— a AAAAAA==\n",
            note.trim_end(),
            &format!("{note}\n"),
            &note.replace('\n', "\r\n"),
            &format!("{note}x"),
            &note.replace("\n\n", "\n"),
            &note.replace("JnAM=", "JnAN="),
            &note.replace("PeterNeumann ", "Peter+Neumann "),
            &note.replace("If", "\u{1}f"),
            &format!("{note}{}", ENOCH.1.repeat(SIGNATURES_MAX)),
        ] {
            assert!(matches!(open(wrong, &[peter]), Err(NoteError::Malformed { .. })), "{wrong}");
        }
        let long = format!("{}{note}", "a".repeat(NOTE_BYTES_MAX));
        assert_eq!(open(&long, &[peter]), Err(NoteError::TooLong { bytes: long.len() }));
    }
}
