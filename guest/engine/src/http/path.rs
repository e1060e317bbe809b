//! Path and query of a request (H5).
//!
//! ```text
//! refuse ─▶ decode unreserved characters ─▶ without its parameters, is a segment a dot segment?
//!        ─▶ resolve those, never above the root ─▶ merge slashes ─▶ the path that is forwarded
//!                                                                └▶ decoded: what patterns see
//! ```
//!
//! Parameters are looked behind before dots are resolved: the other order makes `..` of `..;x`. A
//! trailing slash is a segment of its own, without text.

use std::borrow::Cow;

use super::{Bytes, Fault};
use crate::limits::{HTTP_PATH_BYTES_MAX, HTTP_SEGMENTS_MAX, HTTP_TARGET_BYTES_MAX};

/// A path in its one spelling, and the query as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    path: Cow<'a, str>,
    query: Option<&'a str>,
    /// Whether a segment has parameters, written as they are or escaped.
    pub(crate) has_parameters: bool,
}

impl<'a> Target<'a> {
    /// Reads a path in origin-form.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Fault> {
        if text.len() > HTTP_TARGET_BYTES_MAX {
            return Err(bad("it is too long"));
        }
        if !text.starts_with('/') {
            let message = "Path does not start with `/`; only the origin-form of a request is decided.";
            return Err(Fault::new("path-not-origin-form", message));
        }
        if text.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return Err(bad("it has a blank or a control character"));
        }
        if text.contains('#') {
            return Err(bad("it has a fragment"));
        }
        let (path, query) = match text.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (text, None),
        };
        if path.len() > HTTP_PATH_BYTES_MAX {
            return Err(bad("it is too long"));
        }
        if path.starts_with("//") {
            return Err(bad("it starts with `//`, which some programs read as a host"));
        }
        if is_canonical(path) {
            return Ok(Self { path: Cow::Borrowed(path), query, has_parameters: false });
        }
        let spelled = spell(path)?;
        // `;` written as an escape is a parameter to whoever decodes first.
        let has_parameters = spelled.contains(';') || spelled.contains("%3B");
        Ok(Self { path: Cow::Owned(resolve(&spelled)?), query, has_parameters })
    }

    /// What is forwarded.
    pub(crate) fn text(&self) -> String {
        match self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone().into_owned(),
        }
    }

    /// The path without the query.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// What patterns are compared with: segments, nothing in them escaped any more.
    pub(crate) fn segments(&self) -> Result<Vec<Cow<'_, str>>, Fault> {
        let path = self.path.strip_prefix('/').unwrap_or(&self.path);
        let mut segments = Vec::with_capacity(8);
        for segment in path.split('/') {
            if segments.len() == HTTP_SEGMENTS_MAX {
                return Err(bad("it has too many segments"));
            }
            segments.push(decoded(segment));
        }
        Ok(segments)
    }
}

fn bad(why: &str) -> Fault {
    Fault::new("path-malformed", format!("Path cannot be read: {why}."))
}

/// Whether every program reads the path as it stands: most do not need more than this look.
fn is_canonical(path: &str) -> bool {
    let is_plain = |byte: u8| is_own(byte) && byte != b';' || byte == b'/';
    if !path.bytes().all(is_plain) {
        return false;
    }
    let mut before = b' ';
    for byte in path.bytes() {
        // An empty segment, or one that starts with a dot.
        if before == b'/' && matches!(byte, b'/' | b'.') {
            return false;
        }
        before = byte;
    }
    true
}

/// Characters that stand for themselves in a segment (RFC 3986, `pchar` without escapes).
fn is_own(byte: u8) -> bool {
    static OWN: Bytes =
        Bytes::new(b"!$&'()*+,;=:@-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    OWN.contains(byte)
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Escapes in one spelling: none for unreserved characters, capital digits for all others, and
/// always for what may not stand in a path.
fn spell(path: &str) -> Result<String, Fault> {
    let mut out = String::with_capacity(path.len());
    // What the path says, decoded: it has to be UTF-8, which also rules out overlong forms.
    let mut plain = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        match *byte {
            b'\\' => return Err(bad("it has a backslash")),
            b'%' => {
                let (code, tail) = escape(rest).ok_or_else(|| bad("an escape has no two digits"))?;
                rest = tail;
                match code {
                    b'/' | b'\\' | 0 => return Err(bad("it has an escaped separator or a null")),
                    0..=0x1f | 0x7f => return Err(bad("it has an escaped control character")),
                    _ => {}
                }
                plain.push(code);
                if is_unreserved(code) { out.push(char::from(code)) } else { push_escape(&mut out, code) }
            }
            own if is_own(own) || own == b'/' => {
                plain.push(own);
                out.push(char::from(own));
            }
            other => {
                plain.push(other);
                push_escape(&mut out, other);
            }
        }
    }
    // Looked for in what was spelled: `%25%32e` is `%252e` by now.
    if out.split("%25").skip(1).any(|rest| hides(rest.as_bytes())) {
        return Err(bad("it has a separator or a dot that is escaped twice"));
    }
    match core::str::from_utf8(&plain) {
        Ok(text) if !text.chars().any(char::is_control) => Ok(out),
        Ok(_) => Err(bad("it has an escaped control character")),
        Err(_) => Err(bad("its escapes are not UTF-8")),
    }
}

/// The byte of an escape whose `%` is passed, and what follows it.
fn escape(rest: &[u8]) -> Option<(u8, &[u8])> {
    let ([high, low], tail) = rest.split_first_chunk()?;
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let code = u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?;
    Some((code, tail))
}

/// Whether what follows an escaped `%` becomes a dot or a separator if it is decoded again, or again.
fn hides(mut rest: &[u8]) -> bool {
    while let Some(tail) = rest.strip_prefix(b"25") {
        rest = tail;
    }
    escape(rest).is_some_and(|(code, _)| matches!(code, b'/' | b'\\' | b'.' | b';' | 0..=0x1f))
}

fn push_escape(out: &mut String, byte: u8) {
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'A' + nibble - 10 });
    out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
}

/// Dot segments resolved, slashes merged.
fn resolve(path: &str) -> Result<String, Fault> {
    let mut kept: Vec<&str> = Vec::with_capacity(16);
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        // Parameters first: `..;x` is `..` to whoever drops them.
        match segment.split(';').next().unwrap_or_default() {
            "." => {}
            ".." => {
                if kept.pop().is_none() {
                    return Err(bad("`..` leads above the root"));
                }
            }
            _ => {
                kept.push(segment);
                continue;
            }
        }
        // `/a/.` and `/a/b/..` are directories.
        if is_last {
            kept.push("");
        }
    }
    let mut out = String::with_capacity(path.len());
    for (index, segment) in kept.iter().enumerate() {
        if !segment.is_empty() || index + 1 == kept.len() {
            out.push('/');
            out.push_str(segment);
        }
    }
    if out.is_empty() {
        out.push('/');
    }
    Ok(out)
}

/// A segment with nothing escaped. Its escapes are whole, and what they say is UTF-8.
fn decoded(segment: &str) -> Cow<'_, str> {
    if !segment.contains('%') {
        return Cow::Borrowed(segment);
    }
    let mut plain = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        match escape(rest).filter(|_| *byte == b'%') {
            Some((code, tail)) => {
                plain.push(code);
                rest = tail;
            }
            None => plain.push(*byte),
        }
    }
    Cow::Owned(String::from_utf8_lossy(&plain).into_owned())
}

/// A pattern of paths as the language of globs has it: nothing escaped, what an escape says literal.
/// The error says what is wrong with it.
pub(crate) fn pattern_text(text: &str) -> Result<String, &'static str> {
    if !text.starts_with('/') {
        return Err("it does not start with `/`");
    }
    if !text.contains('%') {
        return Ok(text.to_owned());
    }
    let mut plain: Vec<u8> = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    let mut in_class = false;
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        match *byte {
            b'%' if in_class => return Err("an escape stands in brackets; write the character itself"),
            b'%' => {
                let (code, tail) = escape(rest).ok_or("a `%` is not followed by two digits; write `%25`")?;
                rest = tail;
                match code {
                    b'/' | b'\\' | 0..=0x1f | 0x7f => return Err("no path that is decided has this escape"),
                    b'*' | b'?' | b'[' | b']' | b'{' | b'}' | b',' | b'!' => plain.extend([b'[', code, b']']),
                    _ => plain.push(code),
                }
            }
            other => {
                in_class = match other {
                    b'[' => true,
                    b']' => false,
                    _ => in_class,
                };
                plain.push(other);
            }
        }
    }
    String::from_utf8(plain).map_err(|_| "its escapes are not UTF-8")
}

#[cfg(test)]
mod tests;
