//! What servers send, and what of it arrives.

use proptest::prelude::*;

use super::*;
use crate::limits::ANSWER_BYTES_MAX;

fn may_see(name: &str) -> bool {
    name != "rm"
}

#[track_caller]
fn check(message: &str, expect: &str) {
    let found = filter(message.as_bytes(), &may_see).unwrap();
    assert_eq!(String::from_utf8(found.message.into_owned()).unwrap(), expect);
}

#[track_caller]
fn passes(message: &str) {
    let found = filter(message.as_bytes(), &may_see).unwrap();
    assert!(matches!(found.message, Cow::Borrowed(bytes) if bytes == message.as_bytes()), "{message}");
    assert_eq!(found.hidden, 0);
}

#[test]
fn lists_lose_what_may_not_be_seen_and_nothing_else() {
    check(
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo","inputSchema":{}}, {"name":"rm"} ,{"name":"ls"}],"nextCursor":"c2","_meta":{"x":1.0}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo","inputSchema":{}} ,{"name":"ls"}],"nextCursor":"c2","_meta":{"x":1.0}}}"#,
    );
    check(
        r#"{"result":{"tools":[{"inputSchema":{"name":"echo"},"n\u0061me":"\u0072m"}]},"jsonrpc":"2.0","id":1}"#,
        r#"{"result":{"tools":[]},"jsonrpc":"2.0","id":1}"#,
    );
    check(
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"ls","title":"\ud83d"},{"name":"rm","title":"\ud83d"}]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"ls","title":"\ud83d"}]}}"#,
    );
    // Nobody can say whether these may be seen.
    check(
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"title":"echo"},"echo",{"name":["echo"]},null,{"name":"ls"}]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"ls"}]}}"#,
    );
    let found =
        filter(br#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"rm"},{"name":"rm"}]}}"#, &may_see);
    assert_eq!(found.unwrap().hidden, 2);
}

#[test]
fn a_list_belongs_to_one_agent() {
    check(
        r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","tools":[{"name":"rm"},{"name":"ls"}],"ttlMs":300000,"cacheScope":"public"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","tools":[{"name":"ls"}],"ttlMs":300000,"cacheScope":"private"}}"#,
    );
    // Also where nothing was left out: for another agent something is.
    check(
        r#"{"jsonrpc":"2.0","id":1,"result":{"cacheScope":7,"tools":[{"name":"ls"}]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"cacheScope":"private","tools":[{"name":"ls"}]}}"#,
    );
    check(
        r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","tools":[{"name":"rm"}] }}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","tools":[],"cacheScope":"private" }}"#,
    );
    passes(r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"ls"}],"cacheScope":"private"}}"#);
    passes(r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"ls"}]}}"#);
}

#[test]
fn everything_else_passes_as_it_is() {
    for message in [
        r#" {"jsonrpc":"2.0", "id":1,"result":{"content":[{"type":"text","text":"{\"tools\":[{\"name\":\"rm\"}]}"}]}} "#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","prompts":[],"cacheScope":"public"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":{"name":"rm"}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found"}}"#,
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request"}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#,
        r#"{"jsonrpc":"2.0","id":"s1","method":"sampling/createMessage","params":{"messages":[],"maxTokens":1,"tools":[{"name":"rm"}]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","requestState":"abc"}}"#,
        // A text that was cut in the middle of an emoji.
        r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"cut \ud83d"}]}}"#,
    ] {
        passes(message);
    }
}

#[test]
fn a_server_that_speaks_otherwise_is_replaced() {
    for (message, code) in [
        (r#"[{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"rm"}]}}]"#, "rpc-batch"),
        (r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[],"tools":[{"name":"rm"}]}}"#, "rpc-duplicate-key"),
        (r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"ls","name":"rm"}]}}"#, "rpc-duplicate-key"),
        ("<html>", "rpc-not-json"),
        ("\u{feff}{}", "rpc-byte-order-mark"),
    ] {
        assert_eq!(filter(message.as_bytes(), &may_see).unwrap_err().code, code);
    }
    let found = filter(br#"{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}}"#, &may_see).unwrap_err();
    assert_eq!(
        substitute(&found),
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"answer of the server is withheld: message has the key `a` twice in one object"}}"#
    );
}

/// What arrives of a body that comes in pieces.
fn arrives(kind: &str, pieces: &[&[u8]]) -> (String, Answer) {
    let mut answer = Answer::new(kind);
    let mut out = Vec::new();
    for piece in pieces {
        out.extend(answer.push(piece, false, &may_see).unwrap());
    }
    out.extend(answer.push(b"", true, &may_see).unwrap());
    (String::from_utf8(out).unwrap(), answer)
}

const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"rm"},{"name":"ls"}]}}"#;
const SEEN: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"ls"}]}}"#;

#[test]
fn a_json_answer_in_any_pieces() {
    for at in 0..LIST.len() {
        let (one, two) = LIST.as_bytes().split_at(at);
        let (out, answer) = arrives("Application/JSON; charset=utf-8", &[one, two]);
        assert_eq!(out, SEEN);
        assert_eq!((answer.hidden(), answer.replaced()), (1, 0));
    }
    assert_eq!(arrives("application/json", &[]).0, "", "an empty answer is empty");
    let (out, answer) = arrives("application/json", &[br#"{"error":"invalid_token"}"#]);
    assert!(out.contains("withheld"));
    assert_eq!((answer.replaced(), answer.last_fault().map(|fault| fault.code)), (1, Some("rpc-wrong-type")));
}

#[test]
fn a_stream_in_any_pieces() {
    for end in ["\n", "\r\n", "\r"] {
        let stream = format!(
            "id: 0\ndata:\n\n: keep-alive\n\nevent: message\nid: 1\ndata: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{{\"progressToken\":1,\"progress\":1}}}}\n\nevent: message\nid: 2\nretry: 10\ndata: {LIST}\n\n"
        )
        .replace('\n', end);
        let expect = stream.replace(LIST, SEEN);
        for at in 0..stream.len() {
            let (one, two) = stream.as_bytes().split_at(at);
            assert_eq!(arrives("text/event-stream", &[one, two]).0, expect);
        }
        let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
        assert_eq!(arrives("text/event-stream", &bytes).0, expect);
    }
}

#[test]
fn a_message_in_several_lines_of_data() {
    let stream = "data: {\"jsonrpc\":\"2.0\",\"id\":1,\ndata: \"result\":{\"tools\":[{\"name\":\"rm\"},\ndata: {\"name\":\"ls\"}]}}\n\n";
    let expect =
        "data: {\"jsonrpc\":\"2.0\",\"id\":1,\ndata: \"result\":{\"tools\":[{\"name\":\"ls\"}]}}\n\n";
    assert_eq!(arrives("text/event-stream", &[stream.as_bytes()]).0, expect);
}

#[test]
fn an_event_goes_out_when_it_is_whole() {
    let mut answer = Answer::new("text/event-stream");
    let event = "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n";
    assert_eq!(answer.push(event.as_bytes(), false, &may_see).unwrap(), event.as_bytes());
    assert_eq!(answer.push(b"data: {\"json", false, &may_see).unwrap(), b"");
}

#[test]
fn events_under_another_name_are_read_as_well() {
    let stream = format!(
        "event: endpoint\ndata: /messages?sessionId=1\n\nevent: endpoint\ndata: {LIST}\n\nevent: other\ndata: {LIST}\n\n"
    );
    assert_eq!(arrives("text/event-stream", &[stream.as_bytes()]).0, stream.replace(LIST, SEEN));
}

#[test]
fn an_event_that_is_no_message_is_replaced() {
    let (out, answer) = arrives(
        "text/event-stream",
        &[b"id: 1\ndata: [DONE]\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"to"],
    );
    assert!(out.starts_with("id: 1\ndata: {\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32603,"), "{out}");
    assert!(!out.contains("DONE") && !out.contains("result"), "{out}");
    assert_eq!(answer.replaced(), 2);
}

#[test]
fn an_answer_in_no_form_of_the_protocol_is_left_out() {
    for kind in ["text/plain", "", "application/x-ndjson"] {
        assert_eq!(arrives(kind, &[LIST.as_bytes()]).0, "");
    }
}

#[test]
fn an_answer_that_is_too_long_ends() {
    let mut answer = Answer::new("application/json");
    let half = vec![b' '; ANSWER_BYTES_MAX];
    assert_eq!(answer.push(&half, false, &may_see).unwrap(), b"");
    assert_eq!(answer.push(b" ", false, &may_see).unwrap_err().code, "mcp-answer-too-large");
    assert_eq!(answer.push(LIST.as_bytes(), true, &may_see).unwrap_err().code, "mcp-answer-too-large");

    let mut answer = Answer::new("text/event-stream");
    let event = "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n";
    let long = [event.as_bytes(), b"data: ", &half].concat();
    assert_eq!(answer.push(&long, false, &may_see).unwrap(), event.as_bytes());
    assert_eq!(answer.push(b"\n\n", false, &may_see).unwrap_err().code, "mcp-answer-too-large");
}

proptest! {
    /// Whatever stands around the tools, those that remain are the right ones, in their order.
    #[test]
    fn a_filtered_list_is_json_with_the_right_tools(
        names in prop::collection::vec(prop::sample::select(vec!["rm", "ls", "echo"]), 0..8),
        blank in prop::sample::select(vec!["", " ", "\n\t"]),
        scope in prop::sample::select(vec!["", r#","cacheScope":"public""#, r#","ttlMs":1"#]),
    ) {
        let tools: Vec<String> = names.iter().map(|name| format!(r#"{blank}{{"name":{blank}"{name}"}}{blank}"#)).collect();
        let message = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{}]{scope}{blank}}}}}"#, tools.join(","));
        let found = filter(message.as_bytes(), &may_see).unwrap();
        let parsed: serde_json::Value = serde_json::from_slice(&found.message).unwrap();
        let left: Vec<&str> =
            parsed["result"]["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
        let expect: Vec<&str> = names.iter().copied().filter(|name| may_see(name)).collect();
        prop_assert_eq!(found.hidden, names.len() - expect.len());
        prop_assert_eq!(left, expect);
        prop_assert_eq!(parsed["result"].get("cacheScope").is_some(), !scope.is_empty());
        prop_assert!(scope.is_empty() || parsed["result"]["cacheScope"] == "private");
    }

    /// Nothing that comes in makes a reader fall over.
    #[test]
    fn bytes_of_any_kind_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,80}") {
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            let list = [(&b"Mcp-Name"[..], bytes), (&b"mcp-param-x"[..], bytes), (bytes, bytes)];
            let call = modern(r#""name":"rm""#);
            let _ = read(call.as_bytes(), &Headers::of(list));
            prop_assert!(read(bytes, &Headers::none()).is_err());
            for kind in ["application/json", "text/event-stream"] {
                let mut answer = Answer::new(kind);
                prop_assert!(answer.push(bytes, true, &may_see).is_ok());
            }
        }
    }
}
