//! The patterns of a condition, expressions and globs of URLs, and what to say of one that is none.

use super::super::leaves::{Text, visible};
use super::super::shape::{Reading, Shape as _};
use crate::condition::Pattern;
use crate::limits::{PATTERN_BYTES_MAX, RULE_PROGRAMS_MAX};
use crate::syntax::Node;
use crate::url::UrlGlob;

pub(super) fn regex(text: &str, node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Pattern> {
    let found = Pattern::parse(text);
    let weight = found.as_ref().map_or(0, Pattern::weight);
    let total = cx.programs(weight);
    // Told once, where it happens; the document is refused by that.
    if total > RULE_PROGRAMS_MAX && total - weight > RULE_PROGRAMS_MAX {
        return None;
    }
    let found = found.and_then(|pattern| {
        if total > RULE_PROGRAMS_MAX {
            return Err("all patterns of the policy add up to programs that are too large".to_owned());
        }
        Ok(pattern)
    });
    match found {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            let mut help = error;
            if ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|part| text.contains(part))
                || has_back_reference(text)
            {
                help.push_str(
                    "; look-around and back-references are not linear and not supported: use `not` and `all`",
                );
            }
            let message = format!("`{}` is not a regular expression that is supported", text.escape_debug());
            cx.error("bad-regex", node.span, message, "this pattern", Some(help));
            None
        }
    }
}

fn has_back_reference(text: &str) -> bool {
    text.contains("(?P=")
        || text.contains(r"\k")
        || text.as_bytes().windows(2).any(|pair| matches!(pair, [b'\\', b'1'..=b'9']))
}

pub(super) fn glob(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<UrlGlob> {
    let text = visible(Text::read(node, cx)?, cx)?.value;
    let found =
        if text.len() > PATTERN_BYTES_MAX { Err("the pattern is too long") } else { UrlGlob::parse(&text) };
    match found {
        Ok(glob) => Some(glob),
        Err(help) => {
            let message = format!("`{}` is not a URL pattern", text.escape_debug());
            cx.error("bad-url-pattern", node.span, message, "this pattern", Some(help.to_owned()));
            None
        }
    }
}
