//! Where on a host MCP is spoken, and what the rest of the host is then.

use sentinel_engine::{BodyWanted, HttpHead, Outcome, Policy};
use serde_json::{Value, json};

use crate::world::{ask, policy, request, said};

const HOST: &str = "https://tools.example";

fn at(mcp: &Value) -> Policy {
    policy(&json!({ "rules": [{ "hosts": ["tools.example"], "mcp": mcp }] }))
}

fn scoped() -> Policy {
    at(&json!({ "server": "tools", "allowTools": ["echo"], "paths": ["/mcp", "/v*/mcp"] }))
}

fn call(tool: &str) -> Value {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": tool } });
    json!({ "method": "POST", "headers": [["content-type", "application/json"]], "body": body.to_string() })
}

#[test]
fn messages_are_read_where_mcp_is_spoken() {
    for path in [
        "/mcp", "/v2/mcp", "/./mcp?x", "/%6dcp", // What some server takes for it.
        "/MCP", "/mcp/", "/mcp/x", "/Mcp./",
    ] {
        let url = format!("{HOST}{path}");
        assert_eq!(said(&scoped(), &url, &call("echo")), "host-allowed", "{path}");
        let decision = ask(&scoped(), &request(&url, &call("rm")));
        assert_eq!(
            (decision.outcome, decision.tool_name.as_str()),
            (Outcome::Deny, "mcp__tools__rm"),
            "{path}"
        );
    }
    assert_eq!(said(&scoped(), &format!("{HOST}/mcp;x"), &call("rm")), "path-parameters");
    assert_eq!(said(&scoped(), &format!("{HOST}/a/..;/mcp"), &call("rm")), "path-parameters");
}

/// OAuth of a server, on the same host.
#[test]
fn elsewhere_the_rule_is_one_like_any_other() {
    let form = json!({ "method": "POST", "headers": [["content-type", "application/x-www-form-urlencoded"]], "body": "grant_type=x" });
    for (path, more) in [
        ("/.well-known/oauth-protected-resource", json!({})),
        ("/token", form),
        ("/mcpx", json!({ "method": "DELETE" })),
        ("/", json!({ "method": "PUT", "body": "x" })),
    ] {
        assert_eq!(said(&scoped(), &format!("{HOST}{path}"), &more), "host-allowed", "{path}");
    }
    // A server that speaks MCP at every path would take it.
    for (headers, body) in [
        (json!([["content-type", "application/json"]]), call("echo")["body"].clone()),
        (json!([]), call("echo")["body"].clone()),
        (
            json!([["content-type", "application/json"]]),
            json!(format!("[{}]", call("rm")["body"].as_str().expect("a text"))),
        ),
        (json!([["content-type", "application/json"]]), json!("{} {}")),
    ] {
        let more = json!({ "method": "POST", "headers": headers, "body": body });
        assert_eq!(said(&scoped(), &format!("{HOST}/other"), &more), "mcp-elsewhere", "{body}");
    }
    let register = json!({
        "method": "POST", "headers": [["content-type", "application/json"]], "body": r#"{"client_name":"x"}"#,
    });
    assert_eq!(said(&scoped(), &format!("{HOST}/register"), &register), "host-allowed");
    let narrow = policy(&json!({ "rules": [{
        "hosts": ["tools.example"], "methods": ["GET", "POST"], "allowPaths": ["/mcp", "/token"],
        "mcp": { "server": "tools", "paths": ["/mcp"] },
    }] }));
    assert_eq!(
        said(&narrow, &format!("{HOST}/token"), &json!({ "method": "POST", "body": "x" })),
        "host-allowed"
    );
    assert_eq!(said(&narrow, &format!("{HOST}/users/7"), &json!({})), "path-not-allowed");
    let wanted = |path| {
        let headers = [("content-length", "9"), ("content-type", "application/x-www-form-urlencoded")];
        scoped().body_wanted(&HttpHead {
            method: "POST",
            scheme: "https",
            authority: "tools.example",
            path,
            headers: &headers,
        })
    };
    assert_eq!((wanted("/mcp"), wanted("/token")), (BodyWanted::UpTo(1 << 20), BodyWanted::None));
}

#[test]
fn the_paths_of_the_top_level_are_the_default() {
    let top = |own: Value| {
        policy(&json!({
            "allowHosts": ["top.example"], "mcp": { "paths": ["/mcp"] },
            "rules": [{ "hosts": ["tools.example"], "mcp": own }],
        }))
    };
    let put = json!({ "method": "PUT", "body": "x" });
    let default = top(json!({ "server": "x" }));
    assert_eq!(said(&default, "https://top.example/x", &put), "host-allowed");
    assert_eq!(said(&default, "https://top.example/mcp", &put), "mcp-method-http");
    assert_eq!(said(&default, &format!("{HOST}/x"), &put), "host-allowed");
    let own = top(json!({ "server": "x", "paths": ["/x"] }));
    assert_eq!(said(&own, &format!("{HOST}/x"), &put), "mcp-method-http");
    assert_eq!(said(&own, &format!("{HOST}/mcp"), &put), "host-allowed");
}

#[test]
fn only_what_the_transport_asks_has_no_message() {
    let header = |name: &str, value: &str| json!([[name, value]]);
    for (method, headers, expect) in [
        ("GET", header("accept", "application/json, Text/Event-Stream"), "host-allowed"),
        ("GET", header("accept", "*/*"), "mcp-method-http"),
        ("GET", json!([]), "mcp-method-http"),
        ("DELETE", header("Mcp-Session-Id", "s"), "host-allowed"),
        ("DELETE", json!([]), "mcp-method-http"),
        ("OPTIONS", json!([]), "host-allowed"),
        ("HEAD", json!([]), "mcp-method-http"),
        ("PUT", json!([]), "mcp-method-http"),
    ] {
        for policy in [scoped(), at(&json!({ "server": "tools" }))] {
            let more = json!({ "method": method, "headers": headers });
            assert_eq!(said(&policy, &format!("{HOST}/mcp"), &more), expect, "{method} {headers}");
        }
    }
    let hidden =
        json!({ "headers": [["accept", "text/event-stream"], ["x-http-method-override", "DELETE"]] });
    assert_eq!(
        said(&at(&json!({ "server": "tools" })), &format!("{HOST}/users/7"), &hidden),
        "header-override"
    );
}

#[test]
fn a_host_of_which_nobody_says_where_it_speaks_mcp_is_warned_of() {
    let codes = |network: &Value| {
        let own = policy(network);
        let found: Vec<_> = own.warnings().iter().map(|own| (own.code, own.pointer.clone())).collect();
        found
    };
    let rule = |more: &Value| {
        let mut rule = json!({ "hosts": ["a.example"], "mcp": { "server": "x" } });
        for (key, value) in more.as_object().expect("members") {
            rule[key] = value.clone();
        }
        json!({ "rules": [rule] })
    };
    let place = |at: &str| vec![("mcp-everywhere", at.to_owned())];
    assert_eq!(codes(&rule(&json!({}))), place("/network/rules/0/hosts/0"));
    assert_eq!(codes(&json!({ "allowHosts": ["a.example"], "mcp": {} })), place("/network/allowHosts/0"));
    assert!(codes(&rule(&json!({ "allowPaths": ["/mcp"] }))).is_empty());
    assert!(codes(&rule(&json!({ "mcp": { "server": "x", "paths": ["/mcp"] } }))).is_empty());
    let mut top = rule(&json!({}));
    top["mcp"] = json!({ "paths": ["/mcp"] });
    assert!(codes(&top).is_empty());
}
