//! Headers and bodies that say different things.

use super::*;

#[test]
fn header_and_body_say_different_things() {
    let body = modern(r#""name":"rm""#);
    let with = |at: usize, value: &'static str| {
        let mut list = MODERN.to_vec();
        list[at].1 = value;
        list
    };
    over_http(&with(2, "echo"), &body, "mcp-header-mismatch");
    over_http(&with(2, "RM"), &body, "mcp-header-mismatch");
    over_http(&with(2, "=?base64?ZWNobw==?="), &body, "mcp-header-mismatch");
    over_http(&with(2, "=?base64?cm0?="), &body, "mcp-header-bad-value");
    over_http(&with(1, "tools/list"), &body, "mcp-header-mismatch");
    over_http(&with(0, "2025-11-25"), &body, "mcp-header-mismatch");
    over_http(&with(2, "=?base64?cm0=?="), &body, "call 1 rm {} 2026-07-28");
    over_http(&with(2, " rm\t"), &body, "call 1 rm {} 2026-07-28");
    // Names of headers have no case.
    over_http(
        &[("mcp-protocol-version", "2026-07-28"), ("MCP-METHOD", "tools/call"), ("mcp-name", "rm")],
        &body,
        "call 1 rm {} 2026-07-28",
    );
    // In a revision without these headers, what is there has to be right all the same.
    let old = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm"}}"#;
    over_http(&[("Mcp-Name", "echo")], old, "mcp-header-mismatch");
    over_http(&[("Mcp-Method", "tools/list")], old, "mcp-header-mismatch");
    over_http(&[("Mcp-Method", "ping")], r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, "mcp-header-mismatch");
    over_http(&[("Mcp-Name", "x")], r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, "mcp-header-mismatch");
}

#[test]
fn headers_are_missing_where_they_have_to_be() {
    let body = modern(r#""name":"rm""#);
    for missing in 0..MODERN.len() {
        let mut list = MODERN.to_vec();
        list.remove(missing);
        over_http(&list, &body, "mcp-header-missing");
    }
    // The header says so, and the body does not.
    let old = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm"}}"#;
    over_http(MODERN, old, "mcp-header-mismatch");
    let read = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{{{META},"uri":"file:///a"}}}}"#
    );
    let list = [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "resources/read")];
    over_http(&list, &read, "mcp-header-missing");
    over_http(
        &[&list[..], &[("Mcp-Name", "file:///a")]].concat(),
        &read,
        "request 1 resources/read 2026-07-28",
    );
    over_http(&[&list[..], &[("Mcp-Name", "file:///b")]].concat(), &read, "mcp-header-mismatch");
}

#[test]
fn a_header_is_there_twice() {
    let body = modern(r#""name":"rm","arguments":{"region":"eu"}"#);
    for (name, value) in MODERN.iter().copied().chain([("Mcp-Param-Region", "eu")]) {
        let list = [MODERN, &[("mcp-param-region", "eu"), (name, value)]].concat();
        over_http(&list, &body, "mcp-header-repeated");
    }
}

#[test]
fn headers_that_repeat_arguments() {
    let body = modern(
        r#""name":"rm","arguments":{"region":"eu","n":42,"deep":{"yes":true},"list":["in"],"no":null,"text":"Hello, 世界"}"#,
    );
    let fine = body.as_str();
    let ok = "call 1 rm ";
    let say = |name: &str, value: &str| {
        let list = [MODERN, &[(name, value)]].concat();
        say(read(fine.as_bytes(), &headers(&list)))
    };
    for value in ["eu", "42", "42.0", "true", "=?base64?SGVsbG8sIOS4lueVjA==?="] {
        assert!(say("Mcp-Param-X", value).starts_with(ok), "{value}");
    }
    for value in ["us", "EU", "43", "false", "in", "null", ""] {
        assert_eq!(say("mcp-param-x", value), "mcp-header-mismatch", "{value}");
    }
    assert_eq!(say("Mcp-Param-X", "=?base64?*?="), "mcp-header-bad-value");
    assert_eq!(say("Mcp-Param-X", "\u{e9}u"), "mcp-header-bad-value");
    let names: Vec<String> = (0..65).map(|n| format!("Mcp-Param-{n}")).collect();
    let list: Vec<_> = MODERN.iter().copied().chain(names.iter().map(|name| (name.as_str(), "eu"))).collect();
    over_http(&list, fine, "mcp-header-bad-value");
}

#[test]
fn a_version_that_nobody_knows() {
    over_http(
        &[("MCP-Protocol-Version", "2027-01-01")],
        r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
        "mcp-version-unknown",
    );
    let body = modern(r#""name":"rm""#).replace("2026-07-28", "1900-01-01");
    assert_eq!(say(read(body.as_bytes(), &Headers::none())), "mcp-version-unknown");
    // A client that shakes hands may propose what it likes: the server answers with its own.
    check(
        r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2099-01-01","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}"#,
        "request 0 initialize 2025-03-26",
    );
}

#[test]
fn the_body_is_meant_in_other_letters() {
    // What a server that knows UTF-7 calls is `rm`.
    let body =
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","+AG4AYQBtAGU-":"rm"}}"#;
    let ascii = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}"#;
    for body in [body, ascii, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#] {
        over_http(&[("Content-Type", "application/json; charset=utf-7")], body, "mcp-charset");
    }
    let twice = [("content-type", "application/json"), ("content-type", "text/x; charset=\"utf-7\"")];
    over_http(&twice, ascii, "mcp-charset");
    over_http(&[("Content-Type", "application/json; charset=utf-8")], ascii, "call 1 echo {} 2025-03-26");
}
