//! Base64 as RFC 4648 writes it, and nothing that only some decoders take: no other alphabet, no
//! blanks, no missing or further padding, no bits left over.

/// The bytes; `None` if the text is not canonical.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let groups = text.as_bytes().chunks_exact(4);
    if text.is_empty() || !groups.remainder().is_empty() {
        return None;
    }
    let last = groups.len() - 1;
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    for (index, group) in groups.enumerate() {
        let &[a, b, c, d] = group else { return None };
        let (a, b) = (value(a)?, value(b)?);
        out.push(a << 2 | b >> 4);
        match (c, d) {
            (b'=', b'=') if index == last && b & 15 == 0 => {}
            (c, b'=') if index == last => {
                let c = value(c).filter(|c| c & 3 == 0)?;
                out.push(b << 4 | c >> 2);
            }
            (c, d) => {
                let (c, d) = (value(c)?, value(d)?);
                out.push(b << 4 | c >> 2);
                out.push(c << 6 | d);
            }
        }
    }
    Some(out)
}

const fn value(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn only_the_canonical_form_is_read() {
        for (text, bytes) in [
            ("Zg==", &b"f"[..]),
            ("Zm8=", b"fo"),
            ("Zm9v", b"foo"),
            ("Zm9vYg==", b"foob"),
            ("+/+/", b"\xfb\xff\xbf"),
        ] {
            assert_eq!(decode(text).as_deref(), Some(bytes), "{text}");
        }
        for text in [
            "",
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
