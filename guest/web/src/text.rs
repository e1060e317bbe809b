//! Places in a text as browsers count them: UTF-16 code units, lines and columns.

use sentinel_engine::Span;
use serde::Serialize;

/// How far apart the places are whose count is kept, in bytes.
const STRIDE: usize = 512;

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Range {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// From 1.
    pub(crate) line: usize,
    /// From 1, in characters.
    pub(crate) column: usize,
}

/// A text whose places can be asked for in any order, each in bounded time.
pub(crate) struct Places<'t> {
    text: &'t str,
    marks: Vec<Mark>,
}

/// What was counted before a place.
#[derive(Clone, Copy, Default)]
struct Mark {
    byte: usize,
    units: usize,
    lines: usize,
    /// Characters since the line began.
    column: usize,
}

impl Mark {
    const fn pass(&mut self, c: char) {
        self.byte += c.len_utf8();
        self.units += c.len_utf16();
        (self.lines, self.column) =
            if c == '\n' { (self.lines + 1, 0) } else { (self.lines, self.column + 1) };
    }
}

impl<'t> Places<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let (mut marks, mut at) = (vec![Mark::default()], Mark::default());
        for c in text.chars() {
            at.pass(c);
            if marks.last().is_none_or(|last| at.byte - last.byte >= STRIDE) {
                marks.push(at);
            }
        }
        Self { text, marks }
    }

    /// What stands before a byte; of one inside a character, before that character.
    fn before(&self, byte: usize) -> Mark {
        let next = self.marks.partition_point(|mark| mark.byte <= byte);
        let mut at = next.checked_sub(1).and_then(|at| self.marks.get(at)).copied().unwrap_or_default();
        for c in self.text.get(at.byte..).unwrap_or_default().chars() {
            if at.byte + c.len_utf8() > byte {
                break;
            }
            at.pass(c);
        }
        at
    }

    /// The same place in UTF-16 code units.
    pub(crate) fn units(&self, byte: usize) -> usize {
        self.before(byte).units
    }

    pub(crate) fn range(&self, span: Span) -> Range {
        let (start, end) = (self.before(span.start), self.before(span.end));
        Range { start: start.units, end: end.units, line: start.lines + 1, column: start.column + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_utf_16() {
        let text = "a\né😀x\n".repeat(400);
        let places = Places::new(&text);
        let utf16 = |byte: usize| text[..byte].encode_utf16().count();
        for (byte, _) in text.char_indices() {
            assert_eq!(places.units(byte), utf16(byte), "{byte}");
        }
        assert_eq!(places.units(text.len() + 9), utf16(text.len()));
        let at = text.rfind('x').unwrap();
        let range = places.range(Span { start: at, end: at + 1 });
        assert_eq!((range.line, range.column, range.end - range.start), (800, 3, 1));
    }
}
