//! An answer that comes event by event: what passes, what waits, and in which order it goes on.
//!
//! Events stay in order behind the first one that waits, because indices and the position of what
//! they begin depend on it. The text of chat completions is where order means nothing, and passes.
//! As long as nothing was denied, every event goes on as the bytes that it came as.

use std::collections::VecDeque;

use super::anthropic::Messages;
use super::calls::Calls;
use super::edits::Edits;
use super::openai_chat::Chat;
use super::openai_responses::Responses;
use super::{Api, Refused, fields, misshapen, read_json, refuse};
use crate::limits::{LLM_ANSWER_BYTES_MAX, LLM_HELD_BYTES_MAX};
use crate::protocol::sse::{Event, Splitter};
use crate::syntax::Node;
use crate::wire::{excerpt, json_string};

/// What the streams of OpenAI end with, which is not JSON.
const DONE: &str = "[DONE]";

pub(super) struct Stream {
    splitter: Splitter,
    reader: Box<dyn Reader + Send + Sync>,
    waiting: VecDeque<Waiting>,
    held_bytes: usize,
    is_after_return: bool,
    is_over: bool,
}

struct Waiting {
    event: Event,
    /// Numbers that the reader gave, for itself.
    on: Vec<u64>,
}

/// An event as it was read.
#[derive(Clone, Copy)]
pub(super) struct Frame<'e, 'a> {
    /// What it says that it is; empty if nothing.
    pub(super) kind: &'e str,
    pub(super) root: &'e Node<'a>,
    pub(super) data: &'e str,
}

/// What becomes of an event.
pub(super) enum Fate {
    /// It goes on at once, whatever waits.
    Pass,
    /// It goes on behind everything before it, once the reader is done with these numbers of its own.
    InOrder(Vec<u64>),
}

/// What is known of one API's events.
pub(super) trait Reader {
    /// Looks at an event as it comes.
    fn read(&mut self, frame: Frame<'_, '_>, calls: &mut Calls) -> Result<Fate, Refused>;
    /// Whether what an event waits for has come.
    fn is_ready(&self, on: &[u64], calls: &Calls) -> bool;
    /// What goes on in the place of an event, after something was denied.
    fn write(&mut self, frame: Frame<'_, '_>, on: &[u64], calls: &Calls) -> Result<Written, Refused>;
}

/// What goes on in the place of an event.
#[derive(Default)]
pub(super) struct Written {
    /// Whole events in front of it.
    pub(super) before: Vec<String>,
    /// The event itself.
    pub(super) own: Own,
    /// Whole events behind it.
    pub(super) after: Vec<String>,
}

/// The event itself.
#[derive(Default)]
pub(super) enum Own {
    /// As it came.
    #[default]
    Same,
    /// With other data.
    Data(String),
    /// Not at all.
    Gone,
}

impl Own {
    /// With these changes.
    pub(super) fn with(edits: &Edits, frame: Frame<'_, '_>) -> Self {
        if edits.is_empty() { Self::Same } else { Self::Data(edits.apply(frame.data)) }
    }
}

impl Stream {
    pub(super) fn new(api: Api) -> Self {
        let reader: Box<dyn Reader + Send + Sync> = match api {
            Api::OpenAiChat => Box::new(Chat::default()),
            Api::OpenAiResponses => Box::new(Responses::default()),
            Api::AnthropicMessages => Box::new(Messages::default()),
        };
        let splitter = Splitter::new(LLM_ANSWER_BYTES_MAX);
        Self {
            splitter,
            reader,
            waiting: VecDeque::new(),
            held_bytes: 0,
            is_after_return: false,
            is_over: false,
        }
    }

    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        end: bool,
        calls: &mut Calls,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        if self.is_over {
            return if bytes.is_empty() {
                Ok(())
            } else {
                refuse("llm-shape", "Answer of the model goes on after its end.")
            };
        }
        let mut events = Vec::new();
        let lines = self.whole_lines(bytes, end);
        if self.splitter.push(&lines, &mut events).is_err() {
            return refuse(
                "llm-too-large",
                format!("Event of the model is larger than {LLM_ANSWER_BYTES_MAX} bytes."),
            );
        }
        if end {
            self.is_over = true;
            events.extend(self.splitter.finish());
        }
        for event in events {
            self.event(event, calls, out)?;
        }
        if end && calls.any_open() {
            return refuse("llm-cut-off", "Answer of the model ends in the middle of a tool call.");
        }
        Ok(())
    }

    /// Keeps a carriage return at the end back: a line feed may follow, and belongs to the same event.
    fn whole_lines(&mut self, bytes: &[u8], end: bool) -> Vec<u8> {
        let mut own = Vec::with_capacity(bytes.len() + 1);
        own.extend(self.is_after_return.then_some(b'\r'));
        own.extend_from_slice(bytes);
        self.is_after_return = !end && own.last() == Some(&b'\r');
        if self.is_after_return {
            own.pop();
        }
        own
    }

    fn event(&mut self, event: Event, calls: &mut Calls, out: &mut Vec<u8>) -> Result<(), Refused> {
        let on = match self.fate(&event, calls)? {
            Fate::Pass if event.raw().ends_with(b"\n") || event.raw().ends_with(b"\r") => {
                out.extend_from_slice(event.raw());
                return Ok(());
            }
            // The end of the answer without its own: what went on behind it would be a part of its line.
            Fate::Pass => Vec::new(),
            Fate::InOrder(on) => on,
        };
        self.held_bytes += event.raw().len();
        if self.held_bytes > LLM_HELD_BYTES_MAX {
            let message = format!("Tool call of the model is larger than {LLM_HELD_BYTES_MAX} bytes.");
            return refuse("llm-too-large", message);
        }
        self.waiting.push_back(Waiting { event, on });
        self.release(calls, out)
    }

    fn fate(&mut self, event: &Event, calls: &mut Calls) -> Result<Fate, Refused> {
        let data = utf8(event.data())?;
        if data.is_empty() {
            // Comments and blank lines keep connections alive.
            return Ok(Fate::Pass);
        }
        if data.trim() == DONE {
            return if calls.any_open() {
                refuse("llm-cut-off", "Answer of the model ends in the middle of a tool call.")
            } else {
                Ok(Fate::InOrder(Vec::new()))
            };
        }
        let tree = read_json(data)?;
        let kind = kind(event, &tree.root)?;
        self.reader.read(Frame { kind, root: &tree.root, data }, calls)
    }

    /// Lets go what waits for nothing any more.
    pub(super) fn release(&mut self, calls: &Calls, out: &mut Vec<u8>) -> Result<(), Refused> {
        while let Some(first) = self.waiting.front() {
            if !self.reader.is_ready(&first.on, calls) {
                return Ok(());
            }
            let Some(Waiting { event, on }) = self.waiting.pop_front() else { return Ok(()) };
            self.held_bytes = self.held_bytes.saturating_sub(event.raw().len());
            let data = utf8(event.data())?;
            if !calls.any_denied() || data.is_empty() || data.trim() == DONE {
                out.extend_from_slice(event.raw());
                continue;
            }
            let tree = read_json(data)?;
            let frame = Frame { kind: kind(&event, &tree.root)?, root: &tree.root, data };
            let written = self.reader.write(frame, &on, calls)?;
            for text in written.before {
                out.extend(text.into_bytes());
            }
            match written.own {
                Own::Same => out.extend_from_slice(event.raw()),
                Own::Data(data) => out.extend(event.with_data(data.as_bytes())),
                Own::Gone => {}
            }
            for text in written.after {
                out.extend(text.into_bytes());
            }
        }
        Ok(())
    }
}

/// What an event says that it is, in its name and in its data. Some clients go by one and some by the
/// other.
fn kind<'e>(event: &'e Event, root: &'e Node<'_>) -> Result<&'e str, Refused> {
    // `message` is what an event without a name is called.
    let named = Some(utf8(event.name())?).filter(|name| *name != "message").unwrap_or_default();
    let typed = fields::get(root, "type")?.and_then(Node::as_str).unwrap_or_default();
    match (named.is_empty(), typed.is_empty()) {
        (false, false) if named != typed => {
            let message =
                format!("Event of the model is \"{}\" and \"{}\" at once.", excerpt(named), excerpt(typed));
            refuse("llm-ambiguous", message)
        }
        (_, false) => Ok(typed),
        (_, true) => Ok(named),
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Refused> {
    std::str::from_utf8(bytes).or_else(|_| refuse("llm-not-json", "Event of the model is not valid UTF-8."))
}

/// An event of our own.
pub(super) fn event(name: &str, data: &str) -> String {
    if name.is_empty() { format!("data: {data}\n\n") } else { format!("event: {name}\ndata: {data}\n\n") }
}

/// An event of a kind that nobody knows passes only if it has no room for a tool call.
pub(super) fn harmless(frame: Frame<'_, '_>) -> Result<Fate, Refused> {
    const PLAIN: [&str; 6] =
        ["type", "sequence_number", "item_id", "output_index", "content_index", "event_id"];
    let members = frame.root.as_object().unwrap_or_default();
    let is_plain = |node: &Node<'_>| node.as_object().is_none() && node.as_array().is_none();
    if members.iter().all(|member| PLAIN.contains(&member.key.as_ref()) && is_plain(&member.value)) {
        return Ok(Fate::InOrder(Vec::new()));
    }
    let message =
        format!("Answer of the model has an unknown kind of event, {}.", json_string(&excerpt(frame.kind)));
    refuse("llm-event-unknown", message)
}

/// An event that does not follow from the ones before.
pub(super) fn out_of_order<T>() -> Result<T, Refused> {
    misshapen("order of events")
}
