//! Names of a policy's rules and meters, made from names that know no form.

use std::collections::BTreeMap;

use crate::document::leaves::AgentId;

/// Longest name, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// Names that are taken, with the number that was last put behind each.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<String, usize>);

impl Names {
    /// Makes a name of this text that nobody has.
    pub(super) fn take(&mut self, wanted: &str) -> String {
        let base = fit(wanted, NAME_BYTES_MAX);
        let mut name = base.clone();
        let mut number = self.0.get(&base).copied().unwrap_or(1);
        while self.0.contains_key(&name) {
            number += 1;
            let suffix = format!("-{number}");
            name = format!("{}{suffix}", fit(&base, NAME_BYTES_MAX - suffix.len()));
        }
        self.0.insert(base, number);
        self.0.insert(name.clone(), 1);
        name
    }
}

/// The text with the characters that a name may have, and no longer than this.
fn fit(text: &str, bytes_max: usize) -> String {
    let mut name = String::with_capacity(text.len().min(bytes_max));
    for c in text.chars() {
        let is_plain = c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let c = if is_plain && !(c == '.' && name.ends_with('.')) { c } else { '-' };
        if name.len() < bytes_max && (!name.is_empty() || c.is_ascii_alphanumeric()) {
            name.push(c);
        }
    }
    if AgentId::is_valid(&name) { name } else { "rule".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_becomes_a_name_that_is_free() {
        let long = "x".repeat(80);
        let mut names = Names::default();
        for (text, name) in [
            ("refund", "refund"),
            ("refund", "refund-2"),
            ("refund", "refund-3"),
            ("refund-2", "refund-2-2"),
            ("Block all deletes!", "Block-all-deletes-"),
            ("..a..b...c", "a.-b.-.c"),
            ("_private", "private"),
            ("", "rule"),
            ("größe", "gr--e"),
            ("\u{65e5}\u{672c}", "rule-2"),
            (long.as_str(), &long[..64]),
            (long.as_str(), &format!("{}-2", &long[..62])),
        ] {
            assert_eq!(names.take(text), name, "{text}");
        }
    }
}
