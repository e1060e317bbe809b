//! Takes a token apart, before anything in it is believed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::super::error::{AuthError, shown};
use super::claims::Claims;
use super::strict_json;

/// A header or a payload, in bytes of JSON.
const PART_BYTES_MAX: usize = 8 << 10;

/// A signature, in bytes: RSA with the largest keys that are verified.
const SIGNATURE_BYTES_MAX: usize = 1024;

/// Most bytes of a key's name.
const KID_BYTES_MAX: usize = 256;

/// Fields that a header may have. Whatever else is there asks for something: to take a key from
/// the token (`jwk`, `jku`, `x5u`, `x5c`), to inflate it (`zip`), to treat it as another token
/// (`cty`), to understand an extension (`crit`, `b64`).
const HEADER_FIELDS: [&str; 5] = ["alg", "typ", "kid", "x5t", "x5t#S256"];

/// What the header of a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The algorithm that it claims.
    pub algorithm: String,
    /// The key that it names.
    pub key_id: Option<String>,
}

/// A token in its parts.
pub(super) struct Token<'a> {
    pub(super) header: Header,
    /// What is signed: header, dot, payload, as they were sent.
    pub(super) message: &'a str,
    /// In canonical base64url.
    pub(super) signature: &'a str,
    payload: Vec<u8>,
}

impl<'a> Token<'a> {
    pub(super) fn parse(token: &'a str) -> Result<Self, AuthError> {
        let (message, signature) =
            token.rsplit_once('.').ok_or_else(|| AuthError::bad_token("it has not three parts"))?;
        let (header, payload) =
            message.split_once('.').ok_or_else(|| AuthError::bad_token("it has not three parts"))?;
        if payload.contains('.') {
            return Err(AuthError::bad_token("it has not three parts"));
        }
        if signature.is_empty() {
            return Err(AuthError::bad_token("it is not signed"));
        }
        decode(signature, SIGNATURE_BYTES_MAX, "signature")?;
        let payload = decode(payload, PART_BYTES_MAX, "payload")?;
        let header = read_header(&decode(header, PART_BYTES_MAX, "header")?)?;
        Ok(Self { header, message, signature, payload })
    }

    /// The claims. They are worth nothing before the signature was verified.
    pub(super) fn claims(&self) -> Result<Map<String, Value>, AuthError> {
        strict_json::object(&self.payload)
            .map_err(|error| AuthError::bad_token(format!("its payload is no JSON object to us: {error}")))
    }
}

/// A token of which nothing was verified.
#[derive(Clone, Debug)]
pub struct Unverified {
    /// Its header.
    pub header: Header,
    /// Its claims.
    pub claims: Claims,
}

/// Reads a token without verifying it, to show it to whoever has it.
///
/// # Errors
///
/// Where it has not the form of a token.
pub fn peek(token: &str) -> Result<Unverified, AuthError> {
    let token = Token::parse(token)?;
    let claims = Claims::read(&token.claims()?)?;
    Ok(Unverified { header: token.header, claims })
}

/// Base64url as it has to be: no padding, no space, no bit left over. So a token has one spelling.
fn decode(part: &str, bytes_max: usize, what: &str) -> Result<Vec<u8>, AuthError> {
    if part.len() > bytes_max.div_ceil(3) * 4 {
        return Err(AuthError::bad_token(format!("its {what} is longer than {bytes_max} bytes")));
    }
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| AuthError::bad_token(format!("its {what} is not canonical base64url")))
}

fn read_header(bytes: &[u8]) -> Result<Header, AuthError> {
    let fields = strict_json::object(bytes)
        .map_err(|error| AuthError::bad_token(format!("its header is no JSON object to us: {error}")))?;
    if let Some(field) = fields.keys().find(|field| !HEADER_FIELDS.contains(&field.as_str())) {
        return Err(AuthError::bad_token(format!("its header has the field `{}`", shown(field))));
    }
    let text = |name: &str| match fields.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err(AuthError::bad_token(format!("`{name}` in its header is no text")))
        }
    };
    let algorithm = text("alg")?.ok_or_else(|| AuthError::bad_token("its header has no `alg`"))?;
    let is_ours = |typ: &str| ["JWT", "at+jwt"].iter().any(|ours| ours.eq_ignore_ascii_case(typ));
    if let Some(typ) = text("typ")?.filter(|typ| !is_ours(typ)) {
        return Err(AuthError::bad_token(format!("its type is `{}`", shown(typ))));
    }
    let key_id = text("kid")?;
    if key_id.is_some_and(|kid| kid.is_empty() || kid.len() > KID_BYTES_MAX) {
        return Err(AuthError::bad_token("its `kid` is empty or too long"));
    }
    Ok(Header { algorithm: algorithm.to_owned(), key_id: key_id.map(str::to_owned) })
}
