//! The body of a request, as text or as base64 (RFC 4648, with padding, and nothing else in it).

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A body that arrived whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Body<'a>(Cow<'a, [u8]>);

impl<'a> Body<'a> {
    pub(crate) fn text(text: &'a str) -> Self {
        Self(Cow::Borrowed(text.as_bytes()))
    }

    /// `None` if the text is not base64, or more than one text stands for the same bytes.
    pub(crate) fn base64(text: &str) -> Option<Self> {
        STANDARD.decode(text).ok().map(|bytes| Self(Cow::Owned(bytes)))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Writes it as [`Body::text`] or [`Body::base64`] read it: the member's name, and its text.
    pub(crate) fn member(&self) -> (&'static str, Cow<'_, str>) {
        match std::str::from_utf8(&self.0) {
            Ok(text) => ("body", Cow::Borrowed(text)),
            Err(_) => ("bodyBase64", Cow::Owned(STANDARD.encode(&self.0))),
        }
    }
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
