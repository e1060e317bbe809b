//! Responses.

use super::*;

const API: Api = Api::OpenAiResponses;

fn whole(items: &[&str]) -> String {
    format!(
        r#"{{"id":"resp_1","object":"response","created_at":1790000000,"status":"completed","error":null,"model":"gpt-5","output":[{}],"parallel_tool_calls":true,"usage":{{"total_tokens":3}}}}"#,
        items.join(", ")
    )
}

const REASONING: &str = r#"{"id":"rs_1","type":"reasoning","summary":[],"encrypted_content":"gAAA"}"#;
const SEARCH: &str = r#"{"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search","query":"delete_all"}}"#;
const WEATHER: &str = r#"{"id":"fc_1","type":"function_call","status":"completed","call_id":"call_1","name":"get_weather","arguments":"{\"city\":\"Oslo\"}"}"#;
const DELETE: &str = r#"{"id":"fc_2","type":"function_call","status":"completed","call_id":"call_2","name":"delete_all","arguments":"{\"path\":\"/srv\"}"}"#;
const CUSTOM: &str = r#"{"id":"ctc_1","type":"custom_tool_call","status":"completed","call_id":"call_3","name":"run_sql","input":"DROP TABLE \"t\""}"#;

#[test]
fn a_denied_call_of_a_whole_answer_becomes_a_message() {
    let answer = whole(&[REASONING, SEARCH, WEATHER, DELETE, CUSTOM]);
    let outcome = both(API, JSON, &answer);
    assert_eq!(
        asked(&outcome),
        [
            ("get_weather", r#"{"city":"Oslo"}"#),
            ("delete_all", r#"{"path":"/srv"}"#),
            ("run_sql", r#"{"input":"DROP TABLE \"t\""}"#),
        ]
    );
    let read = strict::response(&outcome.bytes);
    assert_eq!(read.calls, [("get_weather".to_owned(), r#"{"city":"Oslo"}"#.to_owned())]);
    assert_eq!(
        read.text,
        "Policy denies \"delete_all\".\nAsk somebody.Policy denies \"run_sql\".\nAsk somebody."
    );
    let message = |id: &str, name: &str| {
        format!(
            r#"{{"type":"message","id":"msg_{id}","status":"completed","role":"assistant","content":[{{"type":"output_text","text":"Policy denies \"{name}\".\nAsk somebody.","annotations":[]}}]}}"#
        )
    };
    let expected =
        answer.replace(DELETE, &message("fc_2", "delete_all")).replace(CUSTOM, &message("ctc_1", "run_sql"));
    assert_eq!(outcome.bytes, expected, "everything else is as it was");
}

/// What the agent executes is asked about under its name; what the provider has executed is not.
#[test]
fn every_kind_of_item_is_the_agents_or_the_providers() {
    for (item, expected) in [
        (
            r#"{"type":"function_call","id":"1","call_id":"c","name":"get","namespace":"crm","arguments":"{}"}"#,
            Some(("crm__get", "{}")),
        ),
        (
            r#"{"type":"function_call","id":"1","call_id":"c","name":"get","namespace":"mcp__crm__","arguments":""}"#,
            Some(("mcp__crm__get", "{}")),
        ),
        (
            r#"{"type":"function_call","name":"get","arguments":"{}","caller":{"type":"program","caller_id":"p"}}"#,
            Some(("get", "{}")),
        ),
        (
            r#"{"type":"mcp_approval_request","id":"1","name":"rm","server_label":"files","arguments":"{\"p\":1}"}"#,
            Some(("mcp__files__rm", r#"{"p":1}"#)),
        ),
        (
            r#"{"type":"local_shell_call","id":"1","call_id":"c","action":{"type":"exec","command":["rm","-rf"],"env":{}},"status":"completed"}"#,
            Some(("local_shell", r#"{"type":"exec","command":["rm","-rf"],"env":{}}"#)),
        ),
        (
            r#"{"type":"shell_call","id":"1","call_id":"c","action":{"commands":["ls"]},"status":"completed"}"#,
            Some(("shell", r#"{"commands":["ls"]}"#)),
        ),
        (
            r#"{"type":"shell_call","id":"1","call_id":"c","action":{"commands":["ls"]},"environment":{"type":"local"}}"#,
            Some(("shell", r#"{"commands":["ls"]}"#)),
        ),
        (
            r#"{"type":"shell_call","id":"1","call_id":"c","action":{"commands":["ls"]},"environment":{"type":"container_reference","container_id":"x"}}"#,
            None,
        ),
        (
            r#"{"type":"computer_call","id":"1","call_id":"c","action":{"type":"click","x":1,"y":2},"pending_safety_checks":[]}"#,
            Some(("computer", r#"{"action":{"type":"click","x":1,"y":2}}"#)),
        ),
        (
            r#"{"type":"computer_call","id":"1","call_id":"c","actions":[{"type":"wait"}]}"#,
            Some(("computer", r#"{"actions":[{"type":"wait"}]}"#)),
        ),
        (
            r#"{"type":"tool_search_call","id":"1","execution":"client","arguments":{"q":1}}"#,
            Some(("tool_search", r#"{"q":1}"#)),
        ),
        (r#"{"type":"tool_search_call","id":"1","execution":"server","arguments":{"q":1}}"#, None),
        (
            r#"{"type":"mcp_call","id":"1","name":"rm","server_label":"files","arguments":"{}","output":"done"}"#,
            None,
        ),
        (r#"{"type":"code_interpreter_call","id":"1","code":"x"}"#, None),
        (r#"{"type":"function_call_output","id":"1","output":"x"}"#, None),
        (r#"{"type":"program","id":"1","call_id":"c","code":"x","fingerprint":"f"}"#, None),
    ] {
        let outcome = both(API, JSON, &whole(&[item]));
        assert_eq!(asked(&outcome).first().copied(), expected, "{item}");
    }
    let patch = r#"{"type":"apply_patch_call","id":"1","call_id":"c","operation":{"type":"delete_file","path":"/srv/a"},"status":"completed"}"#;
    let outcome = both(API, JSON, &whole(&[patch]));
    assert_eq!(asked(&outcome), [("apply_patch", r#"{"type":"delete_file","path":"/srv/a"}"#)]);
}

#[test]
fn items_of_another_shape_are_refused() {
    for (item, code) in [
        (r#"{"type":"robot_call","id":"1"}"#, "llm-item-unknown"),
        (r#"{"type":"Function_call","name":"a","arguments":"{}"}"#, "llm-item-unknown"),
        (r#"{"id":"1"}"#, "llm-shape"),
        (r#"{"type":"function_call","arguments":"{}"}"#, "llm-shape"),
        (r#"{"type":"function_call","name":"a","arguments":{}}"#, "llm-shape"),
        (r#"{"type":"function_call","name":"a","Arguments":"{}","arguments":"{}"}"#, "llm-ambiguous"),
        (r#"{"type":"custom_tool_call","name":"a"}"#, "llm-shape"),
        (r#"{"type":"shell_call","call_id":"c","action":{"commands":[1]}}"#, "llm-shape"),
        (r#"{"type":"shell_call","call_id":"c","action":[]}"#, "llm-shape"),
        (r#"{"type":"apply_patch_call","call_id":"c"}"#, "llm-shape"),
    ] {
        refused(API, JSON, &whole(&[item]), code);
    }
}

/// Events with their numbers, from the ones without.
fn numbered(events: &[String]) -> String {
    let events: Vec<String> = events
        .iter()
        .enumerate()
        .map(|(number, event)| event.replacen('{', &format!(r#"{{"sequence_number":{number},"#), 1))
        .collect();
    let texts: Vec<&str> = events.iter().map(String::as_str).collect();
    stream(&texts)
}

fn begin() -> Vec<String> {
    let response = whole(&[]).replace("\"completed\"", "\"in_progress\"");
    vec![
        format!(r#"{{"type":"response.created","response":{response}}}"#),
        format!(r#"{{"type":"response.in_progress","response":{response}}}"#),
    ]
}

fn finish(items: &[&str]) -> Vec<String> {
    vec![format!(r#"{{"type":"response.completed","response":{}}}"#, whole(items))]
}

fn done(at: u32, item: &str) -> String {
    format!(r#"{{"type":"response.output_item.done","output_index":{at},"item":{item}}}"#)
}

fn added(at: u32, item: &str) -> String {
    format!(r#"{{"type":"response.output_item.added","output_index":{at},"item":{item}}}"#)
}

fn spoken(at: u32, id: &str, text: &str) -> (Vec<String>, String) {
    let item = |status: &str, content: &str| {
        format!(
            r#"{{"id":"{id}","type":"message","status":"{status}","role":"assistant","content":[{content}]}}"#
        )
    };
    let part =
        |text: &str| format!(r#"{{"type":"output_text","annotations":[],"logprobs":[],"text":"{text}"}}"#);
    let place = format!(r#""item_id":"{id}","output_index":{at},"content_index":0"#);
    let whole = item("completed", &part(text));
    let events = vec![
        added(at, &item("in_progress", "")),
        format!(r#"{{"type":"response.content_part.added",{place},"part":{}}}"#, part("")),
        format!(
            r#"{{"type":"response.output_text.delta",{place},"delta":"{text}","logprobs":[],"obfuscation":"aG"}}"#
        ),
        format!(r#"{{"type":"response.output_text.done",{place},"text":"{text}","logprobs":[]}}"#),
        format!(r#"{{"type":"response.content_part.done",{place},"part":{}}}"#, part(text)),
        done(at, &whole),
    ];
    (events, whole)
}

/// A function or custom tool, its text in pieces.
fn called(at: u32, item: &str, pieces: &[&str]) -> Vec<String> {
    let value: serde_json::Value = serde_json::from_str(item).expect("JSON");
    let (kind, member) = match value["type"].as_str() {
        Some("function_call") => ("function_call_arguments", "arguments"),
        _ => ("custom_tool_call_input", "input"),
    };
    let id = value["id"].as_str().expect("an id");
    let text = value[member].as_str().expect("a text");
    let begun = item
        .replace(&serde_json::to_string(text).expect("JSON"), "\"\"")
        .replace("\"completed\"", "\"in_progress\"");
    let place = format!(r#""item_id":"{id}","output_index":{at}"#);
    let mut events = vec![added(at, &begun)];
    for piece in pieces {
        let piece = serde_json::to_string(piece).expect("JSON");
        events.push(format!(r#"{{"type":"response.{kind}.delta",{place},"delta":{piece}}}"#));
    }
    let text = serde_json::to_string(text).expect("JSON");
    events.push(format!(r#"{{"type":"response.{kind}.done",{place},"{member}":{text}}}"#));
    events.push(done(at, item));
    events
}

/// Three calls between two texts.
pub(super) fn several() -> String {
    let (text, said) = spoken(0, "msg_1", "I'll look.");
    let (last, ended) = spoken(4, "msg_2", "Done.");
    let events = [
        begin(),
        text,
        called(1, DELETE, &["{\"path\":", "\"/srv\"}"]),
        called(2, WEATHER, &["{\"city\":\"Oslo\"}"]),
        called(3, CUSTOM, &["DROP TABLE ", "\"t\""]),
        last,
        finish(&[&said, DELETE, WEATHER, CUSTOM, &ended]),
    ]
    .concat();
    numbered(&events)
}

#[test]
fn a_denied_call_of_a_stream_becomes_a_message_everywhere() {
    let outcome = both(API, SSE, &several());
    assert_eq!(
        asked(&outcome),
        [
            ("delete_all", r#"{"path":"/srv"}"#),
            ("get_weather", r#"{"city":"Oslo"}"#),
            ("run_sql", r#"{"input":"DROP TABLE \"t\""}"#),
        ]
    );
    let read = strict::response_stream(&outcome.bytes);
    assert_eq!(read.calls, [("get_weather".to_owned(), r#"{"city":"Oslo"}"#.to_owned())]);
    assert_eq!(
        read.text,
        "I'll look.Policy denies \"delete_all\".\nAsk somebody.Policy denies \"run_sql\".\nAsk somebody.Done."
    );
}

#[test]
fn numbers_go_on_where_the_replacement_is_longer_or_shorter() {
    let letters: Vec<String> = "{\"path\":\"/srv\"}".chars().map(String::from).collect();
    let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
    for pieces in [&[][..], &["{\"path\":\"/srv\"}"], &letters] {
        let (last, ended) = spoken(1, "msg_2", "Done.");
        let events = [begin(), called(0, DELETE, pieces), last, finish(&[DELETE, &ended])].concat();
        let outcome = both(API, SSE, &numbered(&events));
        // Nothing was said in pieces: the strict reader compares pieces with the whole.
        let read = strict::response_stream(&outcome.bytes);
        assert_eq!(read.calls, []);
        let is_shorter = pieces.len() > 6;
        assert_eq!(
            outcome.bytes.contains(&format!(
                r#"{{"sequence_number":{},"type":"response.completed""#,
                events.len() - 1
            )),
            is_shorter
        );
    }
}

#[test]
fn short_streams_are_decided_as_well() {
    // The finished item alone, and the whole response alone, as some servers send them.
    let alone = stream(&[&format!(r#"{{"type":"response.output_item.done","item":{DELETE}}}"#)]);
    let outcome = both(API, SSE, &alone);
    assert_eq!(asked(&outcome), [("delete_all", r#"{"path":"/srv"}"#)]);
    assert!(outcome.bytes.contains("\"type\":\"response.output_text.delta\""));
    let events: Vec<String> = finish(&[DELETE, WEATHER]);
    let outcome = both(API, SSE, &stream(&[&events[0]]));
    assert_eq!(asked(&outcome).len(), 2);
    // The same call with other arguments at the end is another one.
    let other = DELETE.replace("/srv", "/etc");
    let ended = finish(&[&other]);
    let outcome = both(API, SSE, &stream(&[&done(0, DELETE), &ended[0]]));
    assert_eq!(asked(&outcome).len(), 2);
}

#[test]
fn shells_of_the_agent_are_held_and_those_of_the_provider_pass() {
    let item = |environment: &str, commands: &str| {
        format!(
            r#"{{"id":"sh_1","type":"shell_call","call_id":"c","action":{{"commands":[{commands}]}},"environment":{environment},"status":"completed"}}"#
        )
    };
    let command = |kind: &str, member: &str| {
        format!(
            r#"{{"type":"response.shell_call_command.{kind}","output_index":0,"command_index":0,{member}}}"#
        )
    };
    let events = |environment: &str| {
        [
            added(0, &item(environment, "")),
            command("added", r#""command":"""#),
            command("delta", r#""delta":"rm -rf""#),
            command("delta", r#""delta":" /srv""#),
            command("done", r#""command":"rm -rf /srv""#),
            done(0, &item(environment, r#""rm -rf /srv""#)),
        ]
    };
    let outcome = both(API, SSE, &numbered(&events(r#"{"type":"local"}"#)));
    assert_eq!(asked(&outcome), [("shell", r#"{"commands":["rm -rf /srv"]}"#)]);
    assert!(!outcome.bytes.contains("rm -rf"));
    let container = r#"{"type":"container_reference","container_id":"x"}"#;
    assert_eq!(asked(&both(API, SSE, &numbered(&events(container)))), []);
    let mut two = events(r#"{"type":"local"}"#).to_vec();
    two[4] = command("done", r#""command":"ls""#);
    refused(API, SSE, &numbered(&two), "llm-ambiguous");
}

#[test]
fn a_call_that_is_cut_off_is_denied_unasked() {
    let mut events = [begin(), called(0, WEATHER, &["{\"city\":\"Os"])].concat();
    events.truncate(4);
    let ended = finish(&[])[0].replace("response.completed", "response.incomplete");
    events.push(ended);
    let outcome = check(API, SSE, &numbered(&events), true).expect("it can be read");
    assert_eq!(asked(&outcome), []);
    assert!(outcome.bytes.contains("was not passed on"));
    assert!(!outcome.bytes.contains("function_call"));
    // Finished, but not with JSON.
    let broken = WEATHER.replace(r#"\"Oslo\"}"#, r#"\"Os"#);
    let events = [begin(), called(0, &broken, &["{\"city\":\"Os"]), finish(&[&broken])].concat();
    let outcome = check(API, SSE, &numbered(&events), true).expect("it can be read");
    assert!(!outcome.bytes.contains("function_call"), "{}", outcome.bytes);
}

#[test]
fn streams_that_could_hide_a_call_are_refused() {
    let call = called(0, WEATHER, &["{\"city\":\"Oslo\"}"]);
    let [begun, piece, whole_text, ended] = call.as_slice() else { panic!("four events") };
    for (events, code) in [
        (vec![begun.clone(), piece.clone()], "llm-cut-off"),
        (vec![begun.clone(), "[DONE]".to_owned()], "llm-cut-off"),
        // One call in two ways.
        (vec![begun.clone(), piece.replace("Oslo", "Rome"), ended.clone()], "llm-ambiguous"),
        (vec![begun.clone(), piece.clone(), whole_text.replace("Oslo", "Rome")], "llm-ambiguous"),
        (vec![begun.replace("get_weather", "search"), ended.clone()], "llm-ambiguous"),
        (vec![begun.replace("call_1", "call_9"), ended.clone()], "llm-ambiguous"),
        (
            vec![begun.replace(r#""arguments":"""#, r#""arguments":"{}""#), piece.clone(), ended.clone()],
            "llm-ambiguous",
        ),
        (vec![begun.clone(), piece.replace("fc_1", "fc_2")], "llm-ambiguous"),
        (vec![added(0, DELETE), added(1, WEATHER), piece.clone()], "llm-ambiguous"),
        (
            vec![
                begun.clone(),
                ended.replace("function_call", "custom_tool_call").replace("arguments", "input"),
            ],
            "llm-ambiguous",
        ),
        // Pieces of no call, or of one that is over.
        (vec![piece.clone()], "llm-shape"),
        (vec![begun.clone(), ended.clone(), piece.clone()], "llm-shape"),
        (vec![begun.clone(), ended.clone(), ended.clone()], "llm-shape"),
        (vec![begun.clone(), begun.clone()], "llm-shape"),
        (vec![begun.clone(), done(0, &REASONING.replace("rs_1", "fc_1"))], "llm-shape"),
        // Kinds that nobody knows.
        (
            vec![r#"{"type":"response.robot.delta","output_index":0,"delta":"x"}"#.to_owned()],
            "llm-event-unknown",
        ),
        (vec![format!(r#"{{"type":"response.robot","item":{DELETE}}}"#)], "llm-event-unknown"),
        (vec![format!(r#"{{"type":"response.output_text.delta","item":{DELETE}}}"#)], "llm-event-unknown"),
        (
            vec![format!(r#"{{"type":"response.mcp_call.completed","response":{}}}"#, whole(&[DELETE]))],
            "llm-event-unknown",
        ),
        (vec![added(0, r#"{"type":"robot_call"}"#)], "llm-item-unknown"),
        (vec![r#"{"type":"response.completed"}"#.to_owned()], "llm-shape"),
    ] {
        let texts: Vec<&str> = events.iter().map(String::as_str).collect();
        refused(API, SSE, &stream(&texts), code);
    }
}
