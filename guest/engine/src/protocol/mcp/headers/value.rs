//! The value of one header: visible ASCII, or any text as `=?base64?…?=`.

use std::borrow::Cow;

use super::super::malformed::{HEADER_MISMATCH, Malformed, malformed};
use super::is_too_long;
use crate::base64;

/// A value as it stands there, without the blanks around it.
pub(super) fn plain<'h>(header: &str, value: &'h [u8]) -> Result<&'h str, Malformed> {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t');
    match std::str::from_utf8(value) {
        Ok(text) if !is_too_long(value) && value.iter().all(is_plain) => Ok(text.trim_matches([' ', '\t'])),
        Ok(_) | Err(_) => bad(header, "is too long or contains invalid characters"),
    }
}

/// A value with its encoding undone.
pub(super) fn decoded<'h>(header: &str, value: &'h [u8]) -> Result<Cow<'h, str>, Malformed> {
    let text = plain(header, value)?;
    let Some(encoded) = text.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) else {
        return Ok(Cow::Borrowed(text));
    };
    match base64::decode(encoded).map(String::from_utf8) {
        Some(Ok(decoded)) => Ok(Cow::Owned(decoded)),
        Some(Err(_)) | None => bad(header, "is not the Base64 of a UTF-8 text"),
    }
}

fn bad<T>(header: &str, what: &str) -> Result<T, Malformed> {
    malformed("mcp-header-bad-value", HEADER_MISMATCH, format!("header `{header}` {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expect: Option<&str>) {
        let found = decoded("Mcp-Name", value.as_bytes());
        assert_eq!(found.as_deref().ok(), expect, "{value}");
    }

    #[test]
    fn values_are_decoded_as_the_specification_shows() {
        check("us-west1", Some("us-west1"));
        check("  padded\t", Some("padded"));
        check("=?base64?SGVsbG8sIOS4lueVjA==?=", Some("Hello, 世界"));
        check("=?base64?IHBhZGRlZCA=?=", Some(" padded "));
        check("=?base64?bGluZTEKbGluZTI=?=", Some("line1\nline2"));
        check("=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=", Some("=?base64?literal?="));
        check("=?base64??=", Some(""));
        // The marks are as they are.
        check("=?BASE64?cm0=?=", Some("=?BASE64?cm0=?="));
    }

    #[test]
    fn bad_values_are_refused() {
        check("=?base64?cm0?=", None);
        check("=?base64?cm1=?=", None);
        check("=?base64?c===?=", None);
        check("=?base64?c m0?=", None);
        check("=?base64?/w==?=", None);
        check("r\u{f6}m", None);
        check("r\nm", None);
        check(&"a".repeat(20_000), None);
    }
}
