//! Public keys in files, and tokens that try to choose their own key or algorithm.

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use sentinel::auth::setup::{PublicAlgorithm, VerifierConfig};
use serde_json::{Value, json};

use crate::support::{SECRET, check, claims, encode, good, signed, with_file, with_key_set, with_public_key};

/// A key pair, made for one test.
struct Pair {
    private: EncodingKey,
    public_pem: String,
    private_pem: String,
}

fn rsa_pair(bits: usize) -> Pair {
    use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
    let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, bits).unwrap();
    let private_pem = key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string();
    Pair {
        private: EncodingKey::from_rsa_pem(private_pem.as_bytes()).unwrap(),
        public_pem: key.to_public_key().to_public_key_pem(LineEnding::LF).unwrap(),
        private_pem,
    }
}

fn ec_pair() -> Pair {
    use p256::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
    let key = p256::SecretKey::random(&mut rsa::rand_core::OsRng);
    let private_pem = key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string();
    Pair {
        private: EncodingKey::from_ec_pem(private_pem.as_bytes()).unwrap(),
        public_pem: key.public_key().to_public_key_pem(LineEnding::LF).unwrap(),
        private_pem,
    }
}

fn ed_pair() -> Pair {
    use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
    use ed25519_dalek::pkcs8::{EncodePrivateKey, EncodePublicKey};
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).unwrap();
    let key = ed25519_dalek::SigningKey::from_bytes(&bytes);
    let private_pem = key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string();
    Pair {
        private: EncodingKey::from_ed_pem(private_pem.as_bytes()).unwrap(),
        public_pem: key.verifying_key().to_public_key_pem(LineEnding::LF).unwrap(),
        private_pem,
    }
}

fn pairs() -> [(PublicAlgorithm, Algorithm, Pair); 3] {
    [
        (PublicAlgorithm::Rs256, Algorithm::RS256, rsa_pair(2048)),
        (PublicAlgorithm::Es256, Algorithm::ES256, ec_pair()),
        (PublicAlgorithm::EdDsa, Algorithm::EdDSA, ed_pair()),
    ]
}

#[test]
fn public_keys() {
    let payload = claims().to_string();
    for (algorithm, library, pair) in pairs() {
        let word = algorithm.word();
        let header = format!(r#"{{"alg":"{word}","kid":"ignored"}}"#);
        let authenticator = with_public_key(algorithm, &pair.public_pem).unwrap();
        check(
            &authenticator,
            word,
            &signed(&header, &payload, &pair.private, library),
            "ci evaluate builder",
        );

        // The public key as the secret of an HMAC, under both names.
        for secret in [pair.public_pem.as_str(), pair.public_pem.trim()] {
            let secret = EncodingKey::from_secret(secret.as_bytes());
            for (alg, expect) in [("HS256", "wrong-algorithm"), (word, "bad-signature")] {
                let header = format!(r#"{{"alg":"{alg}"}}"#);
                check(&authenticator, word, &signed(&header, &payload, &secret, Algorithm::HS256), expect);
            }
        }
        // A key of the attacker's, in the token.
        check(&authenticator, word, &good(), "wrong-algorithm");
        let header = format!(r#"{{"alg":"{word}","jwk":{{}}}}"#);
        check(&authenticator, word, &signed(&header, &payload, &pair.private, library), "bad-token");
        // Signatures of nought, which some curves have taken for good.
        let zeros = encode([0; 64]);
        let message = format!("{}.{}", encode(format!(r#"{{"alg":"{word}"}}"#)), encode(&payload));
        check(&authenticator, word, &format!("{message}.{zeros}"), "bad-signature");

        // Files that are not one public key for that algorithm.
        let broken = pair.public_pem.replacen("\nM", "\nN", 1);
        let twice = pair.public_pem.repeat(2);
        for file in [pair.private_pem.as_str(), broken.as_str(), twice.as_str(), "", SECRET] {
            let error = with_public_key(algorithm, file).unwrap_err();
            assert!(!error.contains('\n') && !error.contains(SECRET), "{error}");
        }
        for other in PublicAlgorithm::ALL.into_iter().filter(|other| *other != algorithm) {
            assert!(with_public_key(other, &pair.public_pem).is_err(), "{word} as {}", other.word());
        }
    }
    let short = with_public_key(PublicAlgorithm::Rs256, &rsa_pair(1024).public_pem).unwrap_err();
    assert!(short.contains("2048"), "{short}");
}

#[test]
fn key_sets() {
    let payload = claims().to_string();
    let pairs = pairs();
    let jwk = |kid: &str, (algorithm, library, pair): &(PublicAlgorithm, Algorithm, Pair)| {
        let pem = pair.public_pem.as_bytes();
        let key = match algorithm {
            PublicAlgorithm::Rs256 => DecodingKey::from_rsa_pem(pem),
            PublicAlgorithm::Es256 => DecodingKey::from_ec_pem(pem),
            PublicAlgorithm::EdDsa => DecodingKey::from_ed_pem(pem),
        };
        let jwk = Jwk::from_decoding_key(&key.unwrap(), Some(*library)).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk["kid"] = json!(kid);
        jwk["alg"] = json!(algorithm.word());
        jwk
    };
    let [rsa, ec, ed] = &pairs;
    let set = json!([jwk("rsa", rsa), jwk("ec", ec), jwk("ed", ed)]);
    let authenticator = with_key_set(&set).unwrap();
    let token = |kid: &str, alg: &str, (_, library, pair): &(PublicAlgorithm, Algorithm, Pair)| {
        signed(&format!(r#"{{"alg":"{alg}","kid":"{kid}"}}"#), &payload, &pair.private, *library)
    };
    let ok = "ci evaluate builder";
    for (kid, alg, pair, expect) in [
        ("rsa", "RS256", rsa, ok),
        ("ec", "ES256", ec, ok),
        ("ed", "EdDSA", ed, ok),
        ("ec", "EdDSA", ed, "wrong-algorithm"),
        ("ed", "ES256", ec, "wrong-algorithm"),
        ("ec", "HS256", ec, "wrong-algorithm"),
        ("ec", "none", ec, "wrong-algorithm"),
        ("ec", "ES256", ed, "bad-signature"),
        ("EC", "ES256", ec, "unknown-key"),
        ("ec\\u0000", "ES256", ec, "unknown-key"),
        ("' OR 1=1", "ES256", ec, "unknown-key"),
    ] {
        check(&authenticator, &format!("{kid} {alg}"), &token(kid, alg, pair), expect);
    }
    let nameless = signed(r#"{"alg":"ES256"}"#, &payload, &ec.2.private, Algorithm::ES256);
    check(&authenticator, "no kid", &nameless, "unknown-key");

    let changed = |name: &str, value: Value| {
        let mut jwk = jwk("ec", ec);
        if value.is_null() {
            jwk.as_object_mut().unwrap().remove(name)
        } else {
            jwk[name] = value;
            None
        };
        jwk
    };
    for set in [
        json!([]),
        json!([changed("kid", Value::Null)]),
        json!([changed("kid", json!(""))]),
        json!([changed("alg", Value::Null)]),
        json!([changed("alg", json!("HS256"))]),
        json!([changed("alg", json!("EdDSA"))]),
        json!([changed("alg", json!("none"))]),
        json!([changed("use", json!("enc"))]),
        json!([changed("crv", json!("P-384"))]),
        json!([changed("x", json!("AAAA"))]),
        json!([changed("d", json!("AAAA"))]),
        json!([jwk("a", ec), jwk("a", ed)]),
        json!([jwk("a", ec), { "kty": "oct", "k": encode(SECRET), "alg": "HS256", "kid": "b" }]),
        json!([{ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "b", "x": "AAAA" }]),
        json!([{ "kty": "RSA", "alg": "RS256", "kid": "b", "n": "AQAB", "e": "AQAB" }]),
        json!(["ec"]),
        json!({}),
    ] {
        assert!(with_key_set(&set).is_err(), "{set}");
    }
    assert!(with_file(VerifierConfig::KeySet { file: "k".into() }, r#"{"keys":[],"keys":[]}"#).is_err());
}
