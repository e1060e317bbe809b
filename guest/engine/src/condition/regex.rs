//! Regular expressions that take linear time, and what a search with one costs.
//!
//! The matcher simulates every state at once, so a search takes text × program at worst. Its
//! programs do not tell their size, and their memory differs between machines; so the size is
//! reckoned here, from the pattern, and is the same everywhere.

use regex_lite::{Regex, RegexBuilder};

use super::work::{Spent, Work};
use crate::limits::{PATTERN_BYTES_MAX, REGEX_NEST_MAX, REGEX_WEIGHT_MAX};

/// A compiled regular expression.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    regex: Regex,
    weight: u64,
}

/// Memory of one program in bytes: far above what [`REGEX_WEIGHT_MAX`] lets through on any
/// machine, so that no machine refuses a pattern that another one takes.
const PROGRAM_BYTES_MAX: usize = 4 << 20;

impl Pattern {
    /// Compiles a pattern. The error is for its author.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > PATTERN_BYTES_MAX {
            return Err(format!("the pattern is longer than {PATTERN_BYTES_MAX} bytes"));
        }
        let weight = weight(text)?;
        if weight > REGEX_WEIGHT_MAX {
            return Err("its repetitions add up to a program that is too large".to_owned());
        }
        let mut builder = RegexBuilder::new(text);
        let built = builder.size_limit(PROGRAM_BYTES_MAX).nest_limit(REGEX_NEST_MAX).build();
        match built {
            Ok(regex) => Ok(Self { regex, weight }),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Steps for each byte of a text.
    pub(crate) fn weight(&self) -> u64 {
        self.weight
    }

    /// Whether it matches anywhere in the text.
    pub(crate) fn is_match(&self, text: &str, work: &mut Work) -> Result<bool, Spent> {
        work.spend((text.len() as u64).saturating_add(1).saturating_mul(self.weight))?;
        Ok(self.regex.is_match(text))
    }
}

/// Steps of a single character, of a class that has a name, and of what repeats or groups.
const CHARACTER: u64 = 2;
const CLASS: u64 = 6;
const JOINT: u64 = 3;
/// How many ranges one entry of a class may become where case is ignored.
const FOLDED: u64 = 2;

/// A group that is open: what stands before its last piece, and that piece, which a repetition
/// would multiply.
#[derive(Default)]
struct Group {
    before: u64,
    last: u64,
}

impl Group {
    fn push(&mut self, piece: u64) {
        self.before = self.before.saturating_add(self.last);
        self.last = piece;
    }

    fn total(&self) -> u64 {
        self.before.saturating_add(self.last).saturating_add(JOINT)
    }
}

/// An upper bound of the states and ranges of a program. What is no pattern has some weight, too;
/// the compiler refuses it afterwards.
fn weight(text: &str) -> Result<u64, String> {
    let mut open: Vec<Group> = Vec::new();
    let mut group = Group::default();
    let mut rest = text;
    let folds = if text.contains("(?") { FOLDED } else { 1 };
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '\\' => {
                rest = after_escape(rest);
                group.push(CLASS);
            }
            '[' => {
                let (items, after) = class(rest);
                rest = after;
                group.push(CHARACTER + items * folds);
            }
            '(' => {
                open.push(std::mem::take(&mut group));
                if let Some(flags) = rest.strip_prefix('?') {
                    let end = flags.find([':', ')', '>']).unwrap_or(flags.len());
                    let (own, after) = flags.split_at_checked(end).unwrap_or((flags, ""));
                    if own.contains('x') && !own.contains('<') {
                        return Err("the flag `x` is not supported: a pattern is one line".to_owned());
                    }
                    rest = if after.starts_with(')') { after } else { after.get(1..).unwrap_or_default() };
                }
            }
            ')' => {
                let closed = group.total();
                group = open.pop().unwrap_or_default();
                group.push(closed);
            }
            '|' => group.push(JOINT),
            '*' | '+' | '?' => group.last = group.last.saturating_add(JOINT),
            '{' => {
                let (times, joint, after) = repetition(rest);
                rest = after;
                group.last = group.last.saturating_add(joint).saturating_mul(times).saturating_add(1);
            }
            _ => group.push(CHARACTER),
        }
    }
    let closed = open.iter().map(Group::total).fold(group.total(), u64::saturating_add);
    Ok(closed)
}

/// What follows an escape; the braces of `\x{…}` are none that repeat.
fn after_escape(rest: &str) -> &str {
    let mut chars = rest.chars();
    let is_hex = matches!(chars.next(), Some('x' | 'u' | 'U' | 'b'));
    let after = chars.as_str();
    match after.strip_prefix('{').filter(|_| is_hex).and_then(|braced| braced.split_once('}')) {
        Some((_, after)) => after,
        None => after,
    }
}

/// How many things a class lists, at most, and what follows it.
fn class(rest: &str) -> (u64, &str) {
    let inner = rest.strip_prefix('^').unwrap_or(rest);
    let mut chars = inner.chars();
    let mut items = 0;
    let mut depth = 0_u32;
    let mut is_first = true;
    while let Some(c) = chars.next() {
        match c {
            ']' if !is_first && depth == 0 => return (items, chars.as_str()),
            ']' if !is_first => depth = depth.saturating_sub(1),
            '[' if chars.as_str().starts_with(':') => depth += 1,
            '\\' => {
                chars.next();
                items += CLASS;
            }
            _ => {}
        }
        items += 1;
        is_first = false;
    }
    (items, "")
}

/// How often `{n}`, `{n,}` or `{n,m}` repeats at most, what joins each of them, and what follows it.
fn repetition(rest: &str) -> (u64, u64, &str) {
    let Some((inside, after)) = rest.split_once('}') else { return (1, 0, rest) };
    let (low, high) = inside.split_once(',').unwrap_or((inside, inside));
    let number = |text: &str| match text.trim() {
        "" => Some(0),
        text => text.parse::<u64>().ok(),
    };
    match (number(low), number(high)) {
        (Some(low), Some(_)) if !inside.contains(',') => (low.max(1), 0, after),
        (Some(low), Some(high)) => (low.max(high).saturating_add(1), JOINT, after),
        // More than a number holds, or no number at all.
        (None, _) | (_, None) => (u64::MAX, 0, after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_too_large_or_not_linear_is_refused() {
        for text in [
            "a{5000}",
            "(a{100}){100}",
            "(((a{50}){50}){50}){50}",
            "(a{99999999999999999999})",
            "(?x) a b",
            "(?=a)",
            "(?!a)",
            "(?<=a)",
            r"(a)\1",
            "(",
            "[",
            "a{2",
            "*",
            r"\p{L}",
            "(?P<n>a)(?P<n>b)",
            &"(".repeat(400),
            &"a".repeat(PATTERN_BYTES_MAX + 1),
        ] {
            assert!(Pattern::parse(text).is_err(), "{text}");
        }
        for text in [
            "",
            "a",
            "^[a-z]+$",
            r"\d{3}-\d{4}",
            "(?i)drop\\s+table",
            r"\x{41}{3}",
            "[]a]",
            "[^]a]",
            "[[:alpha:]_]+",
            "(?P<year>[0-9]{4})",
            "(?<x>a)",
            r"\[x{3}\]",
            "(a|b|c)*d",
            "(?i:x)",
        ] {
            let found = Pattern::parse(text);
            assert!(found.is_ok(), "{text}: {found:?}");
        }
    }

    proptest! {
        /// The reckoned weight is never below the size of the program: each state of it has at
        /// least 16 bytes on every machine.
        #[test]
        fn a_program_is_never_larger_than_reckoned(
            pieces in proptest::collection::vec(
                prop_oneof![
                    Just("a"), Just("é"), Just("[a-z]"), Just("[^\\d_]"), Just("\\w"), Just("\\W"), Just("."), Just("(?i)k"),
                    Just("(ab|cd)"), Just("(?:x|y|)"), Just("(a{2,3}|b*)+"), Just("[[:^punct:]]"), Just("|"), Just("(?i:[k-m])"),
                ], 1..12),
            tails in proptest::collection::vec(
                prop_oneof![Just(""), Just("*"), Just("+?"), Just("?"), Just("{3}"), Just("{2,}"), Just("{0,7}"), Just("{12}")], 12),
        ) {
            let mut text = String::new();
            for (piece, tail) in pieces.iter().zip(&tails) {
                text.push_str(piece);
                if *piece != "|" {
                    text.push_str(tail);
                }
            }
            let weight = usize::try_from(weight(&text).expect("no flag x")).expect("small");
            // A state is at most 40 bytes here, and each range 8 more.
            let fits = RegexBuilder::new(&text).size_limit(weight * 40 + 512).build();
            prop_assert!(fits.is_ok(), "{} weighs {}: {:?}", text, weight, fits);
        }
    }
}
