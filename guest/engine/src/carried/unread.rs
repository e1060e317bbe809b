//! What must not stand in a body that nobody reads as a message: a payment, where the policy limits what is paid
//! to the host; a message of MCP, where the host speaks MCP at other paths. What it comes to is not found out
//! here; it does not pass.

use crate::Format;
use crate::decision::{Layer, Outcome, Reason};
use crate::network::Unread;
use crate::protocol::mcp::PAYMENT_KEY;
use crate::protocol::x402::Malformed;
use crate::syntax::{self, Node, Value};

/// Why a body is not sent. `says_json`: its headers say that it is JSON.
pub(super) fn refusal(body: &[u8], says_json: bool, unread: Unread) -> Option<Reason> {
    let text = std::str::from_utf8(body).ok().map(|text| text.trim_start_matches('\u{feff}'));
    if text.is_some_and(|text| text.trim_ascii().is_empty()) {
        return None;
    }
    let tree = text.and_then(|text| syntax::read(text, Format::Json).ok());
    match tree {
        Some(tree) if unread.messages && is_message(&tree.root) => Some(network(
            "mcp-elsewhere",
            "Message of MCP is sent to a path where the policy does not say that MCP is spoken; add it to `mcp.paths`.",
        )),
        Some(tree) if unread.payments && pays(&tree.root) => Some(engine(
            "mcp-payment-unexpected",
            "Message carries a payment, and the policy does not say that the host speaks MCP; name it in `mcp`.",
        )),
        None if says_json && unread.messages => Some(network(
            "mcp-elsewhere",
            "Body is said to be JSON and cannot be read, on a host that speaks MCP.",
        )),
        None if says_json && unread.payments => Some(engine(
            "payment-malformed",
            "Body is said to be JSON and cannot be read, so a payment in it would be seen by nobody.",
        )),
        Some(_) | None => None,
    }
}

fn engine(code: &'static str, message: &str) -> Reason {
    Malformed { code, message: message.to_owned() }.reason()
}

fn network(code: &'static str, message: &str) -> Reason {
    Reason {
        outcome: Outcome::Deny,
        layer: Layer::Network,
        code: code.into(),
        message: message.to_owned(),
        rule: None,
        part: None,
    }
}

/// Whether it is a message, or several.
fn is_message(root: &Node<'_>) -> bool {
    let is_one = |node: &Node<'_>| {
        node.as_object().is_some_and(|members| members.iter().any(|member| member.key == "jsonrpc"))
    };
    is_one(root) || root.as_array().is_some_and(|items| items.iter().any(is_one))
}

/// Whether a payment stands somewhere in it: in a batch as well, and under a key that stands there twice.
fn pays(root: &Node<'_>) -> bool {
    let mut waiting = vec![root];
    while let Some(node) = waiting.pop() {
        match &node.value {
            Value::Object(members) => {
                if members.iter().any(|member| member.key == PAYMENT_KEY) {
                    return true;
                }
                waiting.extend(members.iter().map(|member| &member.value));
            }
            Value::Array(items) => waiting.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    false
}
