//! Daemons with channels, and agents whose calls ask a person.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::client::{Client, Reply};
use crate::harness::{Daemon, Place, eventually};
use crate::receiver::{PATIENCE, Receiver, SLACK_SECRET, WEBHOOK_SECRET};

/// Where links lead; nobody looks it up.
pub(crate) const PUBLIC_URL: &str = "https://sentinel.example.com/base";

/// An agent that deploys when somebody says so.
pub(crate) fn policy(approvals: &Value) -> Value {
    json!({
        "agentId": "deployer",
        "version": "1.0.0",
        "identity": { "role": "Deployer", "authorityLevel": "limited-ops", "environmentScope": ["development"] },
        "dataAccess": {},
        "toolActions": { "allowed": ["deploy"] },
        "approvals": approvals,
    })
}

pub(crate) fn place(approvals: &Value) -> Place {
    let place = Place::new().with("SENTINEL_WEBHOOK_ALLOW_PRIVATE", "true");
    place.govern(&policy(approvals));
    place
}

pub(crate) fn with_slack(place: Place, receiver: &Receiver) -> Place {
    place
        .with("SENTINEL_SLACK_WEBHOOK_URL", &receiver.url("/slack"))
        .with("SENTINEL_SLACK_SIGNING_SECRET", SLACK_SECRET)
        .with("SENTINEL_PUBLIC_URL", PUBLIC_URL)
}

pub(crate) fn with_webhook(place: Place, receiver: &Receiver, format: &str, path: &str) -> Place {
    place
        .with("SENTINEL_APPROVAL_WEBHOOK_URL", &receiver.url(path))
        .with("SENTINEL_APPROVAL_WEBHOOK_FORMAT", format)
        .with("SENTINEL_APPROVAL_WEBHOOK_SECRET", WEBHOOK_SECRET)
}

/// What is known of a question.
pub(crate) struct Asked {
    pub(crate) id: String,
    input: Value,
}

/// Sends a call as its agent does, and gets a question for an answer.
pub(crate) fn ask(place: &Place, daemon: &Daemon, input: Value) -> Asked {
    let said = call(place, daemon, &input, None);
    assert_eq!(
        (said["decision"].as_str(), said["permitted"].as_bool()),
        (Some("escalate"), Some(false)),
        "{said}"
    );
    Asked { id: said["approval"]["id"].as_str().unwrap_or_else(|| panic!("{said}")).to_owned(), input }
}

/// Sends it again, with its approval.
pub(crate) fn again(place: &Place, daemon: &Daemon, asked: &Asked) -> Value {
    call(place, daemon, &asked.input, Some(&asked.id))
}

fn call(place: &Place, daemon: &Daemon, input: &Value, approval: Option<&str>) -> Value {
    let mut call = json!({ "agentId": "deployer", "toolName": "deploy", "toolInput": input });
    if let Some(id) = approval {
        call["approvalId"] = json!(id);
    }
    let token = place.token("deployer-bot", "evaluate", "deployer");
    daemon.client_with(&token).post("/v1/evaluate", &call).ok()
}

pub(crate) fn status(client: &mut Client, id: &str) -> Value {
    client.get(&format!("/v1/approvals/{id}")).ok()
}

pub(crate) fn wait_for_status(daemon: &Daemon, id: &str, expect: &str) -> Value {
    let mut client = daemon.client();
    eventually(&format!("{expect} of {id}"), PATIENCE, || status(&mut client, id)["status"] == expect);
    status(&mut client, id)
}

/// What is on record of channels that were told.
pub(crate) fn notified(daemon: &Daemon) -> Vec<Value> {
    let page = daemon.client().get("/v1/ledger/entries?kind=approval-notify&limit=1000").ok();
    page["entries"].as_array().expect("a list").iter().map(|own| own["entry"].clone()).collect()
}

pub(crate) fn wait_for_notified(daemon: &Daemon, count: usize) -> Vec<Value> {
    eventually(&format!("{count} notices"), PATIENCE, || notified(daemon).len() >= count);
    notified(daemon)
}

/// Asks with any body or none, without a credential, on a connection of its own.
pub(crate) fn raw(daemon: &Daemon, method: &str, path: &str, content_type: &str, body: &str) -> Reply {
    let mut stream = TcpStream::connect(daemon.address).expect("a connection");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: {content_type}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("a request");
    let mut bytes = Vec::new();
    // It may answer, and close, before it has read everything.
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).expect("text");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{method} {path}: no answer"));
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a status");
    let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Reply { status, headers, body: body.to_owned() }
}
