//! Strict JSON (RFC 8259) with positions.
//!
//! Our own, because a reader that is shared by documents and calls has to keep byte positions
//! for diagnostics, notice duplicate keys after unescaping, and stop at limits; `serde_json`
//! does none of the three.

use std::borrow::Cow;

use super::{Member, Node, SyntaxError, SyntaxTree, Value, note_duplicates};
use crate::diagnostic::Span;
use crate::limits::{JSON_DEPTH_MAX, JSON_NODES_MAX};

pub(super) fn read(text: &str) -> Result<SyntaxTree<'_>, SyntaxError> {
    let mut reader = Reader { text, bytes: text.as_bytes(), pos: 0, nodes: 0, duplicates: Vec::new() };
    let mut root = Node::EMPTY;
    reader.value(0, &mut root)?;
    reader.blanks();
    if reader.pos < text.len() {
        return Err(reader.error("unexpected text after the end of the document"));
    }
    Ok(SyntaxTree { text, root, duplicates: reader.duplicates })
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    pos: usize,
    nodes: usize,
    duplicates: Vec<super::Duplicate>,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.pos).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.pos += 1;
        }
    }

    fn error(&self, message: impl Into<String>) -> SyntaxError {
        // The span covers one whole character, or the end of the text.
        let width = self.text.get(self.pos..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        SyntaxError { message: message.into(), span: Span { start: self.pos, end: self.pos + width } }
    }

    fn unexpected(&self, wanted: &str) -> SyntaxError {
        match self.text.get(self.pos..).and_then(|rest| rest.chars().next()) {
            None => self.error(format!("expected {wanted}, found the end of the text")),
            Some(found) => self.error(format!("expected {wanted}, found `{}`", found.escape_debug())),
        }
    }

    /// Reads a value to where it is going to stay: moving nodes about costs more than reading them.
    fn value(&mut self, depth: usize, node: &mut Node<'a>) -> Result<(), SyntaxError> {
        self.blanks();
        self.nodes += 1;
        if self.nodes > JSON_NODES_MAX {
            return Err(self.error(format!("more than {JSON_NODES_MAX} values")));
        }
        if depth >= JSON_DEPTH_MAX {
            return Err(self.error(format!("nested deeper than {JSON_DEPTH_MAX} levels")));
        }
        let start = self.pos;
        node.value = match self.peek() {
            Some(b'{') => Value::Object(self.object(depth)?),
            Some(b'[') => Value::Array(self.array(depth)?),
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Value::Number(Cow::Borrowed(self.number()?)),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            _ => return Err(self.unexpected("a value")),
        };
        node.span = Span { start, end: self.pos };
        Ok(())
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Result<Value<'a>, SyntaxError> {
        if !self.text.get(self.pos..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(self.unexpected("a value"));
        }
        self.pos += word.len();
        Ok(value)
    }

    fn array(&mut self, depth: usize) -> Result<Vec<Node<'a>>, SyntaxError> {
        self.pos += 1;
        let mut items = Vec::new();
        self.blanks();
        if self.peek() == Some(b']') {
            self.pos += 1;
            return Ok(items);
        }
        loop {
            self.value(depth + 1, items.push_mut(Node::EMPTY))?;
            self.blanks();
            match self.peek() {
                Some(b',') => self.pos += 1,
                Some(b']') => {
                    self.pos += 1;
                    return Ok(items);
                }
                _ => return Err(self.unexpected("`,` or `]`")),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Vec<Member<'a>>, SyntaxError> {
        self.pos += 1;
        let mut members = Vec::new();
        self.blanks();
        if self.peek() == Some(b'}') {
            self.pos += 1;
            return Ok(members);
        }
        loop {
            self.blanks();
            let start = self.pos;
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a key in double quotes"));
            }
            let key = self.string()?;
            let key_span = Span { start, end: self.pos };
            self.blanks();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("`:`"));
            }
            self.pos += 1;
            let member = members.push_mut(Member { key, key_span, value: Node::EMPTY });
            self.value(depth + 1, &mut member.value)?;
            self.blanks();
            match self.peek() {
                Some(b',') => self.pos += 1,
                Some(b'}') => {
                    self.pos += 1;
                    note_duplicates(&members, &mut self.duplicates);
                    return Ok(members);
                }
                _ => return Err(self.unexpected("`,` or `}`")),
            }
        }
    }

    fn number(&mut self) -> Result<&'a str, SyntaxError> {
        let start = self.pos;
        if self.peek() == Some(b'-') {
            self.pos += 1;
        }
        match self.peek() {
            Some(b'0') => self.pos += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.unexpected("a digit")),
        }
        if self.peek() == Some(b'.') {
            self.pos += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.pos += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.pos += 1;
            }
            self.some_digits()?;
        }
        Ok(self.text.get(start..self.pos).unwrap_or_default())
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.pos += 1;
        }
    }

    fn some_digits(&mut self) -> Result<(), SyntaxError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.unexpected("a digit"));
        }
        self.digits();
        Ok(())
    }

    /// A string; borrowed from the text where nothing in it is escaped.
    fn string(&mut self) -> Result<Cow<'a, str>, SyntaxError> {
        self.pos += 1;
        let mut owned: Option<String> = None;
        let mut start = self.pos;
        loop {
            self.plain();
            match self.peek() {
                None => return Err(self.error("unterminated string")),
                Some(b'"') => {
                    let tail = self.text.get(start..self.pos).unwrap_or_default();
                    self.pos += 1;
                    return Ok(match owned {
                        None => Cow::Borrowed(tail),
                        Some(mut text) => {
                            text.push_str(tail);
                            Cow::Owned(text)
                        }
                    });
                }
                Some(b'\\') => {
                    let text = owned.get_or_insert_with(String::new);
                    text.push_str(self.text.get(start..self.pos).unwrap_or_default());
                    self.pos += 1;
                    let decoded = self.escape()?;
                    text.push(decoded);
                    start = self.pos;
                }
                Some(0..=0x1f) => {
                    return Err(self.error("control character in a string; write it as an escape"));
                }
                Some(_) => self.pos += 1,
            }
        }
    }

    /// Steps over what in a string stands for itself, eight bytes at a time while there are so many.
    fn plain(&mut self) {
        const ONES: u64 = u64::from_le_bytes([1; 8]);
        const TOPS: u64 = ONES << 7;
        while let Some(chunk) = self.bytes.get(self.pos..).and_then(|rest| rest.first_chunk::<8>()) {
            let chunk = u64::from_le_bytes(*chunk);
            // The lowest top bit that is set marks the first such byte; higher ones may be wrong.
            let is_nought = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes;
            let control = chunk.wrapping_sub(ONES * 0x20) & !chunk;
            let quote = is_nought(chunk ^ (ONES * u64::from(b'"')));
            let backslash = is_nought(chunk ^ (ONES * u64::from(b'\\')));
            let special = (control | quote | backslash) & TOPS;
            if special != 0 {
                self.pos += special.trailing_zeros() as usize / 8;
                return;
            }
            self.pos += 8;
        }
    }

    fn escape(&mut self) -> Result<char, SyntaxError> {
        let decoded = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.pos += 1;
                return self.unicode();
            }
            _ => return Err(self.unexpected("an escape")),
        };
        self.pos += 1;
        Ok(decoded)
    }

    fn unicode(&mut self) -> Result<char, SyntaxError> {
        let high = self.hex4()?;
        let code = if (0xd800..0xdc00).contains(&high) {
            if self.bytes.get(self.pos..self.pos + 2) != Some(b"\\u") {
                return Err(self.error("unpaired surrogate"));
            }
            self.pos += 2;
            let low = self.hex4()?;
            if !(0xdc00..0xe000).contains(&low) {
                return Err(self.error("unpaired surrogate"));
            }
            0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)
        } else {
            high
        };
        char::from_u32(code).ok_or_else(|| self.error("unpaired surrogate"))
    }

    fn hex4(&mut self) -> Result<u32, SyntaxError> {
        let digits =
            self.bytes.get(self.pos..self.pos + 4).filter(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        let code = digits
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u32::from_str_radix(hex, 16).ok());
        match code {
            Some(code) => {
                self.pos += 4;
                Ok(code)
            }
            None => Err(self.error("expected four hex digits")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first string of a text, wherever in a chunk of eight bytes its end or an escape falls.
    #[test]
    fn strings_end_where_they_end() {
        for before in 0..20 {
            for after in 0..20 {
                let (before, after) = ("é~\u{7f}".repeat(before), "\u{80}\u{ff}x!#[]".repeat(after));
                for (written, read_as) in
                    [("", ""), ("\\\"", "\""), ("\\\\", "\\"), ("\\u0041", "A"), ("\\n", "\n")]
                {
                    let text = format!("\"{before}{written}{after}\"");
                    let tree = read(&text).unwrap();
                    assert_eq!(tree.root.as_str(), Some(format!("{before}{read_as}{after}").as_str()));
                    assert!(read(&format!("\"{before}{written}{after}")).is_err());
                }
                for control in ['\0', '\n', '\u{1f}'] {
                    let found = read(&format!("\"{before}{control}{after}\"")).unwrap_err();
                    assert_eq!(found.span.start, 1 + before.len());
                }
            }
        }
    }
}
