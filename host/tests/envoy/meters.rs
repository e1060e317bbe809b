//! Meters hold, however many workers, proxies and daemons there are.

use sentinel_envoy_tests::bootstrap::{DAEMON, cluster};
use sentinel_envoy_tests::{Bootstrap, Envoy, Upstream, module, wasm};
use serde_json::json;

use crate::harness::{Place, eventually};
use crate::ledger;
use crate::postgres::Postgres;
use crate::scene::{
    AGENT, PATIENCE, Scene, check_refused, configuration, crowd, get, governed, policy, verdicts,
};

const CLIENTS: usize = 64;

#[test]
fn a_rate_holds_across_workers_and_ends() {
    let windows = json!([{ "name": "few", "maxCalls": 5, "seconds": 20, "tools": ["http"] }]);
    let scene = Scene::new(&policy(&[("rateLimits", json!({ "windows": windows }))]));
    let daemon = scene.place.start();
    let envoy = scene.asking(scene.port(), &[]).workers(2).start();
    governed(&envoy, 2);
    let (passed, refused) = crowd(&[envoy.port()], 16, 1, "/");
    assert_eq!((passed, refused.len()), (5, 11));
    assert!(refused.iter().all(|code| code == "rate-limited"), "{refused:?}");
    // What needs no meter to be denied is decided in the proxy, and counts nothing.
    check_refused(&get(&envoy, "/admin/x"), 403, "path-denied");
    // It was one a moment ago: eleven were refused by it.
    eventually("the window is over", PATIENCE, || get(&envoy, "/").status == 200);
    assert_eq!(scene.upstream.requests().len(), 6);
    drop(daemon);
    ledger::verify(&scene.place, &[]);
}

#[test]
fn a_budget_holds_across_two_proxies_and_three_daemons() {
    const LIMIT: usize = 100;
    let keys = tempfile::tempdir().unwrap();
    let database = Postgres::shared().database();
    let budgets = json!([{ "name": "calls", "unit": "calls", "limit": LIMIT, "per": "lifetime" }]);
    let policy = policy(&[("budgets", budgets)]);
    let places: Vec<Place> = (0..3).map(|_| Place::beside(&keys.path().join("key"), &database)).collect();
    places.iter().for_each(|own| own.govern(&policy));
    let daemons: Vec<_> = places.iter().map(Place::start).collect();
    // One cluster of all three, in turn.
    let mut all = cluster(DAEMON, 0);
    let endpoints: Vec<_> = daemons
        .iter()
        .map(|own| {
            cluster(DAEMON, own.address.port())["load_assignment"]["endpoints"][0]["lb_endpoints"][0].clone()
        })
        .collect();
    all["load_assignment"]["endpoints"][0]["lb_endpoints"] = json!(endpoints);
    let upstream = Upstream::start();
    let filter = wasm(module::sentinel(), &configuration(&[]));
    let config = Bootstrap::new(upstream.port()).filter(filter).cluster(all).build();
    let envoys: Vec<_> = (0..2).map(|_| Envoy::options(&config).workers(2).start()).collect();
    envoys.iter().for_each(|own| governed(own, 2));
    let ports: Vec<u16> = envoys.iter().map(Envoy::port).collect();
    let (passed, refused) = crowd(&ports, CLIENTS, 4, "/");
    assert_eq!((passed, refused.len()), (LIMIT, CLIENTS * 4 - LIMIT));
    assert!(refused.iter().all(|code| code == "budget-exceeded"), "{refused:?}");
    assert_eq!(upstream.requests().len(), LIMIT);
    let mut admin = daemons[1].client();
    assert_eq!(ledger::standings(&mut admin, AGENT)["budgets/calls"], (LIMIT as u64, 0));
    let entries = verdicts(&mut admin);
    assert_eq!(entries.len(), CLIENTS * 4);
    assert_eq!(entries.iter().filter(|own| own["permitted"] == true).count(), LIMIT);
    ledger::verify(&places[2], &[]);
}
