//! What bash itself does: builtins that change the shell (SH13), set variables (SH12), or evaluate
//! their arguments again; functions and aliases that take a name over.

use super::code::{Concern, concerns};
use super::environment::{exports, names_set};
use super::evaluate::{Evaluation, Level};
use crate::decision::Part;
use crate::shell::hole;
use crate::wire::excerpt;

/// Builtins that change what later commands mean (SH13): a pattern has to name them.
pub(super) const STATE_BUILTINS: &[&str] = &[
    ".", "alias", "bind", "complete", "enable", "eval", "exec", "hash", "set", "shopt", "source", "trap",
    "umask", "unalias",
];

/// Builtins that evaluate an argument as arithmetic, and with it command substitutions inside.
const EVALUATING_BUILTINS: &[&str] = &[
    "[",
    "compgen",
    "complete",
    "declare",
    "export",
    "getopts",
    "let",
    "local",
    "mapfile",
    "printf",
    "read",
    "readarray",
    "readonly",
    "test",
    "typeset",
    "unset",
    "wait",
];

impl Evaluation<'_, '_> {
    pub(super) fn function(&mut self, name: &str, inside: Option<&Part>) {
        let allow = &self.bash.allow.set;
        let shadows = allow.patterns().iter().any(|pattern| {
            pattern.stages().iter().any(|stage| {
                let first = stage.prefix().split(' ').next().unwrap_or_default();
                first == name || stage.may_match(name) && stage.prefix().starts_with(name)
            })
        });
        let part = Part {
            text: excerpt(name).into_owned(),
            start: inside.map_or(0, |part| part.start),
            end: inside.map_or(0, |part| part.end),
        };
        if shadows {
            self.deny(
                "bash-function-shadows",
                "Bash command gives the name of an allowed command to a function or alias.".to_owned(),
                &part,
            );
        } else {
            self.escalate("bash-function", "Bash command defines a function or alias.".to_owned(), &part);
        }
    }

    /// Everything that asks for a pattern which names it; what needs a person whatever a pattern
    /// says is added as a reason at once.
    pub(super) fn raise(&mut self, level: &Level<'_, '_>, program: &str) -> Vec<Concern> {
        let Level { words, part, .. } = *level;
        let arguments: Vec<&str> = words.iter().skip(1).map(|word| word.text.as_ref()).collect();
        if matches!(program, "declare" | "typeset" | "local")
            && arguments.iter().any(|word| word.starts_with('-') && word.contains('n'))
        {
            self.escalate(
                "bash-unknown-variable",
                "Bash command makes one variable stand for another.".to_owned(),
                part,
            );
        }
        // What these read from their input may be anything.
        self.evaluable |= matches!(program, "read" | "mapfile" | "readarray");
        self.arithmetic |= match program {
            "let" => true,
            "test" | "[" => arguments.iter().any(|word| matches!(*word, "-v" | "-R")),
            "wait" => arguments.iter().any(|word| word.starts_with("-p") || *word == "-np"),
            _ => false,
        };
        if matches!(program, "test" | "[")
            && self.arithmetic
            && words.iter().skip(1).any(|word| word.text.contains(hole::TEXT))
        {
            // The output of a substitution, too, is text that is evaluated.
            self.evaluable |= words.iter().any(|word| word.substitutes);
        }
        for name in names_set(program, &arguments) {
            if name.contains(hole::is_hole) {
                let message = "Bash command sets a variable whose name is only known at run time.".to_owned();
                self.escalate("bash-unknown-variable", message, part);
            } else {
                self.assignment(name, exports(program), part);
            }
        }
        if EVALUATING_BUILTINS.contains(&program)
            && words.iter().skip(1).any(|word| {
                word.text.contains("$(") || word.text.contains('`') || word.text.contains("[\u{4}")
            })
        {
            self.escalate(
                "bash-evaluated-twice",
                format!("Bash command passes text to {program} that bash may evaluate again."),
                part,
            );
        }
        if program == "hash" && arguments.iter().any(|word| word.starts_with("-p"))
            || program == "enable" && arguments.iter().any(|word| word.starts_with("-f"))
        {
            self.deny(
                "bash-replaces-command",
                format!("Bash command uses {program} to replace what a name runs."),
                part,
            );
        }
        if program == "alias" {
            for name in arguments.iter().filter_map(|word| word.split_once('=')).map(|(name, _)| name) {
                self.function(name, Some(part));
            }
        }
        concerns(program, words)
    }
}
