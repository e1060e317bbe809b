//! Streams that are not what they should be: events lost, doubled, exchanged, bytes changed. With
//! every call denied, whatever goes on has no call where clients look for one.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// Whether somebody who reads one of the APIs, whichever it is, finds something to execute.
fn has_call(event: &Value) -> bool {
    const KINDS: [&str; 4] = ["tool_use", "function_call", "custom_tool_call", "shell_call"];
    let list = |path: &str| event.pointer(path).and_then(Value::as_array).cloned().unwrap_or_default();
    let in_choice = list("/choices").iter().any(|choice| {
        ["delta", "message"].iter().any(|place| {
            let calls = choice[place]["tool_calls"].as_array();
            calls.is_some_and(|calls| !calls.is_empty()) || choice[place]["function_call"].is_object()
        })
    });
    let items = ["/content", "/message/content", "/output", "/response/output"].map(list).concat();
    let single = ["item", "content_block"].map(|place| event[place].clone());
    in_choice
        || items
            .iter()
            .chain(&single)
            .any(|item| item["type"].as_str().is_some_and(|kind| KINDS.contains(&kind)))
}

fn denied_through(api: Api, bytes: &[u8], piece: usize) -> Vec<u8> {
    let mut own = LlmAnswer::new(api, Some(SSE), None).expect("events");
    let mut out = Vec::new();
    let pieces = bytes.chunks(piece).map(|piece| (piece, false)).chain([(&[][..], true)]);
    for (piece, end) in pieces {
        let pushed = own.push(piece, end);
        out.extend(own.take());
        if pushed.is_err() {
            break;
        }
        while own.asked().is_some() {
            if own.answer(Ruling { permitted: false, text: "No." }).is_err() {
                break;
            }
            out.extend(own.take());
        }
    }
    out
}

fn streams() -> [(Api, String); 3] {
    [
        (Api::OpenAiChat, chat::parallel()),
        (Api::AnthropicMessages, messages::several()),
        (Api::OpenAiResponses, responses::several()),
    ]
}

#[test]
fn the_calls_that_are_there_are_found() {
    for (_, stream) in streams() {
        let datas = stream.lines().filter_map(|line| line.strip_prefix("data: "));
        assert!(
            datas.filter_map(|data| serde_json::from_str(data).ok()).any(|value: Value| has_call(&value))
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn no_denied_call_goes_on(
        which in 0..3_usize,
        changes in prop::collection::vec((0..4_u8, any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..4),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..2),
        piece in 1..200_usize,
    ) {
        let (api, stream) = streams()[which].clone();
        let mut events: Vec<&str> = stream.split_inclusive("\n\n").collect();
        for (kind, one, other) in changes {
            let (one, other) = (one.index(events.len()), other.index(events.len()));
            match kind {
                0 if events.len() > 1 => {
                    events.remove(one);
                }
                1 => events.insert(other, events[one]),
                2 => events.swap(one, other),
                _ => events.truncate(one.max(1)),
            }
        }
        let mut bytes = events.concat().into_bytes();
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let out = denied_through(api, &bytes, piece);
        for data in String::from_utf8_lossy(&out).lines().filter_map(|line| line.strip_prefix("data:")) {
            if let Ok(value) = serde_json::from_str::<Value>(data) {
                prop_assert!(!has_call(&value), "{data}");
            }
        }
    }
}
