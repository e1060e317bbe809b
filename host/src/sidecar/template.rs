//! Texts with sections that are replaced: complete files by themselves, comments and all.
//!
//! A section stands between `# begin: NAME` and `# end: NAME`. What replaces it is indented as the
//! first of the two lines is, so what is given here begins at the left margin.

/// Replaces sections. Whoever names one that is not there gets nothing: a text that restricts somebody
/// must not lose a part unnoticed.
pub(super) fn fill(template: &str, sections: &[(&str, String)]) -> Option<String> {
    let mut out = String::with_capacity(template.len());
    let mut filled = 0;
    let mut lines = template.lines();
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        let section = line
            .trim_start()
            .strip_prefix("# begin: ")
            .and_then(|name| sections.iter().find(|(section, _)| *section == name));
        let Some((name, text)) = section else {
            push(&mut out, 0, line);
            continue;
        };
        text.lines().for_each(|line| push(&mut out, indent, line));
        let end = format!("# end: {name}");
        lines.by_ref().find(|line| line.trim_start() == end)?;
        filled += 1;
    }
    (filled == sections.len()).then_some(out)
}

fn push(out: &mut String, indent: usize, line: &str) {
    if !line.is_empty() {
        out.extend(std::iter::repeat_n(' ', indent));
    }
    out.push_str(line);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::fill;

    const TEXT: &str = "a:\n  # begin: x\n  b: 1\n  # end: x\nc: 2\n";

    #[test]
    fn sections_are_replaced_and_the_rest_stays() {
        let fill = |sections: &[(&str, &str)]| {
            let owned: Vec<_> = sections.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
            fill(TEXT, &owned)
        };
        assert_eq!(fill(&[("x", "d:\n\n  e: 3")]).as_deref(), Some("a:\n  d:\n\n    e: 3\nc: 2\n"));
        assert_eq!(fill(&[]).as_deref(), Some(TEXT));
        assert_eq!(fill(&[("x", "")]).as_deref(), Some("a:\nc: 2\n"));
        assert_eq!(fill(&[("y", "")]), None);
    }
}
