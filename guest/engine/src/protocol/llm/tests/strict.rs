//! Readers that take nothing which the APIs would not send: they follow the official clients, and
//! check what those take for granted.

use serde_json::Value;

/// What an agent makes of an answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) text: String,
    /// Name and arguments.
    pub(super) calls: Vec<(String, String)>,
    pub(super) stopped: String,
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn str_of<'v>(value: &'v Value, path: &str) -> &'v str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("no {path} in {value}"))
}

fn list_of<'v>(value: &'v Value, path: &str) -> &'v Vec<Value> {
    value.pointer(path).and_then(Value::as_array).unwrap_or_else(|| panic!("no {path} in {value}"))
}

/// Name and data of every event.
fn events(stream: &str) -> Vec<(String, String)> {
    let stream = stream.replace("\r\n", "\n");
    assert!(stream.ends_with("\n\n"), "the last event does not end");
    stream
        .split("\n\n")
        .filter(|event| !event.is_empty() && !event.starts_with(':'))
        .map(|event| {
            let field = |name: &str| {
                let lines = event.lines().filter_map(|line| line.strip_prefix(name));
                lines.map(|value| value.trim_start().to_owned()).collect::<Vec<_>>().join("\n")
            };
            (field("event:"), field("data:"))
        })
        .collect()
}

fn chat_reason(read: &Read) {
    match read.stopped.as_str() {
        "tool_calls" | "function_call" => assert!(!read.calls.is_empty(), "{read:?}"),
        "stop" => assert!(read.calls.is_empty(), "{read:?}"),
        "length" | "content_filter" => {}
        other => panic!("unknown reason {other}"),
    }
}

/// Chat completions, not streamed; the first choice.
pub(super) fn chat(answer: &str) -> Read {
    let root = json(answer);
    assert_eq!(str_of(&root, "/object"), "chat.completion");
    let choice = &list_of(&root, "/choices")[0];
    let message = &choice["message"];
    assert_eq!(str_of(message, "/role"), "assistant");
    assert!(message["content"].is_string() || message["content"].is_null());
    let mut read = Read {
        text: message["content"].as_str().unwrap_or_default().to_owned(),
        stopped: str_of(choice, "/finish_reason").to_owned(),
        ..Read::default()
    };
    if let Some(calls) = message.get("tool_calls").filter(|calls| !calls.is_null()) {
        assert!(!calls.as_array().expect("a list").is_empty(), "an empty list of calls");
        for call in calls.as_array().expect("a list") {
            str_of(call, "/id");
            let body = match str_of(call, "/type") {
                "function" => (str_of(call, "/function/name"), str_of(call, "/function/arguments")),
                "custom" => (str_of(call, "/custom/name"), str_of(call, "/custom/input")),
                other => panic!("unknown type {other}"),
            };
            read.calls.push((body.0.to_owned(), body.1.to_owned()));
        }
    }
    if let Some(call) = message.get("function_call").filter(|call| !call.is_null()) {
        read.calls.push((str_of(call, "/name").to_owned(), str_of(call, "/arguments").to_owned()));
    }
    chat_reason(&read);
    read
}

/// Chat completions, streamed; by choice.
pub(super) fn chat_stream(stream: &str) -> Vec<Read> {
    let mut events = events(stream);
    assert_eq!(events.pop().expect("an end").1, "[DONE]");
    let mut choices: Vec<Read> = Vec::new();
    let mut id = None;
    for (_, data) in events {
        let chunk = json(&data);
        assert_eq!(str_of(&chunk, "/object"), "chat.completion.chunk");
        let own = (str_of(&chunk, "/id").to_owned(), str_of(&chunk, "/model").to_owned());
        assert_eq!(*id.get_or_insert_with(|| own.clone()), own, "another answer");
        for choice in list_of(&chunk, "/choices") {
            let at = choice["index"].as_u64().expect("an index") as usize;
            choices.resize_with(choices.len().max(at + 1), Read::default);
            let read = &mut choices[at];
            assert_eq!(read.stopped, "", "something comes after the end of a choice");
            let delta = choice["delta"].as_object().expect("a delta");
            read.text.push_str(delta.get("content").and_then(Value::as_str).unwrap_or_default());
            if let Some(call) = delta.get("function_call") {
                if read.calls.is_empty() {
                    read.calls.push((str_of(call, "/name").to_owned(), String::new()));
                }
                read.calls[0].1.push_str(call["arguments"].as_str().unwrap_or_default());
            }
            for call in delta.get("tool_calls").map_or(&[][..], |calls| calls.as_array().expect("a list")) {
                let place = call["index"].as_u64().expect("an index") as usize;
                if place == read.calls.len() {
                    str_of(call, "/id");
                    assert_eq!(str_of(call, "/type"), "function");
                    read.calls.push((str_of(call, "/function/name").to_owned(), String::new()));
                }
                assert!(place < read.calls.len(), "an index is left out");
                read.calls[place].1.push_str(
                    call.pointer("/function/arguments").and_then(Value::as_str).unwrap_or_default(),
                );
            }
            read.stopped = choice["finish_reason"].as_str().unwrap_or_default().to_owned();
        }
    }
    choices.iter().for_each(chat_reason);
    choices
}

fn item(item: &Value, read: &mut Read) {
    match str_of(item, "/type") {
        "message" => {
            assert_eq!(str_of(item, "/role"), "assistant");
            assert_eq!(str_of(item, "/status"), "completed");
            str_of(item, "/id");
            for part in list_of(item, "/content") {
                assert_eq!(str_of(part, "/type"), "output_text");
                list_of(part, "/annotations");
                read.text.push_str(str_of(part, "/text"));
            }
        }
        "function_call" => {
            str_of(item, "/call_id");
            read.calls.push((str_of(item, "/name").to_owned(), str_of(item, "/arguments").to_owned()));
        }
        "custom_tool_call" => {
            read.calls.push((str_of(item, "/name").to_owned(), str_of(item, "/input").to_owned()));
        }
        kind @ ("shell_call" | "local_shell_call" | "computer_call") => {
            read.calls.push((kind.to_owned(), item["action"].to_string()));
        }
        "apply_patch_call" => read.calls.push(("apply_patch".to_owned(), item["operation"].to_string())),
        "mcp_approval_request" | "reasoning" | "web_search_call" | "mcp_call" | "tool_search_call" => {}
        other => panic!("unknown item {other}"),
    }
}

/// Responses, not streamed.
pub(super) fn response(answer: &str) -> Read {
    of_response(&json(answer))
}

fn of_response(root: &Value) -> Read {
    assert_eq!(str_of(root, "/object"), "response");
    let mut read = Read { stopped: str_of(root, "/status").to_owned(), ..Read::default() };
    list_of(root, "/output").iter().for_each(|own| item(own, &mut read));
    read
}

/// Responses, streamed: what the deltas say, what the items say and what the end says are one.
pub(super) fn response_stream(stream: &str) -> Read {
    let mut items: Vec<Value> = Vec::new();
    let mut pieces: Vec<String> = Vec::new();
    let mut done: Vec<Value> = Vec::new();
    let mut number = None;
    let mut last = None;
    for (name, data) in events(stream) {
        assert_eq!(last, None, "something comes after the end");
        let event = json(&data);
        assert_eq!(str_of(&event, "/type"), name);
        let own = event["sequence_number"].as_u64().expect("a number");
        assert!(number.is_none_or(|number| own > number), "numbers do not rise: {own} after {number:?}");
        number = Some(own);
        let at = event["output_index"].as_u64().map_or(usize::MAX, |at| at as usize);
        let named = |items: &[Value]| assert_eq!(str_of(&event, "/item_id"), str_of(&items[at], "/id"));
        match name.as_str() {
            "response.created" | "response.in_progress" => {
                assert!(list_of(&event, "/response/output").is_empty())
            }
            "response.output_item.added" => {
                assert_eq!(at, items.len(), "an index is left out");
                items.push(event["item"].clone());
                pieces.push(String::new());
            }
            "response.content_part.added" => {
                named(&items);
                assert_eq!(str_of(&items[at], "/type"), "message");
            }
            "response.output_text.delta" => {
                named(&items);
                list_of(&event, "/logprobs");
                assert_eq!(str_of(&items[at], "/type"), "message");
                pieces[at].push_str(str_of(&event, "/delta"));
            }
            "response.output_text.done" => assert_eq!(str_of(&event, "/text"), pieces[at]),
            "response.content_part.done" => assert_eq!(str_of(&event, "/part/text"), pieces[at]),
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                named(&items);
                pieces[at].push_str(str_of(&event, "/delta"));
            }
            "response.function_call_arguments.done" => assert_eq!(str_of(&event, "/arguments"), pieces[at]),
            "response.custom_tool_call_input.done" => assert_eq!(str_of(&event, "/input"), pieces[at]),
            "response.output_item.done" => {
                assert_eq!(at, done.len(), "items end in another order here");
                let item = &event["item"];
                assert_eq!(str_of(item, "/type"), str_of(&items[at], "/type"));
                assert_eq!(str_of(item, "/id"), str_of(&items[at], "/id"));
                for whole in ["/arguments", "/input", "/content/0/text"] {
                    if let Some(text) = item.pointer(whole) {
                        assert_eq!(text, &pieces[at]);
                    }
                }
                done.push(item.clone());
            }
            "response.completed" | "response.incomplete" => last = Some(event["response"].clone()),
            other if other.starts_with("response.web_search_call.") => {}
            other => panic!("unknown event {other}"),
        }
    }
    let last = last.expect("an end");
    assert_eq!(list_of(&last, "/output"), &done);
    of_response(&last)
}

fn message_reason(read: &Read) {
    match read.stopped.as_str() {
        "tool_use" => assert!(!read.calls.is_empty(), "{read:?}"),
        "end_turn" => assert!(read.calls.is_empty(), "{read:?}"),
        "max_tokens" | "pause_turn" => {}
        other => panic!("unknown reason {other}"),
    }
}

/// Messages, not streamed.
pub(super) fn message(answer: &str) -> Read {
    let root = json(answer);
    assert_eq!((str_of(&root, "/type"), str_of(&root, "/role")), ("message", "assistant"));
    let mut read = Read { stopped: str_of(&root, "/stop_reason").to_owned(), ..Read::default() };
    for block in list_of(&root, "/content") {
        match str_of(block, "/type") {
            "text" => read.text.push_str(str_of(block, "/text")),
            "tool_use" => {
                assert!(block["input"].is_object());
                str_of(block, "/id");
                read.calls.push((str_of(block, "/name").to_owned(), block["input"].to_string()));
            }
            "thinking" | "server_tool_use" | "web_search_tool_result" => {}
            other => panic!("unknown block {other}"),
        }
    }
    message_reason(&read);
    read
}

/// Messages, streamed.
pub(super) fn message_stream(stream: &str) -> Read {
    let mut blocks: Vec<(Value, String, bool)> = Vec::new();
    let mut read = Read::default();
    let mut names = Vec::new();
    for (name, data) in events(stream) {
        let event = json(&data);
        assert_eq!(str_of(&event, "/type"), name);
        assert_ne!(names.last().map(String::as_str), Some("message_stop"), "something comes after the end");
        let at = event["index"].as_u64().map_or(usize::MAX, |at| at as usize);
        match name.as_str() {
            "message_start" => assert!(names.is_empty()),
            "ping" => {}
            "content_block_start" => {
                assert_eq!(at, blocks.len(), "an index is left out");
                assert!(blocks.iter().all(|(_, _, is_open)| !is_open), "two blocks are open");
                blocks.push((event["content_block"].clone(), String::new(), true));
            }
            "content_block_delta" => {
                let (block, text, is_open) = &mut blocks[at];
                assert!(*is_open);
                let (kind, piece) = match str_of(block, "/type") {
                    "text" => ("text_delta", "/delta/text"),
                    "thinking" => ("thinking_delta", "/delta/thinking"),
                    "tool_use" | "server_tool_use" => ("input_json_delta", "/delta/partial_json"),
                    other => panic!("unknown block {other}"),
                };
                assert_eq!(str_of(&event, "/delta/type"), kind);
                text.push_str(str_of(&event, piece));
            }
            "content_block_stop" => {
                assert!(blocks[at].2, "a block ends twice");
                blocks[at].2 = false;
            }
            "message_delta" => read.stopped = str_of(&event, "/delta/stop_reason").to_owned(),
            "message_stop" => assert!(blocks.iter().all(|(_, _, is_open)| !is_open), "a block does not end"),
            other => panic!("unknown event {other}"),
        }
        names.push(name);
    }
    assert_eq!(names.last().map(String::as_str), Some("message_stop"));
    for (block, text, _) in blocks {
        match str_of(&block, "/type") {
            "text" => read.text.push_str(&text),
            "tool_use" => {
                read.calls.push((
                    str_of(&block, "/name").to_owned(),
                    if text.is_empty() { "{}".to_owned() } else { text },
                ));
            }
            _ => {}
        }
    }
    message_reason(&read);
    read
}
