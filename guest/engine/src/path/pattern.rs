//! Path patterns (P3, 15.7): where they are anchored, and what their segments say.

use super::segment::{Atom, SegmentGlob};
use crate::limits::{BRACE_ALTERNATIVES_MAX, PATTERN_BYTES_MAX};

/// Where a pattern starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Workspace,
    Root,
    Home,
}

/// One segment of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// `**`: any number of segments, none included.
    Globstar,
    Literal(String),
    Glob(SegmentGlob),
}

impl Segment {
    /// The segment as atoms; `**` has none.
    pub(crate) fn atoms(&self) -> Vec<Atom> {
        match self {
            Self::Globstar => Vec::new(),
            Self::Literal(text) => text.chars().map(Atom::Char).collect(),
            Self::Glob(glob) => glob.atoms().to_vec(),
        }
    }
}

/// One pattern, braces spelled out: it matches what any of its alternatives match.
#[derive(Clone, Debug)]
pub(crate) struct PathPattern {
    pub(crate) anchor: Anchor,
    pub(crate) alternatives: Vec<Vec<Segment>>,
}

/// What is wrong with a pattern, and what to write instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PatternError {
    pub(crate) message: &'static str,
    pub(crate) help: &'static str,
}

const fn error<T>(message: &'static str, help: &'static str) -> Result<T, PatternError> {
    Err(PatternError { message, help })
}

impl PathPattern {
    /// Reads a pattern.
    pub(crate) fn parse(text: &str) -> Result<Self, PatternError> {
        if text.len() > PATTERN_BYTES_MAX {
            return error("pattern is longer than 1024 bytes", "split it into several patterns");
        }
        if text.starts_with('!') {
            return error(
                "pattern starts with `!`",
                "there is no negation; put the pattern into the other list",
            );
        }
        if text.contains('\\') {
            return error(
                "pattern contains a backslash",
                "write `[*]` for a literal `*`; separate segments with `/`",
            );
        }
        let (anchor, rest) = if let Some(rest) = text.strip_prefix("~/") {
            (Anchor::Home, rest)
        } else if text.starts_with('~') {
            return error(
                "pattern starts with `~` but not with `~/`",
                "write `~/…` for the home directory, or an absolute path",
            );
        } else if let Some(rest) = text.strip_prefix('/') {
            (Anchor::Root, rest)
        } else {
            (Anchor::Workspace, text)
        };
        let alternatives =
            expand_braces(rest)?.iter().map(|text| segments(text)).collect::<Result<_, _>>()?;
        Ok(Self { anchor, alternatives })
    }

    /// Reads a pattern of the paths of URLs, which start with `/`. There a `/` at the end is a segment
    /// without text.
    pub(crate) fn parse_url(text: &str) -> Result<Self, PatternError> {
        let last = || Segment::Literal(String::new());
        match text.strip_suffix('/') {
            None => Self::parse(text),
            Some("") => Ok(Self { anchor: Anchor::Root, alternatives: vec![vec![last()]] }),
            Some(body) => {
                let mut pattern = Self::parse(body)?;
                for alternative in &mut pattern.alternatives {
                    alternative.push(last());
                }
                Ok(pattern)
            }
        }
    }
}

fn segments(text: &str) -> Result<Vec<Segment>, PatternError> {
    text.split('/').map(segment).collect()
}

fn segment(text: &str) -> Result<Segment, PatternError> {
    match text {
        "" => {
            return error(
                "pattern has an empty segment",
                "write one `/` between segments and none at the end; `dir/**` means everything below `dir`",
            );
        }
        "." | ".." => return error("pattern has a `.` or `..` segment", "write the path that it means"),
        "**" => return Ok(Segment::Globstar),
        _ => {}
    }
    if text.contains("**") {
        return error(
            "`**` is glued to other text",
            "`**` stands for whole segments, as in `src/**/*.rs`; inside a segment write `*`",
        );
    }
    let atoms = atoms(text)?;
    let literal: Option<String> =
        atoms.iter().map(|atom| if let Atom::Char(c) = atom { Some(*c) } else { None }).collect();
    Ok(literal.map_or_else(|| Segment::Glob(SegmentGlob::new(atoms)), Segment::Literal))
}

fn atoms(text: &str) -> Result<Vec<Atom>, PatternError> {
    let mut atoms = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        atoms.push(match c {
            '*' => Atom::Star,
            '?' => Atom::One,
            '[' => class(&mut chars)?,
            ']' => return error("`]` without `[`", "write `[]]` for a literal `]`"),
            other => Atom::Char(other),
        });
    }
    Ok(atoms)
}

fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Atom, PatternError> {
    let negated = chars.next_if(|c| matches!(c, '!' | '^')).is_some();
    let mut ranges = Vec::new();
    loop {
        let Some(low) = chars.next() else {
            return error("`[` without `]`", "close the class, or write `[[]` for a literal `[`");
        };
        if low == ']' && !ranges.is_empty() {
            return Ok(Atom::Class { negated, ranges });
        }
        let mut high = low;
        if chars.peek() == Some(&'-') {
            chars.next();
            match chars.next() {
                Some(']') => {
                    ranges.extend([(low, low), ('-', '-')]);
                    return Ok(Atom::Class { negated, ranges });
                }
                Some(end) => high = end,
                None => return error("`[` without `]`", "close the class, or write `[[]` for a literal `[`"),
            }
        }
        if high < low {
            return error("range runs backwards", "write the smaller character first, as in `[a-z]`");
        }
        ranges.push((low, high));
    }
}

/// `a{b,c}d` is `abd` and `acd`; braces may nest and may hold separators.
pub(super) fn expand_braces(text: &str) -> Result<Vec<String>, PatternError> {
    let mut done = Vec::new();
    let mut work = vec![text.to_owned()];
    while let Some(text) = work.pop() {
        if work.len() + done.len() >= BRACE_ALTERNATIVES_MAX {
            return error("braces spell out more than 64 alternatives", "split the pattern into several");
        }
        let Some((before, choices, after)) = first_brace(&text)? else {
            done.push(text);
            continue;
        };
        work.extend(choices.iter().rev().map(|choice| format!("{before}{choice}{after}")));
    }
    Ok(done)
}

type Brace<'a> = (&'a str, Vec<&'a str>, &'a str);

/// The first `{…}` outside a class, split at its own commas.
fn first_brace(text: &str) -> Result<Option<Brace<'_>>, PatternError> {
    let (mut depth, mut in_class, mut open, mut from) = (0_usize, false, 0, 0);
    let mut choices = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            '[' if !in_class => in_class = true,
            ']' => in_class = false,
            '{' if !in_class => {
                depth += 1;
                if depth == 1 {
                    (open, from) = (at, at + 1);
                }
            }
            ',' if depth == 1 && !in_class => {
                choices.extend(text.get(from..at));
                from = at + 1;
            }
            '}' if !in_class => {
                if depth == 0 {
                    return error("`}` without `{`", "write `[}]` for a literal `}`");
                }
                depth -= 1;
                if depth == 0 {
                    choices.extend(text.get(from..at));
                    if choices.len() < 2 {
                        return error(
                            "braces hold a single alternative",
                            "write `{a,b}`, or leave the braces out",
                        );
                    }
                    let before = text.get(..open).unwrap_or_default();
                    return Ok(Some((before, choices, text.get(at + 1..).unwrap_or_default())));
                }
            }
            _ => {}
        }
    }
    if depth > 0 {
        return error("`{` without `}`", "close the braces, or write `[{]` for a literal `{`");
    }
    Ok(None)
}
