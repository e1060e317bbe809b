//! What may be asked of a host that is reached (H3, H5, H6, H7, 15.12, 15.13).

use sentinel_engine::{Access, BodyWanted, HttpHead, Layer, Outcome};
use serde_json::json;

use crate::world::{ask, policy, request, said, table, verdict, with};

#[test]
fn methods_are_compared_exactly() {
    let own = policy(&json!({ "allowHosts": ["a.example"], "methods": ["GET", "POST", "PURGE"] }));
    let every = policy(&json!({ "allowHosts": ["a.example"] }));
    for (method, listed, unlisted) in [
        ("GET", "host-allowed", "host-allowed"),
        ("PURGE", "host-allowed", "host-allowed"),
        // 15.12
        ("get", "method-not-allowed", "host-allowed"),
        ("DELETE", "method-not-allowed", "host-allowed"),
        ("CONNECT", "host-malformed", "host-malformed"),
        ("GET ", "method-malformed", "method-malformed"),
        ("", "method-malformed", "method-malformed"),
        ("GET\r\nX", "method-malformed", "method-malformed"),
        ("G\u{c9}T", "method-malformed", "method-malformed"),
    ] {
        let more = json!({ "method": method });
        assert_eq!(said(&own, "https://a.example/", &more), listed, "{method:?}");
        assert_eq!(said(&every, "https://a.example/", &more), unlisted, "{method:?}");
    }
}

#[test]
fn headers_that_override_are_denied_where_there_is_something_to_override() {
    let header = |name: &str| json!({ "headers": [[name, "DELETE"]] });
    let hosts = json!(["a.example"]);
    let plain = policy(&json!({ "allowHosts": hosts }));
    for restricted in [
        policy(&json!({ "allowHosts": hosts, "methods": ["GET"] })),
        policy(&json!({ "allowHosts": hosts, "denyPaths": ["/x"] })),
        policy(&json!({ "allowHosts": hosts, "allowPaths": ["/**"] })),
    ] {
        for name in ["X-HTTP-Method-Override", "X-Original-URL", "x-rewrite-url", "X_HTTP_Method"] {
            assert_eq!(said(&restricted, "https://a.example/", &header(name)), "header-override", "{name}");
            assert_eq!(said(&plain, "https://a.example/", &header(name)), "host-allowed", "{name}");
        }
    }
}

/// Rules and the authority are about a method and a path as well.
#[test]
fn nothing_replaces_what_rules_and_the_authority_speak_of() {
    let network = json!({ "allowHosts": ["a.example"] });
    let rule = |param: &str, operator: &str, value: &str| {
        let when = json!({ "param": param, "operator": operator, "value": value });
        let rule =
            json!({ "name": "r", "tools": ["ht*"], "when": when, "action": "block", "onMissing": "skip" });
        with(&json!({ "network": network, "rules": [rule] }))
    };
    let level = |level: &str| {
        let identity = json!({ "authorityLevel": level, "environmentScope": ["development"] });
        with(&json!({ "network": network, "identity": identity }))
    };
    let header = json!({ "headers": [["X-HTTP-Method-Override", "DELETE"]] });
    for (name, policy, expect_header, expect_parameter) in [
        ("method", rule("method", "eq", "DELETE"), "header-override", "host-allowed"),
        ("path", rule("path", "starts_with", "/admin"), "header-override", "path-parameters"),
        ("all of it", rule("$[*]", "contains", "x"), "header-override", "path-parameters"),
        ("authority", rule("authority", "eq", "b.example"), "host-allowed", "host-allowed"),
        ("read-only", level("read-only"), "header-override", "host-allowed"),
        ("full-ops", level("full-ops"), "host-allowed", "host-allowed"),
    ] {
        assert_eq!(said(&policy, "https://a.example/", &header), expect_header, "{name}");
        assert_eq!(said(&policy, "https://a.example/;x/admin", &json!({})), expect_parameter, "{name}");
    }
}

#[test]
fn paths_are_decided_in_their_one_spelling() {
    let policy = policy(&json!({
        "allowHosts": ["a.example"],
        "allowPaths": ["/v1/**", "/health", "/files/*.txt", "/caf%C3%A9/*", "/"],
        "denyPaths": ["/v1/admin/**", "/v1/*/secret", "/v1/keys", "/v1/models:delete", "/v1/a%2Ab/c d"],
    }));
    for (path, expect) in [
        ("/v1/models", "host-allowed"),
        ("/v1", "host-allowed"),
        ("/v1/", "host-allowed"),
        ("/", "host-allowed"),
        ("/?a=/v1/admin", "host-allowed"),
        ("/v1/./models", "host-allowed"),
        ("/v1//models", "host-allowed"),
        ("/%76%31/models", "host-allowed"),
        ("/files/a.txt", "host-allowed"),
        ("/caf%c3%a9/menu", "host-allowed"),
        ("/caf\u{e9}/menu", "host-allowed"),
        ("/v1/administrators", "host-allowed"),
        ("/v1/Admin", "host-allowed"),
        ("/health", "host-allowed"),
        ("/health/", "path-not-allowed"),
        ("/Health", "path-not-allowed"),
        ("/files/a/b.txt", "path-not-allowed"),
        ("/v2/models", "path-not-allowed"),
        ("/v1/../v2/models", "path-not-allowed"),
        ("/v1/admin", "path-denied"),
        ("/v1/admin/", "path-denied"),
        ("/v1/admin/users", "path-denied"),
        ("/v1//admin", "path-denied"),
        ("/v1/./admin", "path-denied"),
        ("/v1/x/../admin", "path-denied"),
        ("/v1/%61dmin", "path-denied"),
        ("/v1/x/%2e%2e/admin", "path-denied"),
        ("/v1/admin?x", "path-denied"),
        ("/v1/a/secret", "path-denied"),
        ("/v1/a/secret/", "path-denied"),
        ("/v1/a/secret/below", "path-denied"),
        ("/v1/keys/1", "path-denied"),
        // An escape that servers decode hides nothing, whatever it stands for.
        ("/v1/models:delete", "path-denied"),
        ("/v1/models%3Adelete", "path-denied"),
        ("/v1/models:get", "host-allowed"),
        ("/v1/a*b/c%20d", "path-denied"),
        ("/v1/a%2ab/c%20d", "path-denied"),
        ("/v1/axb/c%20d", "host-allowed"),
        // N5
        ("//admin", "path-malformed"),
        ("/v1/%2e%2e/%2e%2e/x", "path-malformed"),
        ("/v1%2fadmin", "path-malformed"),
        ("/v1/%252e%252e/admin", "path-malformed"),
        ("/v1/..%5cadmin", "path-malformed"),
        ("/v1/admin;x", "path-parameters"),
        ("/v1/..;/admin", "path-parameters"),
        ("/v1/admin%3bx", "path-parameters"),
        ("http://a.example/v1/models", "path-not-origin-form"),
        ("*", "path-not-origin-form"),
    ] {
        let got = said(&policy, "https://a.example/", &json!({ "path": path }));
        assert_eq!(got, expect, "{path}");
    }
}

#[test]
fn a_rule_for_a_host_decides_it_with_the_defaults_of_the_top_level() {
    let policy = policy(&json!({
        "allowHosts": ["*"], "denyHosts": ["no.example.com"], "methods": ["GET"], "denyPaths": ["/admin/**"],
        "blockPrivateIps": true,
        "rules": [
            { "hosts": ["api.example.com"], "methods": ["POST"], "allowPaths": ["/v1/**"], "denyPaths": ["/v1/x"],
              "blockPrivateIps": false },
            { "hosts": ["*.example.com"], "blockPrivateIps": false },
            { "hosts": ["api.example.com", "10.0.0.0/8"], "methods": ["DELETE"] },
        ],
    }));
    let method = |method: &str| json!({ "method": method });
    table(
        &policy,
        &[
            ("https://api.example.com/v1/a", method("POST"), "host-allowed"),
            ("https://api.example.com/v1/a", method("GET"), "method-not-allowed"),
            ("https://api.example.com/v1/a", method("DELETE"), "method-not-allowed"),
            ("https://api.example.com/v2/a", method("POST"), "path-not-allowed"),
            ("https://api.example.com/v1/x", method("POST"), "path-denied"),
            ("https://b.example.com/v2/a", method("GET"), "host-allowed"),
            ("https://b.example.com/v2/a", method("POST"), "method-not-allowed"),
            ("https://b.example.com/admin", method("GET"), "path-denied"),
            ("https://no.example.com/", method("GET"), "host-denied"),
            ("https://else.example/", method("GET"), "addresses-unknown"),
            ("https://10.9.9.9/", method("DELETE"), "host-allowed"),
            // The rule is asked on the ports that it names.
            ("https://api.example.com:8443/v1/a", method("POST"), "host-not-allowed"),
        ],
    );
}

#[test]
fn the_canonical_request_is_what_is_forwarded() {
    let policy = policy(&json!({ "allowHosts": ["*:*"], "blockPrivateIps": false }));
    for (url, authority, path) in [
        ("https://API.example.com.:443/a/../b//c?x=%2E%2e/", "api.example.com", "/b/c?x=%2E%2e/"),
        ("http://api.example.com:443/%7ea", "api.example.com:443", "/~a"),
        ("https://0x7f.1:8443/", "127.0.0.1:8443", "/"),
        ("https://[::FFFF:1.2.3.4]/a;b/c", "1.2.3.4", "/a;b/c"),
    ] {
        let decision = ask(&policy, &request(url, &json!({})));
        let forward = decision.forward.clone().expect("it can be read");
        assert_eq!((forward.authority.as_str(), forward.path.as_str()), (authority, path), "{url}");
        let verdict = verdict(&policy, &decision);
        assert_eq!(verdict.forward, decision.forward);
        let json: serde_json::Value = serde_json::from_str(&verdict.json).expect("JSON");
        assert_eq!(json["http"], json!({ "authority": authority, "path": path }), "{url}");
    }
    // Denied, and readable all the same; and what cannot be read.
    let none = crate::world::policy(&json!({}));
    assert!(ask(&none, &request("https://a.example/", &json!({}))).forward.is_some());
    let unread = ask(&none, &request("https://a@b/", &json!({})));
    assert_eq!(unread.forward, None);
    assert!(!verdict(&none, &unread).json.contains("\"http\":"));
}

#[test]
fn tunnels_and_upgrades_need_a_rule_that_says_so() {
    let upgrade = json!({ "headers": [["connection", "Upgrade"], ["upgrade", "websocket"]] });
    let connect = |authority: &str| json!({ "method": "CONNECT", "authority": authority, "path": "" });
    let policy = policy(&json!({
        "allowHosts": ["plain.example"],
        "rules": [
            { "hosts": ["t.example", "ssh.example:22"], "tunnel": true },
            { "hosts": ["paths.example"], "tunnel": true, "allowPaths": ["/ws"] },
            { "hosts": ["body.example"], "tunnel": true, "maxBodyBytes": 10 },
            { "hosts": ["mcp.example"], "tunnel": true, "mcp": {} },
            { "hosts": ["get.example"], "tunnel": true, "methods": ["GET"] },
            { "hosts": ["both.example"], "tunnel": true, "methods": ["CONNECT"] },
        ],
    }));
    table(
        &policy,
        &[
            ("https://plain.example/", upgrade.clone(), "header-upgrade"),
            ("https://t.example/", upgrade.clone(), "host-allowed"),
            ("https://paths.example/ws", upgrade.clone(), "host-allowed"),
            ("https://paths.example/x", upgrade.clone(), "path-not-allowed"),
            ("https://body.example/", upgrade.clone(), "tunnel-uninspected"),
            ("https://mcp.example/", upgrade, "tunnel-uninspected"),
            ("https://x/", connect("plain.example:443"), "tunnel-denied"),
            ("https://x/", connect("t.example:443"), "host-allowed"),
            ("http://x/", connect("t.example:443"), "host-allowed"),
            ("https://x/", connect("t.example:8443"), "host-not-allowed"),
            ("https://x/", connect("ssh.example:22"), "host-allowed"),
            ("https://x/", connect("paths.example:443"), "tunnel-uninspected"),
            ("https://x/", connect("body.example:443"), "tunnel-uninspected"),
            ("https://x/", connect("get.example:443"), "method-not-allowed"),
            ("https://x/", connect("both.example:443"), "host-allowed"),
            ("https://x/", connect("t.example"), "host-malformed"),
        ],
    );
    // H3
    let target = |path: &str| json!({ "method": "CONNECT", "authority": "t.example:443", "path": path });
    assert_eq!(said(&policy, "https://x/", &target("T.example:443")), "host-allowed");
    assert_eq!(said(&policy, "https://x/", &target("evil.example:443")), "path-not-origin-form");
    assert_eq!(said(&policy, "https://x/", &target("/x")), "path-not-origin-form");
    let lower = json!({ "method": "connect", "authority": "plain.example:443", "path": "" });
    assert_eq!(said(&policy, "https://x/", &lower), "tunnel-denied");
    let decision = ask(&policy, &request("https://x/", &connect("T.example:443")));
    assert_eq!(
        decision.forward.map(|own| (own.authority, own.path)),
        Some(("t.example:443".to_owned(), String::new()))
    );
}

#[test]
fn a_body_is_bounded_and_never_cut() {
    let policy = policy(&json!({
        "allowHosts": ["free.example"],
        "rules": [
            { "hosts": ["body.example"], "maxBodyBytes": 10 },
            { "hosts": ["mcp.example"], "mcp": { "server": "files" } },
        ],
    }));
    const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let ten = "0123456789";
    let gzip = json!([["content-encoding", "gzip"], ["content-length", "10"]]);
    table(
        &policy,
        &[
            ("https://body.example/", json!({ "body": ten }), "host-allowed"),
            ("https://body.example/", json!({ "body": format!("{ten}0") }), "body-too-large"),
            ("https://body.example/", json!({ "bodyBase64": "MDEyMzQ1Njc4OQ==" }), "host-allowed"),
            ("https://body.example/", json!({ "bodyBase64": "MDEyMzQ1Njc4OTA=" }), "body-too-large"),
            ("https://body.example/", json!({ "headers": [["content-length", "10"]] }), "host-allowed"),
            ("https://body.example/", json!({ "headers": [["content-length", "11"]] }), "body-too-large"),
            (
                "https://body.example/",
                json!({ "headers": [["transfer-encoding", "chunked"]] }),
                "body-missing",
            ),
            ("https://body.example/", json!({ "body": ten, "headers": gzip }), "body-encoded"),
            (
                "https://body.example/",
                json!({ "body": "1", "headers": [["content-length", "2"]] }),
                "header-content-length",
            ),
            ("https://mcp.example/", json!({ "method": "POST", "body": PING }), "host-allowed"),
            ("https://mcp.example/", json!({ "method": "POST", "body": "{}" }), "rpc-version"),
            ("https://mcp.example/", json!({ "headers": [["content-length", "2"]] }), "body-missing"),
            ("https://mcp.example/", json!({ "body": ten, "headers": gzip }), "body-encoded"),
            ("https://mcp.example/", json!({ "body": "a".repeat((1 << 20) + 1) }), "body-too-large"),
            ("https://free.example/", json!({ "body": ten, "headers": gzip }), "host-allowed"),
            ("https://free.example/", json!({ "body": "a".repeat((1 << 20) + 1) }), "host-allowed"),
        ],
    );
    let wanted = |host: &str, headers: &[(&str, &str)]| {
        policy.body_wanted(&HttpHead { method: "POST", scheme: "https", authority: host, path: "/", headers })
    };
    assert_eq!(wanted("free.example", &[]), BodyWanted::None);
    assert_eq!(wanted("body.example", &[]), BodyWanted::UpTo(10));
    assert_eq!(wanted("body.example", &[("transfer-encoding", "chunked")]), BodyWanted::UpTo(10));
    assert_eq!(wanted("body.example", &[("content-length", "9")]), BodyWanted::None);
    assert_eq!(wanted("mcp.example", &[("content-length", "9")]), BodyWanted::UpTo(1 << 20));
    assert_eq!(wanted("mcp.example", &[("content-length", "0")]), BodyWanted::None);
    assert_eq!(wanted("other.example", &[]), BodyWanted::None);
    assert_eq!(wanted("a@b", &[]), BodyWanted::None);
}

#[test]
fn the_method_says_which_access_a_request_needs() {
    for (level, allowed) in [
        ("read-only", &["GET", "HEAD", "OPTIONS"][..]),
        ("advisory-only", &["GET", "HEAD", "OPTIONS", "POST", "DELETE", "get"]),
        ("limited-ops", &["GET", "POST", "CONNECT"]),
    ] {
        let policy = with(&json!({
            "identity": { "authorityLevel": level, "environmentScope": ["development"] },
            "network": { "rules": [{ "hosts": ["a.example"], "tunnel": true }] },
        }));
        for method in ["GET", "HEAD", "OPTIONS", "POST", "DELETE", "get", "CONNECT"] {
            let more = match method {
                "CONNECT" => json!({ "method": method, "authority": "a.example:443", "path": "" }),
                _ => json!({ "method": method }),
            };
            let decision = ask(&policy, &request("https://a.example/", &more));
            let expect = if allowed.contains(&method) || level == "limited-ops" {
                Outcome::Allow
            } else {
                Outcome::Deny
            };
            assert_eq!(decision.outcome, expect, "{level} {method}");
            let access = match method {
                "GET" | "HEAD" | "OPTIONS" => Access::Read,
                "CONNECT" => Access::Execute,
                _ => Access::Write,
            };
            assert_eq!(decision.access, access, "{method}");
        }
    }
}

#[test]
fn the_other_layers_hold_for_requests_too() {
    let hosts = json!({ "allowHosts": ["a.example"] });
    let code = |sections: serde_json::Value| {
        let decision = ask(&with(&sections), &request("https://a.example/", &json!({})));
        let first = decision.reasons.first().expect("a reason");
        (first.layer, first.code.to_string())
    };
    let denied = json!({ "network": hosts, "toolActions": { "denied": ["http"] } });
    assert_eq!(code(denied), (Layer::Deterministic, "tool-denied".to_owned()));
    let rule = json!([{ "name": "r", "tools": ["http"], "action": "block" }]);
    assert_eq!(
        code(json!({ "network": hosts, "rules": rule })),
        (Layer::Deterministic, "rule-block".to_owned())
    );
    // Neither a list of names nor a rule opens what `network` does not.
    let allow = json!([{ "name": "r", "tools": ["http"], "action": "allow" }]);
    let other = json!({ "network": { "allowHosts": ["b.example"] }, "rules": allow, "toolActions": { "allowed": ["http"] } });
    assert_eq!(code(other), (Layer::Network, "host-not-allowed".to_owned()));
    let budget = json!([{ "name": "b", "unit": "calls", "limit": 0, "per": "call", "tools": ["http"] }]);
    assert_eq!(
        code(json!({ "network": hosts, "budgets": budget })),
        (Layer::Budget, "budget-per-call".to_owned())
    );
}
