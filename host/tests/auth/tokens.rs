//! Headers, claims and spellings of tokens, all signed with the right secret or none.

use serde_json::{Value, json};

use crate::support::{HEADER, NOW, check, claims, claims_with, encode, good, hs256, with_secret};

#[test]
fn a_good_token_says_who_somebody_is() {
    check(&with_secret(), "good", &good(), "ci evaluate builder");
}

#[test]
fn headers() {
    let payload = claims().to_string();
    let with = |field: &str| format!(r#"{{"alg":"HS256","typ":"JWT",{field}}}"#);
    let cases: &[(String, &str)] = &[
        (r#"{"alg":"none"}"#.into(), "wrong-algorithm"),
        (r#"{"alg":"None"}"#.into(), "wrong-algorithm"),
        (r#"{"alg":"NONE"}"#.into(), "wrong-algorithm"),
        (r#"{"alg":""}"#.into(), "wrong-algorithm"),
        (r#"{"alg":"hs256"}"#.into(), "wrong-algorithm"),
        (r#"{"alg":"HS384"}"#.into(), "wrong-algorithm"),
        (r#"{"alg":"RS256"}"#.into(), "wrong-algorithm"),
        (r#"{"alg":["HS256"]}"#.into(), "bad-token"),
        (r#"{"typ":"JWT"}"#.into(), "bad-token"),
        (r#"{"alg":"none","alg":"HS256"}"#.into(), "bad-token"),
        (r#"{"alg":"HS256","\u0061lg":"HS256"}"#.into(), "bad-token"),
        (with(r#""jwk":{"kty":"oct","k":"AAAA","alg":"HS256"}"#), "bad-token"),
        (with(r#""jku":"https://attacker.example/keys.json""#), "bad-token"),
        (with(r#""x5u":"https://attacker.example/cert.pem""#), "bad-token"),
        (with(r#""x5c":["AAAA"]"#), "bad-token"),
        (with(r#""crit":["b64"],"b64":false"#), "bad-token"),
        (with(r#""crit":["exp"]"#), "bad-token"),
        (with(r#""crit":[]"#), "bad-token"),
        (with(r#""b64":false"#), "bad-token"),
        (with(r#""zip":"DEF""#), "bad-token"),
        (with(r#""cty":"JWT""#), "bad-token"),
        (with(r#""enc":"A256GCM""#), "bad-token"),
        (with(r#""unknown":1"#), "bad-token"),
        (with(r#""kid":7"#), "bad-token"),
        (with(r#""kid":"""#), "bad-token"),
        (r#"{"alg":"HS256","typ":"JWE"}"#.into(), "bad-token"),
        (r#"{"alg":"HS256","typ":"id_token"}"#.into(), "bad-token"),
        ("[]".into(), "bad-token"),
        ("".into(), "bad-token"),
        (with(&format!(r#""kid":"{}""#, "k".repeat(9000))), "bad-token"),
        // These are honest.
        (r#"{"alg":"HS256"}"#.into(), "ci evaluate builder"),
        (r#"{"alg":"HS256","typ":"at+jwt"}"#.into(), "ci evaluate builder"),
        (r#"{"alg":"HS256","typ":"jwt"}"#.into(), "ci evaluate builder"),
        // A name chooses among keys, and there is one.
        (with(r#""kid":"../../etc/passwd""#), "ci evaluate builder"),
    ];
    for (header, expect) in cases {
        check(&with_secret(), header, &hs256(header, &payload), expect);
    }
}

#[test]
fn claims_are_required_and_held_to() {
    let ok = "ci evaluate builder";
    let cases: &[(Value, &str)] = &[
        (json!({ "sub": null }), "bad-claim"),
        (json!({ "exp": null }), "bad-claim"),
        (json!({ "iat": null }), "bad-claim"),
        (json!({ "iss": null }), "bad-claim"),
        (json!({ "aud": null }), "bad-claim"),
        (json!({ "roles": null }), "bad-claim"),
        (json!({ "agentId": null }), "ci evaluate "),
        (json!({ "agentId": "*" }), "ci evaluate *"),
        (json!({ "agentId": "" }), "bad-claim"),
        (json!({ "agentId": "../../etc" }), "bad-claim"),
        (json!({ "agentId": ["builder"] }), "bad-claim"),
        (json!({ "sub": "" }), "bad-claim"),
        (json!({ "sub": "a\nb" }), "bad-claim"),
        (json!({ "sub": 7 }), "bad-claim"),
        (json!({ "sub": "s".repeat(257) }), "bad-claim"),
        (json!({ "roles": [] }), "bad-claim"),
        (json!({ "roles": "admin" }), "bad-claim"),
        (json!({ "roles": ["evaluate", "root"] }), "bad-claim"),
        (json!({ "roles": ["Admin"] }), "bad-claim"),
        (json!({ "roles": ["evaluate", 1] }), "bad-claim"),
        (json!({ "roles": ["audit", "approve", "audit"] }), "ci approve,audit builder"),
        (json!({ "exp": NOW - 3600, "iat": NOW - 7200 }), "token-expired"),
        (json!({ "exp": NOW - 59, "iat": NOW - 3600 }), ok),
        (json!({ "exp": NOW - 60, "iat": NOW - 3600 }), "token-expired"),
        (json!({ "iat": NOW + 60 }), ok),
        (json!({ "iat": NOW + 61 }), "token-not-yet-valid"),
        (json!({ "nbf": NOW }), ok),
        (json!({ "nbf": NOW + 60 }), ok),
        (json!({ "nbf": NOW + 61 }), "token-not-yet-valid"),
        (json!({ "nbf": "tomorrow" }), "bad-claim"),
        (json!({ "exp": NOW + 24 * 3600 }), ok),
        (json!({ "exp": NOW + 24 * 3600 + 1 }), "token-lifetime"),
        (json!({ "exp": 253_402_300_799u64 }), "token-lifetime"),
        (json!({ "iat": NOW + 30, "exp": NOW + 30 }), "bad-claim"),
        (json!({ "iat": NOW + 30, "exp": NOW + 20 }), "bad-claim"),
        (json!({ "exp": (NOW + 60) as f64 + 0.5 }), "bad-claim"),
        (json!({ "exp": -1 }), "bad-claim"),
        (json!({ "exp": u64::MAX }), "bad-claim"),
        (json!({ "exp": 1e300 }), "bad-claim"),
        (json!({ "exp": (NOW + 60).to_string() }), "bad-claim"),
        (json!({ "exp": (NOW + 60) * 1000 }), "bad-claim"),
        (json!({ "iat": true }), "bad-claim"),
        (json!({ "aud": "other" }), "bad-claim"),
        (json!({ "aud": ["other"] }), "bad-claim"),
        (json!({ "aud": [] }), "bad-claim"),
        (json!({ "aud": ["other", "sentinel"] }), ok),
        (json!({ "aud": ["sentinel", 1] }), "bad-claim"),
        (json!({ "aud": { "sentinel": 1 } }), "bad-claim"),
        (json!({ "iss": "sentinel2" }), "bad-claim"),
        (json!({ "iss": ["sentinel"] }), "bad-claim"),
        (json!({ "scope": "admin", "nested": { "roles": ["admin"] } }), ok),
    ];
    for (changes, expect) in cases {
        check(&with_secret(), &changes.to_string(), &hs256(HEADER, &claims_with(changes)), expect);
    }
}

#[test]
fn payloads_that_two_readers_may_read_differently() {
    let good = claims().to_string();
    let cases: &[(String, &str)] = &[
        (good.replacen('{', r#"{"sub":"root","#, 1), "bad-token"),
        (good.replacen('{', r#"{"\u0073ub":"root","#, 1), "bad-token"),
        (good.replacen('{', r#"{"x":{"a":1,"a":2},"#, 1), "bad-token"),
        (format!("{good}{good}"), "bad-token"),
        (format!("[{good}]"), "bad-token"),
        (good.replace("3600", "36e2"), "bad-claim"),
        (good.replacen('{', &format!(r#"{{"x":{}{},"#, "[".repeat(200), "]".repeat(200)), 1), "bad-token"),
        (good.replacen('{', &format!(r#"{{"x":"{}","#, "x".repeat(9000)), 1), "bad-token"),
    ];
    for (payload, expect) in cases {
        check(&with_secret(), "payload", &hs256(HEADER, payload), expect);
    }
    // The same seconds as a float.
    let exp = format!("{}.0", NOW + 60);
    let payload = good.replace(&(NOW + 3600).to_string(), &exp);
    check(&with_secret(), &exp, &hs256(HEADER, &payload), "bad-claim");
}

#[test]
fn spellings_of_one_token() {
    let good = good();
    let (message, signature) = good.rsplit_once('.').unwrap();
    let other = hs256(HEADER, &claims_with(&json!({ "sub": "other" })));
    let other_signature = other.rsplit_once('.').unwrap().1;
    let cases: &[(&str, String, &str)] = &[
        ("signature stripped", format!("{message}."), "bad-token"),
        ("two parts", message.to_owned(), "bad-token"),
        ("signature of another token", format!("{message}.{other_signature}"), "bad-signature"),
        ("half a signature", format!("{message}.{}", &signature[..20]), "bad-signature"),
        ("four parts", format!("{good}.{signature}"), "bad-token"),
        ("four parts in front", format!(".{good}"), "bad-token"),
        ("five parts, as encrypted tokens have", format!("{good}.a.b"), "bad-token"),
        ("trailing dot", format!("{good}."), "bad-token"),
        ("trailing garbage", format!("{good}AAAA"), "bad-signature"),
        ("padding", format!("{good}="), "bad-token"),
        ("padded header", good.replacen('.', "=.", 1), "bad-token"),
        ("a space behind", format!("{good} "), "bad-token"),
        ("a line end behind", format!("{good}\n"), "bad-token"),
        ("a space inside", good.replacen('.', " .", 1), "bad-token"),
        ("standard base64", format!("{message}.{}+/", &signature[..41]), "bad-token"),
        ("a comma and another", format!("{good},{good}"), "bad-token"),
        ("dots", "..".to_owned(), "bad-token"),
    ];
    for (what, token, expect) in cases {
        check(&with_secret(), what, token, expect);
    }
}

#[test]
fn last_characters_have_one_spelling() {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let good = good();
    let last = ALPHABET.iter().position(|c| *c == *good.as_bytes().last().unwrap()).unwrap();
    // 32 bytes leave two bits of the last character unused; a lax reader ignores them.
    for bits in 1..4 {
        let spelling = format!("{}{}", &good[..good.len() - 1], char::from(ALPHABET[last ^ bits]));
        check(&with_secret(), "non-canonical", &spelling, "bad-token");
    }
}

#[test]
fn no_bit_can_be_flipped() {
    let good = good();
    let authenticator = with_secret();
    for index in (0..good.len()).filter(|index| good.as_bytes()[*index] != b'.') {
        for bit in 0..7 {
            let mut bytes = good.clone().into_bytes();
            bytes[index] ^= 1 << bit;
            let token = String::from_utf8(bytes).unwrap();
            assert!(authenticator.verify_token(&token, NOW).is_err(), "{index} {bit}: {token}");
        }
    }
}

#[test]
fn an_unsigned_token_is_nothing() {
    for alg in ["none", "None", "NONE", "nOnE", "HS256"] {
        let message = format!(
            "{}.{}",
            encode(format!(r#"{{"alg":"{alg}"}}"#)),
            encode(claims_with(&json!({ "roles": ["admin"] })))
        );
        check(&with_secret(), alg, &format!("{message}."), "bad-token");
        let expect = if alg == "HS256" { "bad-signature" } else { "wrong-algorithm" };
        check(&with_secret(), alg, &format!("{message}.AAAA"), expect);
    }
    // A signed token whose payload is an unsigned one.
    let inner = format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode(claims().to_string()));
    check(&with_secret(), "nested", &hs256(HEADER, &inner), "bad-token");
}
