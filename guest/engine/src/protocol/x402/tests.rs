//! Payments as clients send them, and every way to make one say two things.

use super::*;
use crate::{Format, Severity};

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

fn rules(text: &str) -> X402Rules {
    X402Rules::load(text, Format::Json).expect("the section has no mistakes")
}

fn codes(rules: Option<&X402Rules>, payment: &Payment) -> Vec<String> {
    let mut reasons = Vec::new();
    decide(rules, payment, &mut reasons);
    assert!(reasons.iter().all(|reason| reason.outcome == Outcome::Deny));
    reasons.iter().map(|reason| reason.code.to_string()).collect()
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

const SECTION: &str = r#"{
    "maxPerPayment": "0.50",
    "payees": ["0x5AfeC0deD0D0cAfeF00dD00dBEEF00c0FFEe0001", "0x1111111111111111111111111111111111111111"],
    "denyPayees": ["0x1111111111111111111111111111111111111111"],
    "networks": ["base", "eip155:84532", "eip155:5"],
    "assets": [{"network": "eip155:8453", "asset": "0xABCDEFabcdefABCDEFabcdefABCDEFabcdefABCD", "decimals": 2, "usd": "1.10"},
               {"network": "eip155:5", "asset": "0xABCDEFabcdefABCDEFabcdefABCDEFabcdefABCD", "decimals": 18, "usd": "1"}]
}"#;

fn paid(network: &str, asset: &str, amount: u128, pay_to: &str) -> Payment {
    Payment {
        version: 2,
        network: network.to_owned(),
        asset: Some(asset.to_owned()),
        amount,
        pay_to: pay_to.to_owned(),
    }
}

#[test]
fn every_rule_denies_by_its_own_code() {
    let rules = rules(SECTION);
    let own = "0xabcdefabcdefabcdefabcdefabcdefabcdefabcd";
    let base = "0x833589fcd6edb6e08f4c7c32d4f71b54bda02913";
    let none: &[&str] = &[];
    for (payment, expected) in [
        (paid("eip155:84532", USDC, 500_000, PAYEE), none),
        (paid("eip155:84532", USDC, 0, PAYEE), none),
        (paid("eip155:84532", USDC, 500_001, PAYEE), &["payment-too-large"]),
        (paid("eip155:84532", USDC, u128::MAX, PAYEE), &["payment-too-large"]),
        (paid("eip155:8453", base, 500_000, PAYEE), none),
        // 45 and 46 hundredths at 1.10 dollars.
        (paid("eip155:8453", own, 45, PAYEE), none),
        (paid("eip155:8453", own, 46, PAYEE), &["payment-too-large"]),
        // The least part of a micro-dollar more.
        (paid("eip155:5", own, 500_000_000_000_000_000, PAYEE), none),
        (paid("eip155:5", own, 500_000_000_000_000_001, PAYEE), &["payment-too-large"]),
        (paid("eip155:84532", base, 1, PAYEE), &["asset-unknown"]),
        (
            paid("eip155:137", "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", 1, PAYEE),
            &["payment-network-not-allowed"],
        ),
        (paid("eip155:84532", USDC, 1, "0x1111111111111111111111111111111111111111"), &["payee-denied"]),
        (paid("eip155:84532", USDC, 1, "0x2222222222222222222222222222222222222222"), &["payee-not-allowed"]),
        (
            paid("eip155:999", own, 1, "0x2222222222222222222222222222222222222222"),
            &["payee-not-allowed", "payment-network-not-allowed", "asset-unknown"],
        ),
    ] {
        assert_eq!(codes(Some(&rules), &payment), expected, "{payment:?}");
    }
    assert_eq!(codes(None, &paid("eip155:84532", USDC, 0, PAYEE)), ["payment-not-allowed"]);
}

#[test]
fn messages_speak_of_dollars() {
    let rules = rules(r#"{"maxPerPayment":"0.50"}"#);
    let mut reasons = Vec::new();
    decide(Some(&rules), &paid("eip155:84532", USDC, 750_001, PAYEE), &mut reasons);
    let reason = reasons.first().expect("a reason");
    assert_eq!(reason.message, "Payment is $0.750001, and one payment may be $0.50.");
    assert_eq!(reason.layer, Layer::Budget);
    let rule = reason.rule.as_ref().expect("a rule");
    assert_eq!((rule.pattern.as_str(), rule.pointer.as_str()), ("0.50", "/maxPerPayment"));
}

#[test]
fn version_1_is_charged_only_where_one_asset_is_known() {
    let v1 = |network: &str| Payment { version: 1, asset: None, ..paid(network, "", 10_000, PAYEE) };
    let built_in = rules(r#"{"maxPerPayment":"1"}"#);
    assert_eq!(codes(Some(&built_in), &v1("eip155:84532")), [""; 0]);
    assert_eq!(v1("eip155:84532").usd_micros(&built_in), Some(10_000));
    assert_eq!(codes(Some(&built_in), &v1("eip155:1329")), ["asset-unknown"]);
    assert_eq!(v1("eip155:1329").usd_micros(&built_in), None);
    let own = |network: &str, asset: &str| {
        rules(&format!(
            r#"{{"maxPerPayment":"1","assets":[{{"network":"{network}","asset":"{asset}","decimals":6,"usd":"2"}}]}}"#
        ))
    };
    let other = "0x1111111111111111111111111111111111111111";
    assert_eq!(codes(Some(&own("sei", other)), &v1("eip155:1329")), [""; 0]);
    assert_eq!(codes(Some(&own("base-sepolia", other)), &v1("eip155:84532")), ["asset-ambiguous"]);
    // The policy's own word about a built-in asset.
    let dear = own("base-sepolia", &USDC.to_uppercase().replace("0X", "0x"));
    assert_eq!(v1("eip155:84532").usd_micros(&dear), Some(20_000));
}

#[test]
fn costs_are_rounded_up_and_never_wrap() {
    let worth = |decimals, micros| Worth { decimals, micros };
    for (worth, amount, micros) in [
        (worth(6, 1_000_000), 10_000, Some(10_000)),
        (worth(18, 1_000_000), 1, Some(1)),
        (worth(18, 1_000_000), 1_000_000_000_000, Some(1)),
        (worth(18, 1_000_000), 1_000_000_000_001, Some(2)),
        (worth(18, 1_000_000), 0, Some(0)),
        (worth(0, 1_000_000), 3, Some(3_000_000)),
        (worth(2, 999_999), 1, Some(10_000)),
        (worth(36, 1), u128::MAX, Some(341)),
        (worth(0, 1), u128::from(u64::MAX), Some(u64::MAX)),
        (worth(0, 1), u128::from(u64::MAX) + 1, None),
        (worth(0, 2), u128::MAX, None),
        (worth(39, 1), 1, None),
    ] {
        assert_eq!(worth.micros(amount), micros, "{worth:?} {amount}");
    }
}

#[test]
fn challenges_of_both_versions_are_read_and_judged() {
    let expected = Requirement {
        network: "eip155:84532".to_owned(),
        asset: USDC.to_owned(),
        amount: 10_000,
        pay_to: PAYEE.to_owned(),
        refused: None,
    };
    let v2 = challenge(402, &[("PAYMENT-REQUIRED", &*encode(OFFER))], b"{}");
    assert_eq!(v2, Ok(Some(vec![expected.clone()])));
    let body = r#"{"x402Version":1,"error":"pay first","accepts":[{"scheme":"exact",
        "network":"base-sepolia","maxAmountRequired":"10000","asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e",
        "payTo":"0x5AfeC0deD0D0cAfeF00dD00dBEEF00c0FFEe0001","resource":"https://tiles.example/7/42/11",
        "description":"","mimeType":"application/json","outputSchema":null,"maxTimeoutSeconds":60,
        "extra":{"name":"USDC","version":"2"}}]}"#;
    assert_eq!(challenge(402, &[], body.as_bytes()), Ok(Some(vec![expected.clone()])));
    for (status, body) in [(200, body), (402, "{}"), (402, "no money"), (402, r#"{"x402Version":3}"#)] {
        assert_eq!(challenge(status, &[], body.as_bytes()), Ok(None));
    }
    challenge(402, &[("payment-required", "e30")], b"").expect_err("not base64");
    challenge(402, &[("payment-required", &*encode(OFFER)), ("Payment-Required", &*encode(OFFER))], b"")
        .expect_err("two");

    let generous = rules(r#"{"maxPerPayment":"1"}"#);
    assert_eq!(judge(Some(&generous), &expected), []);
    let first = |reasons: Vec<Reason>| reasons.first().map(|reason| reason.code.to_string());
    assert_eq!(first(judge(None, &expected)).as_deref(), Some("payment-not-allowed"));
    let mean = rules(r#"{"maxPerPayment":"0.009999"}"#);
    assert_eq!(first(judge(Some(&mean), &expected)).as_deref(), Some("payment-too-large"));
    for (from, to, code) in [
        (r#""exact""#, r#""upto""#, "payment-scheme-unknown"),
        (r#""base-sepolia""#, r#""solana""#, "payment-kind-unknown"),
        (r#""base-sepolia""#, r#""moon""#, "payment-network-unknown"),
        (r#""name""#, r#""assetTransferMethod":"permit2","name""#, "payment-kind-unknown"),
    ] {
        let offers = challenge(402, &[], body.replace(from, to).as_bytes()).expect("read").expect("x402");
        let offer = offers.first().expect("one");
        assert_eq!(first(judge(Some(&generous), offer)).as_deref(), Some(code), "{to}");
    }
}

#[test]
fn mistakes_of_a_section_are_reported() {
    for (text, code) in [
        ("{}", "missing-field"),
        (r#"{"maxPerPayment":0.5}"#, "wrong-type"),
        (r#"{"maxPerPayment":"0.0000001"}"#, "bad-money"),
        (r#"{"maxPerPayment":"1","payees":[]}"#, "empty-list"),
        (r#"{"maxPerPayment":"1","denyPayees":[]}"#, "empty-list"),
        (r#"{"maxPerPayment":"1","payees":["0x12"]}"#, "bad-address"),
        (r#"{"maxPerPayment":"1","payees":["0X5AfeC0deD0D0cAfeF00dD00dBEEF00c0FFEe0001"]}"#, "bad-address"),
        (r#"{"maxPerPayment":"1","networks":["moon"]}"#, "bad-network"),
        (r#"{"maxPerPayment":"1","maxperday":"1"}"#, "unknown-field"),
        (r#"{"maxPerPayment":"1","maxPerPayment":"2"}"#, "duplicate-key"),
        (
            r#"{"maxPerPayment":"1","assets":[{"network":"base","asset":"A","decimals":37,"usd":"1"}]}"#,
            "bad-number",
        ),
        (
            r#"{"maxPerPayment":"1","assets":[{"network":"base","asset":"A","decimals":6,"usd":"0"}]}"#,
            "bad-money",
        ),
        (
            r#"{"maxPerPayment":"1","assets":[{"network":"base","asset":"A","decimals":6,"usd":"1"},
                {"network":"eip155:8453","asset":"A","decimals":6,"usd":"2"}]}"#,
            "duplicate-asset",
        ),
    ] {
        let findings = X402Rules::load(text, Format::Json).expect_err(text);
        assert!(findings.iter().any(|found| found.code == code), "{text}: {findings:?}");
    }
}

#[test]
fn entries_that_never_apply_are_warned_of() {
    let warnings = |text: &str| {
        let tree = crate::check::parse(text, Format::Json).expect("JSON");
        let mut cx = crate::document::shape::Reading::of(&tree, "x402");
        let section: crate::document::x402::X402 =
            crate::document::shape::Shape::read(&tree.root, &mut cx).expect("a section");
        crate::check::x402::check(&section, &mut cx);
        cx.finish().iter().map(|found| (found.severity, found.pointer.clone())).collect::<Vec<_>>()
    };
    assert_eq!(warnings(SECTION), [(Severity::Warning, "/payees/1".to_owned())]);
    assert_eq!(
        warnings(r#"{"maxPerPayment":"1","networks":["base","sei"]}"#),
        [(Severity::Warning, "/networks/1".to_owned())]
    );
}
