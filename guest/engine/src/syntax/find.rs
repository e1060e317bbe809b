//! Where the value of a JSON pointer stands, for whoever shows a line of a policy.

use super::{Node, SyntaxTree, Value};
use crate::diagnostic::Span;

impl SyntaxTree<'_> {
    /// The place of the value that an RFC 6901 pointer names, if there is one. Of two equal keys the
    /// last counts, as it does for a document that loads.
    pub fn find(&self, pointer: &str) -> Option<Span> {
        let mut node = &self.root;
        if pointer.is_empty() {
            return Some(node.span);
        }
        for step in pointer.strip_prefix('/')?.split('/') {
            node = child(node, step)?;
        }
        Some(node.span)
    }
}

fn child<'n, 'a>(node: &'n Node<'a>, step: &str) -> Option<&'n Node<'a>> {
    match &node.value {
        Value::Object(members) => {
            let key = step.replace("~1", "/").replace("~0", "~");
            members.iter().rev().find(|member| member.key == key).map(|member| &member.value)
        }
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::Format;

    #[test]
    fn a_pointer_leads_to_its_value() {
        let text = r#"{"a": {"b/c": [1, "two"]}, "~": true, "a~1": 4}"#;
        let tree = crate::parse(text, Format::Json).unwrap();
        for (pointer, expect) in [
            ("", Some(text)),
            ("/a/b~1c/1", Some("\"two\"")),
            ("/a/b~1c", Some("[1, \"two\"]")),
            ("/~0", Some("true")),
            ("/a~01", Some("4")),
            ("/a/b~1c/2", None),
            ("/a/b~1c/x", None),
            ("/a/b", None),
            ("a", None),
            ("/~0/x", None),
        ] {
            let found = tree.find(pointer).map(|span| &text[span.start..span.end]);
            assert_eq!(found, expect, "{pointer}");
        }
        let yaml = "a:\n  - x\n  - yes it is\n";
        let span = crate::parse(yaml, Format::Yaml).unwrap().find("/a/1").unwrap();
        assert_eq!(&yaml[span.start..span.end], "yes it is");
    }
}
