//! The official x402 client pays the official server through the filter: within the limit it gets what
//! it paid for, and everything else is refused before the payment leaves. What is counted over time is
//! the daemon's, and another suite's.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails loudly")]

use sentinel_envoy_tests::client::get;
use sentinel_envoy_tests::filter::{governed, policy};
use sentinel_envoy_tests::script::{self, Server};
use sentinel_envoy_tests::{Bootstrap, Envoy, tools};
use serde_json::{Value, json};

const PAYEE: &str = "0x209693Bc6afc0C5328bA36FaF03C514EF312287C";
const STRANGER: &str = "0x1111111111111111111111111111111111111111";
/// A token that nobody knows the worth of.
const COIN: &str = "0x2222222222222222222222222222222222222222";

struct Rig {
    server: Server,
    envoy: Envoy,
}

impl Rig {
    fn start() -> Self {
        let server = Server::start(&tools::x402(), "x402-server.mjs", &[PAYEE, STRANGER, COIN]);
        let paying = |x402: Option<Value>| {
            let mut rule = json!({ "hosts": ["127.0.0.1:*"] });
            if let Some(x402) = x402 {
                rule["x402"] = x402;
            }
            Bootstrap::new(server.port()).filter(governed(&policy(&json!({ "rules": [rule] }))))
        };
        // Addresses have no letter case, whatever their checksum says.
        let limits = json!({ "maxPerPayment": "0.50", "payees": [PAYEE.to_lowercase()] });
        let others = json!({ "maxPerPayment": "0.50", "networks": ["eip155:8453"] });
        let bare = Bootstrap::new(server.port());
        let (within, elsewhere, never) = (paying(Some(limits)), paying(Some(others)), paying(None));
        let envoy = Envoy::start(&Bootstrap::build_all(&[
            ("within", &within),
            ("elsewhere", &elsewhere),
            ("never", &never),
            ("bare", &bare),
        ]));
        Self { server, envoy }
    }

    /// What the client tells of these paths.
    fn pay(&self, listener: &str, paths: &[&str]) -> Vec<Value> {
        let url = format!("http://127.0.0.1:{}", self.envoy.port_of(listener));
        let told = script::run(&tools::x402(), "x402-client.mjs", &[&[url.as_str()], paths].concat());
        told.as_array().expect("a list").clone()
    }

    /// The paths that a payment came for.
    fn paid(&self) -> Vec<String> {
        let seen = get(self.server.port(), "127.0.0.1", "/seen").json();
        let seen = seen.as_array().expect("a list").iter();
        assert!(seen.clone().next().is_some(), "without a payment, all of it is there");
        seen.filter(|own| own["paid"] == json!(true))
            .map(|own| own["path"].as_str().expect("a path").to_owned())
            .collect()
    }
}

#[track_caller]
fn check_paid(told: &Value) {
    let path = &told["path"];
    assert_eq!((&told["status"], &told["settled"]), (&json!(200), &json!(true)), "{told}");
    assert_eq!(told["body"], json!({ "got": path }), "{told}");
}

#[track_caller]
fn check_refused(told: &Value, code: &str) {
    assert_eq!((&told["status"], &told["body"]["code"]), (&json!(403), &json!(code)), "{told}");
    assert_eq!(told["body"]["error"], json!("blocked_by_soe"), "{told}");
}

#[test]
fn payments_leave_within_the_limits_and_no_others() {
    let rig = Rig::start();
    let all = ["/cheap", "/dear", "/stranger", "/coin", "/free", "/cheap"];

    let told = rig.pay("bare", &all);
    for told in told.iter().filter(|told| told["path"] != json!("/free")) {
        check_paid(told);
    }
    assert_eq!(rig.paid(), ["/cheap", "/dear", "/stranger", "/coin", "/cheap"], "nobody is in between");

    let told = rig.pay("within", &all);
    check_paid(&told[0]);
    check_refused(&told[1], "payment-too-large");
    check_refused(&told[2], "payee-not-allowed");
    check_refused(&told[3], "asset-unknown");
    assert_eq!((&told[4]["status"], &told[4]["settled"]), (&json!(200), &Value::Null), "{}", told[4]);
    check_paid(&told[5]);
    assert_eq!(rig.paid(), ["/cheap", "/cheap"]);

    check_refused(&rig.pay("elsewhere", &["/cheap"])[0], "payment-network-not-allowed");
    assert!(rig.paid().is_empty());

    check_refused(&rig.pay("never", &["/cheap"])[0], "payment-not-allowed");
    assert!(rig.paid().is_empty());
}
