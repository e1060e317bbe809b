//! Messages.

use super::*;

const API: Api = Api::AnthropicMessages;

const WHOLE: &str = r#"{"id":"msg_01","type":"message","role":"assistant","model":"claude-sonnet-4-5",
 "content":[
  {"type":"thinking","thinking":"First the weather.","signature":"EqQB"},
  {"type":"text","text":"I'll look."},
  {"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"delete_all"}},
  {"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[]},
  {"type":"tool_use","id":"toolu_1","name":"get_weather","input":{ "city" : "Oslo" }},
  {"type":"tool_use","id":"toolu_2","name":"delete_all","input":{"path":"/srv"},"caller":{"type":"direct"}}
 ],
 "stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":377,"output_tokens":65}}"#;

#[test]
fn a_denied_call_of_a_whole_answer_becomes_text_in_its_place() {
    let outcome = both(API, JSON, WHOLE);
    assert_eq!(
        asked(&outcome),
        [("get_weather", r#"{ "city" : "Oslo" }"#), ("delete_all", r#"{"path":"/srv"}"#)]
    );
    let block = r#"{"type":"tool_use","id":"toolu_2","name":"delete_all","input":{"path":"/srv"},"caller":{"type":"direct"}}"#;
    let text = r#"{"type":"text","text":"Policy denies \"delete_all\".\nAsk somebody."}"#;
    assert_eq!(outcome.bytes, WHOLE.replace(block, text), "everything else is as it was");
    let read = strict::message(&outcome.bytes);
    assert_eq!((read.calls.len(), read.stopped.as_str()), (1, "tool_use"));

    let alone = WHOLE.replace("get_weather", "drop_table");
    let read = strict::message(&both(API, JSON, &alone).bytes);
    assert_eq!((read.calls.len(), read.stopped.as_str()), (0, "end_turn"));
}

#[test]
fn answers_without_calls_pass_as_they_are() {
    for answer in [
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        r#"{"id":"msg_1","type":"message","role":"assistant","content":[{"type":"text","text":"tool_use"}],"stop_reason":"end_turn"}"#,
        r#"{"type":"message","content":[]}"#,
    ] {
        assert_eq!(asked(&both(API, JSON, answer)), []);
    }
}

#[test]
fn whole_answers_of_another_shape_are_refused() {
    for (block, code) in [
        (r#"{"type":"robot_use","id":"1","name":"n","input":{}}"#, "llm-item-unknown"),
        (r#"{"type":"Tool_use","id":"1","name":"n","input":{}}"#, "llm-item-unknown"),
        (r#"{"type":"tool_use","id":"1","name":"n"}"#, "llm-shape"),
        (r#"{"type":"tool_use","id":"1","input":{}}"#, "llm-shape"),
        (r#"{"type":"tool_use","id":"1","name":"n","NAME":"m","input":{}}"#, "llm-ambiguous"),
        (r#"{"type":"tool_use","type":"text","text":""}"#, "llm-duplicate-key"),
        (r#"{"text":"a"}"#, "llm-shape"),
        ("7", "llm-shape"),
    ] {
        refused(API, JSON, &format!(r#"{{"type":"message","content":[{block}]}}"#), code);
    }
    // An input that is no object is denied unasked.
    let outcome =
        check(API, JSON, r#"{"content":[{"type":"tool_use","id":"1","name":"n","input":[]}]}"#, true);
    let outcome = outcome.expect("it can be read");
    assert_eq!(asked(&outcome), []);
    assert!(outcome.bytes.contains("was not passed on"));
}

const START: &str = r#"{"type":"message_start","message":{"id":"msg_02","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":377,"output_tokens":1}}}"#;
const PING: &str = r#"{"type": "ping"}"#;
const STOP: &str = r#"{"type":"message_stop"}"#;

fn end(reason: &str) -> String {
    format!(
        r#"{{"type":"message_delta","delta":{{"stop_reason":"{reason}","stop_sequence":null}},"usage":{{"output_tokens":65}}}}"#
    )
}

fn text_block(at: u32, text: &str) -> Vec<String> {
    vec![
        format!(
            r#"{{"type":"content_block_start","index":{at},"content_block":{{"type":"text","text":""}}}}"#
        ),
        format!(
            r#"{{"type":"content_block_delta","index":{at},"delta":{{"type":"text_delta","text":"{text}"}}}}"#
        ),
        format!(r#"{{"type":"content_block_stop","index":{at}}}"#),
    ]
}

fn tool_block(at: u32, name: &str, pieces: &[&str]) -> Vec<String> {
    let start = format!(
        r#"{{"type":"content_block_start","index":{at},"content_block":{{"type":"tool_use","id":"toolu_{at}","name":"{name}","input":{{}}}}}}"#
    );
    let piece = |piece: &&str| {
        let piece = crate::wire::json_string(piece);
        format!(
            r#"{{"type":"content_block_delta","index":{at},"delta":{{"type":"input_json_delta","partial_json":{piece}}}}}"#
        )
    };
    let stop = format!(r#"{{"type":"content_block_stop","index":{at}}}"#);
    [start].into_iter().chain(pieces.iter().map(piece)).chain([stop]).collect()
}

fn answer(blocks: &[Vec<String>], reason: &str) -> String {
    let end = end(reason);
    let mut events = vec![START, PING];
    events.extend(blocks.iter().flatten().map(String::as_str));
    events.extend([end.as_str(), STOP]);
    stream(&events)
}

/// Three calls behind a text.
pub(super) fn several() -> String {
    answer(
        &[
            text_block(0, "I'll look."),
            tool_block(1, "delete_all", &["", "{\"path\"", ": \"/srv\"}"]),
            tool_block(2, "get_weather", &["{\"city\":", "\"Oslo\"}"]),
            tool_block(3, "list_files", &[]),
        ],
        "tool_use",
    )
}

#[test]
fn a_denied_call_of_a_stream_becomes_text_in_its_place() {
    let whole = several();
    let outcome = both(API, SSE, &whole);
    assert_eq!(
        asked(&outcome),
        [("delete_all", r#"{"path": "/srv"}"#), ("get_weather", r#"{"city":"Oslo"}"#), ("list_files", "{}")]
    );
    let read = strict::message_stream(&outcome.bytes);
    assert_eq!(read.calls, [("get_weather".to_owned(), r#"{"city":"Oslo"}"#.to_owned())]);
    assert_eq!(
        read.text,
        "I'll look.Policy denies \"delete_all\".\nAsk somebody.Policy denies \"list_files\".\nAsk somebody."
    );
    assert_eq!(read.stopped, "tool_use");
}

#[test]
fn a_stream_without_a_call_left_ends_its_turn() {
    let whole = answer(&[tool_block(0, "delete_all", &["{\"a\":1}"]), text_block(1, "Done.")], "tool_use");
    let read = strict::message_stream(&both(API, SSE, &whole).bytes);
    assert_eq!((read.calls.len(), read.stopped.as_str()), (0, "end_turn"));
    // With carriage returns, as some servers write.
    let whole = whole.replace('\n', "\r\n");
    let read = strict::message_stream(&both(API, SSE, &whole).bytes);
    assert_eq!((read.calls.len(), read.stopped.as_str()), (0, "end_turn"));
}

#[test]
fn what_the_provider_executes_passes() {
    let mut search = tool_block(0, "web_search", &["{\"query\":\"snow\"}"]);
    search[0] = search[0].replace("tool_use", "server_tool_use");
    let outcome = both(API, SSE, &answer(&[search, text_block(1, "Snow.")], "end_turn"));
    assert_eq!(asked(&outcome), []);
}

#[test]
fn text_passes_at_once_and_pings_pass_while_a_call_waits() {
    let mut own = LlmAnswer::new(API, Some(SSE), None).expect("events");
    let text: Vec<String> = text_block(0, "I'll look.");
    let text = stream(&[START, &text[0], &text[1]]);
    own.push(text.as_bytes(), false).expect("read");
    assert_eq!(own.take(), text.as_bytes());
    let tool = tool_block(1, "search", &["{}"]);
    own.push(stream(&[&text_block(0, "")[2], &tool[0], &tool[1]]).as_bytes(), false).expect("read");
    own.take();
    own.push(stream(&[PING]).as_bytes(), false).expect("read");
    assert_eq!(own.take(), stream(&[PING]).as_bytes());
    own.push(stream(&[&tool[2], &text_block(2, "x")[0]]).as_bytes(), false).expect("read");
    assert!(own.take().is_empty(), "what comes behind a call waits with it");
    assert_eq!(own.asked(), Some(Asked { name: "search", arguments: "{}" }));
    own.answer(Ruling { permitted: true, text: "" }).expect("released");
    assert!(own.take().ends_with(stream(&[&text_block(2, "x")[0]]).as_bytes()));
}

/// What waits goes on behind it, and would be a part of its line.
#[test]
fn an_end_that_has_no_end_of_its_own_waits_for_what_waits() {
    let tool = tool_block(0, "search", &["{}"]);
    let whole = stream(&[START, &tool[0], &tool[1], &tool[2]]) + ": alive";
    let mut own = LlmAnswer::new(API, Some(SSE), None).expect("events");
    own.push(whole.as_bytes(), true).expect("read");
    own.answer(Ruling { permitted: true, text: "" }).expect("released");
    assert_eq!(String::from_utf8_lossy(&own.take()), whole);
}

#[test]
fn a_call_that_is_cut_off_at_the_limit_of_tokens_is_denied_unasked() {
    let mut cut = tool_block(0, "search", &["{\"q\":\"sn"]);
    cut.pop();
    let outcome = check(API, SSE, &answer(&[cut], "max_tokens"), true).expect("it can be read");
    assert_eq!(asked(&outcome), []);
    let read = strict::message_stream(&outcome.bytes);
    assert_eq!((read.calls.len(), read.stopped.as_str()), (0, "max_tokens"));
    assert!(read.text.contains("\"search\" was not passed on"), "{}", read.text);
}

#[test]
fn streams_that_could_hide_a_call_are_refused() {
    let tool = tool_block(0, "search", &["{}"]);
    let begun = |input: &str| tool[0].replace(r#""input":{}"#, &format!(r#""input":{input}"#));
    let named = |name: &str, data: &str| super::super::stream::event(name, data);
    for (whole, code) in [
        (stream(&[START, &tool[0], &tool[1]]), "llm-cut-off"),
        // Indices that are not the order.
        (stream(&[START, &tool[0].replace("\"index\":0", "\"index\":1")]), "llm-shape"),
        (stream(&[START, &tool[0], &tool[2], &tool[0]]), "llm-shape"),
        (stream(&[START, &tool[0], &tool[2], &tool[1]]), "llm-shape"),
        (stream(&[START, &tool[1]]), "llm-shape"),
        (stream(&[START, &end("end_turn"), &tool[0]]), "llm-shape"),
        // Blocks before any has begun.
        (stream(&[&START.replace("\"content\":[]", r#""content":[{"type":"tool_use"}]"#)]), "llm-shape"),
        (stream(&[START, &tool[0], &tool[2], START]), "llm-shape"),
        // The input twice, and in another shape.
        (stream(&[START, &begun("{\"a\":1}"), &tool[1], &tool[2]]), "llm-ambiguous"),
        (stream(&[START, &tool[0], &tool[1].replace("input_json_delta", "text_delta")]), "llm-shape"),
        // Names and types that differ.
        (named("ping", &tool[0]), "llm-ambiguous"),
        (named("content_block_start", PING), "llm-ambiguous"),
        // Kinds that nobody knows.
        (stream(&[START, &tool[0].replace("\"tool_use\"", "\"new_use\"")]), "llm-item-unknown"),
        (stream(&[r#"{"type":"tool","name":"search","input":{}}"#]), "llm-event-unknown"),
        (stream(&[r#"{"name":"search"}"#]), "llm-event-unknown"),
        (stream(&[r#"{"type":"note","sequence_number":{"tool":1}}"#]), "llm-event-unknown"),
    ] {
        refused(API, SSE, &whole, code);
    }
    // One that has no room for a call passes.
    both(API, SSE, &stream(&[START, r#"{"type":"keepalive","sequence_number":3}"#, &end("end_turn"), STOP]));
    // The whole input at the beginning, as some gateways send it.
    let outcome = both(API, SSE, &stream(&[START, &begun("{\"a\":1}"), &tool[2], &end("tool_use"), STOP]));
    assert_eq!(asked(&outcome), [("search", "{\"a\":1}")]);
    // The type in the name only.
    let bare = tool.iter().map(|data| data.replacen(r#""type":"content_block_start","#, "", 1));
    let bare: Vec<String> = bare
        .zip(["content_block_start", "content_block_delta", "content_block_stop"])
        .map(|(data, name)| named(name, &data))
        .collect();
    let whole = format!("{}{}{}", stream(&[START]), bare.concat(), stream(&[&end("tool_use"), STOP]));
    assert_eq!(asked(&both(API, SSE, &whole)), [("search", "{}")]);
}
