//! Dollars on the wire: decimal texts outside, millionths inside. Never a float.

/// Decimals of a dollar that count.
const DECIMALS: usize = 6;

/// Millionths in a dollar.
const MICROS: u64 = 1_000_000;

/// `0.25` is 250,000 millionths. No signs, no exponents, no more than six decimals.
pub(super) fn parse(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').map_or((text, None), |(whole, part)| (whole, Some(part)));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || part.is_some_and(|part| !is_number(part) || part.len() > DECIMALS) {
        return None;
    }
    let micros: u64 = format!("{:0<DECIMALS$}", part.unwrap_or_default()).parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(MICROS)?.checked_add(micros)
}

/// The shortest text with at least two decimals.
pub(super) fn format(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / MICROS, micros % MICROS);
    let spare = text.bytes().rev().take_while(|byte| *byte == b'0').count().min(DECIMALS - 2);
    text.get(..text.len() - spare).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_millionths() {
        for (text, micros) in
            [("0", 0), ("0.25", 250_000), ("12", 12_000_000), ("1.000001", 1_000_001), ("007.5", 7_500_000)]
        {
            assert_eq!(parse(text), Some(micros), "{text}");
        }
        let wrong =
            ["", ".", "1.", ".5", "-1", "+1", "1e3", "0.1234567", " 1", "1,5", "0x1", "99999999999999999999"];
        for text in wrong {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse("18446744073709.551616"), None);
        for (micros, text) in [
            (0, "0.00"),
            (250_000, "0.25"),
            (12_000_000, "12.00"),
            (1_000_001, "1.000001"),
            (1_500, "0.0015"),
        ] {
            assert_eq!(format(micros), text);
            assert_eq!(parse(text), Some(micros));
        }
    }
}
