//! YAML 1.2 for policy documents, over `saphyr-parser`'s events.
//!
//! A policy needs none of YAML's cleverness, and each piece of it has hurt somebody: anchors
//! (exponential documents), tags (coercion), several documents in one file (which one counts?).
//! They are refused.

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle, Span as YamlSpan};

use super::{Duplicate, Member, Node, SyntaxError, SyntaxTree, Value, note_duplicates};
use crate::diagnostic::Span;
use crate::limits::{JSON_DEPTH_MAX, JSON_NODES_MAX};

pub(super) fn read(text: &str) -> Result<SyntaxTree<'_>, SyntaxError> {
    let mut builder = Builder {
        open: Vec::new(),
        root: None,
        nodes: 0,
        duplicates: Vec::new(),
        offsets: Offsets::new(text),
    };
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => builder.event(event, span)?,
            Err(error) => {
                let at = builder.offsets.byte(error.marker().index());
                return Err(SyntaxError {
                    message: error.info().to_owned(),
                    span: Span { start: at, end: at },
                });
            }
        }
    }
    let root = builder
        .root
        .ok_or_else(|| SyntaxError { message: "the document is empty".to_owned(), span: Span::default() })?;
    Ok(SyntaxTree { text, root, duplicates: builder.duplicates })
}

/// A collection that is not closed yet.
enum Open {
    Array(Vec<Node<'static>>, usize),
    /// Members, start, and the key that waits for its value.
    Object(Vec<Member<'static>>, usize, Option<(String, Span)>),
}

struct Builder {
    open: Vec<Open>,
    root: Option<Node<'static>>,
    nodes: usize,
    duplicates: Vec<Duplicate>,
    offsets: Offsets,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: YamlSpan) -> Result<(), SyntaxError> {
        let at =
            Span { start: self.offsets.byte(span.start.index()), end: self.offsets.byte(span.end.index()) };
        let refuse = |message: &str| Err(SyntaxError { message: message.to_owned(), span: at });
        match event {
            Event::Alias(_) => return refuse("aliases are not allowed in a policy; write the value out"),
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(anchor, _)
            | Event::MappingStart(anchor, _)
                if anchor > 0 =>
            {
                return refuse("anchors are not allowed in a policy; write the value out");
            }
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => {
                return refuse("tags are not allowed in a policy");
            }
            Event::DocumentStart(_) if self.root.is_some() => {
                return refuse("more than one document in the file; a policy is one document");
            }
            Event::Scalar(text, style, _, _) => {
                let value = scalar(text, style);
                self.push(Node { value, span: at })?;
            }
            Event::SequenceStart(..) => self.open(Open::Array(Vec::new(), at.start), at)?,
            Event::MappingStart(..) => self.open(Open::Object(Vec::new(), at.start, None), at)?,
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::Array(items, start)) => {
                    let span = Span { start, end: at.end.max(start) };
                    self.push(Node { value: Value::Array(items), span })?;
                }
                Some(Open::Object(members, start, _)) => {
                    note_duplicates(&members, &mut self.duplicates);
                    let span = Span { start, end: at.end.max(start) };
                    self.push(Node { value: Value::Object(members), span })?;
                }
                None => return refuse("unbalanced collection"),
            },
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn open(&mut self, open: Open, at: Span) -> Result<(), SyntaxError> {
        if self.open.len() >= JSON_DEPTH_MAX {
            return Err(SyntaxError {
                message: format!("nested deeper than {JSON_DEPTH_MAX} levels"),
                span: at,
            });
        }
        if matches!(self.open.last(), Some(Open::Object(_, _, None))) {
            return Err(SyntaxError { message: "a key has to be a string".to_owned(), span: at });
        }
        self.open.push(open);
        Ok(())
    }

    fn push(&mut self, node: Node<'static>) -> Result<(), SyntaxError> {
        self.nodes += 1;
        if self.nodes > JSON_NODES_MAX {
            return Err(SyntaxError {
                message: format!("more than {JSON_NODES_MAX} values"),
                span: node.span,
            });
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::Array(items, _)) => items.push(node),
            Some(Open::Object(members, _, waiting)) => match (waiting.take(), node.value) {
                (Some((key, key_span)), value) => {
                    members.push(Member {
                        key: Cow::Owned(key),
                        key_span,
                        value: Node { value, span: node.span },
                    });
                }
                (None, Value::String(key)) => *waiting = Some((key.into_owned(), node.span)),
                (None, _) => {
                    return Err(SyntaxError {
                        message: "a key has to be a string".to_owned(),
                        span: node.span,
                    });
                }
            },
        }
        Ok(())
    }
}

/// The core schema of YAML 1.2, for plain scalars only.
fn scalar(text: Cow<'_, str>, style: ScalarStyle) -> Value<'static> {
    if style != ScalarStyle::Plain {
        return Value::String(Cow::Owned(text.into_owned()));
    }
    match text.as_ref() {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        number
            if number.parse::<i64>().is_ok()
                || (number.contains(|c: char| c.is_ascii_digit()) && number.parse::<f64>().is_ok()) =>
        {
            Value::Number(Cow::Owned(text.into_owned()))
        }
        _ => Value::String(Cow::Owned(text.into_owned())),
    }
}

/// Byte offsets of characters: the parser counts characters, diagnostics count bytes.
struct Offsets(Vec<usize>);

impl Offsets {
    fn new(text: &str) -> Self {
        Self(text.char_indices().map(|(at, _)| at).chain([text.len()]).collect())
    }

    fn byte(&self, index: usize) -> usize {
        self.0.get(index).or(self.0.last()).copied().unwrap_or(0)
    }
}
