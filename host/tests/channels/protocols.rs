//! The two protocols in which a service is asked for the answer, and everything that such a service
//! may do instead of giving one.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Daemon, Place};
use crate::receiver::{PATIENCE, Receiver, body};
use crate::support::{
    again, ask, notified, place, status, wait_for_notified, wait_for_status, with_slack, with_webhook,
};

const TOKEN: &str = "what-the-service-knows-us-by";

fn agentic(receiver: &Receiver, approvals: &Value) -> Place {
    with_webhook(place(approvals), receiver, "agentic-sentinel", "/approval")
        .with("SENTINEL_APPROVAL_WEBHOOK_STATUS_URL", &receiver.url("/approval/{action_id}/status"))
        .with("SENTINEL_APPROVAL_WEBHOOK_TOKEN", TOKEN)
}

fn agent(receiver: &Receiver, approvals: &Value) -> Place {
    with_webhook(place(approvals), receiver, "agent-sentinel", "/api/v1/approvals")
        .with("SENTINEL_APPROVAL_WEBHOOK_TOKEN", TOKEN)
}

fn all() -> Value {
    json!({ "tools": ["deploy"] })
}

/// Waits until the daemon logged something.
fn wait_for_log(daemon: &Daemon, text: &str) {
    crate::harness::eventually(text, PATIENCE, || daemon.log().contains(text));
}

#[test]
fn agentic_sentinel_is_told_and_asked_until_somebody_answers() {
    let receiver = Receiver::start();
    let place = agentic(&receiver, &all());
    let daemon = place.start();
    let asked = ask(&place, &daemon, json!({ "to": "production", "amount": 12.5 }));
    let told = receiver.wait_for("/approval", 1).remove(0);
    assert_eq!(told["method"], "POST");
    assert_eq!(told["headers"]["x-sentinel-token"], TOKEN);
    assert_eq!(told["headers"]["x-sentinel-action-id"], asked.id.as_str());
    assert_eq!(told["headers"]["content-type"], "application/json");
    assert_eq!(told["verified"]["standard"], true);
    let said = body(&told);
    for (name, expect) in [
        ("action_id", json!(asked.id)),
        ("agent_id", json!("deployer")),
        ("function_name", json!("deploy")),
        ("parameters", json!({ "to": "production", "amount": 12.5 })),
        ("timeout_seconds", json!(900)),
    ] {
        assert_eq!(said[name], expect, "{said}");
    }
    assert!(said["rule_id"].as_str().is_some_and(|own| !own.is_empty()), "{said}");
    assert!(said["reason"].is_string() && said["context"].is_object(), "{said}");
    let seconds = |name: &str| said[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second();
    assert_eq!(seconds("timeout_at") - seconds("timestamp"), 900);

    // A late answer, after everything that is none.
    receiver.answers(
        &format!("/approval/{}/status", asked.id),
        &json!([
            { "status": 404, "body": { "status": "approved" } },
            { "status": 200, "body": "<html>approved</html>" },
            { "status": 500, "body": { "status": "approved" } },
            { "status": 302, "headers": { "Location": receiver.url("/elsewhere") }, "body": "" },
            { "status": 200, "body": { "status": "pending" } },
            { "status": 200, "body": { "status": "approved", "approved_by": "ann", "reason": "go\u{7}" } },
        ]),
    );
    let seen = wait_for_status(&daemon, &asked.id, "approved");
    let answer = &seen["answers"][0];
    assert_eq!((&answer["subject"], &answer["channel"]), (&json!("webhook:ann"), &json!("webhook")));
    assert_eq!(answer["note"], "go");
    assert!(receiver.got("/elsewhere").is_empty(), "a redirect was followed");
    assert_eq!(again(&place, &daemon, &asked)["permitted"], true);
    let polls = receiver.got(&format!("/approval/{}/status", asked.id));
    assert!(polls.iter().all(|own| own["method"] == "GET" && own["headers"]["x-sentinel-token"] == TOKEN));
    // Every two seconds, and no more once it is answered.
    let at: Vec<f64> = polls.iter().map(|own| own["at"].as_f64().unwrap()).collect();
    assert!(at.windows(2).all(|two| two[1] - two[0] > 1.9), "{at:?}");
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(receiver.got(&format!("/approval/{}/status", asked.id)).len(), polls.len());
}

#[test]
fn agent_sentinel_gives_an_id_that_is_asked_for() {
    let receiver = Receiver::start();
    receiver.answers("/api/v1/approvals", &json!([{ "status": 201, "body": { "id": "remote-7" } }]));
    receiver.answers(
        "/api/v1/approvals/remote-7/poll",
        &json!([
            { "body": { "id": "remote-7", "status": "info_requested" } },
            { "body": { "id": "remote-7", "status": "rejected", "decided_by_email": "bob@example.com", "decision_notes": "no" } },
        ]),
    );
    let place = agent(&receiver, &all());
    let daemon = place.start();
    let asked = ask(&place, &daemon, json!({ "to": "x", "deep": { "n": [1] } }));
    let seen = wait_for_status(&daemon, &asked.id, "denied");
    assert_eq!(seen["answers"][0]["subject"], "webhook:bob@example.com");
    assert_eq!(seen["answers"][0]["note"], "no");
    let told = receiver.got("/api/v1/approvals").remove(0);
    assert_eq!(told["headers"]["authorization"], format!("Bearer {TOKEN}"));
    let said = body(&told);
    assert_eq!(said["action_name"], "deploy");
    assert_eq!(said["action_inputs"], json!({ "args": [], "kwargs": { "to": "x", "deep": "{\"n\":[1]}" } }));
    assert_eq!(said["timeout_seconds"], 900);
    assert_eq!(again(&place, &daemon, &asked)["permitted"], false);
}

#[test]
fn the_id_of_the_other_side_outlives_the_daemon() {
    let receiver = Receiver::start();
    receiver.answers("/api/v1/approvals", &json!([{ "status": 201, "body": { "id": 7 } }]));
    receiver.answers("/api/v1/approvals/7/poll", &json!([{ "body": { "status": "pending" } }]));
    let place = agent(&receiver, &all());
    let daemon = place.start();
    let asked = ask(&place, &daemon, json!({}));
    wait_for_notified(&daemon, 1);
    daemon.kill9();
    let daemon = place.start();
    receiver.answers(
        "/api/v1/approvals/7/poll",
        &json!([{ "body": { "status": "approved", "decided_by_email": "ann@example.com" } }]),
    );
    wait_for_status(&daemon, &asked.id, "approved");
    let told = receiver.got("/api/v1/approvals").into_iter().filter(|own| own["method"] == "POST");
    assert_eq!(told.count(), 1, "it was told twice");
}

#[test]
fn what_fails_is_tried_again_with_the_same_id() {
    let receiver = Receiver::start();
    receiver.answers(
        "/hook",
        &json!([
            { "status": 500 },
            { "status": 302, "headers": { "Location": receiver.url("/elsewhere") } },
            { "status": 429 },
            { "status": 200 },
        ]),
    );
    let place = with_webhook(place(&all()), &receiver, "sentinel", "/hook");
    let daemon = place.start();
    ask(&place, &daemon, json!({}));
    let got = receiver.wait_for("/hook", 4);
    let ids: Vec<_> = got.iter().map(|own| own["headers"]["webhook-id"].clone()).collect();
    assert!(ids.iter().all(|id| id == &ids[0]), "{ids:?}");
    assert!(got.iter().all(|own| own["verified"]["standard"] == true));
    let at: Vec<f64> = got.iter().map(|own| own["at"].as_f64().unwrap()).collect();
    for (place, least) in [1.0, 2.0, 4.0].into_iter().enumerate() {
        assert!(at[place + 1] - at[place] >= least, "{at:?}");
    }
    let entry = wait_for_notified(&daemon, 1).remove(0);
    assert_eq!((&entry["attempts"], &entry["failed"]), (&json!(4), &Value::Null));
    assert!(receiver.got("/elsewhere").is_empty(), "a redirect was followed");
}

#[test]
fn what_never_arrives_is_on_record_when_the_question_ends() {
    let receiver = Receiver::start();
    receiver.answers("/slack", &json!([{ "status": 503 }]));
    let place = with_slack(place(&all()), &receiver);
    let daemon = place.start();
    let asked = ask(&place, &daemon, json!({}));
    receiver.wait_for("/slack", 2);
    // A channel that is down keeps nobody from answering another way.
    daemon.client().post(&format!("/v1/approvals/{}/approve", asked.id), &json!({})).ok();
    let entry = wait_for_notified(&daemon, 1).remove(0);
    assert_eq!((&entry["channel"], &entry["failed"]), (&json!("slack"), &json!(true)));
    assert!(entry["attempts"].as_u64().unwrap() >= 2, "{entry}");
    assert_eq!(again(&place, &daemon, &asked)["permitted"], true);
    // The address is a secret.
    assert!(!daemon.log().contains(&receiver.url("/slack")), "{}", daemon.log());
}

#[test]
fn an_answer_that_does_not_count_is_no_answer() {
    let receiver = Receiver::start();
    let place = agentic(&receiver, &json!({ "tools": ["deploy"], "approvers": ["webhook:ann"] }));
    let daemon = place.start();
    receiver.answers("*", &json!([{ "body": { "status": "approved", "approved_by": "mallory" } }]));
    let asked = ask(&place, &daemon, json!({ "n": 1 }));
    wait_for_log(&daemon, "does not count");
    assert_eq!(status(&mut daemon.client(), &asked.id)["status"], "pending");
    let polls = receiver.got(&format!("/approval/{}/status", asked.id)).len();

    // Whoever sent the call, by another way.
    receiver.answers("*", &json!([{ "body": { "status": "approved", "approved_by": "deployer-bot" } }]));
    let own = ask(&place, &daemon, json!({ "n": 2 }));
    wait_for_log(&daemon, "somebody else has to");
    assert_eq!(status(&mut daemon.client(), &own.id)["status"], "pending");
    // Nobody is asked again.
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(receiver.got(&format!("/approval/{}/status", asked.id)).len(), polls);

    receiver.answers("*", &json!([{ "body": { "status": "approved", "decided_by": "ann" } }]));
    let good = ask(&place, &daemon, json!({ "n": 3 }));
    wait_for_status(&daemon, &good.id, "approved");
    assert!(notified(&daemon).iter().all(|own| own["failed"].is_null()));
}

#[test]
fn private_addresses_stop_the_start() {
    for url in
        ["http://127.0.0.1:1/x", "https://169.254.169.254/latest", "https://2130706433/", "https://[::1]/"]
    {
        let place = Place::new().with("SENTINEL_APPROVAL_WEBHOOK_URL", url);
        let output = place.run(&["serve"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("SENTINEL_APPROVAL_WEBHOOK_URL"), "{url}: {said}");
    }
}
