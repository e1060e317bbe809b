//! Entries of a policy by the name of the tool: of ten thousand, the few that speak of one.

use std::collections::BTreeMap;

use crate::meters::ToolPattern;
use crate::prefix_index::PrefixIndex;

/// The numbers of entries, by the tools that they speak of.
#[derive(Debug)]
pub(crate) struct ToolIndex {
    exact: BTreeMap<String, Vec<u32>>,
    patterns: PrefixIndex<(ToolPattern, u32)>,
}

impl ToolIndex {
    /// Of entries with their number, in any order.
    pub(crate) fn new(entries: impl Iterator<Item = (ToolPattern, u32)>) -> Self {
        let mut exact: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        let mut patterns = Vec::new();
        for (pattern, number) in entries {
            match pattern.as_str().split_once('*') {
                None => exact.entry(pattern.as_str().to_owned()).or_default().push(number),
                Some((prefix, _)) => patterns.push((prefix.as_bytes().to_vec(), (pattern, number))),
            }
        }
        Self { exact, patterns: PrefixIndex::new(patterns) }
    }

    /// The numbers of the entries that speak of a tool, rising.
    pub(crate) fn of(&self, tool: &str) -> Vec<u32> {
        let mut found = self.exact.get(tool).cloned().unwrap_or_default();
        self.patterns.prefixes_of(tool.bytes(), |(pattern, number)| {
            if pattern.matches(tool) {
                found.push(*number);
            }
            true
        });
        found.sort_unstable();
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entries_of_a_tool_are_found_in_order() {
        let entries = ["pay", "*", "mcp__*__pay", "pay", "p*", "refund", "*y", "pay"];
        let index =
            ToolIndex::new(entries.into_iter().zip(0..).map(|(text, at)| (ToolPattern::new(text), at)));
        for (tool, expect) in [
            ("pay", &[0, 1, 3, 4, 6, 7][..]),
            ("refund", &[1, 5]),
            ("mcp__shop__pay", &[1, 2, 6]),
            ("Pay", &[1, 6]),
            ("", &[1]),
        ] {
            assert_eq!(index.of(tool), expect, "{tool}");
        }
    }
}
