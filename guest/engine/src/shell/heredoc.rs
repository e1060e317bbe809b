//! Here-documents: where a body starts, where it ends, and what in it runs.
//!
//! 1. `<<WORD` notes the delimiter; the body begins at the next line end.
//! 2. Lines are compared with the delimiter as they are; `<<-` takes leading tabs away first.
//! 3. With an unquoted delimiter, a backslash at a line's end joins the next line before the
//!    comparison, and the body's substitutions run.

use std::borrow::Cow;

use super::parser::Parser;
use super::{ParseError, Word, hole};

type Result<T> = std::result::Result<T, ParseError>;

/// A here-document that waits for its body.
pub(super) struct Pending {
    delimiter: String,
    quoted: bool,
    strip_tabs: bool,
}

impl<'a> Parser<'a> {
    /// Reads the delimiter behind `<<`.
    pub(super) fn heredoc_start(&mut self, strip_tabs: bool) -> Result<Word<'a>> {
        if self.text.contains('\r') {
            return self.unsupported("a here-document in a text with carriage returns");
        }
        let mut delimiter = String::new();
        let mut quoted = false;
        let start = self.pos;
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' => break,
                b'\'' | b'"' => {
                    quoted = true;
                    let rest = self.slice(self.pos + 1..self.text.len());
                    let Some(length) = rest.find(char::from(byte)) else {
                        return self.syntax("a quote is not closed");
                    };
                    let inside = rest.get(..length).unwrap_or_default();
                    if inside.contains(['\n', '\\', '$', '`']) {
                        return self.unsupported("an unusual here-document delimiter");
                    }
                    delimiter.push_str(inside);
                    self.pos += length + 2;
                }
                b'\\' => {
                    quoted = true;
                    let rest = self.slice(self.pos + 1..self.text.len());
                    let Some(c) = rest.chars().next().filter(|c| *c != '\n') else {
                        return self.unsupported("an unusual here-document delimiter");
                    };
                    delimiter.push(c);
                    self.pos += 1 + c.len_utf8();
                }
                b'$' | b'`' => return self.unsupported("an unusual here-document delimiter"),
                _ => {
                    let Some(c) = self.slice(self.pos..self.text.len()).chars().next() else { break };
                    delimiter.push(c);
                    self.pos += c.len_utf8();
                }
            }
        }
        if self.pos == start {
            return self.syntax("a here-document needs a delimiter");
        }
        let word = Word::plain(Cow::Owned(delimiter.clone()));
        self.pending.push(Pending { delimiter, quoted, strip_tabs });
        Ok(word)
    }

    /// Reads the bodies that begin here, at the start of a line.
    pub(super) fn read_heredocs(&mut self) -> Result<()> {
        for pending in std::mem::take(&mut self.pending) {
            let start = self.pos;
            let end = self.find_end(&pending)?;
            let behind = self.pos;
            if !pending.quoted {
                self.pos = start;
                let first = self.script.commands.len();
                self.expand_body(end)?;
                for command in self.script.commands.iter_mut().skip(first) {
                    command.in_body = true;
                }
            }
            self.pos = behind;
            self.fill_body(&pending, start, end);
        }
        Ok(())
    }

    /// Finds the delimiter line; the position is behind it afterwards.
    fn find_end(&mut self, pending: &Pending) -> Result<usize> {
        loop {
            if self.pos >= self.text.len() {
                return self.syntax("a here-document is not closed");
            }
            let line_start = self.pos;
            let mut line = String::new();
            loop {
                let rest = self.slice(self.pos..self.text.len());
                let length = rest.find('\n').unwrap_or(rest.len());
                let physical = rest.get(..length).unwrap_or_default();
                self.pos = (self.pos + length + 1).min(self.text.len());
                let slashes = physical.bytes().rev().take_while(|byte| *byte == b'\\').count();
                if !pending.quoted && slashes % 2 == 1 && length < rest.len() {
                    line.push_str(physical.get(..length - 1).unwrap_or_default());
                } else {
                    line.push_str(physical);
                    break;
                }
            }
            let line = if pending.strip_tabs { line.trim_start_matches('\t') } else { line.as_str() };
            if line == pending.delimiter {
                return Ok(line_start);
            }
        }
    }

    /// Reads what a body with an unquoted delimiter would run.
    fn expand_body(&mut self, end: usize) -> Result<()> {
        while self.pos < end {
            match self.peek() {
                Some(b'\\') => self.pos += 2,
                Some(b'$') => {
                    if self.expansion(true)?.is_none() {
                        self.pos += 1;
                    }
                }
                Some(b'`') => self.backtick(true)?,
                Some(_) | None => self.pos += 1,
            }
            if self.pos > end {
                return self.unsupported("a substitution that runs past the end of its here-document");
            }
        }
        Ok(())
    }

    /// Puts the body in the place of the delimiter, for commands that run what they read.
    fn fill_body(&mut self, pending: &Pending, start: usize, end: usize) {
        let body = self.slice(start..end);
        let waiting = self.script.commands.iter_mut().flat_map(|command| &mut command.redirects);
        let mut waiting = waiting.chain(&mut self.script.redirects).filter(|redirect| {
            redirect.direction == super::Direction::Heredoc
                && redirect.target.span.end == 0
                && redirect.target.text == pending.delimiter
        });
        if let Some(redirect) = waiting.next() {
            let dynamic = !pending.quoted && body.contains(['$', '`']);
            let text = if dynamic { Cow::Owned(hole::TEXT.to_string()) } else { Cow::Borrowed(body) };
            redirect.target = Word { text, has_holes: dynamic, quoted: pending.quoted, ..Word::default() };
            redirect.target.span = crate::diagnostic::Span { start, end: end.max(1) };
        }
    }
}
