//! Messages: content blocks of the type `tool_use`.
//!
//! `server_tool_use` and `mcp_tool_use` were executed by the provider. A denied call becomes a block
//! of text in the same place, so that the indices of all other blocks stay what they are.

use super::calls::{Arguments, CallId, Calls};
use super::edits::Edits;
use super::stream::{Fate, Frame, Own, Reader, Written, event, harmless, out_of_order};
use super::{Refused, given, index, list, misshapen, optional_text, refuse, text, written};
use crate::syntax::Node;
use crate::wire::{excerpt, json_string};

/// The reason to stop that promises a call, and the one of an answer without any.
const TOOL_USE: &str = "tool_use";
const END_TURN: &str = r#""end_turn""#;

/// Whether a block is a call that the agent executes.
fn is_call(block: &Node<'_>) -> Result<bool, Refused> {
    let kind = text(block, "type")?;
    let is_passive = matches!(
        kind,
        "text"
            | "thinking"
            | "redacted_thinking"
            | "server_tool_use"
            | "mcp_tool_use"
            | "container_upload"
            | "compaction"
            | "fallback"
    ) || kind.ends_with("_tool_result");
    match kind {
        TOOL_USE => Ok(true),
        _ if is_passive => Ok(false),
        _ => refuse("llm-item-unknown", format!("Answer of the model has a block \"{}\".", excerpt(kind))),
    }
}

/// Finds the calls of an answer that is not streamed.
pub(super) fn calls(root: &Node<'_>, data: &str, calls: &mut Calls) -> Result<Vec<CallId>, Refused> {
    let mut found = Vec::new();
    for block in list(root, "content")? {
        if !is_call(block)? {
            continue;
        }
        let id = calls.open()?;
        found.push(id);
        let Some(input) = given(block, "input")? else { return misshapen("input") };
        let call_id = optional_text(block, "id")?.unwrap_or_default();
        calls.complete(id, call_id, text(block, "name")?, Arguments::Json(written(data, input)))?;
    }
    Ok(found)
}

/// Replaces the denied ones. `ids` are those that [`calls`] found.
pub(super) fn replace(
    root: &Node<'_>,
    ids: &[CallId],
    calls: &Calls,
    edits: &mut Edits,
) -> Result<(), Refused> {
    let mut own = ids.iter();
    for block in list(root, "content")? {
        if !is_call(block)? {
            continue;
        }
        if let Some(refusal) = own.next().and_then(|id| calls.denied(*id)) {
            edits.replace(block, format!(r#"{{"type":"text","text":{}}}"#, json_string(refusal)));
        }
    }
    if !ids.iter().any(|id| calls.is_permitted(*id)) {
        end_turn(root, edits)?;
    }
    Ok(())
}

/// Stops for no call, if it did for one.
fn end_turn(node: &Node<'_>, edits: &mut Edits) -> Result<(), Refused> {
    if let Some(reason) = given(node, "stop_reason")?.filter(|reason| reason.as_str() == Some(TOOL_USE)) {
        edits.replace(reason, END_TURN);
    }
    Ok(())
}

/// The streamed form.
#[derive(Default)]
pub(super) struct Messages {
    blocks: Vec<Block>,
    /// The reason to stop has come, and no block comes after it.
    is_stopped: bool,
}

struct Block {
    /// `None`: it is no call that the agent executes.
    call: Option<Piece>,
    is_open: bool,
}

/// A call as far as it came.
struct Piece {
    id: CallId,
    call_id: String,
    name: String,
    /// What the block began with.
    input: String,
    partial: String,
}

impl Piece {
    /// Clients take the pieces if there are any, and what the block began with if not.
    fn complete(&self, calls: &mut Calls) -> Result<(), Refused> {
        let is_begun = !is_empty_object(&self.input);
        if is_begun && !self.partial.is_empty() {
            return refuse("llm-ambiguous", "Answer of the model gives the input of one tool call twice.");
        }
        let arguments = if is_begun { &self.input } else { &self.partial };
        calls.complete(self.id, &self.call_id, &self.name, Arguments::Json(arguments))
    }
}

fn is_empty_object(text: &str) -> bool {
    text.strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .is_some_and(|inner| inner.trim().is_empty())
}

impl Messages {
    fn start(&mut self, frame: Frame<'_, '_>, calls: &mut Calls) -> Result<Fate, Refused> {
        // Some clients go by the index and some by the order.
        if self.is_stopped || index(frame.root, "index")? != self.blocks.len() as u64 {
            return out_of_order();
        }
        let Some(block) = given(frame.root, "content_block")? else { return misshapen("content_block") };
        let call = if is_call(block)? {
            Some(Piece {
                id: calls.open()?,
                call_id: optional_text(block, "id")?.unwrap_or_default().to_owned(),
                name: text(block, "name")?.to_owned(),
                input: given(block, "input")?.map_or("{}", |input| written(frame.data, input)).to_owned(),
                partial: String::new(),
            })
        } else {
            None
        };
        let on = call.iter().map(|call| call.id).collect();
        self.blocks.push(Block { call, is_open: true });
        Ok(Fate::InOrder(on))
    }

    fn open(&mut self, frame: Frame<'_, '_>) -> Result<&mut Block, Refused> {
        let at = usize::try_from(index(frame.root, "index")?).unwrap_or(usize::MAX);
        match self.blocks.get_mut(at).filter(|block| block.is_open) {
            Some(block) if !self.is_stopped => Ok(block),
            Some(_) | None => out_of_order(),
        }
    }

    fn delta(&mut self, frame: Frame<'_, '_>) -> Result<Fate, Refused> {
        let Some(call) = &mut self.open(frame)?.call else { return Ok(Fate::InOrder(Vec::new())) };
        let Some(delta) = given(frame.root, "delta")? else { return misshapen("delta") };
        if text(delta, "type")? != "input_json_delta" {
            return misshapen("delta");
        }
        call.partial.push_str(text(delta, "partial_json")?);
        Ok(Fate::InOrder(vec![call.id]))
    }

    fn stop(&mut self, frame: Frame<'_, '_>, calls: &mut Calls) -> Result<Fate, Refused> {
        let block = self.open(frame)?;
        block.is_open = false;
        let Some(call) = &block.call else { return Ok(Fate::InOrder(Vec::new())) };
        call.complete(calls)?;
        Ok(Fate::InOrder(vec![call.id]))
    }

    /// The whole message is done; a block that is not was cut off at the limit of tokens.
    fn message_delta(&mut self, calls: &mut Calls) -> Result<Fate, Refused> {
        self.is_stopped = true;
        let open = self.blocks.iter().filter(|block| block.is_open);
        for call in open.filter_map(|block| block.call.as_ref()) {
            calls.cut_off(call.id, &call.name);
        }
        Ok(Fate::InOrder(Vec::new()))
    }
}

impl Reader for Messages {
    fn read(&mut self, frame: Frame<'_, '_>, calls: &mut Calls) -> Result<Fate, Refused> {
        match frame.kind {
            "content_block_start" => self.start(frame, calls),
            "content_block_delta" => self.delta(frame),
            "content_block_stop" => self.stop(frame, calls),
            "message_delta" => self.message_delta(calls),
            "message_start" => {
                let message = given(frame.root, "message")?;
                let content = message.map(|message| list(message, "content")).transpose()?;
                let is_first = self.blocks.is_empty() && content.is_none_or(<[_]>::is_empty);
                if is_first { Ok(Fate::InOrder(Vec::new())) } else { out_of_order() }
            }
            "message_stop" | "error" => Ok(Fate::InOrder(Vec::new())),
            "ping" => Ok(Fate::Pass),
            _ => harmless(frame),
        }
    }

    fn is_ready(&self, on: &[u64], calls: &Calls) -> bool {
        on.iter().all(|id| calls.is_ruled(*id))
    }

    fn write(&mut self, frame: Frame<'_, '_>, on: &[u64], calls: &Calls) -> Result<Written, Refused> {
        if frame.kind == "message_delta" {
            let mut edits = Edits::default();
            let mut ids = self.blocks.iter().filter_map(|block| block.call.as_ref()).map(|call| call.id);
            if let Some(delta) = given(frame.root, "delta")?
                && !ids.any(|id| calls.is_permitted(id))
            {
                end_turn(delta, &mut edits)?;
            }
            return Ok(Written { own: Own::with(&edits, frame), ..Written::default() });
        }
        let Some(refusal) = on.first().and_then(|id| calls.denied(*id)) else {
            return Ok(Written::default());
        };
        match frame.kind {
            "content_block_start" => {
                let at = index(frame.root, "index")?;
                let delta = format!(
                    r#"{{"type":"content_block_delta","index":{at},"delta":{{"type":"text_delta","text":{}}}}}"#,
                    json_string(refusal)
                );
                let mut after = vec![event("content_block_delta", &delta)];
                let is_cut_off = usize::try_from(at)
                    .ok()
                    .and_then(|at| self.blocks.get(at))
                    .is_some_and(|own| own.is_open);
                if is_cut_off {
                    let stop = format!(r#"{{"type":"content_block_stop","index":{at}}}"#);
                    after.push(event("content_block_stop", &stop));
                }
                let mut edits = Edits::default();
                if let Some(block) = given(frame.root, "content_block")? {
                    edits.replace(block, r#"{"type":"text","text":""}"#);
                }
                Ok(Written { own: Own::with(&edits, frame), after, before: Vec::new() })
            }
            "content_block_delta" => Ok(Written { own: Own::Gone, ..Written::default() }),
            _ => Ok(Written::default()),
        }
    }
}
