//! Python's `fnmatch` over the names of functions: `*`, `?`, `[seq]`, `[!seq]`.
//!
//! A policy of ours knows `*` in the name of a tool. What says more than that becomes a name with
//! stars, which finds the rule, and an expression that is exact.

use super::regex::{class_literal, literal};

/// A pattern in our notation.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NamePattern {
    /// For `tools`.
    pub(super) tools: String,
    /// What `@toolName` has to match, where stars do not say it all.
    pub(super) exactly: Option<String>,
}

/// Reads a pattern. The error says what is wrong with it.
pub(super) fn read(text: &str) -> Result<NamePattern, String> {
    let (mut tools, mut regex, mut is_exact) = (String::new(), String::from("^(?s:"), false);
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let class = (c == '[').then(|| class(rest.as_str())).flatten();
        match c {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            '[' => match class {
                None => literal('[', &mut regex),
                Some((inside, after)) => {
                    regex.push_str(&set(inside)?);
                    rest = after.chars();
                    tools.push('*');
                    is_exact = true;
                    continue;
                }
            },
            other => literal(other, &mut regex),
        }
        is_exact |= c == '?';
        tools.push(if c == '?' { '*' } else { c });
    }
    regex.push_str(")$");
    while tools.contains("**") {
        tools = tools.replace("**", "*");
    }
    Ok(NamePattern { tools, exactly: is_exact.then_some(regex) })
}

/// The inside of a class and what follows it; `None` if the bracket is never closed, and so a
/// character like any other.
fn class(text: &str) -> Option<(&str, &str)> {
    let negation = usize::from(text.starts_with('!'));
    // A bracket in the first place belongs to the class.
    let bracket = usize::from(text.get(negation..)?.starts_with(']'));
    let from = negation + bracket;
    let end = from + text.get(from..)?.find(']')?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}

fn set(inside: &str) -> Result<String, String> {
    let (mut out, members) = match inside.strip_prefix('!') {
        Some(members) => (String::from("[^"), members),
        None => (String::from("["), inside),
    };
    let mut rest: Vec<char> = members.chars().rev().collect();
    while let Some(low) = rest.pop() {
        let is_range = rest.len() >= 2 && rest.last() == Some(&'-');
        class_literal(low, &mut out);
        if !is_range {
            continue;
        }
        rest.pop();
        let Some(high) = rest.pop() else { continue };
        if high < low {
            return Err(format!("the range `{low}-{high}` is empty"));
        }
        out.push('-');
        class_literal(high, &mut out);
    }
    out.push(']');
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stay_and_the_rest_becomes_an_expression() {
        for (pattern, tools, exactly) in [
            ("transfer_*", "transfer_*", None),
            ("*", "*", None),
            ("a**b", "a*b", None),
            ("tool_?", "tool_*", Some("^(?s:tool_.)$")),
            ("??", "*", Some("^(?s:..)$")),
            ("get_[ab]*", "get_*", Some("^(?s:get_[ab].*)$")),
            ("v[0-9].[!a-c]", "v*.*", Some(r"^(?s:v[0-9]\.[^a-c])$")),
            ("[]x]", "*", Some(r"^(?s:[\x5Dx])$")),
            ("[!]x]", "*", Some(r"^(?s:[^\x5Dx])$")),
            ("[a-]", "*", Some(r"^(?s:[a\x2D])$")),
            ("[^a&]", "*", Some(r"^(?s:[\x5Ea\x26])$")),
            ("a[b", "a[b", None),
            ("a.b(c)", "a.b(c)", None),
            ("[]", "[]", None),
        ] {
            let expect = NamePattern { tools: tools.to_owned(), exactly: exactly.map(str::to_owned) };
            assert_eq!(read(pattern), Ok(expect), "{pattern}");
        }
        assert_eq!(read("[z-a]"), Err("the range `z-a` is empty".to_owned()));
    }
}
