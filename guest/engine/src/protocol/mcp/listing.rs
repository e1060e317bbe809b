//! What a server sends: lists lose the tools that may not be seen, everything else passes as it is.
//!
//! A list is known by its shape and not by the request that it answers, so there is nothing to
//! remember. Once it is made for one agent it is nobody else's: a cache may not share it.

use std::borrow::Cow;

use super::super::json_rpc::{self, Object, Shape, get};
use super::super::splice::{Edit, cuts, splice};
use super::malformed::{INVALID_REQUEST, Malformed, malformed};
use crate::diagnostic::Span;
use crate::limits::LISTED_TOOLS_MAX;
use crate::syntax::Node;

const PRIVATE: &str = "\"private\"";

/// A message of a server, as the client may have it.
#[derive(Debug, PartialEq, Eq)]
pub struct Filtered<'a> {
    /// Borrowed where nothing was changed.
    pub message: Cow<'a, [u8]>,
    /// How many tools are not in it any more.
    pub hidden: usize,
}

/// Reads one message of a server, and leaves out the tools that the client may not see.
pub fn filter<'a>(message: &'a [u8], may_see: &dyn Fn(&str) -> bool) -> Result<Filtered<'a>, Malformed> {
    let readable = json_rpc::mended(message);
    let frame = json_rpc::read(&readable)?;
    let unchanged = Filtered { message: Cow::Borrowed(message), hidden: 0 };
    let (id, result) = match frame.shape {
        Shape::Result { id, result } => (id, result),
        Shape::Request { .. } | Shape::Notification { .. } | Shape::Error { .. } => return Ok(unchanged),
    };
    let Some(tools) = result.get("tools").and_then(Node::as_array) else {
        return Ok(unchanged);
    };
    if tools.len() > LISTED_TOOLS_MAX {
        let message = format!("list has more than {LISTED_TOOLS_MAX} tools");
        return malformed("mcp-too-many-tools", INVALID_REQUEST, message).map_err(|found| found.to(id));
    }
    let items: Vec<(Span, bool)> = tools.iter().map(|tool| (tool.span, is_seen(tool, may_see))).collect();
    let hidden = items.iter().filter(|(_, is_kept)| !is_kept).count();
    let mut edits = cuts(&items);
    edits.extend(scope(&result));
    if edits.is_empty() {
        return Ok(unchanged);
    }
    // Positions are the same in both, so what stays is what was sent.
    let text = std::str::from_utf8(message).unwrap_or(frame.text);
    Ok(Filtered { message: Cow::Owned(splice(text, &mut edits).into_bytes()), hidden })
}

/// A tool without a name cannot be asked about.
fn is_seen(tool: &Node<'_>, may_see: &dyn Fn(&str) -> bool) -> bool {
    let name = tool.as_object().and_then(|members| get(members, "name")).and_then(Node::as_str);
    name.is_some_and(may_see)
}

/// Makes the list private, where its revision has a scope.
fn scope(result: &Object<'_>) -> Option<Edit<'static>> {
    if let Some(scope) = result.get("cacheScope") {
        return (scope.as_str() != Some("private")).then_some(Edit { span: scope.span, text: PRIVATE });
    }
    let has_scope = result.get("resultType").is_some() || result.get("ttlMs").is_some();
    let end = result.members.last()?.value.span.end;
    has_scope.then_some(Edit { span: Span { start: end, end }, text: ",\"cacheScope\":\"private\"" })
}
