//! Credentials in requests: rules see them, nobody else does, and a call is of one of them.

#![expect(clippy::expect_used, clippy::string_slice, reason = "a test fails loudly")]

use sentinel_engine::{Actor, Exchange, Format, HttpHead, HttpRequest, Outcome, Policy, Resolved, Secret};

const POLICY: &str = r#"{
    "agentId": "a", "version": "1",
    "identity": {"authorityLevel": "full-ops", "environmentScope": ["development"]},
    "rules": [
        {"name": "live", "tools": ["http"], "when": {"param": "$.headers[*][1]", "operator": "starts_with", "value": "Bearer sk_live_"}, "action": "block", "onMissing": "skip"}
    ],
    "network": {"allowHosts": ["api.example"], "x402": {"maxPerPayment": "0.50"}}
}"#;

fn policy() -> Policy {
    Policy::load(POLICY, Format::Json).expect("the policy loads")
}

/// A payment of version 2, as JSON in base64.
fn payment(value: &str, signed: &str, to: &str) -> String {
    use base64::Engine as _;
    let text = format!(
        r#"{{"x402Version":2,"accepted":{{"scheme":"exact","network":"eip155:84532","amount":"{value}","asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","payTo":"{to}","maxTimeoutSeconds":90}},"payload":{{"signature":"0x1b","authorization":{{"from":"0xA11CE00000000000000000000000000000000000","to":"{to}","value":"{signed}","validAfter":"1","validBefore":"2","nonce":"0x77"}}}}}}"#
    );
    base64::engine::general_purpose::STANDARD.encode(text)
}

const PAYEE: &str = "0x5AfeC0deD0D0cAfeF00dD00dBEEF00c0FFEe0001";
/// The call that goes to others, of a request with this credential.
fn told(secret: Option<&[u8]>, authority: &str, headers: &[(&str, &str)]) -> (Outcome, String) {
    let head = HttpHead { method: "GET", scheme: "http", authority, path: "/", headers };
    let request = HttpRequest { head, body: None, resolved: Resolved::Unknown };
    let secret = secret.map(Secret::new);
    let actor = Actor { agent_id: "a", environment: None, session_id: None, secret };
    let exchange = Exchange::of_request(&policy(), &actor, &request, true);
    let call = String::from_utf8(exchange.call().expect("a call").to_vec()).expect("UTF-8");
    (exchange.decision().outcome, call)
}

/// A yes is for a call of certain bytes: with another credential it is another call.
#[test]
fn a_call_is_of_one_credential() {
    let paid = payment("10", "10", PAYEE);
    // As it came, in another spelling of the host, with a payment: each writes the call in another way.
    for (authority, payment) in [("api.example", None), ("API.example", None), ("api.example", Some(&paid))] {
        let call = |secret: Option<&[u8]>, value: &str| {
            let payment = payment.map(|own| ("payment-signature", own.as_str()));
            let headers: Vec<_> = [("authorization", value)].into_iter().chain(payment).collect();
            let (outcome, call) = told(secret, authority, &headers);
            assert_eq!(outcome, Outcome::Allow, "{call}");
            assert!(!call.contains("sk_test"), "{call}");
            call
        };
        let first = call(Some(b"k"), "Bearer sk_test_1");
        assert!(first.contains(r#"["authorization","[REDACTED hmac-sha256:"#), "{first}");
        assert_eq!(first, call(Some(b"k"), "Bearer sk_test_1"));
        assert_ne!(first, call(Some(b"k"), "Bearer sk_test_2"));
        assert_ne!(first, call(Some(b"l"), "Bearer sk_test_1"), "guesses need the key");
        assert!(call(None, "Bearer sk_test_1").contains("[REDACTED sha256:"));
        // Whoever has seen the text of a call does not have its credential.
        let start = first.find("[REDACTED").expect("a digest");
        let end = start + first[start..].find(']').expect("its end");
        assert_ne!(first, call(Some(b"k"), &first[start..=end]));
    }
}

/// Rules see what is sent, in whatever spelling the host is.
#[test]
fn rules_see_credentials() {
    let paid = payment("10", "10", PAYEE);
    let live = ("authorization", "Bearer sk_live_1");
    for (authority, headers) in [
        ("api.example", &[live][..]),
        ("API.example", &[live]),
        ("api.example", &[live, ("payment-signature", paid.as_str())]),
    ] {
        let (outcome, call) = told(None, authority, headers);
        assert_eq!(outcome, Outcome::Deny, "{authority}");
        assert!(!call.contains("sk_live"), "{call}");
    }
}
