//! What a place answers, without a host: the world is made up.

use std::cell::RefCell;

use sentinel_engine::{Format, Policy};
use serde_json::{Value, json};

use super::serve;
use crate::decide::{Asked, Instant, World, no_daemon};
use crate::policies::Found;
use crate::problem::{Code, Problem};
use crate::settings::tests::{TOKEN, settings};
use crate::wire::{Head, Reply};

const POLICY: &str = r#"{"agentId":"a","version":"1","identity":{"authorityLevel":"limited-ops","environmentScope":["development"]},
    "toolActions":{"allowed":["search","pay"],"denied":["drop"]},"budgets":[{"name":"day","limit":"5.00","per":"day","tools":["pay"]}],"mode":"MODE"}"#;

/// A world with one policy, and perhaps a daemon that says this.
#[derive(Default)]
struct Made {
    mode: Option<&'static str>,
    daemon: Option<Result<&'static str, Code>>,
    asked: RefCell<Vec<String>>,
    is_broken: bool,
}

impl World for Made {
    fn policy(&self, agent: &str) -> Found {
        if self.is_broken {
            return Found::Broken("`a.soe.json` has a mistake".to_owned());
        }
        if agent != "a" {
            return Found::Nothing;
        }
        let text = POLICY.replace("MODE", self.mode.unwrap_or("enforce"));
        Found::Policy(Box::new(Policy::load(&text, Format::Json).unwrap()))
    }

    fn ask(&self, asked: &Asked<'_>) -> Result<String, Problem> {
        self.asked.borrow_mut().push(String::from_utf8(asked.call.to_vec()).unwrap());
        match self.daemon {
            None => Err(no_daemon()),
            Some(Ok(answer)) => Ok(answer.to_owned()),
            Some(Err(code)) => Err(Problem::new(code, "away")),
        }
    }

    fn environment(&self) -> Option<&str> {
        Some("development")
    }

    fn now(&self) -> Instant {
        Instant { milliseconds: 0, text: "1970-01-01T00:00:00.000Z".to_owned() }
    }

    fn verdict_id(&self) -> String {
        "v-1".to_owned()
    }
}

fn head(method: &str, path: &str) -> Head {
    let headers = vec![("authorization".to_owned(), format!("Bearer {TOKEN}"))];
    Head { method: method.to_owned(), path: path.to_owned(), has_query: false, headers }
}

fn post(world: &Made, path: &str, body: &Value) -> (u16, Value) {
    let reply = serve(world, &settings(&[]), &head("POST", path), || Ok(body.to_string().into_bytes()));
    (reply.status, read(&reply))
}

fn read(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap()
}

fn call(tool: &str) -> Value {
    json!({"agentId": "a", "toolName": tool, "toolInput": {}, "cost": {"usd": "1.00"}})
}

#[test]
fn nobody_has_a_body_read_without_the_token() {
    let mut head = head("POST", "/v1/evaluate");
    head.headers.clear();
    let reply = serve(&Made::default(), &settings(&[]), &head, || panic!("it was read"));
    assert_eq!((reply.status, &read(&reply)["decision"]), (401, &json!("deny")));
    head.headers.push(("authorization".to_owned(), format!("Bearer {TOKEN}")));
    let reply =
        serve(&Made::default(), &settings(&[("EDGE_TOKEN", "short")]), &head, || panic!("it was read"));
    assert_eq!(reply.status, 500);
}

#[test]
fn what_needs_no_memory_is_decided() {
    let world = Made::default();
    let (status, answer) = post(&world, "/v1/evaluate", &call("search"));
    assert_eq!((status, &answer["decision"], &answer["verdictId"]), (200, &json!("allow"), &json!("v-1")));
    assert_eq!(post(&world, "/v1/evaluate", &call("drop")).1["decision"], "deny");
    assert!(world.asked.borrow().is_empty());
}

#[test]
fn what_needs_memory_is_denied_without_a_daemon_in_every_mode() {
    for mode in ["enforce", "audit", "shadow", "dry-run"] {
        let world = Made { mode: Some(mode), ..Made::default() };
        let (status, answer) = post(&world, "/v1/evaluate", &call("pay"));
        assert_eq!(
            (status, &answer["permitted"], &answer["code"]),
            (503, &json!(false), &json!("daemon-missing"))
        );
    }
    for name in ["sessionId", "approvalId", "idempotencyKey"] {
        let mut own = call("search");
        own[name] = json!("x");
        assert_eq!(post(&Made::default(), "/v1/evaluate", &own).0, 503, "{name}");
    }
}

#[test]
fn a_daemon_is_asked_with_the_bytes_that_came_and_the_environment() {
    let world = Made { daemon: Some(Ok("the answer")), ..Made::default() };
    let reply = serve(&world, &settings(&[]), &head("POST", "/v1/evaluate"), || {
        Ok(call("pay").to_string().into_bytes())
    });
    assert_eq!((reply.status, reply.body.as_str()), (200, "the answer"));
    let placed = call("pay").to_string().replacen('{', "{\"environment\":\"development\",", 1);
    assert_eq!(*world.asked.borrow(), [placed]);
}

/// A key or an answer is no way around the policy of this place.
#[test]
fn what_is_denied_here_no_daemon_allows() {
    let world = Made { daemon: Some(Ok("the answer")), ..Made::default() };
    for name in ["sessionId", "approvalId", "idempotencyKey"] {
        let mut own = call("drop");
        own[name] = json!("x");
        let (status, answer) = post(&world, "/v1/evaluate", &own);
        assert_eq!(
            (status, &answer["code"], &answer["permitted"]),
            (200, &json!("tool-denied"), &json!(false)),
            "{name}"
        );
    }
    let mut head = head("POST", "/v1/evaluate");
    head.headers.push(("idempotency-key".to_owned(), "x".to_owned()));
    let reply = serve(&world, &settings(&[]), &head, || Ok(call("drop").to_string().into_bytes()));
    assert_eq!(read(&reply)["decision"], "deny");
    assert!(world.asked.borrow().is_empty());
    // One that is only watched counts in the session that it names.
    let watched = Made { mode: Some("audit"), daemon: Some(Ok("\"the answer\"")), ..Made::default() };
    let mut own = call("drop");
    own["sessionId"] = json!("x");
    assert_eq!(post(&watched, "/v1/evaluate", &own), (200, json!("the answer")));
}

#[test]
fn nobody_is_governed_by_a_policy_that_is_broken_or_not_there() {
    let broken = Made { is_broken: true, ..Made::default() };
    let (status, answer) = post(&broken, "/v1/evaluate", &call("search"));
    assert_eq!(
        (status, &answer["decision"], &answer["code"]),
        (200, &json!("deny"), &json!("policy-missing"))
    );
    assert!(answer["reason"].as_str().unwrap().contains("mistake"), "{answer}");
    let mut other = call("search");
    other["agentId"] = json!("b");
    assert_eq!(post(&Made::default(), "/v1/evaluate", &other).1["permitted"], false);
}

#[test]
fn a_refusal_is_no_in_the_words_of_whoever_asked() {
    let world = Made::default();
    let evaluation = json!({"subject": {"type": "agent", "id": "a"}});
    let (status, answer) = post(&world, "/access/v1/evaluation", &evaluation);
    assert_eq!((status, &answer["decision"]), (400, &json!(false)));
    assert_eq!(post(&world, "/v1/evaluate", &json!({})).1["decision"], "deny");
    let get = serve(&world, &settings(&[]), &head("GET", "/v1/evaluate"), || panic!("it was read"));
    assert_eq!(get.status, 405);
    assert_eq!(serve(&world, &settings(&[]), &head("GET", "/x"), || panic!("it was read")).status, 404);
}

#[test]
fn a_daemon_that_is_away_is_asked_once_in_a_batch() {
    let world = Made { daemon: Some(Err(Code::DaemonTimeout)), ..Made::default() };
    let own = |tool: &str| json!({"action": {"name": tool}, "resource": {"type": "tool", "id": tool}});
    let body = json!({"subject": {"type": "agent", "id": "a"}, "context": {"cost": {"usd": "1.00"}}, "evaluations": [own("pay"), own("pay"), own("search")]});
    let (_, answer) = post(&world, "/access/v1/evaluations", &body);
    let decisions: Vec<_> =
        answer["evaluations"].as_array().unwrap().iter().map(|own| &own["decision"]).collect();
    assert_eq!(decisions, [false, false, true]);
    assert_eq!(world.asked.borrow().len(), 1);
}

#[test]
fn a_place_without_a_name_says_none() {
    let get = head("GET", "/.well-known/authzen-configuration");
    assert_eq!(serve(&Made::default(), &settings(&[]), &get, || panic!("it was read")).status, 404);
    let named = settings(&[("EDGE_URL", "https://pdp.example.com/")]);
    let reply = serve(&Made::default(), &named, &get, || panic!("it was read"));
    assert_eq!(read(&reply)["policy_decision_point"], "https://pdp.example.com");
}
