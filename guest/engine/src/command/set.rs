//! Many command patterns as one, indexed by the text they start with.

use super::options::OptionPattern;
use super::pattern::{CommandPattern, Glob};
use crate::prefix_index::PrefixIndex;
use crate::shell::hole;

/// The patterns of one list.
#[derive(Debug)]
pub(crate) struct CommandSet {
    patterns: Vec<CommandPattern>,
    /// Patterns of one stage, by their literal start.
    single: PrefixIndex<(usize, Glob)>,
    /// All patterns as written, for the raw text.
    raw: PrefixIndex<(usize, Glob)>,
    /// Patterns with `|`.
    pipelines: Vec<usize>,
    /// Patterns with options, for spellings of them.
    options: PrefixIndex<(usize, OptionPattern)>,
}

impl CommandSet {
    pub(crate) fn new(patterns: Vec<CommandPattern>) -> Self {
        let entry = |glob: &Glob, rule: usize| (glob.prefix().as_bytes().to_vec(), (rule, glob.clone()));
        let (mut single, mut raw, mut pipelines, mut options) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (rule, pattern) in patterns.iter().enumerate() {
            match pattern.stages() {
                [stage] => {
                    single.push(entry(stage, rule));
                    if let Some(spelling) = OptionPattern::new(pattern.words()) {
                        options.push((spelling.program().as_bytes().to_vec(), (rule, spelling)));
                    }
                }
                _ => pipelines.push(rule),
            }
            raw.push(entry(pattern.raw(), rule));
        }
        Self {
            patterns,
            single: PrefixIndex::new(single),
            raw: PrefixIndex::new(raw),
            pipelines,
            options: PrefixIndex::new(options),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    pub(crate) fn patterns(&self) -> &[CommandPattern] {
        &self.patterns
    }

    /// Patterns with several stages, and their rule numbers.
    pub(crate) fn pipelines(&self) -> impl Iterator<Item = (usize, &CommandPattern)> {
        self.pipelines.iter().filter_map(|rule| Some((*rule, self.patterns.get(*rule)?)))
    }

    /// The first pattern of one stage that matches the text and is accepted.
    pub(crate) fn find(
        &self,
        text: &str,
        steps: &mut u64,
        accept: impl Fn(&CommandPattern) -> bool,
    ) -> Option<usize> {
        let mut best: Option<usize> = None;
        self.single.prefixes_of(text.bytes(), |(rule, glob)| {
            if best.is_none_or(|best| *rule < best) {
                *steps = steps.saturating_add(glob.cost(text));
                if glob.matches(text) && self.patterns.get(*rule).is_some_and(&accept) {
                    best = Some(*rule);
                }
            }
            true
        });
        best
    }

    /// The first pattern that a text with holes may become.
    pub(crate) fn find_possible(&self, text: &str, steps: &mut u64) -> Option<usize> {
        if !text.contains(hole::is_hole) {
            return self.find(text, steps, |_| true);
        }
        let literal = text.find(hole::is_hole).and_then(|at| text.get(..at)).unwrap_or_default();
        let mut best: Option<usize> = None;
        self.single.compatible_with(literal.as_bytes(), |(rule, glob)| {
            if best.is_none_or(|best| *rule < best) {
                *steps = steps.saturating_add(glob.cost(text));
                if glob.may_match(text) {
                    best = Some(*rule);
                }
            }
        });
        best
    }

    /// The first pattern that matches the command line as it was written.
    pub(crate) fn find_raw(&self, text: &str, steps: &mut u64) -> Option<usize> {
        let mut best: Option<usize> = None;
        self.raw.prefixes_of(text.bytes(), |(rule, glob)| {
            if best.is_none_or(|best| *rule < best) {
                *steps = steps.saturating_add(glob.cost(text));
                if glob.matches(text) {
                    best = Some(*rule);
                }
            }
            true
        });
        best
    }

    /// The first pattern that these words are another spelling of (15.2).
    pub(crate) fn find_spelling(&self, words: &[&str], steps: &mut u64) -> Option<usize> {
        self.find_options(words, steps, OptionPattern::matches)
    }

    /// The first pattern that words with holes may be a spelling of.
    pub(crate) fn find_possible_spelling(&self, words: &[&str], steps: &mut u64) -> Option<usize> {
        self.find_options(words, steps, OptionPattern::may_match)
    }

    fn find_options(
        &self,
        words: &[&str],
        steps: &mut u64,
        matches: fn(&OptionPattern, &[&str]) -> bool,
    ) -> Option<usize> {
        let program = words.first()?;
        let mut best: Option<usize> = None;
        self.options.prefixes_of(program.bytes(), |(rule, pattern)| {
            *steps = steps.saturating_add(words.len() as u64 * 8);
            if pattern.program() == *program
                && best.is_none_or(|best| *rule < best)
                && matches(pattern, words)
            {
                best = Some(*rule);
            }
            true
        });
        best
    }
}
