//! A daemon that answers late, wrongly or not at all: nothing goes out.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sentinel_envoy_tests::bootstrap::{DAEMON, cluster};
use sentinel_envoy_tests::client::request;
use sentinel_envoy_tests::{Answer, Connection, Envoy, Request, Upstream};
use serde_json::{Value, json};

use crate::harness::eventually;
use crate::scene::{AGENT, Gate, HOST, PATIENCE, Scene, check_refused, crowd, get, policy, told};

/// A policy whose every call needs the daemon.
fn metered() -> Value {
    policy(&[("budgets", json!([{ "name": "calls", "unit": "calls", "limit": 9, "per": "lifetime" }]))])
}

/// Something that says what it is told to about every call.
#[derive(Clone)]
struct Says(Arc<Mutex<Answer>>);

impl Says {
    fn say(&self, answer: Answer) {
        *self.0.lock().unwrap() = answer;
    }
}

/// A proxy that asks it.
fn told_by(scene: &Scene, answer: Answer) -> (Envoy, Upstream, Says) {
    let gate = Gate::default();
    gate.open();
    told_behind(&gate, scene, 60_000, answer)
}

/// A proxy that asks it, and is answered when the gate is open.
fn told_behind(gate: &Gate, scene: &Scene, timeout: u64, answer: Answer) -> (Envoy, Upstream, Says) {
    let gate = gate.clone();
    let says = Says(Arc::new(Mutex::new(answer)));
    let own = says.clone();
    let daemon = Upstream::answering(move |request| match request.method.as_str() {
        "POST" => {
            gate.pass();
            own.0.lock().unwrap().clone()
        }
        _ => Answer::new(500, "text/plain", "no policy"),
    });
    let members = [("policy", metered()), ("daemon", told(&[("timeoutMs", json!(timeout))]))];
    (scene.asking(daemon.port(), &members).start(), daemon, says)
}

fn verdict(members: &[(&str, Value)]) -> Value {
    let mut own = json!({
        "decision": "allow", "permitted": true, "reason": "r", "code": "host-allowed", "layer": "network",
        "verdictId": "main-1", "agentId": AGENT, "toolName": "http",
    });
    for (name, value) in members {
        own[*name] = value.clone();
    }
    own
}

#[test]
fn an_answer_that_comes_late_is_none() {
    let scene = Scene::ungoverned(Upstream::start());
    let gate = Gate::default();
    let (envoy, daemon, _) = told_behind(&gate, &scene, 2_000, Answer::json(&verdict(&[])));
    check_refused(&get(&envoy, "/"), 503, "daemon-timeout");
    // When the answer comes after all, too.
    gate.open();
    std::thread::sleep(Duration::from_millis(1_000));
    assert!(daemon.requests().iter().any(|own| own.target == "/v1/evaluate"));
    scene.upstream.assert_untouched();
}

#[test]
fn an_answer_that_is_no_verdict_permits_nothing() {
    let scene = Scene::ungoverned(Upstream::start());
    let ok = |body: &str| Answer::new(200, "application/json", body);
    let cases = [
        ("daemon-refused", ok("")),
        ("daemon-refused", ok("ok")),
        ("daemon-refused", ok(r#"{"permitted":true}"#)),
        ("daemon-refused", ok(r#"{"decision":"allow","permitted":true}"#)),
        ("daemon-refused", Answer::json(&verdict(&[("agentId", json!("somebody"))]))),
        ("daemon-refused", Answer::json(&verdict(&[("toolName", json!("bash"))]))),
        ("daemon-refused", Answer::json(&verdict(&[("decision", json!("maybe"))]))),
        ("daemon-refused", Answer::json(&verdict(&[("permitted", json!("true"))]))),
        ("daemon-refused", Answer::json(&json!([verdict(&[])]))),
        ("daemon-refused", Answer::new(201, "application/json", verdict(&[]).to_string())),
        ("daemon-refused", Answer::new(204, "application/json", "")),
        ("daemon-refused", Answer::new(302, "text/plain", "").header("location", "/elsewhere")),
        ("daemon-refused", Answer::new(401, "application/json", verdict(&[]).to_string())),
        ("daemon-refused", Answer::new(500, "application/json", verdict(&[]).to_string())),
        ("daemon-unreachable", Answer::new(503, "application/json", verdict(&[]).to_string())),
        ("daemon-unreachable", Answer::raw("nothing that is HTTP\r\n\r\n")),
        (
            "daemon-unreachable",
            Answer::raw("HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"decision\":\"allow\""),
        ),
    ];
    let (envoy, _daemon, says) = told_by(&scene, ok(""));
    for (code, answer) in cases {
        let shown = format!("{answer:?}");
        says.say(answer);
        let response = get(&envoy, "/");
        assert_eq!((response.status, crate::scene::code(&response).as_str()), (503, code), "{shown}");
        scene.upstream.assert_untouched();
    }
    // The look-alike: it is the answers, and not the daemon that makes them up.
    says.say(Answer::json(&verdict(&[])));
    assert_eq!(get(&envoy, "/").status, 200);
}

#[test]
fn a_daemon_that_nobody_reaches_permits_nothing() {
    let scene = Scene::ungoverned(Upstream::start());
    let envoy = scene.envoy(&[("policy", metered())]);
    let body = get(&envoy, "/");
    check_refused(&body, 503, "daemon-unreachable");
    assert_eq!(body.json()["error"], "blocked_by_soe");
    // Without the cluster the filter cannot even ask.
    let members = [("policy", metered()), ("daemon", told(&[("cluster", json!("nowhere"))]))];
    let envoy = scene.envoy(&members);
    check_refused(&get(&envoy, "/"), 503, "daemon-unreachable");
    scene.upstream.assert_untouched();
}

/// An agent that does not wait for the decision gets nothing out, and harms nobody.
#[test]
fn a_client_that_is_gone_takes_its_request_along() {
    let scene = Scene::ungoverned(Upstream::start());
    let gate = Gate::default();
    let (envoy, daemon, _) = told_behind(&gate, &scene, 60_000, Answer::json(&verdict(&[])));
    let before = envoy.stat("http.agent.downstream_cx_total");
    let ask = |_| {
        let mut connection = Connection::open(envoy.port());
        connection.send(&request("GET", HOST, "/", &[], b""));
        connection
    };
    let clients: Vec<Connection> = (0..8).map(ask).collect();
    let is_asked = |own: &Request| own.target == "/v1/evaluate";
    eventually("the daemon was asked", PATIENCE, || daemon.requests().iter().any(is_asked));
    drop(clients);
    eventually("the proxy knows that all of them are gone", PATIENCE, || {
        envoy.stat("http.agent.downstream_cx_total") == before + 8
            && envoy.stat("http.agent.downstream_cx_active") == 0
    });
    gate.open();
    std::thread::sleep(Duration::from_millis(800));
    scene.upstream.assert_untouched();
    assert_eq!(get(&envoy, "/").status, 200, "the filter lives");
}

/// Where the proxy has no connection to the daemon left, it says so at once.
#[test]
fn more_questions_than_the_proxy_may_ask_are_denied() {
    let scene = Scene::ungoverned(Upstream::start());
    let slow = Answer::json(&verdict(&[])).after(Duration::from_millis(200));
    let (_envoy, daemon, _says) = told_by(&scene, slow);
    let mut narrow = cluster(DAEMON, daemon.port());
    narrow["circuit_breakers"] =
        json!({ "thresholds": [{ "max_connections": 1, "max_pending_requests": 1, "max_requests": 1 }] });
    let members = [("policy", metered()), ("record", json!("none"))];
    let envoy = Envoy::start(&scene.bootstrap(&members).cluster(narrow).build());
    let (passed, refused) = crowd(&[envoy.port()], 16, 4, "/");
    assert!(passed > 0 && !refused.is_empty(), "{passed} {refused:?}");
    assert!(refused.iter().all(|code| code == "daemon-unreachable"), "{refused:?}");
    assert_eq!(scene.upstream.requests().len(), passed);
    // The filter asks for its policy over the same one connection, now and then.
    eventually("the filter lives", PATIENCE, || get(&envoy, "/").status == 200);
}
