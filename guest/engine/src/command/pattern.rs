//! Command patterns (SH6, 15.7): `*` is any text inside one command, `|` joins stages, everything
//! else is literal.

use std::borrow::Cow;

use memchr::memmem;

use super::canonical::push_word;
use crate::shell::hole;

/// One pattern of `bash.allow` or `bash.deny`.
#[derive(Clone, Debug)]
pub(crate) struct CommandPattern {
    stages: Vec<Glob>,
    /// Blanks collapsed, quotes as written: what the raw text is compared with.
    raw: Glob,
    /// The words as written, to see what a pattern names literally.
    words: Vec<String>,
}

/// Text with stars, in time linear in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Glob {
    /// Literal pieces between the stars. One piece: no star.
    pieces: Vec<String>,
    /// The pattern without its final ` *`, which it also matches (15.1).
    bare: Option<String>,
}

impl CommandPattern {
    /// Reads a pattern. Every text is one; what makes little sense is for the checker to say.
    pub(crate) fn parse(text: &str) -> Self {
        let collapsed = collapse(text);
        let stages = canonical_stages(text).unwrap_or_else(|| vec![collapsed.clone().into_owned()]);
        Self {
            stages: stages.iter().map(|stage| Glob::new(stage)).collect(),
            raw: Glob::new(&collapsed),
            words: collapsed.split(' ').map(str::to_owned).collect(),
        }
    }

    /// One per pipeline stage.
    pub(crate) fn stages(&self) -> &[Glob] {
        &self.stages
    }

    pub(crate) fn raw(&self) -> &Glob {
        &self.raw
    }

    pub(crate) fn words(&self) -> &[String] {
        &self.words
    }

    /// Whether there is a star in it.
    pub(crate) fn is_exact(&self) -> bool {
        self.stages.iter().all(|stage| stage.pieces.len() == 1)
    }

    /// Whether the pattern is `<tool> *` and nothing more.
    pub(crate) fn is_whole_tool(&self) -> bool {
        matches!(self.words.as_slice(), [tool, star] if star == "*" && !tool.contains('*'))
    }

    /// Whether a word of the pattern spells this option or subcommand out.
    pub(crate) fn names(&self, literal: &str) -> bool {
        self.words.iter().skip(1).any(|word| {
            let word = word.trim_matches(['\'', '"']);
            let own = word.split('*').next().unwrap_or_default();
            own == literal
                || own.starts_with(literal)
                    && own.get(literal.len()..).is_some_and(|rest| rest.starts_with(['=', ':']))
        })
    }

    /// Whether the pattern's program name is this very word.
    pub(crate) fn names_program(&self, program: &str) -> bool {
        self.words.first().is_some_and(|word| word == program)
    }

    /// The longest literal text of the pattern.
    pub(crate) fn longest_literal(&self) -> &str {
        let pieces = self.stages.iter().flat_map(|stage| &stage.pieces);
        pieces.map(|piece| piece.trim()).max_by_key(|piece| piece.len()).unwrap_or_default()
    }
}

/// Blanks at the ends dropped, runs of them made one.
pub(crate) fn collapse(text: &str) -> Cow<'_, str> {
    let is_plain = !text.starts_with(' ')
        && !text.ends_with(' ')
        && memmem::find(text.as_bytes(), b"  ").is_none()
        && memchr::memchr2(b'\t', b'\n', text.as_bytes()).is_none();
    if is_plain {
        return Cow::Borrowed(text);
    }
    let collapsed =
        text.split([' ', '\t', '\n']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    Cow::Owned(collapsed)
}

/// The pattern as the canonical text of commands would spell it; `None` if its quotes do not
/// pair up, so that they can only be meant literally.
fn canonical_stages(text: &str) -> Option<Vec<String>> {
    let mut stages = vec![String::new()];
    let mut chars = text.chars().peekable();
    // The word being read, and whether quotes say that it is one word whatever it holds.
    let mut word = String::new();
    let mut quoted = false;
    let finish = |stages: &mut Vec<String>, word: &mut String, quoted: &mut bool| {
        if let Some(stage) = stages.last_mut().filter(|_| *quoted || !word.is_empty()) {
            if !stage.is_empty() {
                stage.push(' ');
            }
            if *quoted { push_word(stage, word) } else { stage.push_str(word) }
        }
        word.clear();
        *quoted = false;
    };
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                quoted = true;
                loop {
                    match chars.next()? {
                        end if end == c => break,
                        '\\' if c == '"' && matches!(chars.peek(), Some('"' | '\\' | '$' | '`')) => {
                            word.extend(chars.next())
                        }
                        other => word.push(other),
                    }
                }
            }
            ' ' | '\t' => finish(&mut stages, &mut word, &mut quoted),
            '|' => {
                finish(&mut stages, &mut word, &mut quoted);
                stages.push(String::new());
            }
            other => word.push(other),
        }
    }
    finish(&mut stages, &mut word, &mut quoted);
    // `a || b` and a leading or trailing bar are no pipeline.
    stages.iter().all(|stage| !stage.is_empty()).then_some(stages)
}

impl Glob {
    pub(crate) fn new(text: &str) -> Self {
        let mut pieces: Vec<String> = text.split('*').map(str::to_owned).collect();
        // `**` is `*`.
        let last = pieces.len().saturating_sub(1);
        let mut index = 0;
        pieces.retain(|piece| {
            let keep = index == 0 || index == last || !piece.is_empty();
            index += 1;
            keep
        });
        let bare = text.strip_suffix(" *").filter(|bare| !bare.is_empty()).map(str::to_owned);
        Self { pieces, bare }
    }

    /// The text that every match starts with. The bare form may be shorter by its blank.
    pub(crate) fn prefix(&self) -> &str {
        let prefix = self.pieces.first().map_or("", String::as_str);
        match &self.bare {
            Some(bare) if !bare.contains('*') => bare,
            Some(_) | None => prefix,
        }
    }

    /// Whether the text is one of the pattern's. A hole in it is taken by a star only.
    pub(crate) fn matches(&self, text: &str) -> bool {
        glob(&self.pieces, text)
            || self.bare.as_ref().is_some_and(|bare| {
                if bare.contains('*') { Self::new_plain(bare).matches(text) } else { bare == text }
            })
    }

    fn new_plain(text: &str) -> Self {
        Self { bare: None, ..Self::new(text) }
    }

    /// Whether the text, whatever its holes become, may be one of the pattern's.
    pub(crate) fn may_match(&self, text: &str) -> bool {
        if !text.contains(hole::is_hole) {
            return self.matches(text);
        }
        may_match(&self.pieces.join("*"), text)
            || self.bare.as_ref().is_some_and(|bare| may_match(bare, text))
    }

    /// What one attempt costs at most, in bytes compared.
    pub(crate) fn cost(&self, text: &str) -> u64 {
        let holes = text.bytes().any(|byte| byte < 5);
        let width =
            if holes { self.pieces.iter().map(|piece| piece.len() + 1).sum() } else { self.pieces.len() };
        (text.len() as u64).saturating_mul(if holes { width.div_ceil(8) as u64 + 1 } else { 1 })
    }
}

/// Sequential search for the pieces: each as early as it can be, which is right for stars.
fn glob(pieces: &[String], text: &str) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return false };
    let Some((last, middle)) = rest.split_last() else { return first == text };
    let Some(text) = text.strip_prefix(first.as_str()).and_then(|text| text.strip_suffix(last.as_str()))
    else {
        return false;
    };
    let mut text = text.as_bytes();
    for piece in middle {
        let Some(at) = memmem::find(text, piece.as_bytes()) else { return false };
        text = text.get(at + piece.len()..).unwrap_or_default();
    }
    true
}

/// Whether pattern and text with holes share a text: all positions of the pattern at once.
fn may_match(pattern: &str, text: &str) -> bool {
    let pattern = pattern.as_bytes();
    let mut now = vec![false; pattern.len() + 1];
    if let Some(first) = now.first_mut() {
        *first = true;
    }
    pass_stars(pattern, &mut now);
    let mut next = vec![false; pattern.len() + 1];
    for byte in text.bytes() {
        let c = char::from(byte);
        if hole::is_hole(c) {
            // The hole may spell any further part of the pattern; a file name has no blanks.
            let blanks = matches!(c, hole::TEXT | hole::WORDS);
            let mut reached = false;
            for (at, state) in now.iter_mut().enumerate() {
                reached |= *state;
                *state = reached;
                reached &= pattern.get(at).is_some_and(|own| blanks || *own != b' ');
            }
            continue;
        }
        next.fill(false);
        let mut alive = false;
        for (at, own) in pattern.iter().enumerate() {
            if !now.get(at).copied().unwrap_or(false) {
                continue;
            }
            let target = if *own == b'*' { at } else { at + 1 };
            if *own == b'*' || *own == byte {
                alive = true;
                if let Some(state) = next.get_mut(target) {
                    *state = true;
                }
            }
        }
        if !alive {
            return false;
        }
        std::mem::swap(&mut now, &mut next);
        pass_stars(pattern, &mut now);
    }
    now.last().copied().unwrap_or(false)
}

fn pass_stars(pattern: &[u8], states: &mut [bool]) {
    for (at, own) in pattern.iter().enumerate() {
        if *own == b'*'
            && states.get(at).copied().unwrap_or(false)
            && let Some(state) = states.get_mut(at + 1)
        {
            *state = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CommandPattern, Glob};

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: bool) {
        let pattern = CommandPattern::parse(pattern);
        assert_eq!(pattern.stages()[0].matches(text), expected, "{pattern:?} on {text:?}");
    }

    #[test]
    fn stars_and_bare_commands() {
        check("git *", "git", true);
        check("git *", "git status", true);
        check("git *", "gitk", false);
        check("git *", "git ", true);
        check("npm test", "npm test", true);
        check("npm test", "npm testing", false);
        check("npm   test ", "npm test", true);
        check("kubectl apply * --namespace=uat*", "kubectl apply -f x --namespace=uat1", true);
        check("kubectl apply * --namespace=uat*", "kubectl apply -f x", false);
        check("curl *POST*", "curl -XPOST http://x", true);
        check("a*b*c", "abc", true);
        check("a*bc", "abcbc", true);
        check("a*b*b", "ab", false);
        check("*", "", true);
        check("echo \"a b\"", "echo 'a b'", true);
        check("echo it's *", "echo it's me", true);
    }

    #[test]
    fn holes_may_become_anything_that_bash_could_make_of_them() {
        let pattern = Glob::new("rm -rf *");
        assert!(pattern.may_match("rm\u{4}"));
        assert!(pattern.may_match("\u{4}/"));
        assert!(pattern.may_match("rm -\u{3} /"));
        assert!(pattern.may_match("rm \u{1}\u{4}"));
        assert!(!pattern.may_match("rm \u{1}.log"));
        assert!(!pattern.may_match("git log \u{3}"));
        assert!(!Glob::new("rm x").may_match("rm \u{1}.log"));
    }
}
