//! Requests that are no calls, or not quite.

use serde_json::json;

use super::{AGENT, changed, evaluate, governed, refused};
use crate::harness::{Place, call};
use crate::policy;

#[test]
fn body_too_large() {
    let place = Place::new().with("SENTINEL_BODY_BYTES_MAX", "2048");
    place.govern(&policy::plain(AGENT, "1.0.0"));
    let daemon = place.start();
    let body = changed(call(AGENT, "search"), "toolInput", json!({ "text": "x".repeat(4096) }));
    let reply = evaluate(&mut daemon.client(), &body);
    refused(&daemon, &reply, 413, "body-too-large");
}

#[test]
fn body_too_deep() {
    let (_place, daemon) = governed();
    let deep = format!(
        r#"{{"agentId":"{AGENT}","toolName":"search","toolInput":{{"a":{}{}}}}}"#,
        "[".repeat(200),
        "]".repeat(200)
    );
    let reply = daemon.client().send("POST", "/v1/evaluate", &[], Some(&deep));
    refused(&daemon, &reply, 400, "too-deep");
}

#[test]
fn key_twice() {
    let (_place, daemon) = governed();
    let text = format!(r#"{{"agentId":"other","toolName":"search","toolInput":{{}},"agentId":"{AGENT}"}}"#);
    let reply = daemon.client().send("POST", "/v1/evaluate", &[], Some(&text));
    assert_eq!(reply.status, 400, "{reply:?}");
    let code = reply.json()["code"].as_str().unwrap().to_owned();
    refused(&daemon, &reply, 400, &code);
}

#[test]
fn key_twice_in_the_input() {
    let (_place, daemon) = governed();
    let text = format!(r#"{{"agentId":"{AGENT}","toolName":"search","toolInput":{{"a":1,"a":2}}}}"#);
    let reply = daemon.client().send("POST", "/v1/evaluate", &[], Some(&text));
    let told = reply.json();
    assert_eq!((&told["decision"], &told["permitted"]), (&json!("deny"), &json!(false)), "{told}");
}

#[test]
fn unknown_field() {
    let (_place, daemon) = governed();
    let reply = evaluate(&mut daemon.client(), &changed(call(AGENT, "search"), "mode", json!("audit")));
    refused(&daemon, &reply, 400, "bad-request");
}

#[test]
fn not_json() {
    let (_place, daemon) = governed();
    for text in ["{", "", "{\"agentId\":", "{}}", "{\u{0}}"] {
        let reply = daemon.client().send("POST", "/v1/evaluate", &[], Some(text));
        refused(&daemon, &reply, 400, "bad-json");
    }
}

#[test]
fn other_environment() {
    let (_place, daemon) = governed();
    let reply = evaluate(&mut daemon.client(), &changed(call(AGENT, "search"), "environment", json!("uat")));
    refused(&daemon, &reply, 400, "bad-request");
}
