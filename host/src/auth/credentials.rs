//! From the headers of a request to the one credential in them.

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};

use super::api_key::KeyHash;
use super::error::AuthError;

/// The header that carries an API key and nothing else.
pub const API_KEY_HEADER: HeaderName = HeaderName::from_static("x-soe-api-key");

/// Most bytes of a credential: a token of the largest header and payload, and a signature.
const CREDENTIAL_BYTES_MAX: usize = 32 << 10;

/// What somebody sent.
#[derive(Clone, Copy, Debug)]
pub(super) enum Credential<'a> {
    /// A token or an API key.
    Bearer(&'a str),
    /// An API key.
    Key(&'a str),
}

/// The one credential of a request. Two of them, even two equal `Authorization` headers, are an
/// error: a proxy in front may look at another one than we do.
pub(super) fn read(headers: &HeaderMap) -> Result<Credential<'_>, AuthError> {
    let bearer = single(headers, &AUTHORIZATION, "more than one Authorization header")?;
    let key = single(headers, &API_KEY_HEADER, "more than one X-SOE-API-Key header")?;
    match (bearer.map(bearer_token).transpose()?, key.map(text).transpose()?) {
        (None, None) => Err(AuthError::NoCredentials),
        (Some(token), None) => Ok(Credential::Bearer(token)),
        (None, Some(key)) => Ok(Credential::Key(key)),
        (Some(token), Some(key)) if KeyHash::of(token).matches(&KeyHash::of(key)) => Ok(Credential::Key(key)),
        (Some(_), Some(_)) => {
            Err(AuthError::ConflictingCredentials("Authorization and X-SOE-API-Key headers that differ"))
        }
    }
}

fn single<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    problem: &'static str,
) -> Result<Option<&'a HeaderValue>, AuthError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        (_, Some(_)) => Err(AuthError::ConflictingCredentials(problem)),
    }
}

/// What follows `Bearer` and one space. The scheme is a word of HTTP, where case does not matter.
fn bearer_token(value: &HeaderValue) -> Result<&str, AuthError> {
    let value = value.to_str().map_err(|_| AuthError::MalformedCredentials("not visible ASCII"))?;
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => check(token),
        Some(_) | None => Err(AuthError::MalformedCredentials("the Authorization header is not `Bearer …`")),
    }
}

fn text(value: &HeaderValue) -> Result<&str, AuthError> {
    check(value.to_str().map_err(|_| AuthError::MalformedCredentials("not visible ASCII"))?)
}

/// The bounds of a credential, wherever it came from.
pub(super) fn check(credential: &str) -> Result<&str, AuthError> {
    if credential.is_empty() {
        return Err(AuthError::MalformedCredentials("the credential is empty"));
    }
    if credential.len() > CREDENTIAL_BYTES_MAX {
        return Err(AuthError::MalformedCredentials("the credential is too long"));
    }
    // Also where an intermediary joined two headers into `a, b`.
    if !credential.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(AuthError::MalformedCredentials("a space or control character in the credential"));
    }
    Ok(credential)
}
