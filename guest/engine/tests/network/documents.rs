//! What is refused in a document, what is warned of, and what is said of it to people.

use sentinel_engine::{Format, Policy, Severity};
use serde_json::{Value, json};

use crate::world::{text, with};

/// Codes of all findings about a document, errors or not, with their places.
fn findings(sections: &Value) -> Vec<(Severity, &'static str, String)> {
    let found = match Policy::load(&text(sections), Format::Json) {
        Ok(policy) => policy.warnings().to_vec(),
        Err(found) => found,
    };
    found.into_iter().map(|own| (own.severity, own.code, own.pointer)).collect()
}

#[test]
fn mistakes_refuse_the_document() {
    for (network, code, pointer) in [
        (json!({ "allowHost": ["a.example"] }), "unknown-field", "/network/allowHost"),
        (json!({ "allowHosts": "a.example" }), "wrong-type", "/network/allowHosts"),
        (json!({ "allowHosts": ["https://a.example"] }), "bad-host", "/network/allowHosts/0"),
        (json!({ "denyHosts": ["a.*.example"] }), "bad-host", "/network/denyHosts/0"),
        (json!({ "methods": [] }), "empty-list", "/network/methods"),
        (json!({ "methods": ["GET "] }), "bad-method", "/network/methods/0"),
        (json!({ "allowPaths": [] }), "empty-list", "/network/allowPaths"),
        (json!({ "allowPaths": ["v1/**"] }), "bad-url-path", "/network/allowPaths/0"),
        (json!({ "denyPaths": ["/a//b"] }), "bad-url-path", "/network/denyPaths/0"),
        (json!({ "denyPaths": ["/a/../b"] }), "bad-url-path", "/network/denyPaths/0"),
        (json!({ "denyPaths": ["/a%2fb"] }), "bad-url-path", "/network/denyPaths/0"),
        (json!({ "maxBodyBytes": -1 }), "bad-number", "/network/maxBodyBytes"),
        (json!({ "maxBodyBytes": "1" }), "wrong-type", "/network/maxBodyBytes"),
        (json!({ "blockPrivateIps": "true" }), "wrong-type", "/network/blockPrivateIps"),
        (json!({ "tunnel": true }), "unknown-field", "/network/tunnel"),
        (json!({ "mcp": { "server": "x" } }), "unknown-field", "/network/mcp/server"),
        (json!({ "mcp": { "allowTools": [] } }), "empty-list", "/network/mcp/allowTools"),
        (json!({ "mcp": { "paths": [] } }), "empty-list", "/network/mcp/paths"),
        (json!({ "mcp": { "paths": ["mcp"] } }), "bad-url-path", "/network/mcp/paths/0"),
        (json!({ "rules": [{}] }), "missing-field", "/network/rules/0"),
        (json!({ "rules": [{ "hosts": [] }] }), "empty-list", "/network/rules/0/hosts"),
        (
            json!({ "rules": [{ "hosts": ["a"], "denyHosts": ["b"] }] }),
            "unknown-field",
            "/network/rules/0/denyHosts",
        ),
        (json!({ "rules": [{ "hosts": ["a"], "llm": 1 }] }), "wrong-type", "/network/rules/0/llm"),
        (
            json!({ "rules": [{ "hosts": ["a"], "mcp": { "server": "a__b" } }] }),
            "bad-name",
            "/network/rules/0/mcp/server",
        ),
        (
            json!({ "allowPaths": ["/x"], "rules": [{ "hosts": ["a"], "mcp": { "server": "x" } }, { "hosts": ["b"], "mcp": { "server": "x" } }] }),
            "duplicate-name",
            "/network/rules/1/mcp/server",
        ),
    ] {
        let found = findings(&json!({ "network": network }));
        assert_eq!(found, [(Severity::Error, code, pointer.to_owned())], "{network}");
    }
    let transport = json!({ "transport": { "httpsInspection": "none" } });
    assert_eq!(
        findings(&transport),
        [(Severity::Error, "unknown-value", "/transport/httpsInspection".to_owned())]
    );
    let transport = json!({ "transport": { "network": { "egress": [] } } });
    assert_eq!(
        findings(&transport),
        [(Severity::Error, "unknown-field", "/transport/network/egress".to_owned())]
    );
}

/// What is passed on is decided by nobody, so each entry is told of, and what a denial speaks of is not
/// passed on.
#[test]
fn tls_that_nobody_sees_is_warned_of() {
    let transport = |name: &str, denied: &str| {
        let egress = json!({ "egressDeny": [denied] });
        let transport = json!({ "httpsInspection": "sni-only", "tlsPassthrough": [name], "network": egress });
        let found = findings(&json!({ "transport": transport }));
        let pointer = "/transport/tlsPassthrough/0".to_owned();
        let [(Severity::Warning, code, at)] = found.as_slice() else { panic!("{name} {denied}: {found:?}") };
        assert_eq!(*at, pointer);
        // Whoever sets up a proxy is told the same, in whichever list the denial stands.
        let listed = json!({ "httpsInspection": "sni-only", "tlsPassthrough": [name] });
        let expected = [*code == "tls-unseen", *code == "unreachable"];
        for sections in [
            json!({ "transport": transport }),
            json!({ "transport": listed, "network": { "denyHosts": [denied] } }),
        ] {
            let policy = Policy::load(&text(&sections), Format::Json).unwrap();
            let described: Value = serde_json::from_str(&policy.describe()).unwrap();
            let lists = ["passed", "withheld"].map(|list| described["tlsPassthrough"][list] == json!([name]));
            assert_eq!(lists, expected, "{sections}: {described}");
        }
        code.to_string()
    };
    for (name, denied, code) in [
        ("a.example", "b.example", "tls-unseen"),
        ("a.example", "A.example.", "unreachable"),
        ("a.example", "a.example:443", "unreachable"),
        ("a.example", "a.example:*", "unreachable"),
        ("a.example", "*.example", "unreachable"),
        ("a.example", "*", "unreachable"),
        ("*.example.org", "evil.example.org", "unreachable"),
        ("*.example.org", "*.a.example.org", "unreachable"),
        ("*.a.example.org", "*.example.org", "unreachable"),
        ("*.example.org", "example.org", "tls-unseen"),
        ("*.example.org", "evilexample.org", "tls-unseen"),
        ("a.example", "a.example:8443", "tls-unseen"),
        ("a.example", "10.0.0.0/8", "tls-unseen"),
        ("a.example:8443", "b.example", "dead-rule"),
        ("10.0.0.1", "b.example", "dead-rule"),
        ("localhost", "b.example", "dead-rule"),
        ("*", "b.example", "dead-rule"),
    ] {
        assert_eq!(transport(name, denied), code, "{name} {denied}");
    }
}

#[test]
fn what_is_probably_not_meant_is_warned_of() {
    for (network, code, pointer) in [
        (json!({ "allowHosts": ["*"] }), "allows-everything", "/network/allowHosts/0"),
        (json!({ "allowHosts": ["0.0.0.0/0"] }), "allows-everything", "/network/allowHosts/0"),
        (json!({ "rules": [{ "hosts": ["*:*"] }] }), "allows-everything", "/network/rules/0/hosts/0"),
        (json!({ "allowHosts": ["a.example", "a.example"] }), "repeated", "/network/allowHosts/1"),
        (
            json!({ "allowHosts": ["b.a.example"], "denyHosts": ["*.a.example"] }),
            "unreachable",
            "/network/allowHosts/0",
        ),
        (
            json!({ "allowHosts": ["10.1.0.0/16:8080"], "denyHosts": ["10.0.0.0/8"] }),
            "unreachable",
            "/network/allowHosts/0",
        ),
        (
            json!({ "allowHosts": ["a.example"], "rules": [{ "hosts": ["*.example"] }] }),
            "unreachable",
            "/network/allowHosts/0",
        ),
        (
            json!({ "rules": [{ "hosts": ["*.example"] }, { "hosts": ["a.example"] }] }),
            "unreachable",
            "/network/rules/1/hosts/0",
        ),
        (
            json!({ "allowHosts": ["10.0.0.5"], "blockPrivateIps": true }),
            "private-address",
            "/network/allowHosts/0",
        ),
        (
            json!({ "rules": [{ "hosts": ["fd00::/8"], "blockPrivateIps": true }] }),
            "private-address",
            "/network/rules/0/hosts/0",
        ),
        (json!({ "denyPaths": ["/search?q=*"] }), "never-matches", "/network/denyPaths/0"),
        (json!({ "denyPaths": ["/a;x"] }), "never-matches", "/network/denyPaths/0"),
        (json!({ "denyPaths": ["/a#x"] }), "never-matches", "/network/denyPaths/0"),
        (json!({ "methods": ["get"] }), "lower-case-method", "/network/methods/0"),
        (
            json!({ "denyPaths": ["/x"], "rules": [{ "hosts": ["a.example"], "tunnel": true }] }),
            "dead-rule",
            "/network/rules/0/hosts/0",
        ),
    ] {
        let found = findings(&json!({ "network": network }));
        assert_eq!(found, [(Severity::Warning, code, pointer.to_owned())], "{network}");
    }
    let named = findings(&json!({ "network": {}, "toolActions": { "allowed": ["http"] } }));
    assert_eq!(named, [(Severity::Warning, "dead-rule", "/toolActions/allowed/0".to_owned())]);
}

#[test]
fn an_ordinary_section_has_no_findings() {
    let network = json!({
        "allowHosts": ["api.example.com", "*.example.org", "8.8.0.0/16", "[2606:4700::1]:8443", "db.example:*"],
        "denyHosts": ["bad.example.org", "169.254.0.0/16"],
        "methods": ["GET", "POST"], "allowPaths": ["/v1/**", "/"], "denyPaths": ["/v1/admin/**"],
        "maxBodyBytes": 1048576, "blockPrivateIps": true,
        "mcp": { "allowTools": ["read_*"], "denyTools": ["rm"] },
        "rules": [
            { "hosts": ["mcp.example.com"], "mcp": { "server": "files", "allowTools": ["read_*"], "denyTools": [] } },
            { "hosts": ["api.model.example"], "llm": true },
            { "hosts": ["10.0.0.0/8"], "blockPrivateIps": false },
        ],
    });
    assert_eq!(findings(&json!({ "network": network })), []);
}

#[test]
fn the_section_is_described_for_people() {
    let network = json!({
        "allowHosts": ["api.example.com"], "methods": ["POST", "GET"],
        "rules": [{ "hosts": ["mcp.example.com"], "mcp": { "server": "files" }, "tunnel": true }],
    });
    let about: Value = serde_json::from_str(&with(&json!({ "network": network })).describe()).expect("JSON");
    assert_eq!(
        about["network"],
        json!({
            "allowHosts": ["api.example.com"], "denyHosts": [], "methods": ["GET", "POST"], "allowPaths": null,
            "denyPaths": [], "maxBodyBytes": null, "blockPrivateIps": null, "mcp": false,
            "rules": [{ "hosts": ["mcp.example.com"], "mcp": "files", "llm": false, "tunnel": true }],
        })
    );
    let none: Value = serde_json::from_str(&with(&json!({})).describe()).expect("JSON");
    assert_eq!(none["network"], Value::Null);
}
