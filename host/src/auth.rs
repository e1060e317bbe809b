//! Who is asking: from the headers of a request to a [`Principal`], or to no one.
//!
//! In reading order: [`principal`] is the answer, [`setup`] what is accepted, `credentials` reads
//! the headers, [`api_key`] and [`jwt`] are the two kinds of credentials, [`pass`] stands for one of
//! them for a while, [`error`] says why not.
//!
//! It does not know routes, stores or clocks: what a principal may do at a route is decided
//! there, records come from a [`KeyLookup`], and the time is an argument.

pub mod api_key;
mod credentials;
pub mod error;
pub mod jwt;
pub mod pass;
pub mod principal;
pub mod secret;
pub mod setup;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use http::HeaderMap;

pub use api_key::{ApiKey, KeyHash, KeyLookup, KeyRecord, NoKeys};
pub use credentials::API_KEY_HEADER;
use credentials::Credential;
pub use error::AuthError;
pub use jwt::KeyFileError;
use jwt::{TokenVerifier, Verified};
use pass::{Pass, Print, Proof, SealKey};
pub use principal::{AgentScope, Principal, Role, RoleSet};
pub use secret::Secret;
pub use setup::AuthConfig;

/// A file of public keys, in bytes: a few hundred keys.
const KEY_FILE_BYTES_MAX: u64 = 1 << 20;

/// The subject of whoever has the key of the environment.
const ENVIRONMENT_KEY_SUBJECT: &str = "environment-key";

/// The subject of everybody where nobody is asked.
const ANYBODY_SUBJECT: &str = "anybody";

/// Lets in whoever has a credential.
#[derive(Debug)]
pub struct Authenticator {
    mode: Mode,
}

#[derive(Debug)]
enum Mode {
    Disabled,
    Required(Box<Required>),
}

#[derive(Debug)]
struct Required {
    api_key: Option<KeyHash>,
    tokens: Option<TokenVerifier>,
}

/// Somebody with a good credential.
#[derive(Clone, Debug)]
pub struct Identified {
    /// Who.
    pub principal: Principal,
    /// What shows later that the credential is still good.
    pub proof: Proof,
    /// When the credential ends, in seconds since 1970; never if absent.
    pub ends_at: Option<u64>,
}

impl Authenticator {
    /// Reads the key files that the configuration names.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read, or has a key that is not accepted.
    pub fn open(config: &AuthConfig) -> Result<Self, KeyFileError> {
        Self::new(config, read_bounded)
    }

    /// Like [`Self::open`], reading files with a function.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read, or has a key that is not accepted.
    pub fn new(
        config: &AuthConfig,
        read: impl FnOnce(&Path) -> io::Result<String>,
    ) -> Result<Self, KeyFileError> {
        let mode = match config {
            AuthConfig::Disabled => Mode::Disabled,
            AuthConfig::Required(accepted) => {
                let tokens = accepted.tokens.as_ref().map(|tokens| TokenVerifier::new(tokens, read));
                Mode::Required(Box::new(Required { api_key: accepted.api_key, tokens: tokens.transpose()? }))
            }
        };
        Ok(Self { mode })
    }

    /// Who sent a request with these headers.
    ///
    /// # Errors
    ///
    /// Where there is no credential, more than one, or one that is not good.
    pub fn authenticate(
        &self,
        headers: &HeaderMap,
        now_unix: u64,
        keys: &dyn KeyLookup,
    ) -> Result<Principal, AuthError> {
        match &self.mode {
            Mode::Disabled => Ok(anybody()),
            Mode::Required(required) => {
                let (credential, may_be_token) = match credentials::read(headers)? {
                    Credential::Bearer(credential) => (credential, true),
                    Credential::Key(credential) => (credential, false),
                };
                Ok(required.identify(credential, may_be_token, now_unix, keys)?.principal)
            }
        }
    }

    /// Who sent a request with these headers, and what proves it later.
    ///
    /// # Errors
    ///
    /// As [`Self::authenticate`].
    pub fn identify(
        &self,
        headers: &HeaderMap,
        now_unix: u64,
        keys: &dyn KeyLookup,
    ) -> Result<Identified, AuthError> {
        match &self.mode {
            Mode::Disabled => Ok(Identified { principal: anybody(), proof: Proof::Anybody, ends_at: None }),
            Mode::Required(required) => {
                let (credential, may_be_token) = match credentials::read(headers)? {
                    Credential::Bearer(credential) => (credential, true),
                    Credential::Key(credential) => (credential, false),
                };
                required.identify(credential, may_be_token, now_unix, keys)
            }
        }
    }

    /// Who holds a credential that came another way than in a header.
    ///
    /// # Errors
    ///
    /// Where it is not good.
    pub fn identify_holder(
        &self,
        credential: &str,
        now_unix: u64,
        keys: &dyn KeyLookup,
    ) -> Result<Identified, AuthError> {
        match &self.mode {
            Mode::Disabled => Ok(Identified { principal: anybody(), proof: Proof::Anybody, ends_at: None }),
            Mode::Required(required) => {
                required.identify(credentials::check(credential)?, true, now_unix, keys)
            }
        }
    }

    /// Who holds a [`Pass`], if the credential behind it is still good. What is known of the holder
    /// here counts; what the pass says counts for tokens alone, which are known nowhere.
    ///
    /// # Errors
    ///
    /// Where the credential is not good any more.
    pub fn recheck(
        &self,
        pass: &Pass,
        seal_key: &SealKey,
        now_unix: u64,
        keys: &dyn KeyLookup,
    ) -> Result<Principal, AuthError> {
        let Mode::Required(required) = &self.mode else {
            return if *pass.proof() == Proof::Anybody {
                Ok(anybody())
            } else {
                Err(AuthError::CredentialGone)
            };
        };
        match pass.proof() {
            Proof::Anybody => Err(AuthError::CredentialGone),
            Proof::Environment(print) => match required.api_key {
                Some(key) if seal_key.blind(&key.print()) == *print => Ok(environment()),
                Some(_) | None => Err(AuthError::CredentialGone),
            },
            Proof::Key(print) => {
                let record = by_key(&KeyHash::from_bytes(*print.as_bytes()), now_unix, keys)?;
                Ok(Principal::new(record.subject, record.roles, record.agent))
            }
            Proof::Token(print) => match &required.tokens {
                Some(tokens) if tokens.knows(print, seal_key, now_unix) => pass.principal(),
                Some(_) | None => Err(AuthError::CredentialGone),
            },
        }
    }

    /// Whether others than this subject may have a credential that the store does not know: a token,
    /// or the key of the environment.
    pub fn may_others(&self, subject: &str) -> bool {
        match &self.mode {
            // Everybody is the same.
            Mode::Disabled => false,
            Mode::Required(required) => {
                required.tokens.is_some() || required.api_key.is_some() && subject != ENVIRONMENT_KEY_SUBJECT
            }
        }
    }

    /// Who holds a token.
    ///
    /// # Errors
    ///
    /// Where it is not good, or tokens are not accepted.
    pub fn verify_token(&self, token: &str, now_unix: u64) -> Result<Principal, AuthError> {
        match &self.mode {
            Mode::Required(required) => Ok(required.by_token(token, now_unix)?.principal),
            Mode::Disabled => Err(AuthError::UnknownKey("authentication is disabled".to_owned())),
        }
    }
}

impl Required {
    fn identify(
        &self,
        credential: &str,
        may_be_token: bool,
        now_unix: u64,
        keys: &dyn KeyLookup,
    ) -> Result<Identified, AuthError> {
        let hash = KeyHash::of(credential);
        if self.api_key.is_some_and(|key| key.matches(&hash)) {
            return Ok(Identified {
                principal: environment(),
                proof: Proof::Environment(hash.print()),
                ends_at: None,
            });
        }
        if api_key::is_api_key(credential) {
            let record = by_key(&hash, now_unix, keys)?;
            let principal = Principal::new(record.subject, record.roles, record.agent);
            let proof = Proof::Key(Print::of_hash(*hash.as_bytes()));
            return Ok(Identified { principal, proof, ends_at: record.expires_at });
        }
        // Generated keys have no dot, tokens have two.
        if may_be_token && credential.contains('.') {
            let Verified { principal, print, ends_at } = self.by_token(credential, now_unix)?;
            return Ok(Identified { principal, proof: Proof::Token(print), ends_at: Some(ends_at) });
        }
        Err(unknown_key())
    }

    fn by_token(&self, token: &str, now_unix: u64) -> Result<Verified, AuthError> {
        let Some(tokens) = &self.tokens else {
            return Err(AuthError::UnknownKey("a token, but no key for tokens is configured".to_owned()));
        };
        tokens.verify(token, now_unix)
    }
}

/// Whoever has the key of the environment.
fn environment() -> Principal {
    Principal::new(ENVIRONMENT_KEY_SUBJECT, RoleSet::ALL, AgentScope::Any)
}

/// Everybody, where nobody is asked.
fn anybody() -> Principal {
    Principal::new(ANYBODY_SUBJECT, RoleSet::ALL, AgentScope::Any)
}

fn unknown_key() -> AuthError {
    AuthError::UnknownKey("no such API key".to_owned())
}

fn by_key(hash: &KeyHash, now_unix: u64, keys: &dyn KeyLookup) -> Result<KeyRecord, AuthError> {
    let record = keys.find(hash).ok_or_else(unknown_key)?;
    // The lookup is somebody else's code. This is the comparison that counts.
    if !record.hash.matches(hash) {
        return Err(unknown_key());
    }
    if record.revoked_at.is_some() {
        return Err(AuthError::KeyRevoked { id: record.id });
    }
    if record.expires_at.is_some_and(|end| now_unix >= end) {
        return Err(AuthError::KeyExpired { id: record.id });
    }
    Ok(record)
}

fn read_bounded(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?.take(KEY_FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if read as u64 > KEY_FILE_BYTES_MAX {
        return Err(io::Error::other(format!("it is larger than {KEY_FILE_BYTES_MAX} bytes")));
    }
    Ok(text)
}
