//! Hashes: SHA-256 with the domain separation of RFC 6962, and a keyed digest. Nothing here knows
//! what is hashed.

use std::fmt::{self, Debug, Display};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::limits::HASH_BYTES;

/// A SHA-256 hash: of a leaf, of a node, or of a whole tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; HASH_BYTES]);

impl Hash {
    /// The hash of exactly these 32 bytes; `None` for any other length.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Reads the 44 characters of [`Hash::to_base64`]; `None` for anything else.
    pub fn from_base64(text: &str) -> Option<Self> {
        STANDARD.decode(text).ok().and_then(|bytes| Self::from_slice(&bytes))
    }

    /// Standard base64 with padding, as in checkpoints.
    pub fn to_base64(self) -> String {
        STANDARD.encode(self.0)
    }

    /// The bytes, as in tiles.
    pub const fn as_bytes(&self) -> &[u8; HASH_BYTES] {
        &self.0
    }
}

impl From<[u8; HASH_BYTES]> for Hash {
    fn from(bytes: [u8; HASH_BYTES]) -> Self {
        Self(bytes)
    }
}

impl Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

/// The hash of a leaf: `SHA-256(0x00 || entry)`.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(entry).finalize().into())
}

/// The hash of an inner node: `SHA-256(0x01 || left || right)`.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// The root of the tree without leaves: the hash of nothing.
pub fn empty_root() -> Hash {
    sha256(b"")
}

/// Plain SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> Hash {
    Hash(Sha256::digest(bytes).into())
}

/// `hmac-sha256:<hex>`: lets whoever holds the key recognise equal contents that redaction hid, and
/// nobody else guess them.
#[expect(clippy::expect_used, reason = "HMAC is defined for keys of every length")]
pub fn keyed_digest(key: &[u8], bytes: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    let digest: [u8; HASH_BYTES] = mac.chain_update(bytes).finalize().into_bytes().into();
    format!("hmac-sha256:{}", Hash(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keyed_digest_is_the_one_of_rfc_4231() {
        let long = [0xaa; 131];
        for (key, bytes, digest) in [
            (
                &[0x0b; 20][..],
                &b"Hi There"[..],
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &long,
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(keyed_digest(key, bytes), format!("hmac-sha256:{digest}"));
        }
    }

    #[test]
    fn base64_is_read_strictly() {
        let text = empty_root().to_base64();
        assert_eq!(text, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert_eq!(Hash::from_base64(&text), Some(empty_root()));
        for wrong in
            ["", "47DEQpj8", text.trim_end_matches('='), &text.replace("FU=", "FV="), &text.replace('+', "-")]
        {
            assert_eq!(Hash::from_base64(wrong), None, "{wrong}");
        }
    }
}
