//! Policies change while clients ask.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::{Daemon, KEY, Place, SOON, call, eventually};
use crate::policy;
use crate::postgres::Postgres;

const AGENT: &str = "buyer";

/// A policy that allows `search`, or one that does not. Versions of files may stay the same.
fn document(allows: bool) -> Value {
    let tools = if allows { json!(["search", "pay"]) } else { json!(["pay"]) };
    policy::with(AGENT, &[("toolActions", json!({ "allowed": tools }))])
}

fn search(client: &mut Client) -> Value {
    client.post("/v1/evaluate", &call(AGENT, "search")).ok()
}

fn digest(daemon: &Daemon) -> Option<String> {
    let reply = daemon.client().get(&format!("/v1/agents/{AGENT}/policy"));
    (reply.status == 200).then(|| reply.json()["digest"].as_str().unwrap().to_owned())
}

/// The value behind a name in a file of `/proc`.
fn status(daemon: &Daemon, name: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{}/status", daemon.id())).unwrap_or_default();
    text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("?").trim().to_owned()
}

#[test]
fn each_call_is_decided_by_one_of_both_policies() {
    let place = Place::new();
    place.govern(&document(true));
    let daemon = place.start();
    let allowing = digest(&daemon).unwrap();
    let is_over = AtomicBool::new(false);
    let (verdicts, denying) = thread::scope(|scope| {
        let clients: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = Client::new(daemon.address, Some(KEY));
                    let mut all = Vec::new();
                    while !is_over.load(Ordering::Relaxed) {
                        all.push(search(&mut client));
                    }
                    all
                })
            })
            .collect();
        let mut denying = String::new();
        for round in 0..20 {
            let before = digest(&daemon);
            place.govern(&document(round % 2 == 1));
            eventually("the other policy governs", SOON, || digest(&daemon) != before);
            if round % 2 == 0 {
                denying = digest(&daemon).unwrap();
            }
        }
        is_over.store(true, Ordering::Relaxed);
        let all: Vec<Value> = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
        (all, denying)
    });
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for own in &verdicts {
        let key = (own["policyDigest"].as_str().unwrap(), own["decision"].as_str().unwrap());
        *counts.entry(key).or_default() += 1;
    }
    let expected = [(allowing.as_str(), "allow"), (denying.as_str(), "deny")];
    assert_eq!(counts.len(), 2, "{counts:?}");
    assert!(expected.iter().all(|key| counts.contains_key(key)), "{counts:?}");
    let revision = daemon.client().get(&format!("/v1/agents/{AGENT}/policy")).ok()["revision"].clone();
    assert_eq!(revision, 21);
    println!("{} calls, {counts:?}", verdicts.len());
}

#[test]
fn half_a_file_leaves_the_last_good_one_and_shows() {
    let place = Place::new();
    place.govern(&document(true));
    let daemon = place.start();
    let mut client = daemon.client();
    let before = digest(&daemon);
    let text = document(false).to_string();
    fs::write(place.document(AGENT), &text[..text.len() / 2]).unwrap();
    eventually("health shows it", SOON, || client.get("/v1/health").json()["status"] == "DEGRADED");
    let health = client.get("/v1/health").ok();
    let problems = health["definitionsProblems"].as_array().unwrap();
    assert_eq!((problems.len(), &problems[0]["file"]), (1, &json!("buyer.soe.json")), "{health}");
    assert_eq!(health["definitionsCount"], 1, "{health}");
    // Whoever is not known learns how many there are, and not which.
    let told = Client::new(daemon.address, None).get("/v1/health").ok();
    assert_eq!(told["definitionsProblems"], 1, "{told}");
    assert_eq!((digest(&daemon), &search(&mut client)["decision"]), (before, &json!("allow")));
    // A restart does not change that.
    daemon.kill9();
    let daemon = place.start();
    assert_eq!(search(&mut daemon.client())["decision"], "allow");
    assert_eq!(daemon.client().get("/v1/health").ok()["status"], "DEGRADED");
    fs::write(place.document(AGENT), text).unwrap();
    let mut client = daemon.client();
    eventually("the whole file governs", SOON, || search(&mut client)["decision"] == "deny");
    eventually("health is well", SOON, || client.get("/v1/health").json()["status"] == "HEALTHY");
}

#[test]
fn without_its_file_an_agent_may_do_nothing() {
    let place = Place::new();
    place.govern(&document(true));
    let daemon = place.start();
    let mut client = daemon.client();
    assert_eq!(search(&mut client)["decision"], "allow");
    fs::remove_file(place.document(AGENT)).unwrap();
    eventually("the policy is gone", SOON, || search(&mut client)["decision"] == "deny");
    let verdict = search(&mut client);
    assert_eq!((&verdict["code"], &verdict["permitted"]), (&json!("policy-missing"), &json!(false)));
    daemon.kill9();
    let daemon = place.start();
    assert_eq!(search(&mut daemon.client())["code"], "policy-missing", "after a restart");
    // A file that goes while no daemon runs takes its policy with it, too.
    place.govern(&document(true));
    let mut client = daemon.client();
    eventually("it governs again", SOON, || search(&mut client)["decision"] == "allow");
    daemon.kill9();
    fs::remove_file(place.document(AGENT)).unwrap();
    let daemon = place.start();
    assert_eq!(search(&mut daemon.client())["code"], "policy-missing");
}

#[test]
fn versions_rise_unless_somebody_goes_back() {
    let place = Place::new();
    let daemon = place.start();
    let mut client = daemon.client();
    let mut deploy = |version: &str, allows: bool| {
        let mut soe = document(allows);
        soe["version"] = json!(version);
        client.post("/v1/deploy", &json!({ "soe": soe }))
    };
    assert_eq!(deploy("1.0.0", true).ok()["revision"], 1);
    for old in ["1.0.0", "0.9.9"] {
        let reply = deploy(old, false);
        assert_eq!((reply.status, &reply.json()["code"]), (409, &json!("version-not-newer")), "{old}");
    }
    assert_eq!(deploy("1.1.0", false).ok()["revision"], 2);
    let mut client = daemon.client();
    assert_eq!(search(&mut client)["decision"], "deny");
    let back = client.post(&format!("/v1/agents/{AGENT}/rollback"), &json!({ "revision": 1 })).ok();
    assert_eq!((&back["revision"], &back["version"]), (&json!(3), &json!("1.0.0")), "{back}");
    assert_eq!(search(&mut client)["decision"], "allow");
    // What the directory shows is what governs, so that nothing changes by itself afterwards.
    thread::sleep(Duration::from_secs(3));
    assert_eq!(search(&mut client)["decision"], "allow");
    daemon.kill9();
    let daemon = place.start();
    let told = daemon.client().get(&format!("/v1/agents/{AGENT}/policy")).ok();
    assert_eq!((&told["revision"], &told["version"]), (&json!(3), &json!("1.0.0")), "{told}");
    assert_eq!(search(&mut daemon.client())["decision"], "allow", "after a restart");
}

/// The watcher reads the file of a deployment while the next request goes back, at every moment of both:
/// what is in the file by then is behind what governs, and no news.
#[test]
fn a_rollback_holds_against_the_file_of_the_deployment() {
    let place = Place::new();
    let daemon = place.start();
    let mut client = daemon.client();
    let mut first = document(false);
    first["version"] = json!("1.0.0");
    client.post("/v1/deploy", &json!({ "soe": first })).ok();
    for round in 0..100_u64 {
        let mut newer = document(true);
        newer["version"] = json!(format!("2.0.{round}"));
        client.post("/v1/deploy", &json!({ "soe": newer })).ok();
        // About the time for which a directory has to be quiet.
        thread::sleep(Duration::from_micros(30_000 + round * 7_919 % 25_000));
        client.post(&format!("/v1/agents/{AGENT}/rollback"), &json!({ "revision": 1 })).ok();
    }
    // The directory has been read once more when this governs.
    place.govern(&policy::plain("other", "1.0.0"));
    eventually("the other document governs", SOON, || {
        client.post("/v1/evaluate", &call("other", "search")).json()["decision"] == "allow"
    });
    let entries = crate::ledger::entries(&mut client, 0);
    let deployed = entries.values().map(|(_, own)| own).filter(|own| own["kind"] == "policy-deploy");
    let by_file: Vec<_> = deployed.filter(|own| own["source"] == "file" && own["agentId"] == AGENT).collect();
    assert!(by_file.is_empty(), "the directory undid it: {by_file:?}");
    assert_eq!(search(&mut client)["decision"], "deny");
}

/// A policy that a request removed does not come back by itself, from whatever it once came.
fn removed_for_good(place: &Place) {
    let daemon = place.start();
    let mut client = daemon.client();
    assert_eq!(search(&mut client)["decision"], "allow");
    assert_eq!(client.delete(&format!("/v1/agents/{AGENT}/policy")).ok()["removed"], true);
    assert_eq!(search(&mut client)["code"], "policy-missing");
    // Longer than the directory is left alone.
    thread::sleep(Duration::from_secs(3));
    assert_eq!(search(&mut client)["code"], "policy-missing", "its document brought it back");
    daemon.kill9();
    let daemon = place.start();
    assert_eq!(search(&mut daemon.client())["code"], "policy-missing", "a restart brought it back");
}

#[test]
fn a_removal_by_request_holds_against_the_file() {
    let place = Place::new();
    place.govern(&document(true));
    removed_for_good(&place);
}

#[test]
fn a_removal_by_request_holds_against_an_earlier_request() {
    let place = Place::new();
    place.start().client().post("/v1/deploy", &json!({ "soe": document(true) })).ok();
    removed_for_good(&place);
}

#[test]
fn a_removal_by_request_holds_in_a_database() {
    let keys = tempfile::tempdir().unwrap();
    let place = Place::beside(&keys.path().join("key"), &Postgres::shared().database());
    place.govern(&document(true));
    removed_for_good(&place);
}

#[test]
fn a_rollback_holds_in_a_database() {
    let keys = tempfile::tempdir().unwrap();
    let place = Place::beside(&keys.path().join("key"), &Postgres::shared().database());
    place.govern(&document(false));
    let daemon = place.start();
    let mut newer = document(true);
    newer["version"] = json!("2.0.0");
    let before = digest(&daemon);
    place.govern(&newer);
    eventually("the newer file governs", SOON, || digest(&daemon) != before);
    daemon.client().post(&format!("/v1/agents/{AGENT}/rollback"), &json!({ "revision": 1 })).ok();
    assert_eq!(search(&mut daemon.client())["decision"], "deny");
    daemon.kill9();
    let daemon = place.start();
    assert_eq!(search(&mut daemon.client())["decision"], "deny", "a restart went forward again");
}

/// Daemons that share a database have a directory each.
#[test]
fn a_daemon_without_documents_takes_none_from_the_others() {
    let database = Postgres::shared().database();
    let keys = tempfile::tempdir().unwrap();
    let places: Vec<Place> = (0..2).map(|_| Place::beside(&keys.path().join("key"), &database)).collect();
    places[0].govern(&document(true));
    let first = places[0].start();
    assert_eq!(search(&mut first.client())["decision"], "allow");
    let _second = places[1].start();
    thread::sleep(Duration::from_secs(3));
    assert_eq!(search(&mut first.client())["decision"], "allow", "the other one removed it");
}

#[test]
fn three_daemons_follow_a_deployment() {
    let database = Postgres::shared().database();
    let keys = tempfile::tempdir().unwrap();
    let places: Vec<Place> = (0..3).map(|_| Place::beside(&keys.path().join("key"), &database)).collect();
    let daemons: Vec<Daemon> = places.iter().map(Place::start).collect();
    for (round, own) in daemons.iter().enumerate() {
        let mut soe = document(round % 2 == 0);
        soe["version"] = json!(format!("1.{round}.0"));
        let deployed = own.client().post("/v1/deploy", &json!({ "soe": soe })).ok();
        let since = Instant::now();
        for other in &daemons {
            eventually("it governs everywhere", SOON, || {
                search(&mut other.client())["policyDigest"] == deployed["digest"]
            });
        }
        println!("everywhere after {:?}", since.elapsed());
    }
}

#[test]
fn ten_thousand_policies_load_and_answer() {
    let place = Place::new();
    let agent = |number: usize| format!("agent-{number:05}");
    for number in 0..10_000 {
        let name = agent(number);
        fs::write(place.document(&name), policy::plain(&name, "1.0.0").to_string()).unwrap();
    }
    let since = Instant::now();
    let daemon = place.start();
    println!("started after {:?}, {} resident", since.elapsed(), status(&daemon, "VmHWM:"));
    let mut client = daemon.client();
    assert_eq!(client.get("/v1/health").ok()["definitionsCount"], 10_000);
    for number in (0..10_000).step_by(37) {
        let verdict = client.post("/v1/evaluate", &call(&agent(number), "search")).ok();
        assert_eq!(verdict["decision"], "allow", "{verdict}");
    }
    println!("{} resident after calls", status(&daemon, "VmHWM:"));
    daemon.kill9();
    let since = Instant::now();
    let daemon = place.start();
    println!("started again after {:?}", since.elapsed());
    assert_eq!(daemon.client().get("/v1/health").ok()["definitionsCount"], 10_000);
}
