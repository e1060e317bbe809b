//! Paths as tables: spellings that are one path, and texts that are none.

use super::*;

fn forwarded(text: &str) -> Result<String, &'static str> {
    Target::parse(text).map(|target| target.text()).map_err(|fault| fault.code)
}

#[test]
fn what_every_program_reads_alike_becomes_one_path() {
    for (text, expect) in [
        ("/", "/"),
        ("/v1/models", "/v1/models"),
        ("/v1/models/", "/v1/models/"),
        ("/v1/models?x=%2e%2e/&y=//", "/v1/models?x=%2e%2e/&y=//"),
        ("/?", "/?"),
        ("/%61dmin", "/admin"),
        ("/a%2Db%5f%7E", "/a-b_~"),
        ("/a%2fb?x", "path-malformed"),
        ("/a/./b", "/a/b"),
        ("/a/../b", "/b"),
        ("/a/%2e%2e/b", "/b"),
        ("/a/%2E/b", "/a/b"),
        ("/a/.", "/a/"),
        ("/a/b/..", "/a/"),
        ("/a/...", "/a/..."),
        ("/.well-known/agent.json", "/.well-known/agent.json"),
        ("/a//b///c", "/a/b/c"),
        ("/a//", "/a/"),
        ("/a/..//b", "/b"),
        ("/a%20b", "/a%20b"),
        ("/caf\u{e9}", "/caf%C3%A9"),
        ("/caf%c3%a9", "/caf%C3%A9"),
        ("/a|b{c}", "/a%7Cb%7Bc%7D"),
        ("/v1/m:generate@2,3", "/v1/m:generate@2,3"),
        // Parameters are kept, and looked behind.
        ("/a;v=1/b", "/a;v=1/b"),
        ("/a/..;x/b", "/b"),
        ("/a/.;x/b", "/a/b"),
        ("/100%25", "/100%25"),
        ("/a%2520b", "/a%2520b"),
    ] {
        assert_eq!(forwarded(text).unwrap_or_else(str::to_owned), expect, "{text}");
    }
}

#[test]
fn what_two_programs_could_read_differently_is_refused() {
    for text in [
        "//evil.example/x",
        "//admin",
        "/..",
        "/../etc",
        "/a/../../b",
        "/a/%2e%2e/%2e%2e/b",
        "/a/..;/..;/b",
        "/a\\b",
        "/a%5cb",
        "/a%2Fb",
        "/a%00",
        "/a%0d%0ab",
        "/a%7f",
        "/a%c2%85",
        "/a b",
        "/a\tb",
        "/a\u{0}",
        "/a#b",
        "/a?x#b",
        "/a%",
        "/a%2",
        "/a%zz",
        "/a%u002e",
        // Overlong forms of `/` and `.`, and what is no UTF-8.
        "/%c0%af",
        "/%c0%ae%c0%ae/",
        "/%e0%80%af",
        "/%ff",
        "/a/%252e%252e/b",
        "/a%252fb",
        "/a%255cb",
        "/a%25252fb",
        "/a%25%32%66b",
        "/a%253bx",
        "/a%2500",
    ] {
        assert_eq!(forwarded(text), Err("path-malformed"), "{text}");
    }
    for text in ["", "*", "admin", "http://evil.example/x", "?x", "example.com:443"] {
        assert_eq!(forwarded(text), Err("path-not-origin-form"), "{text}");
    }
    assert_eq!(forwarded(&format!("/{}", "a".repeat(HTTP_PATH_BYTES_MAX))), Err("path-malformed"));
    assert_eq!(forwarded(&format!("/?{}", "a".repeat(HTTP_TARGET_BYTES_MAX))), Err("path-malformed"));
    let deep = "/a".repeat(HTTP_SEGMENTS_MAX + 1);
    assert!(Target::parse(&deep).expect("a path").segments().is_err());
}

#[test]
fn patterns_see_what_the_escapes_say() {
    let check = |text: &str, expect: &[&str]| {
        let target = Target::parse(text).expect("a path");
        assert_eq!(target.segments().expect("few segments"), expect, "{text}");
    };
    check("/", &[""]);
    check("/admin", &["admin"]);
    check("/admin/", &["admin", ""]);
    check("/a%3Ab/c%20d/%7Bx%7D/caf%C3%A9?q", &["a:b", "c d", "{x}", "caf\u{e9}"]);
    assert!(Target::parse("/a%3Bx").expect("a path").has_parameters);
    assert!(Target::parse("/a;x").expect("a path").has_parameters);
    assert!(!Target::parse("/a?b;x").expect("a path").has_parameters);
}

#[test]
fn a_path_in_its_one_spelling_stays_as_it_is() {
    for text in ["/a/../b//c%2d;x/%e2%82%ac/.", "/a;v=1/..;x/b", "/%7Ea/b c".replace(' ', "%20").as_str()] {
        let once = forwarded(text).expect("a path");
        assert_eq!(forwarded(&once), Ok(once.clone()), "{text}");
    }
}

#[test]
fn escapes_of_a_pattern_are_literal() {
    for (text, expect) in [
        ("/v1/**", Ok("/v1/**")),
        ("/a%41", Ok("/aA")),
        ("/a%2A", Ok("/a[*]")),
        ("/a%5Bb%5D", Ok("/a[[]b[]]")),
        ("/100%25", Ok("/100%")),
    ] {
        assert_eq!(pattern_text(text).as_deref(), expect, "{text}");
    }
    for text in ["v1/**", "**", "/a%2fb", "/a%", "/a%zz", "/[%41]", "/%ff", "/a%0a"] {
        assert!(pattern_text(text).is_err(), "{text}");
    }
}
