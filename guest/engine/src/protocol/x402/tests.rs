//! Payments as clients send them, and every way to make one say two things.

mod rules;

use super::*;

/// What `PAYMENT-SIGNATURE` carries, in the form that the specification gives it.
const SECOND: &str = r#"{"x402Version":2,"resource":{"url":"https://tiles.example/7/42/11","description":"One map tile","mimeType":"image/png"},"accepted":{"scheme":"exact","network":"eip155:84532","amount":"10000","asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","payTo":"0x5AfeC0deD0D0cAfeF00dD00dBEEF00c0FFEe0001","maxTimeoutSeconds":90,"extra":{"name":"USDC","version":"2"}},"payload":{"signature":"0x1b2b","authorization":{"from":"0xA11CE00000000000000000000000000000000000","to":"0x5AfeC0deD0D0cAfeF00dD00dBEEF00c0FFEe0001","value":"10000","validAfter":"1800000000","validBefore":"1800000090","nonce":"0x77aa"}}}"#;

/// What `X-PAYMENT` carries, likewise.
const FIRST: &str = r#"{"x402Version":1,"scheme":"exact","network":"base-sepolia","payload":{"signature":"0x1b2b","authorization":{"from":"0xA11CE00000000000000000000000000000000000","to":"0x5AfeC0deD0D0cAfeF00dD00dBEEF00c0FFEe0001","value":"10000","validAfter":"1800000000","validBefore":"1800000090","nonce":"0x77aa"}}}"#;

/// What `PAYMENT-REQUIRED` carries, likewise.
const OFFER: &str = r#"{"x402Version":2,"error":"pay first","resource":{"url":"https://tiles.example/7/42/11","description":"One map tile","mimeType":"image/png"},"accepts":[{"scheme":"exact","network":"eip155:84532","amount":"10000","asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","payTo":"0x5AfeC0deD0D0cAfeF00dD00dBEEF00c0FFEe0001","maxTimeoutSeconds":90,"extra":{"name":"USDC","version":"2"}}]}"#;

const PAYEE: &str = "0x5afec0ded0d0cafef00dd00dbeef00c0ffee0001";
const USDC: &str = "0x036cbd53842c5426634e7929541ec2318f3dcf7e";

fn encode(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in text.as_bytes().chunks(3) {
        let bits =
            group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

fn v2(payload: &str) -> Result<Option<Payment>, Malformed> {
    payment(&[("PAYMENT-SIGNATURE", &encode(payload))])
}

#[test]
fn both_versions_are_read() {
    let expected = Payment {
        version: 2,
        network: "eip155:84532".to_owned(),
        asset: Some(USDC.to_owned()),
        amount: 10_000,
        pay_to: PAYEE.to_owned(),
    };
    for name in ["PAYMENT-SIGNATURE", "payment-signature", "Payment_Signature"] {
        assert_eq!(
            payment(&[("accept", "*/*"), (name, &*encode(SECOND))]),
            Ok(Some(expected.clone())),
            "{name}"
        );
    }
    let first = Payment { version: 1, asset: None, ..expected };
    for name in ["X-PAYMENT", "x-payment", "X_Payment"] {
        assert_eq!(payment(&[(name, &*encode(FIRST))]), Ok(Some(first.clone())), "{name}");
    }
    assert_eq!(first.scheme(), "exact");
    assert_eq!(payment(&[("x-payments", &*encode(FIRST)), ("payment", &*encode(SECOND))]), Ok(None));
    assert_eq!(payment(&[]), Ok(None));
}

#[test]
fn more_than_one_payment_is_refused() {
    for headers in [
        [("X-PAYMENT", &*encode(FIRST)), ("PAYMENT-SIGNATURE", &*encode(SECOND))],
        [("X-PAYMENT", &*encode(FIRST)), ("x-payment", &*encode(FIRST))],
        [("PAYMENT-SIGNATURE", &*encode(SECOND)), ("payment_signature", &*encode(SECOND))],
    ] {
        assert_eq!(payment(&headers).expect_err("two").code, "payment-malformed");
    }
    let both = format!("{0}, {0}", encode(SECOND));
    assert_eq!(payment(&[("PAYMENT-SIGNATURE", &both)]).expect_err("a list").code, "payment-malformed");
}

#[test]
fn headers_that_are_no_payment_are_refused() {
    let large = "A".repeat(crate::limits::PAYMENT_BYTES_MAX + 4);
    let open = encode("{\"x402Version\":2");
    let (list, text) = (encode("[]"), encode("{} {}"));
    for value in ["", "{}", "%7B%7D", &large, &open, &list, &text, "/////w==", &*encode(FIRST)] {
        assert_eq!(
            payment(&[("PAYMENT-SIGNATURE", value)]).expect_err(value).code,
            "payment-malformed",
            "{value}"
        );
    }
    assert_eq!(payment(&[("X-PAYMENT", &*encode(SECOND))]).expect_err("version 2").code, "payment-malformed");
}

/// Each replaces one part of the payment of version 2.
#[test]
fn what_makes_a_payment_say_two_things_is_refused() {
    let whole = SECOND.to_owned();
    let check = |from: &str, to: &str, code: &str| {
        let changed = whole.replace(from, to);
        assert_ne!(changed, whole, "{from}");
        assert_eq!(v2(&changed).expect_err(to).code, code, "{to}");
    };
    // The signed amount and payee are what is settled; what stands beside them is for show.
    check(r#""value":"10000""#, r#""value":"90000000""#, "payment-mismatch");
    check(r#""amount":"10000""#, r#""amount":"1""#, "payment-mismatch");
    check(r#""to":"0x5Afe"#, r#""to":"0x6Afe"#, "payment-mismatch");
    check(
        r#""payTo":"0x5AfeC0deD0D0cAfeF00dD00dBEEF00c0FFEe0001""#,
        r#""payTo":"merchant""#,
        "payment-mismatch",
    );
    // Twice, or twice for a reader that ignores letter case.
    check(r#""value":"10000""#, r#""value":"10000","value":"90000000""#, "payment-malformed");
    check(r#""value":"10000""#, r#""value":"10000","Value":"90000000""#, "payment-kind-unknown");
    check(r#""payload":{"#, r#""PAYLOAD":{},"payload":{"#, "payment-malformed");
    check(r#""payload":{"#, r#""\u0070ayload":{},"payload":{"#, "payment-malformed");
    check(r#""network":"#, r#""networ\u212a":"eip155:1","network":"#, "payment-malformed");
    // Numbers that are numbers for some.
    for value in ["0x2710", "1e4", "10000.0", "+10000", " 10000", "010000", "-1", "", "\u{661}"] {
        check(r#""value":"10000""#, &format!(r#""value":"{value}""#), "payment-malformed");
    }
    check(r#""value":"10000""#, r#""value":10000"#, "payment-malformed");
    check(r#""value":"10000""#, &format!(r#""value":"1{}""#, "0".repeat(39)), "payment-too-large");
    // Other kinds of payment.
    check(r#""scheme":"exact""#, r#""scheme":"upto""#, "payment-scheme-unknown");
    check(r#""scheme":"exact""#, r#""scheme":"Exact""#, "payment-scheme-unknown");
    check(r#""name":"USDC""#, r#""name":"USDC","assetTransferMethod":"permit2""#, "payment-kind-unknown");
    check(r#""payload":{"#, r#""payload":{"permit2Authorization":{},"#, "payment-kind-unknown");
    check(r#""payload":{"#, r#""payload":{"transaction":"AQAB","#, "payment-kind-unknown");
    check("eip155:84532", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", "payment-kind-unknown");
    check(
        r#""payload":{"#,
        r#""extensions":{"eip2612GasSponsoring":{}},"payload":{"#,
        "payment-extension-unknown",
    );
    check(r#""payload":{"#, r#""extensions":{"new":{}},"payload":{"#, "payment-extension-unknown");
    check(r#""payload":{"#, r#""extensions":[],"payload":{"#, "payment-malformed");
    // Networks and addresses that are none.
    check("eip155:84532", "base-sepolia", "payment-network-unknown");
    check("eip155:84532", "EIP155:84532", "payment-network-unknown");
    check(r#""asset":"0x036C"#, r#""asset":"0X036C"#, "payment-malformed");
    check(r#""asset":"0x036C"#, r#""asset":"036C"#, "payment-malformed");
    // Parts that are missing.
    for name in
        ["x402Version", "accepted", "payload", "scheme", "network", "asset", "amount", "payTo", "value", "to"]
    {
        check(
            &format!("\"{name}\":"),
            &format!("\"other{name}\":"),
            match name {
                "value" | "to" => "payment-kind-unknown",
                _ => "payment-malformed",
            },
        );
    }
}

#[test]
fn benign_members_are_left_alone() {
    let whole = SECOND.to_owned();
    for (from, to) in [
        (r#""name":"USDC""#, r#""name":"USDC","assetTransferMethod":"eip3009""#),
        (r#""payload":{"#, r#""extensions":{},"payload":{"#),
        (r#""payload":{"#, r#""extensions":{"bazaar":{"info":{}},"payment-identifier":{}},"payload":{"#),
        (
            r#""payTo":"0x5AfeC0deD0D0cAfeF00dD00dBEEF00c0FFEe0001""#,
            r#""payTo":"0x5afec0ded0d0cafef00dd00dbeef00c0ffee0001""#,
        ),
    ] {
        assert!(matches!(v2(&whole.replace(from, to)), Ok(Some(_))), "{to}");
    }
}

#[test]
fn version_1_knows_its_own_networks_only() {
    let read = |network: &str| {
        let changed = FIRST.to_owned().replace("base-sepolia", network);
        payment(&[("X-PAYMENT", &encode(&changed))])
    };
    assert_eq!(read("avalanche").expect("read").expect("one").network, "eip155:43114");
    assert_eq!(read("eip155:8453").expect_err("version 2").code, "payment-network-unknown");
    assert_eq!(read("Base").expect_err("another case").code, "payment-network-unknown");
    assert_eq!(read("solana").expect_err("not a transfer").code, "payment-kind-unknown");
}

#[test]
fn a_payment_is_the_same_in_a_call() {
    for header in [("PAYMENT-SIGNATURE", &*encode(SECOND)), ("X-PAYMENT", &*encode(FIRST))] {
        let payment = payment(&[header]).expect("read").expect("one");
        let mut text = String::new();
        write_member(&payment, &mut text);
        assert_eq!(Payment::parse(&text), Ok(payment), "{text}");
    }
    let second = format!(
        r#"{{"version":2,"scheme":"exact","network":"eip155:84532","asset":"{USDC}","amount":"10000","payTo":"{PAYEE}"}}"#
    );
    let mut text = String::new();
    write_member(
        &payment(&[("PAYMENT-SIGNATURE", &*encode(SECOND))]).expect("read").expect("one"),
        &mut text,
    );
    assert_eq!(text, second);
    for (from, to) in [
        (r#""version":2"#, r#""version":3"#),
        (r#""version":2"#, r#""version":"2""#),
        (r#""version":2"#, r#""version":1"#),
        (r#""version":2,"#, ""),
        ("exact", "upto"),
        ("eip155:84532", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"),
        ("eip155:84532", "base"),
        (r#""10000""#, "10000"),
        (r#""10000""#, r#""1e4""#),
        (PAYEE, "merchant"),
        (r#""payTo""#, r#""more":1,"payTo""#),
        (r#""payTo""#, r#""amount":"1","payTo""#),
    ] {
        let changed = second.replacen(from, to, 1);
        assert_ne!(changed, second);
        Payment::parse(&changed).expect_err(&changed);
    }
    Payment::parse("[]").expect_err("a list");
}
