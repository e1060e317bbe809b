//! API keys: 256 random bits in a form that people can paste, and what is kept of them.
//!
//! Only the SHA-256 of a key is kept. A plain hash is right here: a key is not a password, it has
//! 256 bits of randomness, so there is nothing to guess and nothing for salt or stretching to
//! slow down. It also makes the hash a name by which the record can be found.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::pass::Print;
use super::principal::{AgentScope, RoleSet};
use super::secret::Secret;

/// How every generated key begins, so that scanners for leaked secrets can know it.
pub const API_KEY_PREFIX: &str = "sok_";

/// Random bytes of a key.
const RANDOM_BYTES: usize = 32;

/// Characters of a generated key: the prefix and 32 bytes in base64url without padding.
const API_KEY_CHARS: usize = API_KEY_PREFIX.len() + 43;

/// A generated key in clear. It exists between its making and its only print.
#[derive(Debug)]
pub struct ApiKey(Secret);

impl ApiKey {
    /// A new key.
    ///
    /// # Errors
    ///
    /// Where the operating system has no randomness.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; RANDOM_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(Secret::new(format!("{API_KEY_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))))
    }

    /// The key in clear, to be shown once.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What is kept of it.
    pub fn hash(&self) -> KeyHash {
        KeyHash::of(self.expose())
    }
}

/// Whether a text has the form of a generated key. Anything else cannot be in the store.
pub(super) fn is_api_key(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    text.len() == API_KEY_CHARS && text.starts_with(API_KEY_PREFIX) && text.bytes().all(allowed)
}

/// The SHA-256 of a key.
///
/// `==` is for maps. Whether a credential is the right one is asked with [`KeyHash::matches`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// Hashes a key.
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }

    /// A hash that was stored.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash, to be stored.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are of one key, in a time that does not depend on where they differ.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// What stands for the key where its hash would say too much.
    pub(super) fn print(&self) -> Print {
        Print::of(&[b"api key", &self.0])
    }

    /// A name for the key that may be shown: sixteen digits of its hash.
    pub fn id(&self) -> String {
        self.0.iter().take(8).fold("key_".to_owned(), |id, byte| format!("{id}{byte:02x}"))
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A key from the environment may be weak, and then its hash tells too much.
        f.write_str("[hash of a key]")
    }
}

/// What is kept of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The name under which it is listed and revoked.
    pub id: String,
    /// The SHA-256 of the key.
    pub hash: KeyHash,
    /// Who holds it.
    pub subject: String,
    /// What it is good for.
    pub roles: RoleSet,
    /// Which agents it is good for.
    pub agent: AgentScope,
    /// When it was made, in seconds since 1970.
    pub created_at: u64,
    /// When it ends, in seconds since 1970; never if absent.
    pub expires_at: Option<u64>,
    /// When it was revoked, in seconds since 1970.
    pub revoked_at: Option<u64>,
}

impl KeyRecord {
    /// The record of a new key.
    pub fn new(
        key: &ApiKey,
        subject: impl Into<String>,
        roles: RoleSet,
        agent: AgentScope,
        created_at: u64,
        expires_at: Option<u64>,
    ) -> Self {
        let hash = key.hash();
        Self {
            id: hash.id(),
            hash,
            subject: subject.into(),
            roles,
            agent,
            created_at,
            expires_at,
            revoked_at: None,
        }
    }
}

/// Where the records are: a map in memory that the daemon keeps in step with its store.
pub trait KeyLookup {
    /// The record of a key, revoked and expired ones included.
    fn find(&self, hash: &KeyHash) -> Option<KeyRecord>;
}

/// No keys at all.
#[derive(Clone, Copy, Debug)]
pub struct NoKeys;

impl KeyLookup for NoKeys {
    fn find(&self, _hash: &KeyHash) -> Option<KeyRecord> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_keys_have_one_form_and_differ() {
        let (one, two) = (ApiKey::generate().unwrap(), ApiKey::generate().unwrap());
        assert!(is_api_key(one.expose()), "{}", one.expose());
        assert_ne!(one.expose(), two.expose());
        assert!(one.hash().matches(&KeyHash::of(one.expose())));
        assert!(!one.hash().matches(&two.hash()));
        assert!(!is_api_key(&one.expose()[1..]));
        assert!(!is_api_key(&format!("{}=", one.expose())));
        assert_eq!(one.hash().id().len(), 20);
    }

    #[test]
    fn neither_key_nor_hash_prints() {
        let key = ApiKey::generate().unwrap();
        let record = KeyRecord::new(&key, "ci", RoleSet::ALL, AgentScope::Any, 0, None);
        let printed = format!("{key:?} {record:?}");
        assert!(!printed.contains(key.expose()) && printed.contains("[secret]"), "{printed}");
    }
}
