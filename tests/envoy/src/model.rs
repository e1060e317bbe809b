//! Answers of model APIs, in the shapes that the providers document: a sentence, and then calls of
//! tools.

use serde_json::{Value, json};

/// What every answer says before its calls.
pub const SENTENCE: [&str; 2] = ["Let me", " see."];

/// Arguments of every call, in the pieces that a stream has them in.
const ARGUMENTS: [&str; 2] = ["{\"city\": ", "\"Bern\"}"];

/// A model API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// Chat Completions of OpenAI.
    Chat,
    /// Responses of OpenAI.
    Responses,
    /// Messages of Anthropic.
    Messages,
}

impl Api {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Chat, Self::Responses, Self::Messages];

    /// Where it is.
    pub fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Responses => "/v1/responses",
            Self::Messages => "/v1/messages",
        }
    }

    /// The API of a path.
    pub fn of(path: &str) -> Self {
        Self::ALL.into_iter().find(|api| api.path() == path).unwrap_or_else(|| panic!("no API at `{path}`"))
    }

    /// An answer in one piece that calls these tools.
    pub fn whole(self, tools: &[&str]) -> String {
        match self {
            Self::Chat => chat_whole(tools),
            Self::Responses => response(tools, "completed"),
            Self::Messages => message_whole(tools),
        }
        .to_string()
    }

    /// The events of a streamed answer that calls these tools.
    pub fn events(self, tools: &[&str]) -> Vec<String> {
        match self {
            Self::Chat => chat_events(tools),
            Self::Responses => named(&responses_events(tools)),
            Self::Messages => named(&messages_events(tools)),
        }
    }
}

fn arguments() -> String {
    ARGUMENTS.concat()
}

fn text() -> String {
    SENTENCE.concat()
}

/// Events whose type is their name as well.
fn named(events: &[Value]) -> Vec<String> {
    let line =
        |event: &Value| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default());
    events.iter().map(line).collect()
}

fn chat_whole(tools: &[&str]) -> Value {
    let calls: Vec<Value> = tools
        .iter()
        .enumerate()
        .map(|(number, name)| {
            let function = json!({ "name": name, "arguments": arguments() });
            json!({ "id": format!("call_{number}"), "type": "function", "function": function })
        })
        .collect();
    let message = json!({ "role": "assistant", "content": text(), "refusal": null, "tool_calls": calls });
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{ "index": 0, "message": message, "logprobs": null, "finish_reason": "tool_calls" }],
        "usage": { "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 },
    })
}

fn chat_events(tools: &[&str]) -> Vec<String> {
    let chunk = |delta: Value, reason: Value| {
        let choice = json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": reason });
        let chunk = json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice],
        });
        format!("data: {chunk}\n\n")
    };
    let mut events = vec![chunk(json!({ "role": "assistant", "content": "" }), Value::Null)];
    events.extend(SENTENCE.map(|piece| chunk(json!({ "content": piece }), Value::Null)));
    for (number, name) in tools.iter().enumerate() {
        let function = json!({ "name": name, "arguments": "" });
        let call = json!({ "index": number, "id": format!("call_{number}"), "type": "function", "function": function });
        events.push(chunk(json!({ "tool_calls": [call] }), Value::Null));
        for piece in ARGUMENTS {
            let call = json!({ "index": number, "function": { "arguments": piece } });
            events.push(chunk(json!({ "tool_calls": [call] }), Value::Null));
        }
    }
    events.push(chunk(json!({}), json!("tool_calls")));
    events.push("data: [DONE]\n\n".to_owned());
    events
}

fn output_text() -> Value {
    json!({ "type": "output_text", "text": text(), "annotations": [], "logprobs": [] })
}

fn said(status: &str, content: &[Value]) -> Value {
    json!({ "id": "msg_1", "type": "message", "role": "assistant", "status": status, "content": content })
}

fn function_call(number: usize, name: &str, status: &str, arguments: &str) -> Value {
    json!({
        "id": format!("fc_{number}"), "type": "function_call", "call_id": format!("call_{number}"),
        "name": name, "arguments": arguments, "status": status,
    })
}

fn response(tools: &[&str], status: &str) -> Value {
    let mut output = vec![said("completed", &[output_text()])];
    let calls = tools.iter().enumerate();
    output.extend(calls.map(|(number, name)| function_call(number, name, "completed", &arguments())));
    if status == "in_progress" {
        output.clear();
    }
    json!({
        "id": "resp_1", "object": "response", "created_at": 1, "status": status, "model": "m", "output": output,
        "error": null, "incomplete_details": null, "instructions": null, "metadata": {},
        "parallel_tool_calls": true, "tool_choice": "auto", "tools": [],
    })
}

fn responses_events(tools: &[&str]) -> Vec<Value> {
    let mut events = vec![
        json!({ "type": "response.created", "response": response(tools, "in_progress") }),
        json!({ "type": "response.in_progress", "response": response(tools, "in_progress") }),
        json!({ "type": "response.output_item.added", "output_index": 0, "item": said("in_progress", &[]) }),
    ];
    let part = |kind: &str, mut event: Value| {
        event["type"] = json!(kind);
        event["item_id"] = json!("msg_1");
        event["output_index"] = json!(0);
        event["content_index"] = json!(0);
        event
    };
    let empty = json!({ "type": "output_text", "text": "", "annotations": [], "logprobs": [] });
    events.push(part("response.content_part.added", json!({ "part": empty })));
    let delta = |piece: &str| part("response.output_text.delta", json!({ "delta": piece, "logprobs": [] }));
    events.extend(SENTENCE.map(delta));
    events.push(part("response.output_text.done", json!({ "text": text(), "logprobs": [] })));
    events.push(part("response.content_part.done", json!({ "part": output_text() })));
    let item = said("completed", &[output_text()]);
    events.push(json!({ "type": "response.output_item.done", "output_index": 0, "item": item }));
    for (number, name) in tools.iter().enumerate() {
        let at = number + 1;
        let item = function_call(number, name, "in_progress", "");
        events.push(json!({ "type": "response.output_item.added", "output_index": at, "item": item }));
        let id = format!("fc_{number}");
        for piece in ARGUMENTS {
            let kind = "response.function_call_arguments.delta";
            events.push(json!({ "type": kind, "item_id": id, "output_index": at, "delta": piece }));
        }
        let kind = "response.function_call_arguments.done";
        events.push(json!({ "type": kind, "item_id": id, "output_index": at, "name": name, "arguments": arguments() }));
        let item = function_call(number, name, "completed", &arguments());
        events.push(json!({ "type": "response.output_item.done", "output_index": at, "item": item }));
    }
    events.push(json!({ "type": "response.completed", "response": response(tools, "completed") }));
    for (number, event) in events.iter_mut().enumerate() {
        event["sequence_number"] = json!(number);
    }
    events
}

fn message_whole(tools: &[&str]) -> Value {
    let mut content = vec![json!({ "type": "text", "text": text() })];
    let input: Value = serde_json::from_str(&arguments()).unwrap_or_default();
    content.extend(tools.iter().enumerate().map(|(number, name)| {
        json!({ "type": "tool_use", "id": format!("toolu_{number}"), "name": name, "input": input })
    }));
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": content,
        "stop_reason": "tool_use", "stop_sequence": null,
        "usage": { "input_tokens": 1, "output_tokens": 1 },
    })
}

fn messages_events(tools: &[&str]) -> Vec<Value> {
    let message = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": { "input_tokens": 1, "output_tokens": 1 },
    });
    let start = |index: usize, block: Value| json!({ "type": "content_block_start", "index": index, "content_block": block });
    let delta =
        |index: usize, delta: Value| json!({ "type": "content_block_delta", "index": index, "delta": delta });
    let stop = |index: usize| json!({ "type": "content_block_stop", "index": index });
    let mut events = vec![
        json!({ "type": "message_start", "message": message }),
        start(0, json!({ "type": "text", "text": "" })),
        json!({ "type": "ping" }),
    ];
    events.extend(SENTENCE.map(|piece| delta(0, json!({ "type": "text_delta", "text": piece }))));
    events.push(stop(0));
    for (number, name) in tools.iter().enumerate() {
        let at = number + 1;
        let id = format!("toolu_{number}");
        events.push(start(at, json!({ "type": "tool_use", "id": id, "name": name, "input": {} })));
        let piece = |piece| delta(at, json!({ "type": "input_json_delta", "partial_json": piece }));
        events.extend(ARGUMENTS.map(piece));
        events.push(stop(at));
    }
    let end = json!({ "stop_reason": "tool_use", "stop_sequence": null });
    events.push(json!({ "type": "message_delta", "delta": end, "usage": { "output_tokens": 2 } }));
    events.push(json!({ "type": "message_stop" }));
    events
}
