//! JSON-RPC 2.0: one message from bytes. It does not know what methods there are.
//!
//! An allow-list of shapes: a request, a notification, a result, an error. Everything else that
//! another reader might make something of is refused: batches (M1), keys that an object has twice
//! once they are unescaped (M2), unknown members, a byte order mark, more than one document (M3).
//!
//! Positions are kept, so that an answer can repeat an id and a shell can send on arguments byte for
//! byte.

mod surrogates;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::Format;
use crate::diagnostic::Span;
use crate::limits::CALL_BYTES_MAX;
use crate::syntax::{self, Member, Node, Value};
use crate::wire::excerpt;

pub(super) use surrogates::mended;

/// The text is no JSON.
pub(super) const PARSE_ERROR: i32 = -32700;
/// It is JSON, and no message.
pub(super) const INVALID_REQUEST: i32 = -32600;

/// One message.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    pub(super) text: &'a str,
    pub(super) shape: Shape<'a>,
}

/// What kind of message it is. An id is the text that stands there: a string or an integer.
#[derive(Debug)]
pub(super) enum Shape<'a> {
    Request {
        id: &'a str,
        method: Cow<'a, str>,
        params: Option<Object<'a>>,
    },
    Notification {
        method: Cow<'a, str>,
        params: Option<Object<'a>>,
    },
    Result {
        id: &'a str,
        result: Object<'a>,
    },
    /// An error has no id where the request could not be read.
    Error {
        id: Option<&'a str>,
    },
}

/// An object and where it stood.
#[derive(Debug)]
pub(super) struct Object<'a> {
    pub(super) members: Vec<Member<'a>>,
    pub(super) span: Span,
}

impl<'a> Object<'a> {
    pub(super) fn get(&self, key: &str) -> Option<&Node<'a>> {
        get(&self.members, key)
    }
}

/// The value of a member.
pub(super) fn get<'m, 'a>(members: &'m [Member<'a>], key: &str) -> Option<&'m Node<'a>> {
    members.iter().find(|member| member.key == key).map(|member| &member.value)
}

/// Why bytes are not a message.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) message: String,
    /// The error's number in JSON-RPC.
    pub(super) number: i32,
    /// Whom to answer, if that could be read.
    pub(super) id: Option<String>,
}

fn fault<T>(code: &'static str, number: i32, message: impl Into<String>) -> Result<T, Fault> {
    Err(Fault { code, message: message.into(), number, id: None })
}

/// Reads one message.
pub(super) fn read(bytes: &[u8]) -> Result<Frame<'_>, Fault> {
    if bytes.len() > CALL_BYTES_MAX {
        let message = format!("message is larger than {CALL_BYTES_MAX} bytes");
        return fault("rpc-too-large", INVALID_REQUEST, message);
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return fault("rpc-not-utf8", PARSE_ERROR, "message is not valid UTF-8");
    };
    if text.starts_with('\u{feff}') {
        return fault(
            "rpc-byte-order-mark",
            PARSE_ERROR,
            "message begins with a byte order mark; send it without",
        );
    }
    let tree = match syntax::read(text, Format::Json) {
        Ok(tree) => tree,
        Err(found) => {
            let message =
                format!("message is not one JSON document: {} at byte {}", found.message, found.span.start);
            return fault("rpc-not-json", PARSE_ERROR, message);
        }
    };
    let members = match tree.root.value {
        Value::Object(members) => members,
        Value::Array(_) => {
            return fault(
                "rpc-batch",
                INVALID_REQUEST,
                "batches are not accepted; send each message by itself",
            );
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            return fault("rpc-wrong-type", INVALID_REQUEST, "message is not a JSON object");
        }
    };
    let id = sole_id(text, &members);
    let shape = match tree.duplicates.first() {
        Some(duplicate) => {
            let key = excerpt(&duplicate.key);
            fault(
                "rpc-duplicate-key",
                INVALID_REQUEST,
                format!("message has the key `{key}` twice in one object"),
            )
        }
        None => shape(text, members),
    };
    match shape {
        Ok(shape) => Ok(Frame { text, shape }),
        Err(fault) => Err(Fault { id, ..fault }),
    }
}

/// The id of a message that is going to be refused: only where there is no doubt about it.
fn sole_id(text: &str, members: &[Member<'_>]) -> Option<String> {
    let mut ids = members.iter().filter(|member| member.key == "id");
    match (ids.next(), ids.next()) {
        (Some(member), None) => raw_id(text, &member.value).map(str::to_owned),
        (None, _) | (Some(_), Some(_)) => None,
    }
}

fn raw_id<'a>(text: &'a str, node: &Node<'_>) -> Option<&'a str> {
    let is_id = match &node.value {
        Value::String(_) => true,
        Value::Number(written) => !written.contains(['.', 'e', 'E']),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    };
    if is_id { text.get(node.span.start..node.span.end) } else { None }
}

fn shape<'a>(text: &'a str, members: Vec<Member<'a>>) -> Result<Shape<'a>, Fault> {
    let (mut has_version, mut id, mut method) = (false, None, None);
    let (mut params, mut result, mut error) = (None, None, None);
    for Member { key, value, .. } in members {
        match key.as_ref() {
            "jsonrpc" => {
                if value.as_str() != Some("2.0") {
                    return fault("rpc-version", INVALID_REQUEST, "field `jsonrpc` is not \"2.0\"");
                }
                has_version = true;
            }
            "id" => id = Some(value),
            "method" => match value.value {
                Value::String(name) => method = Some(name),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                    return fault("rpc-wrong-type", INVALID_REQUEST, "field `method` is not a string");
                }
            },
            "params" => params = Some(object("params", value)?),
            "result" => result = Some(object("result", value)?),
            "error" => error = Some(object("error", value)?),
            unknown => {
                let message = format!("message has an unknown field `{}`", excerpt(unknown));
                return fault("rpc-unknown-field", INVALID_REQUEST, message);
            }
        }
    }
    if !has_version {
        return fault("rpc-version", INVALID_REQUEST, "message has no field `jsonrpc`");
    }
    let id = match id {
        None => None,
        // Servers that could not read a request have always answered it so.
        Some(Node { value: Value::Null, .. }) if error.is_some() => None,
        Some(node) => match raw_id(text, &node) {
            Some(id) => Some(id),
            None => {
                return fault("rpc-bad-id", INVALID_REQUEST, "field `id` is neither a string nor an integer");
            }
        },
    };
    match (method, id, params, result, error) {
        (Some(method), Some(id), params, None, None) => Ok(Shape::Request { id, method, params }),
        (Some(method), None, params, None, None) => Ok(Shape::Notification { method, params }),
        (None, Some(id), None, Some(result), None) => Ok(Shape::Result { id, result }),
        (None, id, None, None, Some(_)) => Ok(Shape::Error { id }),
        _ => {
            fault("rpc-shape", INVALID_REQUEST, "message is neither a request, a notification nor a response")
        }
    }
}

fn object<'a>(key: &str, node: Node<'a>) -> Result<Object<'a>, Fault> {
    match node.value {
        Value::Object(members) => Ok(Object { members, span: node.span }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            fault("rpc-wrong-type", INVALID_REQUEST, format!("field `{key}` is not an object"))
        }
    }
}
