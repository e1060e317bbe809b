//! `find`: the programs that it runs for what it finds (B9).

use std::borrow::Cow;

use super::wrappers::Peeled;
use crate::shell::{Word, hole};

/// Every `-exec`, `-execdir`, `-ok` and `-okdir` of a `find`.
pub(super) fn find<'a>(arguments: &[Word<'a>]) -> Peeled<'a> {
    let mut inner = Vec::new();
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        if !matches!(word.text.as_ref(), "-exec" | "-execdir" | "-ok" | "-okdir") {
            continue;
        }
        let mut command: Vec<Word<'a>> = Vec::new();
        let mut closed = false;
        for word in rest.by_ref() {
            let many = word.text == "+" && command.last().is_some_and(|last| last.has_holes);
            if word.text == ";" || many {
                closed = true;
                break;
            }
            let mut word = word.clone();
            if word.text.contains("{}") {
                word.text = Cow::Owned(word.text.replace("{}", &hole::TEXT.to_string()));
                word.has_holes = true;
            }
            command.push(word);
        }
        if !closed || command.is_empty() {
            return Peeled::Unknown("a `find -exec` without an end");
        }
        inner.push(command);
    }
    if inner.is_empty() {
        return Peeled::Plain;
    }
    Peeled::Commands { inner, transparent: false, assignments: Vec::new(), moves: false }
}
