//! What an agent wrote, shown so that it means to the eye what it means to a machine.
//!
//! Whatever takes no column, moves the cursor, turns the line around or looks like a space is shown as
//! its code, `\u{202e}`. JSON is broken into lines between its tokens only: numbers, keys that stand
//! twice and escapes stay as they were sent. Letters of right-to-left scripts are shown as they are.

use unicode_width::UnicodeWidthChar as _;

/// One character as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Itself, and how many columns it takes.
    Plain(char, usize),
    /// A code in its place. It is ASCII, so it takes as many columns as it has letters.
    Code(String),
}

impl Unit {
    fn new(c: char) -> Self {
        match c.width() {
            Some(width) if width > 0 && !is_deceptive(c) => Self::Plain(c, width),
            _ => Self::Code(format!("\\u{{{:x}}}", u32::from(c))),
        }
    }

    pub(super) const fn width(&self) -> usize {
        match self {
            Self::Plain(_, width) => *width,
            Self::Code(code) => code.len(),
        }
    }
}

/// What has a width and still looks like nothing or like something else. All that has none is
/// caught before.
const fn is_deceptive(c: char) -> bool {
    matches!(c,
        // Spaces that are not the space.
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200f}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
        // Direction, separators, invisible operators, soft hyphens.
        | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        // Letters without a shape.
        | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{2800}' | '\u{fff0}'..='\u{ffff}'
        // Nobody knows what a private character looks like.
        | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}')
}

/// A text, character by character.
pub(super) fn units(text: &str) -> impl Iterator<Item = Unit> + '_ {
    text.chars().map(Unit::new)
}

/// One line of text, cut to so many characters.
pub(super) fn line(text: &str, chars_max: usize) -> String {
    let mut shown: String = String::new();
    for unit in units(text).take(chars_max) {
        push(&mut shown, unit);
    }
    if text.chars().nth(chars_max).is_some() {
        shown.push('…');
    }
    shown
}

/// All of a text.
pub(super) fn whole(text: &str) -> String {
    line(text, usize::MAX)
}

/// One line of text, cut to so many columns.
pub(super) fn fit(text: &str, columns: usize) -> String {
    let (mut shown, mut used) = (String::new(), 0);
    let mut rest = units(text).peekable();
    while let Some(unit) = rest.next() {
        let width = unit.width();
        // The last column is for the mark, unless nothing comes after it.
        let room = columns.saturating_sub(used);
        if width > room || (width == room && rest.peek().is_some()) {
            if room > 0 {
                shown.push('…');
            }
            return shown;
        }
        used += width;
        push(&mut shown, unit);
    }
    shown
}

fn push(shown: &mut String, unit: Unit) {
    match unit {
        Unit::Plain(c, _) => shown.push(c),
        Unit::Code(code) => shown.push_str(&code),
    }
}

/// JSON for a terminal or a program: the same values, with codes that JSON knows.
pub(super) fn json(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match Unit::new(c) {
            Unit::Plain(c, _) => shown.push(c),
            Unit::Code(_) if c == '\n' => shown.push(c),
            Unit::Code(_) => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    shown.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    shown
}

/// JSON in lines: how deep each one is, and its text. Nothing but white space between tokens is
/// added or left out.
pub(super) fn indent(text: &str) -> Vec<(usize, String)> {
    let (mut lines, mut line, mut depth) = (Vec::new(), String::new(), 0_usize);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' => string(&mut line, &mut rest),
            '{' | '[' => {
                line.push(c);
                while rest.next_if(|next| is_blank(*next)).is_some() {}
                if let Some(close) = rest.next_if(|next| matches!(next, '}' | ']')) {
                    line.push(close);
                } else {
                    lines.push((depth, std::mem::take(&mut line)));
                    depth += 1;
                }
            }
            '}' | ']' => {
                lines.push((depth, std::mem::take(&mut line)));
                depth = depth.saturating_sub(1);
                line.push(c);
            }
            ',' => {
                line.push(c);
                lines.push((depth, std::mem::take(&mut line)));
            }
            ':' => line.push_str(": "),
            c if is_blank(c) => {}
            c => line.push(c),
        }
    }
    lines.push((depth, line));
    lines
}

/// JSON in lines, as one text.
pub(super) fn pretty(text: &str) -> String {
    let lines = indent(text).into_iter().map(|(depth, line)| format!("{}{line}", "  ".repeat(depth)));
    lines.collect::<Vec<_>>().join("\n")
}

/// Copies a string of JSON, whose first quote was seen.
fn string(line: &mut String, rest: &mut impl Iterator<Item = char>) {
    line.push('"');
    while let Some(c) = rest.next() {
        line.push(c);
        match c {
            '"' => return,
            '\\' => line.extend(rest.next()),
            _ => {}
        }
    }
}

const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_deceives_is_shown_as_its_code() {
        assert_eq!(
            whole("a\u{1b}[2Jb\nc\u{202e}d\u{9b}e\u{7f}"),
            "a\\u{1b}[2Jb\\u{a}c\\u{202e}d\\u{9b}e\\u{7f}"
        );
        for hidden in [
            '\u{200b}',
            '\u{200d}',
            '\u{ad}',
            '\u{a0}',
            '\u{2060}',
            '\u{feff}',
            '\u{fe0f}',
            '\u{e0041}',
            '\u{3164}',
            '\u{61c}',
            '\u{2066}',
            '\u{301}',
            '\u{0}',
            '\u{85}',
            '\u{2028}',
            '\u{180e}',
            '\u{34f}',
            '\u{f8ff}',
            '\u{2800}',
            '\u{17b4}',
            '\u{1d173}',
        ] {
            assert_eq!(whole(&hidden.to_string()), format!("\\u{{{:x}}}", u32::from(hidden)));
        }
        assert_eq!(whole("aäö 漢字 🙂 שלום"), "aäö 漢字 🙂 שלום");
    }

    #[test]
    fn a_cut_is_marked() {
        assert_eq!(line("aäö", 2), "aä…");
        assert_eq!(fit("deploy", 6), "deploy");
        assert_eq!(fit("deploy", 4), "dep…");
        assert_eq!(fit("漢字漢", 5), "漢字…");
        assert_eq!(fit("a\u{202e}b", 4), "a…");
        assert_eq!(fit("abc", 0), "");
    }

    #[test]
    fn json_means_the_same_with_codes() {
        let text = "{\n \"a\": \"x\u{2028}\u{7f}\u{202e}ü\u{e0041}\"\n}";
        let shown = json(text);
        let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(parse(&shown), parse(text));
        assert!(
            units(&shown).filter(|unit| matches!(unit, Unit::Code(_))).all(|unit| unit == Unit::new('\n'))
        );
    }

    #[test]
    fn lines_of_json_keep_every_token() {
        let text =
            r#"{"n":1E400,"n":-0.10 ,"s":"a, {b}\" : \u202e \\","e":{ },"l":[ ],"a":[1,[true , null]]}"#;
        insta::assert_snapshot!(pretty(text), @r#"
        {
          "n": 1E400,
          "n": -0.10,
          "s": "a, {b}\" : \u202e \\",
          "e": {},
          "l": [],
          "a": [
            1,
            [
              true,
              null
            ]
          ]
        }
        "#);
        let bare = |text: &str| text.replace([' ', '\n'], "");
        assert_eq!(bare(&pretty(text)), bare(text));
    }
}
