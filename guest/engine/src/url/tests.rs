//! Spellings of URLs, and globs over them.

use super::*;

#[test]
fn spellings_of_one_url_are_one_text() {
    for (text, expect) in [
        ("https://api.example.com/v1", "https://api.example.com/v1"),
        ("HTTPS://API.Example.COM/v1", "https://api.example.com/v1"),
        ("https://api.example.com:443/v1", "https://api.example.com/v1"),
        ("https://api.example.com:0443/v1", "https://api.example.com/v1"),
        ("https://api.example.com:/v1", "https://api.example.com/v1"),
        ("http://api.example.com:80", "http://api.example.com/"),
        ("http://api.example.com:443/", "http://api.example.com:443/"),
        ("https://api.example.com", "https://api.example.com/"),
        ("https://api.example.com?a=1", "https://api.example.com/?a=1"),
        ("https://api.example.com#top", "https://api.example.com/"),
        ("https://api.example.com/a#b?c", "https://api.example.com/a"),
        ("https://api.example.com./a", "https://api.example.com/a"),
        ("https://api.example.com/a/./b/../c", "https://api.example.com/a/c"),
        ("https://api.example.com/a/..", "https://api.example.com/"),
        ("https://api.example.com/a/b/.", "https://api.example.com/a/b/"),
        ("https://api.example.com/../../a", "https://api.example.com/a"),
        ("https://api.example.com/a/%2e%2E/b", "https://api.example.com/b"),
        ("https://api.example.com/%7Euser/%41", "https://api.example.com/~user/A"),
        ("https://api.example.com/a%2fb%3f", "https://api.example.com/a%2Fb%3F"),
        ("https://api.example.com/é", "https://api.example.com/%C3%A9"),
        ("https://api.example.com/a//b/", "https://api.example.com/a//b/"),
        ("https://api.example.com/?q=%7e&p=../x", "https://api.example.com/?q=~&p=../x"),
        ("https://%65xample.com/", "https://example.com/"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
        ("http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x"),
        ("http://[::1]:80/x", "http://[::1]/x"),
        ("http://[0:0:0:0:0:0:0:1]/x", "http://[::1]/x"),
    ] {
        let url = Url::parse(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!((url.as_str(), url.has_user), (expect, false), "{text}");
        assert_eq!(Url::parse(expect).as_ref().map(Url::as_str), Some(expect), "{text} twice");
    }
}

#[test]
fn user_information_is_told_and_left_out() {
    for text in
        ["https://user@api.example.com/", "https://api.example.com@evil.example/", "https://a:b@c.example/"]
    {
        let url = Url::parse(text).unwrap_or_else(|| panic!("{text}"));
        assert!(url.has_user && !url.as_str().contains('@'), "{text}: {url:?}");
    }
    assert_eq!(
        Url::parse("https://api.example.com@evil.example/").as_ref().map(Url::as_str),
        Some("https://evil.example/")
    );
}

#[test]
fn what_programs_read_differently_is_no_url() {
    for text in [
        "",
        "api.example.com",
        "/v1",
        "//api.example.com/",
        "ftp://a.example/",
        "file:///etc/passwd",
        "https:",
        "https:/a.example",
        "https:a.example",
        "https://",
        "https:///a",
        "https://a.example:x/",
        "https://a.example:99999/",
        " https://a.example/",
        "https://a.example/ b",
        "https://a.example/\tb",
        "https://a.example\\b",
        "https://a.example/%zz",
        "https://a.example/%4",
        "https://a..example/",
        "https://.example/",
        "https://bücher.example/",
        "https://a%2Fb.example/",
        "http://0x7f.1/",
        "http://2130706433/",
        "http://127.1/",
        "http://010.0.0.1/",
        "http://1.2.3.4.5/",
        "http://[::1/",
        "http://[g::]/",
        "https://a.example:443:443/",
        "https://a,b/",
        "javascript:alert(1)",
        "https://*.example/",
    ] {
        assert_eq!(Url::parse(text), None, "{text}");
    }
}

fn matches(glob: &str, url: &str) -> bool {
    let glob = UrlGlob::parse(glob).unwrap_or_else(|error| panic!("{glob}: {error}"));
    glob.matches(&Url::parse(url).unwrap_or_else(|| panic!("{url}")))
}

#[test]
fn globs_match_whole_urls_in_every_spelling() {
    for (glob, url) in [
        ("*", "https://a.example/"),
        ("https://a.example", "https://a.example"),
        ("https://a.example", "https://A.example:443/"),
        ("HTTPS://A.Example:443/v1/*", "https://a.example/v1/x?y=z"),
        ("https://a.example/%7Ex/*", "https://a.example/~x/y"),
        ("https://a.example/x/../v1/*", "https://a.example/v1/y"),
        ("https://a.example/v1/..*", "https://a.example/v1/..a"),
        ("https://a.example/v*/pay", "https://a.example/v1/pay"),
        ("https://a.example/v*/pay", "https://a.example/v1/x/pay"),
        ("https://*.Example.com/*", "https://api.example.com/v1"),
        ("https://*.example.com:443/*", "https://api.example.com/v1"),
        ("https://*.example.com", "https://api.example.com"),
        ("https://a*", "https://a.example/x"),
        ("http?://a.example/*", "https://a.example/x"),
        ("*://a.example/*", "http://a.example/x"),
        ("https://a.example/?", "https://a.example/b"),
        ("https://a.example/*a?c*x", "https://a.example/ac-abc-x"),
        ("https://a.example/?b=*", "https://a.example/?b=1"),
        ("https://a.example/é*", "https://a.example/%c3%a9t"),
        // A star is any text: it does not stop where the host does.
        ("https://*.example.com/*", "https://evil.test/.example.com/"),
    ] {
        assert!(matches(glob, url), "{glob} {url}");
    }
    for (glob, url) in [
        ("https://a.example/", "http://a.example/"),
        ("https://a.example/v1", "https://a.example/v1/"),
        ("https://a.example/v1/*", "https://a.example/v1/../v2/x"),
        ("https://a.example/*", "https://a.example.evil.test/"),
        ("https://a.example*b", "https://a.example/"),
        ("https://a.example/aa*aa", "https://a.example/aaa"),
        ("https://a.example/?", "https://a.example/"),
        ("https://a.example/??", "https://a.example/b"),
        ("https://a.example/[ab]", "https://a.example/a"),
    ] {
        assert!(!matches(glob, url), "{glob} {url}");
    }
}

#[test]
fn a_pattern_is_spelled_as_urls_are_behind_a_star_too() {
    for (glob, url) in [
        ("*://A.Example/*", "https://a.example/x"),
        ("http*://A.Example/*", "http://a.example/x"),
        ("HTTP*://a.example/*", "https://a.example/x"),
        ("*://a.example:443/*", "https://a.example/x"),
        ("*://a.example:443/*", "http://a.example:443/x"),
        ("*://a.example", "https://a.example"),
        ("*a.example", "https://a.example"),
        ("*.A.Example/*", "https://b.a.example/x"),
        ("https://*.a.example./*", "https://b.a.example/x"),
        ("https://a.example:443*", "https://a.example/x"),
        ("https://a.example:*/*", "https://a.example/x"),
        ("https://a.example:*/*", "https://a.example:8443/x"),
        ("https://a.example:*", "https://a.example/x"),
        ("https://a.example?b=1", "https://a.example/?b=1"),
        ("https://a.example?b=*", "https://a.example?b=1"),
        ("https://a.example/*/größe", "https://a.example/x/größe"),
        ("https://a.example/*/%7euser", "https://a.example/x/~user"),
        ("https://a.example/*?b=%c3%b6", "https://a.example/x?b=ö"),
        ("*/größe", "https://a.example/größe"),
        ("https://a.example/*100%*", "https://a.example/x100%25"),
    ] {
        assert!(matches(glob, url), "{glob} {url}");
    }
    for (glob, url) in [
        ("https://a.example:443*", "https://a.example.evil.test/"),
        ("https://a.example:*/x", "https://a.example.evil.test/x"),
        ("*://a.example/Pay", "https://a.example/pay"),
        ("*/Pay", "https://a.example/pay"),
        ("http*://a.example/*", "https://b.example/a.example/x"),
    ] {
        assert!(!matches(glob, url), "{glob} {url}");
    }
}

#[test]
fn patterns_that_no_url_matches_are_found() {
    for text in [
        "https://a.example/#x",
        "https://u@a.example/",
        "https://bücher.example/",
        "https://*.bücher.example/*",
        "*://bücher.example/*",
        "*://u@a.example/*",
        "https://a.example/%zz",
    ] {
        assert!(UrlGlob::parse(text).is_err(), "{text}");
    }
    for (text, expect) in [
        ("a.example/*", false),
        ("/v1", false),
        ("hooks.a.example/*", false),
        ("https:/a.example/*", false),
        ("https", false),
        ("*a.example/*", true),
        ("?ttp*", true),
        ("http*", true),
        ("https:*", true),
    ] {
        assert_eq!(UrlGlob::parse(text).map(|glob| glob.may_match()), Ok(expect), "{text}");
    }
    let star = |text: &str| UrlGlob::parse(text).map(|glob| glob.star_in_host());
    for text in ["https://*.a.example/", "*://a.example/*", "http*://a.example/*", "*.a.example/*", "*"] {
        assert_eq!(star(text), Ok(true), "{text}");
    }
    assert_eq!((star("https://a.example/*"), star("http?://a.example/*")), (Ok(false), Ok(false)));
}
