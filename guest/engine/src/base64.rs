//! Base64 as RFC 4648 writes it, and nothing that only some decoders take: no other alphabet, no
//! blanks, no missing or further padding, no bits left over.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;

/// The bytes; `None` if the text is not canonical.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// The one text that stands for the bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn only_the_canonical_form_is_read() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("Zg==", b"f"),
            ("Zm8=", b"fo"),
            ("Zm9v", b"foo"),
            ("Zm9vYg==", b"foob"),
            ("+/+/", b"\xfb\xff\xbf"),
        ] {
            assert_eq!(decode(text).as_deref(), Some(bytes), "{text}");
        }
        for text in [
            "Z",
            "Zg",
            "Zg=",
            "Zm8",
            "Zm9v=",
            "====",
            "Zg==Zg==",
            "Zh==",
            "Zm9=",
            "-_-_",
            " Zg=",
            "Zg==\n",
            "Zm9v,Zm9v",
            "Z===",
            "Zg=g",
            "Zm 9",
        ] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
