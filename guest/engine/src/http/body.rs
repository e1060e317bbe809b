//! The body of a request, as text or as base64 (RFC 4648, with padding, and nothing else in it).

use std::borrow::Cow;

use crate::base64;

/// A body that arrived whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Body<'a>(Cow<'a, [u8]>);

impl<'a> Body<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self(Cow::Borrowed(bytes))
    }

    pub(crate) fn text(text: &'a str) -> Self {
        Self(Cow::Borrowed(text.as_bytes()))
    }

    /// `None` if the text is not base64, or more than one text stands for the same bytes.
    pub(crate) fn base64(text: &str) -> Option<Self> {
        base64::decode(text).map(|bytes| Self(Cow::Owned(bytes)))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Writes it as [`Body::text`] or [`Body::base64`] read it: the member's name, and its text.
    pub(crate) fn member(&self) -> (&'static str, Cow<'_, str>) {
        match std::str::from_utf8(&self.0) {
            Ok(text) => ("body", Cow::Borrowed(text)),
            Err(_) => ("bodyBase64", Cow::Owned(base64::encode(&self.0))),
        }
    }
}
