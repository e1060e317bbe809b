//! The tree of a command line: every command that would run, below whatever runs it (SH3, SH9, SH10).
//!
//! 1. A script becomes a tree of its commands, pipelines and substitutions: `script`.
//! 2. Each command is peeled, as the decision peels it. What is inside becomes its children: words
//!    that are a command, or a script that is read in turn.
//!
//! What is still to do stands in a queue, so nothing recurses, and its whole is bounded.

mod script;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use super::canonical::canonical;
use super::code::{inline_code, interpreter};
use super::evaluate::{basename, readable};
use super::wrappers::{Peeled, peel};
use crate::diagnostic::Span;
use crate::limits::{COMMAND_DEPTH_MAX, OUTLINE_BYTES_MAX, OUTLINE_NODES_MAX};
use crate::shell::{self, Word};
use crate::wire::visible;

/// How a node belongs to the one above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It is a command of the script.
    Command,
    /// It is a pipeline of the script; its stages are below it.
    Pipeline,
    /// The command above runs it: a command, or a script whose commands are below it.
    Runs,
    /// It runs to make the words of the command above, or the body of a here-document.
    Substitution,
}

impl Relation {
    /// The word used on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Pipeline => "pipeline",
            Self::Runs => "runs",
            Self::Substitution => "substitution",
        }
    }
}

/// One command that would run, or several together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandNode {
    /// How it belongs to the node above.
    pub relation: Relation,
    /// How many nodes are above it.
    pub depth: usize,
    /// As it was understood, with everything unprintable escaped.
    pub text: String,
    /// First byte of it in the command line.
    pub start: usize,
    /// One past its last byte; equal to `start` where it does not stand there literally.
    pub end: usize,
    /// The program, where it is known.
    pub program: Option<String>,
    /// What there is to know of it that its text does not say.
    pub note: Option<String>,
}

/// What a command line would run; `None` where it cannot be read.
pub(crate) fn outline(line: &str) -> Option<Vec<CommandNode>> {
    let parsed = shell::parse(line, 0).ok()?;
    let mut outliner = Outliner { line, nodes: Vec::new(), bytes: 0, work: VecDeque::new() };
    outliner.script(&parsed, &Script { reads_input: false, depth: 0, base: Some(0), above: None });
    while let Some(next) = outliner.work.pop_front() {
        match next {
            Work::Peel(command) => outliner.peel(&command),
            Work::Read(inner) => outliner.read(&inner),
        }
    }
    Some(outliner.in_order())
}

struct Outliner<'l> {
    line: &'l str,
    nodes: Vec<Node>,
    /// Text in the nodes so far.
    bytes: usize,
    work: VecDeque<Work>,
}

/// A node with the nodes below it.
struct Node {
    own: CommandNode,
    below: Vec<usize>,
}

enum Work {
    Peel(Inside),
    Read(Inner),
}

/// A command whose layers are not looked at yet.
struct Inside {
    node: usize,
    words: Vec<Word<'static>>,
    reads_input: bool,
    depth: usize,
    /// Where the text that it stands in begins in the command line, if it does so literally.
    base: Option<usize>,
}

/// A script that is not read yet.
struct Inner {
    node: usize,
    text: String,
    reads_input: bool,
    depth: usize,
    base: Option<usize>,
}

/// Where a script stands, and what is known of it.
struct Script {
    reads_input: bool,
    depth: usize,
    base: Option<usize>,
    /// The node that runs it.
    above: Option<usize>,
}

impl Outliner<'_> {
    /// Adds a node. What is too much is left out, and the node above says so.
    fn add(&mut self, above: Option<usize>, own: CommandNode) -> Option<usize> {
        self.bytes = self.bytes.saturating_add(own.text.len());
        if self.nodes.len() >= OUTLINE_NODES_MAX || self.bytes > OUTLINE_BYTES_MAX {
            if let Some(above) = above.and_then(|above| self.nodes.get_mut(above)) {
                above.own.note = Some("there is more in it than is shown".to_owned());
            }
            return None;
        }
        let number = self.nodes.len();
        self.nodes.push(Node { own, below: Vec::new() });
        if let Some(above) = above.and_then(|above| self.nodes.get_mut(above)) {
            above.below.push(number);
        }
        Some(number)
    }

    fn note(&mut self, node: usize, note: impl Into<String>) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.own.note = Some(note.into());
        }
    }

    /// Where a span of a text stands in the command line.
    fn place(&self, base: Option<usize>, span: Span, above: Option<usize>) -> Span {
        let literal = base.filter(|_| span.end > span.start);
        let found = literal.map(|base| Span { start: base + span.start, end: base + span.end });
        found.filter(|span| self.line.get(span.start..span.end).is_some()).unwrap_or_else(|| {
            let start = above.and_then(|above| self.nodes.get(above)).map_or(0, |node| node.own.start);
            Span { start, end: start }
        })
    }

    /// One layer of a command.
    fn peel(&mut self, command: &Inside) {
        let Inside { node, ref words, reads_input, depth, base } = *command;
        let Some(first) = words.first() else { return };
        let Some(program) = first.literal().map(basename) else {
            return self.note(node, "its program is only known at run time");
        };
        if let Some(node) = self.nodes.get_mut(node) {
            node.own.program = Some(visible(program));
        }
        if depth > COMMAND_DEPTH_MAX {
            return self.note(node, "is nested too deeply to be followed");
        }
        match peel(program, words, reads_input) {
            Peeled::Plain => {
                let code = interpreter(program).and_then(|own| inline_code(own, words));
                if code.is_some() {
                    self.note(node, "runs code of another language that is given to it");
                }
            }
            Peeled::Commands { inner, .. } => {
                for words in inner {
                    let span = self.place(base, spread(&words), Some(node));
                    let text = visible(&readable(&canonical(&words)));
                    let own = bare(Relation::Runs, text, span);
                    let Some(node) = self.add(Some(node), own) else { return };
                    self.work.push_back(Work::Peel(Inside {
                        node,
                        words: words.into_iter().map(Word::into_owned).collect(),
                        reads_input,
                        depth: depth + 1,
                        base,
                    }));
                }
            }
            Peeled::Script(text) => {
                let found = base.and_then(|base| self.find(base, words, &text));
                let span = self.place(found, Span { start: 0, end: text.len() }, Some(node));
                let own = bare(Relation::Runs, visible(&text), span);
                let Some(node) = self.add(Some(node), own) else { return };
                let inner = Inner { node, text, reads_input, depth: depth + 1, base: found };
                self.work.push_back(Work::Read(inner));
            }
            Peeled::Opaque(what) => self.note(node, what),
            Peeled::Unknown(what) => self.note(node, format!("uses {what}")),
        }
    }

    /// Where a script begins in the command line, if one of these words is nothing but it.
    fn find(&self, base: usize, words: &[Word<'_>], script: &str) -> Option<usize> {
        let own = words.iter().find(|word| word.text == script && word.span.end > word.span.start)?;
        let written = self.line.get(base + own.span.start..base + own.span.end)?;
        if written == script {
            return Some(base + own.span.start);
        }
        let quoted = |quote| written.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        [quoted('\''), quoted('"')].contains(&Some(script)).then_some(base + own.span.start + 1)
    }

    fn read(&mut self, inner: &Inner) {
        let Inner { node, ref text, reads_input, depth, base } = *inner;
        match shell::parse(text, depth) {
            Ok(parsed) => {
                self.script(&parsed, &Script { reads_input, depth, base, above: Some(node) });
            }
            Err(error) => self.note(node, format!("cannot be read: {}", error.message)),
        }
    }

    /// Every node behind its parent.
    fn in_order(mut self) -> Vec<CommandNode> {
        let mut is_root = vec![true; self.nodes.len()];
        for below in self.nodes.iter().flat_map(|node| &node.below) {
            if let Some(own) = is_root.get_mut(*below) {
                *own = false;
            }
        }
        let roots = is_root.iter().enumerate().filter(|(_, is_root)| **is_root);
        let mut open: Vec<(usize, usize)> = roots.map(|(number, _)| (number, 0)).rev().collect();
        let mut ordered = Vec::with_capacity(self.nodes.len());
        while let Some((number, depth)) = open.pop() {
            let Some(node) = self.nodes.get_mut(number) else { continue };
            open.extend(node.below.iter().rev().map(|below| (*below, depth + 1)));
            let empty = bare(Relation::Command, String::new(), Span::default());
            ordered.push(CommandNode { depth, ..std::mem::replace(&mut node.own, empty) });
        }
        ordered
    }
}

/// A node of which no more is known yet.
fn bare(relation: Relation, text: String, span: Span) -> CommandNode {
    CommandNode { relation, depth: 0, text, start: span.start, end: span.end, program: None, note: None }
}

/// From the first to the last of the words that stand somewhere.
fn spread(words: &[Word<'_>]) -> Span {
    let mut spans = words.iter().map(|word| word.span).filter(|span| span.end > span.start);
    let Some(first) = spans.next() else { return Span::default() };
    spans.fold(first, |all, own| Span { start: all.start.min(own.start), end: all.end.max(own.end) })
}
