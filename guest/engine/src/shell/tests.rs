//! What the reader makes of words and structure. Whether that is what bash makes of them is asked
//! of bash itself, by the differential test.

use super::{Event, ParseErrorKind, hole, parse};

/// The words of the first command, with holes as `*`, `?`, `%` (text) and `…` (words).
#[track_caller]
fn check_words(line: &str, expected: &[&str]) {
    let script = parse(line, 0).expect("the line is a script");
    let shown = |text: &str| {
        text.replace(hole::GLOB, "*")
            .replace(hole::ONE, "?")
            .replace(hole::TEXT, "%")
            .replace(hole::WORDS, "…")
    };
    let words: Vec<String> =
        script.commands.last().expect("a command").words.iter().map(|word| shown(&word.text)).collect();
    assert_eq!(words, expected, "{line:?}");
}

#[track_caller]
fn check_programs(line: &str, expected: &[&str]) {
    let script = parse(line, 0).expect("the line is a script");
    let programs: Vec<&str> = script
        .commands
        .iter()
        .filter_map(|command| command.words.first())
        .map(|word| word.text.as_ref())
        .collect();
    assert_eq!(programs, expected, "{line:?}");
}

#[track_caller]
fn check_error(line: &str, expected: ParseErrorKind) {
    assert_eq!(parse(line, 0).map_err(|error| error.kind).err(), Some(expected), "{line:?}");
}

#[test]
fn quotes_are_removed_as_bash_removes_them() {
    check_words(
        r#"a 'b c' "d \"e\" \f" g\ h $'i\tj' "" k''l"#,
        &["a", "b c", "d \"e\" \\f", "g h", "i\tj", "", "kl"],
    );
    check_words("r\\\nm x", &["rm", "x"]);
    check_words(r"$'\x72m' $'\162m' $'\u0072m'", &["rm", "rm", "rm"]);
}

#[test]
fn what_only_bash_knows_is_a_hole() {
    check_words(r#"a $x "$x" "$@" ${x:-y} `b`"#, &["a", "…", "%", "…", "…", "…"]);
    check_words(
        "a * b? [a-z]x p[[:lower:]]sh []u] {a,b}c {a} ~/x",
        &["a", "*", "b?", "?x", "p*sh", "?", "…c", "{a}", "~/x"],
    );
}

#[test]
fn every_command_is_found() {
    check_programs("a; b && c || d | e & f\ng", &["a", "b", "c", "d", "e", "f", "g"]);
    check_programs("if a; then b; elif c; then d; else e; fi", &["a", "b", "c", "d", "e"]);
    check_programs(
        "for x in $(a); do b; done; while c; do d; done; case $(e) in f) g;; esac",
        &["a", "b", "c", "d", "e", "g"],
    );
    check_programs(
        "a \"$(b `c`)\" <(d) ${x:-$(e)} $((1 + $(f))) > $(g)",
        &["c", "b", "d", "e", "f", "g", "a"],
    );
    check_programs("a <<E\n$(b)\nE\nc", &["a", "b", "c"]);
    check_programs("a <<'E'\n$(b)\nE\nc", &["a", "c"]);
}

#[test]
fn what_bash_refuses_or_reads_in_two_ways_is_an_error() {
    for line in ["a;; b", "a &&", "a |", "'a", "\"a", "$(a", "`a", "if a; then", "a <<E\nb", "( )", "a (b)"] {
        check_error(line, ParseErrorKind::Syntax);
    }
    for line in ["((a); b)", "$[1] a", "a ${x@P}", "{x}>f a", "a $'\\c'", "a $\\\n(b)"] {
        check_error(line, ParseErrorKind::Unsupported);
    }
    check_error("a\u{0}b", ParseErrorKind::Malformed);
    check_error(&format!("{}a{}", "$(".repeat(65), ")".repeat(65)), ParseErrorKind::Limit);
}

#[test]
fn a_redirection_of_a_group_stands_where_the_group_begins() {
    let script = parse("a && { b; } > f", 0).expect("the line is a script");
    let place = script.events.iter().position(|event| matches!(event, Event::Redirect(0)));
    let group = script.events.iter().position(|event| *event == Event::Command(1));
    assert!(place < group, "{:?}", script.events);
}
