//! Many clients spend one limit at once: the total is the limit, to the last unit.

use std::collections::BTreeSet;
use std::thread;

use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::{Daemon, KEY, Place, call, cent};
use crate::policy;
use crate::postgres::Postgres;

const AGENT: &str = "spender";

/// Clients at once.
const CLIENTS: usize = 64;

/// Cents in a dollar.
const CENTS: usize = 100;

/// A dollar for all payments.
fn tight() -> Value {
    let budgets = json!([{ "name": "shop", "limit": "1.00", "per": "day", "tools": ["pay"] }]);
    policy::with(AGENT, &[("budgets", budgets)])
}

/// Every client sends this call so many times, spread over the daemons. Returns all verdicts.
fn storm(daemons: &[&Daemon], times: usize, body: &Value) -> Vec<Value> {
    let text = body.to_string();
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let (address, text) = (daemons[number % daemons.len()].address, text.as_str());
                scope.spawn(move || {
                    let mut client = Client::new(address, Some(KEY));
                    let ask = |_| client.send("POST", "/v1/evaluate", &[], Some(text)).ok();
                    (0..times).map(ask).collect::<Vec<_>>()
                })
            })
            .collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    })
}

fn permitted(verdicts: &[Value]) -> usize {
    verdicts.iter().filter(|own| own["permitted"] == true).count()
}

/// Verdicts have places of their own, and the others were refused by the meter and nothing else.
fn check(verdicts: &[Value], code: &str) {
    let places: BTreeSet<u64> = verdicts.iter().map(|own| own["ledger"]["index"].as_u64().unwrap()).collect();
    assert_eq!(places.len(), verdicts.len(), "two verdicts have one place");
    for own in verdicts.iter().filter(|own| own["permitted"] == false) {
        assert_eq!((&own["decision"], &own["code"]), (&json!("deny"), &json!(code)), "{own}");
    }
}

fn spend(daemons: &[&Daemon]) {
    let verdicts = storm(daemons, 4, &cent(AGENT));
    assert_eq!(permitted(&verdicts), CENTS, "of {}", verdicts.len());
    check(&verdicts, "budget-exceeded");
    for own in daemons {
        let told = own.client().get(&format!("/v1/agents/{AGENT}/budgets")).ok();
        let shop = told["budgets"].as_array().unwrap().iter().find(|own| own["meter"] == "budgets/shop");
        let shop = shop.unwrap();
        assert_eq!(
            (&shop["used"], &shop["held"], &shop["remaining"]),
            (&json!("0.00"), &json!("1.00"), &json!("0.00"))
        );
    }
}

fn replicas(policy: &Value) -> (Vec<Place>, Vec<Daemon>) {
    let database = Postgres::shared().database();
    let keys = Place::new();
    let key = keys.path("key");
    let mut places: Vec<Place> = (0..3).map(|_| Place::beside(&key, &database)).collect();
    places.iter().for_each(|place| place.govern(policy));
    let daemons = places.iter().map(Place::start).collect();
    // The key goes with the last of them.
    places.push(keys);
    (places, daemons)
}

#[test]
fn one_daemon_spends_a_budget_to_the_cent() {
    let place = Place::new();
    place.govern(&tight());
    spend(&[&place.start()]);
}

#[test]
fn three_daemons_on_one_database_spend_a_budget_to_the_cent() {
    let (_places, daemons) = replicas(&tight());
    spend(&daemons.iter().collect::<Vec<_>>());
}

/// Points are charged to a session whatever becomes of the call, and never beyond its maximum.
#[test]
fn one_daemon_spends_points_to_the_last_one() {
    let place = Place::new();
    let risk = json!({ "maxPerSession": 200, "points": { "tool": 2, "denied": 0 } });
    place.govern(&policy::with(AGENT, &[("riskBudget", risk), ("budgets", json!([]))]));
    let daemon = place.start();
    let verdicts = storm(&[&daemon], 3, &call(AGENT, "search"));
    let told = daemon.client().get(&format!("/v1/agents/{AGENT}/risk")).ok();
    assert_eq!((&told["riskUsed"], &told["status"]), (&json!(200), &json!("exhausted")), "{told}");
    assert_eq!(permitted(&verdicts), 100);
    check(&verdicts, "risk-exhausted");
}

/// Seventy calls an hour, and nothing else that could end.
fn limited() -> Value {
    let limits = json!({ "windows": [{ "name": "searches", "maxCalls": 70, "seconds": 3600 }] });
    policy::with(AGENT, &[("rateLimits", limits), ("budgets", json!([]))])
}

fn keep_a_rate(daemons: &[&Daemon]) {
    let verdicts = storm(daemons, 3, &call(AGENT, "search"));
    assert_eq!(permitted(&verdicts), 70, "of {}", verdicts.len());
    check(&verdicts, "rate-limited");
}

#[test]
fn one_daemon_keeps_a_rate() {
    let place = Place::new();
    place.govern(&limited());
    keep_a_rate(&[&place.start()]);
}

#[test]
fn three_daemons_keep_one_rate() {
    let (_places, daemons) = replicas(&limited());
    keep_a_rate(&daemons.iter().collect::<Vec<_>>());
}

fn one_answer(daemons: &[&Daemon]) {
    let body = cent(AGENT).to_string();
    let replies: Vec<_> = thread::scope(|scope| {
        let clients: Vec<_> = (0..32)
            .map(|number| {
                let (address, body) = (daemons[number % daemons.len()].address, body.as_str());
                scope.spawn(move || {
                    let key = [("idempotency-key", "only-once")];
                    Client::new(address, Some(KEY)).send("POST", "/v1/evaluate", &key, Some(body))
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let anew = replies.iter().filter(|own| own.header("idempotent-replayed").is_none()).count();
    assert_eq!(anew, 1, "decided {anew} times");
    for own in &replies {
        assert_eq!((own.status, own.answer()), (200, replies[0].answer()));
    }
    let mut client = daemons[0].client();
    let told = crate::ledger::standings(&mut client, AGENT);
    assert_eq!(told["budgets/shop"], (0, 10_000));
    let trail = client.get(&format!("/v1/agents/{AGENT}/audit?kind=verdict")).ok();
    assert_eq!(trail["entries"].as_array().unwrap().len(), 1);
}

#[test]
fn one_key_is_one_charge_and_one_answer() {
    let place = Place::new();
    place.govern(&tight());
    one_answer(&[&place.start()]);
}

#[test]
fn one_key_is_one_charge_across_daemons() {
    let (_places, daemons) = replicas(&tight());
    one_answer(&daemons.iter().collect::<Vec<_>>());
}
