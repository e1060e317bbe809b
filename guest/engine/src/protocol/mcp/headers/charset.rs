//! In which letters a body is, by `Content-Type`. JSON is UTF-8; a server that believes another word
//! reads another message: in UTF-7, which frameworks for node know, `+AG4AYQBtAGU-` is `name`.

const PARAMETER: &[u8] = b"charset";

/// Whether a media type says nothing of letters, or UTF-8.
pub(super) fn is_utf_8(content_type: &[u8]) -> bool {
    let value = content_type.to_ascii_lowercase();
    let mut rest = value.as_slice();
    // Not a reader of media types: the word is enough, wherever a looser reader might find it.
    while let Some(at) = rest.windows(PARAMETER.len()).position(|window| window == PARAMETER) {
        rest = rest.get(at + PARAMETER.len()..).unwrap_or_default();
        if !starts_with_utf_8(rest) {
            return false;
        }
    }
    true
}

fn starts_with_utf_8(rest: &[u8]) -> bool {
    let Some(value) = rest.trim_ascii_start().strip_prefix(b"=") else { return false };
    let value = value.trim_ascii_start();
    let value = value.strip_prefix(b"\"").unwrap_or(value);
    let end = value.strip_prefix(b"utf-8").or_else(|| value.strip_prefix(b"utf8"));
    end.is_some_and(|end| matches!(end.first(), None | Some(b'"' | b';' | b' ' | b'\t')))
}

#[cfg(test)]
mod tests {
    use super::is_utf_8;

    #[test]
    fn only_utf_8_is() {
        for plain in [
            "application/json",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/json; Charset = utf8 ; v=1",
        ] {
            assert!(is_utf_8(plain.as_bytes()), "{plain}");
        }
        for other in [
            "application/json; charset=utf-7",
            "application/json; charset=utf-16le",
            "application/json; charset=utf-8-x",
            "application/json; charset=utf-8; charset=utf-7",
            "application/json; CHARSET=\"utf\\-7\"",
            "application/json; charset*=utf-8''utf-8",
            "application/json; charset=",
            "application/json; charset",
        ] {
            assert!(!is_utf_8(other.as_bytes()), "{other}");
        }
    }
}
