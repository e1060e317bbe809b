//! What stands in a call for the value of a credential: a digest, which tells two of them apart and says
//! neither. Nothing is decided here.
//!
//! A yes is for a call of certain bytes. With the digest in them it is for one credential: another account
//! is another call. Without a key whoever reads the call could try guesses, so whoever has a key gives it.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// Bytes of a digest that are written: nobody finds another credential with the same ones.
const SHOWN_BYTES: usize = 16;

/// A key that only enforcement points have, all of one agent the same.
#[derive(Clone, Copy)]
pub struct Secret<'a>(&'a [u8]);

impl<'a> Secret<'a> {
    /// The key, as bytes.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What is written in the place of a header's value.
pub(super) fn hidden(secret: Option<Secret<'_>>, agent_id: &str, name: &str, value: &str) -> String {
    let name = name.to_ascii_lowercase();
    // Neither of the first three has a null in it.
    let parts = ["sentinel credential", "\0", agent_id, "\0", &name, "\0", value];
    let parts = parts.map(str::as_bytes);
    // INVARIANT: HMAC takes keys of every length.
    let mac = secret.and_then(|Secret(key)| Hmac::<Sha256>::new_from_slice(key).ok());
    let (kind, digest) = match mac {
        Some(mac) => {
            let mac = parts.iter().fold(mac, |mac, part| mac.chain_update(part));
            ("hmac-sha256", mac.finalize().into_bytes())
        }
        None => ("sha256", parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize()),
    };
    let hex: String = digest.iter().take(SHOWN_BYTES).map(|byte| format!("{byte:02x}")).collect();
    format!("[REDACTED {kind}:{hex}]")
}

#[cfg(test)]
mod tests {
    use super::{Secret, hidden};

    /// The expected texts were made with another implementation.
    #[test]
    fn a_credential_is_told_apart_and_not_told() {
        let key = Secret::new(b"k");
        let long = hidden(Some(Secret::new(&[b'k'; 65])), "a", "authorization", "Bearer x");
        assert_eq!(long, "[REDACTED hmac-sha256:6a6a577fc541aca1a6f7ebeee9adad4e]");
        assert_eq!(
            hidden(Some(key), "a", "Authorization", "Bearer x"),
            "[REDACTED hmac-sha256:351a8566b15866949f3b8f04b72c866b]"
        );
        assert_eq!(
            hidden(None, "a", "authorization", "Bearer x"),
            "[REDACTED sha256:ac0eb63e387f3077191c80fbe6c1235a]"
        );
        let all = [
            hidden(Some(key), "a", "authorization", "Bearer x"),
            hidden(Some(key), "a", "authorization", "Bearer y"),
            hidden(Some(key), "a", "cookie", "Bearer x"),
            hidden(Some(key), "b", "authorization", "Bearer x"),
            hidden(Some(Secret::new(b"l")), "a", "authorization", "Bearer x"),
            hidden(None, "a", "authorization", "Bearer x"),
        ];
        let different: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        assert_eq!(format!("{key:?}"), "Secret");
    }
}
