//! What a policy says of payments and of offers.

use super::*;
use crate::{Format, Severity};

fn rules(text: &str) -> X402Rules {
    X402Rules::load(text, Format::Json).expect("the section has no mistakes")
}

fn codes(rules: Option<&X402Rules>, payment: &Payment) -> Vec<String> {
    let mut reasons = Vec::new();
    decide(rules, payment, &mut reasons);
    assert!(reasons.iter().all(|reason| reason.outcome == Outcome::Deny));
    reasons.iter().map(|reason| reason.code.to_string()).collect()
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
