//! The tool calls of one answer: what was asked, and what was ruled.

use super::{Asked, Refused, Ruling, read_json, refuse};
use crate::limits::LLM_CALLS_MAX;
use crate::wire::{excerpt, json_string};

/// The number of a call in its answer.
pub(super) type CallId = u64;

/// All of them, in the order in which they began.
#[derive(Default)]
pub(super) struct Calls {
    list: Vec<Call>,
}

struct Call {
    /// What the API calls it; empty if nothing.
    call_id: String,
    name: String,
    arguments: String,
    state: State,
}

enum State {
    /// Not complete.
    Open,
    /// Somebody has to rule.
    Waiting,
    Permitted,
    /// With what the agent reads.
    Denied(String),
}

/// Arguments as an API writes them.
#[derive(Clone, Copy)]
pub(super) enum Arguments<'a> {
    /// Text that should be a JSON object.
    Json(&'a str),
    /// Text that means nothing in particular; it becomes `{"input": …}`.
    Text(&'a str),
}

impl Calls {
    /// A call that begins.
    pub(super) fn open(&mut self) -> Result<CallId, Refused> {
        if self.list.len() >= LLM_CALLS_MAX {
            return refuse(
                "llm-too-many-calls",
                format!("Answer of the model has more than {LLM_CALLS_MAX} tool calls."),
            );
        }
        let id = self.list.len() as CallId;
        let call = Call {
            call_id: String::new(),
            name: String::new(),
            arguments: String::new(),
            state: State::Open,
        };
        self.list.push(call);
        Ok(id)
    }

    /// A call that is complete, and has to be ruled on; or is denied for what it is.
    pub(super) fn complete(
        &mut self,
        id: CallId,
        call_id: &str,
        name: &str,
        arguments: Arguments<'_>,
    ) -> Result<(), Refused> {
        if name.is_empty() || name.chars().any(char::is_control) {
            return refuse("llm-shape", "Answer of the model calls a tool without a readable name.");
        }
        let arguments = normal(arguments);
        // What cannot be a `toolInput` cannot be decided either.
        let is_object = read_json(&arguments).is_ok();
        if let Some(call) = self.get_mut(id).filter(|call| matches!(call.state, State::Open)) {
            call.state = if is_object { State::Waiting } else { State::Denied(unreadable(name)) };
            call.call_id = call_id.to_owned();
            call.name = name.to_owned();
            call.arguments = arguments;
        }
        Ok(())
    }

    /// A call that the answer breaks off in.
    pub(super) fn cut_off(&mut self, id: CallId, name: &str) {
        if let Some(call) = self.get_mut(id).filter(|call| matches!(call.state, State::Open)) {
            call.state = State::Denied(unreadable(name));
        }
    }

    /// The same call, said once more in the same answer.
    pub(super) fn known(&self, call_id: &str, name: &str, arguments: Arguments<'_>) -> Option<CallId> {
        let arguments = normal(arguments);
        let is_same = |call: &Call| {
            !call_id.is_empty() && call.call_id == call_id && call.name == name && call.arguments == arguments
        };
        self.list.iter().position(is_same).map(|at| at as CallId)
    }

    pub(super) fn asked(&self) -> Option<Asked<'_>> {
        let call = self.list.iter().find(|call| matches!(call.state, State::Waiting))?;
        Some(Asked { name: &call.name, arguments: &call.arguments })
    }

    pub(super) fn answer(&mut self, ruling: Ruling<'_>) {
        if let Some(call) = self.list.iter_mut().find(|call| matches!(call.state, State::Waiting)) {
            call.state =
                if ruling.permitted { State::Permitted } else { State::Denied(ruling.text.to_owned()) };
        }
    }

    /// Whether somebody has ruled on a call.
    pub(super) fn is_ruled(&self, id: CallId) -> bool {
        self.get(id).is_some_and(|call| matches!(call.state, State::Permitted | State::Denied(_)))
    }

    /// Whether the agent may see a call.
    pub(super) fn is_permitted(&self, id: CallId) -> bool {
        self.get(id).is_some_and(|call| matches!(call.state, State::Permitted))
    }

    /// What the agent reads in the place of a call; `None` if it may see it.
    pub(super) fn denied(&self, id: CallId) -> Option<&str> {
        match self.get(id).map(|call| &call.state) {
            Some(State::Permitted) => None,
            Some(State::Denied(text)) => Some(text),
            // Nothing of such a call is ever let go; were it, then not as a call.
            Some(State::Open | State::Waiting) | None => Some("Tool call was not decided."),
        }
    }

    pub(super) fn any_denied(&self) -> bool {
        self.list.iter().any(|call| matches!(call.state, State::Denied(_)))
    }

    /// Whether a call began that is not complete.
    pub(super) fn any_open(&self) -> bool {
        self.list.iter().any(|call| matches!(call.state, State::Open))
    }

    fn get(&self, id: CallId) -> Option<&Call> {
        self.list.get(usize::try_from(id).ok()?)
    }

    fn get_mut(&mut self, id: CallId) -> Option<&mut Call> {
        self.list.get_mut(usize::try_from(id).ok()?)
    }
}

/// The arguments as one JSON object, if they can be one. Tools without arguments are called with
/// nothing at all by some.
fn normal(arguments: Arguments<'_>) -> String {
    match arguments {
        Arguments::Json(text) if text.trim().is_empty() => "{}".to_owned(),
        Arguments::Json(text) => text.to_owned(),
        Arguments::Text(text) => format!(r#"{{"input":{}}}"#, json_string(text)),
    }
}

fn unreadable(name: &str) -> String {
    format!(
        "The call of tool \"{}\" was not passed on: its arguments are not one complete JSON object.",
        excerpt(name)
    )
}
