//! A daemon that is killed under load, on calls that it has to decide: nothing goes out while it is
//! down, and nothing that it has not recorded.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use sentinel_envoy_tests::{Connection, client};
use serde_json::json;

use crate::harness::{Daemon, eventually};
use crate::ledger;
use crate::scene::{AGENT, HOST, PATIENCE, Scene, code, get, policy};

const CLIENTS: usize = 16;
const DEATHS: usize = 3;

/// When somebody asked, when there was an answer, its status and its code.
type Asked = (Instant, Instant, u16, String);

/// Waits until so many more are counted.
fn more(what: &str, count: &AtomicUsize, more: usize) {
    let enough = count.load(Ordering::SeqCst) + more;
    eventually(what, PATIENCE, || count.load(Ordering::SeqCst) >= enough);
}

#[test]
fn nothing_goes_out_that_a_dead_daemon_has_not_permitted() {
    let budgets = json!([{ "name": "calls", "unit": "calls", "limit": 1_000_000, "per": "lifetime" }]);
    let scene = Scene::new(&policy(&[("budgets", budgets)]));
    let daemon = scene.place.start();
    let envoy = scene.asking(scene.port(), &[]).workers(2).start();
    crate::scene::governed(&envoy, 2);
    let (port, is_over) = (envoy.port(), AtomicBool::new(false));
    let (passed, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let bytes = client::request("GET", HOST, "/", &[], b"");
    let mut downs = Vec::new();
    let (asked, daemon): (Vec<Asked>, Daemon) = thread::scope(|scope| {
        let mut daemon = daemon;
        let load = || {
            let mut connection = Connection::open(port);
            connection.set_patience(PATIENCE);
            let mut own = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                let begun = Instant::now();
                connection.send(&bytes);
                let response = connection.receive().expect("an answer");
                own.push((begun, Instant::now(), response.status, code(&response)));
                let count = if response.status == 200 { &passed } else { &refused };
                count.fetch_add(1, Ordering::SeqCst);
            }
            own
        };
        let all: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(load)).collect();
        for _ in 0..DEATHS {
            more("calls pass", &passed, 40);
            daemon.kill9();
            let begun = Instant::now();
            // More than each of them has under way: somebody asks and is answered while it is down.
            more("calls are refused", &refused, 3 * CLIENTS);
            downs.push((begun, Instant::now()));
            daemon = scene.place.start();
            eventually("it goes on", PATIENCE, || get(&envoy, "/").status == 200);
        }
        more("calls pass at the end", &passed, 1);
        is_over.store(true, Ordering::Relaxed);
        (all.into_iter().flat_map(|own| own.join().unwrap()).collect(), daemon)
    });
    let passed = asked.iter().filter(|own| own.2 == 200).count();
    let refused: Vec<_> = asked.iter().filter(|own| own.2 != 200).collect();
    assert!(passed > 100 && !refused.is_empty(), "{passed} passed, {} were refused", refused.len());
    for (_, _, status, code) in &refused {
        assert_eq!((*status, code.as_str()), (503, "daemon-unreachable"));
    }
    for (begun, ended) in downs {
        let within: Vec<_> = asked.iter().filter(|own| own.0 >= begun && own.1 <= ended).collect();
        assert!(!within.is_empty(), "somebody asked while it was down");
        assert!(within.iter().all(|own| own.2 == 503), "{within:?}");
    }
    let reached = scene.upstream.requests().len();
    let mut admin = daemon.client();
    let permits = scene.permits(&mut admin);
    assert!(reached <= permits, "{reached} requests went out, and {permits} permits are recorded");
    assert!(passed <= reached, "{passed} were answered, and {reached} went out");
    // What was permitted and not heard of is charged all the same.
    assert_eq!(ledger::standings(&mut admin, AGENT)["budgets/calls"], (permits as u64, 0));
    drop(daemon);
    ledger::verify(&scene.place, &[]);
}
