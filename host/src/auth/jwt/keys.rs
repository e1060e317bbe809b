//! Keys for tokens, and verification with the right one.
//!
//! Every key has one algorithm, fixed when it was loaded. `jsonwebtoken` checks signatures here
//! and does nothing else.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde_json::{Map, Value};
use thiserror::Error;

use super::super::error::{AuthError, shown};
use super::super::pass::{Print, SealKey};
use super::super::principal::Principal;
use super::super::setup::{JwtSecret, PublicAlgorithm, TokenConfig, VerifierConfig};
use super::claims::Claims;
use super::parse::{Header, Token};
use super::strict_json;

/// Bytes of an RSA modulus: 2048 bits, and 4096, above which the library verifies nothing.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=512;

/// Bytes of an Ed25519 public key. The library assumes them, so they are checked here.
const ED25519_BYTES: usize = 32;

/// Fields of private and symmetric keys. A key set is public, so somebody made a mistake.
const SECRET_FIELDS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A file of keys that cannot be used.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// It cannot be read.
    #[error("key file `{}` cannot be read", .file.display())]
    Unreadable {
        /// Which one.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It has something that is no key for us.
    #[error("key file `{}`: {problem}", .file.display())]
    Refused {
        /// Which one.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

/// A token that is good, and what it was good by.
#[derive(Clone, Debug)]
pub(in super::super) struct Verified {
    pub(in super::super) principal: Principal,
    pub(in super::super) print: Print,
    /// `exp`
    pub(in super::super) ends_at: u64,
}

/// Verifies tokens.
#[derive(Debug)]
pub(in super::super) struct TokenVerifier {
    keys: Keys,
    config: TokenConfig,
}

#[derive(Debug)]
enum Keys {
    Secret { current: Key, previous: Option<(Key, u64)> },
    Public(Key),
    Set(BTreeMap<String, Key>),
}

/// A key and the one algorithm that it is for.
#[derive(Debug)]
struct Key {
    algorithm: Algorithm,
    word: &'static str,
    key: DecodingKey,
    /// Over what it was made of: stands for it where it is not there itself.
    print: Print,
}

impl TokenVerifier {
    pub(in super::super) fn new(
        config: &TokenConfig,
        read: impl FnOnce(&Path) -> io::Result<String>,
    ) -> Result<Self, KeyFileError> {
        let load = |file: &Path, parse: &dyn Fn(&str) -> Result<Keys, String>| {
            let text =
                read(file).map_err(|source| KeyFileError::Unreadable { file: file.to_owned(), source })?;
            parse(&text).map_err(|problem| KeyFileError::Refused { file: file.to_owned(), problem })
        };
        let keys = match &config.verifier {
            VerifierConfig::Secret(secrets) => Keys::Secret {
                current: Key::secret(&secrets.current),
                previous: secrets
                    .previous
                    .as_ref()
                    .map(|previous| (Key::secret(&previous.secret), previous.until)),
            },
            VerifierConfig::PublicKey { algorithm, file } => {
                load(file, &|text| Key::from_pem(text, *algorithm).map(Keys::Public))?
            }
            VerifierConfig::KeySet { file } => load(file, &|text| read_key_set(text).map(Keys::Set))?,
        };
        Ok(Self { keys, config: config.clone() })
    }

    pub(in super::super) fn verify(&self, token: &str, now: u64) -> Result<Verified, AuthError> {
        let token = Token::parse(token)?;
        let print = self.verify_signature(&token, now)?;
        let claims = Claims::read(&token.claims()?)?;
        claims.check(&self.config, now)?;
        let ends_at = claims.expires_at;
        Ok(Verified { principal: claims.into_principal(), print: self.print(print), ends_at })
    }

    /// Whether tokens that this print stands for would still be taken, apart from their dates.
    pub(in super::super) fn knows(&self, print: &Print, seal_key: &SealKey, now: u64) -> bool {
        let is_it = |key: &Key| seal_key.blind(&self.print(key.print)) == *print;
        match &self.keys {
            Keys::Secret { current, previous } => {
                is_it(current) || previous.as_ref().is_some_and(|(key, until)| now < *until && is_it(key))
            }
            Keys::Public(key) => is_it(key),
            Keys::Set(keys) => keys.values().any(is_it),
        }
    }

    /// A key, and what else a token has to agree with.
    fn print(&self, key: Print) -> Print {
        let TokenConfig { issuer, audience, .. } = &self.config;
        Print::of(&[key.as_bytes(), issuer.as_bytes(), audience.as_bytes()])
    }

    fn verify_signature(&self, token: &Token<'_>, now: u64) -> Result<Print, AuthError> {
        match &self.keys {
            Keys::Secret { current, previous } => match current.verify(token) {
                // Only a signature of another key is worth a second look.
                Err(AuthError::BadSignature) => match previous {
                    Some((key, until)) if now < *until => key.verify(token),
                    Some(_) | None => Err(AuthError::BadSignature),
                },
                other => other,
            },
            Keys::Public(key) => key.verify(token),
            Keys::Set(keys) => key_of(&token.header, keys)?.verify(token),
        }
    }
}

fn key_of<'a>(header: &Header, keys: &'a BTreeMap<String, Key>) -> Result<&'a Key, AuthError> {
    let Some(kid) = &header.key_id else {
        return Err(AuthError::UnknownKey("the token names no key".to_owned()));
    };
    keys.get(kid).ok_or_else(|| {
        AuthError::UnknownKey(format!("the token names the key `{}`, which is not in the set", shown(kid)))
    })
}

impl Key {
    fn secret(secret: &JwtSecret) -> Self {
        let bytes = secret.expose().as_bytes();
        let key = DecodingKey::from_secret(bytes);
        Self { algorithm: Algorithm::HS256, word: "HS256", key, print: Print::of(&[b"HS256", bytes]) }
    }

    fn from_pem(text: &str, algorithm: PublicAlgorithm) -> Result<Self, String> {
        let pem = text.trim();
        let is_public = pem.starts_with("-----BEGIN PUBLIC KEY-----")
            || (pem.starts_with("-----BEGIN RSA PUBLIC KEY-----") && algorithm == PublicAlgorithm::Rs256);
        if !is_public || pem.matches("-----BEGIN ").count() != 1 {
            return Err(
                "it is not one public key in PEM: make it with `openssl pkey -in KEY -pubout`".to_owned()
            );
        }
        let key = match algorithm {
            PublicAlgorithm::Rs256 => DecodingKey::from_rsa_pem(pem.as_bytes()),
            PublicAlgorithm::Es256 => DecodingKey::from_ec_pem(pem.as_bytes()),
            PublicAlgorithm::EdDsa => DecodingKey::from_ed_pem(pem.as_bytes()),
        };
        let key = key.map_err(|error| format!("it has no key for {}: {error}", algorithm.word()))?;
        Self::checked(key, algorithm, Print::of(&[algorithm.word().as_bytes(), pem.as_bytes()]))
    }

    /// A key that the library will take. It looks at keys only when it verifies, which is too
    /// late to tell anybody.
    fn checked(key: DecodingKey, algorithm: PublicAlgorithm, print: Print) -> Result<Self, String> {
        let word = algorithm.word();
        let library = match algorithm {
            PublicAlgorithm::Rs256 => Algorithm::RS256,
            PublicAlgorithm::Es256 => Algorithm::ES256,
            PublicAlgorithm::EdDsa => Algorithm::EdDSA,
        };
        let not_for = |error: &dyn std::fmt::Display| format!("a key is not for {word}: {error}");
        match algorithm {
            PublicAlgorithm::Rs256 => {
                let jwk = Jwk::from_decoding_key(&key, Some(library)).map_err(|error| not_for(&error))?;
                let bytes = if let AlgorithmParameters::RSA(parameters) = &jwk.algorithm {
                    modulus_bytes(&parameters.n)
                } else {
                    None
                };
                if !bytes.is_some_and(|bytes| RSA_BYTES.contains(&bytes)) {
                    return Err("an RSA key has less than 2048 or more than 4096 bits".to_owned());
                }
            }
            PublicAlgorithm::Es256 => {}
            PublicAlgorithm::EdDsa => {
                let bytes = key.try_get_as_bytes().map_err(|error| not_for(&error))?.len();
                if bytes != ED25519_BYTES {
                    return Err(format!("an Ed25519 key has {bytes} bytes, not {ED25519_BYTES}"));
                }
            }
        }
        // No signature is right, but a key of another kind or curve is an error.
        crypto::verify("", b"", &key, library).map_err(|error| not_for(&error))?;
        Ok(Self { algorithm: library, word, key, print })
    }

    fn verify(&self, token: &Token<'_>) -> Result<Print, AuthError> {
        if token.header.algorithm != self.word {
            let found = shown(&token.header.algorithm);
            return Err(AuthError::WrongAlgorithm { found, wanted: self.word });
        }
        match crypto::verify(token.signature, token.message.as_bytes(), &self.key, self.algorithm) {
            Ok(true) => Ok(self.print),
            Ok(false) | Err(_) => Err(AuthError::BadSignature),
        }
    }
}

fn modulus_bytes(n: &str) -> Option<usize> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(n).ok()?;
    Some(bytes.iter().skip_while(|byte| **byte == 0).count())
}

/// A JWKS. One key that we would have to skip refuses all of it: whoever put it there expects it
/// to work.
fn read_key_set(text: &str) -> Result<BTreeMap<String, Key>, String> {
    let set = strict_json::object(text.as_bytes()).map_err(|error| format!("it is no JWKS: {error}"))?;
    let Some(Value::Array(entries)) = set.get("keys") else {
        return Err("it is no JWKS: it has no list `keys`".to_owned());
    };
    let mut keys = BTreeMap::new();
    for (number, entry) in (1..).zip(entries) {
        let (kid, key) = read_key(entry).map_err(|problem| format!("key {number}: {problem}"))?;
        if keys.insert(kid, key).is_some() {
            return Err(format!("key {number}: its `kid` stands twice in the set"));
        }
    }
    if keys.is_empty() { Err("it has no keys".to_owned()) } else { Ok(keys) }
}

fn read_key(entry: &Value) -> Result<(String, Key), String> {
    let fields = entry.as_object().ok_or("it is no object")?;
    let kid = field(fields, "kid")?;
    let word = field(fields, "alg")?;
    let kty = field(fields, "kty")?;
    if kty == "oct" || SECRET_FIELDS.iter().any(|name| fields.contains_key(*name)) {
        return Err("it is a secret or private key, and a key set is public".to_owned());
    }
    let algorithm = PublicAlgorithm::of(word)
        .ok_or_else(|| format!("its `alg` is `{}`: use RS256, ES256 or EdDSA", shown(word)))?;
    let (wanted_kty, wanted_curve) = match algorithm {
        PublicAlgorithm::Rs256 => ("RSA", None),
        PublicAlgorithm::Es256 => ("EC", Some("P-256")),
        PublicAlgorithm::EdDsa => ("OKP", Some("Ed25519")),
    };
    if kty != wanted_kty || wanted_curve.is_some_and(|curve| field(fields, "crv") != Ok(curve)) {
        return Err(format!("its `kty` or `crv` is not that of {word}"));
    }
    let jwk: Jwk = serde_json::from_value(entry.clone()).map_err(|error| error.to_string())?;
    if jwk.common.public_key_use.as_ref().is_some_and(|purpose| *purpose != PublicKeyUse::Signature) {
        return Err("its `use` is not `sig`".to_owned());
    }
    let key = DecodingKey::from_jwk(&jwk).map_err(|error| error.to_string())?;
    // Its fields are in order: that is what the map of this library is.
    let print = Print::of(&[word.as_bytes(), entry.to_string().as_bytes()]);
    Ok((kid.to_owned(), Key::checked(key, algorithm, print)?))
}

fn field<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<&'a str, String> {
    match fields.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        Some(_) | None => Err(format!("it has no `{name}`")),
    }
}
