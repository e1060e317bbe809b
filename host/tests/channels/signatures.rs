//! What is sent is signed, and others can tell: with their own libraries.

use serde_json::{Value, json};

use crate::receiver::{Receiver, body};
use crate::support::{ask, notified, place, wait_for_notified, with_slack, with_webhook};

#[test]
fn what_is_sent_is_verified_by_those_who_get_it() {
    let receiver = Receiver::start();
    let place = with_slack(place(&json!({ "tools": ["deploy"] })), &receiver);
    let place = with_webhook(place, &receiver, "sentinel", "/hook");
    let daemon = place.start();
    let asked = ask(&place, &daemon, json!({ "to": "production", "password": "as it is" }));

    let hook = receiver.wait_for("/hook", 1).remove(0);
    let slack = receiver.wait_for("/slack", 1).remove(0);
    let is = |own: &Value, name: &str| own["verified"][name].as_bool().unwrap();
    assert!(is(&hook, "standard") && !is(&hook, "standardLater") && !is(&hook, "standardFlipped"), "{hook}");
    assert!(is(&slack, "slack") && !is(&slack, "slackLater") && !is(&slack, "slackFlipped"), "{slack}");
    // Neither is good for the other.
    assert!(!is(&hook, "slack") && !is(&slack, "standard"));

    let said = body(&hook);
    let id = said["id"].as_str().unwrap();
    assert_eq!(said["type"], "approval.requested");
    assert_eq!(hook["headers"]["webhook-id"], id);
    assert_eq!(said["approval"]["id"], asked.id.as_str());
    assert_eq!(said["approval"]["call"]["toolInput"], json!({ "to": "production", "password": "as it is" }));
    assert_eq!(said["approval"]["expiresAt"].as_str().map(str::len), Some(24));
    assert!(said["approval"]["context"]["meters"].is_array(), "{said}");
    let signature = hook["headers"]["x-soe-signature"].as_str().unwrap();
    let (time, code) = signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    assert_eq!(hook["headers"]["webhook-timestamp"], time);
    assert!(code.len() == 64 && code.bytes().all(|byte| byte.is_ascii_hexdigit()), "{signature}");

    let entries = wait_for_notified(&daemon, 2);
    for (entry, channel) in entries.iter().map(|entry| (entry, entry["channel"].as_str().unwrap())) {
        assert!(matches!(channel, "webhook" | "slack"), "{entry}");
        assert_eq!(entry["approvalId"], asked.id.as_str());
        assert_eq!((&entry["attempts"], &entry["failed"]), (&json!(1), &Value::Null));
    }
    // Once each, also when the same call is sent again.
    ask(&place, &daemon, json!({ "to": "production", "password": "as it is" }));
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!((receiver.got("/hook").len(), receiver.got("/slack").len()), (1, 1));
    assert_eq!(notified(&daemon).len(), 2);
    // The record of it is part of the ledger, and rows are still what was recorded.
    drop(daemon);
    let verified = place.run(&["ledger", "verify"]);
    assert!(verified.status.success(), "{verified:?}");
}
