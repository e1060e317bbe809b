//! Numbers as they are written, compared exactly: no floating point, no size that is too large.

use std::cmp::Ordering;

/// A number: its sign, its digits without zeros at either end, and where the point stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    /// The number is 0.DIGITS × 10^exponent.
    exponent: i64,
    digits: Box<str>,
}

impl Decimal {
    /// Reads a number of JSON, or of YAML, which also knows `+1`, `.5` and `5.`. `None` where the
    /// exponent itself does not fit 64 bits: such numbers are not compared.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (unsigned, None),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if mantissa.is_empty() || mantissa == "." || !is_plain(whole) || !is_plain(fraction) {
            return None;
        }
        let all = if fraction.is_empty() { whole.to_owned() } else { [whole, fraction].concat() };
        let tail = all.trim_start_matches('0');
        let digits = tail.trim_end_matches('0');
        if digits.is_empty() {
            // Whatever its sign and exponent say, nought is nought.
            return Some(Self { negative: false, exponent: 0, digits: "".into() });
        }
        let shift = match exponent {
            Some(exponent) => exponent.parse::<i64>().ok()?,
            None => 0,
        };
        let zeros = i64::try_from(all.len() - tail.len()).ok()?;
        let point = i64::try_from(whole.len()).ok()?;
        let exponent = shift.checked_add(point)?.checked_sub(zeros)?;
        Some(Self { negative: text.starts_with('-'), exponent, digits: digits.into() })
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |own: &Self| match (own.digits.is_empty(), own.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let size = |own: &Self, other: &Self| {
            own.exponent.cmp(&other.exponent).then_with(|| own.digits.cmp(&other.digits))
        };
        sign(self)
            .cmp(&sign(other))
            .then_with(|| if self.negative { size(other, self) } else { size(self, other) })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::parse(text).expect(text)
    }

    #[test]
    fn numbers_of_one_value_are_equal_however_they_are_written() {
        for texts in [
            &["0", "-0", "0.0", "-0.000", "0e5", "0E-999999999999999999999999"][..],
            &["1", "1.0", "1e0", "10e-1", "0.1e1", "+1", "01", "1."],
            &["100", "1e2", "1E+2", "100.00"],
            &["0.1", ".1", "1e-1", "0.10"],
            &["-2.5", "-25e-1"],
            &["1e400", "10e399", "0.1e401"],
            &["123456789012345678901234567890", "1.2345678901234567890123456789e29"],
        ] {
            for (a, b) in texts.iter().flat_map(|a| texts.iter().map(move |b| (a, b))) {
                assert_eq!(number(a), number(b), "{a} {b}");
                assert_eq!(number(a).cmp(&number(b)), Ordering::Equal, "{a} {b}");
            }
        }
    }

    #[test]
    fn numbers_are_ordered_exactly() {
        let rising = [
            "-1e400",
            "-123456789012345678901234567890.5",
            "-100",
            "-99.99999999999999999999",
            "-1",
            "-0.1",
            "-1e-400",
            "0",
            "1e-400",
            "0.1",
            "0.10000000000000000000000001",
            "0.30000000000000000000000000",
            "0.30000000000000004",
            "1",
            "9.99",
            "10",
            "99",
            "100",
            "9007199254740992",
            "9007199254740993",
            "123456789012345678901234567890",
            "123456789012345678901234567891",
            "1e308",
            "1e400",
        ];
        for (at, low) in rising.iter().enumerate() {
            for high in &rising[at + 1..] {
                assert!(number(low) < number(high), "{low} {high}");
                assert!(number(high) > number(low), "{low} {high}");
            }
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in [
            "",
            "-",
            "+",
            ".",
            "e5",
            "1e",
            "1e+",
            "1.2.3",
            "1,5",
            "0x10",
            "NaN",
            "inf",
            "1e9223372036854775808",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }
}
