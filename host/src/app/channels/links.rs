//! Links that answer a question: each is good for one question, one answer, and as long as the
//! question is open. Whoever has a link can use it: it proves the channel, not the person.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;
use thiserror::Error;

use super::signature::hmac_sha256;
use crate::auth::Secret;
use crate::state::Millis;

/// Keeps these codes apart from everything else that the same secret signs.
const DOMAIN: &[u8] = b"sentinel approval link 1\n";

/// Characters of the longest link that could be good.
const TOKEN_BYTES_MAX: usize = 256;

/// What a link says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Which question.
    pub id: String,
    /// Yes or no.
    pub is_yes: bool,
    /// When the question ends, and the link with it.
    pub ends_at: Millis,
}

/// A link that cannot be used.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum LinkError {
    /// It was not made here, or was changed.
    #[error("this link is not genuine")]
    Forged,
    /// Its question is over.
    #[error("this link has expired")]
    Expired,
}

impl Link {
    /// The last part of the link's path.
    pub fn token(&self, secret: &Secret) -> String {
        // INVARIANT: an id has no full stop, so these texts are split in one way only.
        let word = if self.is_yes { "approve" } else { "deny" };
        let said = format!("{}.{word}.{}", self.id, self.ends_at.0);
        let mac = hmac_sha256(secret.expose().as_bytes(), &[DOMAIN, said.as_bytes()]);
        format!("{said}.{}", URL_SAFE_NO_PAD.encode(mac))
    }

    /// Reads what [`Self::token`] made.
    ///
    /// # Errors
    ///
    /// Where it is anything else, or its question is over.
    pub fn read(token: &str, secret: &Secret, now: Millis) -> Result<Self, LinkError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(LinkError::Forged);
        }
        let link = Self::parse(token).ok_or(LinkError::Forged)?;
        let is_genuine: bool = link.token(secret).as_bytes().ct_eq(token.as_bytes()).into();
        if !is_genuine {
            return Err(LinkError::Forged);
        }
        if now >= link.ends_at { Err(LinkError::Expired) } else { Ok(link) }
    }

    /// What it claims to say.
    fn parse(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let id = parts.next()?.to_owned();
        let is_yes = match parts.next()? {
            "approve" => true,
            "deny" => false,
            _ => return None,
        };
        let ends_at = Millis(parts.next()?.parse().ok()?);
        (parts.count() == 1).then_some(Self { id, is_yes, ends_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::new("0123456789abcdef0123456789abcdef")
    }

    fn link() -> Link {
        let id = "apr_0123456789abcdef0123456789abcdef_1".to_owned();
        Link { id, is_yes: true, ends_at: Millis(1_700_000_000_000) }
    }

    #[test]
    fn a_link_is_read_as_it_was_made() {
        let token = link().token(&secret());
        assert_eq!(Link::read(&token, &secret(), Millis(1_699_999_999_999)), Ok(link()));
        assert_eq!(Link::read(&token, &secret(), Millis(1_700_000_000_000)), Err(LinkError::Expired));
        let other = Secret::new("fedcba9876543210fedcba9876543210");
        assert_eq!(Link::read(&token, &other, Millis(0)), Err(LinkError::Forged));
    }

    // printf 'sentinel approval link 1\napr_0123456789abcdef0123456789abcdef_1.approve.1700000000000' |
    //   openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef -binary | basenc --base64url
    #[test]
    fn a_link_is_what_openssl_says() {
        let token = link().token(&secret());
        assert_eq!(token.rsplit('.').next(), Some("xXUchkrSJwx5pIBfNxjwIcFN-THR83xucZCeo7ViiLA"));
    }

    #[test]
    fn every_change_makes_it_another_one() {
        let token = link().token(&secret());
        for place in 0..token.len() {
            for other in ["A", "b", "0", "1", ".", "_", "-", "=", ""] {
                let changed = format!("{}{other}{}", &token[..place], &token[place + 1..]);
                if changed != token {
                    assert_eq!(
                        Link::read(&changed, &secret(), Millis(0)),
                        Err(LinkError::Forged),
                        "{changed}"
                    );
                }
            }
        }
        let (said, mac) = token.rsplit_once('.').unwrap();
        let denied = said.replace("approve", "deny");
        let spelled = said.replace("17000", "+17000");
        for wrong in [
            format!("{denied}.{mac}"),
            format!("{spelled}.{mac}"),
            format!("{token}."),
            format!("{token}="),
            format!("{said}."),
            said.to_owned(),
            String::new(),
            ".".repeat(300),
        ] {
            assert_eq!(Link::read(&wrong, &secret(), Millis(0)), Err(LinkError::Forged), "{wrong}");
        }
    }
}
