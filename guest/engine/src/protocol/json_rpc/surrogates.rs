//! Halves of characters in strings: `"\ud83d"`.
//!
//! A server that cuts a text in the middle of an emoji sends such a thing, and every JavaScript reads
//! it. It is no text, so our reader refuses it. To look at what a server sends, not at what a client
//! wants, the half is read as U+FFFD, which is written in as many bytes: positions stay.

use std::borrow::Cow;

/// The text with each half replaced.
pub(in crate::protocol) fn mended(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Cow::Borrowed(bytes);
    let mut at = 0;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr(b'\\', rest)) {
        at += found;
        let width = match (unit(bytes, at), unit(bytes, at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                if let Some(half) = out.to_mut().get_mut(at..at + 6) {
                    half.copy_from_slice(b"\\ufffd");
                }
                6
            }
            (Some(_), _) => 6,
            // Another escape, of two bytes: the second may be a backslash.
            (None, _) => 2,
        };
        at += width;
    }
    out
}

/// The unit of UTF-16 that is written here as `\uXXXX`.
fn unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at.checked_add(6)?)?.strip_prefix(b"\\u")?;
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::mended;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        assert_eq!(std::str::from_utf8(&mended(text.as_bytes())).unwrap(), expect);
    }

    #[test]
    fn halves_are_replaced_and_pairs_are_not() {
        check(r#""a\ud83d""#, r#""a\ufffd""#);
        check(r#""\ude00b""#, r#""\ufffdb""#);
        check(r#""\ud83d\ude00""#, r#""\ud83d\ude00""#);
        check(r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#);
        check(r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#);
        check(r#""\ud83d\n\u00e9""#, r#""\ufffd\n\u00e9""#);
        check(r#""\\ud83d \\\ud83d""#, r#""\\ud83d \\\ufffd""#);
        check(r#""\ud83"#, r#""\ud83"#);
        check(r#""\u+d83""#, r#""\u+d83""#);
        check("\\", "\\");
    }
}
