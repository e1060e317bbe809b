//! A call that waits for a person: what the answer is worth, and for which call.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Client, Reply};
use crate::harness::{Daemon, Place, SOON, eventually};
use crate::policy;

/// The agent of these tests.
pub(crate) const AGENT: &str = "buyer";

/// Who sends its calls.
pub(crate) const REQUESTER: &str = "robot";

/// Clients that send one approved call at once.
const CLIENTS: usize = 64;

/// The shortest life of a question, in seconds, and a little more.
pub(crate) const LIFE: u64 = 10;
pub(crate) const OVER: Duration = Duration::from_millis(LIFE * 1_000 + 100);

/// Longer than anything here takes, and shorter than a client waits.
pub(crate) const WAIT: &str = "50s";

/// Requests may take longer than that.
pub(crate) const PATIENT: (&str, &str) = ("SOE_REQUEST_TIMEOUT", "120000");

/// Waits for the answer to a question, in a thread of its own.
pub(crate) fn wait_at(address: SocketAddr, token: &str, id: &str) -> JoinHandle<Value> {
    let (token, path) = (token.to_owned(), format!("/v1/approvals/{id}?wait={WAIT}"));
    thread::spawn(move || Client::new(address, Some(&token)).get(&path).ok())
}

/// Calls of `deploy` need a person.
pub(crate) fn asking(approvals: &Value, members: &[(&str, Value)]) -> Value {
    let mut own = json!({ "tools": ["deploy"] });
    for (name, value) in approvals.as_object().unwrap() {
        own[name.as_str()] = value.clone();
    }
    let mut all = vec![
        ("approvals", own),
        ("toolActions", json!({ "allowed": ["search", "pay", "deploy"] })),
        (
            "identity",
            json!({
                "role": "Buyer", "authorityLevel": "limited-ops", "environmentScope": ["development"],
            }),
        ),
    ];
    all.extend_from_slice(members);
    policy::with(AGENT, &all)
}

/// A daemon whose agent has to ask.
pub(crate) struct Desk {
    pub(crate) place: Place,
    pub(crate) daemon: Daemon,
}

impl Desk {
    pub(crate) fn new(approvals: &Value, members: &[(&str, Value)]) -> Self {
        Self::at(Place::new(), approvals, members)
    }

    pub(crate) fn at(place: Place, approvals: &Value, members: &[(&str, Value)]) -> Self {
        place.govern(&asking(approvals, members));
        let daemon = place.start();
        Self { place, daemon }
    }

    /// Somebody with roles.
    pub(crate) fn client(&self, subject: &str, roles: &str, agent: &str) -> Client {
        self.daemon.client_with(&self.place.token(subject, roles, agent))
    }

    /// Who sends the calls.
    pub(crate) fn robot(&self) -> Client {
        self.client(REQUESTER, "evaluate", AGENT)
    }

    /// Who may answer.
    pub(crate) fn person(&self, subject: &str) -> Client {
        self.client(subject, "approve", "*")
    }

    /// Lets another policy govern, and waits for it.
    pub(crate) fn replace(&self, version: &str, policy: &Value) {
        let mut policy = policy.clone();
        policy["version"] = json!(version);
        let mut client = self.daemon.client();
        let reply = client.post("/v1/deploy", &json!({ "soe": policy }));
        assert!(matches!(reply.status, 200 | 201), "{reply:?}");
    }
}

/// The call that needs a person.
pub(crate) fn deploy() -> Value {
    json!({ "agentId": AGENT, "toolName": "deploy", "toolInput": { "service": "web", "version": 7 } })
}

pub(crate) fn evaluate(client: &mut Client, body: &Value) -> Value {
    client.post("/v1/evaluate", body).ok()
}

/// Calls `deploy` with an input as text.
pub(crate) fn send_input(client: &mut Client, input: &str) -> Value {
    let body = format!(r#"{{"agentId":"{AGENT}","toolName":"deploy","toolInput":{input}}}"#);
    client.send("POST", "/v1/evaluate", &[], Some(&body)).ok()
}

/// The same call with the approval that was given for it.
pub(crate) fn with_id(body: &Value, id: &str) -> Value {
    let mut body = body.clone();
    body["approvalId"] = json!(id);
    body
}

/// Asks, and returns the id of the question.
pub(crate) fn ask(client: &mut Client, body: &Value) -> String {
    let told = evaluate(client, body);
    assert_eq!(
        (&told["decision"], &told["permitted"], &told["approval"]["status"]),
        (&json!("escalate"), &json!(false), &json!("pending")),
        "{told}"
    );
    told["approval"]["id"].as_str().unwrap().to_owned()
}

/// Says yes or no.
pub(crate) fn say(client: &mut Client, id: &str, word: &str) -> Reply {
    client.post(&format!("/v1/approvals/{id}/{word}"), &json!({}))
}

/// Says yes, and is heard.
pub(crate) fn approve(client: &mut Client, id: &str) -> Value {
    say(client, id, "approve").ok()
}

pub(crate) fn status(client: &mut Client, id: &str) -> Value {
    client.get(&format!("/v1/approvals/{id}")).ok()["status"].clone()
}

/// Demands a denial with a code.
pub(crate) fn check_denied(told: &Value, code: &str) {
    assert_eq!(
        (&told["decision"], &told["permitted"], &told["code"]),
        (&json!("deny"), &json!(false), &json!(code)),
        "{told}"
    );
    assert!(told.get("approval").is_none(), "{told}");
}

/// Demands that a person let it through.
pub(crate) fn check_approved(told: &Value) {
    assert_eq!(
        (&told["decision"], &told["permitted"], &told["code"], &told["approval"]["status"]),
        (&json!("allow"), &json!(true), &json!("approved"), &json!("used")),
        "{told}"
    );
}

/// All entries of some kind, as they were recorded.
pub(crate) fn entries(client: &mut Client, kind: &str) -> Vec<Value> {
    let all = crate::ledger::entries(client, 0);
    all.into_values().map(|(_, own)| own).filter(|own| own["kind"] == kind).collect()
}

#[test]
fn one_yes_is_one_call() {
    let desk = Desk::new(&json!({}), &[]);
    let (mut robot, mut alice) = (desk.robot(), desk.person("alice"));
    let id = ask(&mut robot, &deploy());
    assert_eq!(ask(&mut robot, &deploy()), id, "one question for one call");
    let told = approve(&mut alice, &id);
    assert_eq!((&told["status"], &told["approvals"]), (&json!("approved"), &json!(1)), "{told}");
    check_approved(&evaluate(&mut robot, &with_id(&deploy(), &id)));
    // With the id it is a replay, without it a new question.
    check_denied(&evaluate(&mut robot, &with_id(&deploy(), &id)), "approval-used");
    let next = ask(&mut robot, &deploy());
    assert_ne!(next, id);
    // The id of the old question is nobody's now.
    check_denied(&evaluate(&mut robot, &with_id(&deploy(), &id)), "approval-unknown");
    approve(&mut alice, &next);
    check_denied(&evaluate(&mut robot, &with_id(&deploy(), &id)), "approval-unknown");
    // It needs no id: the call itself says which question was answered.
    check_approved(&evaluate(&mut robot, &deploy()));
    let said = entries(&mut desk.daemon.client(), "approval-answer");
    assert_eq!(said.len(), 2, "{said:?}");
    for own in &said {
        assert_eq!(
            (&own["subject"], &own["answer"], &own["channel"]),
            (&json!("alice"), &json!("approve"), &json!("http"))
        );
    }
}

#[test]
fn of_64_at_once_one_is_permitted() {
    let desk = Desk::new(&json!({}), &[]);
    let mut robot = desk.robot();
    let (token, mut alice) = (desk.place.token(REQUESTER, "evaluate", AGENT), desk.person("alice"));
    for round in 0..3 {
        let id = ask(&mut robot, &deploy());
        approve(&mut alice, &id);
        let address = desk.daemon.address;
        let body = if round == 0 { deploy() } else { with_id(&deploy(), &id) };
        let verdicts: Vec<Value> = thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|_| scope.spawn(|| evaluate(&mut Client::new(address, Some(&token)), &body)))
                .collect();
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        });
        let permitted: Vec<_> = verdicts.iter().filter(|own| own["permitted"] == true).collect();
        assert_eq!(permitted.len(), 1, "{permitted:?}");
        check_approved(permitted[0]);
        for own in verdicts.iter().filter(|own| own["permitted"] != true) {
            let expected = if round == 0 { ("escalate", "approval-tool") } else { ("deny", "approval-used") };
            assert_eq!((&own["decision"], &own["code"]), (&json!(expected.0), &json!(expected.1)), "{own}");
        }
        // The others of the first round asked anew, all of them the same question.
        let asked: BTreeSet<_> = verdicts.iter().filter_map(|own| own["approval"]["id"].as_str()).collect();
        assert_eq!(asked.len(), if round == 0 { 2 } else { 1 }, "{asked:?}");
        if round == 0 {
            let open = asked.iter().find(|own| **own != id).unwrap();
            robot.post(&format!("/v1/approvals/{open}/cancel"), &json!({})).ok();
        }
    }
}

#[test]
fn a_question_and_its_answer_end() {
    let desk = Desk::new(&json!({ "expiresSeconds": LIFE }), &[]);
    let (mut robot, mut alice) = (desk.robot(), desk.person("alice"));
    let pending = ask(&mut robot, &deploy());
    let mut second = deploy();
    second["toolInput"]["version"] = json!(8);
    let approved = ask(&mut robot, &second);
    approve(&mut alice, &approved);
    let mut third = deploy();
    third["toolInput"]["version"] = json!(9);
    let denied = ask(&mut robot, &third);
    say(&mut alice, &denied, "deny").ok();
    // A no stays one, however often somebody asks, with and without its id.
    for _ in 0..3 {
        check_denied(&evaluate(&mut robot, &third), "approval-denied");
        check_denied(&evaluate(&mut robot, &with_id(&third, &denied)), "approval-denied");
    }
    thread::sleep(OVER);
    check_denied(&evaluate(&mut robot, &with_id(&second, &approved)), "approval-expired");
    check_denied(&evaluate(&mut robot, &with_id(&deploy(), &pending)), "approval-expired");
    let late = say(&mut alice, &pending, "approve");
    assert_eq!((late.status, &late.json()["code"]), (409, &json!("conflict")), "{late:?}");
    for (id, word) in [(&pending, "expired"), (&approved, "expired"), (&denied, "denied")] {
        assert_eq!(status(&mut alice, id), word);
    }
    let told = desk.daemon.client().get("/v1/approvals").ok();
    assert_eq!(told["approvals"], json!([]), "nothing is open");
    // Then each may be asked about again.
    for (body, old) in [(&deploy(), &pending), (&second, &approved), (&third, &denied)] {
        assert_ne!(ask(&mut robot, body), *old);
    }
}

#[test]
fn a_question_can_be_taken_back_by_who_asked() {
    let desk = Desk::new(&json!({}), &[]);
    let (mut robot, mut alice) = (desk.robot(), desk.person("alice"));
    let cancel =
        |client: &mut Client, id: &str| client.post(&format!("/v1/approvals/{id}/cancel"), &json!({})).status;
    let id = ask(&mut robot, &deploy());
    assert_eq!(cancel(&mut desk.client("thief", "evaluate", AGENT), &id), 404);
    assert_eq!(cancel(&mut desk.client("thief", "evaluate", "*"), &id), 404);
    assert_eq!(cancel(&mut alice, &id), 403, "whoever answers is not who asked");
    assert_eq!(status(&mut alice, &id), "pending");
    assert_eq!((cancel(&mut robot, &id), cancel(&mut robot, &id)), (200, 200));
    assert_eq!(say(&mut alice, &id, "approve").status, 409);
    check_denied(&evaluate(&mut robot, &with_id(&deploy(), &id)), "approval-cancelled");
    // A yes can be taken back as well, by an administrator, too; and then it is none.
    let next = ask(&mut robot, &deploy());
    assert_ne!(next, id);
    approve(&mut alice, &next);
    assert_eq!(cancel(&mut desk.daemon.client(), &next), 200);
    check_denied(&evaluate(&mut robot, &with_id(&deploy(), &next)), "approval-cancelled");
    let last = ask(&mut robot, &deploy());
    approve(&mut alice, &last);
    check_approved(&evaluate(&mut robot, &deploy()));
    assert_eq!(cancel(&mut robot, &last), 409, "what was used cannot be taken back");
    let ends = entries(&mut desk.daemon.client(), "approval-end");
    let told: Vec<_> = ends.iter().map(|own| (own["subject"].as_str(), own["state"].as_str())).collect();
    let cancelled = Some("cancelled");
    assert_eq!(told, [(Some(REQUESTER), cancelled), (Some("environment-key"), cancelled)]);
}

#[test]
fn a_wait_ends_with_the_answer() {
    let desk = Desk::at(Place::new().with(PATIENT.0, PATIENT.1), &json!({}), &[]);
    let (mut robot, mut alice) = (desk.robot(), desk.person("alice"));
    let (token, address) = (desk.place.token(REQUESTER, "evaluate", AGENT), desk.daemon.address);
    // Nobody answers this one. Its wait begins first, so it would be the first to end with its time.
    let open = ask(&mut robot, &deploy());
    let idle = wait_at(address, &token, &open);
    for word in ["approve", "deny", "cancel"] {
        let mut body = deploy();
        body["toolInput"]["word"] = json!(word);
        let id = ask(&mut robot, &body);
        let waiting = wait_at(address, &token, &id);
        thread::sleep(Duration::from_millis(500));
        assert!(!waiting.is_finished(), "nobody answered yet");
        let client = if word == "cancel" { &mut robot } else { &mut alice };
        say(client, &id, word).ok();
        let told = waiting.join().unwrap();
        assert!(!idle.is_finished(), "it ended with the answer, and not with its time");
        assert!(["approved", "denied", "cancelled"].contains(&told["status"].as_str().unwrap()), "{told}");
        assert!(
            told.get("call").is_none() && told.get("context").is_none(),
            "who asks does not oversee: {told}"
        );
    }
    // Nobody answers: an answer all the same. That it comes before the request is cut off is arithmetic,
    // which has a test of its own.
    let id = open;
    let reply = robot.get(&format!("/v1/approvals/{id}?wait=2s"));
    assert_eq!((reply.status, &reply.json()["status"]), (200, &json!("pending")), "{reply:?}");
    for wrong in [
        "",
        "s",
        "-1",
        "61",
        "61s",
        "1m",
        "1.5",
        "1e1",
        "0x1",
        "99999999999",
        "%2030",
        "30%20s",
        "٣",
        "NaN",
        "30ss",
    ] {
        let reply = robot.get(&format!("/v1/approvals/{id}?wait={wrong}"));
        assert_eq!(reply.status, 400, "{wrong}: {reply:?}");
    }
    assert_eq!(robot.get(&format!("/v1/approvals/{id}?wait=1&wait=2")).status, 400);
    assert_eq!(robot.get(&format!("/v1/approvals/{id}?wait=0")).status, 200);
    robot.post(&format!("/v1/approvals/{id}/cancel"), &json!({})).ok();
    assert_eq!(idle.join().unwrap()["status"], "cancelled");
}

/// A wait ends when the question does.
#[test]
fn a_wait_ends_with_the_question() {
    let desk = Desk::at(Place::new().with(PATIENT.0, PATIENT.1), &json!({ "expiresSeconds": LIFE }), &[]);
    let mut lasting = asking(&json!({}), &[]);
    lasting["agentId"] = json!("lasting");
    desk.daemon.client().post("/v1/deploy", &json!({ "soe": lasting })).ok();
    let mut robot = desk.client(REQUESTER, "evaluate", "*");
    // The question of another agent goes on, and somebody waits for it since before.
    let other = ask(&mut robot, &json!({ "agentId": "lasting", "toolName": "deploy", "toolInput": {} }));
    let idle = wait_at(desk.daemon.address, &desk.place.token(REQUESTER, "evaluate", "*"), &other);
    let id = ask(&mut robot, &deploy());
    let told = robot.get(&format!("/v1/approvals/{id}?wait={WAIT}")).ok();
    assert_eq!(told["status"], "expired");
    assert!(!idle.is_finished(), "it ended with its question, and not with its time");
    eventually("its end is on record", SOON, || {
        entries(&mut desk.daemon.client(), "approval-end").len() == 1
    });
    robot.post(&format!("/v1/approvals/{other}/cancel"), &json!({})).ok();
    assert_eq!(idle.join().unwrap()["status"], "cancelled");
}
