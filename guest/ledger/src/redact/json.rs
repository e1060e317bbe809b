//! A bounded JSON reader that keeps the text of numbers. It refuses what cannot be written again as
//! one canonical text: equal keys, lone surrogates.

use super::RedactError;
use crate::limits::{REDACT_BYTES_MAX, REDACT_DEPTH_MAX, REDACT_VALUES_MAX};

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A number, `true`, `false` or `null`, as it was written.
    Plain(&'a str),
    Text(String),
    List(Vec<Value<'a>>),
    Map(Vec<(String, Value<'a>)>),
}

/// Reads a whole text as one value.
pub(super) fn parse(text: &str) -> Result<Value<'_>, RedactError> {
    if text.len() > REDACT_BYTES_MAX {
        return Err(RedactError::TooLong { bytes: text.len() });
    }
    let mut reader = Reader { text, at: 0, values: 0 };
    let value = reader.value(0)?;
    reader.space();
    if reader.at == text.len() { Ok(value) } else { Err(reader.wrong()) }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    values: usize,
}

impl<'a> Reader<'a> {
    fn wrong(&self) -> RedactError {
        RedactError::NotJson { at: self.at }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Steps over a byte if it is the next one that is no white space.
    fn eat(&mut self, byte: u8) -> bool {
        self.space();
        let here = self.peek() == Some(byte);
        self.at += usize::from(here);
        here
    }

    fn expect(&mut self, byte: u8) -> Result<(), RedactError> {
        if self.eat(byte) { Ok(()) } else { Err(self.wrong()) }
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, RedactError> {
        self.values += 1;
        if self.values > REDACT_VALUES_MAX {
            return Err(RedactError::TooManyValues);
        }
        self.space();
        match self.peek() {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'[' | b'{') if depth >= REDACT_DEPTH_MAX => Err(RedactError::TooDeep),
            Some(b'[') => self.list(depth + 1),
            Some(b'{') => self.map(depth + 1),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) | None => self.word(),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value<'a>, RedactError> {
        self.expect(b'[')?;
        let mut items = Vec::new();
        if self.eat(b']') {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth)?);
            if self.eat(b']') {
                return Ok(Value::List(items));
            }
            self.expect(b',')?;
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value<'a>, RedactError> {
        self.expect(b'{')?;
        let mut members = Vec::new();
        if self.eat(b'}') {
            return Ok(Value::Map(members));
        }
        loop {
            self.space();
            let key = self.string()?;
            self.expect(b':')?;
            members.push((key, self.value(depth)?));
            if self.eat(b'}') {
                return Ok(Value::Map(members));
            }
            self.expect(b',')?;
        }
    }

    fn word(&mut self) -> Result<Value<'a>, RedactError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let word = ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word));
        let word = word.ok_or_else(|| self.wrong())?;
        self.at += word.len();
        Ok(Value::Plain(word))
    }

    fn number(&mut self) -> Result<Value<'a>, RedactError> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let first = self.peek();
        let digits = self.digits()?;
        if first == Some(b'0') && digits > 1 {
            return Err(self.wrong());
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(Value::Plain(self.text.get(start..self.at).unwrap_or_default()))
    }

    fn digits(&mut self) -> Result<usize, RedactError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at > start { Ok(self.at - start) } else { Err(self.wrong()) }
    }

    fn string(&mut self) -> Result<String, RedactError> {
        if self.peek() != Some(b'"') {
            return Err(self.wrong());
        }
        self.at += 1;
        let mut out = String::new();
        loop {
            let start = self.at;
            while self.peek().is_some_and(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
                self.at += 1;
            }
            out.push_str(self.text.get(start..self.at).unwrap_or_default());
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                Some(_) | None => return Err(self.wrong()),
            }
        }
    }

    fn escape(&mut self) -> Result<char, RedactError> {
        let plain = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            Some(_) | None => return Err(self.wrong()),
        };
        self.at += 1;
        Ok(plain)
    }

    /// `uXXXX`, or a pair of them for what needs two.
    fn unicode(&mut self) -> Result<char, RedactError> {
        let mut units = vec![self.unit()?];
        if units.first().is_some_and(|unit| (0xd800..0xdc00).contains(unit)) && self.peek() == Some(b'\\') {
            self.at += 1;
            units.push(self.unit()?);
        }
        let mut decoded = char::decode_utf16(units);
        match (decoded.next(), decoded.next()) {
            (Some(Ok(c)), None) => Ok(c),
            (Some(_), _) | (None, _) => Err(self.wrong()),
        }
    }

    fn unit(&mut self) -> Result<u16, RedactError> {
        let digits = self.text.get(self.at..self.at + 5).and_then(|text| text.strip_prefix('u'));
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let unit =
            digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()).ok_or_else(|| self.wrong())?;
        self.at += 5;
        Ok(unit)
    }
}
