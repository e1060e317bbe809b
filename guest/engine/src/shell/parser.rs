//! Lists, pipelines, commands: the grammar above words.
//!
//! Plain recursive descent; the depth is limited, so recursion is too. Nested substitutions are
//! read in place and add their commands to the same list.

use std::ops::Range;

use super::heredoc::Pending;
use super::{Event, ParseError, ParseErrorKind, Script};
use crate::limits::{COMMAND_BYTES_MAX, COMMAND_DEPTH_MAX};
use crate::wire::is_format;

/// Words that are syntax at the start of a command.
const RESERVED: &[&str] = &[
    "!", "[[", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in",
    "select", "then", "time", "until", "while", "{", "}",
];

/// Whether the word is syntax at the start of a command.
pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}

/// Reads a command line that is nested `depth` levels deep already.
pub(crate) fn parse(text: &str, depth: usize) -> Result<Script<'_>> {
    let mut parser = Parser::new(text, depth);
    if text.len() > COMMAND_BYTES_MAX {
        return parser.limit("command is longer than 64 KiB");
    }
    // SH1. Everything that passes here is printable, a blank, or a line end.
    if let Some(at) = text.find(|c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
        parser.pos = at;
        return parser.fail(ParseErrorKind::Malformed, "it contains a control character");
    }
    parser.list(&[])?;
    if parser.pos < text.len() {
        return parser.syntax("unexpected token");
    }
    if !parser.pending.is_empty() {
        return parser.syntax("here-document without a body");
    }
    Ok(parser.script)
}

pub(super) type Result<T> = std::result::Result<T, ParseError>;

pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) pos: usize,
    pub(super) depth: usize,
    pub(super) script: Script<'a>,
    /// Here-documents whose bodies start at the next line.
    pub(super) pending: Vec<Pending>,
    /// Whether the command being read gets its input from a pipe.
    pub(super) piped: bool,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, depth: usize) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            pos: 0,
            depth,
            script: Script::default(),
            pending: Vec::new(),
            piped: false,
        }
    }

    // === errors and small steps ===

    pub(super) fn fail<T>(&self, kind: ParseErrorKind, message: &'static str) -> Result<T> {
        Err(ParseError { kind, message, at: self.pos })
    }

    pub(super) fn syntax<T>(&self, message: &'static str) -> Result<T> {
        self.fail(ParseErrorKind::Syntax, message)
    }

    pub(super) fn unsupported<T>(&self, message: &'static str) -> Result<T> {
        self.fail(ParseErrorKind::Unsupported, message)
    }

    pub(super) fn limit<T>(&self, message: &'static str) -> Result<T> {
        self.fail(ParseErrorKind::Limit, message)
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.pos + ahead).copied()
    }

    pub(super) fn slice(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or_default()
    }

    pub(super) fn starts_with(&self, text: &str) -> bool {
        self.bytes.get(self.pos..).is_some_and(|rest| rest.starts_with(text.as_bytes()))
    }

    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = self.starts_with(text);
        if found {
            self.pos += text.len();
        }
        found
    }

    /// One level deeper, for as long as `read` takes.
    pub(super) fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        if self.depth > COMMAND_DEPTH_MAX {
            return self.limit("command is nested deeper than 64 levels");
        }
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    pub(super) fn at_line_end(&self) -> bool {
        self.peek() == Some(b'\n') || self.starts_with("\r\n")
    }

    /// Blanks, joined lines and a comment; not line ends.
    pub(super) fn blanks(&mut self) -> Result<()> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => self.pos += 1,
                Some(b'\\') if self.peek_at(1) == Some(b'\n') => {
                    self.check_continuation()?;
                    self.pos += 2;
                }
                Some(b'#') => {
                    let rest = self.slice(self.pos..self.text.len());
                    let comment = rest.split('\n').next().unwrap_or_default();
                    self.script.deceptive |= comment.chars().any(is_format);
                    self.pos += comment.len();
                    return Ok(());
                }
                _ => return Ok(()),
            }
        }
    }

    /// bash joins lines before it looks for operators, so a join may glue two of them together.
    pub(super) fn check_continuation(&self) -> Result<()> {
        let operator = |byte: Option<&u8>| byte.is_some_and(|byte| b"|&;<>()\\".contains(byte));
        let before = self.pos.checked_sub(1).and_then(|at| self.bytes.get(at));
        // `2\⏎>` is a file descriptor, and so is `{x}\⏎>`.
        let descriptor = before.is_some_and(|byte| byte.is_ascii_digit() || *byte == b'}');
        let after = self.bytes.get(self.pos + 2);
        if before == Some(&b'$') || (operator(before) || descriptor) && operator(after) {
            return self.unsupported("a line is joined inside an operator");
        }
        Ok(())
    }

    /// Takes a line end, and the here-documents that start behind it.
    pub(super) fn line_end(&mut self) -> Result<()> {
        self.pos += if self.starts_with("\r\n") { 2 } else { 1 };
        self.read_heredocs()
    }

    pub(super) fn blanks_and_lines(&mut self) -> Result<()> {
        loop {
            self.blanks()?;
            if !self.at_line_end() {
                return Ok(());
            }
            self.line_end()?;
        }
    }

    /// The word ahead if it is reserved, without taking it.
    pub(super) fn reserved(&self) -> Option<&'static str> {
        let rest = self.bytes.get(self.pos..).unwrap_or_default();
        let end = rest.iter().position(|byte| {
            matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')')
        });
        let word = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        RESERVED.iter().find(|reserved| reserved.as_bytes() == word).copied()
    }

    /// Takes this reserved word.
    pub(super) fn require(&mut self, word: &'static str) -> Result<()> {
        self.blanks_and_lines()?;
        if self.reserved() != Some(word) {
            return self.syntax("a reserved word is missing");
        }
        self.pos += word.len();
        Ok(())
    }

    // === lists ===

    /// Commands up to one of the reserved words, a `)` or the end of the text, whichever belongs
    /// here; the caller takes it. With no stop words the list may be empty.
    pub(super) fn list(&mut self, stops: &[&str]) -> Result<()> {
        let mut count = 0;
        loop {
            self.blanks_and_lines()?;
            let stop = match self.peek() {
                None | Some(b')') => true,
                Some(b';') if self.starts_with(";;") || self.starts_with(";&") => true,
                Some(_) => self.reserved().is_some_and(|word| stops.contains(&word)),
            };
            if stop {
                if count == 0 && !stops.is_empty() {
                    return self.syntax("a command is missing");
                }
                return Ok(());
            }
            self.and_or()?;
            count += 1;
            self.blanks()?;
            match self.peek() {
                // `;;` ends a branch of `case` and is nothing else.
                Some(b';') if matches!(self.peek_at(1), Some(b';' | b'&')) => {}
                Some(b';' | b'&') => {
                    self.pos += 1;
                    self.script.events.push(Event::Next);
                }
                Some(b'\n' | b'\r') if self.at_line_end() => self.script.events.push(Event::Next),
                None | Some(b')') => {}
                // Behind a compound command its closing word may follow at once: `{ (a) }`.
                Some(_) if self.reserved().is_some_and(|word| stops.contains(&word)) => {}
                Some(_) => return self.syntax("unexpected token"),
            }
        }
    }

    fn and_or(&mut self) -> Result<()> {
        loop {
            self.pipeline()?;
            self.blanks()?;
            if self.eat("&&") {
                self.script.events.push(Event::And);
            } else if self.eat("||") {
                self.script.events.push(Event::Next);
            } else {
                return Ok(());
            }
            self.blanks_and_lines()?;
        }
    }

    /// `!` and `time` in front of a pipeline. Says whether its outcome is turned round.
    fn pipeline_prefix(&mut self) -> Result<bool> {
        let mut negated = false;
        loop {
            self.blanks()?;
            match self.reserved() {
                Some("!") => {
                    self.pos += 1;
                    negated = true;
                }
                Some("time") => {
                    self.pos += 4;
                    self.blanks()?;
                    if self.starts_with("-p ") {
                        self.pos += 2;
                    } else if self.peek() == Some(b'-') {
                        return self.unsupported("options of the reserved word `time`");
                    }
                }
                _ => return Ok(negated),
            }
        }
    }

    fn pipeline(&mut self) -> Result<()> {
        let mut negated = self.pipeline_prefix()?;
        let outer = self.piped;
        let mut stages: Vec<Range<usize>> = Vec::new();
        let first_event = self.script.events.len();
        loop {
            let (start, event) = (self.script.commands.len(), self.script.events.len());
            self.command()?;
            stages.push(start..self.script.commands.len());
            self.blanks()?;
            let piped = self.peek() == Some(b'|') && self.peek_at(1) != Some(b'|');
            if stages.len() > 1 || piped {
                // Each stage is a process of its own.
                if stages.len() == 1 {
                    self.script.events.insert(first_event, Event::EnterIsolated);
                } else {
                    self.script.events.insert(event, Event::EnterIsolated);
                }
                self.script.events.push(Event::LeaveIsolated);
            }
            if !piped {
                break;
            }
            self.pos += 1;
            if self.peek() == Some(b'&') {
                self.pos += 1;
            }
            self.blanks_and_lines()?;
            self.piped = true;
            negated |= self.pipeline_prefix()?;
        }
        self.piped = outer;
        if negated {
            // What follows `&&` runs where a `cd` failed.
            self.script.events.push(Event::Next);
        }
        if stages.len() > 1 {
            self.script.pipelines.push(stages);
        }
        Ok(())
    }

    pub(super) fn isolated(&mut self, read: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.script.events.push(Event::EnterIsolated);
        self.nested(read)?;
        self.script.events.push(Event::LeaveIsolated);
        Ok(())
    }

    /// A part that may run again where the run before left off.
    pub(super) fn looped(&mut self, read: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.script.events.push(Event::EnterLoop);
        read(self)?;
        self.script.events.push(Event::LeaveMaybe);
        Ok(())
    }

    pub(super) fn maybe(&mut self, read: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.script.events.push(Event::EnterMaybe);
        read(self)?;
        self.script.events.push(Event::LeaveMaybe);
        Ok(())
    }

    /// `$( … )`, `<( … )`: the inside and the closing parenthesis.
    pub(super) fn substitution(&mut self) -> Result<()> {
        if !self.pending.is_empty() && self.text.get(self.pos..).is_some_and(|rest| rest.contains('\n')) {
            return self.unsupported("a substitution between a here-document and its body");
        }
        // What runs in here inherits the input of the command around it.
        self.isolated(|parser| {
            parser.list(&[])?;
            if !parser.eat(")") {
                return parser.syntax("a substitution is not closed");
            }
            if !parser.pending.is_empty() {
                return parser.unsupported("a here-document whose body lies outside its substitution");
            }
            Ok(())
        })
    }
}
