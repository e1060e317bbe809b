//! Who is asking: from the headers of a request to a [`Principal`], or to no one.
//!
//! In reading order: [`principal`] is the answer, [`setup`] what is accepted, `credentials` reads
//! the headers, [`api_key`] and [`jwt`] are the two kinds of credentials, [`error`] says why not.
//!
//! It does not know routes, stores or clocks: what a principal may do at a route is decided
//! there, records come from a [`KeyLookup`], and the time is an argument.

pub mod api_key;
mod credentials;
pub mod error;
pub mod jwt;
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
use jwt::TokenVerifier;
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
            Mode::Disabled => Ok(Principal::new(ANYBODY_SUBJECT, RoleSet::ALL, AgentScope::Any)),
            Mode::Required(required) => required.authenticate(headers, now_unix, keys),
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
            Mode::Required(required) => required.by_token(token, now_unix),
            Mode::Disabled => Err(AuthError::UnknownKey("authentication is disabled".to_owned())),
        }
    }
}

impl Required {
    fn authenticate(
        &self,
        headers: &HeaderMap,
        now_unix: u64,
        keys: &dyn KeyLookup,
    ) -> Result<Principal, AuthError> {
        let (credential, may_be_token) = match credentials::read(headers)? {
            Credential::Bearer(credential) => (credential, true),
            Credential::Key(credential) => (credential, false),
        };
        let hash = KeyHash::of(credential);
        if self.api_key.is_some_and(|key| key.matches(&hash)) {
            return Ok(Principal::new(ENVIRONMENT_KEY_SUBJECT, RoleSet::ALL, AgentScope::Any));
        }
        if api_key::is_api_key(credential) {
            return by_key(&hash, now_unix, keys);
        }
        // Generated keys have no dot, tokens have two.
        if may_be_token && credential.contains('.') {
            return self.by_token(credential, now_unix);
        }
        Err(unknown_key())
    }

    fn by_token(&self, token: &str, now_unix: u64) -> Result<Principal, AuthError> {
        let Some(tokens) = &self.tokens else {
            return Err(AuthError::UnknownKey("a token, but no key for tokens is configured".to_owned()));
        };
        tokens.verify(token, now_unix)
    }
}

fn unknown_key() -> AuthError {
    AuthError::UnknownKey("no such API key".to_owned())
}

fn by_key(hash: &KeyHash, now_unix: u64, keys: &dyn KeyLookup) -> Result<Principal, AuthError> {
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
    Ok(Principal::new(record.subject, record.roles, record.agent))
}

fn read_bounded(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?.take(KEY_FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if read as u64 > KEY_FILE_BYTES_MAX {
        return Err(io::Error::other(format!("it is larger than {KEY_FILE_BYTES_MAX} bytes")));
    }
    Ok(text)
}
