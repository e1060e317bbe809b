//! Expansions: parameters, substitutions, arithmetic. What they stand for is only known at run
//! time; what they run is read here.

use super::parser::{Parser, Result};
use super::word::Builder;
use super::{Command, Event, ParseError, Redirect, Script, hole, parse};
use crate::diagnostic::Span;
use crate::limits::COMMANDS_MAX;

impl Parser<'_> {
    /// An expansion that begins with `$`: which hole it leaves, or `None` for a plain dollar.
    pub(super) fn expansion(&mut self, quoted: bool) -> Result<Option<char>> {
        let left = if quoted { hole::TEXT } else { hole::WORDS };
        match self.peek_at(1) {
            Some(b'(') if self.peek_at(2) == Some(b'(') => {
                self.pos += 3;
                self.nested(Self::arithmetic)?;
                Ok(Some(left))
            }
            Some(b'(') => {
                self.pos += 2;
                self.substitution()?;
                Ok(Some(left))
            }
            Some(b'{') => {
                self.pos += 2;
                let many = self.nested(|parser| parser.parameter(quoted))?;
                Ok(Some(if many { hole::WORDS } else { left }))
            }
            Some(b'[') => self.unsupported("the old arithmetic expansion `$[…]`"),
            Some(b'@') => {
                self.pos += 2;
                Ok(Some(hole::WORDS))
            }
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => {
                self.pos += 1;
                while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                    self.pos += 1;
                }
                Ok(Some(left))
            }
            Some(byte) if byte.is_ascii_digit() || b"*#?-$!".contains(&byte) => {
                self.pos += 2;
                Ok(Some(left))
            }
            Some(b'\\') if self.peek_at(2) == Some(b'\n') => {
                self.unsupported("a line is joined inside an operator")
            }
            Some(_) | None => Ok(None),
        }
    }

    /// The inside of `${…}` and the closing brace. Says whether it may be several words even in
    /// double quotes.
    fn parameter(&mut self, quoted: bool) -> Result<bool> {
        if matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'|' | b'\\')) {
            return self.unsupported("a command or a blank in `${…}`");
        }
        let start = self.pos;
        loop {
            match self.peek() {
                None => return self.syntax("`${` is not closed"),
                Some(b'}') => {
                    let inside = self.slice(start..self.pos);
                    self.pos += 1;
                    if inside.is_empty() {
                        return self.syntax("`${}` names nothing");
                    }
                    let name_end =
                        inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inside.len());
                    let (name, operation) = inside.split_at(name_end);
                    if operation.starts_with('=') || operation.starts_with(":=") {
                        self.push_assignment(name.to_owned());
                    }
                    // Indirection evaluates subscripts in the value.
                    self.script.arithmetic |= inside.starts_with('!');
                    let plain_index = ["[@]", "[*]"].iter().any(|index| operation.starts_with(index));
                    // Offsets and subscripts are arithmetic.
                    self.script.arithmetic |= operation.starts_with('[') && !plain_index
                        || operation.contains(':')
                            && !operation.starts_with([':', '#', '%', '/', '-', '+', '?', '^', ',', '@'])
                        || operation.starts_with(':')
                            && !operation.get(1..).is_some_and(|rest| rest.starts_with(['-', '+', '?', '=']));
                    if inside.ends_with("@P") {
                        return self.unsupported("an expansion that bash evaluates twice");
                    }
                    return Ok(inside.contains('@'));
                }
                Some(b'\'' | b'"') if quoted => {
                    return self
                        .unsupported("quotes in `${…}` in double quotes, which bash reads in several ways");
                }
                Some(_) => self.skip_piece()?,
            }
        }
    }

    /// Steps over one piece of text inside `${…}` or arithmetic, reading what could run a command.
    fn skip_piece(&mut self) -> Result<()> {
        match self.peek() {
            Some(b'\\') => {
                if self.peek_at(1) == Some(b'\n') {
                    return self.unsupported("a line is joined inside an expansion");
                }
                self.pos += 1;
                self.take_char();
            }
            Some(b'\'') => {
                let from = self.pos + 1;
                let Some(length) = memchr::memchr(b'\'', self.bytes.get(from..).unwrap_or_default()) else {
                    return self.syntax("a single quote is not closed");
                };
                self.pos = from + length + 1;
            }
            Some(b'"') => {
                self.pos += 1;
                let mut inside = Builder::default();
                self.double_quoted(&mut inside)?;
            }
            Some(b'$') => {
                if self.peek_at(1) == Some(b'\'') {
                    return self.unsupported("`$'…'` inside an expansion");
                }
                if self.expansion(true)?.is_none() {
                    self.pos += 1;
                }
            }
            Some(b'`') => self.backtick(false)?,
            Some(b'<' | b'>') if self.peek_at(1) == Some(b'(') => {
                self.pos += 2;
                self.substitution()?;
            }
            Some(_) | None => {
                self.take_char();
            }
        }
        Ok(())
    }

    /// The inside of `((…))` or `$((…))` and the closing parentheses. bash falls back to nested
    /// subshells where the parentheses do not pair up; that is not followed.
    pub(super) fn arithmetic(&mut self) -> Result<()> {
        self.script.arithmetic = true;
        let (start, first) = (self.pos, self.script.commands.len());
        let mut open = 0_usize;
        loop {
            match self.peek() {
                None => return self.syntax("arithmetic is not closed"),
                Some(b'(') => {
                    open += 1;
                    self.pos += 1;
                }
                Some(b')') if open > 0 => {
                    open -= 1;
                    self.pos += 1;
                }
                Some(b')') if self.peek_at(1) == Some(b')') => {
                    let inside = self.slice(start..self.pos);
                    self.pos += 2;
                    // What a substitution prints is evaluated like any text.
                    self.script.evaluable |= self.script.commands.len() > first;
                    self.arithmetic_assignments(inside);
                    return Ok(());
                }
                Some(b'\'') => return self.unsupported("a quote in arithmetic"),
                Some(b')') => {
                    return self.unsupported("`((` that is not arithmetic; write `( (` for nested subshells");
                }
                Some(b';' | b'\n') if open > 0 => {
                    return self.unsupported("`((` that is not arithmetic; write `( (` for nested subshells");
                }
                Some(_) => self.skip_piece()?,
            }
        }
    }

    /// Variables that arithmetic sets: `x = 1`, `x += 1`, `x++`.
    fn arithmetic_assignments(&mut self, inside: &str) {
        let bytes = inside.as_bytes();
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let length = rest.iter().take_while(|byte| is_name(byte)).count();
            if length == 0 {
                at += 1;
                continue;
            }
            let name = inside.get(at..at + length).unwrap_or_default();
            at += length;
            // More operators than these have no `=` of their own behind a name.
            let behind = inside.get(at..).unwrap_or_default().trim_start();
            let sets = behind.starts_with("++")
                || behind.starts_with("--")
                || behind
                    .trim_start_matches(['+', '-', '*', '/', '%', '&', '|', '^', '<', '>'])
                    .starts_with('=')
                    && !behind.starts_with("==")
                    && !behind.starts_with("<=")
                    && !behind.starts_with(">=");
            let stepped = inside.get(..at - length).is_some_and(|before| {
                let before = before.trim_end();
                before.ends_with("++") || before.ends_with("--")
            });
            if (sets || stepped) && !name.starts_with(|c: char| c.is_ascii_digit()) {
                self.push_assignment(name.to_owned());
            }
        }
    }

    /// The right side of `=~`: parentheses and bars belong to the word.
    pub(super) fn regex(&mut self) -> Result<()> {
        let start = self.pos;
        let mut open = 0_usize;
        loop {
            match self.peek() {
                None => return self.syntax("a condition is not closed"),
                Some(b'(') => {
                    open += 1;
                    self.pos += 1;
                }
                Some(b')') if open > 0 => {
                    open -= 1;
                    self.pos += 1;
                }
                Some(b' ' | b'\t' | b'\n' | b')') if open == 0 => break,
                Some(b';' | b'&' | b'<' | b'>') if open == 0 => break,
                Some(_) => self.skip_piece()?,
            }
        }
        if self.pos == start { self.syntax("a condition needs an expression") } else { Ok(()) }
    }

    /// `` `…` ``: the text inside is unescaped once and read as a script of its own.
    pub(super) fn backtick(&mut self, quoted: bool) -> Result<()> {
        self.pos += 1;
        let mut inside = String::new();
        loop {
            match self.peek() {
                None => return self.syntax("a backtick is not closed"),
                Some(b'`') => break,
                Some(b'\\') => {
                    self.pos += 1;
                    match self.peek() {
                        None => return self.syntax("a backtick is not closed"),
                        Some(b'$' | b'`' | b'\\') => {}
                        Some(b'"') if quoted => {}
                        Some(b'\n') => return self.unsupported("a line is joined inside backticks"),
                        Some(_) => inside.push('\\'),
                    }
                    let c = self.take_char();
                    inside.push(c);
                }
                Some(_) => {
                    let c = self.take_char();
                    inside.push(c);
                }
            }
        }
        if !self.pending.is_empty() && inside.contains('\n') {
            return self.unsupported("a substitution between a here-document and its body");
        }
        self.pos += 1;
        let at = self.pos;
        let script =
            self.nested(|parser| parse(&inside, parser.depth).map_err(|error| ParseError { at, ..error }))?;
        self.adopt(script)
    }

    /// Takes over what a text that is not a piece of the source would run.
    fn adopt(&mut self, script: Script<'_>) -> Result<()> {
        let first = self.script.commands.len();
        let first_redirect = self.script.redirects.len();
        if first + script.commands.len() > COMMANDS_MAX {
            return self.limit("command line has more than 1000 commands");
        }
        let nowhere = Span { start: 0, end: 0 };
        let moved = |own: Command<'_>| {
            let inner = own.inner + first;
            Command { span: nowhere, inner, ..own.into_owned() }
        };
        self.script.commands.extend(script.commands.into_iter().map(moved));
        self.script.redirects.extend(script.redirects.into_iter().map(|own| Redirect {
            target: own.target.into_owned(),
            direction: own.direction,
            operator: own.operator,
        }));
        let shift = |range: std::ops::Range<usize>| range.start + first..range.end + first;
        self.script
            .pipelines
            .extend(script.pipelines.into_iter().map(|stages| stages.into_iter().map(shift).collect()));
        self.script.functions.extend(script.functions);
        self.script.deceptive |= script.deceptive;
        self.script.arithmetic |= script.arithmetic;
        self.script.evaluable |= script.evaluable;
        self.script.events.push(Event::EnterIsolated);
        self.script.events.extend(script.events.into_iter().map(|event| match event {
            Event::Command(index) => Event::Command(index + first),
            Event::Redirect(index) => Event::Redirect(index + first_redirect),
            other @ (Event::And
            | Event::Next
            | Event::EnterIsolated
            | Event::LeaveIsolated
            | Event::EnterMaybe
            | Event::EnterLoop
            | Event::LeaveMaybe) => other,
        }));
        self.script.events.push(Event::LeaveIsolated);
        Ok(())
    }
}
