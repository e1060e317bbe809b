//! Answers on their way back, from servers that are not what they should be: what cannot be read does
//! not get to the agent, and nothing that an upstream says ends the filter.

#![expect(clippy::expect_used, reason = "a test fails loudly")]

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sentinel_envoy_tests::client::{post_json, request, send};
use sentinel_envoy_tests::filter::governing;
use sentinel_envoy_tests::script::gzip;
use sentinel_envoy_tests::{Answer, Envoy, Response, Upstream};
use serde_json::{Value, json};

const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo"},{"name":"rm"}]}}"#;

struct Rig {
    envoy: Envoy,
    upstream: Upstream,
    says: &'static Mutex<Option<Answer>>,
}

/// One proxy for all tests; the upstream says this.
fn rig(answer: Answer) -> MutexGuard<'static, Rig> {
    static SAYS: Mutex<Option<Answer>> = Mutex::new(None);
    static RIG: LazyLock<Mutex<Rig>> = LazyLock::new(|| {
        let upstream = Upstream::answering(|_| {
            let says = SAYS.lock().unwrap_or_else(PoisonError::into_inner).clone();
            says.expect("something to say")
        });
        let network = json!({
            "allowHosts": ["api.example"],
            "rules": [
                { "hosts": ["tools.example"], "mcp": { "server": "tools", "allowTools": ["echo"] } },
                { "hosts": ["model.example"], "llm": true },
            ],
        });
        Mutex::new(Rig {
            envoy: Envoy::start(&governing(&upstream, &network).build()),
            upstream,
            says: &SAYS,
        })
    });
    let rig = RIG.lock().unwrap_or_else(PoisonError::into_inner);
    *rig.says.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    rig.upstream.forget();
    rig
}

impl Rig {
    /// The answer to `tools/list`.
    fn list(&self) -> Response {
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
        post_json(self.envoy.port(), "tools.example", "/mcp", &call)
    }

    fn model(&self) -> Response {
        post_json(self.envoy.port(), "model.example", "/v1/chat/completions", &json!({ "model": "m" }))
    }
}

#[track_caller]
fn check_withheld(answer: &Response) {
    let code = answer.header("x-soe-code").unwrap_or_default();
    assert_eq!((answer.status, code.as_str()), (502, "answer-refused"), "{}", answer.text());
    assert!(!answer.text().contains("rm"), "{}", answer.text());
}

/// The head is on its way when a body turns out to be unreadable: it has no end, nothing in it, or a
/// word that it is withheld.
#[track_caller]
fn check_kept_back(answer: &Response) {
    let text = answer.text();
    let is_told = text.is_empty() || text.contains("answer of the server is withheld");
    assert!(!answer.complete || answer.status >= 500 || is_told, "{answer:?}");
    assert!(!text.contains("\"rm\""), "{text}");
}

fn names(answer: &Response) -> Vec<String> {
    let body = answer.json();
    let tools = body.pointer("/result/tools").and_then(Value::as_array).into_iter().flatten();
    tools.filter_map(|tool| tool.get("name")?.as_str().map(str::to_owned)).collect()
}

#[test]
fn a_list_loses_what_is_forbidden_however_it_comes() {
    let whole = Answer::new(200, "application/json", LIST);
    let (half, rest) = LIST.split_at(30);
    let in_pieces =
        Answer::stream("application/json; charset=utf-8", &[half, rest], Duration::from_millis(30));
    let to_the_end = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{LIST}");
    for says in [whole, in_pieces, Answer::raw(to_the_end)] {
        let rig = rig(says);
        let answer = rig.list();
        assert_eq!((answer.status, names(&answer)), (200, vec!["echo".to_owned()]));
        assert_eq!(rig.upstream.only_request().header("accept-encoding"), None);
    }
}

#[test]
fn a_list_in_a_stream_loses_it_as_well() {
    let event = format!("event: message\r\nid: 7\r\ndata: {LIST}\r\n\r\n");
    let (half, rest) = event.split_at(60);
    let answer = rig(Answer::stream("text/event-stream", &[half, rest], Duration::from_millis(30))).list();
    let text = answer.text();
    assert!(answer.complete && text.contains("\"echo\"") && !text.contains("\"rm\""), "{text}");
    assert!(text.contains("id: 7"), "{text}");
}

#[test]
fn what_is_compressed_is_withheld() {
    let packed =
        || Answer::new(200, "application/json", gzip(LIST.as_bytes())).header("content-encoding", "gzip");
    check_withheld(&rig(packed()).list());
    check_withheld(&rig(packed()).model());
}

#[test]
fn what_is_no_message_is_kept_back() {
    for body in ["", "<html>", "[]", "null", "{\"jsonrpc\":\"2.0\"", "{\"tools\":[{\"name\":\"rm\"}]}"] {
        check_kept_back(&rig(Answer::stream("application/json", &[body], Duration::ZERO)).list());
    }
    let twice = LIST.replace("\"result\"", "\"result\":{},\"result\"");
    check_kept_back(&rig(Answer::new(200, "application/json", twice)).list());
    check_kept_back(&rig(Answer::new(200, "application/json", [LIST.as_bytes(), b"\xff"].concat())).list());
}

#[test]
fn what_is_no_answer_of_a_model_is_kept_back() {
    let says = [
        Answer::new(200, "application/json", r#"{"tool_calls":[{"name":"rm"}]}"#),
        Answer::new(200, "application/json", "{"),
        Answer::new(200, "text/html", "<html>\"rm\""),
        Answer::stream("text/event-stream", &["data: {\"rm\"\n\n"], Duration::ZERO),
    ];
    for answer in says {
        check_kept_back(&rig(answer).model());
    }
}

/// Half a mebibyte is a list; what never ends is none.
#[test]
fn an_answer_has_a_bound() {
    let filled = |bytes: usize| {
        LIST.replace("\"echo\"", &format!("\"echo\",\"description\":\"{}\"", "a".repeat(bytes)))
    };
    let answer = rig(Answer::new(200, "application/json", filled(512 << 10))).list();
    assert_eq!((answer.status, names(&answer)), (200, vec!["echo".to_owned()]));
    check_kept_back(&rig(Answer::new(200, "application/json", filled(64 << 20))).list());
}

#[test]
fn answers_without_a_body_pass() {
    for status in [202, 204, 304] {
        // The connection ends behind it, and the proxy must know: it would send the next request there.
        let raw = format!("HTTP/1.1 {status} Said\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        let raw = if status == 202 { raw } else { raw.replace("content-length: 0\r\n", "") };
        assert_eq!(rig(Answer::raw(raw)).list().status, status);
    }
    assert_eq!(rig(Answer::new(404, "application/json", "{\"error\":1}")).model().text(), "{\"error\":1}");
}

/// Bytes that are no text in the head of an answer, where it is read and where it is not.
#[test]
fn headers_that_are_no_text_do_not_end_the_filter() {
    let says = || {
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-a: \xff\xfe\r\n".to_vec();
        let rest = format!("connection: close\r\ncontent-length: {}\r\n\r\n{LIST}", LIST.len());
        Answer::raw([head, rest.into_bytes()].concat())
    };
    assert_eq!(names(&rig(says()).list()), ["echo"]);
    let type_of_bytes =
        format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\ncontent-type: ", LIST.len());
    let says_type = Answer::raw(
        [type_of_bytes.into_bytes(), b"\xff\r\n\r\n".to_vec(), LIST.as_bytes().to_vec()].concat(),
    );
    check_kept_back(&rig(says_type).list());
    let plain = rig(says());
    let answer = send(plain.envoy.port(), &request("GET", "api.example", "/", &[], b"")).expect("an answer");
    assert_eq!((answer.status, answer.text().as_str()), (200, LIST));
}

/// An upstream that goes away leaves an answer that is not whole.
#[test]
fn what_was_cut_off_is_not_completed() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let (half, _) = LIST.split_at(40);
    let says = [
        format!("{head}content-length: {}\r\n\r\n{half}", LIST.len()),
        format!("{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{half}\r\n", half.len()),
    ];
    for raw in says {
        check_kept_back(&rig(Answer::raw(raw)).list());
    }
}
