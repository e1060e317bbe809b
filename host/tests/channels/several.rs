//! Several daemons on one database: a question is told, whoever was asked, and also when that one
//! is gone.

use serde_json::{Value, json};

use crate::harness::{Place, eventually};
use crate::postgres::Postgres;
use crate::receiver::{PATIENCE, Receiver};
use crate::support::{ask, notified, policy, wait_for_notified, wait_for_status, with_slack, with_webhook};

#[test]
fn what_one_was_asked_is_told_once_and_answers_reach_all() {
    let receiver = Receiver::start();
    let postgres = Postgres::start();
    let database = postgres.database();
    let keys = tempfile::tempdir().unwrap();
    let key = keys.path().join("key");
    let place = || {
        let place = Place::beside(&key, &database).with("SENTINEL_WEBHOOK_ALLOW_PRIVATE", "true");
        let place = with_slack(place, &receiver);
        let place = with_webhook(place, &receiver, "agentic-sentinel", "/approval")
            .with("SENTINEL_APPROVAL_WEBHOOK_STATUS_URL", &receiver.url("/approval/{action_id}/status"));
        place.govern(&policy(&json!({ "tools": ["deploy"] })));
        place
    };
    let (one, two) = (place(), place());
    receiver.answers("*", &json!([{ "status": 404 }]));
    receiver.answers("/slack", &json!([{ "status": 200 }]));
    receiver.answers("/approval", &json!([{ "status": 202 }]));
    let first = one.start();
    let asked = ask(&one, &first, json!({ "n": 1 }));
    wait_for_notified(&first, 2);
    // Who comes to a question that is told finds that on record.
    let second = two.start();
    let told = |path: &str| -> Vec<Value> {
        receiver.got(path).into_iter().filter(|own| own["method"] == "POST").collect()
    };
    std::thread::sleep(std::time::Duration::from_secs(5));
    assert_eq!((told("/approval").len(), told("/slack").len()), (1, 1));
    assert_eq!(notified(&second).len(), 2);

    // Of two who are there the one that was asked is faster, but for one who is slow to put it on record:
    // then the very same is told once more. On record it is once for each channel.
    let shared = ask(&one, &first, json!({ "n": 3 }));
    wait_for_notified(&second, 4);
    std::thread::sleep(std::time::Duration::from_secs(5));
    let records = notified(&second);
    let of = |id: &str| records.iter().filter(|own| own["approvalId"] == id).count();
    assert_eq!((of(&asked.id), of(&shared.id), records.len()), (2, 2, 4), "{records:?}");
    for path in ["/approval", "/slack"] {
        let told = told(path);
        let of = |id: &str| told.iter().filter(|own| own.to_string().contains(id)).count();
        assert_eq!((of(&asked.id), of(&asked.id) + of(&shared.id)), (1, told.len()), "{told:?}");
        assert!(of(&shared.id) >= 1, "{told:?}");
    }

    // The other one goes on asking for the answer, and it is one answer whoever hears it.
    first.kill9();
    receiver.answers("*", &json!([{ "body": { "status": "approved", "approved_by": "ann" } }]));
    let seen = wait_for_status(&second, &asked.id, "approved");
    assert_eq!(seen["answers"].as_array().unwrap().len(), 1, "{seen}");

    // What was asked while the messages could not be sent is told by whoever is left.
    receiver.answers("/slack", &json!([{ "status": 503 }]));
    receiver.answers("*", &json!([{ "status": 404 }]));
    let first = one.start();
    let before = receiver.got("/slack").len();
    let asked = ask(&one, &first, json!({ "n": 2 }));
    receiver.wait_for("/slack", before + 1);
    first.kill9();
    receiver.answers("/slack", &json!([{ "status": 200 }]));
    eventually("a message of the other one", PATIENCE, || {
        notified(&second)
            .iter()
            .any(|own| own["channel"] == "slack" && own["approvalId"] == asked.id.as_str())
    });
}
