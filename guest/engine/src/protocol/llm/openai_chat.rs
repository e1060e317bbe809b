//! Chat Completions: `choices[].message.tool_calls[]`, and `function_call` of older models.
//!
//! Streamed, a call comes in pieces that are told apart by `choices[].index` and `tool_calls[].index`,
//! and is complete with its choice. A denied call is taken out of the list and those behind it move
//! up; the text of the message says why.

use std::collections::BTreeMap;

use super::calls::{Arguments, CallId, Calls};
use super::edits::Edits;
use super::stream::{Fate, Frame, Own, Reader, Written, event, harmless, out_of_order};
use super::{Refused, fields, given, index, list, misshapen, optional_index, optional_text, refuse, text};
use crate::syntax::Node;
use crate::wire::json_string;

/// What stands between the text of the model and ours.
const PARAGRAPH: &str = "\n\n";

/// Why a choice ends, once it does: some say with nothing between quotes that it does not.
fn ending<'n, 'a>(choice: &'n Node<'a>) -> Result<Option<&'n Node<'a>>, Refused> {
    optional_text(choice, "finish_reason")?;
    Ok(given(choice, "finish_reason")?.filter(|reason| reason.as_str() != Some("")))
}

/// The reasons to stop that promise a call.
fn promises_call(reason: &str) -> bool {
    matches!(reason, "tool_calls" | "function_call")
}

/// Finds the calls of an answer that is not streamed.
pub(super) fn calls(root: &Node<'_>, calls: &mut Calls) -> Result<Vec<CallId>, Refused> {
    let mut found = Vec::new();
    for choice in list(root, "choices")? {
        if given(choice, "delta")?.is_some() {
            return misshapen("message");
        }
        let Some(message) = given(choice, "message")? else { continue };
        for call in list(message, "tool_calls")? {
            let id = calls.open()?;
            found.push(id);
            let call_id = optional_text(call, "id")?.unwrap_or_default();
            match body(call)? {
                Some((name, arguments)) => calls.complete(id, call_id, name, arguments)?,
                None => return misshapen("tool call"),
            }
        }
        if let Some(call) = given(message, "function_call")? {
            let id = calls.open()?;
            found.push(id);
            calls.complete(id, "", text(call, "name")?, Arguments::Json(text(call, "arguments")?))?;
        }
    }
    Ok(found)
}

/// The name and the arguments of a call: of a function, or of a custom tool.
fn body<'n>(call: &'n Node<'_>) -> Result<Option<(&'n str, Arguments<'n>)>, Refused> {
    let kind = optional_text(call, "type")?;
    match (given(call, "function")?, given(call, "custom")?, kind) {
        (Some(function), None, None | Some("function")) => {
            let arguments = optional_text(function, "arguments")?.unwrap_or_default();
            Ok(Some((text(function, "name")?, Arguments::Json(arguments))))
        }
        (None, Some(custom), Some("custom")) => {
            Ok(Some((text(custom, "name")?, Arguments::Text(text(custom, "input")?))))
        }
        _ => Ok(None),
    }
}

/// Replaces the denied ones. `ids` are those that [`calls`] found.
pub(super) fn replace(
    root: &Node<'_>,
    ids: &[CallId],
    calls: &Calls,
    edits: &mut Edits,
) -> Result<(), Refused> {
    let mut ids = ids.iter().copied();
    for choice in list(root, "choices")? {
        let Some(message) = given(choice, "message")? else { continue };
        let own = list(message, "tool_calls")?;
        let own_ids: Vec<CallId> = ids.by_ref().take(own.len()).collect();
        let legacy = given(message, "function_call")?.and_then(|_| ids.next());
        let all = || own_ids.iter().chain(&legacy).copied();
        let refusals: Vec<&str> = all().filter_map(|id| calls.denied(id)).collect();
        if refusals.is_empty() {
            continue;
        }
        let is_kept = |place: usize| own_ids.get(place).is_some_and(|id| calls.is_permitted(*id));
        let any_kept = (0..own.len()).any(is_kept);
        let legacy_kept = legacy.is_some_and(|id| calls.is_permitted(id));
        if any_kept {
            edits.keep_items(own, is_kept);
        }
        let stays = |key: &str| match key {
            "tool_calls" => any_kept || own.is_empty(),
            "function_call" => legacy_kept || legacy.is_none(),
            _ => true,
        };
        let members = message.as_object().unwrap_or_default();
        edits.keep_members(members, stays);
        let any_left = members.iter().any(|member| stays(&member.key));
        say(message, any_left, &refusals.join(PARAGRAPH), edits)?;
        if !any_kept && !legacy_kept {
            stop(choice, edits)?;
        }
    }
    Ok(())
}

/// Adds our text to that of a message. `any_left`: it keeps another member.
fn say(message: &Node<'_>, any_left: bool, ours: &str, edits: &mut Edits) -> Result<(), Refused> {
    let Some(content) = fields::get(message, "content")? else {
        let comma = if any_left { "," } else { "" };
        edits.insert_within(message, format!(r#""content":{}{comma}"#, json_string(ours)));
        return Ok(());
    };
    match (given(message, "content")?, content.as_str()) {
        (None, _) | (_, Some("")) => edits.replace(content, json_string(ours)),
        (Some(_), Some(theirs)) => edits.replace(content, json_string(&format!("{theirs}{PARAGRAPH}{ours}"))),
        (Some(_), None) => return misshapen("content"),
    }
    Ok(())
}

/// Stops for no call, if it did for one.
fn stop(choice: &Node<'_>, edits: &mut Edits) -> Result<(), Refused> {
    if let Some(reason) = ending(choice)?
        && reason.as_str().is_some_and(promises_call)
    {
        edits.replace(reason, r#""stop""#);
    }
    Ok(())
}

/// The streamed form.
#[derive(Default)]
pub(super) struct Chat {
    choices: BTreeMap<u64, Choice>,
}

#[derive(Default)]
struct Choice {
    /// By index.
    tools: BTreeMap<u64, Piece>,
    legacy: Option<Piece>,
    has_text: bool,
    is_finished: bool,
}

/// A call as far as it came.
struct Piece {
    id: CallId,
    call_id: String,
    name: String,
    arguments: String,
    is_custom: bool,
}

impl Piece {
    fn new(calls: &mut Calls) -> Result<Self, Refused> {
        let id = calls.open()?;
        Ok(Self {
            id,
            call_id: String::new(),
            name: String::new(),
            arguments: String::new(),
            is_custom: false,
        })
    }

    /// Takes a piece of the function or custom tool.
    fn add(&mut self, body: &Node<'_>, arguments: &'static str) -> Result<(), Refused> {
        let name = optional_text(body, "name")?.unwrap_or_default();
        // Some clients join the pieces of a name and some take the last one, so there may be one only.
        if !name.is_empty() && !self.name.is_empty() {
            return refuse("llm-ambiguous", "Answer of the model names one tool call twice.");
        }
        self.name.push_str(name);
        self.arguments.push_str(optional_text(body, arguments)?.unwrap_or_default());
        Ok(())
    }

    fn complete(&self, calls: &mut Calls) -> Result<(), Refused> {
        let arguments =
            if self.is_custom { Arguments::Text(&self.arguments) } else { Arguments::Json(&self.arguments) };
        calls.complete(self.id, &self.call_id, &self.name, arguments)
    }
}

impl Choice {
    fn pieces(&self) -> impl Iterator<Item = &Piece> {
        self.tools.values().chain(&self.legacy)
    }

    fn has_calls(&self) -> bool {
        self.pieces().next().is_some()
    }

    fn is_ruled(&self, calls: &Calls) -> bool {
        !self.has_calls() || self.is_finished && self.pieces().all(|piece| calls.is_ruled(piece.id))
    }

    /// What the agent reads in the place of its denied calls.
    fn refusals(&self, calls: &Calls) -> Option<String> {
        let texts: Vec<&str> = self.pieces().filter_map(|piece| calls.denied(piece.id)).collect();
        (!texts.is_empty()).then(|| texts.join(PARAGRAPH))
    }

    fn any_permitted(&self, calls: &Calls) -> bool {
        self.pieces().any(|piece| calls.is_permitted(piece.id))
    }

    /// Reads what a chunk says of the choice. The answer is whether it says something of a call.
    fn read(&mut self, choice: &Node<'_>, calls: &mut Calls) -> Result<bool, Refused> {
        if given(choice, "message")?.is_some() {
            return misshapen("delta");
        }
        let mut is_of_call = false;
        if let Some(delta) = given(choice, "delta")? {
            for piece in list(delta, "tool_calls")? {
                is_of_call = true;
                self.piece(piece, calls)?;
            }
            if let Some(function) = given(delta, "function_call")? {
                is_of_call = true;
                if self.legacy.is_none() {
                    self.legacy = Some(Piece::new(calls)?);
                }
                if let Some(legacy) = &mut self.legacy {
                    legacy.add(function, "arguments")?;
                }
            }
            self.has_text |= given(delta, "content")?.is_some_and(|content| content.as_str() != Some(""));
        }
        if is_of_call && self.is_finished {
            return out_of_order();
        }
        if ending(choice)?.is_some() && !self.is_finished {
            self.is_finished = true;
            for piece in self.pieces() {
                piece.complete(calls)?;
            }
            is_of_call |= self.has_calls();
        }
        Ok(is_of_call)
    }

    fn piece(&mut self, node: &Node<'_>, calls: &mut Calls) -> Result<(), Refused> {
        let piece = match self.tools.entry(index(node, "index")?) {
            std::collections::btree_map::Entry::Occupied(own) => own.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                let mut piece = Piece::new(calls)?;
                piece.is_custom = given(node, "custom")?.is_some();
                place.insert(piece)
            }
        };
        if piece.call_id.is_empty() {
            piece.call_id.push_str(optional_text(node, "id")?.unwrap_or_default());
        }
        match (given(node, "function")?, given(node, "custom")?) {
            (None, None) => Ok(()),
            (Some(function), None) if !piece.is_custom => piece.add(function, "arguments"),
            (None, Some(custom)) if piece.is_custom => piece.add(custom, "input"),
            (Some(_), _) | (_, Some(_)) => misshapen("tool call"),
        }
    }
}

/// The number of a choice. Some leave it out where there is one only.
fn place(choice: &Node<'_>, choices: usize) -> Result<u64, Refused> {
    if choices == 1 {
        Ok(optional_index(choice, "index")?.unwrap_or_default())
    } else {
        index(choice, "index")
    }
}

impl Reader for Chat {
    fn read(&mut self, frame: Frame<'_, '_>, calls: &mut Calls) -> Result<Fate, Refused> {
        if given(frame.root, "choices")?.is_none() && given(frame.root, "error")?.is_none() {
            return harmless(frame);
        }
        let choices = list(frame.root, "choices")?;
        let (mut on, mut is_last) = (Vec::new(), choices.is_empty());
        for choice in choices {
            let number = place(choice, choices.len())?;
            let own = self.choices.entry(number).or_default();
            if own.read(choice, calls)? {
                on.push(number);
            }
            is_last |= own.is_finished;
        }
        Ok(if on.is_empty() && !is_last { Fate::Pass } else { Fate::InOrder(on) })
    }

    fn is_ready(&self, on: &[u64], calls: &Calls) -> bool {
        on.iter().all(|number| self.choices.get(number).is_some_and(|choice| choice.is_ruled(calls)))
    }

    fn write(&mut self, frame: Frame<'_, '_>, on: &[u64], calls: &Calls) -> Result<Written, Refused> {
        let mut edits = Edits::default();
        let mut before = Vec::new();
        let (mut is_changed, mut is_empty) = (false, true);
        let choices = list(frame.root, "choices")?;
        for choice in choices {
            let number = place(choice, choices.len())?;
            let known = self.choices.get(&number).filter(|_| on.contains(&number));
            let Some(own) = known else {
                is_empty = false;
                continue;
            };
            let Some(refusals) = own.refusals(calls) else {
                is_empty = false;
                continue;
            };
            is_changed = true;
            is_empty &= cut(own, choice, calls, &mut edits)?;
            if ending(choice)?.is_some() {
                is_empty = false;
                before.push(event("", &said(frame, number, own.has_text, &refusals)?));
                if !own.any_permitted(calls) {
                    stop(choice, &mut edits)?;
                }
            }
        }
        let own = if !is_changed {
            Own::Same
        } else if is_empty && given(frame.root, "usage")?.is_none() {
            Own::Gone
        } else {
            Own::with(&edits, frame)
        };
        Ok(Written { before, own, after: Vec::new() })
    }
}

/// Takes the denied calls out of a chunk. The answer is whether nothing else is left of its delta.
fn cut(own: &Choice, choice: &Node<'_>, calls: &Calls, edits: &mut Edits) -> Result<bool, Refused> {
    let Some(delta) = given(choice, "delta")? else { return Ok(false) };
    let pieces = list(delta, "tool_calls")?;
    let mut kept = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let at = index(piece, "index")?;
        let is_kept = own.tools.get(&at).is_some_and(|piece| calls.is_permitted(piece.id));
        kept.push(is_kept);
        if let Some(node) = given(piece, "index")?.filter(|_| is_kept) {
            let moved = own.tools.range(..at).filter(|(_, piece)| calls.is_permitted(piece.id)).count();
            edits.replace(node, moved.to_string());
        }
    }
    let any_kept = kept.contains(&true);
    if any_kept {
        edits.keep_items(pieces, |place| kept.get(place).copied().unwrap_or_default());
    }
    let legacy_kept = own.legacy.as_ref().is_none_or(|piece| calls.is_permitted(piece.id));
    let is_kept = |key: &str| match key {
        "tool_calls" => any_kept || pieces.is_empty(),
        "function_call" => legacy_kept,
        _ => true,
    };
    let members = delta.as_object().unwrap_or_default();
    edits.keep_members(members, is_kept);
    Ok(members.iter().all(|member| !is_kept(&member.key)))
}

/// A chunk with our text, which is like the others in everything else.
fn said(frame: Frame<'_, '_>, number: u64, has_text: bool, ours: &str) -> Result<String, Refused> {
    let mut edits = Edits::default();
    let ours = if has_text { format!("{PARAGRAPH}{ours}") } else { ours.to_owned() };
    if let Some(choices) = given(frame.root, "choices")? {
        let text = json_string(&ours);
        let choice = format!(r#"[{{"index":{number},"delta":{{"content":{text}}},"finish_reason":null}}]"#);
        edits.replace(choices, choice);
    }
    if let Some(usage) = given(frame.root, "usage")? {
        edits.replace(usage, "null");
    }
    Ok(edits.apply(frame.data))
}
