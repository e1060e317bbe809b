//! Redaction, before anything is hashed: a tool's input becomes canonical JSON (RFC 8785's order)
//! without its secrets. It decides nothing about the call, and never sees what it was told to log.

mod json;
mod named;
mod names;
mod providers;
mod scan;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::hash::sha256;
use crate::limits::{REDACT_BYTES_MAX, REDACT_DEPTH_MAX, REDACT_VALUES_MAX, STRING_BYTES_MAX};
use json::Value;

/// What stands for the whole value of a secret key.
const REDACTED: &str = "\"[redacted]\"";

/// Removes secrets, by the names of keys and by the form of values.
#[derive(Debug, Clone)]
pub struct Redactor {
    extra: Vec<String>,
    string_bytes_max: usize,
}

/// A text without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    /// The text.
    pub text: String,
    /// Whether a secret was removed. A long string that was cut is none.
    pub redacted: bool,
}

/// Why a text was not redacted: it must then not be recorded either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedactError {
    /// Not JSON.
    #[error("this is not JSON at byte {at}; leave the field out")]
    NotJson {
        /// Where reading stopped.
        at: usize,
    },
    /// An object has a key twice, before or after redaction.
    #[error("an object has a key twice; leave the field out")]
    DuplicateKey,
    /// Nested too deeply.
    #[error("this JSON is nested deeper than {REDACT_DEPTH_MAX}; leave the field out")]
    TooDeep,
    /// Too long.
    #[error("this JSON has {bytes} bytes; at most {REDACT_BYTES_MAX} are redacted; leave the field out")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Too many values.
    #[error("this JSON has more than {REDACT_VALUES_MAX} values; leave the field out")]
    TooManyValues,
}

impl Default for Redactor {
    fn default() -> Self {
        Self::new([])
    }
}

impl Redactor {
    /// A redactor that also knows these names of keys, or ends of names.
    pub fn new<'a>(extra_keys: impl IntoIterator<Item = &'a str>) -> Self {
        let extra = extra_keys.into_iter().map(names::normalise).filter(|name| !name.is_empty()).collect();
        Self { extra, string_bytes_max: STRING_BYTES_MAX }
    }

    /// The same, which knows these names of keys as well.
    #[must_use]
    pub fn with<'a>(mut self, keys: impl IntoIterator<Item = &'a str>) -> Self {
        self.extra.extend(keys.into_iter().map(names::normalise).filter(|name| !name.is_empty()));
        self
    }

    /// Keeps strings up to this length whole.
    #[must_use]
    pub const fn with_string_bytes_max(mut self, bytes: usize) -> Self {
        self.string_bytes_max = bytes;
        self
    }

    /// Redacts a JSON text and writes it canonically: one line, keys in order, numbers as they were.
    pub fn redact_json(&self, text: &str) -> Result<Redacted, RedactError> {
        let value = json::parse(text)?;
        let mut writer = Writer { redactor: self, out: String::with_capacity(text.len()), redacted: false };
        writer.value(&value)?;
        Ok(Redacted { text: writer.out, redacted: writer.redacted })
    }

    /// Redacts a text that is no JSON. Nothing is escaped; whoever writes it does that.
    pub fn redact_text(&self, text: &str) -> Redacted {
        let clean = scan::redact(text, &self.extra);
        let redacted = clean.is_some();
        let text = self.cut(clean.map_or(Cow::Borrowed(text), Cow::Owned)).into_owned();
        Redacted { text, redacted }
    }

    /// The start of a long text, and how to recognise the rest.
    fn cut<'a>(&self, text: Cow<'a, str>) -> Cow<'a, str> {
        if text.len() <= self.string_bytes_max {
            return text;
        }
        let start = text.get(..text.floor_char_boundary(self.string_bytes_max)).unwrap_or_default();
        Cow::Owned(format!("{start}…[{} bytes, sha256:{}]", text.len(), sha256(text.as_bytes())))
    }

    fn is_secret(&self, name: &str) -> bool {
        names::is_secret(name, &self.extra)
    }
}

struct Writer<'r> {
    redactor: &'r Redactor,
    out: String,
    redacted: bool,
}

impl Writer<'_> {
    fn value(&mut self, value: &Value<'_>) -> Result<(), RedactError> {
        match value {
            Value::Plain(text) => self.out.push_str(text),
            Value::Text(text) => self.text(text),
            Value::List(items) => self.list(items)?,
            Value::Map(members) => self.map(members)?,
        }
        Ok(())
    }

    fn secret(&mut self) {
        self.out.push_str(REDACTED);
        self.redacted = true;
    }

    fn text(&mut self, text: &str) {
        let shown = self.shown(text);
        push_string(&mut self.out, &shown);
    }

    /// What is written of a string or key: without secrets, and cut.
    fn shown<'a>(&mut self, text: &'a str) -> Cow<'a, str> {
        let clean = self.clean(text);
        self.redactor.cut(clean)
    }

    fn clean<'a>(&mut self, text: &'a str) -> Cow<'a, str> {
        match scan::redact(text, &self.redactor.extra) {
            Some(clean) => {
                self.redacted = true;
                Cow::Owned(clean)
            }
            None => Cow::Borrowed(text),
        }
    }

    fn list(&mut self, items: &[Value<'_>]) -> Result<(), RedactError> {
        self.out.push('[');
        // `["--password", "x"]` is a command line, too, and `["authorization", "x"]` a header.
        let is_pair = items.len() == 2;
        let mut option = false;
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.out.push(',');
            }
            match item {
                Value::Text(text) if option && hides(item) && !text.starts_with('-') => self.secret(),
                Value::Text(_) | Value::Plain(_) | Value::List(_) | Value::Map(_) => self.value(item)?,
            }
            option = match item {
                Value::Text(text) => match text.strip_prefix('-') {
                    Some(name) => self.redactor.is_secret(name),
                    None => is_pair && names::is_header(text) && self.redactor.is_secret(text),
                },
                Value::Plain(_) | Value::List(_) | Value::Map(_) => false,
            };
        }
        self.out.push(']');
        Ok(())
    }

    fn map(&mut self, members: &[(String, Value<'_>)]) -> Result<(), RedactError> {
        let pair = self.is_secret_pair(members);
        let mut sorted: Vec<(Cow<'_, str>, &str, &Value<'_>)> =
            members.iter().map(|(key, value)| (self.shown(key), key.as_str(), value)).collect();
        sorted.sort_by(|a, b| by_utf16(&a.0, &b.0));
        if sorted.is_sorted_by(|a, b| a.0 != b.0) {
            self.out.push('{');
        } else {
            return Err(RedactError::DuplicateKey);
        }
        for (at, (clean, key, value)) in sorted.iter().enumerate() {
            if at > 0 {
                self.out.push(',');
            }
            push_string(&mut self.out, clean);
            self.out.push(':');
            let secret =
                self.redactor.is_secret(key) || pair && *key == "value" || is_secret_text(key, value);
            if secret && hides(value) {
                self.secret();
            } else {
                self.value(value)?;
            }
        }
        self.out.push('}');
        Ok(())
    }

    /// `{"name": "DB_PASSWORD", "value": "x"}`: variables and headers are often written so.
    fn is_secret_pair(&self, members: &[(String, Value<'_>)]) -> bool {
        members.iter().any(|(key, value)| {
            let named = matches!(key.as_str(), "name" | "key" | "header");
            named && matches!(value, Value::Text(name) if self.redactor.is_secret(name))
        })
    }
}

/// Whether a value under a secret key hides anything: not if it is absent, a state, or stands for
/// something.
fn hides(value: &Value<'_>) -> bool {
    match value {
        Value::Plain(text) => !matches!(*text, "true" | "false" | "null"),
        Value::Text(text) => !names::is_placeholder(text),
        Value::List(items) => !items.is_empty(),
        Value::Map(members) => !members.is_empty(),
    }
}

/// Keys that are secret for some texts only: `"pass": 12` counts tests, and `"auth"` may name a way.
fn is_secret_text(key: &str, value: &Value<'_>) -> bool {
    let Value::Text(text) = value else { return false };
    match key.to_ascii_lowercase().as_str() {
        "pass" => true,
        "auth" | "_auth" => STANDARD.decode(text).is_ok_and(|bytes| bytes.contains(&b':')),
        _ => false,
    }
}

/// RFC 8785 sorts by UTF-16, which differs from UTF-8 beyond the basic plane.
fn by_utf16(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() { a.cmp(b) } else { a.encode_utf16().cmp(b.encode_utf16()) }
}

/// Whether a character must not reach a log as itself: controls, line and paragraph separators, bidi
/// and other format characters.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || !c.is_ascii()
            && matches!(c,
                '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
                | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
                | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn push_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if is_unprintable(c) => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    // Writing to a string cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
