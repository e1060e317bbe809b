//! Items of a response of OpenAI: what the agent is asked to do, and what was done elsewhere.

use std::collections::BTreeMap;

use super::calls::Arguments;
use super::{Refused, given, list, misshapen, optional_text, refuse, text, written};
use crate::syntax::Node;
use crate::wire::{excerpt, json_string};

/// An item of `output`.
pub(super) enum Item<'n> {
    /// The agent would execute it.
    Call(Action),
    /// It is said, or the provider has done it. With its type.
    Passive(&'n str),
}

/// What the agent is asked to do.
pub(super) struct Action {
    pub(super) kind: &'static str,
    /// Empty if it has none.
    pub(super) item_id: String,
    pub(super) call_id: String,
    /// The tool, as a call names it.
    pub(super) name: String,
    input: Input,
}

enum Input {
    /// Text that should be a JSON object.
    Json(String),
    /// Text of a custom tool.
    Text(String),
    /// A JSON object, and the commands in it.
    Shell(String, Vec<String>),
}

/// Items that are said, or done by the provider.
const PASSIVE: [&str; 13] = [
    "additional_tools",
    "code_interpreter_call",
    "compaction",
    "file_search_call",
    "image_generation_call",
    "mcp_approval_response",
    "mcp_call",
    "mcp_list_tools",
    "message",
    "program",
    "program_output",
    "reasoning",
    "web_search_call",
];

impl<'n> Item<'n> {
    /// Reads a whole item.
    pub(super) fn read(node: &'n Node<'_>, data: &str) -> Result<Self, Refused> {
        let Some(kind) = agents(node)? else { return Self::passive(node) };
        let input = match kind {
            "function_call" | "mcp_approval_request" => {
                Input::Json(optional_text(node, "arguments")?.unwrap_or_default().to_owned())
            }
            "custom_tool_call" => Input::Text(text(node, "input")?.to_owned()),
            "computer_call" => Input::Json(computer(node, data)?),
            "apply_patch_call" => Input::Json(object(node, "operation", data)?),
            "tool_search_call" => Input::Json(object(node, "arguments", data)?),
            "local_shell_call" => Input::Json(object(node, "action", data)?),
            _ => Input::Shell(object(node, "action", data)?, commands(node)?),
        };
        Ok(Self::Call(Action::new(node, kind, input)?))
    }

    /// Reads an item that begins: what it holds may come later.
    pub(super) fn begun(node: &'n Node<'_>, data: &str) -> Result<Self, Refused> {
        let Some(kind) = agents(node)? else { return Self::passive(node) };
        let said = |name| Ok::<_, Refused>(optional_text(node, name)?.unwrap_or_default().to_owned());
        let input = match kind {
            "function_call" | "mcp_approval_request" => Input::Json(said("arguments")?),
            "custom_tool_call" => Input::Text(said("input")?),
            "shell_call" => match given(node, "action")? {
                Some(_) => Input::Shell(object(node, "action", data)?, commands(node)?),
                None => Input::Shell(String::new(), Vec::new()),
            },
            // These come whole, or again when they are done.
            _ => Input::Json(String::new()),
        };
        Ok(Self::Call(Action::new(node, kind, input)?))
    }

    fn passive(node: &'n Node<'_>) -> Result<Self, Refused> {
        let kind = text(node, "type")?;
        let is_other = matches!(kind, "shell_call" | "tool_search_call");
        if is_other || kind.ends_with("_output") || PASSIVE.contains(&kind) {
            return Ok(Self::Passive(kind));
        }
        refuse("llm-item-unknown", format!("Answer of the model has an item \"{}\".", excerpt(kind)))
    }
}

/// The type of an item that the agent executes.
fn agents(node: &Node<'_>) -> Result<Option<&'static str>, Refused> {
    const CALLS: [&str; 6] = [
        "apply_patch_call",
        "computer_call",
        "custom_tool_call",
        "function_call",
        "local_shell_call",
        "mcp_approval_request",
    ];
    let kind = text(node, "type")?;
    let is = |name: &'static str, is_own: bool| Ok((!is_own).then_some(name));
    match kind {
        // A container belongs to the provider; every other place may be the agent's.
        "shell_call" => {
            let environment = given(node, "environment")?;
            let place = environment.map(|own| optional_text(own, "type")).transpose()?.flatten();
            is("shell_call", place == Some("container_reference"))
        }
        "tool_search_call" => is("tool_search_call", optional_text(node, "execution")? == Some("server")),
        _ => Ok(CALLS.into_iter().find(|name| *name == kind)),
    }
}

fn object(node: &Node<'_>, name: &'static str, data: &str) -> Result<String, Refused> {
    match given(node, name)? {
        Some(found) if found.as_object().is_some() => Ok(written(data, found).to_owned()),
        Some(_) | None => misshapen(name),
    }
}

/// `{"action": …}`, or `{"actions": […]}` of newer models, or both.
fn computer(node: &Node<'_>, data: &str) -> Result<String, Refused> {
    let mut members = Vec::new();
    for name in ["action", "actions"] {
        members.extend(given(node, name)?.map(|found| format!(r#""{name}":{}"#, written(data, found))));
    }
    Ok(format!("{{{}}}", members.join(",")))
}

fn commands(node: &Node<'_>) -> Result<Vec<String>, Refused> {
    let Some(action) = given(node, "action")? else { return misshapen("action") };
    let read = |command: &Node<'_>| {
        command.as_str().map_or_else(|| misshapen("commands"), |text| Ok(text.to_owned()))
    };
    list(action, "commands")?.iter().map(read).collect()
}

impl Action {
    fn new(node: &Node<'_>, kind: &'static str, input: Input) -> Result<Self, Refused> {
        let own = |name| Ok::<_, Refused>(optional_text(node, name)?.unwrap_or_default().to_owned());
        let name = match kind {
            "function_call" | "custom_tool_call" => qualified(&own("namespace")?, text(node, "name")?),
            "mcp_approval_request" => {
                format!("mcp__{}__{}", text(node, "server_label")?, text(node, "name")?)
            }
            _ => kind.strip_suffix("_call").unwrap_or(kind).to_owned(),
        };
        Ok(Self { kind, item_id: own("id")?, call_id: own("call_id")?, name, input })
    }

    pub(super) fn arguments(&self) -> Arguments<'_> {
        match &self.input {
            Input::Json(text) | Input::Shell(text, _) => Arguments::Json(text),
            Input::Text(text) => Arguments::Text(text),
        }
    }

    /// The texts that are also streamed in pieces, by their number.
    pub(super) fn said(&self) -> BTreeMap<u64, &str> {
        match &self.input {
            Input::Json(text) | Input::Text(text) => BTreeMap::from([(0, text.as_str())]),
            Input::Shell(_, commands) => (0..).zip(commands.iter().map(String::as_str)).collect(),
        }
    }

    /// Whether an item that begins says nothing yet.
    pub(super) fn is_unsaid(&self) -> bool {
        match &self.input {
            Input::Json(text) | Input::Text(text) => text.is_empty(),
            Input::Shell(_, commands) => commands.iter().all(String::is_empty),
        }
    }

    /// The id of the message in its place.
    pub(super) fn message_id(&self) -> String {
        format!("msg_{}", if self.item_id.is_empty() { &self.call_id } else { &self.item_id })
    }
}

/// A tool of a namespace is another one than that of the same name outside. Namespaces of MCP servers
/// bring their `mcp__` along.
fn qualified(namespace: &str, name: &str) -> String {
    let joint = if namespace.is_empty() || namespace.ends_with("__") { "" } else { "__" };
    format!("{namespace}{joint}{name}")
}

/// A message that says why.
pub(super) fn message(id: &str, text: &str) -> String {
    format!(
        r#"{{"type":"message","id":{},"status":"completed","role":"assistant","content":[{{"type":"output_text","text":{},"annotations":[]}}]}}"#,
        json_string(id),
        json_string(text)
    )
}
