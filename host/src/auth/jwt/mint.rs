//! Makes tokens, for `sentinel token mint`. The daemon only verifies.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use thiserror::Error;

use super::super::principal::AgentScope;
use super::super::secret::Secret;
use super::super::setup::JwtSecret;
use super::claims::Claims;

/// A token could not be signed.
#[derive(Debug, Error)]
#[error("the token could not be signed")]
pub struct MintError(#[from] jsonwebtoken::errors::Error);

/// Signs claims with HS256. Whether they would be accepted is for the one who verifies to say.
///
/// # Errors
///
/// Where the library cannot sign.
pub fn mint_jwt(secret: &JwtSecret, claims: &Claims) -> Result<Secret, MintError> {
    let audience = match claims.audiences.as_slice() {
        [one] => json!(one),
        several => json!(several),
    };
    let mut payload = json!({
        "sub": claims.subject,
        "roles": claims.roles.iter().map(|role| role.word()).collect::<Vec<_>>(),
        "iss": claims.issuer,
        "aud": audience,
        "iat": claims.issued_at,
        "exp": claims.expires_at,
    });
    if let Value::Object(payload) = &mut payload {
        if claims.agent != AgentScope::None {
            payload.insert("agentId".to_owned(), json!(claims.agent.to_string()));
        }
        if let Some(not_before) = claims.not_before {
            payload.insert("nbf".to_owned(), json!(not_before));
        }
    }
    let key = EncodingKey::from_secret(secret.expose().as_bytes());
    Ok(Secret::new(jsonwebtoken::encode(&Header::new(Algorithm::HS256), &payload, &key)?))
}
