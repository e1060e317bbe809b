//! Simple commands: assignments, words, redirections.

use std::borrow::Cow;

use super::parser::{Parser, Result, is_reserved};
use super::{Assignment, Command, Direction, Event, Redirect, Word, hole};
use crate::diagnostic::Span;
use crate::limits::COMMANDS_MAX;

/// How far the end of an array subscript is looked for.
const SUBSCRIPT_BYTES_MAX: usize = 256;

impl<'a> Parser<'a> {
    pub(super) fn simple(&mut self) -> Result<()> {
        let mut command = Command { piped: self.piped, ..Command::default() };
        let (start, inner) = (self.pos, self.script.commands.len());
        let mut end = start;
        loop {
            self.blanks()?;
            match self.peek() {
                None | Some(b'\n' | b';' | b'|' | b')') => break,
                Some(b'\r') if self.at_line_end() => break,
                Some(b'&') if !self.starts_with("&>") => break,
                Some(b'(') => {
                    // `name ()` is a function; nothing else may stand here.
                    let [name] = command.words.as_slice() else { return self.syntax("unexpected `(`") };
                    if !command.assignments.is_empty() || !command.redirects.is_empty() || name.quoted {
                        return self.syntax("unexpected `(`");
                    }
                    let name = name.clone();
                    self.pos += 1;
                    self.blanks()?;
                    if !self.eat(")") {
                        return self.syntax("unexpected `(`");
                    }
                    return self.function(&name);
                }
                Some(_) => {}
            }
            if let Some(redirect) = self.redirect()? {
                command.redirects.push(redirect);
            } else if let Some(name) = self.assignment_name(&command)? {
                self.assignment(&mut command, name)?;
            } else {
                let first = command.words.is_empty();
                let at = self.pos;
                let Some(word) = self.word()? else { return self.syntax("unexpected token") };
                if first && !word.quoted && is_reserved(&word.text) && self.slice(at..self.pos) != word.text {
                    // bash joins the lines first and then sees the reserved word.
                    return self.unsupported("a reserved word is spread over lines");
                }
                command.words.push(word);
            }
            end = self.pos;
        }
        if command == (Command { piped: self.piped, ..Command::default() }) {
            return self.syntax("a command is missing");
        }
        (command.span, command.inner) = (Span { start, end }, inner);
        if self.script.commands.len() >= COMMANDS_MAX {
            return self.limit("command line has more than 1000 commands");
        }
        self.script.events.push(Event::Command(self.script.commands.len()));
        self.script.commands.push(command);
        Ok(())
    }

    /// The name of the assignment ahead, if one is, and the `=` or `+=` behind it is taken.
    fn assignment_name(&mut self, command: &Command<'a>) -> Result<Option<&'a str>> {
        let rest = self.bytes.get(self.pos..).unwrap_or_default();
        let length =
            rest.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').unwrap_or(rest.len());
        if length == 0 || rest.first().is_some_and(u8::is_ascii_digit) {
            return Ok(None);
        }
        let declares = command
            .words
            .first()
            .and_then(Word::literal)
            .is_some_and(|word| matches!(word, "declare" | "typeset" | "export" | "local" | "readonly"));
        let behind = rest.get(length..).unwrap_or_default();
        let operator = if behind.starts_with(b"=") {
            1
        } else if behind.starts_with(b"+=") {
            2
        } else if behind.starts_with(b"[") && (command.words.is_empty() || declares) {
            // `a[i]=x` evaluates `i`; as a file name pattern the word would be read as usual.
            let line = behind.get(..behind.len().min(SUBSCRIPT_BYTES_MAX)).unwrap_or_default();
            if line.len() == SUBSCRIPT_BYTES_MAX && !line.contains(&b' ') {
                return self.unsupported("a long array subscript");
            }
            let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
            if line.windows(2).any(|pair| matches!(pair, [b']', b'=' | b'+'])) {
                return self.unsupported("an assignment to an array element");
            }
            return Ok(None);
        } else {
            return Ok(None);
        };
        let is_array = behind.get(operator) == Some(&b'(');
        // Behind the command name an assignment is a word, except that arrays are syntax there.
        let is_word = !command.words.is_empty();
        if is_word && !(declares && is_array) {
            return Ok(None);
        }
        let name = self.slice(self.pos..self.pos + length);
        self.pos += length + operator;
        Ok(Some(name))
    }

    /// Notes a value that may run a command if arithmetic evaluates it: text that says so, or the
    /// output of the commands read since `before`.
    pub(super) fn note_value(&mut self, value: &Word<'a>, before: usize) {
        self.script.evaluable |= value.text.contains("$(") || value.text.contains('`');
        self.script.evaluable |= self.script.commands.len() > before;
    }

    fn assignment(&mut self, command: &mut Command<'a>, name: &'a str) -> Result<()> {
        if self.eat("(") {
            loop {
                self.blanks_and_lines()?;
                if self.eat(")") {
                    break;
                }
                let before = self.script.commands.len();
                let Some(element) = self.word()? else { return self.syntax("an array is not closed") };
                self.note_value(&element, before);
                // `[i]=x` evaluates `i`.
                self.script.arithmetic |= element.text.starts_with(['[', hole::ONE, hole::GLOB]);
            }
        } else {
            // An empty value is a value.
            let before = self.script.commands.len();
            if let Some(value) = self.word()? {
                self.note_value(&value, before);
            }
        }
        command.assignments.push(Assignment { name: Cow::Borrowed(name), by_loop: false });
        Ok(())
    }

    pub(super) fn redirect(&mut self) -> Result<Option<Redirect<'a>>> {
        let digits = self
            .bytes
            .get(self.pos..)
            .unwrap_or_default()
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if self.peek() == Some(b'{') {
            let name = self.bytes.get(self.pos + 1..).unwrap_or_default();
            let length =
                name.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
            if length > 0
                && matches!(name.get(length..), Some([b'}', b'<' | b'>', ..] | [b'}', b'\\', b'\n', ..]))
            {
                return self.unsupported("a variable as a file descriptor");
            }
        }
        let after = self.peek_at(digits);
        let is_redirect = match after {
            Some(b'<' | b'>') => digits > 0 || self.peek_at(1) != Some(b'('),
            Some(b'&') => digits == 0 && self.peek_at(1) == Some(b'>'),
            _ => false,
        };
        if !is_redirect {
            return Ok(None);
        }
        self.pos += digits;
        const OPERATORS: &[(&str, Direction)] = &[
            ("&>>", Direction::Write),
            ("&>", Direction::Write),
            ("<<<", Direction::HereString),
            ("<<-", Direction::Heredoc),
            ("<<", Direction::Heredoc),
            ("<>", Direction::ReadWrite),
            ("<&", Direction::Duplicate),
            (">&", Direction::Duplicate),
            (">>", Direction::Write),
            (">|", Direction::Write),
            ("<", Direction::Read),
            (">", Direction::Write),
        ];
        let Some((operator, direction)) = OPERATORS.iter().find(|(operator, _)| self.starts_with(operator))
        else {
            return self.syntax("unexpected redirection");
        };
        self.pos += operator.len();
        self.blanks()?;
        if *direction == Direction::Heredoc {
            let target = self.heredoc_start(*operator == "<<-")?;
            return Ok(Some(Redirect { direction: *direction, target, operator }));
        }
        let Some(target) = self.word()? else { return self.syntax("a redirection needs a target") };
        let mut direction = *direction;
        let descriptor = |text: &str| {
            let text = text.strip_suffix('-').unwrap_or(text);
            text.is_empty() || text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if direction == Direction::Duplicate && !target.literal().is_some_and(descriptor) {
            // `>&word` writes to a file; `<&word` takes a descriptor that only bash knows.
            direction = if *operator == ">&" { Direction::Write } else { Direction::Read };
        }
        Ok(Some(Redirect { direction, target, operator }))
    }
}
