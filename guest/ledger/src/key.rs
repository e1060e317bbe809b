//! Ed25519 keys with names, in the text forms of signed notes. Where a key is kept, and who trusts
//! it, is not known here; a seed is an argument.

use std::fmt::{self, Debug, Display};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;

use crate::hash::sha256;
use crate::limits::NAME_BYTES_MAX;

/// The signature type of Ed25519 in signed notes.
const ED25519: u8 = 1;
/// How a private key starts.
const PRIVATE: &str = "PRIVATE+KEY+";

/// A public key with a name: `<name>+<hash>+<base64>`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    name: String,
    id: KeyId,
    key: ed25519_dalek::VerifyingKey,
}

/// A private key with a name. It never prints its secret; [`SigningKey::encode`] hands it out.
#[derive(Clone)]
pub struct SigningKey {
    public: VerifyingKey,
    key: ed25519_dalek::SigningKey,
}

/// The key hash of signed notes: tells keys of one name apart, and protects nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId([u8; 4]);

/// Why a text is no key. It never repeats the text, which may be secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A name is part of lines, and of `+`-separated texts.
    #[error(
        "a key name has 1 to {NAME_BYTES_MAX} bytes, no spaces, control characters or `+`; choose another"
    )]
    Name,
    /// Not `<name>+<hash>+<base64>`.
    #[error("this is not a public key; it looks like `name+0123abcd+base64`")]
    Public,
    /// Not `PRIVATE+KEY+<name>+<hash>+<base64>`.
    #[error("this is not a private key; it looks like `PRIVATE+KEY+name+0123abcd+base64`")]
    Private,
    /// A key of another kind than Ed25519.
    #[error("only Ed25519 keys (type 1) are supported; make another key")]
    Algorithm,
    /// The hash is not the one of this name and key.
    #[error("the key's hash does not fit its name and bytes; copy it again")]
    Hash,
    /// The bytes are no point of the curve, or one that anybody can sign for.
    #[error("the key's bytes are not a usable Ed25519 key; make another key")]
    Point,
}

impl KeyId {
    pub(crate) fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// The four bytes, as they start a signature.
    pub const fn as_bytes(&self) -> &[u8; 4] {
        &self.0
    }
}

impl Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl VerifyingKey {
    fn new(name: &str, key: ed25519_dalek::VerifyingKey) -> Result<Self, KeyError> {
        check_name(name)?;
        if key.is_weak() {
            return Err(KeyError::Point);
        }
        let typed = [name.as_bytes(), b"\n", &[ED25519], key.as_bytes()].concat();
        let [a, b, c, d, ..] = *sha256(&typed).as_bytes();
        Ok(Self { name: name.to_owned(), id: KeyId([a, b, c, d]), key })
    }

    /// Reads [`VerifyingKey::encode`].
    pub fn decode(text: &str) -> Result<Self, KeyError> {
        let (name, id, bytes) = parts(text).ok_or(KeyError::Public)?;
        let key =
            ed25519_dalek::VerifyingKey::from_bytes(&ed25519(&bytes).map_err(|e| e.or(KeyError::Public))?)
                .map_err(|_| KeyError::Point)?;
        let key = Self::new(name, key)?;
        if key.id.to_string() == id { Ok(key) } else { Err(KeyError::Hash) }
    }

    /// `<name>+<hash>+<base64 of 0x01 and the key>`: what verifiers are given.
    pub fn encode(&self) -> String {
        let bytes = [&[ED25519], &self.key.as_bytes()[..]].concat();
        format!("{}+{}+{}", self.name, self.id, STANDARD.encode(bytes))
    }

    /// Its name, as in signature lines.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its hash, as in signatures.
    pub const fn key_hash(&self) -> KeyId {
        self.id
    }

    /// Whether this key made this signature. Strict: one message and key have no second signature
    /// that is made from the first.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        ed25519_dalek::Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }
}

impl Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.encode())
    }
}

impl FromStr for VerifyingKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::decode(text)
    }
}

impl SigningKey {
    /// The key of a name and 32 random bytes, which the caller brings.
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Result<Self, KeyError> {
        let key = ed25519_dalek::SigningKey::from_bytes(&seed);
        Ok(Self { public: VerifyingKey::new(name, key.verifying_key())?, key })
    }

    /// Reads [`SigningKey::encode`].
    pub fn decode(text: &str) -> Result<Self, KeyError> {
        let (name, id, bytes) = text.strip_prefix(PRIVATE).and_then(parts).ok_or(KeyError::Private)?;
        let key = Self::from_seed(name, ed25519(&bytes).map_err(|e| e.or(KeyError::Private))?)?;
        if key.public.id.to_string() == id { Ok(key) } else { Err(KeyError::Hash) }
    }

    /// `PRIVATE+KEY+<name>+<hash>+<base64 of 0x01 and the seed>`. This is the secret.
    pub fn encode(&self) -> String {
        let bytes = [&[ED25519], &self.key.as_bytes()[..]].concat();
        format!("{PRIVATE}{}+{}+{}", self.public.name, self.public.id, STANDARD.encode(bytes))
    }

    /// What verifiers need.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.public.clone()
    }

    /// Its name, as in signature lines.
    pub fn name(&self) -> &str {
        self.public.name()
    }

    /// Its hash, as in signatures.
    pub const fn key_hash(&self) -> KeyId {
        self.public.key_hash()
    }

    pub(crate) fn signature(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

impl Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}+{}, secret)", self.public.name, self.public.id)
    }
}

/// Whether a text can be a key's name.
pub(crate) fn check_name(name: &str) -> Result<(), KeyError> {
    let wrong = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.contains(wrong) {
        return Err(KeyError::Name);
    }
    Ok(())
}

/// Name, hash and bytes of `<name>+<hash>+<base64>`. The last part may have a `+` of its own.
fn parts(text: &str) -> Option<(&str, &str, Vec<u8>)> {
    let (name, rest) = text.split_once('+')?;
    let (id, base64) = rest.split_once('+')?;
    Some((name, id, STANDARD.decode(base64).ok()?))
}

/// Why typed bytes are no Ed25519 key: another type, or (`None`) another length.
struct NotEd25519(Option<KeyError>);

impl NotEd25519 {
    fn or(self, other: KeyError) -> KeyError {
        self.0.unwrap_or(other)
    }
}

fn ed25519(typed: &[u8]) -> Result<[u8; 32], NotEd25519> {
    match typed {
        [ED25519, key @ ..] => key.try_into().map_err(|_| NotEd25519(None)),
        [_, ..] => Err(NotEd25519(Some(KeyError::Algorithm))),
        [] => Err(NotEd25519(None)),
    }
}
