//! One test for each cause of a denial that can be brought about from outside of the daemon.

mod callers;
mod meters;
mod requests;
mod surroundings;

use serde_json::{Value, json};

use crate::client::{Client, Reply};
use crate::harness::{Daemon, Place, call};
use crate::policy;

const AGENT: &str = "buyer";

/// A daemon with the plain policy.
fn governed() -> (Place, Daemon) {
    with(&policy::plain(AGENT, "1.0.0"))
}

fn with(policy: &Value) -> (Place, Daemon) {
    let place = Place::new();
    place.govern(policy);
    let daemon = place.start();
    (place, daemon)
}

fn evaluate(client: &mut Client, body: &Value) -> Reply {
    client.post("/v1/evaluate", body)
}

/// With a member more, or another.
fn changed(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

/// A verdict that denies, with this code, and is on record as it was answered.
fn denied(client: &mut Client, reply: &Reply, code: &str) {
    let told = reply.json();
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(
        (&told["decision"], &told["permitted"], &told["enforced"], &told["code"]),
        (&json!("deny"), &json!(false), &json!(true), &json!(code)),
        "{told}"
    );
    let index = told["ledger"]["index"].as_u64().unwrap();
    let entry = client.get(&format!("/v1/ledger/entries/{index}")).ok();
    assert_eq!((&entry["entry"]["decision"], &entry["leaf"]), (&json!("deny"), &told["ledger"]["leaf"]));
}

/// A refusal to decide, which denies for whoever looks at the decision alone, and leaves no verdict.
fn refused(daemon: &Daemon, reply: &Reply, status: u16, code: &str) {
    let told = reply.json();
    assert_eq!((reply.status, &told["code"]), (status, &json!(code)), "{reply:?}");
    assert_eq!(
        (&told["decision"], &told["permitted"], &told["enforced"]),
        (&json!("deny"), &json!(false), &json!(true)),
        "{told}"
    );
    assert!(told["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{told}");
    let verdicts = daemon.client().get("/v1/ledger/entries?kind=verdict&decision=allow").ok();
    assert_eq!(verdicts["entries"], json!([]), "it was decided all the same");
}

fn start_session(client: &mut Client) -> String {
    let started = client.post("/v1/sessions", &json!({ "agentId": AGENT })).ok();
    started["sessionId"].as_str().unwrap().to_owned()
}

fn in_session(id: &str) -> Value {
    changed(call(AGENT, "search"), "sessionId", json!(id))
}
