//! Headers as tables: what frames a request in one way, and what does not.

use super::*;

fn of(pairs: &[(&str, &str)]) -> Result<Framing, &'static str> {
    let authority = Authority::parse("api.example.com", Scheme::Https).expect("an authority");
    headers(pairs, &authority, Scheme::Https).map_err(|fault| fault.code)
}

#[test]
fn ordinary_headers_say_nothing() {
    let pairs = [
        ("host", "API.example.com:443"),
        ("user-agent", "curl/8.5"),
        ("accept", "*/*"),
        ("x-custom_name", "caf\u{e9}\t1"),
        ("connection", "keep-alive, TE"),
        ("te", "trailers"),
        ("empty", ""),
    ];
    assert_eq!(of(&pairs), Ok(Framing::default()));
    let length = Framing { length: Some(12), ..Framing::default() };
    assert_eq!(of(&[("Content-Length", " 12 ")]), Ok(length));
    assert!(of(&[("transfer-encoding", "chunked")]).is_ok_and(|own| own.is_chunked && own.announces_body()));
    assert!(of(&[("content-encoding", "Identity")]).is_ok_and(|own| !own.is_encoded));
    assert!(of(&[("content-encoding", "gzip")]).is_ok_and(|own| own.is_encoded));
    assert!(of(&[("Upgrade", "websocket"), ("Connection", "Upgrade")]).is_ok_and(|own| own.upgrades));
    assert!(of(&[("connection", "close, UPGRADE")]).is_ok_and(|own| own.upgrades));
}

#[test]
fn what_may_be_smuggled_is_refused() {
    let check = |pairs: &[(&str, &str)], code: &str| assert_eq!(of(pairs), Err(code), "{pairs:?}");
    for name in ["", "a b", "a:", ":authority", "a\r\nb", "caf\u{e9}", "a\0", "a(b)"] {
        check(&[(name, "x")], "header-name");
    }
    for value in ["a\r\nx: y", "a\nb", "a\rb", "a\0b", "a\u{1}", "a\u{7f}"] {
        check(&[("x-y", value)], "header-value");
    }
    for value in ["", "-1", "+1", "1,1", "1 1", "0x1", "1e3", "\u{661}", "99999999999999999999"] {
        check(&[("content-length", value)], "header-content-length");
    }
    check(&[("content-length", "1"), ("Content-Length", "1")], "header-content-length");
    check(&[("content-length", "1"), ("content_length", "2")], "header-content-length");
    for value in ["", "Chunked", "gzip, chunked", "chunked, chunked", "identity", "xchunked", "chunked;q=1"] {
        check(&[("transfer-encoding", value)], "header-transfer-encoding");
    }
    check(&[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")], "header-transfer-encoding");
    check(&[("content-length", "1"), ("transfer-encoding", "chunked")], "header-framing");
    check(&[("Transfer_Encoding", "chunked"), ("content-length", "1")], "header-framing");
    check(&[("upgrade", "h2c")], "header-upgrade");
    check(&[("upgrade", "websocket, H2C")], "header-upgrade");
    check(&[("upgrade", "h2c-16")], "header-upgrade");
    check(&[("HTTP2-Settings", "AAMAAABk")], "header-upgrade");
    check(&[("host", "api.example.com"), ("Host", "api.example.com")], "header-host");
    for value in
        ["evil.example", "api.example.com:80", "api.example.com, evil.example", "", "a@api.example.com"]
    {
        check(&[("host", value)], "header-host");
    }
    check(&vec![("a", "b"); HTTP_HEADERS_MAX + 1], "header-too-many");
}

#[test]
fn headers_that_override_are_found_in_every_spelling() {
    for name in [
        "X-HTTP-Method-Override",
        "x_http_method_override",
        "x-http-method",
        "X-Method-Override",
        "X-Original-URL",
        "x-rewrite-url",
    ] {
        assert!(of(&[(name, "x")]).is_ok_and(|own| own.overrides.is_some()), "{name}");
    }
    for name in ["x-original-urls", "original-url", "x-forwarded-for", "x"] {
        assert!(of(&[(name, "x")]).is_ok_and(|own| own.overrides.is_none()), "{name}");
    }
}

#[test]
fn a_message_never_repeats_a_value() {
    let authority = Authority::parse("api.example.com", Scheme::Https).expect("an authority");
    for (name, value) in [
        ("content-length", "s3cret"),
        ("x-key", "s3cret\r\n"),
        ("host", "s3cret.example"),
        ("transfer-encoding", "s3cret"),
    ] {
        let fault = headers(&[(name, value)], &authority, Scheme::Https).expect_err("refused");
        assert!(!fault.message.contains("s3cret"), "{}", fault.message);
    }
}
