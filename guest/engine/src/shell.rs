//! Understanding bash: a command line becomes every simple command that could run (SH1 to SH4).
//!
//! This is a reader of bash's grammar, not an interpreter. It must see at least what bash would
//! run; where bash's reading depends on things that are not in the text, or where two readings
//! are possible, it says so instead of choosing. A differential test against the real bash holds
//! it to that.

mod parser;

mod compound;
mod simple;

mod expansion;
mod heredoc;
mod word;

use std::borrow::Cow;

pub(crate) use parser::parse;

use crate::diagnostic::Span;

/// Stands in a word for text that only bash knows at run time. Control characters cannot come
/// from a command, so a word may hold these without being mistaken.
pub(crate) mod hole {
    /// `*`: any text without blanks.
    pub(crate) const GLOB: char = '\u{1}';
    /// `?` or `[…]`: one character.
    pub(crate) const ONE: char = '\u{2}';
    /// `"$x"`: any text, one word.
    pub(crate) const TEXT: char = '\u{3}';
    /// `$x`, `{a,b}`: any text, any number of words, none included.
    pub(crate) const WORDS: char = '\u{4}';

    /// Whether the character stands for other text.
    pub(crate) const fn is_hole(c: char) -> bool {
        matches!(c, GLOB | ONE | TEXT | WORDS)
    }
}

/// A word after quote removal (SH4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    /// Literal text, with holes where bash would put other text.
    pub(crate) text: Cow<'a, str>,
    /// Whether `text` has holes.
    pub(crate) has_holes: bool,
    /// An unquoted `~` starts the word.
    pub(crate) tilde: bool,
    /// Some of it was quoted or escaped.
    pub(crate) quoted: bool,
    /// It holds `<(…)` or `>(…)`.
    pub(crate) process: bool,
    /// It holds the output of commands.
    pub(crate) substitutes: bool,
    pub(crate) span: Span,
}

impl<'a> Word<'a> {
    /// A word made of plain text.
    pub(crate) fn plain(text: impl Into<Cow<'a, str>>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// The text, if bash leaves it as it is.
    pub(crate) fn literal(&self) -> Option<&str> {
        (!self.has_holes && !self.tilde).then_some(&self.text)
    }

    pub(crate) fn into_owned(self) -> Word<'static> {
        Word { text: Cow::Owned(self.text.into_owned()), ..self }
    }
}

/// `NAME=value` in front of a command, or alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assignment<'a> {
    pub(crate) name: Cow<'a, str>,
    /// A loop sets it, so it is a variable of the line and not meant for programs.
    pub(crate) by_loop: bool,
}

/// What a redirection does with its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// `<`
    Read,
    /// `>`, `>>`, `>|`, `&>`, `&>>`, and `>&word`
    Write,
    /// `<>`
    ReadWrite,
    /// `<<` and `<<-`: the body is in the command line.
    Heredoc,
    /// `<<<`
    HereString,
    /// `N>&M`, `N<&M`, `N>&-`
    Duplicate,
}

/// One redirection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Redirect<'a> {
    pub(crate) direction: Direction,
    /// The file, the here-string, or the body of a here-document.
    pub(crate) target: Word<'a>,
    /// The operator as written, for the canonical text.
    pub(crate) operator: &'static str,
}

/// A simple command, as bash would run it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Command<'a> {
    pub(crate) assignments: Vec<Assignment<'a>>,
    pub(crate) words: Vec<Word<'a>>,
    pub(crate) redirects: Vec<Redirect<'a>>,
    /// Its standard input comes from a pipe.
    pub(crate) piped: bool,
    /// Where it stands in the text that was decided; empty if it does not stand there literally.
    pub(crate) span: Span,
    /// The first of the commands that run inside of its words: they stand just before it.
    pub(crate) inner: usize,
    /// It stands in the body of a here-document.
    pub(crate) in_body: bool,
}

impl Command<'_> {
    /// Whether it may read commands: from a pipe, or from what is redirected to it.
    pub(crate) fn reads_input(&self) -> bool {
        let is_fed = |redirect: &Redirect<'_>| {
            matches!(
                redirect.direction,
                Direction::Heredoc
                    | Direction::HereString
                    | Direction::Read
                    | Direction::Duplicate
                    | Direction::ReadWrite
            ) && redirect.operator.starts_with('<')
        };
        self.piped || self.redirects.iter().any(is_fed)
    }

    pub(crate) fn into_owned(self) -> Command<'static> {
        Command {
            assignments: self
                .assignments
                .into_iter()
                .map(|own| Assignment { name: Cow::Owned(own.name.into_owned()), by_loop: own.by_loop })
                .collect(),
            words: self.words.into_iter().map(Word::into_owned).collect(),
            redirects: self
                .redirects
                .into_iter()
                .map(|own| Redirect {
                    target: own.target.into_owned(),
                    direction: own.direction,
                    operator: own.operator,
                })
                .collect(),
            piped: self.piped,
            span: self.span,
            inner: self.inner,
            in_body: self.in_body,
        }
    }
}

/// What happens in a script, in the order of its text. Enough to follow `cd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The command with this index runs.
    Command(usize),
    /// A group, loop or conditional begins, with the redirection of this index around it.
    Redirect(usize),
    /// `&&`: what follows runs only if what came before succeeded.
    And,
    /// `||`, `;`, `&` or a new line: what follows may run whatever happened before.
    Next,
    /// A part that changes nothing outside itself begins: a subshell, a pipeline stage.
    EnterIsolated,
    /// It ends.
    LeaveIsolated,
    /// A part that may run or not begins: a branch.
    EnterMaybe,
    /// A part that may run never, once or often begins: a loop.
    EnterLoop,
    /// It ends.
    LeaveMaybe,
}

/// Everything that a command line could run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Script<'a> {
    /// Every simple command, in the order of the text.
    pub(crate) commands: Vec<Command<'a>>,
    /// Redirections of groups, loops and conditionals.
    pub(crate) redirects: Vec<Redirect<'a>>,
    /// Pipelines of more than one stage; a stage is a range of `commands`.
    pub(crate) pipelines: Vec<Vec<std::ops::Range<usize>>>,
    /// Names of functions that it defines.
    pub(crate) functions: Vec<String>,
    pub(crate) events: Vec<Event>,
    /// Arithmetic is evaluated somewhere, which evaluates the text of variables again.
    pub(crate) arithmetic: bool,
    /// A variable is given text that would run a command if it were evaluated again.
    pub(crate) evaluable: bool,
    /// Text outside quotes that is there to fool a reader: invisible or bidi characters, a bare CR.
    pub(crate) deceptive: bool,
}

/// Why a text is not a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParseErrorKind {
    /// bash would refuse it as well, or read only a part of it.
    Syntax,
    /// bash may accept it; this reader does not follow.
    Unsupported,
    /// Not text that a command line may hold.
    Malformed,
    /// Too long, too deep, too many.
    Limit,
}

/// A place where reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ParseError {
    pub(crate) kind: ParseErrorKind,
    pub(crate) message: &'static str,
    pub(crate) at: usize,
}

#[cfg(test)]
mod tests;
