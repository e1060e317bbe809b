//! Other spellings of the same options (15.2): `rm -fr`, `rm -r -f` and `rm --recursive --force`
//! all meet `rm -rf *`. For denies only.

use super::pattern::Glob;
use crate::shell::hole;

/// Long spellings of short options that destroy things, by program.
const LONG_FORMS: &[(&str, &str, char)] = &[
    ("chgrp", "recursive", 'R'),
    ("chmod", "recursive", 'R'),
    ("chown", "recursive", 'R'),
    ("cp", "force", 'f'),
    ("cp", "recursive", 'r'),
    ("git", "all", 'a'),
    ("git", "delete", 'd'),
    ("git", "force", 'f'),
    ("ln", "force", 'f'),
    ("ln", "symbolic", 's'),
    ("mv", "force", 'f'),
    ("rm", "dir", 'd'),
    ("rm", "force", 'f'),
    ("rm", "recursive", 'r'),
];

/// A deny pattern with its options taken apart.
#[derive(Clone, Debug)]
pub(crate) struct OptionPattern {
    program: String,
    options: Vec<String>,
    operands: Glob,
}

impl OptionPattern {
    /// A pattern that has options which may be spelled otherwise.
    pub(super) fn new(words: &[String]) -> Option<Self> {
        let (program, rest) = words.split_first()?;
        if program.contains('*') {
            return None;
        }
        let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
        let (options, operands) = take_apart(program, &rest);
        // An option with a star in it says nothing about spellings.
        if options.is_empty() || options.iter().any(|option| option.contains('*')) {
            return None;
        }
        Some(Self { program: program.clone(), options, operands: Glob::new(&operands.join(" ")) })
    }

    pub(super) fn program(&self) -> &str {
        &self.program
    }

    /// Whether the command has at least these options and the same operands.
    pub(super) fn matches(&self, words: &[&str]) -> bool {
        let Some((program, rest)) = words.split_first() else { return false };
        if *program != self.program {
            return false;
        }
        let (options, operands) = take_apart(program, rest);
        let operands = operands.join(" ");
        self.options.iter().all(|option| options.contains(option)) && self.operands.matches(&operands)
    }
}

impl OptionPattern {
    /// Whether a word that is only known at run time may bring the missing options along.
    pub(super) fn may_match(&self, words: &[&str]) -> bool {
        let Some((program, rest)) = words.split_first() else { return false };
        let options_end = rest.iter().position(|word| *word == "--").unwrap_or(rest.len());
        let may_be_option =
            |word: &&str| word.contains(hole::is_hole) && word.starts_with(['-', hole::TEXT, hole::WORDS]);
        let (uncertain, certain): (Vec<&str>, Vec<&str>) =
            rest.iter().take(options_end).copied().partition(|word| may_be_option(word));
        if *program != self.program || uncertain.is_empty() {
            return false;
        }
        let operands = rest.get(options_end..).unwrap_or_default();
        let known: Vec<&str> = certain.into_iter().chain(operands.iter().copied()).collect();
        let (_, operands) = take_apart(program, &known);
        // What is not an option may be an operand, or several.
        let text = format!("{}{}", operands.join(" "), hole::WORDS);
        self.operands.may_match(&text)
    }
}

/// Options, clusters split and long forms mapped, sorted; and the operands in their order.
fn take_apart<'w>(program: &str, words: &[&'w str]) -> (Vec<String>, Vec<&'w str>) {
    let mut options = Vec::new();
    let mut operands = Vec::new();
    let mut only_operands = false;
    for word in words {
        if only_operands || !word.starts_with('-') || *word == "-" {
            operands.push(*word);
        } else if *word == "--" {
            only_operands = true;
        } else if let Some(long) = word.strip_prefix("--") {
            // An abbreviation is enough for getopt.
            let short = LONG_FORMS.iter().find(|(own, form, _)| *own == program && form.starts_with(long));
            options.push(short.map_or_else(|| (*word).to_owned(), |(_, _, short)| format!("-{short}")));
        } else {
            options.extend(word.chars().skip(1).map(|c| normal(program, c)));
        }
    }
    options.sort();
    options.dedup();
    (options, operands)
}

fn normal(program: &str, option: char) -> String {
    // `rm -R` and `cp -R` are their `-r`.
    match (program, option) {
        ("rm" | "cp", 'R') => "-r".to_owned(),
        _ => format!("-{option}"),
    }
}
