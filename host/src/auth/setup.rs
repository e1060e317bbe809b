//! What authentication is set up with: checked values, made by `config` and by tests.
//!
//! Keys in files are only named here. They are read by
//! [`Authenticator::open`](super::Authenticator::open).

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use super::api_key::KeyHash;
use super::secret::Secret;

/// Fewest bytes of a secret for HS256: as many as its hash has. A shorter one can be guessed
/// from any token.
pub const JWT_SECRET_BYTES_MIN: usize = 32;

/// Fewest characters of an API key that somebody made up.
pub const API_KEY_CHARS_MIN: usize = 16;

/// How far clocks may be apart.
pub const JWT_SKEW_SECONDS: u64 = 60;

/// How long a token may be valid, unless configured.
pub const JWT_LIFETIME_DEFAULT: Duration = Duration::from_secs(24 * 60 * 60);

/// `iss` and `aud` of tokens, unless configured.
pub const JWT_PARTY_DEFAULT: &str = "sentinel";

/// How requests are authenticated.
#[derive(Clone, Debug)]
pub enum AuthConfig {
    /// Not at all: everybody may do everything. On loopback addresses only.
    Disabled,
    /// Always, with these; and with the API keys of the store.
    Required(Accepted),
}

/// The credentials that are accepted besides the API keys of the store.
#[derive(Clone, Debug, Default)]
pub struct Accepted {
    /// The key of the environment. It may do everything.
    pub api_key: Option<KeyHash>,
    /// Tokens.
    pub tokens: Option<TokenConfig>,
}

/// Which tokens are accepted.
#[derive(Clone, Debug)]
pub struct TokenConfig {
    /// What verifies them.
    pub verifier: VerifierConfig,
    /// What `iss` must be.
    pub issuer: String,
    /// What `aud` must be or contain.
    pub audience: String,
    /// Longest time from `iat` to `exp`.
    pub lifetime_max: Duration,
}

/// What verifies tokens: one kind of key, so that no token can choose another.
#[derive(Clone, Debug)]
pub enum VerifierConfig {
    /// A shared secret, HS256.
    Secret(Secrets),
    /// One public key in a PEM file.
    PublicKey {
        /// What the key is for.
        algorithm: PublicAlgorithm,
        /// Where it is.
        file: PathBuf,
    },
    /// Several public keys in a JWKS file, each with its own algorithm.
    KeySet {
        /// Where they are.
        file: PathBuf,
    },
}

/// The secret, and the one before it.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// Signs and verifies.
    pub current: JwtSecret,
    /// Verifies for a while.
    pub previous: Option<PreviousSecret>,
}

/// A secret that was replaced: it verifies what was signed with it, until its deadline.
#[derive(Clone, Debug)]
pub struct PreviousSecret {
    /// The secret.
    pub secret: JwtSecret,
    /// The first second in which it is worthless, since 1970.
    pub until: u64,
}

/// A secret for HS256 that is long enough.
#[derive(Clone, Debug)]
pub struct JwtSecret(Secret);

/// A secret that is too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "has {bytes} bytes, at least {JWT_SECRET_BYTES_MIN} are needed: make one with `openssl rand -base64 48`"
)]
pub struct ShortSecret {
    bytes: usize,
}

impl JwtSecret {
    /// Checks a secret.
    ///
    /// # Errors
    ///
    /// Where it is too short.
    pub fn new(secret: Secret) -> Result<Self, ShortSecret> {
        let bytes = secret.expose().len();
        if bytes < JWT_SECRET_BYTES_MIN { Err(ShortSecret { bytes }) } else { Ok(Self(secret)) }
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// Signatures that a public key verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicAlgorithm {
    /// RSA, PKCS #1 v1.5, SHA-256.
    Rs256,
    /// ECDSA on P-256, SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl PublicAlgorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rs256, Self::Es256, Self::EdDsa];

    /// The word in `alg`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of that name.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.word() == word)
    }
}
