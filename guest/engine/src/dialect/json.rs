//! JSON to be written: what a converted policy is made of, and how it is laid out for people.

use crate::syntax::{Node, Value};
use crate::wire::push_json_string;

/// A list of plain values stays on one line up to this many characters.
const LINE_CHARS_MAX: usize = 96;

/// A value that will be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    /// In the notation of JSON.
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// An object with these members, in this order.
    pub(super) fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// A list of texts.
    pub(super) fn texts<T: AsRef<str>>(texts: &[T]) -> Self {
        Self::List(texts.iter().map(|text| Self::from(text.as_ref())).collect())
    }

    /// What a document holds at this place.
    pub(super) fn of(node: &Node<'_>) -> Self {
        match &node.value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Number(text) => Self::Number(plain_number(text)),
            Value::String(text) => Self::Text(text.to_string()),
            Value::Array(items) => Self::List(items.iter().map(Self::of).collect()),
            Value::Object(members) => Self::Object(
                members.iter().map(|member| (member.key.to_string(), Self::of(&member.value))).collect(),
            ),
        }
    }

    /// The text of a document, two blanks for each level.
    pub(super) fn pretty(&self) -> String {
        let mut out = String::new();
        self.write(0, &mut out);
        out.push('\n');
        out
    }

    fn write(&self, level: usize, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(text) => out.push_str(text),
            Self::Text(text) => push_json_string(out, text),
            Self::List(items) => {
                if !self.write_in_line(out) {
                    let inner = level + 1;
                    wrap('[', ']', level, items, out, |item, out| item.write(inner, out));
                }
            }
            Self::Object(members) => {
                let inner = level + 1;
                wrap('{', '}', level, members, out, |(name, value), out| {
                    push_json_string(out, name);
                    out.push_str(": ");
                    value.write(inner, out);
                });
            }
        }
    }

    /// Writes a short list of plain values; `false` and nothing if it is none.
    fn write_in_line(&self, out: &mut String) -> bool {
        let Self::List(items) = self else { return false };
        if items.iter().any(|item| matches!(item, Self::List(_) | Self::Object(_))) {
            return false;
        }
        let start = out.len();
        out.push('[');
        for (index, item) in items.iter().enumerate() {
            out.push_str(if index == 0 { "" } else { ", " });
            item.write(0, out);
            if out.len() - start > LINE_CHARS_MAX {
                out.truncate(start);
                return false;
            }
        }
        out.push(']');
        true
    }
}

/// Writes entries one per line between brackets.
fn wrap<T>(
    open: char,
    close: char,
    level: usize,
    entries: &[T],
    out: &mut String,
    write: impl Fn(&T, &mut String),
) {
    let indent = |level: usize, out: &mut String| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", level));
    };
    out.push(open);
    for (index, entry) in entries.iter().enumerate() {
        out.push_str(if index == 0 { "" } else { "," });
        indent(level + 1, out);
        write(entry, out);
    }
    if !entries.is_empty() {
        indent(level, out);
    }
    out.push(close);
}

/// A number of YAML in the notation of JSON: no plus sign, no needless zeros, digits on both sides
/// of a point. What is JSON already stays as it is.
fn plain_number(text: &str) -> String {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let at = rest.find(['e', 'E']).unwrap_or(rest.len());
    let (mantissa, exponent) = rest.split_at_checked(at).unwrap_or((rest, ""));
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = whole.trim_start_matches('0');
    let whole = if digits.is_empty() { "0" } else { digits };
    let decimals = if decimals.is_empty() { String::new() } else { format!(".{decimals}") };
    format!("{sign}{whole}{decimals}{exponent}")
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Json {
    fn from(number: u64) -> Self {
        Self::Number(number.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_yaml_become_numbers_of_json() {
        for (yaml, json) in [
            ("1", "1"),
            ("-1.50", "-1.50"),
            ("+1", "1"),
            (".5", "0.5"),
            ("-.5", "-0.5"),
            ("1.", "1"),
            ("007", "7"),
            ("0", "0"),
            ("0.0", "0.0"),
            ("1e3", "1e3"),
            ("1.E+2", "1E+2"),
            ("00.1e-2", "0.1e-2"),
        ] {
            assert_eq!(plain_number(yaml), json, "{yaml}");
        }
    }

    #[test]
    fn objects_take_lines_and_short_lists_do_not() {
        let value = Json::object([
            ("a", Json::texts(&["x", "y"])),
            ("b", Json::List(vec![Json::object([("c", Json::Null)])])),
            ("d", Json::List(Vec::new())),
            ("e", Json::Object(Vec::new())),
        ]);
        assert_eq!(
            value.pretty(),
            "{\n  \"a\": [\"x\", \"y\"],\n  \"b\": [\n    {\n      \"c\": null\n    }\n  ],\n  \"d\": [],\n  \"e\": {}\n}\n"
        );
        let long = Json::texts(&["0123456789"; 9]);
        assert_eq!(long.pretty().lines().count(), 11);
    }
}
