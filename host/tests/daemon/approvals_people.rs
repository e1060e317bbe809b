//! Who may answer, who is asked at all, and what the policy does to an answer that was given.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::approvals::{
    AGENT, Desk, REQUESTER, approve, ask, asking, check_approved, check_denied, deploy, entries, evaluate,
    say, status, with_id,
};
use crate::client::Client;
use crate::harness::{KEY, Place, SOON, eventually};

fn refused(client: &mut Client, id: &str, expect: u16) {
    for word in ["approve", "deny"] {
        let reply = say(client, id, word);
        assert_eq!(reply.status, expect, "{word}: {reply:?}");
    }
}

#[test]
fn nobody_answers_for_their_own_call() {
    for approvers in [None, Some(json!([REQUESTER])), Some(json!([REQUESTER, "environment-key", "alice"]))] {
        let mut approvals = json!({});
        if let Some(own) = approvers {
            approvals["approvers"] = own;
        }
        let desk = Desk::new(&approvals, &[]);
        // Whatever roles the requester has, and for whatever agents.
        for roles in ["evaluate,approve", "evaluate,approve,audit,admin", "admin"] {
            for agent in [AGENT, "*"] {
                let mut both = desk.client(REQUESTER, roles, agent);
                let id = ask(&mut both, &deploy());
                refused(&mut both, &id, 403);
                refused(&mut desk.client(REQUESTER, "approve", "*"), &id, 403);
                assert_eq!(status(&mut both, &id), "pending");
                assert_eq!(evaluate(&mut both, &with_id(&deploy(), &id))["permitted"], false);
            }
        }
        // The key of the environment is one subject, however it is sent.
        let mut admin = desk.daemon.client();
        let id = ask(&mut admin, &deploy());
        refused(&mut admin, &id, 403);
        let mut bare = Client::new(desk.daemon.address, None);
        let reply =
            bare.send("POST", &format!("/v1/approvals/{id}/approve"), &[("x-soe-api-key", KEY)], Some("{}"));
        assert_eq!(reply.status, 403, "{reply:?}");
    }
}

#[test]
fn the_policy_names_who_may_answer() {
    let desk = Desk::new(&json!({ "approvers": ["alice", "bob"] }), &[]);
    let mut robot = desk.robot();
    let id = ask(&mut robot, &deploy());
    for (subject, roles, agent, expect) in [
        ("carol", "approve", "*", 403),
        ("carol", "admin", "*", 403),
        ("Alice", "approve", "*", 403),
        ("alice ", "approve", "*", 403),
        ("аlice", "approve", "*", 403),
        ("webhook:alice", "approve", "*", 403),
        ("alice", "evaluate", "*", 403),
        ("alice", "audit", "*", 403),
        ("alice", "approve", "other", 403),
    ] {
        refused(&mut desk.client(subject, roles, agent), &id, expect);
    }
    refused(&mut desk.daemon.client(), &id, 403);
    refused(&mut Client::new(desk.daemon.address, None), &id, 401);
    assert_eq!(status(&mut robot, &id), "pending");
    assert!(entries(&mut desk.daemon.client(), "approval-answer").is_empty());
    approve(&mut desk.client("bob", "approve", AGENT), &id);
    check_approved(&evaluate(&mut robot, &deploy()));
}

/// What is not theirs, approvers and strangers do not see, and lists do not show.
#[test]
fn questions_are_seen_by_who_may_see_the_agent() {
    let desk = Desk::new(&json!({}), &[]);
    let mut robot = desk.robot();
    let id = ask(&mut robot, &deploy());
    let path = format!("/v1/approvals/{id}");
    for (subject, roles, agent, list, one, sees_call) in [
        ("alice", "approve", AGENT, Some(1), 200, true),
        ("alice", "approve", "*", Some(1), 200, true),
        ("audit", "audit", AGENT, Some(1), 200, true),
        ("alice", "approve", "other", Some(0), 404, false),
        ("audit", "audit", "other", Some(0), 404, false),
        ("thief", "evaluate", AGENT, None, 404, false),
        (REQUESTER, "evaluate", AGENT, None, 200, false),
    ] {
        let mut client = desk.client(subject, roles, agent);
        let told = client.get("/v1/approvals");
        let count = (told.status == 200).then(|| told.json()["approvals"].as_array().unwrap().len());
        assert_eq!(count, list, "{subject} {roles} {agent}");
        let reply = client.get(&path);
        assert_eq!(reply.status, one, "{subject} {roles} {agent}: {reply:?}");
        if one == 200 {
            let told = reply.json();
            assert_eq!(told.get("call").is_some(), sees_call, "{subject}: {told}");
            assert_eq!(told.get("context").is_some(), sees_call, "{subject}: {told}");
        }
    }
    let told = desk.person("alice").get(&path).ok();
    assert_eq!(told["call"]["toolInput"], deploy()["toolInput"]);
    // What is decided is not kept.
    say(&mut desk.person("alice"), &id, "deny").ok();
    assert!(desk.person("alice").get(&path).ok().get("call").is_none());
}

#[test]
fn of_two_who_answer_at_once_one_is_heard() {
    let desk = Desk::new(&json!({}), &[]);
    let mut robot = desk.robot();
    let tokens = ["alice", "bob"].map(|name| desk.place.token(name, "approve", "*"));
    let address = desk.daemon.address;
    for round in 0..30 {
        let mut body = deploy();
        body["toolInput"]["round"] = json!(round);
        let id = ask(&mut robot, &body);
        let words = if round % 2 == 0 { ["approve", "deny"] } else { ["deny", "approve"] };
        let replies: Vec<_> = thread::scope(|scope| {
            let two: Vec<_> = tokens
                .iter()
                .zip(words)
                .map(|(token, word)| {
                    let id = id.as_str();
                    scope.spawn(move || (word, say(&mut Client::new(address, Some(token)), id, word)))
                })
                .collect();
            two.into_iter().map(|own| own.join().unwrap()).collect()
        });
        let mut statuses: Vec<_> = replies.iter().map(|(_, own)| own.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{replies:?}");
        let (word, winner) = replies.iter().find(|(_, own)| own.status == 200).unwrap();
        let state = if *word == "approve" { "approved" } else { "denied" };
        assert_eq!(winner.json()["status"], state);
        let told = evaluate(&mut robot, &with_id(&body, &id));
        if *word == "approve" {
            check_approved(&told)
        } else {
            check_denied(&told, "approval-denied")
        }
        let name = winner.json()["answers"][0]["subject"].clone();
        let said = entries(&mut desk.daemon.client(), "approval-answer");
        let own: Vec<_> = said.iter().filter(|own| own["approvalId"] == json!(id)).collect();
        assert_eq!(own.len(), 1, "{own:?}");
        assert_eq!(
            (&own[0]["subject"], &own[0]["answer"], &own[0]["state"]),
            (&name, &json!(word), &json!(state))
        );
        assert_eq!(own[0]["callDigest"], told["callDigest"], "the answer names the call");
    }
}

#[test]
fn two_of_three_have_to_say_yes_and_no_one_twice() {
    let desk = Desk::new(&json!({ "approvers": ["alice", "bob", "carol"], "quorum": 2 }), &[]);
    let (mut robot, mut alice, mut bob) = (desk.robot(), desk.person("alice"), desk.person("bob"));
    let id = ask(&mut robot, &deploy());
    for _ in 0..3 {
        // The same again is no second one, whatever roles and agents the token is for.
        let told = approve(&mut alice, &id);
        assert_eq!(
            (&told["status"], &told["approvals"], &told["quorum"]),
            (&json!("pending"), &json!(1), &json!(2))
        );
        approve(&mut desk.client("alice", "admin", AGENT), &id);
    }
    assert_eq!(say(&mut alice, &id, "deny").status, 409, "who said yes does not say no");
    assert_eq!(evaluate(&mut robot, &deploy())["permitted"], false);
    assert_eq!(approve(&mut bob, &id)["status"], "approved");
    assert_eq!(say(&mut desk.person("carol"), &id, "deny").status, 409);
    assert_eq!(approve(&mut alice, &id)["approvals"], 2, "the same again changes nothing");
    check_approved(&evaluate(&mut robot, &deploy()));
    assert_eq!(entries(&mut desk.daemon.client(), "approval-answer").len(), 2);
    // One no is enough, and ends it.
    let id = ask(&mut robot, &deploy());
    approve(&mut alice, &id);
    assert_eq!(say(&mut bob, &id, "deny").ok()["status"], "denied");
    assert_eq!(say(&mut desk.person("carol"), &id, "approve").status, 409);
    check_denied(&evaluate(&mut robot, &deploy()), "approval-denied");
    // The same three at once: two are heard, and the call is permitted once.
    let mut other = deploy();
    other["toolInput"]["version"] = json!(8);
    let id = ask(&mut robot, &other);
    let tokens =
        ["alice", "alice", "bob", "bob", "carol", "carol"].map(|name| desk.place.token(name, "approve", "*"));
    let address = desk.daemon.address;
    thread::scope(|scope| {
        for token in &tokens {
            let id = id.as_str();
            scope.spawn(move || say(&mut Client::new(address, Some(token)), id, "approve"));
        }
    });
    let told = desk.daemon.client().get(&format!("/v1/approvals/{id}")).ok();
    assert_eq!((&told["status"], &told["approvals"]), (&json!("approved"), &json!(2)), "{told}");
    assert_ne!(told["answers"][0]["subject"], told["answers"][1]["subject"]);
}

/// Guards against `one-person-two-subjects`: who answers, and then has a channel say that they answered.
#[test]
fn quorum_counts_a_person_once_whoever_vouches() {
    let desk = Desk::new(&json!({ "quorum": 2 }), &[]);
    let mut robot = desk.robot();
    let id = ask(&mut robot, &deploy());
    approve(&mut desk.person("bob"), &id);
    say(&mut desk.person("webhook:bob"), &id, "approve");
    assert_eq!(status(&mut robot, &id), "pending", "one person said yes");
    // The other way round it is the same, and a third one is somebody else.
    let id = ask(&mut robot, &{
        let mut body = deploy();
        body["toolInput"]["version"] = json!(8);
        body
    });
    approve(&mut desk.person("webhook:bob"), &id);
    say(&mut desk.person("bob"), &id, "approve");
    assert_eq!(status(&mut robot, &id), "pending", "one person said yes");
    approve(&mut desk.person("webhook:carol"), &id);
    assert_eq!(status(&mut robot, &id), "approved");
}

/// Whoever a channel vouches for does not answer for their own call either.
#[test]
fn nobody_answers_for_their_own_call_by_a_channel() {
    let desk = Desk::new(&json!({}), &[]);
    let id = ask(&mut desk.robot(), &deploy());
    refused(&mut desk.person(&format!("webhook:{REQUESTER}")), &id, 403);
    refused(&mut desk.person(&format!("slack:{REQUESTER}")), &id, 403);
}

#[test]
fn a_yes_ends_with_the_policy_that_asked() {
    let desk = Desk::new(&json!({}), &[]);
    let (mut robot, mut alice) = (desk.robot(), desk.person("alice"));
    let id = ask(&mut robot, &deploy());
    approve(&mut alice, &id);
    let waiting = {
        let mut body = deploy();
        body["toolInput"]["version"] = json!(8);
        body
    };
    let open = ask(&mut robot, &waiting);
    // Something that has nothing to do with it.
    desk.replace("1.0.1", &asking(&json!({}), &[("metadata", json!({ "team": "x" }))]));
    check_denied(&evaluate(&mut robot, &with_id(&deploy(), &id)), "approval-policy-changed");
    // A yes to a question of the policy before is no yes now.
    approve(&mut alice, &open);
    check_denied(&evaluate(&mut robot, &with_id(&waiting, &open)), "approval-policy-changed");
    let next = ask(&mut robot, &deploy());
    assert_ne!(next, id);
    approve(&mut alice, &next);
    // A deny wins over every yes.
    let denied = json!({ "allowed": ["search", "pay", "deploy"], "denied": ["deploy"] });
    desk.replace("1.0.2", &asking(&json!({}), &[("toolActions", denied)]));
    for own in [&id, &next] {
        let told = evaluate(&mut robot, &with_id(&deploy(), own));
        assert_eq!(
            (&told["decision"], &told["permitted"], &told["code"]),
            (&json!("deny"), &json!(false), &json!("tool-denied")),
            "{told}"
        );
    }
    assert_eq!(evaluate(&mut robot, &deploy())["permitted"], false);
    // Without a policy there is nothing that an answer could be for.
    desk.daemon.client().delete(&format!("/v1/agents/{AGENT}/policy")).ok();
    check_denied(&evaluate(&mut robot, &with_id(&deploy(), &next)), "policy-missing");
    check_denied(&evaluate(&mut robot, &deploy()), "policy-missing");
}

#[test]
fn an_ended_session_asks_nobody_and_uses_no_answer() {
    let desk = Desk::new(&json!({}), &[]);
    let mut robot = desk.robot();
    let session = robot.post("/v1/sessions", &json!({ "agentId": AGENT })).ok()["sessionId"].clone();
    let body = {
        let mut body = deploy();
        body["sessionId"] = session.clone();
        body
    };
    let id = ask(&mut robot, &body);
    approve(&mut desk.person("alice"), &id);
    robot.delete(&format!("/v1/sessions/{}", session.as_str().unwrap())).ok();
    check_denied(&evaluate(&mut robot, &with_id(&body, &id)), "effect-refused");
    check_denied(&evaluate(&mut robot, &body), "effect-refused");
    // The yes of one session is none for the agent's own.
    check_denied(&evaluate(&mut robot, &with_id(&deploy(), &id)), "approval-mismatch");
}

/// Only one credential, so that nobody else could ever answer.
#[test]
fn where_nobody_can_answer_nobody_is_asked() {
    let words = "Nobody can approve it here, so it is denied.";
    let check = |client: &mut Client| {
        let told = evaluate(client, &deploy());
        assert_eq!((&told["decision"], &told["permitted"]), (&json!("escalate"), &json!(false)), "{told}");
        assert!(told["reason"].as_str().unwrap().ends_with(words), "{told}");
        assert!(told.get("approval").is_none(), "{told}");
        // An id changes nothing.
        let told = evaluate(client, &with_id(&deploy(), &format!("apr_{}_1", "0".repeat(32))));
        assert_eq!(told["permitted"], false, "{told}");
    };
    let place = Place::new().with("SOE_JWT_SECRET", "");
    place.govern(&asking(&json!({}), &[]));
    let daemon = place.start();
    check(&mut daemon.client());
    assert!(entries(&mut daemon.client(), "verdict").iter().all(|own| own.get("approvalId").is_none()));
    // A key for another agent, of nobody else, or without the role, is nobody who could answer.
    let create = |role: &str, subject: &str| {
        let output =
            place.run(&["token", "key", "create", "--role", role, "--agent", "*", "--subject", subject]);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    create("evaluate,audit", "looker");
    create("approve", "environment-key");
    thread::sleep(Duration::from_secs(2));
    check(&mut daemon.client());
    let key = create("approve", "alice");
    eventually("somebody can be asked", SOON, || {
        evaluate(&mut daemon.client(), &deploy())["approval"]["id"].is_string()
    });
    let id = ask(&mut daemon.client(), &deploy());
    approve(&mut daemon.client_with(&key), &id);
    check_approved(&evaluate(&mut daemon.client(), &deploy()));
}

#[test]
fn without_authentication_nobody_is_asked() {
    let place =
        Place::new().with("SOE_JWT_SECRET", "").with("SOE_API_KEY", "").with("SOE_AUTH_DISABLED", "true");
    place.govern(&asking(&json!({}), &[]));
    let daemon = place.start();
    let mut client = Client::new(daemon.address, None);
    let told = evaluate(&mut client, &deploy());
    assert_eq!((&told["permitted"], told.get("approval")), (&json!(false), None), "{told}");
    assert!(
        told["reason"].as_str().unwrap().ends_with("Nobody can approve it here, so it is denied."),
        "{told}"
    );
}

#[test]
fn modes_that_only_watch_ask_nobody() {
    for mode in ["audit", "shadow", "dry-run"] {
        let desk = Desk::new(&json!({}), &[("mode", json!(mode))]);
        let told = evaluate(&mut desk.robot(), &deploy());
        assert_eq!(
            (&told["decision"], &told["enforced"], &told["permitted"], told.get("approval")),
            (&json!("escalate"), &json!(false), &json!(true), None),
            "{mode}: {told}"
        );
        assert_eq!(
            desk.daemon.client().get("/v1/approvals?status=all").ok()["approvals"],
            json!([]),
            "{mode}"
        );
    }
}

/// Nobody reads 64 KiB, and nobody is asked about the first half of a call.
#[test]
fn a_call_that_nobody_can_read_is_not_asked_about() {
    let desk = Desk::new(&json!({}), &[]);
    let (mut robot, mut alice) = (desk.robot(), desk.person("alice"));
    let sized = |bytes: usize| -> Value {
        let mut body = deploy();
        body["toolInput"]["text"] = json!("x".repeat(bytes));
        body
    };
    let told = evaluate(&mut robot, &sized(65 << 10));
    assert_eq!((&told["permitted"], told.get("approval")), (&json!(false), None), "{told}");
    assert!(told["reason"].as_str().unwrap().contains("Nobody can approve it here"), "{told}");
    // What is asked about is shown whole.
    let body = sized(63 << 10);
    let id = ask(&mut robot, &body);
    let told = alice.get(&format!("/v1/approvals/{id}")).ok();
    assert_eq!(told["call"]["toolInput"], body["toolInput"]);
    approve(&mut alice, &id);
    check_approved(&evaluate(&mut robot, &body));
}
