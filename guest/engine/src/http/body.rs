//! The body of a request, as text or as base64 (RFC 4648, with padding, and nothing else in it).

use std::borrow::Cow;

/// A body that arrived whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Body<'a>(Cow<'a, [u8]>);

impl<'a> Body<'a> {
    pub(crate) fn text(text: &'a str) -> Self {
        Self(Cow::Borrowed(text.as_bytes()))
    }

    /// `None` if the text is not base64, or more than one text stands for the same bytes.
    pub(crate) fn base64(text: &str) -> Option<Self> {
        decode(text.as_bytes()).map(|bytes| Self(Cow::Owned(bytes)))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut chunks = text.chunks(4).peekable();
    while let Some(chunk) = chunks.next() {
        let [a, b, c, d] = chunk else { return None };
        let is_last = chunks.peek().is_none();
        let padding = match (*c, *d) {
            (b'=', b'=') if is_last => 2,
            (_, b'=') if is_last => 1,
            (_, _) => 0,
        };
        let digit = |byte: u8, at: u32| if at + padding >= 4 { Some(0) } else { sextet(byte) };
        let bits = digit(*a, 0)? << 18 | digit(*b, 1)? << 12 | digit(*c, 2)? << 6 | digit(*d, 3)?;
        let [_, first, second, third] = bits.to_be_bytes();
        match padding {
            0 => out.extend([first, second, third]),
            // The bits that nobody reads are nought, or the text is not the only one for these bytes.
            1 if third == 0 => out.extend([first, second]),
            2 if second == 0 && third == 0 => out.push(first),
            _ => return None,
        }
    }
    Some(out)
}

fn sextet(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_one_spelling() {
        let check = |text: &str, expect: Option<&[u8]>| {
            assert_eq!(Body::base64(text).as_ref().map(Body::bytes), expect, "{text}");
        };
        for (text, bytes) in [
            ("", &b""[..]),
            ("TQ==", b"M"),
            ("TWE=", b"Ma"),
            ("TWFu", b"Man"),
            ("TWFuTQ==", b"ManM"),
            ("+/+/", b"\xfb\xff\xbf"),
        ] {
            check(text, Some(bytes));
        }
        for text in
            ["T", "TQ", "TQ=", "TR==", "TWF=", "TQ==TWFu", "TW Fu", "TWFu\n", "-_-_", "====", "T===", "TQ=A"]
        {
            check(text, None);
        }
    }
}
