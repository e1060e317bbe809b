//! Why somebody was not let in: a code, a sentence for the caller, and a sentence for the log.
//!
//! All of these are a 401. What somebody who was let in may not do is a 403, and made where the
//! route is.

use thiserror::Error;

/// Why a request has no principal. It prints as what belongs into the log; the caller gets
/// [`AuthError::code`] and [`AuthError::external`]. No credential is in either.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AuthError {
    /// Nothing was sent.
    #[error("no Authorization and no X-SOE-API-Key header")]
    NoCredentials,
    /// More than one was sent.
    #[error("{0}")]
    ConflictingCredentials(&'static str),
    /// A header that cannot be read.
    #[error("{0}")]
    MalformedCredentials(&'static str),
    /// Not a token, or one of a kind that is not taken.
    #[error("unusable token: {0}")]
    BadToken(String),
    /// Signed in another way than the configured one.
    #[error("the token says algorithm `{found}`, its key is for {wanted}")]
    WrongAlgorithm {
        /// What the header says.
        found: String,
        /// What the key is for.
        wanted: &'static str,
    },
    /// A key that nobody knows.
    #[error("{0}")]
    UnknownKey(String),
    /// The signature is not that of the key.
    #[error("the token's signature does not verify")]
    BadSignature,
    /// A claim is absent, of a wrong type, or not ours.
    #[error("claim `{claim}` {problem}")]
    BadClaim {
        /// Which one.
        claim: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Its time is over.
    #[error("the token expired at {expired_at}, it is {now}")]
    TokenExpired {
        /// Seconds since 1970.
        expired_at: u64,
        /// Seconds since 1970.
        now: u64,
    },
    /// Its time has not come.
    #[error("the token is valid from {valid_from}, it is {now}")]
    TokenNotYetValid {
        /// Seconds since 1970.
        valid_from: u64,
        /// Seconds since 1970.
        now: u64,
    },
    /// Valid for longer than tokens may be.
    #[error("the token is valid for {seconds} s, at most {seconds_max} s are allowed")]
    TokenLifetime {
        /// From `iat` to `exp`.
        seconds: u64,
        /// What is configured.
        seconds_max: u64,
    },
    /// An API key whose time is over.
    #[error("API key `{id}` has expired")]
    KeyExpired {
        /// Its name.
        id: String,
    },
    /// An API key that was taken back.
    #[error("API key `{id}` was revoked")]
    KeyRevoked {
        /// Its name.
        id: String,
    },
    /// A cookie or a ticket that was not made here, or was changed.
    #[error("not a {0} of this daemon")]
    BadPass(&'static str),
    /// A login or a ticket whose time is over, or whose credential's is.
    #[error("the {0} has expired")]
    PassExpired(&'static str),
    /// Somebody logged out, or a ticket was used.
    #[error("the {0} was ended")]
    PassEnded(&'static str),
    /// What the login was made with is not taken any more.
    #[error("the credential behind the login is not accepted any more")]
    CredentialGone,
}

impl AuthError {
    /// A word for programs. It does not change.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoCredentials => "no-credentials",
            Self::ConflictingCredentials(_) => "conflicting-credentials",
            Self::MalformedCredentials(_) => "malformed-credentials",
            Self::BadToken(_) => "bad-token",
            Self::WrongAlgorithm { .. } => "wrong-algorithm",
            Self::UnknownKey(_) => "unknown-key",
            Self::BadSignature => "bad-signature",
            Self::BadClaim { .. } => "bad-claim",
            Self::TokenExpired { .. } => "token-expired",
            Self::TokenNotYetValid { .. } => "token-not-yet-valid",
            Self::TokenLifetime { .. } => "token-lifetime",
            Self::KeyExpired { .. } => "key-expired",
            Self::KeyRevoked { .. } => "key-revoked",
            Self::BadPass(_) => "bad-login",
            Self::PassExpired(_) => "login-expired",
            Self::PassEnded(_) | Self::CredentialGone => "login-ended",
        }
    }

    /// What the caller is told: enough to fix an honest mistake.
    pub const fn external(&self) -> &'static str {
        match self {
            Self::NoCredentials => "no credentials: send `Authorization: Bearer …` or `X-SOE-API-Key`",
            Self::ConflictingCredentials(_) => "more than one credential: send one",
            Self::MalformedCredentials(_) => "the credentials cannot be read",
            Self::BadToken(_) | Self::WrongAlgorithm { .. } | Self::BadSignature | Self::BadClaim { .. } => {
                "the token is not valid here"
            }
            Self::UnknownKey(_) => "the key is not known here",
            Self::TokenExpired { .. } => "the token has expired",
            Self::TokenNotYetValid { .. } => "the token is not valid yet",
            Self::TokenLifetime { .. } => "the token is valid for too long",
            Self::KeyExpired { .. } => "the key has expired",
            Self::KeyRevoked { .. } => "the key was revoked",
            Self::BadPass(_) => "the login is not valid here: log in",
            Self::PassExpired(_) => "the login or the ticket has expired: log in, or ask for another ticket",
            Self::PassEnded(_) => {
                "the login has ended, or the ticket was used: log in, or ask for another ticket"
            }
            Self::CredentialGone => {
                "the credential of this login is not accepted any more: log in with another"
            }
        }
    }

    pub(super) fn bad_token(problem: impl Into<String>) -> Self {
        Self::BadToken(problem.into())
    }

    pub(super) fn bad_claim(claim: &'static str, problem: impl Into<String>) -> Self {
        Self::BadClaim { claim, problem: problem.into() }
    }
}

/// Text from somebody who is not authenticated, for the log: short, and without control characters.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(40).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_every_code() {
        let document = include_str!("../../../docs/authentication.md");
        let text = String::new;
        for error in [
            AuthError::NoCredentials,
            AuthError::ConflictingCredentials(""),
            AuthError::MalformedCredentials(""),
            AuthError::BadToken(text()),
            AuthError::WrongAlgorithm { found: text(), wanted: "" },
            AuthError::UnknownKey(text()),
            AuthError::BadSignature,
            AuthError::BadClaim { claim: "", problem: text() },
            AuthError::TokenExpired { expired_at: 0, now: 0 },
            AuthError::TokenNotYetValid { valid_from: 0, now: 0 },
            AuthError::TokenLifetime { seconds: 0, seconds_max: 0 },
            AuthError::KeyExpired { id: text() },
            AuthError::KeyRevoked { id: text() },
            AuthError::BadPass(""),
            AuthError::PassExpired(""),
            AuthError::PassEnded(""),
            AuthError::CredentialGone,
        ] {
            assert!(document.contains(&format!("`{}`", error.code())), "{}", error.code());
            assert!(!error.external().is_empty());
        }
    }
}
