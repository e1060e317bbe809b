//! Dollars as text, and as whole micro-dollars. There is no floating point on the way (G2).

/// Micro-dollars in a dollar.
const MICROS: u64 = 1_000_000;

/// Decimals that a micro-dollar needs.
const DECIMALS_MAX: usize = 6;

/// What [`parse`] reads, for JSON Schema.
pub(crate) const PATTERN: &str = r"^(0|[1-9][0-9]*)(\\.[0-9]{1,6})?$";

/// Reads dollars as micro-dollars: digits, and at most six decimals. No sign, no exponent, no blank, no needless
/// zero in front.
pub fn parse(text: &str) -> Option<u64> {
    let (whole, decimals) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, decimals)) => (whole, decimals),
        None => (text, ""),
    };
    if whole.len() > 1 && whole.starts_with('0') || decimals.len() > DECIMALS_MAX {
        return None;
    }
    let micros = format!("{decimals:0<DECIMALS_MAX$}");
    digits(whole)?.checked_mul(MICROS)?.checked_add(digits(&micros)?)
}

/// A whole number in plain digits.
pub(crate) fn digits(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Dollars for people, with as many decimals as are needed and two at least.
pub(crate) fn show(micros: u64) -> String {
    let decimals = format!("{:06}", micros % MICROS);
    let (cents, rest) = decimals.split_at_checked(2).unwrap_or((&decimals, ""));
    format!("${}.{cents}{}", micros / MICROS, rest.trim_end_matches('0'))
}

/// Dollars as [`parse`] reads them.
pub(crate) fn write(micros: u64) -> String {
    format!("{}.{:06}", micros / MICROS, micros % MICROS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_read_exactly_or_not_at_all() {
        for (text, micros) in [
            ("0", 0),
            ("25.00", 25_000_000),
            ("0.25", 250_000),
            ("0.000001", 1),
            ("1.5", 1_500_000),
            ("18446744073709.551615", u64::MAX),
        ] {
            assert_eq!(parse(text), Some(micros), "{text}");
        }
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            " 1",
            "1 ",
            "1e3",
            "1E-3",
            "0x1",
            "01",
            "00.1",
            "1,5",
            "1.0000001",
            "NaN",
            "inf",
            "-0.0",
            "1_000",
            "\u{663}",
            "18446744073709.551616",
            "18446744073710",
            "1e308",
            "1.-5",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn dollars_are_shown_with_two_decimals_at_least() {
        for (micros, text) in [
            (0, "$0.00"),
            (25_000_000, "$25.00"),
            (1, "$0.000001"),
            (1_250_000, "$1.25"),
            (1_255_000, "$1.255"),
        ] {
            assert_eq!(show(micros), text);
        }
    }
}
