//! Tool calls in the answers of a model that only the daemon can decide: held until it has, and
//! replaced where it says no or says nothing.

use std::thread;
use std::time::Duration;

use sentinel_envoy_tests::client::request;
use sentinel_envoy_tests::{Answer, Connection, Envoy, Upstream};
use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::{Daemon, KEY, eventually};
use crate::scene::{Gate, PATIENCE, Scene, governed, policy};

const MODEL: &str = "model.example";
/// How many calls the budget covers.
const LIMIT: usize = 2;

/// An event of a streamed answer.
fn event(delta: &Value, finish: Option<&str>) -> String {
    let choices = json!([{ "index": 0, "delta": delta, "finish_reason": finish }]);
    let chunk = json!({
        "id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices,
    });
    format!("data: {chunk}\n\n")
}

/// A model that says something, and then calls a tool, piece by piece.
fn model() -> Upstream {
    let call = |function: Value, head: bool| {
        let mut own = json!({ "index": 0, "function": function });
        if head {
            own["id"] = json!("call_1");
            own["type"] = json!("function");
        }
        json!({ "tool_calls": [own] })
    };
    let events = [
        event(&json!({ "role": "assistant", "content": "I will deploy it." }), None),
        event(&call(json!({ "name": "deploy", "arguments": "" }), true), None),
        event(&call(json!({ "arguments": "{\"service\":" }), false), None),
        event(&call(json!({ "arguments": "\"web\"}" }), false), None),
        event(&json!({}), Some("tool_calls")),
        "data: [DONE]\n\n".to_owned(),
    ];
    Upstream::answering(move |_| {
        let chunks: Vec<&str> = events.iter().map(String::as_str).collect();
        Answer::stream("text/event-stream", &chunks, Duration::from_millis(10))
    })
}

fn governing() -> Value {
    let network = json!({ "rules": [{ "hosts": [MODEL], "llm": true }] });
    let budgets =
        json!([{ "name": "calls", "unit": "calls", "limit": LIMIT, "per": "lifetime", "tools": ["deploy"] }]);
    policy(&[("network", network), ("toolActions", json!({ "allowed": ["deploy"] })), ("budgets", budgets)])
}

/// An answer, as far as it came.
struct Streamed {
    connection: Connection,
    text: String,
}

impl Streamed {
    /// Reads until this was said.
    fn until(&mut self, said: &str) {
        self.connection.set_patience(PATIENCE);
        while !self.text.contains(said) {
            self.more().expect("more of the answer");
        }
    }

    /// Reads until nothing more comes.
    fn until_silence(&mut self) {
        self.connection.set_patience(Duration::from_millis(500));
        while self.more().is_ok() {}
    }

    fn more(&mut self) -> std::io::Result<()> {
        let bytes = self.connection.read_some(65_536)?;
        assert!(!bytes.is_empty(), "the answer ended: {}", self.text);
        self.text.push_str(&String::from_utf8_lossy(&bytes));
        Ok(())
    }
}

fn begin(envoy: &Envoy) -> Streamed {
    let body = json!({ "model": "m", "stream": true, "messages": [{ "role": "user", "content": "go" }] });
    let headers = [("content-type", "application/json")];
    let mut connection = Connection::open(envoy.port());
    connection.send(&request("POST", MODEL, "/v1/chat/completions", &headers, body.to_string().as_bytes()));
    Streamed { connection, text: String::new() }
}

fn converse(envoy: &Envoy) -> Streamed {
    let mut own = begin(envoy);
    own.until("data: [DONE]");
    assert!(own.text.contains("I will deploy it."), "{}", own.text);
    own
}

fn is_call(streamed: &Streamed) -> bool {
    streamed.text.contains("call_1") && streamed.text.contains(r#""finish_reason":"tool_calls""#)
}

/// A way to the daemon whose verdicts come back when the gate is open.
fn gated(port: u16, gate: &Gate) -> Upstream {
    let gate = gate.clone();
    Upstream::answering(move |seen| {
        let mut client = Client::new(([127, 0, 0, 1], port).into(), Some(KEY));
        let body = (seen.method == "POST").then(|| seen.text());
        match client.try_send(&seen.method, &seen.target, &[], body.as_deref()) {
            Ok(reply) => {
                if seen.method == "POST" {
                    gate.pass();
                }
                Answer::new(reply.status, "application/json", reply.body)
            }
            Err(_) => Answer::raw(""),
        }
    })
}

fn permitted(daemon: &Daemon, scene: &Scene) -> usize {
    let mut client = daemon.client();
    let all = crate::scene::verdicts(&mut client);
    assert!(scene.permits(&mut client) >= 1);
    all.iter().filter(|own| own["toolName"] == "deploy" && own["permitted"] == true).count()
}

#[test]
fn a_tool_call_is_held_until_the_daemon_has_decided_it() {
    let scene = Scene::in_front_of(model(), &governing());
    let daemon = scene.place.start();
    let gate = Gate::default();
    let between = gated(scene.port(), &gate);
    // Requests themselves are not recorded, so that only the tools are asked about.
    let envoy = scene.asking(between.port(), &[("record", json!("none"))]).start();
    governed(&envoy, 1);
    let mut first = begin(&envoy);
    // Text goes on, and the call is held.
    first.until("I will deploy it.");
    eventually("the daemon is asked", PATIENCE, || between.requests().iter().any(|own| own.method == "POST"));
    first.until_silence();
    assert!(!first.text.contains("call_1"), "{}", first.text);
    gate.open();
    first.until("data: [DONE]");
    assert!(is_call(&first), "{}", first.text);
    assert_eq!(permitted(&daemon, &scene), 1);
    assert!(is_call(&converse(&envoy)));
    // The budget is used up: the agent reads why, and no call.
    let third = converse(&envoy);
    assert!(!third.text.contains("call_1"), "{}", third.text);
    assert!(third.text.contains("A tool call was denied by policy (budget-exceeded)"), "{}", third.text);
    assert!(third.text.contains("I will deploy it."), "{}", third.text);
    assert_eq!(permitted(&daemon, &scene), LIMIT);
    drop(daemon);
    let gone = converse(&envoy);
    assert!(!gone.text.contains("call_1"), "{}", gone.text);
    assert!(gone.text.contains("denied by policy (daemon-unreachable)"), "{}", gone.text);
}

/// The model has to know what to do, and that there is something to do.
#[test]
fn a_tool_call_that_needs_a_person_names_its_approval() {
    let mut asking = governing();
    asking["approvals"] = json!({ "tools": ["deploy"] });
    let scene = Scene::in_front_of(model(), &asking);
    let (daemon, envoy) = scene.start(&[("record", json!("none"))]);
    let first = converse(&envoy);
    assert!(!first.text.contains("call_1"), "{}", first.text);
    assert!(first.text.contains("A tool call needs a person (approval-tool)"), "{}", first.text);
    let (_, named) = first.text.split_once("Its approval is ").unwrap_or_else(|| panic!("{}", first.text));
    let (id, _) = named.split_once(' ').unwrap_or_else(|| panic!("{named}"));
    let alice = scene.place.token("alice", "approve", "*");
    let told = daemon.client_with(&alice).post(&format!("/v1/approvals/{id}/approve"), &json!({})).ok();
    assert_eq!(told["status"], "approved", "{told}");
    assert!(is_call(&converse(&envoy)), "the same call goes ahead");
    let again = converse(&envoy);
    assert!(again.text.contains("needs a person") && !again.text.contains(id), "once: {}", again.text);
}

#[test]
fn of_many_answers_at_once_so_many_calls_pass_as_the_budget_covers() {
    let scene = Scene::in_front_of(model(), &governing());
    let (daemon, envoy) = scene.start(&[("record", json!("none"))]);
    let all: Vec<Streamed> = thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| converse(&envoy))).collect();
        all.into_iter().map(|own| own.join().unwrap()).collect()
    });
    assert_eq!(all.iter().filter(|own| is_call(own)).count(), LIMIT);
    assert_eq!(all.iter().filter(|own| own.text.contains("(budget-exceeded)")).count(), 8 - LIMIT);
    assert_eq!(permitted(&daemon, &scene), LIMIT);
}

#[test]
fn a_call_that_the_daemon_is_too_late_for_is_replaced() {
    let scene = Scene::in_front_of(model(), &governing());
    let _daemon = scene.place.start();
    // Nobody opens it.
    let between = gated(scene.port(), &Gate::default());
    let told = crate::scene::told(&[("timeoutMs", json!(300))]);
    let envoy = scene.asking(between.port(), &[("record", json!("none")), ("daemon", told)]).start();
    governed(&envoy, 1);
    let late = converse(&envoy);
    assert!(!late.text.contains("call_1"), "{}", late.text);
    assert!(late.text.contains("denied by policy (daemon-timeout)"), "{}", late.text);
}
