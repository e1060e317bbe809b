//! The leaves of a document: texts, names, numbers and patterns, each with its place.

use super::shape::{Reading, Shape};
use crate::command::{CommandPattern, is_dangerous};
use crate::diagnostic::Span;
use crate::limits::PATTERN_BYTES_MAX;
use crate::path::PathPattern;
use crate::syntax::Node;
use crate::wire::is_format;

/// A text that is not empty and holds no control characters, with its place.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) value: String,
    pub(crate) span: Span,
    pub(crate) pointer: String,
}

impl Shape for Text {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let Some(text) = node.as_str() else {
            cx.wrong_type(node, "a string");
            return None;
        };
        if text.trim().is_empty() {
            cx.error(
                "empty-text",
                node.span,
                "empty text".to_owned(),
                "write something, or remove the entry",
                None,
            );
            return None;
        }
        if text.chars().any(char::is_control) {
            let help = "remove it; a pattern or a name is one line of printable text".to_owned();
            cx.error(
                "control-character",
                node.span,
                "control character in a text".to_owned(),
                "in here",
                Some(help),
            );
            return None;
        }
        Some(Self { value: text.to_owned(), span: node.span, pointer: cx.pointer() })
    }

    fn schema() -> String {
        r#"{"type":"string","minLength":1}"#.to_owned()
    }
}

/// A name that entries are found by: a column of a table, and a label of a metric.
pub(crate) fn name(node: &Node<'_>, of: &str, cx: &mut Reading<'_>) -> Option<Text> {
    let text = Text::read(node, cx)?;
    if AgentId::is_valid(&text.value) {
        return Some(text);
    }
    let help = "use 1 to 64 letters, digits, `.`, `_` or `-`, starting with a letter or digit, without `..`";
    let message = format!("`{}` is not a name for a {of}", text.value.escape_debug());
    cx.error("bad-name", node.span, message, "this name", Some(help.to_owned()));
    None
}

/// Refuses a pattern with characters that nobody sees: it would match nothing that its author meant.
pub(crate) fn visible(text: Text, cx: &mut Reading<'_>) -> Option<Text> {
    let is_invisible = |c: char| is_format(c) || c.is_whitespace() && c != ' ';
    let Some(found) = text.value.chars().find(|c| is_invisible(*c)) else { return Some(text) };
    let message = format!("invisible character {} in a pattern", found.escape_unicode());
    let help = Some("remove it, or write a plain blank".to_owned());
    cx.error("invisible-character", text.span, message, "in here", help);
    None
}

/// A path pattern, read where it stands so that its mistakes are reported with all others.
#[derive(Clone, Debug)]
pub(crate) struct PathRule {
    pub(crate) text: Text,
    pub(crate) pattern: PathPattern,
}

impl Shape for PathRule {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let text = visible(Text::read(node, cx)?, cx)?;
        match PathPattern::parse(&text.value) {
            Ok(pattern) => Some(Self { text, pattern }),
            Err(found) => {
                let help = Some(found.help.to_owned());
                cx.error("bad-path-pattern", node.span, found.message.to_owned(), "this entry", help);
                None
            }
        }
    }

    fn schema() -> String {
        format!(r#"{{"type":"string","minLength":1,"maxLength":{PATTERN_BYTES_MAX}}}"#)
    }
}

/// A command pattern.
#[derive(Clone, Debug)]
pub(crate) struct CommandRule {
    pub(crate) text: Text,
    pub(crate) pattern: CommandPattern,
}

impl Shape for CommandRule {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let text = visible(Text::read(node, cx)?, cx)?;
        if text.value.len() > PATTERN_BYTES_MAX {
            let help = Some("split it into several patterns".to_owned());
            let message = format!("pattern is longer than {PATTERN_BYTES_MAX} bytes");
            cx.error("bad-command-pattern", node.span, message, "this entry", help);
            return None;
        }
        let pattern = CommandPattern::parse(&text.value);
        Some(Self { text, pattern })
    }

    fn schema() -> String {
        format!(r#"{{"type":"string","minLength":1,"maxLength":{PATTERN_BYTES_MAX}}}"#)
    }
}

/// The name of an environment variable that a policy may allow, or the start of one and `*`.
#[derive(Clone, Debug)]
pub(crate) struct VariableRule(pub(crate) String);

impl Shape for VariableRule {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let text = Text::read(node, cx)?.value;
        let name = text.strip_suffix('*').unwrap_or(&text);
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            let message = format!("`{}` is not the name of a variable", text.escape_debug());
            let help = Some("letters, digits and `_`, with `*` at the end at most".to_owned());
            cx.error("bad-variable", node.span, message, "this entry", help);
            return None;
        }
        if is_dangerous(&text) {
            let message = format!("`{text}` decides what other programs run and cannot be allowed");
            let help = Some("set it where the agent is started, not in its commands".to_owned());
            cx.error("dangerous-variable", node.span, message, "this entry", help);
            return None;
        }
        Some(Self(text))
    }

    fn schema() -> String {
        r#"{"type":"string","pattern":"^[A-Za-z0-9_]+[*]?$"}"#.to_owned()
    }
}

/// An identifier: it becomes a file name, a label and a piece of a URL.
#[derive(Clone, Debug)]
pub(crate) struct AgentId(pub(crate) String);

impl AgentId {
    /// `[A-Za-z0-9][A-Za-z0-9._-]{0,63}` without `..`.
    pub(crate) fn is_valid(text: &str) -> bool {
        let plain = |c: u8| c.is_ascii_alphanumeric();
        text.len() <= 64
            && text.bytes().next().is_some_and(plain)
            && text.bytes().all(|c| plain(c) || matches!(c, b'.' | b'_' | b'-'))
            && !text.contains("..")
    }
}

impl Shape for AgentId {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let Some(text) = node.as_str() else {
            cx.wrong_type(node, "a string");
            return None;
        };
        if !Self::is_valid(text) {
            let help =
                "use 1 to 64 letters, digits, `.`, `_` or `-`, starting with a letter or digit, without `..`";
            let message = format!("`{}` is not an agent id", text.escape_debug());
            cx.error("bad-agent-id", node.span, message, "this identifier", Some(help.to_owned()));
            return None;
        }
        Some(Self(text.to_owned()))
    }

    fn schema() -> String {
        r#"{"type":"string","pattern":"^(?!.*\\.\\.)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"}"#.to_owned()
    }
}

/// A whole number between two bounds, both included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole<const MIN: u64, const MAX: u64> {
    pub(crate) value: u64,
}

/// A whole number of risk points, or of anything else that is counted by the piece.
pub(crate) type Points = Whole<0, 1_000_000_000>;

impl<const MIN: u64, const MAX: u64> Shape for Whole<MIN, MAX> {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let Some(text) = node.as_number() else {
            cx.wrong_type(node, "a whole number");
            return None;
        };
        match text.parse::<u64>() {
            Ok(value) if (MIN..=MAX).contains(&value) => Some(Self { value }),
            Ok(_) | Err(_) => {
                let message = format!("`{text}` is not a whole number from {MIN} to {MAX}");
                cx.error("bad-number", node.span, message, "this number", None);
                None
            }
        }
    }

    fn schema() -> String {
        format!(r#"{{"type":"integer","minimum":{MIN},"maximum":{MAX}}}"#)
    }
}
