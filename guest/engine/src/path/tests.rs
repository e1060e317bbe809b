//! What a text means as a path, and which patterns speak of it.

use super::{Path, PathError, PathPattern, PathSet, Roots, Sense, suspicion};

const ROOTS: Roots<'static> = Roots { workspace: Some("/w"), home: Some("/home/me"), cwd: None };

#[track_caller]
fn check_parse(text: &str, expected: Result<&str, PathError>) {
    let found = Path::parse(text, ROOTS).map(|path| path.display());
    assert_eq!(found.as_deref().map_err(|error| *error), expected, "{text:?}");
}

#[track_caller]
fn check_match(sense: Sense, pattern: &str, path: &str, expected: bool) {
    let set = PathSet::new(sense, vec![PathPattern::parse(pattern).expect("a pattern")]);
    let path = Path::parse(path, ROOTS).expect("a path");
    let path = if sense == Sense::Deny { path.folded() } else { path };
    assert_eq!(set.find(&path, ROOTS).is_some(), expected, "{pattern} on {}", path.display());
}

#[test]
fn paths_are_made_absolute_and_clamped() {
    check_parse("src/a", Ok("/w/src/a"));
    check_parse("./src//b/../a/", Ok("/w/src/a"));
    check_parse("../../../etc/passwd", Ok("/etc/passwd"));
    check_parse("~/x", Ok("/home/me/x"));
    check_parse("~other/x", Err(PathError::OtherHome));
    check_parse("", Err(PathError::Empty));
    check_parse("a\u{0}", Err(PathError::Control));
    check_parse("file:///etc", Err(PathError::Url));
    check_parse("C:.env", Err(PathError::Drive));
    check_parse("//host/x", Err(PathError::Unc));
    assert_eq!(Path::parse("../x", Roots::default()), Err(PathError::Escape));
    assert_eq!(Path::parse("~/x", Roots::default()), Err(PathError::UnknownHome));
}

#[test]
fn an_allow_is_exact_and_a_deny_is_not() {
    check_match(Sense::Allow, "src/**", "src/a/b.rs", true);
    check_match(Sense::Allow, "src/**", "src", true);
    check_match(Sense::Allow, "src/**", "Src/a", false);
    check_match(Sense::Allow, "src/*", "src/a/b", false);
    check_match(Sense::Allow, "src/*", "src/.a", true);
    check_match(Sense::Allow, "**", "/etc/passwd", false);
    check_match(Sense::Allow, "/w/src/**", "src/a", true);
    check_match(Sense::Allow, "~/notes/**", "/home/me/notes/a", true);
    check_match(Sense::Allow, "{a,b}/[c-e]?.rs", "b/dx.rs", true);
    check_match(Sense::Deny, "**/.env*", ".ENV.local", true);
    check_match(Sense::Deny, "**/.env*", "a/.env/b", true);
    check_match(Sense::Deny, "**/secrets*", "config/Secrets. /x", true);
    check_match(Sense::Deny, "**/.env*", "a/.env::$DATA", true);
    check_match(Sense::Deny, "a/b", "a/b/c", true);
    check_match(Sense::Deny, "a/b", "a/bc", false);
}

#[test]
fn spellings_that_no_pattern_can_vouch_for_are_noticed() {
    for text in ["a%2e%2e", "a%2Fb", "a:$x", "PROGRA~1/x", "a\\b", "$HOME/x", "a\u{200b}b"] {
        assert!(suspicion(text).is_some(), "{text}");
    }
    for text in ["src/a.rs", "100%/x", "a~b", "notes~", "données.txt", "a b"] {
        assert!(suspicion(text).is_none(), "{text}");
    }
}
