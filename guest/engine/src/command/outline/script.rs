//! One script as nodes: which commands are stages of a pipeline, and which run inside of another's
//! words. The reader keeps all commands in one list; each pipeline and each command with something
//! inside is a stretch of that list, and no two stretches cross.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::ops::Range;

use super::{Inside, Outliner, Relation, Script, Work, bare};
use crate::command::canonical::{canonical, push_word};
use crate::command::evaluate::readable;
use crate::diagnostic::Span;
use crate::shell::{self, Command, Direction};
use crate::wire::visible;

/// A stretch of the list of commands.
struct Stretch {
    range: Range<usize>,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    /// The number of a pipeline.
    Pipeline(usize),
    /// The number of a command, which is the last of its stretch.
    Command(usize),
}

/// A stretch that was begun: its end, its node, and how what is directly inside belongs to it.
struct Open {
    end: usize,
    node: Option<usize>,
    relation: Relation,
}

impl Outliner<'_> {
    /// Adds the nodes of a script that was read.
    pub(super) fn script(&mut self, parsed: &shell::Script<'_>, script: &Script) {
        let mut open: Vec<Open> = Vec::new();
        for Stretch { range, what } in stretches(parsed) {
            while open.last().is_some_and(|own| own.end <= range.start) {
                open.pop();
            }
            let (above, relation) =
                open.last().map_or((script.above, Relation::Command), |own| (own.node, own.relation));
            let (node, inside) = match what {
                What::Pipeline(_) => {
                    let commands = parsed.commands.get(range.clone()).unwrap_or_default();
                    (self.pipeline(commands, script, above, relation), Relation::Command)
                }
                What::Command(number) => {
                    let Some(command) = parsed.commands.get(number) else { continue };
                    (self.command(command, script, above, relation), Relation::Substitution)
                }
            };
            // What was left out hides what is inside: its own parent says so.
            let node = node.or(above);
            open.push(Open { end: range.end, node, relation: inside });
        }
    }

    fn pipeline(
        &mut self,
        commands: &[Command<'_>],
        script: &Script,
        above: Option<usize>,
        relation: Relation,
    ) -> Option<usize> {
        let relation = if relation == Relation::Command { Relation::Pipeline } else { relation };
        let spans = commands.iter().map(|command| command.span);
        let is_literal = spans.clone().all(|span| span.end > 0);
        let start = spans.clone().map(|span| span.start).min().unwrap_or_default();
        let end = spans.map(|span| span.end).max().unwrap_or_default();
        let span = if is_literal { Span { start, end } } else { Span::default() };
        let place = self.place(script.base, span, above);
        let text = match self.line.get(place.start..place.end) {
            Some(text) if place.end > place.start => visible(text),
            Some(_) | None => {
                let stages: Vec<_> = commands.iter().map(|command| shown(command)).collect();
                stages.join(" | ")
            }
        };
        self.add(above, bare(relation, text, place))
    }

    fn command(
        &mut self,
        command: &Command<'_>,
        script: &Script,
        above: Option<usize>,
        relation: Relation,
    ) -> Option<usize> {
        // Adopted texts have places of their own, which are none of this one's.
        let base = script.base.filter(|_| command.span.end > command.span.start);
        let place = self.place(base, command.span, above);
        let relation = if command.in_body { Relation::Substitution } else { relation };
        let mut own = bare(relation, shown(command), place);
        if command.in_body {
            own.note = Some("stands in a here-document".to_owned());
        } else if command.words.is_empty() && !command.assignments.is_empty() {
            own.note = Some("sets variables".to_owned());
        }
        let node = self.add(above, own)?;
        if !command.words.is_empty() {
            self.work.push_back(Work::Peel(Inside {
                node,
                words: command.words.iter().map(|word| word.clone().into_owned()).collect(),
                // What a shell runs inherits its input.
                reads_input: command.reads_input() || script.reads_input,
                depth: script.depth,
                base,
            }));
        }
        Some(node)
    }
}

/// Everything that has a node, outer ones first, in the order of the text.
fn stretches(parsed: &shell::Script<'_>) -> Vec<Stretch> {
    let pipelines = parsed.pipelines.iter().enumerate().filter_map(|(number, stages)| {
        let range = stages.first()?.start..stages.last()?.end;
        Some(Stretch { range, what: What::Pipeline(number) })
    });
    // What a loop sets is no command.
    let is_command =
        |own: &Command<'_>| !own.words.is_empty() || own.assignments.iter().any(|own| !own.by_loop);
    let is_shown = |own: &Command<'_>| is_command(own) || !own.redirects.is_empty();
    let commands =
        parsed.commands.iter().enumerate().filter(|(_, own)| is_shown(own)).map(|(number, own)| Stretch {
            range: own.inner.min(number)..number + 1,
            what: What::Command(number),
        });
    let mut all: Vec<_> = pipelines.chain(commands).collect();
    // Of equal stretches a pipeline is outside, and the pipeline that was read last.
    all.sort_by_key(|own| {
        let order = match own.what {
            What::Pipeline(number) => (0, Reverse(number)),
            What::Command(number) => (1, Reverse(number)),
        };
        (own.range.start, Reverse(own.range.end), order)
    });
    all
}

/// A command as it was understood: what it sets, its words, its redirections.
fn shown(command: &Command<'_>) -> String {
    let mut text = String::new();
    for own in &command.assignments {
        text.push_str(&own.name);
        text.push_str("=… ");
    }
    text.push_str(&canonical(&command.words));
    for own in &command.redirects {
        text.push(' ');
        text.push_str(own.operator);
        match own.direction {
            Direction::Heredoc => {}
            Direction::Read
            | Direction::Write
            | Direction::ReadWrite
            | Direction::HereString
            | Direction::Duplicate => {
                let blank = if own.direction == Direction::Duplicate { "" } else { " " };
                text.push_str(blank);
                push_word(&mut text, &own.target.text);
            }
        }
    }
    let text: Cow<'_, str> = readable(text.trim());
    visible(&text)
}
