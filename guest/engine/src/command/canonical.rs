//! Canonical text of a command (SH5), and the text that a deny looks at where words have holes.

use std::borrow::Cow;

use crate::shell::{Word, hole};

/// Text that bash would read differently if it stood there without quotes.
fn needs_quotes(text: &str) -> bool {
    text.is_empty()
        || text.starts_with('#')
        || text.bytes().any(|byte| b" \t\n\r|&;()<>'\"\\$`".contains(&byte))
}

/// Appends a word, quoted if its text has blanks or metacharacters.
pub(crate) fn push_word(out: &mut String, text: &str) {
    if !needs_quotes(text) {
        out.push_str(text);
        return;
    }
    out.push('\'');
    out.push_str(&text.replace('\'', r"'\''"));
    out.push('\'');
}

/// Decoded words joined by one blank. Holes stay in it: only a `*` of a pattern takes them.
pub(crate) fn canonical(words: &[Word<'_>]) -> String {
    let mut text = String::with_capacity(words.iter().map(|word| word.text.len() + 1).sum());
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            text.push(' ');
        }
        push_word(&mut text, &word.text);
    }
    text
}

/// The same with words left out that bash drops if their expansion is empty.
pub(crate) fn vanished(words: &[Word<'_>]) -> Option<String> {
    let vanishes =
        |word: &Word<'_>| word.has_holes && !word.quoted && word.text.chars().all(|c| c == hole::WORDS);
    words
        .iter()
        .any(vanishes)
        .then(|| canonical(&words.iter().filter(|word| !vanishes(word)).cloned().collect::<Vec<_>>()))
}

/// What a deny has to look at: every text that the command may become is covered by this text
/// with its holes. The same as [`canonical`] where there are none.
pub(crate) fn possible<'t>(words: &[Word<'_>], canonical: &'t str) -> Cow<'t, str> {
    if !words.iter().any(|word| word.has_holes || word.tilde) {
        return Cow::Borrowed(canonical);
    }
    let mut text = String::new();
    let mut vanished = false;
    for (index, word) in words.iter().enumerate() {
        // A word that may be none at all takes the blanks around it along.
        let vanishes = !word.quoted && !word.text.is_empty() && word.text.chars().all(|c| c == hole::WORDS);
        if index > 0 && !vanishes && !vanished {
            text.push(' ');
        }
        vanished = vanishes;
        if word.tilde {
            // `~user` is some directory.
            let rest = word.text.find('/').and_then(|at| word.text.get(at..)).unwrap_or_default();
            text.push(hole::TEXT);
            push_word_with_holes(&mut text, rest);
        } else {
            push_word_with_holes(&mut text, &word.text);
        }
        if word.text.contains([hole::GLOB, hole::ONE]) {
            // A pattern of file names may become several words.
            text.push(hole::WORDS);
        }
    }
    Cow::Owned(text)
}

fn push_word_with_holes(out: &mut String, text: &str) {
    if text.contains(hole::is_hole) {
        out.push_str(text);
    } else if !text.is_empty() {
        push_word(out, text);
    }
}
