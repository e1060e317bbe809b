//! One test for every way in which a request is denied because something is missing or wrong.

use sentinel_engine::{Layer, Outcome, decide_bytes};
use serde_json::{Value, json};

use crate::world::{ask, call, code, policy, request, said, with};

const URL: &str = "https://a.example/";

fn open() -> sentinel_engine::Policy {
    policy(&json!({ "allowHosts": ["a.example"] }))
}

#[test]
fn without_a_network_section_no_host_is_reached() {
    let decision = ask(&with(&json!({ "toolActions": { "allowed": ["http"] } })), &request(URL, &json!({})));
    assert_eq!((decision.outcome, code(&decision)), (Outcome::Deny, "network-absent"));
    assert_eq!(decision.reasons.first().map(|reason| reason.layer), Some(Layer::Network));
}

#[test]
fn without_a_list_of_hosts_none_is_allowed() {
    for network in
        [json!({}), json!({ "allowHosts": [] }), json!({ "methods": ["GET"] }), json!({ "rules": [] })]
    {
        assert_eq!(said(&policy(&network), URL, &json!({})), "host-not-allowed", "{network}");
    }
}

#[test]
fn a_member_that_is_missing_denies() {
    for member in ["method", "scheme", "authority", "path", "headers"] {
        let mut more = json!({});
        more[member] = Value::Null;
        assert_eq!(said(&open(), URL, &more), "http-missing-field", "{member}");
    }
}

#[test]
fn a_member_of_the_wrong_type_denies() {
    for (member, value) in [
        ("method", json!(1)),
        ("scheme", json!(["https"])),
        ("authority", json!({})),
        ("path", json!(false)),
        ("headers", json!({})),
        ("headers", json!([["a"]])),
        ("headers", json!([["a", "b", "c"]])),
        ("headers", json!([["a", 1]])),
        ("headers", json!(["a: b"])),
        ("body", json!({})),
        ("bodyBase64", json!([])),
        ("resolvedIps", json!("1.2.3.4")),
    ] {
        let mut more = json!({});
        more[member] = value.clone();
        assert_eq!(said(&open(), URL, &more), "http-wrong-type", "{member} {value}");
    }
}

#[test]
fn a_member_that_nobody_knows_denies() {
    for member in ["Method", "url", "trailers", "sni"] {
        let mut more = json!({});
        more[member] = json!("x");
        assert_eq!(said(&open(), URL, &more), "http-unknown-field", "{member}");
    }
}

#[test]
fn a_key_that_stands_twice_denies() {
    let text = String::from_utf8(call("http", &request(URL, &json!({})))).expect("text");
    let twice = text.replacen("\"method\"", "\"p\\u0061th\":\"/x\",\"method\"", 1);
    assert_eq!(code(&decide_bytes(&open(), twice.as_bytes())), "call-duplicate-key");
}

#[test]
fn another_scheme_denies() {
    for scheme in ["ftp", "HTTPS", "", "ws", "file"] {
        assert_eq!(said(&open(), URL, &json!({ "scheme": scheme })), "http-bad-scheme", "{scheme}");
    }
}

#[test]
fn a_body_that_is_given_twice_or_not_base64_denies() {
    assert_eq!(said(&open(), URL, &json!({ "body": "a", "bodyBase64": "YQ==" })), "http-bad-body");
    assert_eq!(said(&open(), URL, &json!({ "bodyBase64": "%" })), "http-bad-body");
}

#[test]
fn an_address_that_is_none_denies() {
    for address in ["", "1.2.3", "0x7f.1", "1.2.3.4:80", "fe80::1%1", "[::1]", "a.example"] {
        assert_eq!(
            said(&open(), URL, &json!({ "resolvedIps": [address] })),
            "addresses-malformed",
            "{address}"
        );
    }
    let many = vec!["8.8.8.8"; 257];
    assert_eq!(said(&open(), URL, &json!({ "resolvedIps": many })), "addresses-malformed");
}

#[test]
fn pseudo_headers_deny() {
    assert_eq!(said(&open(), URL, &json!({ "headers": [[":path", "/x"]] })), "header-name");
}

#[test]
fn a_host_without_a_name_for_its_mcp_server_denies() {
    let own = policy(&json!({ "rules": [{ "hosts": ["[2606:4700::1]", "a__b.example"], "mcp": {} }] }));
    for url in ["https://[2606:4700::1]/", "https://a__b.example/"] {
        assert_eq!(said(&own, url, &json!({})), "mcp-server-unnamed", "{url}");
    }
    let named = policy(&json!({ "rules": [{ "hosts": ["[2606:4700::1]"], "mcp": { "server": "x" } }] }));
    let listens = json!({ "headers": [["accept", "text/event-stream"]] });
    assert_eq!(said(&named, "https://[2606:4700::1]/", &listens), "host-allowed");
}

#[test]
fn a_shell_that_knows_only_names_denies_what_it_would_not_read() {
    // The outcome is the worst of all that is wrong, and each of it is told.
    let own = policy(&json!({ "allowHosts": ["a.example"], "methods": ["GET"], "allowPaths": ["/x"] }));
    let decision =
        ask(&own, &request(URL, &json!({ "method": "PUT", "headers": [["x-original-url", "/y"]] })));
    let codes: Vec<&str> = decision.reasons.iter().map(|reason| reason.code.as_ref()).collect();
    assert_eq!(codes, ["method-not-allowed", "header-override", "path-not-allowed"]);
}

#[test]
fn reasons_never_repeat_headers_queries_and_bodies() {
    let own = policy(
        &json!({ "allowHosts": ["a.example"], "denyPaths": ["/x"], "maxBodyBytes": 1, "methods": ["PUT"] }),
    );
    let more = json!({
        "path": "/x?token=s3cret",
        "headers": [["authorization", "s3cret"], ["x-http-method", "s3cret"], ["content-length", "9"]],
        "body": "s3cret",
    });
    let decision = ask(&own, &request(URL, &more));
    assert!(decision.reasons.len() > 3);
    for reason in &decision.reasons {
        assert!(!format!("{reason:?}").contains("s3cret"), "{reason:?}");
    }
}
