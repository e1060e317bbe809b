//! Headers as the proxy hands them over: all in one piece of memory, and they stay there.
//!
//! ```text
//! count, then for each pair the lengths of name and value (u32, little endian); then the texts
//! themselves, each with a null behind it
//! ```

use std::ops::Range;

/// Names and values, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    bytes: Vec<u8>,
    spans: Vec<(Range<usize>, Range<usize>)>,
}

/// The same as text.
#[derive(Debug, Default)]
pub(crate) struct TextPairs {
    text: String,
    spans: Vec<(Range<usize>, Range<usize>)>,
}

impl Pairs {
    /// Reads a map of the proxy; `None` where its lengths are not those of its texts.
    pub(crate) fn read(mut bytes: Vec<u8>) -> Option<Self> {
        let (count, mut lengths) = bytes.split_first_chunk::<4>()?;
        let count = usize::try_from(u32::from_le_bytes(*count)).ok()?;
        let texts = count.checked_mul(8)?.checked_add(4)?;
        let size = bytes.len().checked_sub(texts)?;
        let mut spans = Vec::with_capacity(count);
        let mut end = 0;
        for _ in 0..count {
            let (name, value);
            (name, lengths) = next(lengths, &mut end, size)?;
            (value, lengths) = next(lengths, &mut end, size)?;
            spans.push((name, value));
        }
        bytes.drain(..texts);
        Some(Self { bytes, spans })
    }

    /// Whether there is a header of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The value of the first header of this name, if it is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.find(name)?).ok()
    }

    /// The values of all headers of this name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let named =
            self.spans.iter().filter(move |(own, _)| self.bytes.get(own.clone()) == Some(name.as_bytes()));
        named.filter_map(|(_, value)| self.bytes.get(value.clone()))
    }

    fn find(&self, name: &str) -> Option<&[u8]> {
        let is_named = |own: &Range<usize>| self.bytes.get(own.clone()) == Some(name.as_bytes());
        let (_, value) = self.spans.iter().find(|(own, _)| is_named(own))?;
        self.bytes.get(value.clone())
    }

    /// All of them as text, if all of them are.
    pub(crate) fn into_text(self) -> Option<TextPairs> {
        let Self { bytes, spans } = self;
        let text = String::from_utf8(bytes).ok()?;
        let is_text = |span: &Range<usize>| text.get(span.clone()).is_some();
        let are_texts = spans.iter().all(|(name, value)| is_text(name) && is_text(value));
        are_texts.then_some(TextPairs { text, spans })
    }
}

impl TextPairs {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let text = |span: &Range<usize>| self.text.get(span.clone()).unwrap_or_default();
        self.spans.iter().map(move |(name, value)| (text(name), text(value)))
    }

    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }
}

/// The place of the next text, and the lengths behind its own.
fn next<'l>(lengths: &'l [u8], end: &mut usize, size: usize) -> Option<(Range<usize>, &'l [u8])> {
    let (length, rest) = lengths.split_first_chunk::<4>()?;
    let start = *end;
    let stop = start.checked_add(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    *end = stop.checked_add(1).filter(|end| *end <= size)?;
    Some((start..stop, rest))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::Pairs;

    /// As the proxy writes it.
    pub(crate) fn map(pairs: &[(&str, &[u8])]) -> Vec<u8> {
        let number = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
        let mut bytes = number(pairs.len()).to_vec();
        for (name, value) in pairs {
            bytes.extend(number(name.len()));
            bytes.extend(number(value.len()));
        }
        for (name, value) in pairs {
            bytes.extend([name.as_bytes(), b"\0", value, b"\0"].concat());
        }
        bytes
    }

    #[test]
    fn pairs_are_read_in_order() {
        let pairs = Pairs::read(map(&[("a", b"1"), ("bb", b""), ("a", b"\xc3\xa9")])).unwrap();
        assert_eq!(pairs.text("a"), Some("1"));
        let text = pairs.into_text().unwrap();
        assert_eq!(text.iter().collect::<Vec<_>>(), [("a", "1"), ("bb", ""), ("a", "é")]);
    }

    #[test]
    fn what_is_no_text_is_told_apart() {
        let pairs = Pairs::read(map(&[("a", b"\xff"), ("b", b"1")])).unwrap();
        assert_eq!((pairs.text("a"), pairs.text("b"), pairs.text("c")), (None, Some("1"), None));
        assert!(pairs.into_text().is_none());
        // Two halves of one character make a text, and are none.
        let halves = Pairs::read([&[1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0][..], b"a\0\xc3\xa9"].concat());
        assert!(halves.unwrap().into_text().is_none());
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        let whole = map(&[("a", b"1"), ("b", b"2")]);
        for end in 0..whole.len() {
            assert!(Pairs::read(whole.get(..end).unwrap().to_vec()).is_none(), "{end}");
        }
        for at in 0..20 {
            let mut bytes = whole.clone();
            *bytes.get_mut(at).unwrap() = 0xff;
            assert!(Pairs::read(bytes).is_none(), "{at}");
        }
    }
}
