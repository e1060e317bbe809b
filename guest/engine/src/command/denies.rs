//! Deny views (SH7): the same command under every spelling that a pattern could mean.

use std::borrow::Cow;

use super::canonical::{canonical, possible, push_word};
use super::evaluate::{Evaluation, Level, basename};
use super::pattern::collapse;
use super::set::CommandSet;
use crate::data::global_options::GLOBAL_OPTIONS;
use crate::data::wrappers::LAUNCHERS;
use crate::decision::Outcome;
use crate::limits::TAILS_MAX;
use crate::policy::Rules;
use crate::shell::{Direction, Word};
use crate::wire::excerpt;

impl Evaluation<'_, '_> {
    /// Tries every view of this level (SH7).
    pub(super) fn denied(&mut self, level: &Level<'_, '_>, program: Option<&str>) {
        let Level { words, text, part, .. } = *level;
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
        if words.iter().skip(1).any(|word| is_detour(&word.text)) {
            // `cat ./.env` and `cat .//.env` are `cat .env`.
            let straight: Vec<Word<'_>> = words.iter().map(straightened).collect();
            note(deny.set.find(&canonical(&straight), &mut steps, |_| true), true);
        }
        let renamed = normalized(words, program);
        if let Some(renamed) = &renamed {
            let text = canonical(renamed);
            note(deny.set.find(&text, &mut steps, |_| true), true);
            if uncertain {
                note(deny.set.find_possible(&possible(renamed, &text), &mut steps), false);
            }
        }
        let plain: Vec<&str> =
            renamed.as_deref().unwrap_or(words).iter().map(|word| word.text.as_ref()).collect();
        note(deny.set.find_spelling(&plain, &mut steps), true);
        if uncertain {
            note(deny.set.find_possible_spelling(&plain, &mut steps), false);
        }
        if let Some(joined) = long_options_joined(&plain) {
            note(deny.set.find(&joined, &mut steps, |_| true), true);
        }
        if let Some(written) =
            level.written.filter(|own| !own.redirects.is_empty() || !own.assignments.is_empty())
        {
            let mut with = text.to_owned();
            for redirect in &written.redirects {
                with.push(' ');
                with.push_str(redirect.operator);
                with.push(' ');
                if redirect.direction != Direction::Heredoc {
                    push_word(&mut with, &redirect.target.text);
                }
            }
            note(deny.set.find(&with, &mut steps, |_| true), true);
            if let Some(last) = written.assignments.first() {
                let with = format!("{}= {text}", last.name);
                note(deny.set.find(&with, &mut steps, |_| true), true);
            }
        }
        for from in behind_options(program, words) {
            let mut tail = vec![Word::plain(program.unwrap_or_default())];
            tail.extend(words.get(from..).unwrap_or_default().iter().cloned());
            note(deny.set.find(&canonical(&tail), &mut steps, |_| true), true);
        }
        if launches(program, words) {
            // `npx rm -rf /`, `ssh host rm -rf /`
            for from in 1..words.len().min(TAILS_MAX) {
                let end = words.len().min(from + TAILS_MAX);
                let tail = canonical(words.get(from..end).unwrap_or_default());
                note(deny.set.find(&tail, &mut steps, |_| true), true);
            }
        }
        self.steps = steps;
        match found {
            Some((rule, true)) => self.deny_rule(rule, Some(part)),
            Some((rule, false)) => {
                let written = self.bash.deny.written(rule);
                let pattern = written.map_or("", |rule| rule.pattern.as_str());
                let message = format!(
                    "Bash command may become one that matches deny pattern \"{}\".",
                    excerpt(pattern)
                );
                self.push(Outcome::Escalate, "bash-possible-deny", message, written, Some(part));
            }
            None => {}
        }
    }

    /// A command whose grammar is not known: every tail of its words may be what runs.
    pub(super) fn tails(&mut self, level: &Level<'_, '_>) {
        if !self.denies_exist() {
            return;
        }
        if level.words.len() > TAILS_MAX {
            let message = "Bash command has too many words for a grammar that is not known.".to_owned();
            self.push(Outcome::Deny, "bash-limit", message, None, Some(level.part));
            return;
        }
        for from in 1..level.words.len() {
            let words = level.words.get(from..).unwrap_or_default();
            let program = words.first().and_then(Word::literal).map(basename);
            let before = self.reasons.len();
            let text = canonical(words);
            let tail = Level { words, text: &text, written: None, ..*level };
            self.denied(&tail, program);
            if self.reasons.len() > before || !self.in_budget(Some(level.part)) {
                return;
            }
            // `-c 'script'` and the like.
            if let Some(script) = words.first().and_then(Word::literal).filter(|text| text.contains(' '))
                && let Some(rule) = self.bash.deny.set.find_raw(&collapse(script), &mut self.steps)
            {
                self.deny_rule(rule, Some(level.part));
                return;
            }
        }
    }
}

/// Where the subcommand of a program may stand behind options that no table knows: each of them may
/// take the next word as its value or not.
fn behind_options(program: Option<&str>, words: &[Word<'_>]) -> Vec<usize> {
    let Some((_, _, valued)) = GLOBAL_OPTIONS.iter().find(|(own, _, _)| Some(*own) == program) else {
        return Vec::new();
    };
    let is_value = |at: usize| words.get(at - 1).is_some_and(|word| valued.contains(&word.text.as_ref()));
    let is_option = |at: usize| words.get(at).is_some_and(|word| word.text.starts_with('-'));
    if !is_option(1) {
        return Vec::new();
    }
    let mut places = Vec::new();
    for at in 2..words.len().min(TAILS_MAX) {
        if !is_option(at - 1) && !is_option(at - 2) {
            break;
        }
        // Behind an option that is known to take a value stands its value.
        if !is_option(at) && !is_value(at) {
            places.push(at);
        }
    }
    places
}

/// Whether the program runs what its arguments name.
fn launches(program: Option<&str>, words: &[Word<'_>]) -> bool {
    let Some((_, subcommands)) = LAUNCHERS.iter().find(|(own, _)| Some(*own) == program) else {
        return false;
    };
    subcommands.is_empty() || words.iter().skip(1).any(|word| subcommands.contains(&word.text.as_ref()))
}

/// Whether a word may be a path with `.` or empty segments.
fn is_detour(text: &str) -> bool {
    text.starts_with("./") || text.contains("//") && !text.contains("://") || text.contains("/./")
}

/// The word without such segments.
fn straightened<'a>(word: &Word<'a>) -> Word<'a> {
    if !is_detour(&word.text) {
        return word.clone();
    }
    let root = if word.text.starts_with('/') { "/" } else { "" };
    if word.text.trim_start_matches(['.', '/']).starts_with('-') {
        // `./-rf` is spelled so to be no option.
        return word.clone();
    }
    let segments: Vec<&str> = word.text.split('/').filter(|segment| !matches!(*segment, "" | ".")).collect();
    Word { text: Cow::Owned(format!("{root}{}", segments.join("/"))), ..word.clone() }
}

/// Where the subcommand of a program stands, global options stepped over.
pub(super) fn subcommand_at(program: &str, words: &[Word<'_>]) -> Option<usize> {
    let (flags, valued) = GLOBAL_OPTIONS
        .iter()
        .find(|(own, _, _)| *own == program)
        .map_or((&[] as &[&str], &[] as &[&str]), |(_, flags, valued)| (*flags, *valued));
    let mut at = 1;
    while let Some(word) = words.get(at) {
        let text = word.text.as_ref();
        let name = text.split('=').next().unwrap_or(text);
        if valued.contains(&text) {
            at += 2;
        } else if flags.contains(&text)
            || valued.contains(&name)
            || text.starts_with('-') && text.len() > 1
            || text.starts_with('+')
        {
            at += 1;
        } else {
            return Some(at);
        }
    }
    None
}

/// The words with the program's basename and without global options, if that differs.
pub(super) fn normalized<'a>(words: &[Word<'a>], program: Option<&str>) -> Option<Vec<Word<'a>>> {
    let program = program?;
    let first = words.first()?;
    let has_globals = GLOBAL_OPTIONS.iter().any(|(own, _, _)| *own == program)
        && words.get(1).is_some_and(|word| word.text.starts_with(['-', '+']));
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
    let is_open = |word: &str| word.len() > 2 && word.starts_with("--") && !word.contains('=');
    if !words.iter().any(|word| is_open(word)) {
        return None;
    }
    let mut joined = String::new();
    let mut changed = false;
    let mut rest = words.iter().peekable();
    while let Some(word) = rest.next() {
        if !joined.is_empty() {
            joined.push(' ');
        }
        push_word(&mut joined, word);
        if is_open(word)
            && let Some(value) = rest.next_if(|next| !next.starts_with('-'))
        {
            joined.push('=');
            push_word(&mut joined, value);
            changed = true;
        }
    }
    changed.then_some(joined)
}
