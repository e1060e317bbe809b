//! Entries of a policy by the name of the tool: of ten thousand, the few that speak of one.

use std::collections::BTreeMap;

use crate::condition::{Spent, Work};
use crate::limits::TOOL_PATTERN_STEPS;
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
        for numbers in exact.values_mut() {
            numbers.sort_unstable();
            numbers.dedup();
        }
        Self { exact, patterns: PrefixIndex::new(patterns) }
    }

    /// The numbers of the entries that speak of a tool, rising. The error is that its name is too
    /// long for so many patterns.
    pub(crate) fn of(&self, tool: &str, work: &mut Work) -> Result<Vec<u32>, Spent> {
        let steps = TOOL_PATTERN_STEPS.saturating_add(tool.len() as u64 / 8);
        let mut found = self.exact.get(tool).cloned().unwrap_or_default();
        let exact = found.len();
        let mut spent = Ok(());
        self.patterns.prefixes_of(tool.bytes(), |(pattern, number)| {
            spent = work.spend(steps);
            if spent.is_ok() && pattern.matches(tool) {
                found.push(*number);
            }
            spent.is_ok()
        });
        spent?;
        if found.len() > exact {
            found.sort_unstable();
            found.dedup();
        }
        Ok(found)
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
            assert_eq!(index.of(tool, &mut Work::new()).as_deref(), Ok(expect), "{tool}");
        }
    }

    #[test]
    fn a_name_is_not_compared_with_more_patterns_than_there_is_work() {
        let entries = (0..256).map(|number| (ToolPattern::new("*a*b*"), number));
        let index = ToolIndex::new(entries);
        assert_eq!(index.of("pay", &mut Work::new()), Ok(vec![]));
        assert_eq!(index.of(&"a".repeat(1 << 20), &mut Work::new()), Err(Spent));
    }
}
