//! What is around a call: policy, environment, store, configuration, hook.

use std::fs;

use serde_json::json;

use super::{AGENT, denied, evaluate, governed, refused};
use crate::client::{Client, Reply};
use crate::harness::{Daemon, Place, UNSIGNALLED, call};
use crate::policy;

/// A daemon whose files may not grow.
fn starved() -> (Place, Daemon) {
    let place = Place::new().wrapped(UNSIGNALLED);
    place.govern(&policy::plain(AGENT, "1.0.0"));
    let daemon = place.start();
    daemon.limit_files("1024");
    (place, daemon)
}

#[test]
fn no_policy() {
    let (_place, daemon) = governed();
    let mut client = daemon.client();
    let reply = evaluate(&mut client, &call("somebody-else", "search"));
    denied(&mut client, &reply, "policy-missing");
}

#[test]
fn environment_outside_of_the_scope() {
    let place = Place::new().with("SOE_ENVIRONMENT", "production");
    place.govern(&policy::plain(AGENT, "1.0.0"));
    let daemon = place.start();
    let verdict = evaluate(&mut daemon.client(), &call(AGENT, "search")).ok();
    assert_eq!((&verdict["decision"], &verdict["permitted"]), (&json!("deny"), &json!(false)), "{verdict}");
}

#[test]
fn store_that_fails() {
    let (_place, daemon) = starved();
    let reply = evaluate(&mut daemon.client(), &call(AGENT, "search"));
    refused(&daemon, &reply, 503, "store-unavailable");
}

#[test]
fn hook_in_trouble() {
    let (_place, daemon) = governed();
    let event = json!({
        "hook_event_name": "PreToolUse", "session_id": "s", "tool_name": "search", "tool_input": {}, "cwd": "/w",
    });
    let path = format!("/v1/hooks/claude-code?agent={AGENT}");
    let told = |reply: &Reply| {
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["hookSpecificOutput"]["permissionDecision"].clone()
    };
    let good = daemon.client().post(&path, &event);
    assert_eq!(told(&good), "allow");
    for (client, path, body) in [
        (&mut Client::new(daemon.address, None), path.as_str(), event.to_string()),
        (&mut daemon.client(), "/v1/hooks/claude-code", event.to_string()),
        (&mut daemon.client(), "/v1/hooks/claude-code?agent=nobody", event.to_string()),
        (&mut daemon.client(), path.as_str(), "{".to_owned()),
        (&mut daemon.client(), path.as_str(), "{}".to_owned()),
        (&mut daemon.client(), path.as_str(), format!("{{\"a\":{}", "[".repeat(500))),
    ] {
        let reply = client.send("POST", path, &[], Some(&body));
        assert_eq!(told(&reply), "deny", "{path} {body}");
    }
}

#[test]
fn hook_without_a_store() {
    let (_place, daemon) = starved();
    let event =
        json!({ "hook_event_name": "PreToolUse", "tool_name": "search", "tool_input": {}, "cwd": "/w" });
    let reply = daemon.client().post(&format!("/v1/hooks/claude-code?agent={AGENT}"), &event);
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.json()["hookSpecificOutput"]["permissionDecision"], "deny");
    assert_eq!(reply.header("x-sentinel-error"), Some("store-unavailable"));
}

#[test]
fn policy_that_cannot_be_read() {
    let place = Place::new();
    fs::write(place.document(AGENT), "{\"agentId\":\"buyer\"").unwrap();
    let daemon = place.start();
    let mut client = daemon.client();
    let reply = evaluate(&mut client, &call(AGENT, "search"));
    denied(&mut client, &reply, "policy-missing");
    assert_eq!(client.get("/v1/health").ok()["status"], "DEGRADED");
}

#[test]
fn configuration_that_is_not_understood() {
    for (name, value) in [
        ("SOE_MODE", "enforced"),
        ("SOE_AUTH_DISABLE", "false"),
        ("SENTINEL_RESERVATION_TTL", "-1"),
        ("SOE_STORAGE", "disk"),
    ] {
        let output = Place::new().with(name, value).run(&["serve"]);
        assert!(!output.status.success(), "{name}={value}");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains(name) || text.contains(value), "{name}={value}: {text}");
    }
}
