//! The store goes away and comes back: calls are denied meanwhile, and nobody has to do anything.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Client, Reply};
use crate::harness::{Daemon, Place, SOON, UNSIGNALLED, call, cent, eventually};
use crate::ledger::{self, Tally, verify};
use crate::policy;
use crate::postgres::Postgres;

const AGENT: &str = "buyer";

fn evaluate(client: &mut Client) -> Reply {
    client.post("/v1/evaluate", &cent(AGENT))
}

/// A refusal that nobody can take for anything else.
fn check_denied(reply: &Reply) {
    let told = reply.json();
    assert_eq!(reply.status, 503, "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("application/problem+json"));
    assert_eq!(
        (&told["decision"], &told["permitted"], &told["enforced"]),
        (&json!("deny"), &json!(false), &json!(true))
    );
    assert_eq!(told["code"], "store-unavailable", "{told}");
    assert!(reply.header("retry-after").is_some(), "{reply:?}");
}

fn is_unhealthy(client: &mut Client) -> bool {
    let health = client.get("/v1/health");
    (health.status, &health.json()["status"]) == (503, &json!("UNHEALTHY"))
}

/// What a full disk is made of.
enum Small {
    /// A file system of a few megabytes; needs root.
    Mounted(PathBuf),
    /// No file may grow beyond a size; everybody may do that to a process of their own.
    Limited,
}

impl Small {
    fn under(home: &Path) -> Self {
        let is_root = Command::new("id").arg("-u").output().unwrap().stdout.trim_ascii() == b"0";
        let mounting =
            || Command::new("mount").args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"]).arg(home).status();
        if is_root && mounting().is_ok_and(|status| status.success()) {
            Self::Mounted(home.to_owned())
        } else {
            Self::Limited
        }
    }

    fn fill(&self, daemon: &Daemon) {
        match self {
            Self::Mounted(home) => {
                let mut file = File::create(home.join("filler")).unwrap();
                while file.write_all(&[7; 1024]).is_ok() {}
            }
            Self::Limited => daemon.limit_files("4096"),
        }
    }

    fn empty(&self, daemon: &Daemon) {
        match self {
            Self::Mounted(home) => fs::remove_file(home.join("filler")).unwrap(),
            Self::Limited => daemon.limit_files("unlimited"),
        }
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        if let Self::Mounted(home) = self {
            let _ = Command::new("umount").arg("--lazy").arg(home).status();
        }
    }
}

#[test]
fn a_full_disk_denies_and_recovers_by_itself() {
    let place = Place::new().wrapped(UNSIGNALLED);
    let small = Small::under(&place.home());
    place.govern(&policy::plain(AGENT, "1.0.0"));
    let daemon = place.start();
    let mut client = daemon.client();
    let mut answered: Vec<Value> = (0..5).map(|_| evaluate(&mut client).ok()).collect();
    let checkpoint = client.get("/v1/ledger/checkpoint").body;

    small.fill(&daemon);
    // What is left of the last blocks may do for some more.
    let denied = (0..5_000).map(|_| evaluate(&mut client)).find(|reply| match reply.status {
        200 => {
            answered.push(reply.json());
            false
        }
        _ => true,
    });
    check_denied(&denied.expect("the disk is full"));
    // What is smaller than a call may still fit: then it is well until the next call.
    eventually("health says so", SOON, || {
        check_denied(&evaluate(&mut client));
        is_unhealthy(&mut client)
    });
    for _ in 0..3 {
        check_denied(&evaluate(&mut client));
    }
    let health = client.get("/v1/health").json();
    assert_eq!(health["storage"], "local", "{health}");

    small.empty(&daemon);
    // Whoever asks again and again is the first to notice.
    eventually("it is well again", SOON, || {
        let reply = evaluate(&mut client);
        answered.extend((reply.status == 200).then(|| reply.json()));
        reply.status == 200
    });
    eventually("health says so", SOON, || client.get("/v1/health").status == 200);
    let entries = ledger::entries(&mut client, 0);
    assert!(entries.values().any(|(_, entry)| entry["kind"] == "store-recovered"), "nothing says so");
    let recorded = entries.values().filter(|(_, entry)| entry["kind"] == "verdict").count();
    assert_eq!(recorded, answered.len(), "what was denied for want of space is not on record");
    let mut tally = Tally::default();
    tally.take(AGENT, &entries);
    assert_eq!(tally.standings(), ledger::standings(&mut client, AGENT));
    verify(&place, &[checkpoint]);
    // And after the end, with what is left on disk.
    daemon.kill9();
    let daemon = place.start();
    assert_eq!(tally.standings(), ledger::standings(&mut daemon.client(), AGENT));
    verify(&place, &[]);
}

#[test]
fn a_stopped_database_denies_in_time_and_works_again() {
    let mut postgres = Postgres::start();
    let keys = tempfile::tempdir().unwrap();
    let place = Place::beside(&keys.path().join("key"), &postgres.url()).with("SOE_REQUEST_TIMEOUT", "5000");
    place.govern(&policy::plain(AGENT, "1.0.0"));
    let daemon = place.start();
    let mut client = daemon.client();
    evaluate(&mut client).ok();
    let checkpoint = client.get("/v1/ledger/checkpoint").body;
    for crash in [false, true] {
        if crash {
            postgres.crash()
        } else {
            postgres.stop()
        }
        for _ in 0..3 {
            let since = Instant::now();
            let reply = client.post("/v1/evaluate", &call(AGENT, "search"));
            // A client that waits for a minute is answered.
            assert!(since.elapsed() < Duration::from_secs(40), "{:?}", since.elapsed());
            assert!(matches!(reply.status, 503 | 504), "{reply:?}");
            assert_eq!(
                (&reply.json()["decision"], &reply.json()["permitted"]),
                (&json!("deny"), &json!(false))
            );
        }
        eventually("health says so", SOON, || client.get("/v1/health").status == 503);
        postgres.restart();
        eventually("it works again", SOON, || evaluate(&mut client).status == 200);
        eventually("health says so", SOON, || client.get("/v1/health").status == 200);
    }
    let entries = ledger::entries(&mut client, 0);
    let recoveries = entries.values().filter(|(_, entry)| entry["kind"] == "store-recovered").count();
    assert_eq!(recoveries, 2, "each outage is on record");
    let mut tally = Tally::default();
    tally.take(AGENT, &entries);
    assert_eq!(tally.standings(), ledger::standings(&mut client, AGENT));
    verify(&place, &[checkpoint]);
}

/// Asks about whoever sleeps behind a lock.
pub(crate) fn sleepers(postgres: &Postgres, what: &str) -> String {
    let sql = format!("SELECT {what} FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    postgres.psql(&postgres.url(), &sql)
}

/// A database that takes requests and does not answer is worse than none.
#[test]
fn a_database_that_hangs_denies_in_time() {
    let postgres = Postgres::start();
    let keys = tempfile::tempdir().unwrap();
    let place = Place::beside(&keys.path().join("key"), &postgres.url()).with("SOE_REQUEST_TIMEOUT", "2000");
    place.govern(&policy::plain(AGENT, "1.0.0"));
    let daemon = place.start();
    let mut client = daemon.client();
    evaluate(&mut client).ok();
    std::thread::scope(|scope| {
        let holder = scope.spawn(|| {
            let sql = "BEGIN; SELECT size FROM sentinel_logs FOR UPDATE; SELECT pg_sleep(120); COMMIT";
            let _ = postgres.try_psql(&postgres.url(), sql);
        });
        eventually("the lock is held", SOON, || sleepers(&postgres, "count(*)") == "1");
        let reply = evaluate(&mut client);
        assert!(matches!(reply.status, 503 | 504), "{reply:?}");
        assert_eq!(reply.json()["decision"], "deny");
        assert!(!holder.is_finished(), "it was answered when the lock was free");
        sleepers(&postgres, "pg_cancel_backend(pid)");
    });
    eventually("it works again", SOON, || evaluate(&mut client).status == 200);
    let mut tally = Tally::default();
    tally.take(AGENT, &ledger::entries(&mut client, 0));
    assert_eq!(tally.standings(), ledger::standings(&mut client, AGENT));
}

/// A policy that goes while nothing can be stored is gone when it can.
#[test]
fn a_removal_during_an_outage_is_made_up_for() {
    let place = Place::new().wrapped(UNSIGNALLED);
    place.govern(&policy::plain(AGENT, "1.0.0"));
    let daemon = place.start();
    let mut client = daemon.client();
    evaluate(&mut client).ok();
    // The log may grow, and what SQLite appends to may not.
    daemon.limit_files("4096");
    fs::remove_file(place.document(AGENT)).unwrap();
    // Longer than it takes to notice.
    std::thread::sleep(Duration::from_secs(4));
    check_denied(&evaluate(&mut client));
    daemon.limit_files("unlimited");
    eventually("it is well again", SOON, || evaluate(&mut client).status == 200);
    eventually("the policy is gone", SOON, || evaluate(&mut client).ok()["code"] == "policy-missing");
}

/// A log that takes nothing more, as on the same full disk, is no reason to stop deciding.
#[test]
fn a_full_log_stops_nothing() {
    let place = Place::new().wrapped(UNSIGNALLED);
    place.govern(&policy::plain(AGENT, "1.0.0"));
    let daemon = place.start();
    let mut client = daemon.client();
    daemon.limit_files("512");
    for _ in 0..20 {
        check_denied(&evaluate(&mut client));
    }
    daemon.limit_files("unlimited");
    eventually("it is well again", SOON, || evaluate(&mut client).status == 200);
    eventually("health says so", SOON, || client.get("/v1/health").status == 200);
}

/// Whoever read the log is gone; what changes is noticed all the same.
#[test]
fn a_log_that_nobody_reads_stops_nothing() {
    let read_ten_lines =
        "exec \"$0\" \"$@\" 2> >(for _ in {1..10}; do read -r line && echo \"$line\"; done >&2)";
    let place = Place::new().wrapped(&["bash", "-c", read_ten_lines]);
    place.govern(&policy::plain(AGENT, "1.0.0"));
    let daemon = place.start();
    let mut client = daemon.client();
    evaluate(&mut client).ok();
    for number in 0..20 {
        fs::write(place.document(&format!("broken-{number}")), "{").unwrap();
        std::thread::sleep(Duration::from_millis(100));
    }
    std::thread::sleep(Duration::from_secs(1));
    fs::remove_file(place.document(AGENT)).unwrap();
    eventually("the policy is gone", SOON, || evaluate(&mut client).ok()["code"] == "policy-missing");
}
