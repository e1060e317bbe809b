//! Lists, pipelines, commands: the grammar above words.
//!
//! Plain recursive descent; the depth is limited, so recursion is too. Nested substitutions are
//! read in place and add their commands to the same list.

use std::borrow::Cow;
use std::ops::Range;

use super::heredoc::Pending;
use super::{Assignment, Command, Direction, Event, ParseError, ParseErrorKind, Redirect, Script, Word};
use crate::diagnostic::Span;
use crate::wire::is_format;
use crate::limits::{COMMAND_BYTES_MAX, COMMAND_DEPTH_MAX, COMMANDS_MAX};

/// Words that are syntax at the start of a command.
const RESERVED: &[&str] = &[
    "!", "[[", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in", "select",
    "then", "time", "until", "while", "{", "}",
];

/// Whether the word is syntax at the start of a command.
fn is_reserved(word: &str) -> bool {
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
        return parser.limit("command contains a control character");
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

type Result<T> = std::result::Result<T, ParseError>;

pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) pos: usize,
    pub(super) depth: usize,
    pub(super) script: Script<'a>,
    /// Here-documents whose bodies start at the next line.
    pub(super) pending: Vec<Pending>,
    /// Whether the command being read gets its input from a pipe.
    piped: bool,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, depth: usize) -> Self {
        Self { text, bytes: text.as_bytes(), pos: 0, depth, script: Script::default(), pending: Vec::new(), piped: false }
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

    fn eat(&mut self, text: &str) -> bool {
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

    fn at_line_end(&self) -> bool {
        self.peek() == Some(b'\n') || self.starts_with("\r\n")
    }

    /// Blanks, joined lines and a comment; not line ends.
    fn blanks(&mut self) -> Result<()> {
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
        if before == Some(&b'$') || operator(before) && operator(self.bytes.get(self.pos + 2)) {
            return self.unsupported("a line is joined inside an operator");
        }
        Ok(())
    }

    /// Takes a line end, and the here-documents that start behind it.
    fn line_end(&mut self) -> Result<()> {
        self.pos += if self.starts_with("\r\n") { 2 } else { 1 };
        self.read_heredocs()
    }

    fn blanks_and_lines(&mut self) -> Result<()> {
        loop {
            self.blanks()?;
            if !self.at_line_end() {
                return Ok(());
            }
            self.line_end()?;
        }
    }

    /// The word ahead if it is reserved, without taking it.
    fn reserved(&self) -> Option<&'static str> {
        let rest = self.bytes.get(self.pos..).unwrap_or_default();
        let end = rest.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')'));
        let word = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        RESERVED.iter().find(|reserved| reserved.as_bytes() == word).copied()
    }

    /// Takes this reserved word.
    fn expect(&mut self, word: &'static str) -> Result<()> {
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
    fn list(&mut self, stops: &[&str]) -> Result<()> {
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

    fn pipeline(&mut self) -> Result<()> {
        loop {
            self.blanks()?;
            match self.reserved() {
                Some("!") => self.pos += 1,
                Some("time") => {
                    self.pos += 4;
                    self.blanks()?;
                    if self.starts_with("-p ") {
                        self.pos += 2;
                    } else if self.peek() == Some(b'-') {
                        return self.unsupported("options of the reserved word `time`");
                    }
                }
                _ => break,
            }
        }
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
        }
        self.piped = outer;
        if stages.len() > 1 {
            self.script.pipelines.push(stages);
        }
        Ok(())
    }

    // === commands ===

    fn command(&mut self) -> Result<()> {
        self.blanks()?;
        match self.peek() {
            Some(b'(') if self.peek_at(1) == Some(b'(') => {
                self.arithmetic_command()?;
                return self.trailing_redirects();
            }
            Some(b'(') => {
                self.pos += 1;
                self.isolated(|parser| parser.group(")"))?;
                return self.trailing_redirects();
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
                    parser.maybe(|parser| parser.list(&["do"]))?;
                    parser.body()
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
                    let compound = matches!(self.reserved(), Some("{" | "if" | "while" | "until" | "for" | "case" | "select" | "[[")) || self.peek() == Some(b'(');
                    if name.is_none_or(|name| name.literal().is_none()) || !compound {
                        self.pos = start;
                    }
                }
                return self.isolated(Self::command);
            }
            Some(_) => return self.syntax("unexpected reserved word"),
        }
        self.trailing_redirects()
    }

    fn isolated(&mut self, read: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.script.events.push(Event::EnterIsolated);
        self.nested(read)?;
        self.script.events.push(Event::LeaveIsolated);
        Ok(())
    }

    fn maybe(&mut self, read: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.script.events.push(Event::EnterMaybe);
        read(self)?;
        self.script.events.push(Event::LeaveMaybe);
        Ok(())
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

    /// `do … done`
    fn body(&mut self) -> Result<()> {
        self.expect("do")?;
        self.maybe(|parser| parser.list(&["done"]))?;
        self.expect("done")
    }

    fn conditional(&mut self) -> Result<()> {
        self.expect("if")?;
        loop {
            self.list(&["then"])?;
            self.expect("then")?;
            self.maybe(|parser| parser.list(&["elif", "else", "fi"]))?;
            match self.reserved() {
                Some("elif") => self.pos += 4,
                Some("else") => {
                    self.pos += 4;
                    self.maybe(|parser| parser.list(&["fi"]))?;
                    return self.expect("fi");
                }
                _ => return self.expect("fi"),
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
            let Some(name) = name.as_ref().and_then(Word::literal) else { return self.syntax("a loop needs a name") };
            // The loop sets this variable, like an assignment.
            self.push_assignment(name.to_owned());
            self.blanks_and_lines()?;
            if self.reserved() == Some("in") {
                self.pos += 2;
                loop {
                    self.blanks()?;
                    if self.word()?.is_none() {
                        break;
                    }
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
            return self.maybe(|parser| parser.group("}"));
        }
        self.body()
    }

    fn push_assignment(&mut self, name: String) {
        let span = Span { start: self.pos, end: self.pos };
        let assignment = Assignment { name: Cow::Owned(name), span };
        self.script.commands.push(Command { assignments: vec![assignment], span, ..Command::default() });
        self.script.events.push(Event::Command(self.script.commands.len() - 1));
    }

    fn case(&mut self) -> Result<()> {
        self.expect("case")?;
        self.blanks()?;
        if self.word()?.is_none() {
            return self.syntax("`case` needs a word");
        }
        self.expect("in")?;
        loop {
            self.blanks_and_lines()?;
            if self.reserved() == Some("esac") {
                return self.expect("esac");
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
        loop {
            self.blanks_and_lines()?;
            if self.starts_with("]]") && self.peek_at(2).is_none_or(|byte| b" \t\n\r;&|<>()".contains(&byte)) {
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
                    let Some(word) = self.word()? else { return self.syntax("unexpected token in a condition") };
                    match word.literal() {
                        Some("=~") => {
                            self.blanks()?;
                            self.regex()?;
                        }
                        // These evaluate their operands as arithmetic, which may run commands.
                        Some("-v" | "-R" | "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge") => {
                            self.blanks()?;
                            let after = self.word()?;
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

    fn function(&mut self, name: &Word<'a>) -> Result<()> {
        let name = name.text.to_string();
        self.script.functions.push(name);
        self.blanks_and_lines()?;
        let compound = matches!(self.reserved(), Some("{" | "if" | "while" | "until" | "for" | "case" | "select" | "[["));
        if !compound && self.peek() != Some(b'(') {
            return self.syntax("a function needs a body");
        }
        self.nested(|parser| parser.maybe(Self::command))
    }

    fn trailing_redirects(&mut self) -> Result<()> {
        loop {
            self.blanks()?;
            let Some(redirect) = self.redirect()? else { return Ok(()) };
            self.script.redirects.push(redirect);
        }
    }

    // === simple commands ===

    fn simple(&mut self) -> Result<()> {
        let mut command = Command { piped: self.piped, ..Command::default() };
        let start = self.pos;
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
        command.span = Span { start, end };
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
        let length = rest.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').unwrap_or(rest.len());
        if length == 0 || rest.first().is_some_and(u8::is_ascii_digit) {
            return Ok(None);
        }
        let declares = command.words.first().and_then(Word::literal).is_some_and(|word| {
            matches!(word, "declare" | "typeset" | "export" | "local" | "readonly")
        });
        let behind = rest.get(length..).unwrap_or_default();
        let operator = if behind.starts_with(b"=") {
            1
        } else if behind.starts_with(b"+=") {
            2
        } else if behind.starts_with(b"[") && (command.words.is_empty() || declares) {
            // `a[i]=x` evaluates `i`; as a file name pattern the word would be read as usual.
            let line = behind.split(|byte| *byte == b'\n').next().unwrap_or_default();
            if line.windows(2).any(|pair| matches!(pair, [b']', b'=' | b'+'])) {
                return self.unsupported("an assignment to an array element");
            }
            return Ok(None);
        } else {
            return Ok(None);
        };
        let is_array = behind.get(operator) == Some(&b'(');
        // Behind the command name an assignment is a word, except that arrays are syntax there.
        if !command.words.is_empty() && !(declares && is_array) {
            return Ok(None);
        }
        let name = self.slice(self.pos..self.pos + length);
        self.pos += length + operator;
        Ok(Some(name))
    }

    fn assignment(&mut self, command: &mut Command<'a>, name: &'a str) -> Result<()> {
        let start = self.pos;
        if self.eat("(") {
            loop {
                self.blanks_and_lines()?;
                if self.eat(")") {
                    break;
                }
                if self.word()?.is_none() {
                    return self.syntax("an array is not closed");
                }
            }
        } else {
            // An empty value is a value.
            self.word()?;
        }
        command.assignments.push(Assignment { name: Cow::Borrowed(name), span: Span { start, end: self.pos } });
        Ok(())
    }

    // === redirections ===

    fn redirect(&mut self) -> Result<Option<Redirect<'a>>> {
        let digits = self.bytes.get(self.pos..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count();
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
        let Some((operator, direction)) = OPERATORS.iter().find(|(operator, _)| self.starts_with(operator)) else {
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

    // === arithmetic ===

    /// `(( … ))` as a command or behind `for`.
    fn arithmetic_command(&mut self) -> Result<()> {
        self.pos += 2;
        self.nested(|parser| parser.arithmetic())
    }
}
