//! Spellings of one request are decided alike, and a shorter list of what is allowed allows no more.

use proptest::prelude::*;
use sentinel_engine::{Decision, Outcome};
use serde_json::{Value, json};

use crate::world::{ask, policy, request};

fn section() -> Value {
    json!({
        "allowHosts": ["a.example", "*.b.example", "8.8.0.0/16"],
        "denyHosts": ["x.b.example", "8.8.4.0/24"],
        "methods": ["GET", "POST"],
        "allowPaths": ["/v1/**", "/a/*", "/"],
        "denyPaths": ["/v1/admin", "/v1/*/keys/**"],
        "rules": [{ "hosts": ["y.b.example"], "methods": ["PUT"], "denyPaths": ["/a/b"] }],
    })
}

fn hosts() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "a.example",
        "x.b.example",
        "y.b.example",
        "z.b.example",
        "8.8.8.8",
        "8.8.4.4",
        "c.example",
    ])
    .prop_map(str::to_owned)
}

fn segments() -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(vec!["v1", "admin", "a", "b", "keys", "Keys", "x-y"]), 0..5)
}

/// The path with what no program minds.
fn respelled(segments: &[&str], noise: &[u8]) -> String {
    let mut noise = noise.iter().copied().chain(std::iter::repeat(0));
    let mut path = String::new();
    for segment in segments {
        let kind = noise.next().unwrap_or(0);
        // Never at the front, where `//` is a host.
        match kind % 5 {
            1 if !path.is_empty() => path.push('/'),
            2 => path.push_str("/."),
            3 => path.push_str("/zz/%2E%2e"),
            _ => {}
        }
        path.push('/');
        for byte in segment.bytes() {
            if noise.next().unwrap_or(0) % 4 == 1 {
                path.push_str(&format!("%{byte:02x}"));
            } else {
                path.push(char::from(byte));
            }
        }
    }
    if path.is_empty() { "/".to_owned() } else { path }
}

fn gist(decision: &Decision) -> (Outcome, Vec<String>) {
    let codes = decision.reasons.iter().map(|reason| reason.code.to_string());
    (decision.outcome, codes.collect())
}

proptest! {
    #[test]
    fn a_spelling_changes_nothing(
        host in hosts(),
        segments in segments(),
        method in prop::sample::select(vec!["GET", "PUT", "DELETE"]),
        noise in prop::collection::vec(any::<u8>(), 0..40),
        upper in any::<u32>(),
        dot in any::<bool>(),
        port in any::<bool>(),
    ) {
        let policy = policy(&section());
        let plain = format!("https://{host}/{}", segments.join("/"));
        let letters = host.chars().enumerate().map(|(at, c)| {
            if upper >> (at % 32) & 1 == 1 { c.to_ascii_uppercase() } else { c }
        });
        let mut other: String = letters.collect();
        if dot { other.push('.') }
        if port { other.push_str(":443") }
        let url = format!("https://{other}{}", respelled(&segments, &noise));
        let (one, two) = (
            ask(&policy, &request(&plain, &json!({ "method": method }))),
            ask(&policy, &request(&url, &json!({ "method": method }))),
        );
        prop_assert_eq!(gist(&one), gist(&two), "{} {}", plain, url);
        prop_assert_eq!(one.forward, two.forward, "{} {}", plain, url);
    }

    #[test]
    fn what_is_forwarded_is_decided_alike(
        host in hosts(), segments in segments(), noise in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let policy = policy(&section());
        let first = ask(&policy, &request(&format!("https://{host}{}", respelled(&segments, &noise)), &json!({})));
        let forward = first.forward.clone().expect("it can be read");
        let again = ask(&policy, &request(&format!("https://{}{}", forward.authority, forward.path), &json!({})));
        prop_assert_eq!(gist(&first), gist(&again));
        prop_assert_eq!(first.forward, again.forward);
    }

    #[test]
    fn fewer_allows_and_more_denies_open_nothing(
        host in hosts(),
        segments in segments(),
        removed in 0usize..6,
        added in 0usize..4,
        method in prop::sample::select(vec!["GET", "PUT", "DELETE"]),
    ) {
        let input = request(&format!("https://{host}/{}", segments.join("/")), &json!({ "method": method }));
        let before = ask(&policy(&section()), &input).outcome;
        let mut stricter = section();
        let list = |section: &mut Value, name: &str, at: usize| {
            if let Some(list) = section[name].as_array_mut() && at < list.len() && list.len() > 1 {
                list.remove(at);
            }
        };
        match removed {
            0..3 => list(&mut stricter, "allowHosts", removed),
            own => list(&mut stricter, "allowPaths", own - 3),
        }
        let more = [("denyHosts", "z.b.example"), ("denyHosts", "*.example"), ("denyPaths", "/a"), ("denyPaths", "/**")];
        let (name, entry) = more[added];
        stricter[name].as_array_mut().expect("a list").push(json!(entry));
        let after = ask(&policy(&stricter), &input).outcome;
        prop_assert!(before == Outcome::Allow || after != Outcome::Allow);
    }

    #[test]
    fn nothing_makes_it_fail(
        method in ".{0,8}", authority in ".{0,24}", path in "/?.{0,32}", name in ".{0,12}", value in ".{0,12}",
        body in ".{0,8}", address in ".{0,12}",
    ) {
        let policy = policy(&section());
        let input = json!({
            "method": method, "scheme": "https", "authority": authority, "path": path, "headers": [[name, value]],
            "bodyBase64": body, "resolvedIps": [address],
        });
        prop_assert!(!ask(&policy, &input).reasons.is_empty());
    }
}
