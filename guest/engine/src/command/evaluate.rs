//! The decision about a command line: SH1 to SH15, in the order of D2.
//!
//! 1. Limits and the raw text against every deny.
//! 2. The grammar. What cannot be read is not allowed.
//! 3. Each command: what it sets, what it redirects, what it really runs, its denies, what else
//!    raises it, and only then whether an allow pattern covers it.
//! 4. Pipelines against patterns with `|`.
//!
//! Everything found is a reason; the worst one decides.

use super::canonical::{canonical, possible, vanished};
use super::code::{Concern, concerns, inline_code, interpreter};
use super::cwd::{Places, Tracker};
use super::environment::{Standing, names_set};
use super::pattern::{CommandPattern, collapse};
use super::wrappers::{Peeled, peel};
use crate::data::global_options::GLOBAL_OPTIONS;
use crate::data::risk;
use crate::decision::{Layer, Outcome, Part, Reason, Rule};
use crate::limits::{COMMAND_DEPTH_MAX, COMMANDS_MAX, STAGES_MAX, STEPS_MAX};
use crate::policy::{BashRules, PointRules, Rules};
use crate::shell::{self, Command, Direction, Event, ParseErrorKind, Redirect, Script, Word, hole};
use crate::wire::excerpt;

use super::set::CommandSet;

/// What a command line may ask of the rest of the policy.
pub(crate) trait Files {
    /// Decides a redirection to or from a file. `write` may be both.
    fn redirect(&self, path: &str, read: bool, write: bool) -> Reason;
}

/// Builtins that change what later commands mean (SH13): a pattern has to name them.
const STATE_BUILTINS: &[&str] = &[
    ".", "alias", "bind", "complete", "enable", "eval", "exec", "hash", "set", "shopt", "source", "trap", "umask",
    "unalias",
];

/// Builtins that evaluate an argument as arithmetic, and with it command substitutions inside.
const EVALUATING_BUILTINS: &[&str] = &[
    "[", "declare", "export", "getopts", "let", "local", "mapfile", "printf", "read", "readarray", "readonly", "test",
    "typeset", "unset", "wait",
];

/// Decides a command line. Adds its reasons, and says how many risk points it is worth.
pub(crate) fn evaluate(text: &str, bash: &BashRules, points: &PointRules, files: &dyn Files, reasons: &mut Vec<Reason>) -> u64 {
    let mut evaluation = Evaluation { bash, points, files, reasons, steps: 0, commands: 0, risk: 0 };
    evaluation.line(text);
    evaluation.risk.max(if evaluation.commands == 0 { points.command } else { 0 })
}

struct Evaluation<'p, 'r> {
    bash: &'p BashRules,
    points: &'p PointRules,
    files: &'p dyn Files,
    reasons: &'r mut Vec<Reason>,
    steps: u64,
    commands: usize,
    risk: u64,
}

/// A command on its way through the layers of wrappers.
struct Level<'c, 'a> {
    words: &'c [Word<'a>],
    /// The command as it was written, for its redirections and assignments; only the outermost
    /// level has it.
    written: Option<&'c Command<'a>>,
    reads_input: bool,
    part: &'c Part,
    depth: usize,
}

impl Evaluation<'_, '_> {
    // === reasons ===

    fn push(&mut self, outcome: Outcome, code: &'static str, message: String, rule: Option<&Rule>, part: Option<&Part>) {
        self.reasons.push(Reason {
            outcome,
            layer: Layer::Deterministic,
            code: code.into(),
            message,
            rule: rule.cloned(),
            part: part.cloned(),
        });
    }

    fn escalate(&mut self, code: &'static str, message: String, part: &Part) {
        self.push(Outcome::Escalate, code, message, None, Some(part));
    }

    fn deny(&mut self, code: &'static str, message: String, part: &Part) {
        self.push(Outcome::Deny, code, message, None, Some(part));
    }

    fn deny_rule(&mut self, rule: usize, part: Option<&Part>) {
        let written = self.bash.deny.written(rule);
        let pattern = written.map_or("", |rule| rule.pattern.as_str());
        let message = format!("Bash command matches deny pattern \"{}\".", excerpt(pattern));
        self.push(Outcome::Deny, "bash-deny", message, written, part);
    }

    fn denies_exist(&self) -> bool {
        !self.bash.deny.set.is_empty()
    }

    /// Whether there is time left to compare more text.
    fn in_budget(&mut self, part: Option<&Part>) -> bool {
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

    fn line(&mut self, text: &str) {
        let raw = collapse(text);
        if let Some(rule) = self.bash.deny.set.find_raw(&raw, &mut self.steps) {
            self.deny_rule(rule, None);
        }
        let script = match shell::parse(text, 0) {
            Ok(script) => script,
            Err(error) => {
                let (outcome, code, what) = match error.kind {
                    ParseErrorKind::Syntax => (Outcome::Deny, "bash-syntax", "is not valid bash"),
                    ParseErrorKind::Unsupported => (Outcome::Escalate, "bash-unsupported", "uses syntax that is not followed"),
                    ParseErrorKind::Limit => (Outcome::Deny, "bash-limit", "is over a limit"),
                };
                let at = u32::try_from(error.at.min(text.len())).unwrap_or(u32::MAX);
                let message = format!("Bash command {what}: {}.", error.message);
                self.push(outcome, code, message, None, Some(&Part { text: String::new(), start: at, end: at }));
                return;
            }
        };
        let before = self.reasons.len();
        self.script(&script, Places::start(), 0, None);
        if self.reasons.len() == before {
            self.push(Outcome::Deny, "bash-empty", "Bash command runs nothing.".to_owned(), None, None);
        }
    }

    /// A script, at the top or inside a command. `inside` is the command that runs it.
    fn script(&mut self, script: &Script<'_>, places: Places, depth: usize, inside: Option<&Part>) {
        if script.deceptive {
            let part = inside.cloned().unwrap_or(Part { text: String::new(), start: 0, end: 0 });
            self.escalate("bash-deceptive-text", "Bash command contains invisible or direction-changing characters outside quotes.".to_owned(), &part);
        }
        for name in &script.functions {
            self.function(name, inside);
        }
        let covered = self.pipelines(script, inside, depth);
        let mut tracker = Tracker::new(places.clone());
        for event in &script.events {
            tracker.event(*event);
            let Event::Command(index) = event else { continue };
            let Some(command) = script.commands.get(*index) else { continue };
            self.commands += 1;
            if self.commands > COMMANDS_MAX {
                let message = "Bash command line has more than 1000 commands.".to_owned();
                self.push(Outcome::Deny, "bash-limit", message, None, inside);
                return;
            }
            let part = part_of(command, inside);
            self.command(command, &part, tracker.places(), depth, covered.get(*index).copied().flatten());
            if !self.in_budget(Some(&part)) {
                return;
            }
            tracker.ran(command);
        }
        if !script.redirects.is_empty() {
            // A group's redirections happen where the group starts; which of the places that is,
            // nobody keeps track of.
            let part = inside.cloned().unwrap_or(Part { text: String::new(), start: 0, end: 0 });
            self.redirects(&script.redirects, &places, &part);
        }
    }

    fn function(&mut self, name: &str, inside: Option<&Part>) {
        let allow = &self.bash.allow.set;
        let shadows = allow.patterns().iter().any(|pattern| {
            pattern.stages().iter().any(|stage| {
                let first = stage.prefix().split(' ').next().unwrap_or_default();
                first == name || stage.may_match(name) && stage.prefix().starts_with(name)
            })
        });
        let part = Part { text: excerpt(name), start: inside.map_or(0, |part| part.start), end: inside.map_or(0, |part| part.end) };
        if shadows {
            self.deny("bash-function-shadows", "Bash command defines a function with the name of an allowed command.".to_owned(), &part);
        } else {
            self.escalate("bash-function", "Bash command defines a function.".to_owned(), &part);
        }
    }

    // === pipelines ===

    /// Tries patterns with `|`. Returns, by command, the allow rule that covers it as a stage.
    fn pipelines(&mut self, script: &Script<'_>, inside: Option<&Part>, depth: usize) -> Vec<Option<usize>> {
        let (allow, deny) = (&self.bash.allow, &self.bash.deny);
        let (mut allows, mut denies) = (allow.set.pipelines().peekable(), deny.set.pipelines().peekable());
        if script.pipelines.is_empty() || allows.peek().is_none() && denies.peek().is_none() {
            return Vec::new();
        }
        let mut covered = vec![None; script.commands.len()];
        for stages in &script.pipelines {
            if stages.len() > STAGES_MAX {
                let message = format!("Bash command has a pipeline of more than {STAGES_MAX} stages.");
                self.push(Outcome::Deny, "bash-limit", message, None, inside);
                continue;
            }
            let views: Vec<Vec<String>> = stages
                .iter()
                .map(|stage| {
                    let commands = script.commands.get(stage.clone()).unwrap_or_default();
                    commands.iter().flat_map(|command| stage_views(&command.words, depth)).collect()
                })
                .collect();
            for (rule, pattern) in deny.set.pipelines() {
                if spans(pattern, &views, &mut self.steps) {
                    let part = stages.first().and_then(|stage| script.commands.get(stage.start)).map(|first| part_of(first, inside));
                    self.deny_rule(rule, part.as_ref());
                }
            }
            for (rule, pattern) in allow.set.pipelines() {
                let globs = pattern.stages();
                let fits = globs.len() == stages.len()
                    && globs.iter().zip(stages).all(|(glob, stage)| {
                        // A stage of several commands is not what the pattern speaks of.
                        match script.commands.get(stage.clone()) {
                            Some([only]) => {
                                let text = canonical(&only.words);
                                self.steps = self.steps.saturating_add(glob.cost(&text));
                                glob.matches(&text)
                            }
                            Some(_) | None => false,
                        }
                    });
                if fits {
                    for stage in stages {
                        if let Some(slot) = covered.get_mut(stage.start) {
                            slot.get_or_insert(rule);
                        }
                    }
                }
            }
        }
        covered
    }

    // === one command ===

    fn command(&mut self, command: &Command<'_>, part: &Part, places: &Places, depth: usize, covered: Option<usize>) {
        let own_names = command.assignments.iter().map(|assignment| assignment.name.as_ref());
        self.assignments(own_names, part);
        self.redirects(&command.redirects, places, part);
        if command.words.is_empty() {
            return;
        }
        let fed = command.redirects.iter().any(|redirect| {
            matches!(redirect.direction, Direction::Heredoc | Direction::HereString | Direction::Read | Direction::Duplicate | Direction::ReadWrite)
                && redirect.operator.starts_with('<')
        });
        let level = Level { words: &command.words, written: Some(command), reads_input: command.piped || fed, part, depth };
        self.level(&level, places, covered, true);
    }

    fn assignments<'n>(&mut self, names: impl Iterator<Item = &'n str>, part: &Part) {
        for name in names {
            match self.bash.env.standing(name) {
                Standing::Safe => {}
                Standing::Dangerous => {
                    let message = format!("Bash command sets {}, which decides what other programs run.", excerpt(name));
                    self.deny("bash-dangerous-variable", message, part);
                }
                Standing::Unknown => {
                    let message = format!("Bash command sets {}, which no list knows; `allowEnv` can allow it.", excerpt(name));
                    self.escalate("bash-unknown-variable", message, part);
                }
            }
        }
    }

    fn redirects(&mut self, redirects: &[Redirect<'_>], places: &Places, part: &Part) {
        for redirect in redirects {
            let (read, write) = match redirect.direction {
                Direction::Heredoc | Direction::HereString | Direction::Duplicate => continue,
                Direction::Read => (true, false),
                Direction::Write => (false, true),
                Direction::ReadWrite => (true, true),
            };
            let target = &redirect.target;
            if target.process {
                // Its commands are decided on their own.
                continue;
            }
            if target.has_holes {
                self.escalate("bash-dynamic-redirect", "Bash command redirects to or from a file that is only known at run time.".to_owned(), part);
                continue;
            }
            let path = target.text.as_ref();
            if matches!(path, "/dev/null" | "/dev/stdout" | "/dev/stderr") {
                continue;
            }
            let network = path.split('/').filter(|segment| !matches!(*segment, "" | ".")).collect::<Vec<_>>();
            if matches!(network.as_slice(), ["dev", "tcp" | "udp", ..]) {
                self.deny("bash-network-redirect", "Bash command opens a network connection by a redirection.".to_owned(), part);
                continue;
            }
            // A quoted tilde is a plain character.
            let path = if path.starts_with('~') && !target.tilde { format!("./{path}") } else { path.to_owned() };
            match places.resolve(&path) {
                Some(paths) => {
                    let worst = paths.iter().map(|path| self.files.redirect(path, read, write)).max_by_key(|reason| reason.outcome);
                    if let Some(mut reason) = worst.filter(|reason| reason.outcome > Outcome::Allow) {
                        reason.part = Some(part.clone());
                        self.reasons.push(reason);
                    } else if let Some(mut reason) = paths.first().map(|path| self.files.redirect(path, read, write)) {
                        reason.part = Some(part.clone());
                        self.reasons.push(reason);
                    }
                }
                None => self.escalate(
                    "bash-unknown-directory",
                    "Bash command redirects to a relative path after changing to a directory that is not known.".to_owned(),
                    part,
                ),
            }
        }
    }

    /// One layer of a command. `needs_pattern` is false inside what a pattern has covered already.
    fn level(&mut self, level: &Level<'_, '_>, places: &Places, covered: Option<usize>, needs_pattern: bool) {
        let Level { words, part, depth, .. } = *level;
        let Some(first) = words.first() else { return };
        if depth > COMMAND_DEPTH_MAX {
            self.deny("bash-limit", "Bash command is nested deeper than 64 levels.".to_owned(), part);
            return;
        }
        let text = canonical(words);
        let program = first.literal().map(basename);
        let before = self.reasons.len();
        if self.denies_exist() {
            self.denied(level, &text, program);
        }
        let Some(program) = program else {
            if self.denies_exist() {
                self.escalate("bash-dynamic-program", "Bash command runs a program whose name is only known at run time.".to_owned(), part);
                return;
            }
            return self.allowed(level, &text, covered, &|_| true, needs_pattern);
        };
        self.risk = self.risk.max(self.points_of(program));
        if self.reasons.len() > before {
            // Denied already; what is inside cannot make it better.
            return;
        }
        let raised = self.raise(level, program);
        let peeled = peel(program, words, level.reads_input);
        let mut opaque = false;
        let mut transparent = false;
        match peeled {
            Peeled::Plain => {}
            Peeled::Commands { inner, transparent: is_transparent, assignments } => {
                self.assignments(assignments.iter().map(String::as_str), part);
                transparent = is_transparent && !inner.is_empty();
                for words in &inner {
                    let inner = Level { words, written: None, depth: depth + 1, ..*level };
                    self.level(&inner, places, None, true);
                }
            }
            Peeled::Script(script) => self.inner_script(&script, level, places),
            Peeled::Opaque(what) => {
                opaque = true;
                if self.denies_exist() {
                    self.escalate("bash-opaque-code", format!("Bash command {what}, so deny patterns cannot be checked."), part);
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
        self.allowed(level, &text, covered, &accept, needs_pattern);
        // What the pattern did not vouch for is said as well, where it matters.
        let _ = before;
    }

    /// Everything that asks for a pattern which names it; what needs a person whatever a pattern
    /// says is added as a reason at once.
    fn raise(&mut self, level: &Level<'_, '_>, program: &str) -> Vec<Concern> {
        let Level { words, part, .. } = *level;
        let arguments: Vec<&str> = words.iter().skip(1).map(|word| word.text.as_ref()).collect();
        let set = names_set(program, &arguments);
        if !set.is_empty() {
            let dynamic = set.iter().any(|name| name.contains(hole::is_hole));
            if dynamic {
                self.escalate("bash-unknown-variable", "Bash command sets a variable whose name is only known at run time.".to_owned(), part);
            }
            self.assignments(set.into_iter().filter(|name| !name.contains(hole::is_hole)), part);
        }
        if EVALUATING_BUILTINS.contains(&program) && words.iter().skip(1).any(|word| word.text.contains("$(") || word.text.contains('`') || word.text.contains("[\u{4}")) {
            self.escalate("bash-evaluated-twice", format!("Bash command passes text to {program} that bash may evaluate again."), part);
        }
        if program == "hash" && arguments.iter().any(|word| word.starts_with("-p")) || program == "enable" && arguments.iter().any(|word| word.starts_with("-f")) {
            self.deny("bash-replaces-command", format!("Bash command uses {program} to replace what a name runs."), part);
        }
        if program == "alias" {
            for name in arguments.iter().filter_map(|word| word.split_once('=')).map(|(name, _)| name) {
                self.function(name, Some(part));
            }
        }
        concerns(program, words)
    }

    fn inner_script(&mut self, script: &str, level: &Level<'_, '_>, places: &Places) {
        let depth = level.depth + 1;
        match shell::parse(script, depth) {
            Ok(parsed) => {
                self.script(&parsed, places.clone(), depth, Some(level.part));
                if parsed.commands.is_empty() && parsed.redirects.is_empty() {
                    self.deny("bash-empty", "Bash command hands an empty script to a shell.".to_owned(), level.part);
                }
            }
            Err(error) => {
                let outcome = if error.kind == ParseErrorKind::Unsupported { Outcome::Escalate } else { Outcome::Deny };
                let message = format!("Bash command hands a script to a shell that cannot be read: {}.", error.message);
                self.push(outcome, "bash-inner-syntax", message, None, Some(level.part));
            }
        }
    }

    // === denies ===

    /// Tries every view of this level (SH7).
    fn denied(&mut self, level: &Level<'_, '_>, text: &str, program: Option<&str>) {
        let Level { words, part, .. } = *level;
        let deny: &Rules<CommandSet> = &self.bash.deny;
        let uncertain = words.iter().any(|word| word.has_holes || word.tilde);
        let mut found: Option<(usize, bool)> = None;
        let mut steps = self.steps;
        let mut note = |rule: Option<usize>, certain: bool| {
            if let Some(rule) = rule {
                // A certain match counts more than a possible one.
                if found.is_none_or(|(_, known)| certain && !known) {
                    found = Some((rule, certain));
                }
            }
        };
        note(deny.set.find(text, &mut steps, |_| true), true);
        if uncertain {
            note(deny.set.find_possible(&possible(words, text), &mut steps), false);
        }
        let renamed = normalized(words, program);
        if let Some(renamed) = &renamed {
            let text = canonical(renamed);
            note(deny.set.find(&text, &mut steps, |_| true), true);
            if uncertain {
                note(deny.set.find_possible(&possible(renamed, &text), &mut steps), false);
            }
        }
        let plain: Vec<&str> = renamed.as_deref().unwrap_or(words).iter().map(|word| word.text.as_ref()).collect();
        note(deny.set.find_spelling(&plain, &mut steps), true);
        if let Some(joined) = long_options_joined(&plain) {
            note(deny.set.find(&joined, &mut steps, |_| true), true);
        }
        if let Some(written) = level.written.filter(|own| !own.redirects.is_empty() || !own.assignments.is_empty()) {
            let mut with = text.to_owned();
            for redirect in &written.redirects {
                with.push(' ');
                with.push_str(redirect.operator);
                with.push(' ');
                if redirect.direction != Direction::Heredoc {
                    super::canonical::push_word(&mut with, &redirect.target.text);
                }
            }
            note(deny.set.find(&with, &mut steps, |_| true), true);
            if let Some(last) = written.assignments.first() {
                let with = format!("{}= {text}", last.name);
                note(deny.set.find(&with, &mut steps, |_| true), true);
            }
        }
        self.steps = steps;
        match found {
            Some((rule, true)) => self.deny_rule(rule, Some(part)),
            Some((rule, false)) => {
                let written = self.bash.deny.written(rule);
                let pattern = written.map_or("", |rule| rule.pattern.as_str());
                let message = format!("Bash command may become one that matches deny pattern \"{}\".", excerpt(pattern));
                self.push(Outcome::Escalate, "bash-possible-deny", message, written, Some(part));
            }
            None => {}
        }
    }

    /// A command whose grammar is not known: every tail of its words may be what runs.
    fn tails(&mut self, level: &Level<'_, '_>) {
        if !self.denies_exist() {
            return;
        }
        for from in 1..level.words.len() {
            let words = level.words.get(from..).unwrap_or_default();
            let program = words.first().and_then(Word::literal).map(basename);
            let before = self.reasons.len();
            let tail = Level { words, written: None, ..*level };
            self.denied(&tail, &canonical(words), program);
            if self.reasons.len() > before || !self.in_budget(Some(level.part)) {
                return;
            }
            // `-c 'script'` and the like.
            if let Some(script) = words.first().and_then(Word::literal).filter(|text| text.contains(' ')) {
                if let Some(rule) = self.bash.deny.set.find_raw(&collapse(script), &mut self.steps) {
                    self.deny_rule(rule, Some(level.part));
                    return;
                }
            }
        }
    }

    // === allows ===

    fn allowed(
        &mut self,
        level: &Level<'_, '_>,
        text: &str,
        covered: Option<usize>,
        accept: &dyn Fn(&CommandPattern) -> bool,
        needs_pattern: bool,
    ) {
        if !needs_pattern {
            return;
        }
        let part = level.part;
        let allow = &self.bash.allow;
        let mut steps = self.steps;
        let as_stage = covered.filter(|rule| allow.set.patterns().get(*rule).is_some_and(accept));
        // A word that vanishes must not turn an allowed command into another one.
        let whole = |steps: &mut u64| {
            vanished(level.words).is_none_or(|text| allow.set.find(&text, steps, |_| true).is_some())
        };
        let found = as_stage.or_else(|| allow.set.find(text, &mut steps, accept).filter(|_| whole(&mut steps)));
        let named = found.or_else(|| allow.set.find(text, &mut steps, |_| true));
        self.steps = steps;
        let program = level.words.first().map_or("", |word| word.text.as_ref());
        match (found, named) {
            (Some(rule), _) => {
                let written = self.bash.allow.written(rule);
                let pattern = written.map_or("", |rule| rule.pattern.as_str());
                let message = format!("Bash command matches allow pattern \"{}\".", excerpt(pattern));
                self.push(Outcome::Allow, "bash-allow", message, written, Some(part));
            }
            (None, Some(rule)) => {
                let written = self.bash.allow.written(rule);
                let pattern = written.map_or("", |rule| rule.pattern.as_str());
                let message = format!(
                    "Bash command matches allow pattern \"{}\", which does not name what makes it risky{}.",
                    excerpt(pattern),
                    self.risky(level, program)
                );
                self.push(Outcome::Escalate, "bash-not-named", message, written, Some(part));
            }
            (None, None) => {
                let message = format!("Bash command \"{}\" matches no allow pattern.", excerpt(program));
                self.deny("bash-no-match", message, part);
            }
        }
    }

    /// The words for what a pattern would have to name.
    fn risky(&self, level: &Level<'_, '_>, program: &str) -> String {
        let name = basename(program);
        if let Some(concern) = concerns(name, level.words).first() {
            let option = if concern.name.is_empty() { String::new() } else { format!(" `{}`", excerpt(&concern.name)) };
            return format!(":{option} {}", concern.message);
        }
        if STATE_BUILTINS.contains(&name) {
            return format!(": `{name}` changes the shell itself");
        }
        match interpreter(name) {
            Some(_) => ": code in its arguments or input".to_owned(),
            None => ": it depends on text that is only known at run time".to_owned(),
        }
    }

    /// Code in the arguments or the input of an interpreter (SH10).
    fn inline_code(&mut self, level: &Level<'_, '_>, program: &str) -> Option<CodeRule> {
        let options = interpreter(program)?;
        let deny_text_in = |code: &str| {
            self.bash.deny.set.patterns().iter().any(|pattern| {
                let text = pattern.longest_literal();
                !text.is_empty() && code.contains(text)
            })
        };
        if let Some(inline) = inline_code(options, level.words) {
            let clean = inline.code.is_some_and(|code| !deny_text_in(code));
            return Some(CodeRule { option: inline.option.to_owned(), clean });
        }
        // Without a script to run, the code comes from the input.
        let script = level.words.iter().skip(1).find(|word| !word.text.starts_with('-') || word.text == "-");
        if level.reads_input && script.is_none_or(|word| matches!(word.text.as_ref(), "-" | "/dev/stdin")) {
            let body = level.written.and_then(|own| own.redirects.iter().find(|redirect| matches!(redirect.direction, Direction::Heredoc | Direction::HereString)));
            let clean = body.and_then(|redirect| redirect.target.literal()).is_some_and(|code| !deny_text_in(code));
            return Some(CodeRule { option: "-".to_owned(), clean });
        }
        None
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

/// What a pattern has to be for inline code to be allowed.
struct CodeRule {
    option: String,
    /// The code is known and holds no text of a deny pattern.
    clean: bool,
}

impl CodeRule {
    fn accepts(&self, pattern: &CommandPattern) -> bool {
        pattern.names(&self.option) || self.clean && pattern.is_whole_tool()
    }
}

/// Where a command stands, for people.
fn part_of(command: &Command<'_>, inside: Option<&Part>) -> Part {
    let text = excerpt(&readable(&canonical(&command.words)));
    let bound = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    match inside {
        Some(outer) => Part { text, start: outer.start, end: outer.end },
        None => Part { text, start: bound(command.span.start), end: bound(command.span.end) },
    }
}

/// Holes as people know them.
fn readable(text: &str) -> String {
    if !text.contains(hole::is_hole) {
        return text.to_owned();
    }
    text.chars()
        .map(|c| match c {
            hole::GLOB => '*',
            hole::ONE => '?',
            hole::TEXT | hole::WORDS => '…',
            other => other,
        })
        .collect()
}

/// The last segment of a program's path, `..` and `.` resolved.
fn basename(program: &str) -> &str {
    program.rsplit('/').find(|segment| !matches!(*segment, "" | "." | "..")).unwrap_or(program)
}

/// Where the subcommand of a program stands, global options stepped over.
pub(super) fn subcommand_at(program: &str, words: &[Word<'_>]) -> Option<usize> {
    let (flags, valued) = GLOBAL_OPTIONS.iter().find(|(own, _, _)| *own == program).map_or((&[] as &[&str], &[] as &[&str]), |(_, flags, valued)| (*flags, *valued));
    let mut at = 1;
    while let Some(word) = words.get(at) {
        let text = word.text.as_ref();
        let name = text.split('=').next().unwrap_or(text);
        if valued.contains(&text) {
            at += 2;
        } else if flags.contains(&text) || valued.contains(&name) || text.starts_with('-') && text.len() > 1 || text.starts_with('+') {
            at += 1;
        } else {
            return Some(at);
        }
    }
    None
}

/// The words with the program's basename and without global options, if that differs.
fn normalized<'a>(words: &[Word<'a>], program: Option<&str>) -> Option<Vec<Word<'a>>> {
    let program = program?;
    let first = words.first()?;
    let has_globals = GLOBAL_OPTIONS.iter().any(|(own, _, _)| *own == program) && words.get(1).is_some_and(|word| word.text.starts_with(['-', '+']));
    if first.text == program && !has_globals {
        return None;
    }
    let from = if has_globals { subcommand_at(program, words).unwrap_or(words.len()) } else { 1 };
    let mut renamed = vec![Word::plain(program.to_owned())];
    renamed.extend(words.get(from..).unwrap_or_default().iter().cloned());
    Some(renamed)
}

/// `--name value` as `--name=value`, for patterns that spell it so.
fn long_options_joined(words: &[&str]) -> Option<String> {
    let mut joined = String::new();
    let mut changed = false;
    let mut rest = words.iter().peekable();
    while let Some(word) = rest.next() {
        if !joined.is_empty() {
            joined.push(' ');
        }
        super::canonical::push_word(&mut joined, word);
        if word.len() > 2 && word.starts_with("--") && !word.contains('=') {
            if let Some(value) = rest.next_if(|next| !next.starts_with('-')) {
                joined.push('=');
                super::canonical::push_word(&mut joined, value);
                changed = true;
            }
        }
    }
    changed.then_some(joined)
}

/// Every text under which a stage of a pipeline may meet a deny pattern.
fn stage_views(words: &[Word<'_>], depth: usize) -> Vec<String> {
    let mut views = Vec::new();
    let Some(first) = words.first() else { return views };
    let text = canonical(words);
    views.push(possible(words, &text).into_owned());
    let Some(program) = first.literal().map(basename) else { return views };
    if let Some(renamed) = normalized(words, Some(program)) {
        let text = canonical(&renamed);
        views.push(possible(&renamed, &text).into_owned());
    }
    if depth > COMMAND_DEPTH_MAX {
        return views;
    }
    match peel(program, words, true) {
        Peeled::Commands { inner, .. } => {
            for words in &inner {
                views.extend(stage_views(words, depth + 1));
            }
        }
        // `sh -s`, `bash -`: whatever its options, it runs its input.
        Peeled::Opaque(_) => views.push(program.to_owned()),
        Peeled::Script(script) => {
            if let Ok(script) = shell::parse(&script, depth + 1) {
                for command in &script.commands {
                    views.extend(stage_views(&command.words, depth + 1));
                }
            }
        }
        Peeled::Unknown(_) => {
            for from in 1..words.len() {
                let tail = words.get(from..).unwrap_or_default();
                let text = canonical(tail);
                views.push(possible(tail, &text).into_owned());
            }
        }
        Peeled::Plain => {
            // Interpreters that read their input run it as well.
            if interpreter(program).is_some() && words.iter().skip(1).all(|word| word.text.starts_with('-')) {
                views.push(program.to_owned());
            }
        }
    }
    views
}

/// Whether the pattern's stages occur in this order among the pipeline's.
fn spans(pattern: &CommandPattern, views: &[Vec<String>], steps: &mut u64) -> bool {
    let mut rest = views.iter();
    pattern.stages().iter().all(|glob| {
        rest.by_ref().any(|stage| {
            stage.iter().any(|view| {
                *steps = steps.saturating_add(glob.cost(view));
                glob.may_match(view)
            })
        })
    })
}
