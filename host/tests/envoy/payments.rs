//! A real client of x402 that pays through the proxy until the budget is used up, several payments at
//! a time: what is signed and sent is what the budget covers, to the cent.

use sentinel_envoy_tests::script::{Server, run};
use sentinel_envoy_tests::{Bootstrap, Envoy, client, module, tools, wasm};
use serde_json::{Value, json};

use crate::harness::Place;
use crate::ledger;
use crate::scene::{AGENT, configuration, governed, policy, verdicts};

/// A made-up shop, as the proxy's client names it.
const PAYEE: &str = "0x5afec0ded0d0cafef00dd00dbeef00c0ffee0001";

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// What the shop has seen, asked without the proxy.
fn told(shop: &Server) -> Value {
    client::get(shop.port(), "shop", "/told").json()
}

#[test]
fn payments_end_with_the_budget() {
    let shop = Server::start(&tools::x402(), "x402-shop.mjs", &[PAYEE]);
    let x402 = json!({ "maxPerPayment": "0.07", "payees": [PAYEE], "networks": ["eip155:84532"] });
    // A literal address that is named is no private address.
    let network = json!({ "allowHosts": ["127.0.0.1:*"], "x402": x402 });
    let budgets = json!([{ "name": "shop", "limit": "1.00", "per": "lifetime", "by": "payee" }]);
    let place = Place::new();
    place.govern(&policy(&[("network", network), ("budgets", budgets)]));
    let daemon = place.start();
    let filter = wasm(module::sentinel(), &configuration(&[]));
    let config = Bootstrap::new(shop.port()).filter(filter).daemon(daemon.address.port()).build();
    let envoy = Envoy::options(&config).workers(2).start();
    governed(&envoy, 2);

    let through = format!("http://127.0.0.1:{}", envoy.port());
    let said = run(&tools::x402(), "x402-payer.mjs", &[&through, "10"]);
    let seen = told(&shop);

    // What the client got for its money, what the shop settled, and what the daemon holds are one sum.
    let (paid, settled) = (number(&said["paidMicros"]), number(&seen["settledMicros"]));
    assert_eq!(paid, settled, "{said} {seen}");
    let mut admin = daemon.client();
    let standing = ledger::standings(&mut admin, AGENT)["budgets/shop"];
    assert_eq!(standing.0 + standing.1, paid, "{standing:?} {said}");
    // The cheapest thing costs 3 cents, and was tried to the last.
    assert!(paid <= 1_000_000 && paid > 1_000_000 - 30_000, "{paid}");
    let refused = &said["refused"];
    assert!(number(&refused["budget-exceeded"]) >= 10, "{said}");
    assert_eq!(refused.as_object().unwrap().len(), 1, "{said}");
    // No payment that was refused ever reached the shop.
    assert_eq!(seen["withPayment"], seen["settled"], "{seen}");
    assert_eq!(seen["settled"], said["paid"], "{seen} {said}");
    let permitted: Vec<Value> = verdicts(&mut admin)
        .into_iter()
        .filter(|own| own["permitted"] == true && own["charges"].to_string().contains("budgets/shop"))
        .collect();
    assert_eq!(permitted.len() as u64, number(&said["paid"]), "{said}");

    // Too dear for one payment, and to somebody else: refused before they leave.
    let dear = run(&tools::x402(), "x402-payer.mjs", &[&through, "1", "/dear", "/elsewhere"]);
    assert_eq!(dear["refused"], json!({ "payment-too-large": 1, "payee-not-allowed": 1 }), "{dear}");
    let after = told(&shop);
    assert_eq!(after["withPayment"], seen["withPayment"], "{after}");
    drop(daemon);
    ledger::verify(&place, &[]);
}
