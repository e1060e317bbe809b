//! Logins that several daemons share, and that outlive the daemon that gave them out.

use std::io::{BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::approvals::{Desk, ask, asking, deploy, evaluate};
use crate::client::{Client, Reply, line};
use crate::harness::{Daemon, KEY, Place, SOON, eventually};
use crate::policy;
use crate::postgres::Postgres;

/// A browser that is logged in: its cookie and the secret of the login. It goes to any daemon.
struct Browser {
    cookie: String,
    csrf: String,
}

impl Browser {
    fn login(daemon: &Daemon, credential: &str) -> Self {
        let origin = format!("http://{}", daemon.address);
        let headers = [("origin", origin.as_str()), ("sec-fetch-site", "same-origin")];
        let body = json!({ "token": credential }).to_string();
        let reply = Client::new(daemon.address, None).send("POST", "/v1/login", &headers, Some(&body));
        let cookie = reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        Self { cookie, csrf: reply.ok()["csrf"].as_str().unwrap().to_owned() }
    }

    fn send(&self, daemon: &Daemon, method: &str, path: &str, body: Option<&str>) -> Reply {
        let origin = format!("http://{}", daemon.address);
        let headers = [
            ("origin", origin.as_str()),
            ("cookie", &self.cookie),
            ("x-sentinel-csrf", &self.csrf),
            ("sec-fetch-site", "same-origin"),
        ];
        Client::new(daemon.address, None).send(method, path, &headers, body)
    }

    fn get(&self, daemon: &Daemon, path: &str) -> Reply {
        self.send(daemon, "GET", path, None)
    }
}

fn code(reply: &Reply) -> (u16, String) {
    (reply.status, reply.json()["code"].as_str().unwrap_or_default().to_owned())
}

fn two() -> (Vec<Place>, Vec<Daemon>, TempDir) {
    let keys = tempfile::tempdir().unwrap();
    let database = Postgres::shared().database();
    let places: Vec<Place> = (0..2).map(|_| Place::beside(&keys.path().join("key"), &database)).collect();
    places.iter().for_each(|own| own.govern(&policy::plain("buyer", "1.0.0")));
    let daemons = places.iter().map(Place::start).collect();
    (places, daemons, keys)
}

#[test]
fn a_login_at_one_daemon_is_one_at_all_and_so_is_its_end() {
    let (places, daemons, _keys) = two();
    let alice = Browser::login(&daemons[0], &places[0].token("alice", "audit", "*"));
    for daemon in &daemons {
        assert_eq!(alice.get(daemon, "/v1/login").ok()["subject"], "alice");
        assert_eq!(alice.get(daemon, "/v1/agents").status, 200);
    }
    let admin = Browser::login(&daemons[1], KEY);
    let reset = "/v1/agents/buyer/reset";
    for daemon in &daemons {
        assert_eq!(admin.send(daemon, "POST", reset, Some("{}")).status, 200);
        let stolen = Browser { csrf: alice.csrf.clone(), cookie: admin.cookie.clone() };
        assert_eq!(code(&stolen.send(daemon, "POST", reset, Some("{}"))), (403, "bad-csrf".to_owned()));
    }
    assert_eq!(alice.send(&daemons[1], "DELETE", "/v1/login", None).ok()["ended"], true);
    let ended = (401, "login-ended".to_owned());
    assert_eq!(code(&alice.get(&daemons[1], "/v1/agents")), ended);
    eventually("the other daemon hears of it", SOON, || code(&alice.get(&daemons[0], "/v1/agents")) == ended);
    assert_eq!(admin.get(&daemons[0], "/v1/agents").status, 200);
}

/// Whether a stream is opened: its answer has no end then, so only the first line is read.
fn is_opened(address: SocketAddr, path: &str) -> bool {
    let mut connection = BufReader::new(TcpStream::connect(address).unwrap());
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n");
    connection.get_mut().write_all(request.as_bytes()).unwrap();
    line(&mut connection).unwrap().starts_with("HTTP/1.1 200")
}

#[test]
fn a_ticket_is_good_once_at_all_daemons_together() {
    let (_places, daemons, _keys) = two();
    for _ in 0..5 {
        let told = daemons[0].client().send("POST", "/v1/events/ticket", &[], None).ok();
        let path = format!("/v1/events/stream?ticket={}", told["ticket"].as_str().unwrap());
        let opened: usize = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8)
                .map(|number| {
                    let (address, path) = (daemons[number % 2].address, path.as_str());
                    scope.spawn(move || is_opened(address, path))
                })
                .collect();
            all.into_iter().map(|own| usize::from(own.join().unwrap())).sum()
        });
        assert_eq!(opened, 1);
    }
}

#[test]
fn what_was_ended_stays_ended_after_a_crash_and_what_was_not_goes_on() {
    let place = Place::new();
    place.govern(&policy::plain("buyer", "1.0.0"));
    let daemon = place.start();
    let (alice, bob) = (
        Browser::login(&daemon, &place.token("alice", "audit", "*")),
        Browser::login(&daemon, &place.token("bob", "audit", "*")),
    );
    assert_eq!(alice.send(&daemon, "DELETE", "/v1/login", None).ok()["ended"], true);
    daemon.kill9();
    let daemon = place.start();
    assert_eq!(code(&alice.get(&daemon, "/v1/agents")), (401, "login-ended".to_owned()));
    assert_eq!(bob.get(&daemon, "/v1/agents").status, 200);
    daemon.kill9();
    // The secret that signed the tokens is replaced, because it leaked: their logins end, too.
    let place = place.with("SOE_JWT_SECRET", "another secret with more than the thirty-two bytes");
    let daemon = place.start();
    assert_eq!(code(&bob.get(&daemon, "/v1/agents")), (401, "login-ended".to_owned()));
    let admin = Browser::login(&daemon, KEY);
    daemon.kill9();
    let place = place.with("SOE_API_KEY", "another-key-that-somebody-made-up");
    let daemon = place.start();
    assert_eq!(code(&admin.get(&daemon, "/v1/agents")), (401, "login-ended".to_owned()));
}

/// What a person sees and answers in a browser, with the digest computed anew.
#[test]
fn a_question_is_answered_in_a_browser_over_its_exact_bytes() {
    let desk = Desk::new(&json!({}), &[]);
    let mut robot = desk.robot();
    let mut body = deploy();
    body["toolInput"] = json!({ "text": "</script><img src=x onerror=alert(1)>\u{202e}", "n": 1 });
    let id = ask(&mut robot, &body);
    let alice = Browser::login(&desk.daemon, &desk.place.token("alice", "approve", "*"));
    let path = format!("/v1/approvals/{id}");
    let shown = alice.get(&desk.daemon, &path).ok();
    let text = shown["callText"].as_str().unwrap();
    let digest = {
        use sha2::Digest as _;
        format!("sha256:{}", hex::encode(sha2::Sha256::digest(text)))
    };
    assert_eq!(shown["callSha256"], json!(digest));
    assert_eq!(shown["callDigest"], json!(digest), "there is no secret in it");
    let call: Value = serde_json::from_str(text).unwrap();
    assert_eq!((&call["toolInput"], &call), (&body["toolInput"], &shown["call"]));
    // Who asked sees the question and not the call; a list has calls and no texts.
    let own = robot.get(&path).ok();
    assert!(own.get("callText").is_none() && own.get("callSha256").is_none(), "{own}");
    let listed = alice.get(&desk.daemon, "/v1/approvals").ok();
    assert!(listed["approvals"][0].get("callText").is_none(), "{listed}");

    let answered =
        alice.send(&desk.daemon, "POST", &format!("{path}/approve"), Some(r#"{"note":"seen"}"#)).ok();
    assert_eq!(
        (&answered["status"], &answered["answers"][0]["subject"]),
        (&json!("approved"), &json!("alice"))
    );
    assert_eq!(evaluate(&mut robot, &body)["permitted"], true);
    let over = alice.get(&desk.daemon, &path).ok();
    assert_eq!(
        (&over["status"], &over["callText"], &over["callSha256"]),
        (&json!("used"), &Value::Null, &Value::Null)
    );
}

#[test]
fn a_score_is_told_where_the_engine_gave_one() {
    let place = Place::new();
    let numbers = json!({ "tools": ["search"], "escalateAt": 5, "blockAt": 10, "signals": ["numbers"] });
    place.govern(&asking(&json!({}), &[("anomaly", numbers)]));
    let daemon = place.start();
    let mut admin = daemon.client();
    let score = |admin: &mut Client| admin.get("/v1/dashboard").ok()["agents"][0]["anomalyScore"].clone();
    let search = |admin: &mut Client, number: u64| {
        let call = json!({ "agentId": "buyer", "toolName": "search", "toolInput": { "n": number } });
        evaluate(admin, &call)
    };
    for number in 0..20 {
        let told = search(&mut admin, 100 + number % 3);
        assert_eq!(told["permitted"], true, "{told}");
        let report = json!({ "agentId": "buyer", "toolName": "search", "verdictId": told["verdictId"] });
        admin.post("/v1/audit", &report).ok();
    }
    assert_eq!(score(&mut admin), Value::Null, "nothing was unusual");
    let told = search(&mut admin, 1_000_000);
    assert_eq!(told["code"], "anomaly-blocked", "{told}");
    assert!(told["reason"].as_str().unwrap().contains(": 10 of 10 (signal "), "{told}");
    assert_eq!(score(&mut admin), json!(10.0));
}
