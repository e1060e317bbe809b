//! API keys, and which header holds the one credential.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderValue};
use sentinel::auth::{AgentScope, ApiKey, KeyHash, KeyLookup, KeyRecord, NoKeys, Role};

use crate::support::{ENVIRONMENT_KEY, NOW, good, outcome, with_secret};

/// The keys of a store.
struct Keys(BTreeMap<KeyHash, KeyRecord>);

impl KeyLookup for Keys {
    fn find(&self, hash: &KeyHash) -> Option<KeyRecord> {
        self.0.get(hash).cloned()
    }
}

/// A lookup that finds something for everybody.
struct Careless(KeyRecord);

impl KeyLookup for Careless {
    fn find(&self, _hash: &KeyHash) -> Option<KeyRecord> {
        Some(self.0.clone())
    }
}

fn record(key: &ApiKey) -> KeyRecord {
    let roles = [Role::Approve].into_iter().collect();
    KeyRecord::new(key, "ops", roles, AgentScope::Any, NOW - 10, Some(NOW + 10))
}

#[test]
fn api_keys() {
    let key = ApiKey::generate().unwrap();
    let keys = |change: fn(&mut KeyRecord)| {
        let mut record = record(&key);
        change(&mut record);
        Keys(BTreeMap::from([(record.hash, record)]))
    };
    let ask = |name: &'static str, value: &str, keys: &dyn KeyLookup| {
        let headers = HeaderMap::from_iter([(name.parse().unwrap(), HeaderValue::from_str(value).unwrap())]);
        outcome(with_secret().authenticate(&headers, NOW, keys))
    };
    let good = keys(|_| {});
    assert_eq!(ask("x-soe-api-key", key.expose(), &good), "ops approve *");
    assert_eq!(ask("authorization", &format!("Bearer {}", key.expose()), &good), "ops approve *");
    assert_eq!(ask("x-soe-api-key", key.expose(), &NoKeys), "unknown-key");
    assert_eq!(ask("x-soe-api-key", key.expose(), &keys(|key| key.expires_at = Some(NOW))), "key-expired");
    assert_eq!(ask("x-soe-api-key", key.expose(), &keys(|key| key.expires_at = None)), "ops approve *");
    assert_eq!(ask("x-soe-api-key", key.expose(), &keys(|key| key.revoked_at = Some(NOW))), "key-revoked");
    let other = ApiKey::generate().unwrap();
    assert_eq!(ask("x-soe-api-key", other.expose(), &Careless(record(&key))), "unknown-key");
    assert_eq!(ask("x-soe-api-key", &key.hash().id(), &good), "unknown-key");
    // What somebody made up works in both headers; a token is no key.
    let environment = "environment-key evaluate,approve,audit,admin *";
    assert_eq!(ask("x-soe-api-key", ENVIRONMENT_KEY, &NoKeys), environment);
    assert_eq!(ask("authorization", &format!("Bearer {ENVIRONMENT_KEY}"), &NoKeys), environment);
    assert_eq!(ask("x-soe-api-key", &ENVIRONMENT_KEY[1..], &NoKeys), "unknown-key");
    assert_eq!(ask("x-soe-api-key", &crate::support::good(), &NoKeys), "unknown-key");
}

#[test]
fn one_credential_in_one_header() {
    let good = good();
    let bearer = |credential: &str| format!("Bearer {credential}");
    let (auth, key) = ("authorization", "x-soe-api-key");
    let user = "ci evaluate builder";
    let environment = "environment-key evaluate,approve,audit,admin *";
    let cases: &[(&[(&str, String)], &str)] = &[
        (&[], "no-credentials"),
        (&[(auth, bearer(&good))], user),
        (&[(auth, format!("bearer {good}"))], user),
        (&[(auth, format!("BEARER {good}"))], user),
        (&[(auth, bearer(ENVIRONMENT_KEY)), (key, ENVIRONMENT_KEY.into())], environment),
        (&[(auth, bearer(&good)), (key, ENVIRONMENT_KEY.into())], "conflicting-credentials"),
        (&[(auth, bearer(ENVIRONMENT_KEY)), (key, "another-key".into())], "conflicting-credentials"),
        (&[(auth, bearer(&good)), (auth, bearer(&good))], "conflicting-credentials"),
        (&[(auth, bearer(&good)), (auth, bearer("x.y.z"))], "conflicting-credentials"),
        (&[(key, ENVIRONMENT_KEY.into()), (key, ENVIRONMENT_KEY.into())], "conflicting-credentials"),
        (&[(auth, "Basic cm9vdDpyb290".into()), (key, ENVIRONMENT_KEY.into())], "malformed-credentials"),
        (&[(auth, "Basic cm9vdDpyb290".into())], "malformed-credentials"),
        (&[(auth, "Bearer".into())], "malformed-credentials"),
        (&[(auth, "Bearer ".into())], "malformed-credentials"),
        (&[(auth, good.clone())], "malformed-credentials"),
        (&[(auth, format!("Bearer  {good}"))], "malformed-credentials"),
        (&[(auth, format!("Bearer\t{good}"))], "malformed-credentials"),
        (&[(auth, format!("Bearer {good}, Bearer {good}"))], "malformed-credentials"),
        (&[(auth, bearer(&"x".repeat(40_000)))], "malformed-credentials"),
        (&[(key, String::new())], "malformed-credentials"),
        (&[(auth, bearer("..."))], "bad-token"),
        (&[(auth, bearer("nothing"))], "unknown-key"),
    ];
    for (sent, expect) in cases {
        let mut headers = HeaderMap::new();
        for (name, value) in *sent {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        assert_eq!(outcome(with_secret().authenticate(&headers, NOW, &NoKeys)), *expect, "{sent:?}");
    }
    let mut headers = HeaderMap::new();
    headers.append(auth, HeaderValue::from_bytes(b"Bearer \xff\xfe").unwrap());
    assert_eq!(outcome(with_secret().authenticate(&headers, NOW, &NoKeys)), "malformed-credentials");
}
