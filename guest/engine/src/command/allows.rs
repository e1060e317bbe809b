//! Whether an allow pattern covers a command, and vouches for what makes it risky (SH6, SH10, SH11,
//! SH13).

use super::builtins::STATE_BUILTINS;
use super::canonical::vanished;
use super::code::{concerns, inline_code, interpreter};
use super::evaluate::{Evaluation, Level, basename, readable};
use super::pattern::CommandPattern;
use super::wrappers::is_device;
use crate::decision::Outcome;
use crate::shell::Direction;
use crate::wire::excerpt;

impl Evaluation<'_, '_> {
    pub(super) fn allowed(
        &mut self,
        level: &Level<'_, '_>,
        covered: Option<usize>,
        accept: &dyn Fn(&CommandPattern) -> bool,
    ) {
        let Level { text, part, .. } = *level;
        let allow = &self.bash.allow;
        let mut steps = self.steps;
        let as_stage = covered.filter(|rule| allow.set.patterns().get(*rule).is_some_and(accept));
        // A word that vanishes must not turn an allowed command into another one.
        let whole = |steps: &mut u64| {
            vanished(level.words).is_none_or(|text| allow.set.find(&text, steps, |_| true).is_some())
        };
        let found =
            as_stage.or_else(|| allow.set.find(text, &mut steps, accept).filter(|_| whole(&mut steps)));
        let named = found.or_else(|| allow.set.find(text, &mut steps, |_| true));
        self.steps = steps;
        let program = level.words.first().map_or("", |word| word.text.as_ref());
        // What follows a `=` may be a secret that was meant for the environment.
        let shown = readable(program.split('=').next().unwrap_or(program));
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
                let message = format!("Bash command \"{}\" matches no allow pattern.", excerpt(&shown));
                self.deny("bash-no-match", message, part);
            }
        }
    }

    /// The words for what a pattern would have to name.
    fn risky(&self, level: &Level<'_, '_>, program: &str) -> String {
        let name = basename(program);
        if let Some(concern) = concerns(name, level.words).first() {
            let option =
                if concern.shown.is_empty() { String::new() } else { format!(" `{}`,", concern.shown) };
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
    pub(super) fn inline_code(&mut self, level: &Level<'_, '_>, program: &str) -> Option<CodeRule> {
        let interpreter = interpreter(program)?;
        let deny_text_in = |code: &str| {
            self.bash.deny.set.patterns().iter().any(|pattern| {
                let text = pattern.longest_literal();
                !text.is_empty() && code.contains(text)
            })
        };
        if let Some(inline) = inline_code(interpreter, level.words) {
            let clean = inline.code.is_some_and(|code| !deny_text_in(code));
            return Some(CodeRule { option: inline.option.to_owned(), clean });
        }
        // Without a script to run, the code comes from the input.
        let mut rest = level.words.iter().skip(1).map(|word| word.text.as_ref());
        let mut script = None;
        while let Some(word) = rest.next() {
            if interpreter.valued.contains(&word) {
                rest.next();
            } else if !word.starts_with('-') || word == "-" {
                script = Some(word);
                break;
            }
        }
        if level.reads_input && script.is_none_or(|word| word == "-" || is_device(word)) {
            let body = level.written.and_then(|own| {
                own.redirects
                    .iter()
                    .find(|redirect| matches!(redirect.direction, Direction::Heredoc | Direction::HereString))
            });
            let clean =
                body.and_then(|redirect| redirect.target.literal()).is_some_and(|code| !deny_text_in(code));
            return Some(CodeRule { option: "-".to_owned(), clean });
        }
        None
    }
}

/// What a pattern has to be for inline code to be allowed.
pub(super) struct CodeRule {
    option: String,
    /// The code is known and holds no text of a deny pattern.
    clean: bool,
}

impl CodeRule {
    pub(super) fn accepts(&self, pattern: &CommandPattern) -> bool {
        pattern.names(&self.option) || self.clean && pattern.is_whole_tool()
    }
}
