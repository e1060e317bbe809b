//! The leaves of foreign documents: values of any kind, truths, amounts, each with its place.

use super::json::Json;
use crate::diagnostic::{Severity, Span};
use crate::document::leaves::Text;
use crate::document::shape::{Reading, Shape};
use crate::limits::PATTERN_BYTES_MAX;
use crate::money;
use crate::syntax::{Node, Value};
use crate::wire::{is_format, is_unprintable};

/// Where something stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    pub(super) span: Span,
    pub(super) pointer: String,
}

impl From<&Text> for Place {
    fn from(text: &Text) -> Self {
        Self { span: text.span, pointer: text.pointer.clone() }
    }
}

impl Place {
    fn of(node: &Node<'_>, cx: &Reading<'_>) -> Self {
        Self { span: node.span, pointer: cx.pointer() }
    }
}

/// A value of any kind.
#[derive(Clone, Debug)]
pub(super) struct Any {
    pub(super) value: Json,
    pub(super) place: Place,
}

impl Shape for Any {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        Some(Self { value: Json::of(node), place: Place::of(node, cx) })
    }

    fn schema() -> String {
        "{}".to_owned()
    }
}

/// A value with its place.
#[derive(Clone, Debug)]
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

impl<T: Shape> Shape for Placed<T> {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        Some(Self { value: T::read(node, cx)?, place: Place::of(node, cx) })
    }

    fn schema() -> String {
        T::schema()
    }
}

/// `true` or `false`, with its place.
pub(super) type Flag = Placed<bool>;

/// A text for people. It becomes one line of what can be seen; an empty one says nothing.
#[derive(Clone, Debug)]
pub(super) struct Prose {
    pub(super) value: Option<String>,
    pub(super) place: Place,
}

impl Shape for Prose {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let Some(text) = node.as_str() else {
            cx.wrong_type(node, "a string");
            return None;
        };
        let line =
            text.split(|c: char| c.is_whitespace() || is_unprintable(c)).filter(|word| !word.is_empty());
        let line = line.collect::<Vec<_>>().join(" ");
        Some(Self { value: (!line.is_empty()).then_some(line), place: Place::of(node, cx) })
    }

    fn schema() -> String {
        r#"{"type":"string"}"#.to_owned()
    }
}

/// A whole number with a sign.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signed(pub(super) i64);

impl Shape for Signed {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let Some(text) = node.as_number() else {
            cx.wrong_type(node, "a whole number");
            return None;
        };
        match text.parse() {
            Ok(value) => Some(Self(value)),
            Err(_) => {
                let message = format!("`{text}` is not a whole number");
                cx.error("bad-number", node.span, message, "this number", None);
                None
            }
        }
    }

    fn schema() -> String {
        r#"{"type":"integer"}"#.to_owned()
    }
}

/// An amount of dollars, written as a text or as a number.
#[derive(Clone, Debug)]
pub(super) struct Dollars {
    pub(super) micros: u64,
    pub(super) is_number: bool,
    pub(super) place: Place,
}

impl Dollars {
    /// As a policy writes it.
    pub(super) fn text(&self) -> String {
        money::show(self.micros).trim_start_matches('$').to_owned()
    }
}

impl Shape for Dollars {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let (written, is_number) = match &node.value {
            Value::String(text) => (text.trim(), false),
            Value::Number(text) => (text.as_ref(), true),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                cx.wrong_type(node, "an amount of dollars");
                return None;
            }
        };
        let Some(micros) = millionths(written, is_number) else {
            let message = format!("`{}` is not an amount of dollars", written.escape_debug());
            let help =
                "write digits with at most 6 decimals and no sign, such as \"25.00\", up to 18 trillion";
            cx.error("bad-money", node.span, message, "this amount", Some(help.to_owned()));
            return None;
        };
        Some(Self { micros, is_number, place: Place::of(node, cx) })
    }

    fn schema() -> String {
        r#"{"type":["string","number"]}"#.to_owned()
    }
}

/// A decimal as whole millionths, exactly or not at all. An exponent is for numbers only.
pub(super) fn millionths(text: &str, exponent_allowed: bool) -> Option<u64> {
    const DECIMALS: i64 = 6;
    const DIGITS_MAX: i64 = 30;
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) if exponent_allowed => (mantissa, exponent.parse::<i64>().ok()?),
        Some(_) => return None,
        None => (text, 0),
    };
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{decimals}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    let short = digits.trim_end_matches('0');
    if short.is_empty() {
        return Some(0);
    }
    let dropped = i64::try_from(digits.len() - short.len()).ok()?;
    // The value is `short` times ten to the power of `power`.
    let power = exponent.checked_sub(i64::try_from(decimals.len()).ok()?)?.checked_add(dropped)?;
    let zeros = power.checked_add(DECIMALS).filter(|zeros| (0..=DIGITS_MAX).contains(zeros))?;
    let scale = 10u64.checked_pow(u32::try_from(zeros).ok()?)?;
    money::digits(short)?.checked_mul(scale)
}

/// Whether a text can be the exact name of a tool. Their names know no star, so one that stands
/// there names nothing; ours would take it for any text.
pub(super) fn is_exact_name(text: &Text, cx: &mut Reading<'_>) -> bool {
    let (message, help) = if text.value.contains('*') {
        (
            format!("`{}` holds a star, and names are compared exactly there", text.value.escape_debug()),
            "name each action; there, this entry matches nothing".to_owned(),
        )
    } else if text.value.trim().is_empty() || text.value.chars().any(char::is_control) {
        ("not the name of an action".to_owned(), "write one line of printable text".to_owned())
    } else if text.value.len() > PATTERN_BYTES_MAX {
        (format!("name is longer than {PATTERN_BYTES_MAX} bytes"), "shorten it".to_owned())
    } else if text.value.chars().any(|c| is_format(c) || c.is_whitespace() && c != ' ') {
        ("invisible character in the name of an action".to_owned(), "remove it".to_owned())
    } else {
        return true;
    };
    let pointer = text.pointer.clone();
    cx.report(Severity::Error, "bad-name", text.span, pointer, message, "this name", Some(help));
    false
}

#[cfg(test)]
mod tests {
    use super::millionths;

    #[test]
    fn decimals_are_read_exactly_or_not_at_all() {
        for (text, value) in [
            ("0", 0),
            ("0.000", 0),
            ("5.0", 5_000_000),
            (".5", 500_000),
            ("1.", 1_000_000),
            ("007", 7_000_000),
            ("0.10000000", 100_000),
            ("0.000001", 1),
            ("18446744073709.551615", u64::MAX),
        ] {
            assert_eq!(millionths(text, false), Some(value), "{text}");
            assert_eq!(millionths(text, true), Some(value), "{text}");
        }
        for (text, value) in [("1e2", 100_000_000), ("2.5E-3", 2_500), ("1e-6", 1), ("0e999", 0)] {
            assert_eq!(millionths(text, true), Some(value), "{text}");
            assert_eq!(millionths(text, false), None, "{text}");
        }
        for text in [
            "",
            ".",
            "+1",
            "-1",
            "0x10",
            "1.-5",
            "1 0",
            "1,5",
            "1.0000001",
            "1e-7",
            "1e400",
            "1e99999999999999999999",
            "NaN",
            "inf",
            "18446744073709.551616",
            "\u{663}",
        ] {
            assert_eq!(millionths(text, true), None, "{text}");
        }
    }
}
