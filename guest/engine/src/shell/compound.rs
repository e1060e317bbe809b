//! Compound commands: groups, conditionals, loops, `case`, `[[`, functions.

use std::borrow::Cow;

use super::parser::{Parser, Result};
use super::{Assignment, Command, Event, Word};
use crate::diagnostic::Span;

impl<'a> Parser<'a> {
    pub(super) fn command(&mut self) -> Result<()> {
        self.blanks()?;
        let (began, first) = (self.script.events.len(), self.script.commands.len());
        match self.peek() {
            Some(b'(') if self.peek_at(1) == Some(b'(') => {
                self.arithmetic_command()?;
                return self.trailing_redirects(began, first);
            }
            Some(b'(') => {
                self.pos += 1;
                self.isolated(|parser| parser.group(")"))?;
                return self.trailing_redirects(began, first);
            }
            _ => {}
        }
        match self.reserved() {
            None => return self.simple(),
            Some("{") => {
                self.pos += 1;
                self.nested(|parser| parser.group("}"))?;
            }
            Some("if") => self.nested(Self::conditional)?,
            Some("while" | "until") => {
                self.pos += 5;
                self.nested(|parser| {
                    parser.looped(|parser| {
                        parser.list(&["do"])?;
                        parser.body()
                    })
                })?;
            }
            Some("for" | "select") => self.nested(Self::for_loop)?,
            Some("case") => self.nested(Self::case)?,
            Some("[[") => {
                self.pos += 2;
                self.nested(Self::condition)?;
            }
            Some("function") => {
                self.pos += 8;
                self.blanks()?;
                let Some(name) = self.word()? else { return self.syntax("a function needs a name") };
                self.blanks()?;
                if self.eat("(") {
                    self.blanks()?;
                    if !self.eat(")") {
                        return self.syntax("unexpected token");
                    }
                }
                return self.function(&name);
            }
            Some("coproc") => {
                self.pos += 6;
                self.blanks()?;
                // `coproc NAME { …; }`: a name counts only in front of a compound command.
                let start = self.pos;
                if self.reserved().is_none() && self.peek() != Some(b'(') {
                    let name = self.word()?;
                    self.blanks()?;
                    let compound = matches!(
                        self.reserved(),
                        Some("{" | "if" | "while" | "until" | "for" | "case" | "select" | "[[")
                    ) || self.peek() == Some(b'(');
                    if name.is_none_or(|name| name.literal().is_none()) || !compound {
                        self.pos = start;
                    }
                }
                return self.isolated(Self::command);
            }
            Some(_) => return self.syntax("unexpected reserved word"),
        }
        self.trailing_redirects(began, first)
    }

    /// The inside of `( … )` or `{ …; }`, behind the opening.
    fn group(&mut self, close: &'static str) -> Result<()> {
        let before = self.script.events.len();
        self.list(if close == "}" { &["}"] } else { &[] })?;
        if !self.eat(close) {
            return self.syntax("a group is not closed");
        }
        if self.script.events.len() == before && self.script.commands.is_empty() {
            return self.syntax("a group is empty");
        }
        Ok(())
    }

    /// `do … done`
    fn body(&mut self) -> Result<()> {
        self.require("do")?;
        self.list(&["done"])?;
        self.require("done")
    }

    fn conditional(&mut self) -> Result<()> {
        self.require("if")?;
        loop {
            self.list(&["then"])?;
            self.require("then")?;
            self.maybe(|parser| parser.list(&["elif", "else", "fi"]))?;
            match self.reserved() {
                Some("elif") => self.pos += 4,
                Some("else") => {
                    self.pos += 4;
                    self.maybe(|parser| parser.list(&["fi"]))?;
                    return self.require("fi");
                }
                _ => return self.require("fi"),
            }
        }
    }

    fn for_loop(&mut self) -> Result<()> {
        let is_for = self.reserved() == Some("for");
        self.pos += if is_for { 3 } else { 6 };
        self.blanks()?;
        if is_for && self.starts_with("((") {
            self.arithmetic_command()?;
            self.blanks()?;
            if self.peek() == Some(b';') {
                self.pos += 1;
            }
        } else {
            let name = self.word()?;
            let Some(name) = name.as_ref().and_then(Word::literal) else {
                return self.syntax("a loop needs a name");
            };
            // The loop sets this variable, like an assignment.
            self.push_assignment(name.to_owned());
            self.blanks_and_lines()?;
            if self.reserved() == Some("in") {
                self.pos += 2;
                loop {
                    self.blanks()?;
                    let before = self.script.commands.len();
                    let Some(item) = self.word()? else { break };
                    self.note_value(&item, before);
                }
            }
            self.blanks()?;
            if self.peek() == Some(b';') {
                self.pos += 1;
            } else if !self.at_line_end() && self.reserved() != Some("do") {
                return self.syntax("unexpected token");
            }
        }
        self.blanks_and_lines()?;
        if self.reserved() == Some("{") {
            self.pos += 1;
            return self.looped(|parser| parser.group("}"));
        }
        self.looped(Self::body)
    }

    pub(super) fn push_assignment(&mut self, name: String) {
        let span = Span { start: self.pos, end: self.pos };
        let assignment = Assignment { name: Cow::Owned(name), by_loop: true };
        let inner = self.script.commands.len();
        self.script.commands.push(Command {
            assignments: vec![assignment],
            span,
            inner,
            ..Command::default()
        });
        self.script.events.push(Event::Command(self.script.commands.len() - 1));
    }

    fn case(&mut self) -> Result<()> {
        self.require("case")?;
        self.blanks()?;
        if self.word()?.is_none() {
            return self.syntax("`case` needs a word");
        }
        self.require("in")?;
        loop {
            self.blanks_and_lines()?;
            if self.reserved() == Some("esac") {
                return self.require("esac");
            }
            self.eat("(");
            loop {
                self.blanks()?;
                if self.word()?.is_none() {
                    return self.syntax("a pattern is missing");
                }
                self.blanks()?;
                if !self.eat("|") {
                    break;
                }
            }
            if !self.eat(")") {
                return self.syntax("a pattern is not closed");
            }
            self.maybe(|parser| {
                // A branch may be empty, unlike other lists.
                parser.blanks_and_lines()?;
                if parser.starts_with(";;") || parser.starts_with(";&") || parser.reserved() == Some("esac") {
                    return Ok(());
                }
                parser.list(&["esac"])
            })?;
            if !self.eat(";;&") && !self.eat(";;") && !self.eat(";&") && self.reserved() != Some("esac") {
                return self.syntax("a branch is not closed");
            }
        }
    }

    /// `[[ … ]]`, behind the opening. Only its substitutions matter; operators are passed over.
    fn condition(&mut self) -> Result<()> {
        let twice = |word: &Word<'_>| word.text.contains(['$', '`', '[']);
        let mut before: Option<Word<'a>> = None;
        let first = self.script.commands.len();
        loop {
            self.blanks_and_lines()?;
            if self.starts_with("]]") && self.peek_at(2).is_none_or(|byte| b" \t\n\r;&|<>()".contains(&byte))
            {
                if before.is_none() {
                    return self.syntax("a condition is empty");
                }
                self.pos += 2;
                return Ok(());
            }
            if ["&&", "||"].iter().any(|operator| self.eat(operator)) {
                continue;
            }
            match self.peek() {
                None => return self.syntax("a condition is not closed"),
                Some(b'<' | b'>') if self.peek_at(1) == Some(b'(') => {
                    return self.unsupported("a process substitution in a condition");
                }
                Some(b'(' | b')' | b'<' | b'>') => self.pos += 1,
                Some(b';' | b'&' | b'|') => return self.syntax("unexpected token in a condition"),
                Some(_) => {
                    let Some(word) = self.word()? else {
                        return self.syntax("unexpected token in a condition");
                    };
                    match word.literal() {
                        Some("=~") => {
                            self.blanks()?;
                            self.regex()?;
                        }
                        // These evaluate their operands as arithmetic, which may run commands.
                        Some("-v" | "-R" | "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge") => {
                            self.script.arithmetic = true;
                            self.script.evaluable |= self.script.commands.len() > first;
                            self.blanks()?;
                            let after = self.word()?;
                            self.script.evaluable |= self.script.commands.len() > first;
                            if before.as_ref().is_some_and(twice) || after.as_ref().is_some_and(twice) {
                                return self.unsupported("an operand that bash evaluates twice");
                            }
                        }
                        Some(_) | None => {}
                    }
                    before = Some(word);
                }
            }
        }
    }

    pub(super) fn function(&mut self, name: &Word<'a>) -> Result<()> {
        let name = name.text.to_string();
        self.script.functions.push(name);
        self.blanks_and_lines()?;
        let compound = matches!(
            self.reserved(),
            Some("{" | "if" | "while" | "until" | "for" | "case" | "select" | "[[")
        );
        if !compound && self.peek() != Some(b'(') {
            return self.syntax("a function needs a body");
        }
        self.nested(|parser| parser.maybe(Self::command))
    }

    /// Redirections behind a compound command. They happen where it began, at the event given.
    pub(super) fn trailing_redirects(&mut self, began: usize, first: usize) -> Result<()> {
        loop {
            self.blanks()?;
            let Some(redirect) = self.redirect()? else { return Ok(()) };
            if redirect.operator.starts_with('<') {
                for command in self.script.commands.iter_mut().skip(first) {
                    command.piped = true;
                }
            }
            self.script.events.insert(began, Event::Redirect(self.script.redirects.len()));
            self.script.redirects.push(redirect);
        }
    }

    /// `(( … ))` as a command or behind `for`.
    pub(super) fn arithmetic_command(&mut self) -> Result<()> {
        self.pos += 2;
        self.nested(|parser| parser.arithmetic())
    }
}
