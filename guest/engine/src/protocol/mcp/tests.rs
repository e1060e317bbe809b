//! What gets past other readers, by name, and what real clients send.

use super::*;

mod answers;
mod contradictions;
mod replies;

/// Headers as a list of texts.
fn headers<'h>(list: &'h [(&'h str, &'h str)]) -> Headers<'h> {
    Headers::of(list.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())))
}

const MODERN: &[(&str, &str)] =
    &[("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "rm")];
const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}"#;

fn modern(params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{{META},{params}}}}}"#)
}

fn say(found: Result<Message<'_>, Malformed>) -> String {
    match found {
        Ok(Message::ToolCall(call)) => {
            format!("call {} {} {} {}", call.id, call.name, call.arguments, call.revision.as_str())
        }
        Ok(Message::Request { id, method, revision }) => {
            format!("request {id} {method} {}", revision.as_str())
        }
        Ok(Message::Notification { method, revision }) => {
            format!("notification {method} {}", revision.as_str())
        }
        Ok(Message::Answer { id, revision }) => format!("answer {id} {}", revision.as_str()),
        Err(found) => found.code.to_owned(),
    }
}

/// Over HTTP, with these headers.
#[track_caller]
fn over_http(list: &[(&str, &str)], body: &str, expect: &str) {
    assert_eq!(say(read(body.as_bytes(), &headers(list))), expect, "{body}");
}

/// Over HTTP with no header of ours, and over standard input.
#[track_caller]
fn check(body: &str, expect: &str) {
    over_http(&[], body, expect);
    assert_eq!(say(read(body.as_bytes(), &Headers::none())), expect, "{body}");
}

// The matrix of bypasses.

#[test]
fn legacy() {
    check(
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"rm","arguments":{"path":"/x"}}}"#,
        r#"call 7 rm {"path":"/x"} 2025-03-26"#,
    );
}

#[test]
fn modern_() {
    over_http(MODERN, &modern(r#""name":"rm","arguments":{"p":1}"#), r#"call 1 rm {"p":1} 2026-07-28"#);
    assert_eq!(
        say(read(modern(r#""name":"rm""#).as_bytes(), &Headers::none())),
        "call 1 rm {} 2026-07-28",
        "standard input has no headers"
    );
}

#[test]
fn leading_spaces() {
    over_http(
        &[],
        "  \n\t {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"rm\"}}",
        "call 1 rm {} 2025-03-26",
    );
}

#[test]
fn escaped_key() {
    check(
        r#"{"jsonrpc":"2.0","id":1,"m\u0065thod":"tools/call","p\u0061rams":{"n\u0061me":"rm","\u0061rguments":{"a":1}}}"#,
        r#"call 1 rm {"a":1} 2025-03-26"#,
    );
}

#[test]
fn escaped_value() {
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\u0072m"}}"#,
        "call 1 rm {} 2025-03-26",
    );
}

#[test]
fn escaped_method() {
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"tools\/c\u0061ll","params":{"name":"rm"}}"#,
        "call 1 rm {} 2025-03-26",
    );
}

#[test]
fn batch() {
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm"}}"#;
    check(&format!("[{call}]"), "rpc-batch");
    check(&format!(r#"[{{"jsonrpc":"2.0","id":1,"method":"ping"}},{call}]"#), "rpc-batch");
    check("[]", "rpc-batch");
}

#[test]
fn duplicates() {
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","name":"rm"}}"#,
        "rpc-duplicate-key",
    );
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","n\u0061me":"rm"}}"#,
        "rpc-duplicate-key",
    );
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"rm"}}"#,
        "rpc-duplicate-key",
    );
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm","arguments":{"a":[{"b":1,"b":2}]}}}"#,
        "rpc-duplicate-key",
    );
}

#[test]
fn the_name_stands_last_in_a_body_of_300_kb() {
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"arguments":{{"a":"{}"}},"name":"rm"}}}}"#,
        "x".repeat(300_000)
    );
    let found = read(body.as_bytes(), &Headers::none()).unwrap();
    assert!(matches!(found, Message::ToolCall(call) if call.name == "rm"));
}

#[test]
fn byte_order_mark() {
    check(
        "\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"rm\"}}",
        "rpc-byte-order-mark",
    );
}

#[test]
fn two_documents_in_one_body() {
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let call = r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"rm"}}"#;
    check(&format!("{ping}{call}"), "rpc-not-json");
    check(&format!("{ping}\n{call}"), "rpc-not-json");
    check(&format!("{ping}\0{call}"), "rpc-not-json");
}

#[test]
fn a_second_message_behind_a_carriage_return() {
    // One object for us, and three lines for a server that ends lines at carriage returns.
    let smuggled = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"echo\",\"arguments\":{\"a\":\r{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"rm\"}}\r}}}";
    over_http(
        &[],
        smuggled,
        "call 1 echo {\"a\":\r{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"rm\"}}\r} 2025-03-26",
    );
    assert_eq!(say(read(smuggled.as_bytes(), &Headers::none())), "mcp-line-break");
    let broken = smuggled.replace('\r', "\n");
    assert_eq!(say(read(broken.as_bytes(), &Headers::none())), "mcp-line-break");
    let line = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\r\n";
    assert_eq!(say(read(line.as_bytes(), &Headers::none())), "request 1 ping 2025-03-26");
}

#[test]
fn params_are_null_or_something_else() {
    check(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":null}"#, "rpc-wrong-type");
    check(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["rm"]}"#, "rpc-wrong-type");
    check(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#, "mcp-wrong-type");
    check(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}"#, "mcp-wrong-type");
    check(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":""}}"#, "mcp-wrong-type");
    check(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":["rm"]}}"#, "mcp-wrong-type");
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm","arguments":null}}"#,
        "mcp-wrong-type",
    );
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm","arguments":"{}"}}"#,
        "mcp-wrong-type",
    );
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm","_meta":[]}}"#,
        "mcp-wrong-type",
    );
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":7}}}"#,
        "mcp-wrong-type",
    );
}

#[test]
fn a_key_in_another_case_is_another_key() {
    // Readers without regard to case take the last: `rm`.
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","Name":"rm"}}"#,
        "mcp-unknown-parameter",
    );
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call","params":{"name":"rm"}}"#,
        "rpc-unknown-field",
    );
    check(r#"{"jsonrpc":"2.0","id":1,"method":"Tools/Call","params":{"name":"rm"}}"#, "mcp-method-unknown");
}

#[test]
fn a_call_as_a_notification() {
    check(r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"rm"}}"#, "mcp-id-missing");
    check(r#"{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{"name":"rm"}}"#, "rpc-bad-id");
    check(r#"{"jsonrpc":"2.0","id":1,"method":"notifications/initialized"}"#, "mcp-id-unexpected");
}

#[test]
fn frames_in_the_shape_of_a_response() {
    let answer = r#"{"jsonrpc":"2.0","id":1,"result":{"action":"accept","content":{}}}"#;
    check(answer, "answer 1 2025-03-26");
    check(r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}"#, "answer 1 2025-03-26");
    over_http(&[("MCP-Protocol-Version", "2026-07-28")], answer, "mcp-answer-unexpected");
    check(r#"{"jsonrpc":"2.0","error":{"code":-1,"message":"no"}}"#, "mcp-answer-unexpected");
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm"},"result":{}}"#,
        "rpc-shape",
    );
}

#[test]
fn methods_that_nobody_knows_and_methods_of_servers() {
    check(r#"{"jsonrpc":"2.0","id":1,"method":"tools/run","params":{"name":"rm"}}"#, "mcp-method-unknown");
    check(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call ","params":{"name":"rm"}}"#, "mcp-method-unknown");
    check(r#"{"jsonrpc":"2.0","method":"notifications/run"}"#, "mcp-method-unknown");
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{}}"#,
        "mcp-method-direction",
    );
    check(r#"{"jsonrpc":"2.0","method":"notifications/message","params":{}}"#, "mcp-method-direction");
}

// What real clients send, revision by revision.

#[test]
fn what_clients_of_each_revision_send() {
    check(
        r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2024-11-05","capabilities":{"sampling":{},"roots":{"listChanged":true}},"clientInfo":{"name":"mcp","version":"0.1.0"}}}"#,
        "request 0 initialize 2025-03-26",
    );
    check(
        r#"{"method":"notifications/initialized","jsonrpc":"2.0"}"#,
        "notification notifications/initialized 2025-03-26",
    );
    over_http(
        &[("mcp-protocol-version", "2025-06-18")],
        r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{"progressToken":2},"name":"echo","arguments":{"message":"hi"}}}"#,
        r#"call 2 echo {"message":"hi"} 2025-06-18"#,
    );
    over_http(
        &[("mcp-protocol-version", "2025-11-25"), ("mcp-session-id", "5e1")],
        r#"{"method":"tools/call","params":{"name":"echo","arguments":{},"task":{"ttl":60000}},"jsonrpc":"2.0","id":3}"#,
        "call 3 echo {} 2025-11-25",
    );
    over_http(
        &[("mcp-protocol-version", "2025-11-25")],
        r#"{"method":"tasks/result","params":{"taskId":"t1"},"jsonrpc":"2.0","id":4}"#,
        "request 4 tasks/result 2025-11-25",
    );
    over_http(
        &[("mcp-protocol-version", "2026-07-28"), ("mcp-method", "server/discover")],
        &format!(r#"{{"jsonrpc":"2.0","id":"d","method":"server/discover","params":{{{META}}}}}"#),
        r#"request "d" server/discover 2026-07-28"#,
    );
    over_http(
        &[("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tasks/get"), ("mcp-name", "t1")],
        &format!(r#"{{"jsonrpc":"2.0","id":5,"method":"tasks/get","params":{{{META},"taskId":"t1"}}}}"#),
        "request 5 tasks/get 2026-07-28",
    );
    // Notifications have no headers that they need.
    over_http(
        &[("mcp-protocol-version", "2026-07-28")],
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#,
        "notification notifications/cancelled 2026-07-28",
    );
}

#[test]
fn the_arguments_are_sent_on_as_they_were_written() {
    let body = "{\"jsonrpc\":\"2.0\",\"id\":\"\\u0061\",\"method\":\"tools/call\",\"params\":{\"name\":\"x\",\"arguments\":{ \"n\" : 1.50,\n \"t\":\"\\u00e9\" }}}";
    let Ok(Message::ToolCall(call)) = read(body.as_bytes(), &headers(&[])) else { panic!("no call") };
    assert_eq!(call.arguments, "{ \"n\" : 1.50,\n \"t\":\"\\u00e9\" }");
    assert_eq!(call.id, "\"\\u0061\"");
    assert_eq!(call.forward, None);
}
