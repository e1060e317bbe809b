//! Somebody writes to the store, or asks in ways that nobody meant: an answer is worth no more.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::approvals::{
    AGENT, Desk, LIFE, OVER, approve, ask, check_approved, check_denied, deploy, entries, evaluate, say,
    with_id,
};
use crate::harness::{Place, SOON, call, eventually};
use crate::postgres::Postgres;

/// A desk whose store is a database that the test can write to.
struct Open {
    desk: Desk,
    database: String,
    _keys: Place,
}

impl Open {
    fn new(approvals: &Value) -> Self {
        let keys = Place::new();
        let database = Postgres::shared().database();
        let desk = Desk::at(Place::beside(&keys.path("key"), &database), approvals, &[]);
        Self { desk, database, _keys: keys }
    }

    fn sql(&self, sql: &str) -> String {
        Postgres::shared().psql(&self.database, sql)
    }

    /// Changes the row of a question.
    fn tamper(&self, id: &str, set: &str) {
        let changed = self.sql(&format!(
            "WITH own AS (UPDATE sentinel_approvals SET {set} WHERE key = '{}' RETURNING 1) SELECT count(*) FROM own",
            key(id)
        ));
        assert_eq!(changed, "1", "{set}");
    }
}

fn key(id: &str) -> &str {
    id.strip_prefix("apr_").unwrap().split_once('_').unwrap().0
}

fn numbered(number: u64) -> Value {
    let mut body = deploy();
    body["toolInput"]["number"] = json!(number);
    body
}

fn json_set(path: &str, value: &str) -> String {
    format!("body = jsonb_set(body::jsonb, '{{{path}}}', '{value}')::text")
}

#[test]
fn a_yes_that_was_written_into_the_store_is_none() {
    let open = Open::new(&json!({}));
    let (mut robot, mut alice) = (open.desk.robot(), open.desk.person("alice"));
    let said = r#"[{"subject":"alice","is_yes":true,"note":null,"channel":"http","at":1}]"#;
    let far = r#"ends_at = 9000000000000, body = jsonb_set(body::jsonb, '{ends_at}', '9000000000000')::text"#;
    let sets = [
        format!("state = 'approved', {}", json_set("state", r#""approved""#)),
        format!(
            "state = 'approved', body = jsonb_set(jsonb_set(body::jsonb, '{{state}}', '\"approved\"'), '{{answers}}', '{said}')::text"
        ),
        json_set("answers", said),
        json_set("quorum", "0"),
        json_set("requester", r#""somebody""#),
        json_set("approvers", r#"["robot"]"#),
        json_set("call", r#""{}""#),
        json_set("reason", r#""nothing to see""#),
        json_set("mac", r#""""#),
        json_set("mac", r#""hmac-sha256:00""#),
        far.to_owned(),
    ];
    for (number, set) in sets.iter().enumerate() {
        let body = numbered(number as u64);
        let id = ask(&mut robot, &body);
        open.tamper(&id, set);
        // Nobody can answer it, see it as it is, or use it.
        let reply = say(&mut alice, &id, "approve");
        assert!(reply.status >= 400, "{set}: {reply:?}");
        let reply = alice.get(&format!("/v1/approvals/{id}"));
        assert!(reply.status >= 400, "{set}: {reply:?}");
        for body in [body.clone(), with_id(&body, &id)] {
            let told = evaluate(&mut robot, &body);
            assert_eq!(told["permitted"], false, "{set}: {told}");
            assert_ne!(told["decision"], "allow", "{set}: {told}");
        }
    }
    // Other questions are as good as before.
    let id = ask(&mut robot, &deploy());
    approve(&mut alice, &id);
    check_approved(&evaluate(&mut robot, &deploy()));
    let listed = alice.get("/v1/approvals?status=all").ok();
    for own in listed["approvals"].as_array().unwrap() {
        assert_eq!(own["answers"].as_array().unwrap().len(), usize::from(own["id"] == json!(id)), "{own}");
    }
}

#[test]
fn the_yes_of_one_call_is_none_under_the_key_of_another() {
    let open = Open::new(&json!({}));
    let (mut robot, mut alice) = (open.desk.robot(), open.desk.person("alice"));
    let (good, bad) = (ask(&mut robot, &numbered(1)), ask(&mut robot, &numbered(2)));
    approve(&mut alice, &good);
    open.tamper(
        &bad,
        &format!(
            "state = 'approved', body = (SELECT body FROM sentinel_approvals WHERE key = '{}')",
            key(&good)
        ),
    );
    check_denied(&evaluate(&mut robot, &with_id(&numbered(2), &bad)), "approval-unknown");
    check_denied(&evaluate(&mut robot, &with_id(&numbered(2), &good)), "approval-mismatch");
    // Without an id it is no answer either.
    let told = evaluate(&mut robot, &numbered(2));
    assert!(told["permitted"] == false && told["approval"]["status"] != "approved", "{told}");
    check_approved(&evaluate(&mut robot, &with_id(&numbered(1), &good)));
}

/// Guards against `expiry-seals-anything`: what ends a question has to look whether it is one of ours.
#[test]
fn expiry_seals_nothing_that_was_changed() {
    let open = Open::new(&json!({ "expiresSeconds": LIFE }));
    let (mut robot, mut alice) = (open.desk.robot(), open.desk.person("alice"));
    let id = ask(&mut robot, &deploy());
    let said = r#"[{"subject":"the board","is_yes":true,"note":"all of us","channel":"http","at":1}]"#;
    open.tamper(&id, &json_set("answers", said));
    assert!(alice.get(&format!("/v1/approvals/{id}")).status >= 400);
    thread::sleep(OVER + Duration::from_secs(6));
    let reply = alice.get(&format!("/v1/approvals/{id}"));
    assert!(!reply.body.contains("the board"), "what nobody said is shown as said: {reply:?}");
}

/// Guards against `one-bad-row-hides-all`: a row that cannot be read, and the list of all others.
#[test]
fn one_bad_row_hides_no_other() {
    let open = Open::new(&json!({}));
    let mut robot = open.desk.robot();
    let (bad, good) = (ask(&mut robot, &deploy()), ask(&mut robot, &numbered(1)));
    open.tamper(&bad, "body = '{}'");
    for path in ["/v1/approvals", "/v1/approvals?status=all"] {
        let reply = open.desk.daemon.client().get(path);
        assert!(reply.status == 200 && reply.body.contains(&good), "{path}: {reply:?}");
    }
    // The call that the row is about is not permitted; all others go on.
    assert_ne!(robot.post("/v1/evaluate", &deploy()).json()["permitted"], true);
    assert_eq!(evaluate(&mut robot, &call(AGENT, "search"))["permitted"], true);
}

/// Guards against `one-bad-row-stops-expiry`: a row that cannot be read, and nothing ends any more.
#[test]
fn one_bad_row_stops_no_expiry() {
    let open = Open::new(&json!({ "expiresSeconds": LIFE }));
    let (mut robot, mut admin) = (open.desk.robot(), open.desk.daemon.client());
    let bad = ask(&mut robot, &deploy());
    ask(&mut robot, &numbered(1));
    open.tamper(&bad, "body = '{}'");
    thread::sleep(OVER);
    eventually("the other question ends", SOON, || {
        let reply = robot.post("/v1/evaluate", &call(AGENT, "search"));
        assert_eq!(reply.status, 200, "a call of somebody else failed: {reply:?}");
        !entries(&mut admin, "approval-end").is_empty()
    });
}

/// Guards against `round-overflow`: the number of a question comes from a row that somebody wrote.
#[test]
fn round_without_a_next_one_ends_no_daemon() {
    let open = Open::new(&json!({}));
    let mut robot = open.desk.robot();
    let id = ask(&mut robot, &deploy());
    open.tamper(&id, &json_set("round", "18446744073709551615"));
    // Whatever it says, it says it, and goes on.
    for _ in 0..2 {
        let token = open.desk.place.token("robot", "evaluate", AGENT);
        let mut client = open.desk.daemon.client_with(&token);
        let reply = client.try_send("POST", "/v1/evaluate", &[], Some(&deploy().to_string()));
        let reply = reply.expect("the daemon answers");
        assert_ne!(reply.json()["permitted"], true, "{reply:?}");
    }
}

/// Guards against `question-ends-unrecorded`: asked again before anybody wrote that it ended.
#[test]
fn every_question_has_an_end_on_record() {
    let desk = Desk::new(&json!({ "expiresSeconds": LIFE }), &[]);
    let mut robot = desk.robot();
    let mut ids: Vec<String> = (0..4).map(|number| ask(&mut robot, &numbered(number))).collect();
    // The last one got an answer that nobody uses.
    approve(&mut desk.person("alice"), &ids[3]);
    thread::sleep(OVER);
    // Asked again in the seconds before anybody writes that they ended.
    for number in 0..4 {
        ids.push(ask(&mut robot, &numbered(number)));
    }
    for id in &ids[..4] {
        eventually(&format!("the ledger says what became of {id}"), SOON, || {
            let ends = entries(&mut desk.daemon.client(), "approval-end");
            ends.iter().any(|own| own["approvalId"] == json!(id))
        });
    }
}

/// Guards against `views-grow-with-refusals`: what a refused call leaves is one row for all of them.
#[test]
fn what_refused_calls_leave_does_not_grow() {
    let open = Open::new(&json!({}));
    let mut robot = open.desk.robot();
    let mut refuse = |number: usize| {
        let mut refused = deploy();
        refused["toolName"] = json!("nothing");
        refused["cost"] = json!({ "usd": format!("{number}.00") });
        assert_eq!(evaluate(&mut robot, &refused)["permitted"], false);
    };
    refuse(1);
    let rows = || {
        open.sql("SELECT (SELECT count(*) FROM sentinel_meters) + (SELECT count(*) FROM sentinel_baselines)")
    };
    let first = rows();
    for number in 2..20 {
        refuse(number);
    }
    assert_eq!(rows(), first);
    let stats = open.desk.daemon.client().get("/v1/agents/buyer/stats").ok();
    assert_eq!(stats["protected"], json!({ "calls": 19, "valueUsd": "190.00" }), "{stats}");
}
