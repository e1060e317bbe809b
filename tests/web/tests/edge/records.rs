//! What the worker decided, on its way to the ledger.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Client;
use crate::daemon::{Daemon, Mood};
use crate::place::Place;
use crate::soe::{AGENT, call};

/// Waits until it is so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(120);
    while !is_so() {
        assert!(Instant::now() < limit, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A record has the call, and what was decided of it.
pub(crate) fn are_whole(place: &Place, daemon: &Daemon) {
    daemon.forget();
    let body = call("Bash", "rm -rf /");
    let answer = place.client().post("/v1/evaluate", &body);
    until("a record comes", || daemon.distinct() == 1);
    let batch: Value = serde_json::from_str(&daemon.records()[0]).expect("JSON");
    let record = &batch["records"][0];
    let verdict = answer.json();
    let mut told: Value = serde_json::from_str(&body).expect("JSON");
    told["environment"] = json!("development");
    assert_eq!(record["call"], told);
    for (ours, theirs) in [
        ("id", "verdictId"),
        ("decision", "decision"),
        ("code", "code"),
        ("policyDigest", "policyDigest"),
        ("decidedAt", "timestamp"),
    ] {
        assert_eq!(record[ours], verdict[theirs], "{record}");
    }
    // What the daemon decided has its entry already.
    daemon.forget();
    assert_eq!(place.client().post("/v1/evaluate", call("pay_invoice", "1.00")).status, 200);
    assert_eq!(place.client().post("/v1/evaluate", "{}").status, 400);
    thread::sleep(Duration::from_millis(300));
    assert_eq!(daemon.distinct(), 0);
}

/// A number that no double holds is recorded as it was sent, whichever way it came.
pub(crate) fn keep_their_numbers(place: &Place, daemon: &Daemon) {
    let number = "12345678901234567890.10";
    let input = format!(r#"{{"n":{number}}}"#);
    let soe = format!(r#"{{"agentId":"{AGENT}","toolName":"search","toolInput":{input}}}"#);
    let authzen = format!(
        r#"{{"subject":{{"type":"agent","id":"{AGENT}"}},"action":{{"name":"search","properties":{input}}},"resource":{{"type":"tool","id":"search"}}}}"#
    );
    for (path, body) in [("/v1/evaluate", soe), ("/access/v1/evaluation", authzen)] {
        daemon.forget();
        assert_eq!(place.client().post(path, body).status, 200);
        until("a record comes", || daemon.distinct() == 1);
        assert!(daemon.records()[0].contains(&input), "{path}: {:?}", daemon.records());
    }
}

/// A daemon that comes back gets everything, once.
pub(crate) fn are_kept_while_the_daemon_is_away(place: &Place, daemon: &Daemon) {
    daemon.forget();
    daemon.mood(Mood::Away);
    let client = place.client();
    for _ in 0..300 {
        assert_eq!(client.post("/v1/evaluate", call("search", "")).text("decision"), "allow");
    }
    daemon.mood(Mood::Well);
    // Somebody tries again with a later call.
    let mut sent = 300;
    until("all records come", || daemon.distinct() == sent || send_another(&client, &mut sent));
    thread::sleep(Duration::from_millis(300));
    assert_eq!((daemon.distinct(), daemon.records().len()), (sent, sent), "each of them once");
}

/// One more call, and some time for its record.
fn send_another(client: &Client, sent: &mut usize) -> bool {
    client.post("/v1/evaluate", call("search", ""));
    *sent += 1;
    thread::sleep(Duration::from_millis(250));
    false
}

/// The daemon has a batch, and nobody knows: it comes again, the same.
pub(crate) fn are_sent_again_if_the_answer_is_lost(place: &Place, daemon: &Daemon) {
    daemon.forget();
    daemon.mood(Mood::Forgetful);
    let client = place.client();
    client.post("/v1/evaluate", call("search", "lost"));
    until("it comes", || daemon.distinct() == 1);
    daemon.mood(Mood::Well);
    until("it comes again and is answered", || daemon.answered() > 0);
    thread::sleep(Duration::from_millis(500));
    let records = daemon.records();
    assert!(records.iter().all(|own| own == &records[0]), "{records:?}");
    let count = records.len();
    client.post("/v1/evaluate", call("search", "next"));
    until("the next comes", || daemon.distinct() == 2);
    assert_eq!(daemon.records().len(), count + 1, "what was answered does not come again");
}

/// A record that is refused by itself would be refused for ever, and keep others out.
pub(crate) fn are_dropped_if_the_daemon_never_takes_them(place: &Place, daemon: &Daemon) {
    daemon.forget();
    daemon.mood(Mood::Picky);
    let client = place.client();
    client.post("/v1/evaluate", call("search", "refused"));
    until("it was refused", || daemon.answered() > 0);
    daemon.mood(Mood::Well);
    client.post("/v1/evaluate", call("search", "taken"));
    until("the next comes", || daemon.distinct() == 1);
    assert!(daemon.records()[0].contains("taken"), "{:?}", daemon.records());
}

/// A daemon of another environment would refuse each of them for good: they wait until it is the right one.
pub(crate) fn wait_for_the_daemon_of_their_environment(place: &Place, daemon: &Daemon) {
    let client = place.client();
    let before = daemon.requests();
    assert_eq!(client.post("/v1/evaluate", call("Bash", "npm test")).text("decision"), "allow");
    until("the daemon is looked at", || daemon.requests() > before);
    thread::sleep(Duration::from_millis(600));
    assert_eq!(daemon.distinct(), 0, "it is the daemon of another one");
    daemon.decides_for("production");
    let mut sent = 1;
    until("all records come", || daemon.distinct() == sent || send_another(&client, &mut sent));
    assert!(daemon.records().iter().all(|own| own.contains(r#""environment":"production""#)));
    // Denied here, although an answer would be the daemon's to know. The record has nothing but the call.
    daemon.forget();
    let own = call("delete_database", "").replacen('{', r#"{"approvalId":"x","#, 1);
    assert_eq!(client.post("/v1/evaluate", own).text("code"), "tool-denied");
    until("its record comes", || daemon.distinct() == 1);
    assert!(!daemon.records()[0].contains("approvalId"), "{:?}", daemon.records());
}

/// One call that the daemon cannot even read keeps no other from the ledger.
pub(crate) fn are_sent_beside_one_that_spoils_the_batch(place: &Place, daemon: &Daemon) {
    daemon.forget();
    daemon.mood(Mood::Away);
    let client = place.client();
    // Nested as deeply as a call may be, so that a batch with it is too deep.
    let deep = format!("{}{}", "[".repeat(126), "]".repeat(126));
    for number in 0..20 {
        let what = if number == 11 { deep.clone() } else { number.to_string() };
        let body = format!(r#"{{"agentId":"{AGENT}","toolName":"search","toolInput":{{"n":{what}}}}}"#);
        assert_eq!(client.post("/v1/evaluate", body).text("decision"), "allow");
    }
    daemon.mood(Mood::Well);
    let mut sent = 20;
    until("the others come", || daemon.distinct() + 1 == sent || send_another(&client, &mut sent));
    thread::sleep(Duration::from_millis(500));
    assert_eq!((daemon.distinct() + 1, daemon.records().len() + 1), (sent, sent));
}

/// Where records are required nothing goes ahead without one.
pub(crate) fn required(place: &Place, daemon: &Daemon) {
    let client = place.client();
    let body = call("Bash", "npm test");
    let answer = client.post("/v1/evaluate", &body);
    assert_eq!((answer.status, answer.text("decision")), (200, "allow"), "{answer:?}");
    assert_eq!(daemon.distinct(), 1, "the record is there before the answer is");
    for mood in [Mood::Away, Mood::Broken, Mood::Forgetful, Mood::Picky] {
        daemon.mood(mood);
        let answer = client.post("/v1/evaluate", &body);
        assert_eq!((answer.status, answer.text("code")), (503, "store-unavailable"), "{mood:?}: {answer:?}");
        assert_eq!(answer.json()["permitted"], false);
        // A denial needs no record to be one.
        let denied = client.post("/v1/evaluate", call("Bash", "rm -rf /"));
        assert_eq!((denied.status, denied.text("decision")), (200, "deny"));
    }
    let own = json!({
        "subject": {"type": "agent", "id": AGENT}, "action": {"name": "search"}, "resource": {"type": "tool", "id": "search"},
    });
    let answer = client.post("/access/v1/evaluation", own.to_string()).json();
    assert_eq!(
        (&answer["decision"], &answer["context"]["error"]["code"]),
        (&json!(false), &json!("store-unavailable"))
    );
    daemon.mood(Mood::Well);
    assert_eq!(client.post("/v1/evaluate", &body).text("decision"), "allow");
}
