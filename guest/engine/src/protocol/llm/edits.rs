//! Changes to a JSON text, gathered while it is walked.

use crate::diagnostic::Span;
use crate::protocol::splice::{Edit, cuts, splice};
use crate::syntax::{Member, Node};

/// What becomes of some places of a text. They do not overlap.
#[derive(Default)]
pub(super) struct Edits(Vec<(Span, String)>);

impl Edits {
    /// Puts a text in the place of a value.
    pub(super) fn replace(&mut self, node: &Node<'_>, text: impl Into<String>) {
        self.0.push((node.span, text.into()));
    }

    /// Adds a text at the beginning of an object.
    pub(super) fn insert_within(&mut self, object: &Node<'_>, text: String) {
        let at = object.span.start + 1;
        self.0.insert(0, (Span { start: at, end: at }, text));
    }

    /// Keeps only some items of a list.
    pub(super) fn keep_items(&mut self, items: &[Node<'_>], is_kept: impl Fn(usize) -> bool) {
        let items: Vec<_> =
            items.iter().enumerate().map(|(index, item)| (item.span, is_kept(index))).collect();
        self.cut(&items);
    }

    /// Keeps only some members of an object.
    pub(super) fn keep_members(&mut self, members: &[Member<'_>], is_kept: impl Fn(&str) -> bool) {
        let span = |member: &Member<'_>| Span { start: member.key_span.start, end: member.value.span.end };
        let members: Vec<_> = members.iter().map(|member| (span(member), is_kept(&member.key))).collect();
        self.cut(&members);
    }

    fn cut(&mut self, items: &[(Span, bool)]) {
        self.0.extend(cuts(items).into_iter().map(|edit| (edit.span, edit.text.to_owned())));
    }

    /// Whether nothing changes.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text with all changes.
    pub(super) fn apply(&self, text: &str) -> String {
        let mut edits: Vec<_> = self.0.iter().map(|(span, text)| Edit { span: *span, text }).collect();
        splice(text, &mut edits)
    }
}
