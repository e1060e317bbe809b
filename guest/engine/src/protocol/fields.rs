//! Members of JSON objects that several readers will read, and not all of them alike.
//!
//! Some readers match keys without regard to letter case and take the last one that fits. A key that
//! only differs in case from one that matters is therefore neither unknown nor the same: it is a
//! mistake.

use crate::syntax::Node;

/// A key that differs from a known one in letter case only.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ambiguous(pub(super) String);

/// The member of an object; `None` where it has none, or is no object.
pub(super) fn get<'n, 'a>(node: &'n Node<'a>, name: &str) -> Result<Option<&'n Node<'a>>, Ambiguous> {
    let mut found = None;
    for member in node.as_object().unwrap_or_default() {
        if member.key == name {
            found = Some(&member.value);
        } else if is_like(&member.key, name) {
            return Err(Ambiguous(member.key.to_string()));
        }
    }
    Ok(found)
}

/// Whether two keys are the same but for letter case, as readers that fold case see it. `name` is
/// ASCII; two further characters fold to a letter of ASCII, the long s and the sign of the kelvin.
fn is_like(key: &str, name: &str) -> bool {
    let fold = |c: char| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    };
    // A longer key has more bytes than three for each character of the name.
    key.len() <= name.len() * 3 && key.chars().map(fold).eq(name.chars().map(fold))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Format;

    #[test]
    fn keys_that_differ_in_case_only_are_mistakes() {
        let read = |text: &'static str, name: &str| {
            let tree = crate::syntax::read(text, Format::Json).expect("JSON");
            get(&tree.root, name).map(|node| node.is_some())
        };
        assert_eq!(read(r#"{"payload":1}"#, "payload"), Ok(true));
        assert_eq!(read(r#"{"payloads":1}"#, "payload"), Ok(false));
        assert_eq!(read(r#"[1]"#, "payload"), Ok(false));
        assert_eq!(read(r#"{"payload":1,"PAYLOAD":2}"#, "payload"), Err(Ambiguous("PAYLOAD".to_owned())));
        assert_eq!(
            read(r#"{"tool_call\u017f":1}"#, "tool_calls"),
            Err(Ambiguous("tool_call\u{17f}".to_owned()))
        );
    }
}
