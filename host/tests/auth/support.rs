//! A token maker, and the one way in which every test asks.

use std::io;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use sentinel::auth::setup::{
    Accepted, AuthConfig, JwtSecret, PublicAlgorithm, Secrets, TokenConfig, VerifierConfig,
};
use sentinel::auth::{AuthError, Authenticator, KeyHash, NoKeys, Principal, Secret};
use serde_json::{Value, json};

pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const SECRET: &str = "the secret of these tests has more than 32 bytes";
pub(crate) const OLD_SECRET: &str = "the secret before it has more than 32 bytes, too";
pub(crate) const ENVIRONMENT_KEY: &str = "a-key-that-somebody-made-up";

/// What came of a request: `subject roles agent`, or the code of the error.
pub(crate) fn outcome(result: Result<Principal, AuthError>) -> String {
    match result {
        Ok(principal) => {
            format!("{} {} {}", principal.subject(), principal.roles(), principal.agent())
        }
        Err(error) => error.code().to_owned(),
    }
}

pub(crate) fn with_verifier(verifier: VerifierConfig) -> AuthConfig {
    AuthConfig::Required(Accepted {
        api_key: Some(KeyHash::of(ENVIRONMENT_KEY)),
        tokens: Some(TokenConfig {
            verifier,
            issuer: "sentinel".to_owned(),
            audience: "sentinel".to_owned(),
            lifetime_max: Duration::from_secs(24 * 3600),
        }),
    })
}

pub(crate) fn jwt_secret(text: &str) -> JwtSecret {
    JwtSecret::new(Secret::new(text)).unwrap()
}

pub(crate) fn no_files(_: &std::path::Path) -> io::Result<String> {
    Err(io::Error::other("these tests have no key file"))
}

pub(crate) fn with_secret() -> Authenticator {
    let secrets = Secrets { current: jwt_secret(SECRET), previous: None };
    Authenticator::new(&with_verifier(VerifierConfig::Secret(secrets)), no_files).unwrap()
}

pub(crate) fn with_file(verifier: VerifierConfig, text: &str) -> Result<Authenticator, String> {
    Authenticator::new(&with_verifier(verifier), |_| Ok(text.to_owned())).map_err(|error| error.to_string())
}

pub(crate) fn with_public_key(algorithm: PublicAlgorithm, pem: &str) -> Result<Authenticator, String> {
    with_file(VerifierConfig::PublicKey { algorithm, file: "key.pem".into() }, pem)
}

pub(crate) fn with_key_set(keys: &Value) -> Result<Authenticator, String> {
    with_file(VerifierConfig::KeySet { file: "keys.json".into() }, &json!({ "keys": keys }).to_string())
}

pub(crate) fn encode(part: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(part)
}

/// A token of these texts, signed as the algorithm says.
pub(crate) fn signed(header: &str, payload: &str, key: &EncodingKey, algorithm: Algorithm) -> String {
    let message = format!("{}.{}", encode(header), encode(payload));
    let signature = crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

pub(crate) fn hs256(header: &str, payload: &str) -> String {
    signed(header, payload, &EncodingKey::from_secret(SECRET.as_bytes()), Algorithm::HS256)
}

pub(crate) const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

pub(crate) fn claims() -> Value {
    json!({
        "sub": "ci", "roles": ["evaluate"], "agentId": "builder",
        "iss": "sentinel", "aud": "sentinel", "iat": NOW, "exp": NOW + 3600,
    })
}

/// The good claims, with others in their place; null takes one away.
pub(crate) fn claims_with(changes: &Value) -> String {
    let mut claims = claims();
    let object = claims.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            object.remove(name);
        } else {
            object.insert(name.clone(), value.clone());
        }
    }
    claims.to_string()
}

pub(crate) fn good() -> String {
    hs256(HEADER, &claims().to_string())
}

pub(crate) fn check(authenticator: &Authenticator, what: &str, token: &str, expect: &str) {
    assert_eq!(outcome(authenticator.verify_token(token, NOW)), expect, "{what}: {token}");
    // The same over HTTP, where a header cannot even hold some of these.
    if let Ok(value) = HeaderValue::from_str(&format!("Bearer {token}")) {
        let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, value)]);
        let by_header = outcome(authenticator.authenticate(&headers, NOW, &NoKeys));
        let agrees = by_header == expect || (expect == "bad-token" && !by_header.contains(' '));
        assert!(agrees, "{what}: {by_header}, not {expect}");
    }
}
