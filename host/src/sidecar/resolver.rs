//! Answers of a resolver that asks nobody.
//!
//! The proxy goes where the `Host` header says and not where the agent connects to. So an agent needs
//! no true addresses, only one to connect to, and a resolver that really looked names up would carry
//! out whatever an agent puts into them. This one says the same address for every name.
//!
//! It reads one question with one name and no compression, and writes one answer. Not a DNS library.

use std::net::Ipv4Addr;

/// What every name resolves to, unless somebody says so: an address of documentation, where nobody is
/// if the redirect should ever be missing.
pub const ANSWER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// Longest query that is looked at: what DNS says of UDP, and what is usual with EDNS.
pub const QUERY_BYTES_MAX: usize = 1232;

/// Seconds that an answer may be kept. Short, because a namespace may change its proxy.
const TTL_SECONDS: u32 = 5;

const HEADER_BYTES: usize = 12;
const NAME_BYTES_MAX: usize = 255;
const TYPE_A: u16 = 1;
const CLASS_IN: u16 = 1;
/// A response, recursion available; the client's wish for recursion is copied.
const FLAGS_ANSWER: u16 = 0x8080;
const FLAG_RECURSION_DESIRED: u16 = 0x0100;
const FLAGS_QUERY_MASK: u16 = 0xF800;

/// The answer to a query, or nothing for what is no query with one question.
///
/// A question for an address of IPv4 gets [`ANSWER`] or what the caller says instead. Every other
/// question gets no records: the name is there, and has none of this type.
pub fn answer(query: &[u8], address: Ipv4Addr) -> Option<Vec<u8>> {
    let (header, rest) = query.split_first_chunk::<HEADER_BYTES>()?;
    let [id0, id1, flags0, flags1, 0, 1, 0, 0, 0, 0, _, _] = *header else {
        return None;
    };
    let flags = u16::from_be_bytes([flags0, flags1]);
    if flags & FLAGS_QUERY_MASK != 0 {
        return None;
    }
    let name = name_bytes(rest)?;
    let question = rest.get(..name + 4)?;
    let kind = question.get(name..)?;
    let is_a = kind == [TYPE_A.to_be_bytes(), CLASS_IN.to_be_bytes()].concat();

    let mut out = vec![id0, id1];
    out.extend((FLAGS_ANSWER | flags & FLAG_RECURSION_DESIRED).to_be_bytes());
    out.extend([0, 1, 0, u8::from(is_a), 0, 0, 0, 0]);
    out.extend(question);
    if is_a {
        // The name, by where it stands in the question.
        out.extend([0xC0, 12]);
        out.extend(TYPE_A.to_be_bytes());
        out.extend(CLASS_IN.to_be_bytes());
        out.extend(TTL_SECONDS.to_be_bytes());
        out.extend([0, 4]);
        out.extend(address.octets());
    }
    Some(out)
}

/// How long the name is, its end included.
fn name_bytes(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match *bytes.get(at)? {
            0 => return (at < NAME_BYTES_MAX).then_some(at + 1),
            length @ 1..=63 => at += 1 + usize::from(length),
            // Compression, which questions do not have.
            64..=255 => return None,
        }
        if at >= NAME_BYTES_MAX {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ANSWER, answer};

    fn query(kind: u8) -> Vec<u8> {
        let mut query = vec![0xAB, 0xCD, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
        query.extend(b"\x06secret\x04evil\x07example\x00");
        query.extend([0, kind, 0, 1]);
        // What EDNS puts behind it.
        query.extend([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
        query
    }

    #[test]
    fn every_name_has_the_same_address() {
        let query = query(1);
        let answer = answer(&query, ANSWER).unwrap_or_default();
        let question = query.get(12..37).unwrap_or_default();
        assert_eq!(answer.get(..12), Some([0xAB, 0xCD, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0].as_slice()));
        assert_eq!(answer.get(12..37), Some(question));
        assert_eq!(answer.get(37..), Some([0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 192, 0, 2, 1].as_slice()));
    }

    #[test]
    fn other_types_have_no_records() {
        for kind in [28, 15, 16, 65, 255] {
            let answer = answer(&query(kind), ANSWER).unwrap_or_default();
            assert_eq!((answer.get(3), answer.get(7), answer.len()), (Some(&0x80), Some(&0), 37), "{kind}");
        }
    }

    #[test]
    fn what_is_no_query_gets_nothing() {
        let whole = query(1);
        for length in 0..37 {
            assert_eq!(answer(whole.get(..length).unwrap_or_default(), ANSWER), None, "{length}");
        }
        let with = |at: usize, byte: u8| {
            let mut query = whole.clone();
            query.get_mut(at).into_iter().for_each(|own| *own = byte);
            answer(&query, ANSWER)
        };
        assert_eq!(with(2, 0x81), None, "a response");
        assert_eq!(with(5, 2), None, "two questions");
        assert_eq!(with(7, 1), None, "an answer");
        assert_eq!(with(12, 0xC0), None, "compression");
        assert_eq!(with(12, 63), None, "a label beyond the end");
        let mut long = whole.get(..12).unwrap_or_default().to_vec();
        long.extend([b"\x3f".as_slice(), &[b'a'; 63]].concat().repeat(5));
        long.extend([0, 0, 1, 0, 1]);
        assert_eq!(answer(&long, ANSWER), None, "a name that is too long");
    }
}
