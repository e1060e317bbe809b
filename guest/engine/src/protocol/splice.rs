//! Text with pieces of it cut out or replaced, and every other byte as it was.

use crate::diagnostic::Span;

/// One change: what stands at the span becomes the text.
pub(super) struct Edit<'t> {
    pub(super) span: Span,
    pub(super) text: &'t str,
}

/// Applies edits, which must not overlap.
pub(super) fn splice(text: &str, edits: &mut [Edit<'_>]) -> String {
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let added: usize = edits.iter().map(|edit| edit.text.len()).sum();
    let mut out = String::with_capacity(text.len() + added);
    let mut at = 0;
    for edit in edits.iter() {
        out.push_str(text.get(at..edit.span.start).unwrap_or_default());
        out.push_str(edit.text);
        at = edit.span.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// What to cut so that only some items of an array, or members of an object, remain. Each cut takes
/// one comma along, so that what remains is JSON again.
pub(super) fn cuts(items: &[(Span, bool)]) -> Vec<Edit<'static>> {
    let mut edits = Vec::new();
    let mut end_before: Option<usize> = None;
    let mut any_kept = false;
    for (index, (span, is_kept)) in items.iter().enumerate() {
        if *is_kept {
            any_kept = true;
        } else {
            let span = match (any_kept, end_before) {
                // The comma in front goes with it.
                (true, Some(end)) => Span { start: end, end: span.end },
                // Nothing in front stays, so the comma behind does not either.
                (true | false, _) => {
                    let end = items.get(index + 1).map_or(span.end, |(next, _)| next.start);
                    Span { start: span.start, end }
                }
            };
            edits.push(Edit { span, text: "" });
        }
        end_before = Some(span.end);
    }
    edits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Format;
    use crate::syntax::read;

    #[track_caller]
    fn check(text: &str, kept: &str, expect: &str) {
        let tree = read(text, Format::Json).unwrap();
        let items: Vec<_> = tree
            .root
            .as_array()
            .unwrap()
            .iter()
            .map(|item| (item.span, item.as_str().is_some_and(|name| kept.contains(name))))
            .collect();
        assert_eq!(splice(text, &mut cuts(&items)), expect);
    }

    #[test]
    fn what_is_cut_takes_one_comma_along() {
        check(r#"[ "a" , "b" , "c" ]"#, "abc", r#"[ "a" , "b" , "c" ]"#);
        check(r#"[ "a" , "b" , "c" ]"#, "ab", r#"[ "a" , "b" ]"#);
        check(r#"[ "a" , "b" , "c" ]"#, "bc", r#"[ "b" , "c" ]"#);
        check(r#"[ "a" , "b" , "c" ]"#, "ac", r#"[ "a" , "c" ]"#);
        check(r#"[ "a" , "b" , "c" ]"#, "b", r#"[ "b" ]"#);
        check(r#"[ "a" , "b" , "c" ]"#, "c", r#"[ "c" ]"#);
        check(r#"[ "a" , "b" , "c" ]"#, "", "[  ]");
        check(r#"["a"]"#, "", "[]");
    }
}
