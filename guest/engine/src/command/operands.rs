//! Files that a command names as its operands: what the path rules deny stays denied. An allow is
//! for the command patterns alone to give.

use super::cwd::Places;
use super::evaluate::{Evaluation, Level};
use crate::data::file_programs::{FILE_PROGRAMS, Operands};
use crate::limits::PATHS_MAX;
use crate::shell::{Word, hole};

impl Evaluation<'_, '_> {
    /// Asks the path rules about each operand of a program that is known to take files.
    pub(super) fn operands(&mut self, level: &Level<'_, '_>, program: &str, places: &Places) {
        let row = FILE_PROGRAMS.binary_search_by(|(name, _)| (*name).cmp(program)).ok();
        let Some((_, kind)) = row.and_then(|at| FILE_PROGRAMS.get(at)) else { return };
        let operands = operands(level.words);
        let skipped = matches!(kind, Operands::ReadBehindPattern | Operands::WriteBehindMode);
        let last = operands.len().saturating_sub(1);
        for (at, word) in operands.iter().enumerate().skip(usize::from(skipped)).take(PATHS_MAX) {
            let write = match kind {
                Operands::Read | Operands::ReadBehindPattern => false,
                Operands::Write | Operands::WriteBehindMode => true,
                Operands::CopyTo => at == last,
            };
            // A number is the value of an option.
            let Some(text) = as_glob(word).filter(|text| !text.bytes().all(|byte| byte.is_ascii_digit()))
            else {
                continue;
            };
            // A quoted tilde is a plain character.
            let text = if text.starts_with('~') && !word.tilde { format!("./{text}") } else { text };
            for path in places.resolve(&text).unwrap_or_default() {
                let found = if word.has_holes {
                    Some(self.files.glob(&path)).filter(|reason| reason.code == "glob-deny")
                } else {
                    self.files.denies(&path, write)
                };
                if let Some(mut reason) = found {
                    reason.part = Some(level.part.clone());
                    self.reasons.push(reason);
                    return;
                }
            }
        }
    }
}

/// Words that are no options.
fn operands<'w, 'a>(words: &'w [Word<'a>]) -> Vec<&'w Word<'a>> {
    let mut only_operands = false;
    words
        .iter()
        .skip(1)
        .filter(|word| {
            let is_option = !only_operands && word.text.starts_with('-') && word.text != "-";
            only_operands |= word.text == "--";
            !is_option
        })
        .collect()
}

/// The word as a pattern of file names; `None` where only bash knows what it will be.
fn as_glob(word: &Word<'_>) -> Option<String> {
    if word.text.is_empty() || word.text.contains([hole::TEXT, hole::WORDS]) {
        return None;
    }
    Some(word.text.replace(hole::GLOB, "*").replace(hole::ONE, "?"))
}
