//! Authorities as tables: spellings that are one host, and texts that are none.

use super::*;
use crate::http::is_private;

fn read(text: &str) -> Result<String, &'static str> {
    let authority = Authority::parse(text, Scheme::Https);
    authority.map(|own| own.text(Scheme::Https)).map_err(|fault| fault.code)
}

#[test]
fn spellings_of_one_host_become_one() {
    for (text, expect) in [
        ("example.com", "example.com"),
        ("EXAMPLE.com.", "example.com"),
        ("example.com:443", "example.com"),
        ("example.com:80", "example.com:80"),
        ("example.com:8443", "example.com:8443"),
        ("xn--BCHER-kva.example", "xn--bcher-kva.example"),
        ("_dmarc.example.com", "_dmarc.example.com"),
        ("0x7f.example", "0x7f.example"),
        ("1.2.3.4", "1.2.3.4"),
        ("1.2.3.4.", "1.2.3.4"),
        // N2: `inet_aton` knows all of these as this machine.
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0X7F.1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("127.0.1", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("0x00000000a9fea9fe", "169.254.169.254"),
        ("[::1]", "[::1]"),
        ("[0:0:0:0:0:0:0:1]:443", "[::1]"),
        ("[::1]:8080", "[::1]:8080"),
        ("[::ffff:127.0.0.1]", "127.0.0.1"),
        ("[::FFFF:7f00:1]:8080", "127.0.0.1:8080"),
        ("[2001:DB8::0001]", "[2001:db8::1]"),
    ] {
        assert_eq!(read(text).unwrap_or_else(str::to_owned), expect, "{text}");
    }
}

#[test]
fn what_is_no_authority_is_refused() {
    for text in [
        "",
        ":443",
        "allowed.example@evil.example",
        "user:pass@example.com",
        "example.com\\@evil.example",
        "example.com/evil",
        "example.com?x",
        "example.com#x",
        "example.com%00.evil.example",
        "%65xample.com",
        "a,b.example",
        "a b.example",
        " example.com",
        "example.com\t",
        "example.com\r\nx",
        "a..example",
        ".example.com",
        "example.com..",
        ".",
        "example.com:",
        "example.com:0",
        "example.com:0443",
        "example.com:+443",
        "example.com:65536",
        "example.com:443:443",
        "example.com:https",
        "::1",
        "[::1",
        "::1]",
        "[::1]x",
        "[fe80::1%25eth0]",
        "[1.2.3.4]",
        "[::1]]:443",
        "a'b.example",
        "*.example.com",
        // A last label of digits is an address or nothing.
        "256.1.1.1",
        "1.2.3.4.5",
        "1.2.3.256",
        "example.123",
        "08.0.0.1",
        "0x",
        "1.2.0x",
        "0x100000000",
        "4294967296",
        "1..2",
    ] {
        assert_eq!(read(text), Err("host-malformed"), "{text:?}");
    }
    assert_eq!(read(&format!("{}.com", "a".repeat(64))), Err("host-malformed"));
    assert_eq!(read(&"a.".repeat(10_000)), Err("host-malformed"));
    for text in
        ["b\u{fc}cher.example", "\u{2460}\u{2461}\u{2466}.0.0.1", "example\u{3002}com", "ex\u{ad}ample.com"]
    {
        assert_eq!(read(text), Err("host-not-ascii"), "{text}");
    }
}

#[test]
fn a_tunnel_names_its_port() {
    let read =
        |text: &str| Authority::parse_tunnel(text).map(|own| own.full_text()).map_err(|fault| fault.code);
    assert_eq!(read("Example.com:443").as_deref(), Ok("example.com:443"));
    assert_eq!(read("[::1]:22").as_deref(), Ok("[::1]:22"));
    for text in ["example.com", "example.com:", "https://example.com:443", "/"] {
        assert_eq!(read(text), Err("host-malformed"), "{text}");
    }
}

#[test]
fn addresses_that_are_not_public_are_known() {
    let check = |text: &str, expect: bool| {
        let Ok(Host::Address(address)) = host(text) else { panic!("{text} is no address") };
        assert_eq!(is_private(address), expect, "{text}");
    };
    for text in [
        "0.0.0.0",
        "10.255.255.255",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[::10.0.0.1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::8.8.8.8]",
        "[64:ff9b:1::1]",
        "[100::1]",
        "[2001::1]",
        "[2001:db8::1]",
        "[2002:0a00:0001::1]",
        "[2002:7f00:1::]",
        "[3fff::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fec0::1]",
        "[ff02::1]",
    ] {
        check(text, true);
    }
    for text in [
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.128.0.0",
        "172.32.0.0",
        "192.167.1.1",
        "223.255.255.255",
    ] {
        check(text, false);
    }
    for text in ["[2606:4700::1111]", "[2001:4860:4860::8888]", "[2002:0808:0808::1]", "[2a00::1]"] {
        check(text, false);
    }
}
