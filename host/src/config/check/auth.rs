//! How requests are authenticated. Whatever is said twice, half, or too weakly stops the start.

use std::net::IpAddr;

use super::super::catalog as of;
use super::reader::Reader;
use super::values;
use crate::auth::setup::{
    API_KEY_CHARS_MIN, Accepted, JwtSecret, PreviousSecret, PublicAlgorithm, Secrets, TokenConfig,
    VerifierConfig,
};
use crate::auth::{AuthConfig, KeyHash};

/// A month: a token that is good for longer is a password.
const LIFETIME_SECONDS_MAX: u64 = 31 * 24 * 60 * 60;

pub(super) fn check(reader: &mut Reader, address: IpAddr) -> AuthConfig {
    let disabled = reader.switch(&of::AUTH_DISABLED);
    let api_key = api_key(reader);
    let verifier = verifier(reader);
    // Read in any case, so that their mistakes are seen.
    let issuer = reader.parsed(&of::JWT_ISSUER, values::name).unwrap_or_default();
    let audience = reader.parsed(&of::JWT_AUDIENCE, values::name).unwrap_or_default();
    let lifetime_max = reader.seconds(&of::JWT_LIFETIME_MAX, 60..=LIFETIME_SECONDS_MAX);
    if disabled {
        refuse_half_disabled(reader, address);
        reader
            .warnings
            .push("authentication is disabled: whoever reaches this address may do everything".to_owned());
        return AuthConfig::Disabled;
    }
    if api_key.is_none() && verifier.is_none() {
        reader.warnings.push(
            "neither SOE_API_KEY nor a key for tokens is set: only API keys of `sentinel token key create` are accepted"
                .to_owned(),
        );
    }
    let tokens = verifier.map(|verifier| TokenConfig { verifier, issuer, audience, lifetime_max });
    AuthConfig::Required(Accepted { api_key, tokens })
}

/// Disabled means that nobody is asked, so a credential beside it is somebody's misunderstanding.
fn refuse_half_disabled(reader: &mut Reader, address: IpAddr) {
    let name = reader.name(&of::AUTH_DISABLED);
    if !address.is_loopback() {
        reader.contradiction(format!(
            "{name} is true, but {address} is no loopback address: others could reach it and do everything"
        ));
    }
    for setting in [&of::API_KEY, &of::JWT_SECRET, &of::JWT_KEY_FILE, &of::JWT_JWKS_FILE] {
        if reader.is_set(setting) {
            let other = reader.name(setting);
            reader.contradiction(format!("{name} is true, but {other} is set: unset one of them"));
        }
    }
}

fn api_key(reader: &mut Reader) -> Option<KeyHash> {
    let key = reader.secret(&of::API_KEY)?;
    if key.expose().len() < API_KEY_CHARS_MIN {
        let problem =
            format!("use at least {API_KEY_CHARS_MIN} characters, for example of `openssl rand -hex 32`");
        reader.refuse(&of::API_KEY, problem);
    }
    // Nothing else can stand in the header.
    if !key.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        reader.refuse(&of::API_KEY, "use visible ASCII characters without spaces");
    }
    Some(KeyHash::of(key.expose()))
}

/// One kind of key for tokens, or none.
fn verifier(reader: &mut Reader) -> Option<VerifierConfig> {
    let kinds = [&of::JWT_SECRET, &of::JWT_KEY_FILE, &of::JWT_JWKS_FILE];
    let given: Vec<_> =
        kinds.iter().filter(|setting| reader.is_set(setting)).map(|setting| reader.name(setting)).collect();
    if given.len() > 1 {
        reader.contradiction(format!(
            "{}: set one of them, so that each token has one key",
            given.join(" and ")
        ));
    }
    let secrets = secrets(reader).map(VerifierConfig::Secret);
    let public = public_key(reader);
    let set = reader.path(&of::JWT_JWKS_FILE).map(|file| VerifierConfig::KeySet { file });
    secrets.or(public).or(set)
}

fn secrets(reader: &mut Reader) -> Option<Secrets> {
    let current = jwt_secret(reader, &of::JWT_SECRET);
    let previous = jwt_secret(reader, &of::JWT_SECRET_PREVIOUS);
    let until = reader.parsed(&of::JWT_SECRET_PREVIOUS_UNTIL, values::moment);
    let (has_previous, has_until) =
        (reader.is_set(&of::JWT_SECRET_PREVIOUS), reader.is_set(&of::JWT_SECRET_PREVIOUS_UNTIL));
    if has_previous && !has_until {
        reader.contradiction(
            "SOE_JWT_SECRET_PREVIOUS needs SOE_JWT_SECRET_PREVIOUS_UNTIL: a secret that was replaced must end some day",
        );
    }
    if has_until && !has_previous {
        let name = reader.name(&of::JWT_SECRET_PREVIOUS_UNTIL);
        reader.contradiction(format!("{name} is set, but SOE_JWT_SECRET_PREVIOUS is not"));
    }
    if has_previous && !reader.is_set(&of::JWT_SECRET) {
        reader.contradiction("SOE_JWT_SECRET_PREVIOUS is set, but SOE_JWT_SECRET is not");
    }
    if let (Some(current), Some(previous)) = (&current, &previous)
        && current.expose() == previous.expose()
    {
        reader.contradiction("SOE_JWT_SECRET and SOE_JWT_SECRET_PREVIOUS are the same secret");
    }
    let previous = previous.zip(until).map(|(secret, until)| PreviousSecret { secret, until });
    Some(Secrets { current: current?, previous })
}

fn jwt_secret(reader: &mut Reader, setting: &of::Setting) -> Option<JwtSecret> {
    let secret = reader.secret(setting)?;
    JwtSecret::new(secret).map_err(|error| reader.refuse(setting, error.to_string())).ok()
}

fn public_key(reader: &mut Reader) -> Option<VerifierConfig> {
    let algorithm =
        reader.word(&of::JWT_ALGORITHM, &PublicAlgorithm::ALL.map(|algorithm| (algorithm.word(), algorithm)));
    let file = reader.path(&of::JWT_KEY_FILE);
    match (reader.is_set(&of::JWT_KEY_FILE), reader.is_set(&of::JWT_ALGORITHM)) {
        (true, false) => {
            let name = reader.name(&of::JWT_KEY_FILE);
            reader.contradiction(format!(
                "{name} needs SENTINEL_JWT_ALGORITHM: RS256, ES256 or EdDSA; a token cannot choose it"
            ));
        }
        (false, true) => {
            let name = reader.name(&of::JWT_ALGORITHM);
            reader.contradiction(format!("{name} is set, but SENTINEL_JWT_KEY_FILE is not"));
        }
        (true, true) | (false, false) => {}
    }
    Some(VerifierConfig::PublicKey { algorithm: algorithm?, file: file? })
}
