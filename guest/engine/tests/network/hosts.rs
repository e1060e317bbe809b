//! Which hosts are reached, by name, address and port (H1, H2, H4, 15.10, 15.11).

use serde_json::json;

use crate::world::{policy, said, table, with};

#[test]
fn hosts_are_allowed_by_name_domain_and_port() {
    let policy = policy(&json!({
        "allowHosts": ["api.example.com", "*.example.org", "internal.example:8443", "db.example:*", "8.8.0.0/16"],
        "denyHosts": ["bad.example.org"],
    }));
    let none = json!({});
    table(
        &policy,
        &[
            ("https://api.example.com/v1", none.clone(), "host-allowed"),
            ("http://api.example.com/v1", none.clone(), "host-allowed"),
            ("https://API.Example.Com.:443/v1", none.clone(), "host-allowed"),
            ("https://a.b.example.org/", none.clone(), "host-allowed"),
            ("https://internal.example:8443/", none.clone(), "host-allowed"),
            ("https://db.example:5432/", none.clone(), "host-allowed"),
            ("https://8.8.8.8/", none.clone(), "host-allowed"),
            ("https://134744072/", none.clone(), "host-allowed"),
            // 15.10, 15.11
            ("https://example.org/", none.clone(), "host-not-allowed"),
            ("https://api.example.com:8443/", none.clone(), "host-not-allowed"),
            ("https://api.example.com:80/", none.clone(), "host-not-allowed"),
            ("http://api.example.com:443/", none.clone(), "host-not-allowed"),
            ("https://internal.example/", none.clone(), "host-not-allowed"),
            // N1
            ("https://api.example.com.evil.net/", none.clone(), "host-not-allowed"),
            ("https://evilapi.example.com/", none.clone(), "host-not-allowed"),
            ("https://api.example.com@evil.net/", none.clone(), "host-malformed"),
            ("https://api.example.com%00.evil.net/", none.clone(), "host-malformed"),
            ("https://api.example.com,evil.net/", none.clone(), "host-malformed"),
            ("https://api.example.com\t/", none.clone(), "host-malformed"),
            ("https://xn--api-example-com.evil.net/", none.clone(), "host-not-allowed"),
            // A denial without a port is one of every port.
            ("https://bad.example.org/", none.clone(), "host-denied"),
            ("https://BAD.example.org.:8443/", none, "host-denied"),
        ],
    );
}

#[test]
fn another_spelling_of_the_lists_is_added_to_them() {
    let policy = with(&json!({
        "network": { "allowHosts": ["a.example"], "denyHosts": ["x.c.example"] },
        "transport": {
            "httpsInspection": "sni-only",
            "tlsPassthrough": ["bank.example"],
            "network": { "egressAllow": ["b.example", "*.c.example"], "egressDeny": ["y.c.example"] },
        },
    }));
    for (url, expect) in [
        ("https://a.example/", "host-allowed"),
        ("https://b.example/", "host-allowed"),
        ("https://z.c.example/", "host-allowed"),
        ("https://x.c.example/", "host-denied"),
        ("https://y.c.example/", "host-denied"),
        ("https://bank.example/", "host-not-allowed"),
    ] {
        assert_eq!(said(&policy, url, &json!({})), expect, "{url}");
    }
    let alone = with(&json!({ "transport": { "network": { "egressAllow": ["b.example"] } } }));
    assert_eq!(said(&alone, "https://b.example/", &json!({})), "host-allowed");
    let record = with(&json!({ "transport": { "httpsInspection": "tls-origination" } }));
    assert_eq!(said(&record, "https://b.example/", &json!({})), "network-absent");
}

#[test]
fn a_denied_address_is_denied_in_every_spelling_and_behind_every_name() {
    let policy = policy(&json!({
        "allowHosts": ["*:*"], "denyHosts": ["169.254.0.0/16", "evil.example"], "blockPrivateIps": false
    }));
    let leads_to = |address: &str| json!({ "resolvedIps": ["8.8.8.8", address] });
    table(
        &policy,
        &[
            ("http://169.254.169.254/latest", json!({}), "host-denied"),
            ("http://169.254.169.254:8080/", json!({}), "host-denied"),
            ("http://2852039166/latest", json!({}), "host-denied"),
            ("http://0xa9.254.0xa9fe/latest", json!({}), "host-denied"),
            ("http://[::ffff:a9fe:a9fe]/latest", json!({}), "host-denied"),
            ("http://[64:ff9b::169.254.169.254]/", json!({}), "host-denied"),
            ("http://[2002:a9fe:a9fe::]/", json!({}), "host-denied"),
            ("http://rebound.example/", leads_to("169.254.169.254"), "host-denied"),
            ("http://rebound.example/", leads_to("::ffff:169.254.169.254"), "host-denied"),
            ("http://rebound.example/", leads_to("10.0.0.1"), "host-allowed"),
            ("http://evil.example:1/", json!({}), "host-denied"),
        ],
    );
}

#[test]
fn private_addresses_are_blocked_unless_they_are_named() {
    let hosts = json!(["*:*", "10.1.0.0/16", "localhost:9000", "intern.example", "192.168.0.7:8080"]);
    let known = policy(&json!({ "allowHosts": hosts }));
    let wanted = policy(&json!({ "allowHosts": hosts, "blockPrivateIps": true }));
    let open = policy(&json!({ "allowHosts": hosts, "blockPrivateIps": false }));
    let leads_to = |addresses: &[&str]| json!({ "resolvedIps": addresses });
    for (url, more, absent, on) in [
        ("http://example.com/", leads_to(&["8.8.8.8"]), "host-allowed", "host-allowed"),
        ("http://example.com/", leads_to(&["8.8.8.8", "10.0.0.1"]), "address-private", "address-private"),
        ("http://example.com/", leads_to(&["fd00::1"]), "address-private", "address-private"),
        ("http://example.com/", leads_to(&["100.64.0.1"]), "address-private", "address-private"),
        ("http://example.com/", json!({}), "host-allowed", "addresses-unknown"),
        ("http://example.com/", leads_to(&[]), "host-allowed", "addresses-unknown"),
        ("http://10.0.0.1/", json!({}), "address-private", "address-private"),
        ("http://127.0.0.1/", json!({}), "address-private", "address-private"),
        ("http://[::]/", json!({}), "address-private", "address-private"),
        ("http://8.8.8.8/", json!({}), "host-allowed", "host-allowed"),
        // Named by an entry of the rule that decides, as an address or a network.
        ("http://10.1.2.3/", json!({}), "host-allowed", "host-allowed"),
        ("http://10.1.2.3:8080/", json!({}), "address-private", "address-private"),
        ("http://intern.example/", leads_to(&["10.1.2.3"]), "host-allowed", "host-allowed"),
        ("http://intern.example/", leads_to(&["10.2.2.3"]), "address-private", "address-private"),
        ("http://192.168.0.7:8080/", json!({}), "host-allowed", "host-allowed"),
        // Everybody knows where `localhost` is; whoever writes it means it.
        ("http://localhost/", json!({}), "address-private", "address-private"),
        ("http://api.localhost/", json!({}), "address-private", "address-private"),
        ("http://localhost:9000/", json!({}), "host-allowed", "host-allowed"),
        ("http://localhost:9000/", leads_to(&["127.0.0.1", "::1"]), "host-allowed", "host-allowed"),
        ("http://localhost:9000/", leads_to(&["192.168.0.1"]), "address-private", "address-private"),
    ] {
        assert_eq!(said(&known, url, &more), absent, "absent: {url} {more}");
        assert_eq!(said(&wanted, url, &more), on, "true: {url} {more}");
        assert_eq!(said(&open, url, &more), "host-allowed", "false: {url} {more}");
    }
}
