//! Responses: items of `output` that ask the agent to do something.
//!
//! Streamed, one call is said up to four times: in pieces, whole, as a finished item, and in the
//! response at the end. Clients differ in which of them they read, so all have to agree. A denied call
//! becomes a message in its place. That takes another number of events, so those behind it are
//! numbered on.

use std::collections::{BTreeMap, BTreeSet};

use super::calls::{CallId, Calls};
use super::edits::Edits;
use super::items::{Action, Item, message};
use super::stream::{Fate, Frame, Own, Reader, Written, event, harmless, out_of_order};
use super::{Refused, given, index, list, misshapen, optional_index, optional_text, refuse, text};
use crate::syntax::Node;
use crate::wire::json_string;

/// Finds the calls of an answer that is not streamed.
pub(super) fn calls(root: &Node<'_>, data: &str, calls: &mut Calls) -> Result<Vec<CallId>, Refused> {
    let mut found = Vec::new();
    for node in list(root, "output")? {
        let Item::Call(action) = Item::read(node, data)? else { continue };
        // What a stream has said before is not decided again.
        let id = match calls.known(&action.call_id, &action.name, action.arguments()) {
            Some(id) => id,
            None => {
                let id = calls.open()?;
                calls.complete(id, &action.call_id, &action.name, action.arguments())?;
                id
            }
        };
        found.push(id);
    }
    Ok(found)
}

/// Replaces the denied ones. `ids` are those that [`calls`] found.
pub(super) fn replace(
    root: &Node<'_>,
    data: &str,
    ids: &[CallId],
    calls: &Calls,
    edits: &mut Edits,
) -> Result<(), Refused> {
    let mut ids = ids.iter();
    for node in list(root, "output")? {
        let Item::Call(action) = Item::read(node, data)? else { continue };
        if let Some(refusal) = ids.next().and_then(|id| calls.denied(*id)) {
            edits.replace(node, message(&action.message_id(), refusal));
        }
    }
    Ok(())
}

/// The streamed form.
#[derive(Default)]
pub(super) struct Responses {
    pieces: Vec<Piece>,
    /// Where commands run that the provider runs itself.
    passive: BTreeSet<u64>,
    /// Calls in whose place a message was written.
    replaced: BTreeSet<CallId>,
    /// The least number that the next event may have, once events are numbered on.
    next_number: Option<u64>,
}

/// A call as far as it came.
struct Piece {
    id: CallId,
    output_index: Option<u64>,
    begun: Action,
    /// By number of the command, for shells; the only one has number 0 for all others.
    streamed: BTreeMap<u64, String>,
    is_done: bool,
}

impl Piece {
    /// Whether an event speaks of the call.
    fn is_meant(&self, output_index: Option<u64>, item_id: &str) -> Result<bool, Refused> {
        let by_index =
            output_index.filter(|_| self.output_index.is_some()).map(|own| Some(own) == self.output_index);
        let is_named = !item_id.is_empty() && !self.begun.item_id.is_empty();
        let by_name = is_named.then(|| item_id == self.begun.item_id);
        match (by_index, by_name) {
            (Some(true), Some(false)) | (Some(false), Some(true)) => {
                refuse("llm-ambiguous", "Event of the model speaks of two tool calls at once.")
            }
            (by_index, by_name) => Ok(by_index.or(by_name).unwrap_or_default()),
        }
    }

    /// The finished item has to be what was said before.
    fn agree(&self, done: &Action) -> Result<(), Refused> {
        let begun = &self.begun;
        let said = done.said();
        let is_streamed =
            self.streamed.iter().all(|(at, text)| said.get(at).is_some_and(|said| *said == text.as_str()));
        // What an item begins with is empty, or all of it.
        let is_begun = begun.is_unsaid() || self.streamed.is_empty() && begun.said() == said;
        let is_named = begun.call_id.is_empty() || begun.call_id == done.call_id;
        let is_same = is_named && begun.kind == done.kind && begun.name == done.name;
        if is_streamed && is_begun && is_same {
            return Ok(());
        }
        refuse("llm-ambiguous", "Answer of the model says one tool call in two ways.")
    }
}

/// What an event of a call in pieces adds.
enum Said<'n> {
    More(&'n str),
    Whole(&'n str),
}

impl Responses {
    fn find(&mut self, frame: Frame<'_, '_>, item_id: &str) -> Result<Option<&mut Piece>, Refused> {
        let output_index = optional_index(frame.root, "output_index")?;
        let mut found = None;
        for piece in &mut self.pieces {
            if piece.is_meant(output_index, item_id)? && found.replace(piece).is_some() {
                return refuse("llm-ambiguous", "Event of the model speaks of two tool calls at once.");
            }
        }
        Ok(found)
    }

    fn added(&mut self, frame: Frame<'_, '_>, calls: &mut Calls) -> Result<Fate, Refused> {
        let Some(node) = given(frame.root, "item")? else { return misshapen("item") };
        let output_index = optional_index(frame.root, "output_index")?;
        let begun = match Item::begun(node, frame.data)? {
            Item::Call(begun) => begun,
            Item::Passive(kind) => {
                if kind == "shell_call" {
                    self.passive.extend(output_index);
                }
                return Ok(Fate::InOrder(Vec::new()));
            }
        };
        if self.find(frame, &begun.item_id)?.is_some() {
            return out_of_order();
        }
        let id = calls.open()?;
        self.pieces.push(Piece { id, output_index, begun, streamed: BTreeMap::new(), is_done: false });
        Ok(Fate::InOrder(vec![id]))
    }

    fn done(&mut self, frame: Frame<'_, '_>, calls: &mut Calls) -> Result<Fate, Refused> {
        let Some(node) = given(frame.root, "item")? else { return misshapen("item") };
        let item = Item::read(node, frame.data)?;
        let item_id = optional_text(node, "id")?.unwrap_or_default();
        let output_index = optional_index(frame.root, "output_index")?;
        let id = match (self.find(frame, item_id)?, item) {
            (None, Item::Passive(_)) => return Ok(Fate::InOrder(Vec::new())),
            (None, Item::Call(action)) => {
                let id = calls.open()?;
                calls.complete(id, &action.call_id, &action.name, action.arguments())?;
                self.pieces.push(Piece {
                    id,
                    output_index,
                    begun: action,
                    streamed: BTreeMap::new(),
                    is_done: true,
                });
                id
            }
            (Some(piece), Item::Call(action)) if !piece.is_done => {
                piece.agree(&action)?;
                piece.is_done = true;
                calls.complete(piece.id, &action.call_id, &action.name, action.arguments())?;
                piece.id
            }
            (Some(_), Item::Call(_) | Item::Passive(_)) => return out_of_order(),
        };
        Ok(Fate::InOrder(vec![id]))
    }

    fn piece(&mut self, frame: Frame<'_, '_>, at: u64, said: &Said<'_>) -> Result<Fate, Refused> {
        let item_id = optional_text(frame.root, "item_id")?.unwrap_or_default();
        let Some(piece) = self.find(frame, item_id)?.filter(|piece| !piece.is_done) else {
            return out_of_order();
        };
        let own = piece.streamed.entry(at).or_default();
        match said {
            Said::More(text) => own.push_str(text),
            Said::Whole(text) if own.is_empty() || own == text => *own = (*text).to_owned(),
            Said::Whole(_) => {
                return refuse("llm-ambiguous", "Answer of the model says one tool call in two ways.");
            }
        }
        Ok(Fate::InOrder(vec![piece.id]))
    }

    /// A command of a shell, which may be one that the provider runs.
    fn command(&mut self, frame: Frame<'_, '_>, said: &Said<'_>) -> Result<Fate, Refused> {
        if optional_index(frame.root, "output_index")?.is_some_and(|at| self.passive.contains(&at)) {
            return Ok(Fate::InOrder(Vec::new()));
        }
        self.piece(frame, index(frame.root, "command_index")?, said)
    }

    /// The response as a whole, of which the calls are known or are not.
    fn response(&mut self, frame: Frame<'_, '_>, calls: &mut Calls) -> Result<Fate, Refused> {
        if !matches!(frame.kind, "response.created" | "response.in_progress" | "response.queued") {
            for piece in &self.pieces {
                calls.cut_off(piece.id, &piece.begun.name);
            }
        }
        match given(frame.root, "response")? {
            Some(response) => Ok(Fate::InOrder(self::calls(response, frame.data, calls)?)),
            None => misshapen("response"),
        }
    }
}

/// What the provider does on its own side, and texts. They have no room for a call of the agent's.
fn is_passive(kind: &str) -> bool {
    const PREFIXES: [&str; 14] = [
        "audio.",
        "code_interpreter_call.",
        "code_interpreter_call_code.",
        "content_part.",
        "file_search_call.",
        "image_generation_call.",
        "mcp_call.",
        "mcp_call_arguments.",
        "mcp_list_tools.",
        "output_text.",
        "reasoning",
        "refusal.",
        "shell_call_output_content.",
        "web_search_call.",
    ];
    kind == "error"
        || kind
            .strip_prefix("response.")
            .is_some_and(|rest| PREFIXES.iter().any(|prefix| rest.starts_with(prefix)))
}

impl Reader for Responses {
    fn read(&mut self, frame: Frame<'_, '_>, calls: &mut Calls) -> Result<Fate, Refused> {
        let root = frame.root;
        match frame.kind {
            "response.output_item.added" => self.added(frame, calls),
            "response.output_item.done" => self.done(frame, calls),
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                self.piece(frame, 0, &Said::More(text(root, "delta")?))
            }
            "response.function_call_arguments.done" => {
                self.piece(frame, 0, &Said::Whole(text(root, "arguments")?))
            }
            "response.custom_tool_call_input.done" => {
                self.piece(frame, 0, &Said::Whole(text(root, "input")?))
            }
            "response.shell_call_command.added" => {
                self.command(frame, &Said::More(optional_text(root, "command")?.unwrap_or_default()))
            }
            "response.shell_call_command.delta" => self.command(frame, &Said::More(text(root, "delta")?)),
            "response.shell_call_command.done" => self.command(frame, &Said::Whole(text(root, "command")?)),
            "response.created"
            | "response.in_progress"
            | "response.queued"
            | "response.completed"
            | "response.incomplete"
            | "response.failed" => self.response(frame, calls),
            kind if is_passive(kind)
                && given(root, "item")?.is_none()
                && given(root, "response")?.is_none() =>
            {
                Ok(Fate::InOrder(Vec::new()))
            }
            _ => harmless(frame),
        }
    }

    fn is_ready(&self, on: &[u64], calls: &Calls) -> bool {
        on.iter().all(|id| calls.is_ruled(*id))
    }

    fn write(&mut self, frame: Frame<'_, '_>, on: &[u64], calls: &Calls) -> Result<Written, Refused> {
        let mut edits = Edits::default();
        if let Some(response) = given(frame.root, "response")? {
            replace(response, frame.data, on, calls, &mut edits)?;
        } else if let Some((id, refusal)) =
            on.first().and_then(|id| calls.denied(*id).map(|refusal| (*id, refusal)))
        {
            let before = if self.replaced.insert(id) { self.spoken(frame, id, refusal)? } else { Vec::new() };
            return Ok(Written { before, own: Own::Gone, after: Vec::new() });
        }
        self.number(frame, &mut edits)?;
        Ok(Written { own: Own::with(&edits, frame), ..Written::default() })
    }
}

impl Responses {
    /// The events of a message in the place of a call.
    fn spoken(&mut self, frame: Frame<'_, '_>, id: CallId, refusal: &str) -> Result<Vec<String>, Refused> {
        let Some(piece) = self.pieces.iter().find(|piece| piece.id == id) else { return misshapen("item") };
        let item_id = piece.begun.message_id();
        let place = piece.output_index.map_or(String::new(), |at| format!(r#","output_index":{at}"#));
        let named = json_string(&item_id);
        let of_item = format!(r#""item_id":{named}{place},"content_index":0"#);
        let spoken = json_string(refusal);
        let part = |text: &str| format!(r#""part":{{"type":"output_text","text":{text},"annotations":[]}}"#);
        let begun = format!(
            r#"{{"type":"message","id":{named},"status":"in_progress","role":"assistant","content":[]}}"#
        );
        let whole = message(&item_id, refusal);
        let events = [
            ("response.output_item.added", format!(r#""item":{begun}{place}"#)),
            ("response.content_part.added", format!("{of_item},{}", part(r#""""#))),
            ("response.output_text.delta", format!(r#"{of_item},"delta":{spoken},"logprobs":[]"#)),
            ("response.output_text.done", format!(r#"{of_item},"text":{spoken},"logprobs":[]"#)),
            ("response.content_part.done", format!("{of_item},{}", part(&spoken))),
            ("response.output_item.done", format!(r#""item":{whole}{place}"#)),
        ];
        let first = optional_index(frame.root, "sequence_number")?;
        let mut out = Vec::with_capacity(events.len());
        for (name, members) in events {
            let number = match first.map(|first| self.next(first)) {
                Some(number) => format!(r#","sequence_number":{number}"#),
                None => String::new(),
            };
            out.push(event(name, &format!(r#"{{"type":"{name}"{number},{members}}}"#)));
        }
        Ok(out)
    }

    /// The number of an event: its own, or the first that is free.
    fn next(&mut self, own: u64) -> u64 {
        let number = self.next_number.map_or(own, |next| next.max(own));
        self.next_number = Some(number.saturating_add(1));
        number
    }

    fn number(&mut self, frame: Frame<'_, '_>, edits: &mut Edits) -> Result<(), Refused> {
        let Some(own) = optional_index(frame.root, "sequence_number")? else { return Ok(()) };
        let number = self.next(own);
        if number != own
            && let Some(node) = given(frame.root, "sequence_number")?
        {
            edits.replace(node, number.to_string());
        }
        Ok(())
    }
}
