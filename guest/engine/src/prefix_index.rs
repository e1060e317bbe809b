//! Many patterns, few candidates: an index by the literal text that a pattern starts with.
//!
//! The prefixes lie sorted in one vector. Looking a text up walks its bytes and narrows the range
//! of prefixes that still agree, so ten thousand patterns cost little more than ten, and need no
//! more memory than their text.

/// Values by literal prefix.
#[derive(Debug)]
pub(crate) struct PrefixIndex<T> {
    entries: Vec<(Vec<u8>, T)>,
}

impl<T> PrefixIndex<T> {
    pub(crate) fn new(mut entries: Vec<(Vec<u8>, T)>) -> Self {
        // Stable: values of one prefix keep the order of the document.
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        Self { entries }
    }

    /// Calls `visit` with each value whose prefix the text starts with, shortest prefix first,
    /// until `visit` says stop.
    pub(crate) fn prefixes_of<'t>(
        &'t self,
        text: impl Iterator<Item = u8>,
        mut visit: impl FnMut(&'t T) -> bool,
    ) {
        let mut range = self.entries.as_slice();
        let mut depth = 0;
        for byte in text {
            range = Self::visit_complete(range, depth, &mut visit);
            if range.is_empty() {
                return;
            }
            let start = range.partition_point(|(prefix, _)| prefix.get(depth).is_some_and(|b| *b < byte));
            range = range.get(start..).unwrap_or_default();
            let end = range.partition_point(|(prefix, _)| prefix.get(depth).is_some_and(|b| *b <= byte));
            range = range.get(..end).unwrap_or_default();
            if range.is_empty() {
                return;
            }
            depth += 1;
        }
        // The text has ended: what is left starts with it, and the first ones may equal it.
        Self::visit_complete(range, depth, &mut visit);
    }

    /// Calls `visit` with each value whose prefix starts with the text or the other way round.
    pub(crate) fn compatible_with<'t>(&'t self, text: &[u8], mut visit: impl FnMut(&'t T)) {
        self.prefixes_of(text.iter().copied(), |value| {
            visit(value);
            true
        });
        let start = self.entries.partition_point(|(prefix, _)| prefix.as_slice() <= text);
        for (prefix, value) in self.entries.get(start..).unwrap_or_default() {
            if !prefix.starts_with(text) {
                break;
            }
            visit(value);
        }
    }

    /// Visits the entries of the range that are exactly `depth` long; returns the rest.
    fn visit_complete<'t>(
        range: &'t [(Vec<u8>, T)],
        depth: usize,
        visit: &mut impl FnMut(&'t T) -> bool,
    ) -> &'t [(Vec<u8>, T)] {
        let mut rest = range;
        while let Some(((prefix, value), tail)) = rest.split_first() {
            if prefix.len() > depth {
                break;
            }
            if !visit(value) {
                return &[];
            }
            rest = tail;
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::PrefixIndex;

    fn found(prefixes: &[&str], text: &str) -> Vec<usize> {
        let entries =
            prefixes.iter().enumerate().map(|(at, prefix)| (prefix.as_bytes().to_vec(), at)).collect();
        let index = PrefixIndex::new(entries);
        let mut found = Vec::new();
        index.prefixes_of(text.bytes(), |at| {
            found.push(*at);
            true
        });
        found
    }

    #[test]
    fn finds_every_prefix_and_nothing_else() {
        assert_eq!(found(&["git ", "", "gi", "git push", "g", "npm"], "git status"), [1, 4, 2, 0]);
        assert_eq!(found(&["abc", "abcd", "ab", "ab"], "abc"), [2, 3, 0]);
        assert_eq!(found(&["abc"], "ab"), [] as [usize; 0]);
        assert_eq!(found(&["", "a"], ""), [0]);
    }
}
