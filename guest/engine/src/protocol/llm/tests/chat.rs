//! Chat Completions.

use super::*;

const API: Api = Api::OpenAiChat;

const WHOLE: &str = r#"{
  "id": "chatcmpl-B1", "object": "chat.completion", "created": 1790000000, "model": "gpt-4o-2024-08-06",
  "choices": [{
    "index": 0,
    "message": {
      "role": "assistant", "content": null,
      "tool_calls": [
        {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{\"city\":\"Oslo\"}"}},
        {"id": "call_2", "type": "function", "function": {"name": "delete_all", "arguments": "{\"path\":\"/srv\"}"}},
        {"id": "call_3", "type": "custom", "custom": {"name": "shell", "input": "rm -rf \"/srv\""}}
      ],
      "refusal": null, "annotations": []
    },
    "logprobs": null, "finish_reason": "tool_calls"
  }],
  "usage": {"prompt_tokens": 81, "completion_tokens": 20, "total_tokens": 101}
}"#;

#[test]
fn denied_calls_are_taken_out_of_a_whole_answer() {
    let outcome = both(API, JSON, WHOLE);
    assert_eq!(
        asked(&outcome),
        [
            ("get_weather", r#"{"city":"Oslo"}"#),
            ("delete_all", r#"{"path":"/srv"}"#),
            ("shell", r#"{"input":"rm -rf \"/srv\""}"#),
        ]
    );
    let read = strict::chat(&outcome.bytes);
    assert_eq!(read.calls, [("get_weather".to_owned(), r#"{"city":"Oslo"}"#.to_owned())]);
    assert_eq!(read.stopped, "tool_calls");
    assert_eq!(
        read.text,
        "Policy denies \"delete_all\".\nAsk somebody.\n\nPolicy denies \"shell\".\nAsk somebody."
    );
    let spliced =
        WHOLE.replace(r#""content": null"#, &format!(r#""content": {}"#, json_string(&read.text))).replace(
            &WHOLE[WHOLE.find(",\n        {\"id\": \"call_2\"").expect("there")
                ..WHOLE.find("\n      ],").expect("there")],
            "",
        );
    assert_eq!(outcome.bytes, spliced, "everything else is as it was");
}

use crate::wire::json_string;

fn one(message: &str, reason: &str) -> String {
    format!(
        r#"{{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{{"index":0,"message":{message},"finish_reason":"{reason}"}}]}}"#
    )
}

#[test]
fn a_whole_answer_without_a_call_left_stops() {
    let call = r#"{"id":"1","type":"function","function":{"name":"delete_all","arguments":"{\"a\":1}"}}"#;
    let legacy = r#"{"name":"delete_all","arguments":"{\"a\":1}"}"#;
    let ours = "Policy denies \"delete_all\".\nAsk somebody.";
    for (message, text) in [
        (format!(r#"{{"role":"assistant","content":null,"tool_calls":[{call}]}}"#), ours.to_owned()),
        (format!(r#"{{"role":"assistant","content":"","tool_calls":[{call}]}}"#), ours.to_owned()),
        (
            format!(r#"{{"role":"assistant","content":"Well.","tool_calls":[{call}]}}"#),
            format!("Well.\n\n{ours}"),
        ),
        (format!(r#"{{"tool_calls":[{call}],"role":"assistant"}}"#), ours.to_owned()),
        (format!(r#"{{ "tool_calls":[{call}], "role":"assistant", "content":null}}"#), ours.to_owned()),
        (format!(r#"{{"role":"assistant","content":null,"function_call":{legacy}}}"#), ours.to_owned()),
        (
            format!(r#"{{"function_call":{legacy},"role":"assistant","content":null,"tool_calls":null}}"#),
            ours.to_owned(),
        ),
    ] {
        let outcome = both(API, JSON, &one(&message, "tool_calls"));
        let read = strict::chat(&outcome.bytes);
        assert_eq!((read.text, read.calls, read.stopped), (text, vec![], "stop".to_owned()), "{message}");
    }
    let all = both(API, JSON, &one(&format!(r#"{{"tool_calls":[{call}]}}"#), "tool_calls"));
    assert!(all.bytes.contains(r#""message":{"content":"Policy"#), "{}", all.bytes);
}

#[test]
fn answers_without_calls_pass_as_they_are() {
    for answer in [
        one(r#"{"role":"assistant","content":"tool_calls","refusal":null}"#, "stop"),
        one(r#"{"role":"assistant","content":"x","tool_calls":[],"function_call":null}"#, "stop"),
        r#"{"error":{"message":"no","type":"invalid_request_error","param":null,"code":null}}"#.to_owned(),
        String::new(),
    ] {
        assert_eq!(asked(&both(API, JSON, &answer)), []);
    }
}

#[test]
fn calls_that_cannot_be_decided_are_denied_unasked() {
    for arguments in [
        "{",
        "[]",
        "\\\"x\\\"",
        "{\\\"a\\\":1} {}",
        "{\\\"a\\\":1,\\\"a\\\":2}",
        "{\\\"a\\\":1,\\\"\\\\u0061\\\":2}",
    ] {
        let call = format!(
            r#"{{"id":"1","type":"function","function":{{"name":"search","arguments":"{arguments}"}}}}"#
        );
        let answer =
            one(&format!(r#"{{"role":"assistant","content":null,"tool_calls":[{call}]}}"#), "length");
        let outcome = check(API, JSON, &answer, true).expect("it can be read");
        assert_eq!(asked(&outcome), []);
        let read = strict::chat(&outcome.bytes);
        assert_eq!(read.calls, []);
        assert_eq!(read.stopped, "length");
        assert!(read.text.contains("\"search\" was not passed on"), "{}", read.text);
    }
    let none = r#"{"id":"1","type":"function","function":{"name":"search","arguments":""}}"#;
    let answer = one(&format!(r#"{{"role":"assistant","tool_calls":[{none}]}}"#), "tool_calls");
    assert_eq!(asked(&both(API, JSON, &answer)), [("search", "{}")]);
}

#[test]
fn whole_answers_of_another_shape_are_refused() {
    let with = |call: &str| one(&format!(r#"{{"role":"assistant","tool_calls":[{call}]}}"#), "tool_calls");
    for (answer, code) in [
        (with("1"), "llm-shape"),
        (with("{}"), "llm-shape"),
        (with(r#"{"id":"1","type":"robot","robot":{}}"#), "llm-shape"),
        (with(r#"{"type":"custom","function":{"name":"a","arguments":"{}"}}"#), "llm-shape"),
        (with(r#"{"function":{"name":"a","arguments":"{}"},"custom":{"name":"b","input":""}}"#), "llm-shape"),
        (with(r#"{"type":"function","function":{"name":"","arguments":"{}"}}"#), "llm-shape"),
        (with(r#"{"type":"function","function":{"name":"a\nb","arguments":"{}"}}"#), "llm-shape"),
        (with(r#"{"type":"function","function":{"name":"a","Name":"b","arguments":"{}"}}"#), "llm-ambiguous"),
        (with(r#"{"type":"function","function":{"name":"a","arguments":{}}}"#), "llm-shape"),
        (r#"{"choices":[{"delta":{"tool_calls":[]}}]}"#.to_owned(), "llm-shape"),
        (one(r#"{"tool_Calls":[]}"#, "stop"), "llm-ambiguous"),
        // A list of answers, and nothing at all.
        (r#"{"object":"list","data":[{"choices":[]}]}"#.to_owned(), "llm-shape"),
        ("{}".to_owned(), "llm-shape"),
    ] {
        refused(API, JSON, &answer, code);
    }
    // Text in parts has no place for ours.
    let call = r#"{"id":"1","type":"function","function":{"name":"delete_all","arguments":"{}"}}"#;
    let parts = one(&format!(r#"{{"role":"assistant","content":[],"tool_calls":[{call}]}}"#), "stop");
    assert_eq!(check(API, JSON, &parts, false).expect_err("parts").code, "llm-shape");
}

fn chunk(choices: &str) -> String {
    format!(
        r#"{{"id":"chatcmpl-B2","object":"chat.completion.chunk","created":1790000000,"model":"gpt-4o","system_fingerprint":"fp_1","choices":[{choices}]}}"#
    )
}

fn delta(delta: &str) -> String {
    chunk(&format!(r#"{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":null}}"#))
}

fn chunks(chunks: &[String]) -> String {
    let mut all: Vec<&str> = chunks.iter().map(String::as_str).collect();
    all.push("[DONE]");
    stream(&all)
}

fn finish(reason: &str) -> String {
    chunk(&format!(r#"{{"index":0,"delta":{{}},"logprobs":null,"finish_reason":"{reason}"}}"#))
}

fn begin(at: u32, name: &str) -> String {
    delta(&format!(
        r#"{{"tool_calls":[{{"index":{at},"id":"call_{at}","type":"function","function":{{"name":"{name}","arguments":""}}}}]}}"#
    ))
}

fn more(at: u32, piece: &str) -> String {
    delta(&format!(
        r#"{{"tool_calls":[{{"index":{at},"function":{{"arguments":{}}}}}]}}"#,
        json_string(piece)
    ))
}

/// Three calls, their pieces mixed.
pub(super) fn parallel() -> String {
    chunks(&[
        delta(r#"{"role":"assistant","content":""}"#),
        delta(r#"{"content":"Let me see."}"#),
        begin(0, "delete_all"),
        more(0, "{\"path\":"),
        begin(1, "get_weather"),
        more(1, "{\"city\":"),
        more(0, "\"/srv\"}"),
        more(1, "\"Oslo\"}"),
        begin(2, "search"),
        more(2, "{\"q\":\"snow\"}"),
        finish("tool_calls"),
        chunk("").replace(
            "\"choices\":[]",
            r#""choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}"#,
        ),
    ])
}

#[test]
fn denied_calls_are_taken_out_of_a_stream_and_the_others_move_up() {
    let outcome = both(API, SSE, &parallel());
    assert_eq!(
        asked(&outcome),
        [
            ("delete_all", r#"{"path":"/srv"}"#),
            ("get_weather", r#"{"city":"Oslo"}"#),
            ("search", r#"{"q":"snow"}"#),
        ]
    );
    let read = strict::chat_stream(&outcome.bytes);
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].text, "Let me see.\n\nPolicy denies \"delete_all\".\nAsk somebody.");
    let calls = [("get_weather", r#"{"city":"Oslo"}"#), ("search", r#"{"q":"snow"}"#)];
    assert_eq!(read[0].calls, calls.map(|(name, arguments)| (name.to_owned(), arguments.to_owned())));
    assert_eq!(read[0].stopped, "tool_calls");
    assert!(outcome.bytes.contains(r#""usage":{"prompt_tokens":1"#));
}

#[test]
fn a_stream_without_a_call_left_stops() {
    let first = r#"{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"call_0","type":"function","function":{"name":"delete_all","arguments":""}}]}"#;
    let outcome = both(API, SSE, &chunks(&[delta(first), more(0, "{\"a\":1}"), finish("tool_calls")]));
    let read = strict::chat_stream(&outcome.bytes);
    assert_eq!((read[0].calls.len(), read[0].stopped.as_str()), (0, "stop"));
    assert_eq!(read[0].text, "Policy denies \"delete_all\".\nAsk somebody.");
    // What is left of the first chunk is the role.
    assert!(outcome.bytes.contains(r#""delta":{"role":"assistant","content":null}"#), "{}", outcome.bytes);
    // The same without a list, as older models call.
    let legacy = [
        delta(r#"{"role":"assistant","content":null,"function_call":{"name":"delete_all","arguments":""}}"#),
        delta(r#"{"function_call":{"arguments":"{\"a\":"}}"#),
        delta(r#"{"function_call":{"arguments":"1}"}}"#),
        finish("function_call"),
    ];
    let outcome = both(API, SSE, &chunks(&legacy));
    assert_eq!(asked(&outcome), [("delete_all", r#"{"a":1}"#)]);
    let read = strict::chat_stream(&outcome.bytes);
    assert_eq!((read[0].calls.len(), read[0].stopped.as_str()), (0, "stop"));
}

#[test]
fn a_whole_call_in_one_chunk_with_its_end_is_decided() {
    let last = chunk(
        r#"{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_0","type":"function","function":{"name":"delete_all","arguments":"{\"a\":1}"}},{"index":1,"id":"call_1","type":"function","function":{"name":"search","arguments":"{}"}}]},"finish_reason":"tool_calls"}"#,
    );
    let read = strict::chat_stream(&both(API, SSE, &chunks(&[last])).bytes);
    assert_eq!(read[0].calls, [("search".to_owned(), "{}".to_owned())]);
}

#[test]
fn text_passes_while_a_call_waits() {
    let mut answer = LlmAnswer::new(API, Some(SSE), None).expect("events");
    let begun = stream(&[&begin(0, "search"), &more(0, "{")]);
    answer.push(begun.as_bytes(), false).expect("read");
    assert!(answer.take().is_empty());
    let other = chunk(r#"{"index":1,"delta":{"content":"meanwhile"},"finish_reason":null}"#);
    let text = format!(": still here\n\n{}", stream(&[&other]));
    answer.push(text.as_bytes(), false).expect("read");
    assert_eq!(answer.take(), text.as_bytes());
    assert_eq!(answer.asked(), None, "its arguments are not complete");
    answer.push(stream(&[&more(0, "}"), &finish("tool_calls")]).as_bytes(), false).expect("read");
    assert_eq!(answer.asked(), Some(Asked { name: "search", arguments: "{}" }));
    assert!(answer.take().is_empty());
    answer.answer(Ruling { permitted: true, text: "" }).expect("released");
    assert!(answer.take().starts_with(begun.as_bytes()));
    assert!(!answer.is_changed());
}

#[test]
fn choices_are_told_apart() {
    let call = |at: u32, name: &str| {
        format!(
            r#"{{"index":{at},"delta":{{"tool_calls":[{{"index":0,"id":"call_{at}","type":"function","function":{{"name":"{name}","arguments":"{{}}"}}}}]}},"finish_reason":null}}"#
        )
    };
    let end = |at: u32| format!(r#"{{"index":{at},"delta":{{}},"finish_reason":"tool_calls"}}"#);
    let both_in_one = [
        chunk(&format!("{},{}", call(0, "search"), call(1, "delete_all"))),
        chunk(&format!("{},{}", end(1), end(0))),
    ];
    let read = strict::chat_stream(&both(API, SSE, &chunks(&both_in_one)).bytes);
    assert_eq!(read[0].calls.len(), 1);
    assert_eq!((read[1].calls.len(), read[1].stopped.as_str()), (0, "stop"));
    assert_eq!(read[0].text, "");
}

#[test]
fn cut_off_arguments_are_denied_unasked_at_the_limit_of_tokens() {
    let answer = chunks(&[begin(0, "search"), more(0, "{\"q\":\"sn"), finish("length")]);
    let outcome = check(API, SSE, &answer, true).expect("it can be read");
    assert_eq!(asked(&outcome), []);
    let read = strict::chat_stream(&outcome.bytes);
    assert_eq!((read[0].calls.len(), read[0].stopped.as_str()), (0, "length"));
    assert!(read[0].text.contains("was not passed on"));
}

#[test]
fn streams_that_could_hide_a_call_are_refused() {
    for (events, code) in [
        // The end comes in the middle of a call.
        (vec![begin(0, "search"), more(0, "{}")], "llm-cut-off"),
        (vec![begin(0, "search"), more(0, "{}"), "[DONE]".to_owned()], "llm-cut-off"),
        // A name that some join and some replace.
        (vec![begin(0, "search"), begin(0, "search"), finish("tool_calls")], "llm-ambiguous"),
        (
            vec![begin(0, "get_"), delta(r#"{"tool_calls":[{"index":0,"function":{"name":"weather"}}]}"#)],
            "llm-ambiguous",
        ),
        // No name at all.
        (vec![more(0, "{}"), finish("tool_calls")], "llm-shape"),
        // After the end of its choice.
        (vec![finish("stop"), begin(0, "search")], "llm-shape"),
        // In another shape.
        (vec![delta(r#"{"tool_calls":[{"function":{"name":"search"}}]}"#)], "llm-shape"),
        (vec![delta(r#"{"tool_calls":{}}"#)], "llm-shape"),
        (vec![delta(r#"{"tool_calls":[{"index":-1}]}"#)], "llm-shape"),
        (vec![delta(r#"{"Tool_Calls":[]}"#)], "llm-ambiguous"),
        (vec![chunk(r#"{"index":0,"message":{"tool_calls":[]}}"#)], "llm-shape"),
        (vec![chunk(r#"{"delta":{}},{"delta":{}}"#)], "llm-shape"),
        // Of another API.
        (vec![r#"{"delta":{"tool_calls":[]}}"#.to_owned()], "llm-event-unknown"),
        (vec!["{\"choices\":[".to_owned()], "llm-not-json"),
        (vec!["[]".to_owned()], "llm-shape"),
    ] {
        let texts: Vec<&str> = events.iter().map(String::as_str).collect();
        refused(API, SSE, &stream(&texts), code);
    }
}

#[test]
fn what_was_held_back_is_never_let_go_after_a_refusal() {
    let mut answer = LlmAnswer::new(API, Some(SSE), None).expect("events");
    answer.push(stream(&[&begin(0, "delete_all"), &more(0, "{}")]).as_bytes(), false).expect("read");
    answer.push(b"", true).expect_err("cut off");
    assert!(answer.take().is_empty());
}

/// Some imitations say `""` where nothing has ended.
#[test]
fn an_empty_reason_to_stop_is_none() {
    let stream = concat!(
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":\"\"}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"1\",\"function\":{\"name\":\"rm\",\"arguments\":\"{\"}}]},\"finish_reason\":\"\"}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"}\"}}]},\"finish_reason\":\"\"}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n",
        "data: [DONE]\n\n",
    );
    let outcome = both(Api::OpenAiChat, SSE, stream);
    assert_eq!(outcome.asked, [("rm".to_owned(), "{}".to_owned())]);
}
