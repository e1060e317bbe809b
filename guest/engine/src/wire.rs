//! JSON out: the one place where verdicts become bytes, so that they are the same everywhere.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character must never reach a terminal or a log as itself: controls, bidi and other
/// format characters, line and paragraph separators (L8, SH15).
pub(crate) fn is_unprintable(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control() || is_format(c)
}

/// Unicode's format characters and their like: nothing to see, much to fool people with.
pub(crate) fn is_format(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
        | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A JSON string, with everything unprintable escaped.
pub(crate) fn json_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_json_string(&mut out, text);
    out
}

/// Appends a JSON string, with everything unprintable escaped.
pub(crate) fn push_json_string(out: &mut String, text: &str) {
    out.push('"');
    let mut plain = 0;
    for (at, c) in text.char_indices() {
        if c != '"' && c != '\\' && !is_unprintable(c) {
            continue;
        }
        out.push_str(text.get(plain..at).unwrap_or_default());
        plain = at + c.len_utf8();
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other => {
                let mut units = [0; 2];
                for unit in other.encode_utf16(&mut units) {
                    // Writing to a string cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push_str(text.get(plain..).unwrap_or_default());
    out.push('"');
}

/// Appends a JSON array of strings.
pub(crate) fn push_json_list(out: &mut String, texts: &[String]) {
    for (index, text) in texts.iter().enumerate() {
        out.push(if index == 0 { '[' } else { ',' });
        push_json_string(out, text);
    }
    out.push_str(if texts.is_empty() { "[]" } else { "]" });
}

/// Text that is safe to show: unprintables as `\u{…}`, cut in the end with a mark.
pub(crate) fn excerpt(text: &str) -> Cow<'_, str> {
    use crate::limits::EXCERPT_CHARS_MAX;
    if text.len() <= EXCERPT_CHARS_MAX && text.bytes().all(|byte| (b' '..0x7f).contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().min(EXCERPT_CHARS_MAX * 4));
    for (count, c) in text.chars().enumerate() {
        if count == EXCERPT_CHARS_MAX {
            let _ = write!(out, "… [{} characters more]", text.chars().count() - count);
            break;
        }
        if is_unprintable(c) {
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// The whole text, with everything unprintable as `\u{…}`, for whoever shows what an agent wrote.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unprintable(c) {
            // Writing to a string cannot fail.
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}
