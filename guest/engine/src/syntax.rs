//! Text to tree: JSON and YAML become one tree whose every node knows where it stood.
//!
//! Nothing here knows what a policy or a call is. Duplicate keys are kept and counted, because
//! the two users differ: a document reports each one, a call is refused for any.

mod find;
mod json;
mod yaml;

use std::borrow::Cow;

use crate::Format;
use crate::diagnostic::Span;
use crate::wire::push_json_string;

/// A document as it was written, with positions.
#[derive(Debug)]
pub struct SyntaxTree<'a> {
    pub(crate) text: &'a str,
    pub(crate) root: Node<'a>,
    pub(crate) duplicates: Vec<Duplicate>,
}

/// A key that its object already had.
#[derive(Debug)]
pub(crate) struct Duplicate {
    pub(crate) key: String,
    pub(crate) span: Span,
}

/// One value of a document.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub(crate) value: Value<'a>,
    pub(crate) span: Span,
}

/// What a node holds.
#[derive(Debug)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    /// As written.
    Number(Cow<'a, str>),
    String(Cow<'a, str>),
    Array(Vec<Node<'a>>),
    Object(Vec<Member<'a>>),
}

/// One entry of an object.
#[derive(Debug)]
pub(crate) struct Member<'a> {
    pub(crate) key: Cow<'a, str>,
    pub(crate) key_span: Span,
    pub(crate) value: Node<'a>,
}

/// Why a text is not a tree.
#[derive(Debug)]
pub(crate) struct SyntaxError {
    pub(crate) message: String,
    pub(crate) span: Span,
}

/// Reads a text in the notation given.
pub(crate) fn read(text: &str, format: Format) -> Result<SyntaxTree<'_>, SyntaxError> {
    match format {
        Format::Json => json::read(text),
        Format::Yaml => yaml::read(text),
    }
}

impl<'a> Node<'a> {
    /// A node that is yet to be read.
    const EMPTY: Self = Self { value: Value::Null, span: Span { start: 0, end: 0 } };

    /// The kind of value, in the words of JSON.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// A number as it is written.
    pub(crate) fn as_number(&self) -> Option<&str> {
        match &self.value {
            Value::Number(text) => Some(text),
            Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    pub(crate) fn as_array(&self) -> Option<&[Node<'a>]> {
        match &self.value {
            Value::Array(items) => Some(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => None,
        }
    }

    pub(crate) fn as_object(&self) -> Option<&[Member<'a>]> {
        match &self.value {
            Value::Object(members) => Some(members),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
        }
    }
}

impl Node<'_> {
    /// Writes it as JSON. For what was built here; its depth is that of the code that built it.
    pub(crate) fn write(&self, out: &mut String) {
        match &self.value {
            Value::Null => out.push_str("null"),
            Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
            Value::Number(text) => out.push_str(text),
            Value::String(text) => push_json_string(out, text),
            Value::Array(items) => {
                out.push('[');
                for (number, item) in items.iter().enumerate() {
                    if number > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Value::Object(members) => {
                out.push('{');
                for (number, member) in members.iter().enumerate() {
                    if number > 0 {
                        out.push(',');
                    }
                    push_json_string(out, &member.key);
                    out.push(':');
                    member.value.write(out);
                }
                out.push('}');
            }
        }
    }
}

/// Notes the keys of one object that stand there twice.
fn note_duplicates(members: &[Member<'_>], duplicates: &mut Vec<Duplicate>) {
    // Few keys are compared pair by pair, which needs no memory; many are sorted.
    if members.len() <= 16 {
        for (index, member) in members.iter().enumerate() {
            if members.iter().take(index).any(|earlier| earlier.key == member.key) {
                duplicates.push(Duplicate { key: member.key.to_string(), span: member.key_span });
            }
        }
        return;
    }
    let mut seen = std::collections::BTreeSet::new();
    for member in members {
        if !seen.insert(member.key.as_ref()) {
            duplicates.push(Duplicate { key: member.key.to_string(), span: member.key_span });
        }
    }
}
