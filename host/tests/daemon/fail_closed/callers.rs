//! Callers who may not ask, or not in this session.

use serde_json::json;

use super::{AGENT, changed, denied, evaluate, governed, in_session, refused, start_session};
use crate::client::Client;
use crate::harness::{KEY, Place, SOON, call, eventually};
use crate::policy;

#[test]
fn unknown_session() {
    let (_place, daemon) = governed();
    let mut client = daemon.client();
    for id in ["ses_0123456789abcdef0123456789abcdef", "mine", "ses_", "../x", "main-0"] {
        let reply = evaluate(&mut client, &in_session(id));
        denied(&mut client, &reply, "effect-refused");
    }
}

#[test]
fn ended_session() {
    let (_place, daemon) = governed();
    let mut client = daemon.client();
    let id = start_session(&mut client);
    assert_eq!(evaluate(&mut client, &in_session(&id)).ok()["decision"], "allow");
    client.delete(&format!("/v1/sessions/{id}")).ok();
    let reply = evaluate(&mut client, &in_session(&id));
    denied(&mut client, &reply, "effect-refused");
}

#[test]
fn session_of_another_subject() {
    let (place, daemon) = governed();
    let client = |subject: &str| daemon.client_with(&place.token(subject, "evaluate", AGENT));
    let id = start_session(&mut client("one"));
    assert_eq!(evaluate(&mut client("one"), &in_session(&id)).ok()["decision"], "allow");
    let reply = evaluate(&mut client("two"), &in_session(&id));
    denied(&mut daemon.client(), &reply, "effect-refused");
}

#[test]
fn session_of_another_agent() {
    let (place, daemon) = governed();
    place.govern(&policy::plain("other", "1.0.0"));
    let mut client = daemon.client();
    eventually("both govern", SOON, || client.get("/v1/health").ok()["definitionsCount"] == 2);
    let id = start_session(&mut client);
    let reply = evaluate(&mut client, &changed(call("other", "search"), "sessionId", json!(id)));
    denied(&mut client, &reply, "effect-refused");
}

#[test]
fn token_of_another_agent() {
    let (place, daemon) = governed();
    let mut client = daemon.client_with(&place.token("one", "evaluate", "other"));
    let reply = evaluate(&mut client, &call(AGENT, "search"));
    refused(&daemon, &reply, 403, "foreign-agent");
}

#[test]
fn role_that_may_not_ask() {
    let (place, daemon) = governed();
    let mut client = daemon.client_with(&place.token("one", "audit", AGENT));
    let reply = evaluate(&mut client, &call(AGENT, "search"));
    refused(&daemon, &reply, 403, "forbidden");
}

#[test]
fn no_credential() {
    let (_place, daemon) = governed();
    let reply = evaluate(&mut Client::new(daemon.address, None), &call(AGENT, "search"));
    refused(&daemon, &reply, 401, "no-credentials");
    assert!(reply.header("www-authenticate").is_some());
}

#[test]
fn wrong_credential() {
    let (place, daemon) = governed();
    let other = Place::new().with("SOE_JWT_SECRET", "another secret, which has more than 32 bytes too");
    for bearer in [other.token("one", "admin", AGENT), format!("{KEY}x"), KEY[1..].to_owned()] {
        let reply = evaluate(&mut daemon.client_with(&bearer), &call(AGENT, "search"));
        assert_eq!(reply.status, 401, "{reply:?}");
        let code = reply.json()["code"].as_str().unwrap().to_owned();
        refused(&daemon, &reply, 401, &code);
    }
    drop(place);
}
