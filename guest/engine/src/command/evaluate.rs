//! The decision about a command line: SH1 to SH15, in the order of D2.
//!
//! 1. Limits and the raw text against every deny.
//! 2. The grammar. What cannot be read is not allowed.
//! 3. Each command: what it sets, what it redirects, what it really runs, its denies, what else
//!    raises it, and only then whether an allow pattern covers it.
//! 4. Pipelines against patterns with `|`.
//!
//! Everything found is a reason; the worst one decides.

use std::borrow::Cow;

use super::builtins::STATE_BUILTINS;
use super::canonical::canonical;
use super::cwd::{Places, Tracker, destination};
use super::pattern::{CommandPattern, collapse};
use super::wrappers::{Peeled, peel};
use crate::data::risk;
use crate::decision::{Layer, Outcome, Part, Reason, Rule};
use crate::limits::{COMMAND_DEPTH_MAX, COMMANDS_MAX, STEPS_MAX, WORD_STEPS};
use crate::policy::{BashRules, PointRules};
use crate::shell::{self, Command, Event, ParseErrorKind, Script, Word, hole};
use crate::wire::excerpt;

/// A part that stands nowhere in the command line.
const NOWHERE: Part = Part { text: String::new(), start: 0, end: 0 };

/// What a command line may ask of the rest of the policy.
pub(crate) trait Files {
    /// Decides a redirection to or from a file. `write` may be both.
    fn redirect(&self, path: &str, read: bool, write: bool) -> Reason;
    /// What the deny lists say of a file, if they speak of it.
    fn denies(&self, path: &str, write: bool) -> Option<Reason>;
    /// Decides a pattern of files that are read.
    fn glob(&self, pattern: &str) -> Reason;
}

/// What a command line is decided by.
pub(crate) struct Rulebook<'p> {
    pub(crate) bash: &'p BashRules,
    pub(crate) points: &'p PointRules,
    pub(crate) files: &'p dyn Files,
}

/// Decides a command line that starts in the directory `start`, relative to where the call is.
/// Adds its reasons, and says how many risk points it is worth.
pub(crate) fn evaluate(text: &str, start: &str, rules: &Rulebook<'_>, reasons: &mut Vec<Reason>) -> u64 {
    let Rulebook { bash, points, files } = *rules;
    let mut evaluation = Evaluation {
        bash,
        points,
        files,
        reasons,
        steps: 0,
        commands: 0,
        risk: 0,
        arithmetic: false,
        evaluable: false,
    };
    evaluation.line(text, start);
    evaluation.risk.max(if evaluation.commands == 0 { points.command } else { 0 })
}

pub(super) struct Evaluation<'p, 'r> {
    pub(super) bash: &'p BashRules,
    points: &'p PointRules,
    pub(super) files: &'p dyn Files,
    pub(super) reasons: &'r mut Vec<Reason>,
    pub(super) steps: u64,
    commands: usize,
    risk: u64,
    /// Some arithmetic is evaluated, which evaluates the text of variables again.
    pub(super) arithmetic: bool,
    /// Some variable may hold text that runs a command when it is evaluated again.
    pub(super) evaluable: bool,
}

/// A command on its way through the layers of wrappers.
pub(super) struct Level<'c, 'a> {
    pub(super) words: &'c [Word<'a>],
    /// Their canonical text.
    pub(super) text: &'c str,
    /// The command as it was written, for its redirections and assignments; only the outermost
    /// level has it.
    pub(super) written: Option<&'c Command<'a>>,
    pub(super) reads_input: bool,
    pub(super) part: &'c Part,
    pub(super) depth: usize,
}

impl Evaluation<'_, '_> {
    // === reasons ===

    pub(super) fn push(
        &mut self,
        outcome: Outcome,
        code: &'static str,
        message: String,
        rule: Option<&Rule>,
        part: Option<&Part>,
    ) {
        self.reasons.push(Reason {
            outcome,
            layer: Layer::Deterministic,
            code: code.into(),
            message,
            rule: rule.cloned(),
            part: part.cloned(),
        });
    }

    pub(super) fn escalate(&mut self, code: &'static str, message: String, part: &Part) {
        self.push(Outcome::Escalate, code, message, None, Some(part));
    }

    pub(super) fn deny(&mut self, code: &'static str, message: String, part: &Part) {
        self.push(Outcome::Deny, code, message, None, Some(part));
    }

    pub(super) fn deny_rule(&mut self, rule: usize, part: Option<&Part>) {
        let written = self.bash.deny.written(rule);
        let pattern = written.map_or("", |rule| rule.pattern.as_str());
        let message = format!("Bash command matches deny pattern \"{}\".", excerpt(pattern));
        self.push(Outcome::Deny, "bash-deny", message, written, part);
    }

    pub(super) fn denies_exist(&self) -> bool {
        !self.bash.deny.set.is_empty()
    }

    /// Whether there is time left to compare more text.
    pub(super) fn in_budget(&mut self, part: Option<&Part>) -> bool {
        if self.steps <= STEPS_MAX {
            return true;
        }
        if self.reasons.iter().all(|reason| reason.code != "step-limit") {
            let message = "Bash command is too complex to decide within the limits.".to_owned();
            self.push(Outcome::Deny, "step-limit", message, None, part);
        }
        false
    }

    // === the whole line ===

    fn line(&mut self, text: &str, start: &str) {
        let raw = collapse(text);
        if let Some(rule) = self.bash.deny.set.find_raw(&raw, &mut self.steps) {
            self.deny_rule(rule, None);
        }
        let script = match shell::parse(text, 0) {
            Ok(script) => script,
            Err(error) => {
                let (outcome, code, what) = match error.kind {
                    ParseErrorKind::Syntax => (Outcome::Deny, "bash-syntax", "is not valid bash"),
                    ParseErrorKind::Unsupported => {
                        (Outcome::Escalate, "bash-unsupported", "uses syntax that is not followed")
                    }
                    ParseErrorKind::Malformed => (Outcome::Deny, "bash-malformed", "cannot be read"),
                    ParseErrorKind::Limit => (Outcome::Deny, "bash-limit", "is over a limit"),
                };
                let at = u32::try_from(error.at.min(text.len())).unwrap_or(u32::MAX);
                let message = format!("Bash command {what}: {}.", error.message);
                self.push(
                    outcome,
                    code,
                    message,
                    None,
                    Some(&Part { text: String::new(), start: at, end: at }),
                );
                return;
            }
        };
        let before = self.reasons.len();
        self.script(&script, &Places::start(start), 0, None);
        if self.arithmetic && self.evaluable {
            let message = "Bash command evaluates text again that may run commands.".to_owned();
            self.escalate("bash-evaluated-twice", message, &NOWHERE);
        }
        if self.reasons.len() == before {
            self.push(Outcome::Deny, "bash-empty", "Bash command runs nothing.".to_owned(), None, None);
        }
    }

    /// A script, at the top or inside a command. `inside` is the command that runs it.
    fn script(&mut self, script: &Script<'_>, places: &Places, depth: usize, inside: Option<&Part>) {
        if script.deceptive {
            let part = inside.cloned().unwrap_or(NOWHERE);
            self.escalate(
                "bash-deceptive-text",
                "Bash command contains invisible or direction-changing characters outside quotes.".to_owned(),
                &part,
            );
        }
        for name in &script.functions {
            self.function(name, inside);
        }
        let covered = self.pipelines(script, inside, depth);
        let mut tracker = Tracker::new(places.clone());
        self.arithmetic |= script.arithmetic;
        self.evaluable |= script.evaluable;
        for (at, event) in script.events.iter().enumerate() {
            tracker.event(*event);
            if *event == Event::EnterLoop && moves(script, at) {
                tracker.lose();
            }
            if let Event::Redirect(index) = event
                && let Some(redirect) = script.redirects.get(*index)
            {
                let part = inside.cloned().unwrap_or(NOWHERE);
                self.redirects(std::slice::from_ref(redirect), tracker.places(), &part);
            }
            let Event::Command(index) = event else { continue };
            let Some(command) = script.commands.get(*index) else { continue };
            self.commands += 1;
            if self.commands > COMMANDS_MAX {
                let message = "Bash command line has more than 1000 commands.".to_owned();
                self.push(Outcome::Deny, "bash-limit", message, None, inside);
                return;
            }
            let text = canonical(&command.words);
            let part = part_of(command, &text, inside);
            let rule = covered.get(*index).copied().flatten();
            self.command(command, &text, &part, tracker.places(), depth, rule);
            if !self.in_budget(Some(&part)) {
                return;
            }
            tracker.ran(command);
        }
    }

    // === one command ===

    fn command(
        &mut self,
        command: &Command<'_>,
        text: &str,
        part: &Part,
        places: &Places,
        depth: usize,
        covered: Option<usize>,
    ) {
        for own in &command.assignments {
            // Alone, an assignment sets a variable of the line; in front of a command, of its
            // environment.
            self.assignment(&own.name, !own.by_loop && !command.words.is_empty(), part);
        }
        self.redirects(&command.redirects, places, part);
        if command.words.is_empty() {
            return;
        }
        let level = Level {
            words: &command.words,
            text,
            written: Some(command),
            reads_input: command.reads_input(),
            part,
            depth,
        };
        self.level(&level, places, covered);
    }

    /// One layer of a command. `covered` is the allow pattern that covers it as a pipeline stage.
    fn level(&mut self, level: &Level<'_, '_>, places: &Places, covered: Option<usize>) {
        let Level { words, part, depth, .. } = *level;
        let Some(first) = words.first() else { return };
        // Each layer copies its words.
        self.steps = self.steps.saturating_add(words.len() as u64 * WORD_STEPS);
        if !self.in_budget(Some(part)) {
            return;
        }
        if depth > COMMAND_DEPTH_MAX {
            self.deny("bash-limit", "Bash command is nested deeper than 64 levels.".to_owned(), part);
            return;
        }
        let program = first.literal().map(basename);
        let before = self.reasons.len();
        if self.denies_exist() {
            self.denied(level, program);
        }
        let Some(program) = program else {
            if self.denies_exist() {
                self.escalate(
                    "bash-dynamic-program",
                    "Bash command runs a program whose name is only known at run time.".to_owned(),
                    part,
                );
                return;
            }
            return self.allowed(level, covered, &|_| true);
        };
        self.risk = self.risk.max(self.points_of(program));
        if self.reasons.iter().skip(before).any(|reason| reason.outcome == Outcome::Deny) {
            // What is inside cannot make it better.
            return;
        }
        self.operands(level, program, places);
        let raised = self.raise(level, program);
        let peeled = peel(program, words, level.reads_input);
        let mut opaque = false;
        let mut transparent = false;
        match peeled {
            Peeled::Plain => {}
            Peeled::Commands { inner, transparent: is_transparent, assignments, moves } => {
                let elsewhere = moves.then(Places::anywhere);
                let places = elsewhere.as_ref().unwrap_or(places);
                for name in &assignments {
                    self.assignment(name, true, part);
                }
                transparent = is_transparent && !inner.is_empty();
                for words in &inner {
                    let text = canonical(words);
                    let inner = Level { words, text: &text, written: None, depth: depth + 1, ..*level };
                    self.level(&inner, places, None);
                }
            }
            Peeled::Script(script) => self.inner_script(&script, level, places),
            Peeled::Opaque(what) => {
                opaque = true;
                if self.denies_exist() {
                    self.escalate(
                        "bash-opaque-code",
                        format!("Bash command {what}, so deny patterns cannot be checked."),
                        part,
                    );
                    return;
                }
            }
            Peeled::Unknown(what) => {
                self.tails(level);
                self.escalate("bash-unknown-grammar", format!("Bash command uses {what}."), part);
                return;
            }
        }
        if transparent && first.literal() == Some(program) {
            return;
        }
        let code_rule = self.inline_code(level, program);
        let concerns = raised;
        let names_builtin = STATE_BUILTINS.contains(&program);
        let accept = |pattern: &CommandPattern| {
            concerns.iter().all(|concern| !concern.name.is_empty() && pattern.names(&concern.name))
                && (!names_builtin || pattern.names_program(program))
                && (!opaque || pattern.is_exact())
                && code_rule.as_ref().is_none_or(|code| code.accepts(pattern))
        };
        self.allowed(level, covered, &accept);
    }

    fn inner_script(&mut self, script: &str, level: &Level<'_, '_>, places: &Places) {
        let depth = level.depth + 1;
        match shell::parse(script, depth) {
            Ok(mut parsed) => {
                // What a shell runs inherits its input.
                for command in &mut parsed.commands {
                    command.piped |= level.reads_input;
                }
                self.script(&parsed, places, depth, Some(level.part));
                if parsed.commands.is_empty() && parsed.redirects.is_empty() {
                    self.deny(
                        "bash-empty",
                        "Bash command hands an empty script to a shell.".to_owned(),
                        level.part,
                    );
                }
            }
            Err(error) => {
                let outcome =
                    if error.kind == ParseErrorKind::Unsupported { Outcome::Escalate } else { Outcome::Deny };
                let message =
                    format!("Bash command hands a script to a shell that cannot be read: {}.", error.message);
                self.push(outcome, "bash-inner-syntax", message, None, Some(level.part));
            }
        }
    }

    fn points_of(&self, program: &str) -> u64 {
        let known = || risk::COMMANDS.binary_search_by(|(name, _)| (*name).cmp(program)).ok();
        self.points
            .commands
            .get(program)
            .copied()
            .or_else(|| known().and_then(|at| risk::COMMANDS.get(at)).map(|(_, points)| *points))
            .unwrap_or(self.points.command)
    }
}

/// Whether the loop that begins at this event changes the directory.
fn moves(script: &Script<'_>, at: usize) -> bool {
    let mut depth = 0_usize;
    for event in script.events.iter().skip(at) {
        match event {
            Event::EnterLoop | Event::EnterMaybe | Event::EnterIsolated => depth += 1,
            Event::LeaveMaybe | Event::LeaveIsolated => depth = depth.saturating_sub(1),
            Event::Command(index)
                if script.commands.get(*index).is_some_and(|own| destination(own).is_some()) =>
            {
                return true;
            }
            Event::Command(_) | Event::Redirect(_) | Event::And | Event::Next => {}
        }
        if depth == 0 {
            return false;
        }
    }
    false
}

/// Where a command stands, for people.
pub(super) fn part_of(command: &Command<'_>, text: &str, inside: Option<&Part>) -> Part {
    let text = excerpt(&readable(text)).into_owned();
    let bound = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    match inside {
        Some(outer) => Part { text, start: outer.start, end: outer.end },
        None => Part { text, start: bound(command.span.start), end: bound(command.span.end) },
    }
}

/// Holes as people know them.
pub(super) fn readable(text: &str) -> Cow<'_, str> {
    if !text.contains(hole::is_hole) {
        return Cow::Borrowed(text);
    }
    let shown = text
        .chars()
        .map(|c| match c {
            hole::GLOB => '*',
            hole::ONE => '?',
            hole::TEXT | hole::WORDS => '…',
            other => other,
        })
        .collect();
    Cow::Owned(shown)
}

/// The last segment of a program's path, `..` and `.` resolved.
pub(super) fn basename(program: &str) -> &str {
    program.rsplit('/').find(|segment| !matches!(*segment, "" | "." | "..")).unwrap_or(program)
}
