//! Expressions of others, and what becomes of them.

use super::*;

fn python(text: &str) -> Result<String, String> {
    translate(text, Flavour::Python, Sense::Permits).map(|own| own.pattern).map_err(|own| own.message)
}

#[test]
fn python_is_written_again() {
    for (theirs, ours) in [
        ("", ""),
        (r".*@example\.com$", r".*@example\.com$"),
        (r"(?i)drop\s+table", r"(?i)drop\s+table"),
        (r"(?P<year>\d{4})-(?P<m>\d\d)", r"(?:\d{4})-(?:\d\d)"),
        (r"a{,3}b{2,}c{1,2}?d{4}", r"a{0,3}b{2,}c{1,2}?d{4}"),
        ("a{b}c{", r"a\{b\}c\{"),
        ("a]b}", r"a\]b\}"),
        (r"\Aabc\Z", r"\Aabc\z"),
        (r"[]a]", r"[\]a]"),
        (r"[^]a]", r"[^\]a]"),
        (r"[[a&&b]", r"[\x5Ba\x26\x26b]"),
        (r"[a-z_-]", r"[a-z_\x2D]"),
        (r"[-a]", r"[\x2Da]"),
        (r"[\w.\]\-]+", r"[\w.\x5D\x2D]+"),
        (r"[\b]", r"[\x08]"),
        (r"\/\@\<\ \-", r"/@< -"),
        (r"\x41\u00e9\U0001F600\.", "Aé😀\\."),
        (r"a(?#a comment)b", "ab"),
        (r"(?a)\w", r"\w"),
        (r"(?s:.)(?-i:x)(?im)", r"(?s:.)(?-i:x)(?im)"),
        (r"a|(b)|(?:c)", r"a|(b)|(?:c)"),
        ("€.", "€."),
    ] {
        assert_eq!(python(theirs).as_deref(), Ok(ours), "{theirs}");
    }
}

#[test]
fn what_backtracks_is_a_mistake() {
    for (text, message) in [
        ("(?=a)", "look-around in the expression"),
        ("(?!a)b", "look-around in the expression"),
        ("(?<=a)b", "look-around in the expression"),
        ("(?<!a)b", "look-around in the expression"),
        (r"(a)\1", "back-reference in the expression"),
        (r"(?P<x>a)(?P=x)", "back-reference in the expression"),
        ("(a)?(?(1)b|c)", "back-reference in the expression"),
        ("(?>a)", "atomic group in the expression"),
        ("a++", "possessive quantifier in the expression"),
        ("a{2}+", "possessive quantifier in the expression"),
        ("(?x)a", "flag `x` in the expression"),
        (r"\N{DASH}", "escape `\\N` in the expression"),
        (r"\07", "escape `\\0` in the expression"),
        (r"\q", "escape `\\q` in the expression"),
        (r"\xZZ", "escape of no character in the expression"),
        (r"\x+1", "escape of no character in the expression"),
        (r"\ud800", "escape of no character in the expression"),
        ("a\\", "the expression ends with a backslash"),
        ("[a", "unfinished class in the expression"),
        // A range up to the dash, which holds the comma, too.
        ("[+--]", "two dashes in a class of the expression"),
        ("(?", "unfinished group in the expression"),
        ("(?P<a", "unfinished name of a group in the expression"),
        ("(?i", "unfinished flags in the expression"),
    ] {
        assert_eq!(python(text), Err(message.to_owned()), "{text}");
    }
}

#[test]
fn the_end_of_a_text_is_taken_strictly() {
    let end = |flavour, sense| translate("a$", flavour, sense).unwrap().pattern;
    assert_eq!(end(Flavour::Python, Sense::Catches), r"a(?:\n?$)");
    assert_eq!(end(Flavour::Python, Sense::Permits), "a$");
    assert_eq!(end(Flavour::JavaScript, Sense::Catches), "a$");
}

#[test]
fn letters_beyond_ascii_are_remembered() {
    let ascii = |text, flavour| translate(text, flavour, Sense::Catches).unwrap().is_ascii_here;
    for text in [r"\w", r"[\d]", r"\bx", "(?i)x", "(?i:x)"] {
        assert!(ascii(text, Flavour::Python), "{text}");
    }
    assert!(!ascii("[a-z]", Flavour::Python));
    assert!(!ascii(r"\w", Flavour::JavaScript));
}
