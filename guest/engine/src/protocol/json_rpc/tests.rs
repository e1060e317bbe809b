//! Messages as tables: the shapes that there are, and everything else.

use super::*;

fn name(shape: &Shape<'_>) -> String {
    match shape {
        Shape::Request { id, method, params } => {
            let span = params.as_ref().map(|params| params.span);
            format!("request {id} {method} {}", span.is_some())
        }
        Shape::Notification { method, .. } => format!("notification {method}"),
        Shape::Result { id, .. } => format!("result {id}"),
        Shape::Error { id } => format!("error {}", id.unwrap_or("-")),
    }
}

#[track_caller]
fn check(text: &str, expect: &str) {
    let found = match read(text.as_bytes()) {
        Ok(frame) => name(&frame.shape),
        Err(fault) => format!("{} {}", fault.code, fault.id.as_deref().unwrap_or("-")),
    };
    assert_eq!(found, expect, "{text}");
}

#[test]
fn the_shapes_of_messages() {
    check(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, "request 1 ping false");
    check(
        r#" {"id" : "a\u0062" ,"method":"ping","params":{},"jsonrpc":"2.0"} "#,
        r#"request "a\u0062" ping true"#,
    );
    check(r#"{"jsonrpc":"2.0","id":-7,"method":"p\u0069ng"}"#, "request -7 ping false");
    check(
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        "notification notifications/initialized",
    );
    check(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, "result 1");
    check(r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}"#, "error 1");
    check(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"no"}}"#, "error -");
    check(r#"{"jsonrpc":"2.0","error":{"code":-32000,"message":"no"}}"#, "error -");
}

#[test]
fn batches_are_refused() {
    check(r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, "rpc-batch -");
    check("[]", "rpc-batch -");
}

#[test]
fn duplicate_keys_are_refused_at_any_depth_after_unescaping() {
    check(r#"{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}"#, "rpc-duplicate-key 1");
    check(r#"{"jsonrpc":"2.0","id":1,"method":"a","m\u0065thod":"b"}"#, "rpc-duplicate-key 1");
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"x":[{"y":1,"\u0079":2}]}}"#,
        "rpc-duplicate-key 1",
    );
    // Nobody knows whom to answer.
    check(r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"a"}"#, "rpc-duplicate-key -");
}

#[test]
fn other_shapes_are_refused() {
    check(r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, "rpc-bad-id -");
    check(r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, "rpc-bad-id -");
    check(r#"{"jsonrpc":"2.0","id":1e3,"method":"ping"}"#, "rpc-bad-id -");
    check(r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, "rpc-bad-id -");
    check(r#"{"jsonrpc":"2.0","id":null,"result":{}}"#, "rpc-bad-id -");
    check(r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, "rpc-version 1");
    check(r#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#, "rpc-version 1");
    check(r#"{"id":1,"method":"ping"}"#, "rpc-version 1");
    check(r#"{"jsonrpc":"2.0","id":1,"method":7}"#, "rpc-wrong-type 1");
    check(r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":null}"#, "rpc-wrong-type 1");
    check(r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#, "rpc-wrong-type 1");
    check(r#"{"jsonrpc":"2.0","id":1,"result":null}"#, "rpc-wrong-type 1");
    check(r#"{"jsonrpc":"2.0","id":1,"error":"no"}"#, "rpc-wrong-type 1");
    check(r#"{"jsonrpc":"2.0","id":1,"Method":"ping","method":"x"}"#, "rpc-unknown-field 1");
    check(r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#, "rpc-shape 1");
    check(r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#, "rpc-shape 1");
    check(r#"{"jsonrpc":"2.0","id":1,"params":{},"result":{}}"#, "rpc-shape 1");
    check(r#"{"jsonrpc":"2.0","result":{}}"#, "rpc-shape -");
    check(r#"{"jsonrpc":"2.0","id":1}"#, "rpc-shape 1");
    check(r#"{"jsonrpc":"2.0"}"#, "rpc-shape -");
    check("null", "rpc-wrong-type -");
    check("\"x\"", "rpc-wrong-type -");
}

#[test]
fn other_texts_are_refused() {
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    check("", "rpc-not-json -");
    check(&format!("\u{feff}{ping}"), "rpc-byte-order-mark -");
    check(&format!("{ping}{ping}"), "rpc-not-json -");
    check(&format!("{ping}\n{ping}"), "rpc-not-json -");
    check(&format!("// note\n{ping}"), "rpc-not-json -");
    check(&format!("{ping},"), "rpc-not-json -");
    check("{'jsonrpc':'2.0'}", "rpc-not-json -");
    let deep = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"x","params":{{"a":{}}}}}"#, "[".repeat(100_000));
    check(&deep, "rpc-not-json -");
    assert_eq!(read(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}").unwrap_err().code, "rpc-not-utf8");
    assert_eq!(read(&vec![b' '; CALL_BYTES_MAX + 1]).unwrap_err().code, "rpc-too-large");
}
