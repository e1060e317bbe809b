//! Regular expressions of Python and JavaScript, written again for the engine's own reader.
//!
//! What needs backtracking has no place in a decision: look-around, back-references, atomic groups
//! and possessive quantifiers are mistakes here, with what to write instead. The rest differs in
//! spelling only, and in two places in meaning: where `$` matches, and what `\w` knows.

use std::fmt::Write as _;

/// Whose expression it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flavour {
    Python,
    JavaScript,
}

/// What happens where the expression matches. Where two readings are possible, the stricter one is
/// taken, and this says which one that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sense {
    /// The call is held back: match rather more.
    Catches,
    /// The call is let through: match rather less.
    Permits,
}

/// An expression in our notation.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Translated {
    pub(super) pattern: String,
    /// It uses classes that know all letters there, and those of ASCII here.
    pub(super) is_ascii_here: bool,
}

/// Why an expression has no counterpart, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unlike {
    pub(super) message: String,
    pub(super) help: &'static str,
}

const LOOK: &str = "time is not bounded with look-around: say what may match, or use two conditions, one of them \
                    with `not_contains`";
const BACK: &str = "time is not bounded with back-references: write out what may repeat";
const ATOMIC: &str = "nothing backtracks here, so a plain group or quantifier does the same";
const ESCAPE: &str = "write the character itself, or `\\xHH`";
const FLAGS: &str = "the flags `i`, `m` and `s` are known; write the expression without the others";

fn unlike<T>(message: impl Into<String>, help: &'static str) -> Result<T, Unlike> {
    Err(Unlike { message: message.into(), help })
}

/// Writes the expression again.
pub(super) fn translate(text: &str, flavour: Flavour, sense: Sense) -> Result<Translated, Unlike> {
    let mut reader = Reader {
        rest: text.chars().collect::<Vec<_>>().into_iter().rev().collect(),
        flavour,
        sense,
        out: Translated { pattern: String::with_capacity(text.len() + 8), is_ascii_here: false },
    };
    reader.expression()?;
    Ok(reader.out)
}

/// A literal text in our notation.
pub(super) fn literal(c: char, out: &mut String) {
    if r"\.+*?()|[]{}^$".contains(c) {
        out.push('\\');
    }
    out.push(c);
}

/// A character of a class in our notation.
pub(super) fn class_literal(c: char, out: &mut String) {
    if r"\[]^-&~".contains(c) {
        // As a code, since not each of them may be escaped.
        let _ = write!(out, "\\x{:02X}", u32::from(c));
    } else {
        out.push(c);
    }
}

struct Reader {
    /// What is still to be read, last character first.
    rest: Vec<char>,
    flavour: Flavour,
    sense: Sense,
    out: Translated,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.rest.last().copied()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.rest.pop();
        }
        found
    }

    fn push(&mut self, text: &str) {
        self.out.pattern.push_str(text);
    }

    fn expression(&mut self) -> Result<(), Unlike> {
        while let Some(c) = self.rest.pop() {
            match c {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                '$' if self.flavour == Flavour::Python && self.sense == Sense::Catches => {
                    // Python's also matches before a line break at the end.
                    self.push("(?:\\n?$)");
                }
                '*' | '+' | '?' => {
                    self.out.pattern.push(c);
                    self.after_quantifier()?;
                }
                '{' => self.repetition()?,
                '}' | ']' => literal(c, &mut self.out.pattern),
                other => self.out.pattern.push(other),
            }
        }
        Ok(())
    }

    fn after_quantifier(&mut self) -> Result<(), Unlike> {
        if self.take('?') {
            self.push("?");
        }
        if self.peek() == Some('+') {
            return unlike("possessive quantifier in the expression", ATOMIC);
        }
        Ok(())
    }

    /// `{2}`, `{2,}`, `{2,3}`, `{,3}`; a brace that begins none of them is a character.
    fn repetition(&mut self) -> Result<(), Unlike> {
        let inside: String = self.rest.iter().rev().take_while(|c| **c != '}').collect();
        let is_closed = inside.chars().count() < self.rest.len();
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let bounds = match inside.split_once(',') {
            None if digits(&inside) && !inside.is_empty() => Some(inside.clone()),
            Some(("", high)) if self.flavour == Flavour::Python && digits(high) => Some(format!("0,{high}")),
            Some((low, high)) if !low.is_empty() && digits(low) && digits(high) => Some(inside.clone()),
            None | Some(_) => None,
        };
        match bounds.filter(|_| is_closed) {
            None => self.push("\\{"),
            Some(bounds) => {
                let _ = write!(self.out.pattern, "{{{bounds}}}");
                let left = self.rest.len().saturating_sub(inside.chars().count() + 1);
                self.rest.truncate(left);
                self.after_quantifier()?;
            }
        }
        Ok(())
    }

    fn group(&mut self) -> Result<(), Unlike> {
        if !self.take('?') {
            self.push("(");
            return Ok(());
        }
        let look = "look-around in the expression";
        match self.rest.pop() {
            Some(':') => self.push("(?:"),
            Some('=' | '!') => return unlike(look, LOOK),
            Some('<') if matches!(self.peek(), Some('=' | '!')) => return unlike(look, LOOK),
            Some('<') => self.name()?,
            Some('P') if self.take('<') => self.name()?,
            Some('P' | '(') => return unlike("back-reference in the expression", BACK),
            Some('>') => return unlike("atomic group in the expression", ATOMIC),
            Some('#') => while self.rest.pop().is_some_and(|c| c != ')') {},
            Some(flag) => self.flags(flag)?,
            None => return unlike("unfinished group in the expression", "close it"),
        }
        Ok(())
    }

    /// Names are for back-references, so nobody needs them here.
    fn name(&mut self) -> Result<(), Unlike> {
        while let Some(c) = self.rest.pop() {
            if c == '>' {
                self.push("(?:");
                return Ok(());
            }
        }
        unlike("unfinished name of a group in the expression", "close it")
    }

    fn flags(&mut self, first: char) -> Result<(), Unlike> {
        let mut next = Some(first);
        let mut kept = String::new();
        while let Some(c) = next {
            match c {
                'i' | 'm' | 's' | '-' => kept.push(c),
                // What `a` and `u` choose between is the same here.
                'a' | 'u' => {}
                ')' | ':' => {
                    let kept = kept.trim_end_matches('-');
                    self.out.is_ascii_here |= kept.contains('i');
                    match (kept, c) {
                        ("", ')') => {}
                        (flags, end) => {
                            let _ = write!(self.out.pattern, "(?{flags}{end}");
                        }
                    }
                    return Ok(());
                }
                other => return unlike(format!("flag `{}` in the expression", other.escape_debug()), FLAGS),
            }
            next = self.rest.pop();
        }
        unlike("unfinished flags in the expression", "close the group")
    }

    fn escape(&mut self) -> Result<(), Unlike> {
        match self.peek() {
            Some('1'..='9' | 'k') => return unlike("back-reference in the expression", BACK),
            Some(c @ ('b' | 'B')) => {
                self.rest.pop();
                self.out.is_ascii_here |= self.flavour == Flavour::Python;
                let _ = write!(self.out.pattern, "\\{c}");
            }
            Some('A') if self.flavour == Flavour::Python => {
                self.rest.pop();
                self.push("\\A");
            }
            Some('Z') if self.flavour == Flavour::Python => {
                self.rest.pop();
                self.push("\\z");
            }
            Some(_) | None => {
                if let Some(c) = self.escaped_character()? {
                    literal(c, &mut self.out.pattern);
                }
            }
        }
        Ok(())
    }

    /// What is escaped, inside of a class and outside; `None` for a class, which is written.
    fn escaped_character(&mut self) -> Result<Option<char>, Unlike> {
        let Some(c) = self.rest.pop() else {
            return unlike("the expression ends with a backslash", "write two, or remove it");
        };
        let found = match c {
            'd' | 'D' | 'w' | 'W' | 's' | 'S' => {
                self.out.is_ascii_here |= self.flavour == Flavour::Python;
                let _ = write!(self.out.pattern, "\\{c}");
                return Ok(None);
            }
            'a' if self.flavour == Flavour::Python => '\u{7}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            'x' => self.code(2)?,
            'u' => self.code(4)?,
            'U' if self.flavour == Flavour::Python => self.code(8)?,
            other if other.is_ascii_alphanumeric() => {
                return unlike(format!("escape `\\{other}` in the expression"), ESCAPE);
            }
            other => other,
        };
        Ok(Some(found))
    }

    fn code(&mut self, digits: usize) -> Result<char, Unlike> {
        let at = self.rest.len().saturating_sub(digits);
        let hex: String = self.rest.split_off(at).into_iter().rev().collect();
        let code = u32::from_str_radix(&hex, 16).ok().filter(|_| hex.len() == digits && !hex.contains('+'));
        match code.and_then(char::from_u32) {
            Some(c) => Ok(c),
            None => unlike("escape of no character in the expression", ESCAPE),
        }
    }

    fn class(&mut self) -> Result<(), Unlike> {
        self.push("[");
        if self.take('^') {
            self.push("^");
        }
        if self.peek() == Some(']') {
            if self.flavour == Flavour::JavaScript {
                return unlike("empty class in the expression", "name the characters");
            }
            self.rest.pop();
            self.push("\\]");
        }
        let start = self.out.pattern.len();
        while let Some(c) = self.rest.pop() {
            match c {
                ']' => {
                    self.push("]");
                    return Ok(());
                }
                '\\' if self.take('b') => self.push("\\x08"),
                '\\' => {
                    if let Some(c) = self.escaped_character()? {
                        class_literal(c, &mut self.out.pattern);
                    }
                }
                // A range up to a dash, or two dashes: nobody can tell.
                '-' if self.out.pattern.len() > start && self.peek() == Some('-') => {
                    return unlike("two dashes in a class of the expression", "write `\\-` for a dash");
                }
                // Between two characters it makes a range, elsewhere it is one itself.
                '-' if self.out.pattern.len() > start && !matches!(self.peek(), Some(']') | None) => {
                    self.push("-");
                }
                other => class_literal(other, &mut self.out.pattern),
            }
        }
        unlike("unfinished class in the expression", "close it with `]`")
    }
}

#[cfg(test)]
mod tests;
