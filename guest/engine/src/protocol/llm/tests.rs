//! Answers in the shapes that the APIs give them, streamed and not; what is ruled on, what goes on,
//! and every way to be refused. What was replaced is read by strict readers of each API ([`strict`]).

mod chat;
mod hostile;
mod messages;
mod responses;
mod strict;

use super::*;

const JSON: &str = "application/json";
const SSE: &str = "text/event-stream; charset=utf-8";

/// The tools that are permitted everywhere here; all others are denied.
const PERMITTED: [&str; 3] = ["get_weather", "search", "apply_patch"];

fn ruling(name: &str, permit_all: bool) -> (bool, String) {
    (permit_all || PERMITTED.contains(&name), format!("Policy denies \"{name}\".\nAsk somebody."))
}

/// What came of an answer.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    /// What the agent got.
    bytes: String,
    /// What was asked, in order.
    asked: Vec<(String, String)>,
}

/// When the calls are ruled on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    AtOnce,
    AtTheEnd,
}

/// Sends an answer through, in pieces that end at these places.
fn through(
    api: Api,
    content_type: &str,
    answer: &str,
    cuts: &[usize],
    when: When,
    permit_all: bool,
) -> Result<Outcome, Refused> {
    let mut own = LlmAnswer::new(api, Some(content_type), None)?;
    let mut outcome = Outcome { bytes: String::new(), asked: Vec::new() };
    let mut bytes = Vec::new();
    let mut start = 0;
    for end in cuts.iter().copied().chain([answer.len()]) {
        own.push(&answer.as_bytes()[start..end], end == answer.len())?;
        start = end;
        bytes.extend(own.take());
        if when == When::AtTheEnd && end < answer.len() {
            continue;
        }
        while let Some(asked) = own.asked() {
            let (name, arguments) = (asked.name.to_owned(), asked.arguments.to_owned());
            serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&arguments)
                .expect("an object");
            let seen = String::from_utf8_lossy(&bytes).into_owned();
            let is_new = outcome.asked.iter().all(|(ruled, _)| *ruled != name);
            assert!(
                !is_new || !seen.contains(&format!("\"{name}\"")),
                "{name} went on before it was ruled on: {seen}"
            );
            let (permitted, text) = ruling(&name, permit_all);
            outcome.asked.push((name, arguments));
            own.answer(Ruling { permitted, text: &text })?;
            bytes.extend(own.take());
        }
    }
    outcome.bytes = String::from_utf8(bytes).expect("UTF-8");
    Ok(outcome)
}

/// However an answer is cut, and whenever it is ruled on, the same comes of it.
#[track_caller]
fn check(api: Api, content_type: &str, answer: &str, permit_all: bool) -> Result<Outcome, Refused> {
    let expected = through(api, content_type, answer, &[], When::AtOnce, permit_all);
    let every: Vec<usize> = (1..answer.len()).collect();
    for when in [When::AtOnce, When::AtTheEnd] {
        assert_eq!(through(api, content_type, answer, &every, when, permit_all), expected, "byte by byte");
        for cut in (1..answer.len()).step_by(31) {
            assert_eq!(
                through(api, content_type, answer, &[cut], when, permit_all),
                expected,
                "cut at {cut}"
            );
        }
    }
    expected
}

/// With everything permitted no byte is another one. The answer is what comes of it with the denials.
#[track_caller]
fn both(api: Api, content_type: &str, answer: &str) -> Outcome {
    let untouched = check(api, content_type, answer, true).expect("it can be read");
    assert_eq!(untouched.bytes, answer);
    let outcome = check(api, content_type, answer, false).expect("it can be read");
    assert_eq!(outcome.asked, untouched.asked);
    for (name, arguments) in &outcome.asked {
        if !PERMITTED.contains(&name.as_str()) {
            assert!(!outcome.bytes.contains(&format!("\"name\":\"{name}\"")), "{}", outcome.bytes);
            assert!(outcome.bytes.contains(&format!(r#"Policy denies \"{name}\".\nAsk somebody."#)));
            assert!(arguments == "{}" || !outcome.bytes.contains(arguments.as_str()));
        }
    }
    outcome
}

#[track_caller]
fn refused(api: Api, content_type: &str, answer: &str, code: &str) {
    let error = check(api, content_type, answer, true).expect_err("it has to be refused");
    assert_eq!(error.code, code, "{error:?}");
}

fn asked(outcome: &Outcome) -> Vec<(&str, &str)> {
    outcome.asked.iter().map(|(name, arguments)| (name.as_str(), arguments.as_str())).collect()
}

/// Data of events, each with its type as its name if it has one.
fn stream(events: &[&str]) -> String {
    let event = |data: &&str| {
        let kind = serde_json::from_str::<serde_json::Value>(data).ok();
        let kind = kind.and_then(|event| Some(event.get("type")?.as_str()?.to_owned()));
        super::stream::event(&kind.unwrap_or_default(), data)
    };
    events.iter().map(event).collect()
}

#[test]
fn apis_are_known_by_their_paths() {
    for (path, api) in [
        ("/v1/chat/completions", Some(Api::OpenAiChat)),
        ("/openai/deployments/x/chat/completions?api-version=1", Some(Api::OpenAiChat)),
        ("/v1/responses", Some(Api::OpenAiResponses)),
        ("/backend-api/codex/responses/", Some(Api::OpenAiResponses)),
        ("/v1/messages", Some(Api::AnthropicMessages)),
        ("/v1/messages?beta=true", Some(Api::AnthropicMessages)),
        ("/v1/messages/count_tokens", None),
        ("/v1/completions", None),
        ("/v1/models", None),
        ("/xresponses", None),
    ] {
        assert_eq!(Api::of_request("POST", path), api, "{path}");
    }
}

#[test]
fn what_is_not_plain_json_or_events_is_refused() {
    let new = |content_type: Option<&str>, encoding: Option<&str>| {
        LlmAnswer::new(Api::OpenAiChat, content_type, encoding).map(|_| ()).map_err(|refused| refused.code)
    };
    for content_type in
        ["application/json", "Application/JSON; charset=UTF-8", "text/event-stream;charset=\"utf-8\""]
    {
        assert_eq!(new(Some(content_type), None), Ok(()), "{content_type}");
        assert_eq!(new(Some(content_type), Some(" Identity ")), Ok(()));
        assert_eq!(new(Some(content_type), Some("gzip")), Err("llm-encoded"));
        assert_eq!(new(Some(content_type), Some("identity, br")), Err("llm-encoded"));
    }
    for content_type in [
        None,
        Some(""),
        Some("text/html"),
        Some("application/json; charset=utf-16"),
        Some("application/x-ndjson"),
    ] {
        assert_eq!(new(content_type, None), Err("llm-content-type"), "{content_type:?}");
    }
}

#[test]
fn an_answer_that_was_refused_stays_refused() {
    let mut answer = LlmAnswer::new(Api::OpenAiChat, Some(JSON), None).expect("JSON");
    let error = answer.push(b"{", true).expect_err("not JSON");
    assert_eq!(error.code, "llm-not-json");
    assert_eq!(answer.push(b"}", true), Err(error.clone()));
    assert_eq!(answer.answer(Ruling { permitted: true, text: "" }), Err(error));
    assert_eq!(answer.asked(), None);
    assert!(answer.take().is_empty());
}

#[test]
fn what_comes_after_the_end_is_refused() {
    for content_type in [JSON, SSE] {
        let mut answer = LlmAnswer::new(Api::OpenAiChat, Some(content_type), None).expect("known");
        answer.push(b"", true).expect("empty");
        answer.push(b"", true).expect("still empty");
        assert_eq!(answer.push(b"{}", true).expect_err("more").code, "llm-shape");
    }
}

#[test]
fn answers_that_no_two_readers_read_alike_are_refused() {
    for (answer, code) in [
        (r#"{"choices":[],"choices":[]}"#, "llm-duplicate-key"),
        (r#"{"choices":[],"Choices":[]}"#, "llm-ambiguous"),
        (r#"[{"choices":[]}]"#, "llm-shape"),
        (r#"{"choices":{}}"#, "llm-shape"),
        ("\u{feff}{}", "llm-not-json"),
        ("data: {}\n\n", "llm-not-json"),
    ] {
        refused(Api::OpenAiChat, JSON, answer, code);
    }
    let mut answer = LlmAnswer::new(Api::OpenAiChat, Some(JSON), None).expect("JSON");
    assert_eq!(answer.push(b"{\"a\":\"\xff\"}", true).expect_err("not UTF-8").code, "llm-not-json");
}

#[test]
fn answers_are_kept_within_limits() {
    let blank = vec![b' '; crate::limits::LLM_ANSWER_BYTES_MAX];
    for content_type in [JSON, SSE] {
        let mut answer = LlmAnswer::new(Api::AnthropicMessages, Some(content_type), None).expect("known");
        answer.push(&blank, false).expect("just fits");
        assert_eq!(answer.push(b"  ", false).expect_err("too large").code, "llm-too-large");
    }
    let calls =
        r#"{"type":"tool_use","id":"t","name":"n","input":{}},"#.repeat(crate::limits::LLM_CALLS_MAX + 1);
    let many = format!(r#"{{"content":[{}]}}"#, calls.trim_end_matches(','));
    let mut answer = LlmAnswer::new(Api::AnthropicMessages, Some(JSON), None).expect("JSON");
    assert_eq!(answer.push(many.as_bytes(), true).expect_err("too many").code, "llm-too-many-calls");
    // A call that never ends.
    let mut answer = LlmAnswer::new(Api::AnthropicMessages, Some(SSE), None).expect("events");
    let start = r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"n","input":{}}}"#;
    answer.push(stream(&[start]).as_bytes(), false).expect("begins");
    let piece = "x".repeat(1 << 20);
    let more = stream(&[&format!(
        r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"input_json_delta","partial_json":"{piece}"}}}}"#
    )]);
    let error = (0..32).find_map(|_| answer.push(more.as_bytes(), false).err());
    assert_eq!(error.expect("it ends").code, "llm-too-large");
    assert!(answer.take().is_empty());
}
