//! The daemon is asked to end while clients ask: everything that was accepted is answered.

use std::os::unix::process::ExitStatusExt as _;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{KEY, Place, SOON, eventually};
use crate::ledger::{self, verify};
use crate::load::Load;
use crate::outage::sleepers;
use crate::policy;
use crate::postgres::Postgres;

const AGENT: &str = "buyer";

#[test]
fn what_was_accepted_is_answered_and_the_end_is_on_record() {
    let place = Place::new();
    place.govern(&policy::plain(AGENT, "1.0.0"));
    let (mut from, mut checkpoints) = (0, Vec::new());
    for round in 0..3 {
        let mut daemon = place.start();
        let load = Load::start(daemon.address, AGENT, 8);
        eventually("somebody was answered", SOON, || load.answered() > 0);
        thread::sleep(Duration::from_millis(150));
        checkpoints.push(daemon.client().get("/v1/ledger/checkpoint").body);
        daemon.terminate();
        let status = daemon.wait(SOON);
        assert_eq!(status.code(), Some(0), "{}", daemon.log());
        let seen = load.gather();
        assert!(seen.problems.iter().all(|own| own.status == 503), "{:?}", seen.problems);

        let daemon = place.start();
        let entries = ledger::entries(&mut daemon.client(), from);
        let kinds: Vec<&str> = entries.values().map(|(_, entry)| entry["kind"].as_str().unwrap()).collect();
        // Of this start and of the one before.
        assert_eq!(kinds.last(), Some(&"daemon-start"), "round {round}");
        assert_eq!(kinds[kinds.len() - 2], "daemon-stop", "round {round}");
        assert_eq!(kinds.iter().filter(|kind| **kind == "daemon-stop").count(), 1, "round {round}");
        let recorded = kinds.iter().filter(|kind| **kind == "verdict").count();
        assert_eq!(recorded, seen.verdicts.len(), "what was recorded was not answered");
        for verdict in &seen.verdicts {
            let index = verdict["ledger"]["index"].as_u64().unwrap();
            assert_eq!(verdict["ledger"]["leaf"], json!(entries[&index].0));
        }
        assert!(!seen.verdicts.is_empty());
        from += entries.len() as u64;
        daemon.kill9();
    }
    verify(&place, &checkpoints);
}

/// A request that never comes to its end.
fn half_a_request(address: std::net::SocketAddr) -> std::net::TcpStream {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let head = format!(
        "POST /v1/evaluate HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {KEY}\r\n\
         content-type: application/json\r\ncontent-length: 1000\r\nexpect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    // It is said when somebody waits for the rest.
    let mut told = [0; 25];
    stream.read_exact(&mut told).unwrap();
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"{").unwrap();
    stream
}

#[test]
fn the_deadline_ends_it_with_a_request_open() {
    // The request would be open for ten minutes.
    let place = Place::new().with("SENTINEL_DRAIN_TIMEOUT", "1000").with("SOE_REQUEST_TIMEOUT", "600000");
    let mut daemon = place.start();
    let open = half_a_request(daemon.address);
    let since = Instant::now();
    daemon.terminate();
    let status = daemon.wait(SOON);
    assert!(since.elapsed() >= Duration::from_millis(900), "it did not wait: {:?}", since.elapsed());
    assert_eq!(status.code(), Some(0), "{}", daemon.log());
    drop(open);
    let daemon = place.start();
    let entries = ledger::entries(&mut daemon.client(), 0);
    assert!(entries.values().any(|(_, entry)| entry["kind"] == "daemon-stop"));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let place = Place::new().with("SENTINEL_DRAIN_TIMEOUT", "600000").with("SOE_REQUEST_TIMEOUT", "600000");
    let mut daemon = place.start();
    let open = half_a_request(daemon.address);
    daemon.terminate();
    // Two signals at once are one.
    eventually("it heard the first", SOON, || daemon.log().contains("stopping: what runs"));
    daemon.terminate();
    let status = daemon.wait(SOON);
    // In whatever way: it is not said that nothing was cut off.
    assert!(status.code().is_some() || status.signal().is_some());
    drop(open);
}

/// A store that does not answer does not keep it for long.
#[test]
fn a_hanging_database_does_not_keep_it() {
    let postgres = Postgres::start();
    let keys = tempfile::tempdir().unwrap();
    let place =
        Place::beside(&keys.path().join("key"), &postgres.url()).with("SENTINEL_DRAIN_TIMEOUT", "1000");
    let mut daemon = place.start();
    thread::scope(|scope| {
        scope.spawn(|| {
            let sql = "BEGIN; SELECT size FROM sentinel_logs FOR UPDATE; SELECT pg_sleep(120); COMMIT";
            // It ends with the server, which the test stops.
            let _ = postgres.try_psql(&postgres.url(), sql);
        });
        eventually("the lock is held", SOON, || sleepers(&postgres, "count(*)") == "1");
        daemon.terminate();
        // Before anybody gives the lock back.
        let status = daemon.wait(SOON);
        let _ = postgres.try_psql(&postgres.url(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity");
        assert_ne!(status.code(), Some(0), "its end is not on record");
    });
}
