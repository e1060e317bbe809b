//! Words: quoting, expansions, substitutions (SH4).
//!
//! A word is read to its literal text with holes. Whatever could run a command inside it is read
//! as well, wherever it stands.

use std::borrow::Cow;

use super::parser::Parser;
use super::{ParseError, Word, hole};
use crate::diagnostic::Span;
use crate::wire::is_format;

type Result<T> = std::result::Result<T, ParseError>;

/// A word while it is read.
#[derive(Default)]
pub(super) struct Builder<'a> {
    /// Literal text that is still a piece of the source.
    borrowed: &'a str,
    owned: Option<String>,
    word: Word<'a>,
    /// Text lengths at unquoted `[` and `{`, where a class or a brace list may begin.
    class: Option<usize>,
    braces: Vec<(usize, bool)>,
}

impl<'a> Builder<'a> {
    fn text(&mut self) -> &mut String {
        let borrowed = self.borrowed;
        self.owned.get_or_insert_with(|| borrowed.to_owned())
    }

    fn len(&self) -> usize {
        self.owned.as_ref().map_or(self.borrowed.len(), String::len)
    }

    fn push(&mut self, c: char) {
        // `$'\x01'` may spell a control character. No pattern can mean it, so it is a hole.
        if c.is_control() && !matches!(c, '\t' | '\n' | '\r') {
            return self.hole(hole::TEXT);
        }
        self.text().push(c);
    }

    fn hole(&mut self, c: char) {
        self.word.has_holes = true;
        let text = self.text();
        if !(matches!(c, hole::GLOB | hole::TEXT) && text.ends_with(c)) {
            text.push(c);
        }
    }

    /// Whether nothing stands in the class that opened at this length.
    fn class_is_empty(&self, from: usize) -> bool {
        let inside = self.owned.as_ref().and_then(|text| text.get(from..)).unwrap_or_default();
        matches!(inside, "[" | "[!" | "[^")
    }

    fn cut(&mut self, length: usize, c: char) {
        self.text().truncate(length);
        self.hole(c);
    }
}

impl<'a> Parser<'a> {
    /// The word ahead, or `None` if something else is.
    pub(super) fn word(&mut self) -> Result<Option<Word<'a>>> {
        let (start, first) = (self.pos, self.script.commands.len());
        let mut word = Builder::default();
        // Most words are plain; they are borrowed in one piece.
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || b"-_./=:,%+@^".contains(&byte)) {
            self.pos += 1;
        }
        word.borrowed = self.slice(start..self.pos);
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b')' => break,
                b'\r' if self.peek_at(1) == Some(b'\n') => break,
                b'<' | b'>' if self.peek_at(1) == Some(b'(') => {
                    self.pos += 2;
                    self.substitution()?;
                    word.word.process = true;
                    word.hole(hole::TEXT);
                }
                b'(' | b'<' | b'>' => break,
                b'\\' => match self.peek_at(1) {
                    Some(b'\n') => {
                        self.check_continuation()?;
                        self.pos += 2;
                        word.text();
                    }
                    None => return self.syntax("a backslash ends the command"),
                    Some(_) => {
                        self.pos += 1;
                        word.word.quoted = true;
                        let c = self.take_char();
                        word.text();
                        word.push(c);
                    }
                },
                b'\'' => {
                    self.pos += 1;
                    word.word.quoted = true;
                    let from = self.pos;
                    let Some(length) = memchr::memchr(b'\'', self.bytes.get(from..).unwrap_or_default())
                    else {
                        return self.syntax("a single quote is not closed");
                    };
                    self.pos = from + length + 1;
                    let quoted = self.slice(from..from + length);
                    word.text().push_str(quoted);
                }
                b'"' => {
                    self.pos += 1;
                    word.word.quoted = true;
                    word.text();
                    self.double_quoted(&mut word)?;
                }
                b'$' => self.dollar(&mut word, false)?,
                b'`' => {
                    self.backtick(false)?;
                    word.hole(hole::WORDS);
                }
                b'*' => {
                    self.pos += 1;
                    word.hole(hole::GLOB);
                }
                b'?' => {
                    self.pos += 1;
                    word.hole(hole::ONE);
                }
                b'[' => {
                    self.pos += 1;
                    let length = word.len();
                    word.class.get_or_insert(length);
                    word.push('[');
                }
                b']' => {
                    self.pos += 1;
                    match word.class {
                        // The first one in a class is a member of it: `[]a]`.
                        Some(from) if word.class_is_empty(from) => word.push(']'),
                        Some(from) => {
                            // `[[:lower:]]` ends with the last of them; fewer or more, it is a hole.
                            let mut hole = hole::ONE;
                            while self.peek() == Some(b']') {
                                self.pos += 1;
                                hole = hole::GLOB;
                            }
                            word.class = None;
                            word.cut(from, hole);
                        }
                        None => word.push(']'),
                    }
                }
                b'{' => {
                    self.pos += 1;
                    let length = word.len();
                    word.braces.push((length, false));
                    word.push('{');
                }
                b'}' => {
                    self.pos += 1;
                    match word.braces.pop() {
                        Some((from, true)) => word.cut(from, hole::WORDS),
                        Some((_, false)) | None => word.push('}'),
                    }
                }
                b'~' if self.tilde_starts(start) => {
                    self.pos += 1;
                    word.word.tilde |= word.len() == 0;
                    if word.len() > 0 {
                        // Behind `=` or `:` it expands in assignments only; either way nobody's
                        // pattern depends on it.
                        word.hole(hole::TEXT);
                    } else {
                        word.push('~');
                    }
                }
                _ => {
                    let c = self.take_char();
                    self.script.deceptive |= !c.is_ascii() && is_format(c) || c == '\r';
                    let list = c == ',' || c == '.' && self.peek() == Some(b'.');
                    if let (true, Some(brace)) = (list, word.braces.last_mut()) {
                        brace.1 = true;
                    }
                    word.text();
                    word.push(c);
                }
            }
        }
        if self.pos == start {
            return Ok(None);
        }
        let mut finished = word.word;
        finished.substitutes = self.script.commands.len() > first;
        finished.text = word.owned.map_or(Cow::Borrowed(word.borrowed), Cow::Owned);
        finished.span = Span { start, end: self.pos };
        Ok(Some(finished))
    }

    fn tilde_starts(&self, start: usize) -> bool {
        self.pos == start
            || matches!(self.pos.checked_sub(1).and_then(|at| self.bytes.get(at)), Some(b'=' | b':'))
    }

    pub(super) fn take_char(&mut self) -> char {
        let c = self.text.get(self.pos..).and_then(|rest| rest.chars().next()).unwrap_or('\u{fffd}');
        self.pos += c.len_utf8().min(self.bytes.len().saturating_sub(self.pos)).max(1);
        c
    }

    /// The inside of `"…"` and the closing quote.
    pub(super) fn double_quoted(&mut self, word: &mut Builder<'a>) -> Result<()> {
        loop {
            match self.peek() {
                None => return self.syntax("a double quote is not closed"),
                Some(b'"') => {
                    self.pos += 1;
                    return Ok(());
                }
                Some(b'\\') => match self.peek_at(1) {
                    Some(b'\n') => {
                        self.check_continuation()?;
                        self.pos += 2;
                    }
                    Some(escaped @ (b'$' | b'`' | b'"' | b'\\')) => {
                        self.pos += 2;
                        word.push(char::from(escaped));
                    }
                    Some(_) | None => {
                        self.pos += 1;
                        word.push('\\');
                    }
                },
                Some(b'$') => self.dollar(word, true)?,
                Some(b'`') => {
                    self.backtick(true)?;
                    word.hole(hole::TEXT);
                }
                Some(_) => {
                    let from = self.pos;
                    let rest = self.bytes.get(from..).unwrap_or_default();
                    let length = rest
                        .iter()
                        .position(|byte| matches!(byte, b'"' | b'\\' | b'$' | b'`'))
                        .unwrap_or(rest.len());
                    self.pos = from + length;
                    let quoted = self.slice(from..self.pos);
                    word.text().push_str(quoted);
                }
            }
        }
    }

    /// What a `$` begins. `quoted` is inside double quotes or a here-document.
    fn dollar(&mut self, word: &mut Builder<'a>, quoted: bool) -> Result<()> {
        match self.peek_at(1) {
            Some(b'\'') if !quoted => {
                self.pos += 2;
                word.word.quoted = true;
                word.text();
                return self.ansi_quoted(word);
            }
            Some(b'"') if !quoted => {
                self.pos += 2;
                word.word.quoted = true;
                word.text();
                return self.double_quoted(word);
            }
            _ => {}
        }
        match self.expansion(quoted)? {
            Some(c) => word.hole(c),
            None => {
                self.pos += 1;
                word.push('$');
            }
        }
        Ok(())
    }

    /// The inside of `$'…'` and the closing quote.
    fn ansi_quoted(&mut self, word: &mut Builder<'a>) -> Result<()> {
        loop {
            match self.peek() {
                None => return self.syntax("`$'` is not closed"),
                Some(b'\'') => {
                    self.pos += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.pos += 1;
                    self.ansi_escape(word)?;
                }
                Some(_) => {
                    let c = self.take_char();
                    word.push(c);
                }
            }
        }
    }

    fn ansi_escape(&mut self, word: &mut Builder<'a>) -> Result<()> {
        let Some(kind) = self.peek() else { return self.syntax("`$'` is not closed") };
        let c = self.take_char();
        let plain = match kind {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'\\' | b'\'' | b'"' | b'?' => c,
            // Control characters: a hole, see `push`.
            b'a' | b'b' | b'e' | b'E' | b'f' | b'v' => '\u{7}',
            b'c' => return self.unsupported("`\\c` in `$'…'`"),
            b'0'..=b'7' => {
                self.pos -= 1;
                let code = self.number(8, 3) & 0xff;
                return self.push_byte(word, code);
            }
            b'x' => {
                if self.peek() == Some(b'{') {
                    return self.unsupported("`\\x{…}`");
                }
                if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                    word.push('\\');
                    word.push('x');
                    return Ok(());
                }
                let code = self.number(16, 2);
                return self.push_byte(word, code);
            }
            b'u' | b'U' => {
                let code = self.number(16, if kind == b'u' { 4 } else { 8 });
                match char::from_u32(code).filter(|c| *c != '\0') {
                    Some(c) => c,
                    None => return self.unsupported("a code that is no character"),
                }
            }
            _ => {
                word.push('\\');
                c
            }
        };
        word.push(plain);
        Ok(())
    }

    /// A byte of `$'…'`. Bytes above ASCII make characters only together, which is not followed.
    fn push_byte(&mut self, word: &mut Builder<'a>, code: u32) -> Result<()> {
        if code == 0 {
            return self.unsupported("a NUL byte in `$'…'`, which ends the text");
        }
        match char::from_u32(code).filter(char::is_ascii) {
            Some(c) => word.push(c),
            None => word.hole(hole::TEXT),
        }
        Ok(())
    }

    fn number(&mut self, radix: u32, digits_max: usize) -> u32 {
        let mut value = 0_u32;
        for _ in 0..digits_max {
            let Some(digit) = self.peek().and_then(|byte| char::from(byte).to_digit(radix)) else { break };
            value = value.wrapping_mul(radix).wrapping_add(digit);
            self.pos += 1;
        }
        value
    }
}
