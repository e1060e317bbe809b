//! Text of the ledger on a terminal. It is what an agent sent, so it may try to move the cursor,
//! turn the line around, or look like another line.

/// What a terminal or an eye would obey instead of show.
fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// JSON with every such character escaped. Outside of strings JSON has none but line breaks, so
/// its meaning stays.
pub(super) fn json(text: &str) -> String {
    escape(text, |c| c == '\n')
}

/// One line of text, cut to so many characters.
pub(super) fn line(text: &str, chars_max: usize) -> String {
    let mut shown = escape(&text.chars().take(chars_max).collect::<String>(), |_| false);
    if text.chars().nth(chars_max).is_some() {
        shown.push('…');
    }
    shown
}

fn escape(text: &str, keep: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_active(c) && !keep(c) {
            // All of them are below U+10000, so one unit of UTF-16 is enough.
            shown.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        assert_eq!(line("a\u{1b}[2Jb\nc\u{202e}d\u{9b}", 80), "a\\u001b[2Jb\\u000ac\\u202ed\\u009b");
        assert_eq!(line("aäö", 2), "aä…");
    }

    #[test]
    fn escaped_json_means_the_same() {
        let text = "{\n \"a\": \"x\u{2028}\u{7f}\u{202e}ü\"\n}";
        let shown = json(text);
        assert!(!shown.chars().any(|c| is_active(c) && c != '\n'), "{shown}");
        let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(parse(&shown), parse(text));
    }
}
