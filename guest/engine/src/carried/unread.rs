//! A payment in a message that nobody reads: the policy limits what is paid to the host, and does not say that
//! the host speaks MCP. What such a payment comes to is not found out here; it does not pass.

use crate::Format;
use crate::decision::Reason;
use crate::protocol::mcp::PAYMENT_KEY;
use crate::protocol::x402::Malformed;
use crate::syntax::{self, Node, Value};

/// Why a body is not sent where payments are limited. `says_json`: its headers say that it is JSON.
pub(super) fn payment(body: &[u8], says_json: bool) -> Option<Reason> {
    let text = std::str::from_utf8(body).ok().map(|text| text.trim_start_matches('\u{feff}'));
    if text.is_some_and(|text| text.trim_ascii().is_empty()) {
        return None;
    }
    let tree = text.and_then(|text| syntax::read(text, Format::Json).ok());
    let (code, message) = match tree {
        Some(tree) if pays(&tree.root) => (
            "mcp-payment-unexpected",
            "Message carries a payment, and the policy does not say that the host speaks MCP; name it in `mcp`.",
        ),
        None if says_json => (
            "payment-malformed",
            "Body is said to be JSON and cannot be read, so a payment in it would be seen by nobody.",
        ),
        Some(_) | None => return None,
    };
    Some(Malformed { code, message: message.to_owned() }.reason())
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
