//! A real client of x402 that pays through the proxy until the budget is used up, several payments at
//! a time: what is signed and sent is what the budget covers, to the cent.

use sentinel_envoy_tests::script::{Server, run};
use sentinel_envoy_tests::{Bootstrap, Envoy, client, module, tools, wasm};
use serde_json::{Value, json};

use crate::harness::{Daemon, Place, eventually};
use crate::ledger;
use crate::scene::{AGENT, PATIENCE, configuration, governed, policy, verdicts};

/// A made-up shop, as the proxy's client names it.
const PAYEE: &str = "0x5afec0ded0d0cafef00dd00dbeef00c0ffee0001";

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// What the shop has seen, asked without the proxy.
fn told(shop: &Server) -> Value {
    client::get(shop.port(), "shop", "/told").json()
}

/// A shop, a daemon with a budget for it, and a proxy between the shop and whoever pays.
struct Market {
    shop: Server,
    place: Place,
    daemon: Daemon,
    envoy: Envoy,
}

impl Market {
    fn open(limit: &str, how: &[&str]) -> Self {
        let shop = Server::start(&tools::x402(), "x402-shop.mjs", &[&[PAYEE], how].concat());
        let x402 = json!({ "maxPerPayment": "0.07", "payees": [PAYEE], "networks": ["eip155:84532"] });
        // A literal address that is named is no private address.
        let network = json!({ "allowHosts": ["127.0.0.1:*"], "x402": x402 });
        let budgets = json!([{ "name": "shop", "limit": limit, "per": "lifetime", "by": "payee" }]);
        let place = Place::new();
        place.govern(&policy(&[("network", network), ("budgets", budgets)]));
        let daemon = place.start();
        let filter = wasm(module::sentinel(), &configuration(&[]));
        let config = Bootstrap::new(shop.port()).filter(filter).daemon(daemon.address.port()).build();
        let envoy = Envoy::options(&config).workers(2).start();
        governed(&envoy, 2);
        Self { shop, place, daemon, envoy }
    }

    /// What of the budget is spent, and what is held.
    fn standing(&self) -> (u64, u64) {
        let all = ledger::standings(&mut self.daemon.client(), AGENT);
        all.get("budgets/shop").copied().unwrap_or_default()
    }
}

/// A shop that takes payments and says each time that it did not: it could settle them later, so what it says frees
/// nothing, and the second payment does not go out.
#[test]
fn a_shop_that_says_no_does_not_get_more_than_the_budget() {
    let market = Market::open("0.07", &["never-settles"]);
    let through = format!("http://127.0.0.1:{}", market.envoy.port());
    for (round, refused) in [(1, "status 402"), (2, "budget-exceeded"), (3, "budget-exceeded")] {
        let said = run(&tools::x402(), "x402-payer.mjs", &[&through, "1", "/seven"]);
        assert!(
            said["refused"].as_object().unwrap().keys().all(|own| own.starts_with(refused)),
            "round {round}: {said}"
        );
        assert_eq!(told(&market.shop)["withPayment"], 1, "round {round}");
        assert_eq!(market.standing(), (0, 70_000), "round {round}");
    }
    let Market { daemon, place, .. } = market;
    let mut reports = ledger::entries(&mut daemon.client(), 0).into_values().map(|(_, own)| own);
    assert!(reports.all(|own| own["kind"] != "outcome"), "nobody knows what became of it");
    drop(daemon);
    ledger::verify(&place, &[]);
}

#[test]
fn payments_end_with_the_budget() {
    let Market { shop, place, daemon, envoy } = Market::open("1.00", &[]);
    let through = format!("http://127.0.0.1:{}", envoy.port());
    let said = run(&tools::x402(), "x402-payer.mjs", &[&through, "10"]);
    let seen = told(&shop);

    // What the client got for its money, what the shop settled, and what the daemon holds are one sum.
    let (paid, settled) = (number(&said["paidMicros"]), number(&seen["settledMicros"]));
    assert_eq!(paid, settled, "{said} {seen}");
    let mut admin = daemon.client();
    let standing = ledger::standings(&mut admin, AGENT)["budgets/shop"];
    assert_eq!(standing.0 + standing.1, paid, "{standing:?} {said}");
    // What the shop says of each settles what was held for it, with the transaction.
    eventually("everything is spent", PATIENCE, || {
        ledger::standings(&mut daemon.client(), AGENT)["budgets/shop"] == (paid, 0)
    });
    let reports = ledger::entries(&mut admin, 0).into_values().map(|(_, own)| own);
    let settled = reports.filter(|own| own["kind"] == "outcome" && own["outcome"] == "executed");
    assert_eq!(
        settled.filter(|own| own["toolOutput"].to_string().contains("0x")).count() as u64,
        number(&said["paid"])
    );
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
