//! Where in a tool's input a value stands: a plain name, or a query of RFC 9535 that selects one
//! value, and `[*]` for each element of a list.

use crate::limits::PATH_STEPS_MAX;

/// A path from the tool's input to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path(Vec<Step>);

/// One step down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Name(String),
    Index(Index),
    Each,
}

/// A place in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Index {
    FromStart(usize),
    /// From 1, which is the last.
    FromEnd(usize),
}

impl Index {
    /// The place in a list of this length.
    pub(crate) fn of(self, length: usize) -> Option<usize> {
        match self {
            Self::FromStart(at) => Some(at),
            Self::FromEnd(back) => length.checked_sub(back),
        }
    }
}

/// Why a text is not a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PathError(pub(crate) &'static str);

const PLAIN: &str = "a plain name has letters, digits, `_` and `-`; write another one as `$['the.name']`";
const QUOTE: &str = "a name in brackets is quoted: `$['the name']`";
const INDEX: &str = "in brackets stands a quoted name, a whole number without needless zeros, or `*`";

impl Path {
    /// Reads a path.
    pub(crate) fn parse(text: &str) -> Result<Self, PathError> {
        let Some(mut rest) = text.strip_prefix('$') else {
            let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
            return if !text.is_empty() && text.chars().all(is_plain) {
                Ok(Self(vec![Step::Name(text.to_owned())]))
            } else {
                Err(PathError(PLAIN))
            };
        };
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, after) = if let Some(after) = rest.strip_prefix('.') {
                dotted(after)?
            } else if let Some(after) = rest.strip_prefix('[') {
                bracketed(after.trim_start_matches(' '))?
            } else {
                return Err(PathError("after `$` comes `.name` or `[…]`"));
            };
            steps.push(step);
            rest = after;
            if steps.len() > PATH_STEPS_MAX {
                return Err(PathError("it goes too deep"));
            }
        }
        Ok(Self(steps))
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.0
    }
}

fn dotted(text: &str) -> Result<(Step, &str), PathError> {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
    let end = text.find(|c: char| !is_first(c) && !c.is_ascii_digit()).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    if !name.starts_with(is_first) {
        return Err(PathError(
            "after a dot comes a name of letters, digits and `_`; write another one as `['the.name']`",
        ));
    }
    Ok((Step::Name(name.to_owned()), rest))
}

fn bracketed(text: &str) -> Result<(Step, &str), PathError> {
    let (step, rest) = if let Some(quote) = text.chars().next().filter(|c| matches!(c, '\'' | '"')) {
        quoted(text.get(1..).unwrap_or_default(), quote)?
    } else if let Some(rest) = text.strip_prefix('*') {
        (Step::Each, rest)
    } else {
        let end = text.find([']', ' ']).unwrap_or(text.len());
        let (number, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        (Step::Index(index(number).ok_or(PathError(INDEX))?), rest)
    };
    let rest = rest.trim_start_matches(' ').strip_prefix(']');
    Ok((step, rest.ok_or(PathError("a bracket is not closed, or holds more than one thing"))?))
}

/// A whole number as RFC 9535 writes it: no zeros in front, no `-0`, at most 2^53 - 1.
fn index(text: &str) -> Option<Index> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.starts_with('0') && text != "0" || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value = digits.parse::<u64>().ok().filter(|value| *value < 1 << 53)?;
    // Where it does not fit the machine, no list has so many entries.
    let value = usize::try_from(value).unwrap_or(usize::MAX);
    Some(if text.starts_with('-') { Index::FromEnd(value) } else { Index::FromStart(value) })
}

/// A name up to its closing quote, with the escapes of RFC 9535.
fn quoted(text: &str, quote: char) -> Result<(Step, &str), PathError> {
    let mut name = String::new();
    let mut rest = text.chars();
    loop {
        match rest.next() {
            None => return Err(PathError(QUOTE)),
            Some(c) if c == quote => return Ok((Step::Name(name), rest.as_str())),
            Some('\\') => name.push(escape(&mut rest, quote)?),
            Some(c) => name.push(c),
        }
    }
}

fn escape(rest: &mut std::str::Chars<'_>, quote: char) -> Result<char, PathError> {
    const UNKNOWN: PathError = PathError("an escape that a name does not know; write `\\\\` for a backslash");
    match rest.next() {
        Some('b') => Ok('\u{8}'),
        Some('f') => Ok('\u{c}'),
        Some('n') => Ok('\n'),
        Some('r') => Ok('\r'),
        Some('t') => Ok('\t'),
        Some(c @ ('/' | '\\')) => Ok(c),
        Some(c) if c == quote => Ok(c),
        Some('u') => {
            let high = hex4(rest).ok_or(UNKNOWN)?;
            if !(0xd800..0xdc00).contains(&high) {
                return char::from_u32(high).ok_or(UNKNOWN);
            }
            let is_pair = rest.next() == Some('\\') && rest.next() == Some('u');
            let low = hex4(rest).filter(|low| is_pair && (0xdc00..0xe000).contains(low)).ok_or(UNKNOWN)?;
            char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)).ok_or(UNKNOWN)
        }
        Some(_) | None => Err(UNKNOWN),
    }
}

fn hex4(rest: &mut std::str::Chars<'_>) -> Option<u32> {
    (0..4).try_fold(0, |code, _| Some(code * 16 + rest.next()?.to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_names_and_queries_for_one_value() {
        let name = |text: &str| Step::Name(text.to_owned());
        for (text, steps) in [
            ("amount", vec![name("amount")]),
            ("issue-number_2", vec![name("issue-number_2")]),
            ("größe", vec![name("größe")]),
            ("$", vec![]),
            (
                "$.a.b[0]['odd.key']",
                vec![name("a"), name("b"), Step::Index(Index::FromStart(0)), name("odd.key")],
            ),
            ("$['a'][\"b\"]", vec![name("a"), name("b")]),
            ("$[ 'a' ][ -1 ][ * ]", vec![name("a"), Step::Index(Index::FromEnd(1)), Step::Each]),
            (r"$['it\'s']", vec![name("it's")]),
            (r#"$["it's \"x\" \\ \/ \t\u00e9\ud83d\ude00"]"#, vec![name("it's \"x\" \\ / \té😀")]),
            ("$['']", vec![name("")]),
            ("$['$']['@toolName']", vec![name("$"), name("@toolName")]),
            ("$.größe", vec![name("größe")]),
        ] {
            assert_eq!(Path::parse(text), Ok(Path(steps)), "{text}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        let deep = format!("${}", "[0]".repeat(PATH_STEPS_MAX + 1));
        for text in [
            "",
            "a.b",
            "a b",
            "a[0]",
            "@nothing",
            "$a",
            "$.",
            "$..a",
            "$.a-b",
            "$.1",
            "$.*",
            "$[]",
            "$[a]",
            "$[01]",
            "$[-0]",
            "$[1.5]",
            "$[0",
            "$['a",
            "$['a]",
            "$['a''b']",
            "$['a','b']",
            "$[0:2]",
            "$[?@.a]",
            "$ .a",
            r"$['\x']",
            r"$['\ud83d']",
            r"$['\ude00']",
            "$[9007199254740992]",
            "$[--1]",
            "$[+1]",
            &deep,
        ] {
            assert!(Path::parse(text).is_err(), "{text}");
        }
    }
}
