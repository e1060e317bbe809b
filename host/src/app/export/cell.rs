//! One value of a row, as it stands in a table for spreadsheets and as it stands in JSON.
//!
//! A spreadsheet takes a text that begins like a formula for one, and an agent chooses its texts.
//! So such a text gets an apostrophe in front, which spreadsheets do not show. What is a number here
//! was written by us and stays one.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value;
use serde_json::value::RawValue;

/// What makes a formula of a text, in whatever width.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Millionths in a dollar.
const MICROS: u64 = 1_000_000;

/// One value.
#[derive(Clone, Copy, Debug)]
pub enum Cell<'a> {
    /// The ledger does not say.
    Empty,
    /// Somebody's text.
    Text(&'a str),
    /// Texts, and what stands between them in a table.
    List(&'a [String], &'static str),
    /// JSON as it was recorded.
    Json(&'a RawValue),
    /// A number of ours.
    Number(u64),
    /// Millionths of a dollar.
    Money(u64),
    /// Yes or no.
    Flag(bool),
}

impl<'a> Cell<'a> {
    /// The text, if there is one.
    pub fn text(text: Option<&'a str>) -> Self {
        text.map_or(Cell::Empty, Cell::Text)
    }

    /// For a table: what cannot harm who opens it.
    pub fn table(self) -> Cow<'a, str> {
        match self {
            Self::Empty => Cow::Borrowed(""),
            Self::Text(text) => harmless(Cow::Borrowed(text)),
            Self::List(texts, between) => harmless(Cow::Owned(texts.join(between))),
            Self::Json(json) => harmless(Cow::Borrowed(json.get())),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Money(micros) => Cow::Owned(money(micros)),
            Self::Flag(is_so) => Cow::Borrowed(if is_so { "true" } else { "false" }),
        }
    }

    /// For JSON: exactly what it is. Money is a text, so that nobody rounds it.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub fn json(self) -> serde_json::Result<Box<RawValue>> {
        let value = match self {
            Self::Json(json) => return Ok(json.to_owned()),
            Self::Empty => Value::Null,
            Self::Text(text) => Value::from(text),
            Self::List(texts, _) => Value::from(texts),
            Self::Number(number) => Value::from(number),
            Self::Money(micros) => Value::from(money(micros)),
            Self::Flag(is_so) => Value::from(is_so),
        };
        serde_json::value::to_raw_value(&value)
    }
}

/// Dollars with six decimals.
fn money(micros: u64) -> String {
    format!("{}.{:06}", micros / MICROS, micros % MICROS)
}

fn harmless(text: Cow<'_, str>) -> Cow<'_, str> {
    let is_formula = text.starts_with(FORMULA);
    if !is_formula && !text.chars().any(is_active) {
        return text;
    }
    let mut shown = String::with_capacity(text.len() + 1);
    if is_formula {
        shown.push('\'');
    }
    for c in text.chars() {
        if is_active(c) {
            // Writing to a string cannot fail. All of them are below U+10000.
            let _ = write!(shown, "\\u{:04x}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// What a program or an eye would obey instead of show.
fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_never_a_formula() {
        for start in FORMULA {
            for rest in ["", "1+1", "cmd|' /C calc'!A0", "HYPERLINK(\"http://x\",\"y\")"] {
                let text = format!("{start}{rest}");
                let shown = Cell::Text(&text).table().into_owned();
                assert!(shown.starts_with('\''), "{text:?}: {shown}");
                assert!(!shown.chars().any(is_active), "{text:?}: {shown}");
                let list = [text.clone(), "x".to_owned()];
                assert!(Cell::List(&list, " ").table().starts_with('\''), "{text:?}");
            }
        }
        // Hidden before it, what begins a formula is shown and begins none.
        for hidden in ['\u{feff}', '\u{200b}', '\0', '\u{202e}'] {
            let shown = Cell::Text(&format!("{hidden}=1+1")).table().into_owned();
            assert!(shown.starts_with("\\u"), "{shown}");
        }
        for plain in ["", "a=b", "a-b", "x@y", " =1", "'", "\"", "a,b", "1", "ü"] {
            assert_eq!(Cell::Text(plain).table(), plain);
        }
        assert_eq!(Cell::Text("-5").table(), "'-5");
        assert_eq!(Cell::Text("a\r\nb\u{1b}[2J").table(), "a\\u000d\\u000ab\\u001b[2J");
    }

    #[test]
    fn numbers_of_ours_are_numbers() {
        for (micros, text) in [(0, "0.000000"), (1, "0.000001"), (12_500_000, "12.500000")] {
            assert_eq!(Cell::Money(micros).table(), text);
            assert_eq!(Cell::Money(micros).json().unwrap().get(), format!("\"{text}\""));
        }
        assert_eq!(Cell::Money(u64::MAX).table(), "18446744073709.551615");
        assert_eq!(Cell::Number(7).json().unwrap().get(), "7");
        assert_eq!(Cell::Flag(true).table(), "true");
        assert_eq!((Cell::Empty.table().as_ref(), Cell::Empty.json().unwrap().get()), ("", "null"));
        assert_eq!(Cell::Text("=1\u{1b}").json().unwrap().get(), r#""=1\u001b""#);
    }
}
