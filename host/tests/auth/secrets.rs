//! Secrets of tokens: length, rotation, minting, and that none gets out.

use http::HeaderMap;
use jsonwebtoken::{Algorithm, EncodingKey};
use sentinel::auth::jwt::{Claims, mint_jwt, peek};
use sentinel::auth::setup::{Accepted, AuthConfig, JwtSecret, PreviousSecret, Secrets, VerifierConfig};
use sentinel::auth::{AgentScope, Authenticator, NoKeys, Role, RoleSet, Secret};
use serde_json::json;

use crate::support::{
    HEADER, NOW, OLD_SECRET, SECRET, check, claims, claims_with, good, hs256, jwt_secret, no_files, outcome,
    signed, with_secret, with_verifier,
};

#[test]
fn secrets() {
    let other = EncodingKey::from_secret(OLD_SECRET.as_bytes());
    let token = signed(HEADER, &claims().to_string(), &other, Algorithm::HS256);
    check(&with_secret(), "another secret", &token, "bad-signature");
    let empty = EncodingKey::from_secret(b"");
    let token = signed(HEADER, &claims().to_string(), &empty, Algorithm::HS256);
    check(&with_secret(), "no secret", &token, "bad-signature");
    for (bytes, good) in [(0, false), (31, false), (32, true)] {
        assert_eq!(JwtSecret::new(Secret::new("x".repeat(bytes))).is_ok(), good, "{bytes}");
    }
}

#[test]
fn the_previous_secret_verifies_until_its_deadline() {
    let until = |until| {
        let previous = Some(PreviousSecret { secret: jwt_secret(OLD_SECRET), until });
        let secrets = Secrets { current: jwt_secret(SECRET), previous };
        Authenticator::new(&with_verifier(VerifierConfig::Secret(secrets)), no_files).unwrap()
    };
    let old_key = EncodingKey::from_secret(OLD_SECRET.as_bytes());
    let old = |payload: &str| signed(HEADER, payload, &old_key, Algorithm::HS256);
    check(&until(NOW + 1), "before", &old(&claims().to_string()), "ci evaluate builder");
    check(&until(NOW), "at the deadline", &old(&claims().to_string()), "bad-signature");
    check(&until(NOW - 1), "after", &old(&claims().to_string()), "bad-signature");
    check(&until(NOW + 1), "the current one", &good(), "ci evaluate builder");
    // It is not a way around the claims.
    let expired = claims_with(&json!({ "iat": NOW - 7200, "exp": NOW - 3600 }));
    check(&until(NOW + 1), "expired", &old(&expired), "token-expired");
    check(&until(NOW + 1), "expired, current", &hs256(HEADER, &expired), "token-expired");
}

#[test]
fn nothing_configured_lets_nobody_in() {
    let nobody = Authenticator::new(&AuthConfig::Required(Accepted::default()), no_files).unwrap();
    check(&nobody, "a token", &good(), "unknown-key");
    assert_eq!(outcome(nobody.authenticate(&HeaderMap::new(), NOW, &NoKeys)), "no-credentials");
    let everybody = Authenticator::new(&AuthConfig::Disabled, no_files).unwrap();
    let principal = everybody.authenticate(&HeaderMap::new(), NOW, &NoKeys).unwrap();
    assert!(principal.may(Role::Admin) && principal.may_act_for("any") && principal.roles() == RoleSet::ALL);
}

#[test]
fn what_is_minted_is_accepted() {
    let claims = Claims {
        subject: "ci".to_owned(),
        roles: [Role::Evaluate, Role::Audit].into_iter().collect(),
        agent: AgentScope::One("builder".to_owned()),
        issuer: "sentinel".to_owned(),
        audiences: vec!["sentinel".to_owned()],
        issued_at: NOW,
        expires_at: NOW + 60,
        not_before: Some(NOW),
    };
    let token = mint_jwt(&jwt_secret(SECRET), &claims).unwrap();
    check(&with_secret(), "minted", token.expose(), "ci evaluate,audit builder");
    assert_eq!(peek(token.expose()).unwrap().claims, claims);
    assert_eq!(peek(token.expose()).unwrap().header.algorithm, "HS256");
}

#[test]
fn errors_give_nothing_away() {
    for token in [good().replacen('.', ".A", 1), hs256(HEADER, &claims_with(&json!({ "iss": "a\u{1b}[2J" })))]
    {
        let error = with_secret().verify_token(&token, NOW).unwrap_err();
        let texts = format!("{error} {} {}", error.external(), error.code());
        assert!(!texts.contains(SECRET) && !texts.chars().any(char::is_control), "{texts}");
    }
    let printed = format!("{:?}", with_secret());
    assert!(!printed.contains(SECRET), "{printed}");
    let secrets = Secrets { current: jwt_secret(SECRET), previous: None };
    assert!(!format!("{:?}", with_verifier(VerifierConfig::Secret(secrets))).contains(SECRET));
}
