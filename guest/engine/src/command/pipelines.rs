//! Pipelines against patterns with `|` (SH6, SH7): for an allow, stage by stage; for a deny, any
//! stages in that order, each under every name it goes by.

use super::canonical::{canonical, possible};
use super::code::interpreter;
use super::denies::normalized;
use super::evaluate::{Evaluation, basename, part_of};
use super::pattern::CommandPattern;
use super::wrappers::{Peeled, peel};
use crate::decision::{Outcome, Part};
use crate::limits::{COMMAND_DEPTH_MAX, STAGES_MAX, TAILS_MAX};
use crate::shell::{self, Script, Word};

impl Evaluation<'_, '_> {
    /// Tries patterns with `|`. Returns, by command, the allow rule that covers it as a stage.
    pub(super) fn pipelines(
        &mut self,
        script: &Script<'_>,
        inside: Option<&Part>,
        depth: usize,
    ) -> Vec<Option<usize>> {
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
                    let part = stages
                        .first()
                        .and_then(|stage| script.commands.get(stage.start))
                        .map(|first| part_of(first, &canonical(&first.words), inside));
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
            for from in 1..words.len().min(TAILS_MAX) {
                let end = words.len().min(from + TAILS_MAX);
                let tail = words.get(from..end).unwrap_or_default();
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
