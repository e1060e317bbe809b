//! What the filter decides by itself is recorded: in batches, once, and never in silence not.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use sentinel_envoy_tests::bootstrap::{UPSTREAM, cluster, extension};
use sentinel_envoy_tests::{Answer, Bootstrap, Connection, Envoy, Upstream, client, module, wasm};
use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::{Daemon, KEY, eventually};
use crate::ledger;
use crate::scene::{
    HOST, PATIENCE, Scene, check_refused, code, configuration, get, governed, policy, verdicts,
};

/// Most records that wait in one worker.
const QUEUE: usize = 4_096;

/// What came from proxies.
fn recorded(client: &mut Client) -> Vec<Value> {
    verdicts(client).into_iter().filter(|own| own["point"].is_string()).collect()
}

/// Waits until so many are there, and checks that none is there twice.
fn settled(daemon: &Daemon, count: usize) -> Vec<Value> {
    let mut client = daemon.client();
    eventually("everything is recorded", PATIENCE, || ledger::size(&mut client) as usize >= count);
    eventually("everything is recorded", PATIENCE, || recorded(&mut client).len() >= count);
    let all = recorded(&mut client);
    let names: BTreeSet<&str> = all.iter().map(|own| own["recordId"].as_str().unwrap()).collect();
    assert_eq!((all.len(), names.len()), (count, count), "once each");
    all
}

/// Asks on one connection until somebody refuses or so many were answered.
fn pour(envoy: &Envoy, most: usize) -> usize {
    let bytes = client::request("GET", HOST, "/", &[], b"");
    let mut connection = Connection::open(envoy.port());
    for number in 0..most {
        connection.send(&bytes);
        let response = connection.receive().expect("an answer");
        if response.status != 200 {
            check_refused(&response, 503, "records-full");
            return number;
        }
    }
    most
}

#[test]
fn verdicts_of_the_filter_are_recorded_with_its_name() {
    let scene = Scene::new(&policy(&[]));
    let (daemon, envoy) = scene.start(&[("environment", json!("development"))]);
    assert_eq!(pour(&envoy, 300), 300);
    let denied = get(&envoy, "/admin/x");
    check_refused(&denied, 403, "path-denied");
    let all = settled(&daemon, 301);
    let last = all.iter().find(|own| own["recordId"] == denied.json()["verdictId"]).expect("what was told");
    for (field, value) in
        [("decision", "deny"), ("pointDecision", "deny"), ("pointCode", "path-denied"), ("toolName", "http")]
    {
        assert_eq!(last[field], value, "{field}: {last}");
    }
    let points: BTreeSet<&str> = all.iter().map(|own| own["point"].as_str().unwrap()).collect();
    assert!(points.len() == 1 && points.iter().all(|point| point.starts_with("envoy/")), "{points:?}");
    assert!(all.iter().all(|own| own.get("differs").is_none()), "the daemon decides alike");
    let requests = scene.upstream.requests().len();
    assert_eq!(requests, all.iter().filter(|own| own["permitted"] == true).count());
    eventually("the counter says so", PATIENCE, || envoy.stat("wasmcustom.sentinel.records.sent") == 301);
    drop(daemon);
    ledger::verify(&scene.place, &[]);
}

#[test]
fn only_denials_are_recorded_where_that_is_asked() {
    let scene = Scene::new(&policy(&[]));
    let (daemon, envoy) = scene.start(&[("record", json!("denied"))]);
    assert_eq!(pour(&envoy, 20), 20);
    check_refused(&get(&envoy, "/admin/x"), 403, "path-denied");
    thread::sleep(Duration::from_millis(600));
    assert_eq!(settled(&daemon, 1)[0]["pointCode"], "path-denied");
}

/// Where what goes out has to be on record first, it is: there is nothing to wait for, and nothing to lose.
#[test]
fn what_has_to_be_on_record_first_is() {
    let scene = Scene::new(&policy(&[]));
    let (daemon, envoy) = scene.start(&[("record", json!("durable"))]);
    for count in 1..=20 {
        assert_eq!(get(&envoy, "/").status, 200);
        let all = verdicts(&mut daemon.client());
        assert_eq!(all.len(), count, "before the answer is there");
        assert!(all.iter().all(|own| own["permitted"] == true && own.get("point").is_none()));
    }
    // What does not go out is told afterwards, as it always is.
    check_refused(&get(&envoy, "/admin/x"), 403, "path-denied");
    let mut client = daemon.client();
    eventually("the denial is recorded", PATIENCE, || recorded(&mut client).len() == 1);
    assert_eq!(recorded(&mut client)[0]["pointCode"], "path-denied");
    daemon.kill9();
    check_refused(&get(&envoy, "/"), 503, "daemon-unreachable");
    assert_eq!(scene.upstream.requests().len(), 20);
    let daemon = scene.place.start();
    eventually("the daemon is back", PATIENCE, || get(&envoy, "/").status == 200);
    let permitted = verdicts(&mut daemon.client()).iter().filter(|own| own["permitted"] == true).count();
    assert_eq!(permitted, scene.upstream.requests().len(), "each that left is on record");
    drop(daemon);
    ledger::verify(&scene.place, &[]);
}

/// Requests go on as long as somebody remembers them, and not one longer.
#[test]
fn a_daemon_that_is_down_is_remembered_for_until_there_is_no_room() {
    let scene = Scene::new(&policy(&[]));
    let (daemon, envoy) = scene.start(&[]);
    let before = pour(&envoy, 10);
    settled(&daemon, before);
    // What was recorded waits in the proxy until that has been answered.
    let sent = || envoy.stat("wasmcustom.sentinel.records.sent") as usize;
    eventually("the proxy knows it", PATIENCE, || sent() == before);
    daemon.kill9();
    let passed = pour(&envoy, QUEUE + 100);
    assert_eq!(passed, QUEUE);
    for _ in 0..5 {
        check_refused(&get(&envoy, "/"), 503, "records-full");
    }
    // A denial would have to be recorded as well, and is one all the same.
    assert_eq!(get(&envoy, "/admin/x").status, 503);
    assert_eq!(scene.upstream.requests().len(), before + QUEUE);
    let daemon = scene.place.start();
    let all = settled(&daemon, before + QUEUE);
    assert!(all.iter().all(|own| own["permitted"] == true));
    assert_eq!(pour(&envoy, 10), 10, "there is room again");
    settled(&daemon, before + QUEUE + 10);
    drop(daemon);
    ledger::verify(&scene.place, &[]);
}

/// Batches whose answers are lost are sent again, and recorded once.
#[test]
fn a_daemon_that_dies_while_it_records_loses_nothing() {
    let scene = Scene::new(&policy(&[]));
    let (mut daemon, envoy) = scene.start(&[]);
    let mut passed = 0;
    for life in [230, 350, 90, 410] {
        passed += thread::scope(|scope| {
            let load = scope.spawn(|| pour(&envoy, 700));
            thread::sleep(Duration::from_millis(life));
            daemon.kill9();
            load.join().unwrap()
        });
        daemon = scene.place.start();
    }
    assert_eq!(scene.upstream.requests().len(), passed);
    settled(&daemon, passed);
    let mut client = Client::new(daemon.address, Some(KEY));
    assert!(recorded(&mut client).iter().all(|own| own.get("differs").is_none()));
    drop(daemon);
    ledger::verify(&scene.place, &[]);
}

/// A daemon that does not take a record keeps the proxy from forgetting it, and is told of it.
#[test]
fn a_record_that_is_refused_is_kept_and_said() {
    let scopes = json!(["development", "production"]);
    let identity = json!({ "authorityLevel": "full-ops", "environmentScope": scopes });
    let scene = Scene::new(&policy(&[("identity", identity)]));
    let (daemon, envoy) = scene.start(&[("environment", json!("production"))]);
    assert_eq!(pour(&envoy, 20), 20);
    envoy.wait_for_log("refused", PATIENCE);
    assert_eq!(recorded(&mut daemon.client()).len(), 0);
    assert_eq!(envoy.stat("wasmcustom.sentinel.records.sent"), 0);
    // Once the daemon is the one of that environment, nothing is missing.
    drop(daemon);
    let place = scene.place.with("SOE_ENVIRONMENT", "production");
    let daemon = place.start();
    settled(&daemon, 20);
}

/// What was allowed in front of the router, and is refused behind it, is in the ledger as both.
#[test]
fn an_address_that_is_refused_behind_the_router_is_recorded() {
    let scene = Scene::new(&policy(&[]));
    let daemon = scene.place.start();
    let filter = |member: &str, value: Value| wasm(module::sentinel(), &configuration(&[(member, value)]));
    let codec = extension(
        "envoy.filters.http.upstream_codec",
        "envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec",
        json!({}),
    );
    let mut to = cluster(UPSTREAM, scene.upstream.port());
    let options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    to["typed_extension_protocol_options"][options]["http_filters"] =
        json!([filter("position", json!("upstream")), codec]);
    let bootstrap = Bootstrap::answering()
        .route(json!({ "match": { "prefix": "/" }, "route": { "cluster": UPSTREAM } }))
        .cluster(to)
        .filter(filter("resolvesLater", json!(true)))
        .daemon(scene.port());
    let envoy = Envoy::start(&bootstrap.build());
    // Until both filters have a policy, something else is said.
    eventually("both are governed", PATIENCE, || code(&get(&envoy, "/")) == "address-private");
    let denied = get(&envoy, "/last");
    check_refused(&denied, 403, "address-private");
    // There was a connection, and nothing was said on it.
    assert_eq!(scene.upstream.requests().len(), 0);
    let of_last = |client: &mut Client| {
        let all = recorded(client).into_iter();
        all.filter(|own| own.to_string().contains("/last")).collect::<Vec<_>>()
    };
    let mut client = daemon.client();
    eventually("both are recorded", PATIENCE, || of_last(&mut client).len() == 2);
    let mut own = of_last(&mut client);
    own.sort_by_key(|own| own["pointDecision"].to_string());
    assert_eq!((&own[0]["pointDecision"], &own[0]["pointCode"]), (&json!("allow"), &json!("host-allowed")));
    assert_eq!((&own[1]["pointDecision"], &own[1]["pointCode"]), (&json!("deny"), &json!("address-private")));
    assert_eq!(own[1]["recordId"], denied.json()["verdictId"]);
    assert!(own[1].get("differs").is_none(), "the daemon is told the address: {}", own[1]);
}

/// Envoy's own list of addresses is a filter of the proxy. A server that says 403 is none.
#[test]
fn what_the_proxy_refuses_behind_the_filter_is_recorded() {
    let upstream = Upstream::answering(|_| Answer::new(403, "text/plain", "the server says no"));
    let scene = Scene::in_front_of(upstream, &policy(&[]));
    let daemon = scene.place.start();
    let asked = json!({ "header": { "name": ":path", "string_match": { "prefix": "/private" } } });
    let policies = json!({ "list": { "permissions": [asked], "principals": [{ "any": true }] } });
    let list = extension(
        "envoy.filters.http.rbac",
        "envoy.extensions.filters.http.rbac.v3.RBAC",
        json!({ "rules": { "action": "DENY", "policies": policies } }),
    );
    let envoy = Envoy::start(&scene.bootstrap(&[]).filter(list).daemon(scene.port()).build());
    governed(&envoy, 1);
    assert_eq!(get(&envoy, "/private").status, 403);
    let said = get(&envoy, "/public");
    assert_eq!((said.status, said.text().as_str()), (403, "the server says no"));
    let all = settled(&daemon, 3);
    let codes = |path: &str| {
        let own = all.iter().filter(|own| own.to_string().contains(path));
        own.map(|own| own["pointCode"].as_str().unwrap()).collect::<BTreeSet<_>>()
    };
    assert_eq!(codes("/private"), BTreeSet::from(["address-private", "host-allowed"]));
    assert_eq!(codes("/public"), BTreeSet::from(["host-allowed"]));
}

/// What the daemon would never take does not stand in the way of everything else.
#[test]
fn a_request_that_is_too_large_to_be_recorded_does_not_go_out() {
    let network = json!({ "allowHosts": [HOST], "maxBodyBytes": 16 << 20 });
    let scene = Scene::new(&policy(&[("network", network)]));
    let daemon = scene.place.start();
    let bootstrap = scene.bootstrap(&[]).daemon(scene.port()).buffer_bytes(20 << 20);
    let envoy = Envoy::start(&bootstrap.build());
    governed(&envoy, 1);
    // A body that does not say how long it is has to be read, and is part of the call.
    let post = |bytes: usize| {
        let body = vec![b'x'; bytes];
        let request = client::chunked("POST", HOST, "/", &[], &[&body], &[]);
        client::send(envoy.port(), &request).expect("an answer")
    };
    assert_eq!(post(10).status, 200);
    assert_eq!(post(3 << 20).status, 200);
    assert_eq!(post(3 << 20).status, 200);
    check_refused(&post(5 << 20), 503, "records-full");
    assert_eq!(post(10).status, 200);
    assert_eq!(scene.upstream.requests().len(), 4);
    let all = settled(&daemon, 4);
    assert!(all.iter().all(|own| own["permitted"] == true));
}
