//! The commands without a page: what they print, what they change, how they end.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::scene::{AGENT, Scene, evaluate};

#[test]
fn an_approval_from_the_question_to_the_call() {
    let scene = Scene::new();
    let bob = scene.credential("bob", "approve");
    let run = scene.approvals(&bob, &["list"]);
    assert_eq!((run.code, run.stdout.trim()), (0, "nothing is open"), "{run:?}");

    let mut ci = scene.client("ci", "evaluate");
    let input = json!({ "to": "production" });
    let id = scene.ask_as(&mut ci, &input);
    let run = scene.approvals(&bob, &["list"]);
    for part in [id.as_str(), AGENT, "deploy", "0 of 1", "left"] {
        assert!(run.stdout.contains(part), "{part}: {run:?}");
    }
    let run = scene.approvals(&bob, &["list", "--json"]);
    assert_eq!(run.json()["approvals"][0]["id"], json!(id));

    let run = scene.approvals(&bob, &["show", &id]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stdout.starts_with("buyer wants to run `deploy`\n"), "{run:?}");
    assert!(run.stdout.contains("\"to\": \"production\"") && run.stdout.contains("asked by ci"), "{run:?}");

    let run = scene.approvals(&bob, &["approve", &id, "--note", "seen"]);
    assert_eq!(
        (run.code, run.stdout.trim()),
        (0, "approved: deploy for buyer; it may be sent once"),
        "{run:?}"
    );
    let question = scene.question(&id);
    assert_eq!(question["answers"][0]["subject"], "bob");
    assert_eq!(question["answers"][0]["note"], "seen");
    assert_eq!(scene.approvals(&bob, &["show", &id]).code, 0);

    assert_eq!(evaluate(&mut ci, &input)["code"], "approved");
    assert_eq!(scene.approvals(&bob, &["list"]).stdout.trim(), "nothing is open");
    let run = scene.approvals(&bob, &["list", "--all"]);
    assert!(run.stdout.contains("approved and used"), "{run:?}");
}

/// The same as on the pages: every reason, and whether a yes is worth anything.
#[test]
fn every_reason_is_shown_and_whether_a_yes_counts() {
    let scene = Scene::with(&json!({ "tools": ["deploy"], "above": "1.00" }));
    let bob = scene.credential("bob", "approve");
    let call = json!({ "agentId": AGENT, "toolName": "deploy", "toolInput": {}, "cost": { "usd": "2.50" } });
    let asked = scene.client("ci", "evaluate").post("/v1/evaluate", &call).ok();
    let id = asked["approval"]["id"].as_str().unwrap();
    let run = scene.approvals(&bob, &["list"]);
    assert!(run.stdout.contains("1 more"), "{run:?}");
    let run = scene.approvals(&bob, &["show", id]);
    for part in ["1 of 2: Call costs", "2 of 2: Tools that match", "approval-above at /approvals/above"] {
        assert!(run.stdout.contains(part), "{part}: {run:?}");
    }
    assert!(!run.stdout.contains("worth nothing"), "{run:?}");

    let mut admin = scene.daemon.client();
    let mut policy =
        admin.get(&format!("/v1/agents/{AGENT}/policy")).ok()["document"].as_str().unwrap().to_owned();
    policy = policy.replace("1.0.0", "2.0.0");
    admin.send("POST", "/v1/deploy", &[], Some(&format!("{{\"soe\":{policy}}}"))).ok();
    let run = scene.approvals(&bob, &["list"]);
    assert!(run.stdout.contains("policy replaced"), "{run:?}");
    let run = scene.approvals(&bob, &["show", id]);
    assert!(run.stdout.contains("a yes is worth nothing"), "{run:?}");
    let run = scene.approvals(&bob, &["approve", id]);
    assert!(run.stdout.starts_with("approved for nothing: deploy for buyer"), "{run:?}");
}

#[test]
fn a_denial_is_final() {
    let scene = Scene::new();
    let (bob, eve) = (scene.credential("bob", "approve"), scene.credential("eve", "approve"));
    let id = scene.ask(&json!({}));
    let run = scene.approvals(&bob, &["deny", &id, "--json"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.json()["status"], "denied");
    assert_eq!(scene.approvals(&bob, &["show", &id]).code, 2);
    assert_eq!(scene.approvals(&bob, &["deny", &id]).code, 0, "the same again");
    let run = scene.approvals(&eve, &["approve", &id]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("denied already by bob"), "{run:?}");
}

#[test]
fn several_have_to_say_yes() {
    let scene = Scene::with(&json!({ "tools": ["deploy"], "quorum": 2 }));
    let (bob, eve) = (scene.credential("bob", "approve"), scene.credential("eve", "approve"));
    let id = scene.ask(&json!({}));
    let run = scene.approvals(&bob, &["approve", &id]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("1 of 2 yes"), "{run:?}");
    assert_eq!(scene.question(&id)["status"], "pending");
    let run = scene.approvals(&eve, &["approve", &id]);
    assert!(run.stdout.starts_with("approved:"), "{run:?}");
}

#[test]
fn nobody_approves_their_own_call() {
    let scene = Scene::new();
    let id = scene.ask_as(&mut scene.client("ann", "evaluate"), &json!({}));
    let run = scene.approvals(&scene.credential("ann", "approve"), &["approve", &id]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("you sent this call"), "{run:?}");
    assert_eq!(scene.question(&id)["status"], "pending");
}

#[test]
fn what_an_agent_wrote_does_not_reach_the_terminal() {
    let scene = Scene::new();
    let bob = scene.credential("bob", "approve");
    let id = scene.ask(&json!({ "to": "a\u{1b}[2Jb\u{202e}c\u{9b}d\u{200b}" }));
    for arguments in [&["show", &id] as &[&str], &["show", &id, "--json"], &["list", "--json"], &["list"]] {
        let run = scene.approvals(&bob, arguments);
        let is_plain = |c: char| c == '\n' || !(c.is_control() || "\u{202e}\u{200b}".contains(c));
        assert!(run.stdout.chars().all(is_plain), "{run:?}");
    }
    let run = scene.approvals(&bob, &["show", &id]);
    assert!(run.stdout.contains("b\\u{202e}c\\u{9b}d\\u{200b}"), "{run:?}");
    let run = scene.approvals(&bob, &["show", &id, "--json"]);
    assert_eq!(run.json()["call"]["toolInput"]["to"], "a\u{1b}[2Jb\u{202e}c\u{9b}d\u{200b}");
}

#[test]
fn watch_prints_a_line_for_each_change() {
    let scene = Scene::new();
    let bob = scene.credential("bob", "approve");
    let mut watch = Command::new(env!("CARGO_BIN_EXE_sentinel"))
        .args(["approvals", "--server", &scene.url(), "watch", "--json"])
        .env_clear()
        .env("SENTINEL_TOKEN", std::fs::read_to_string(&bob).unwrap())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    let mut ci = scene.client("ci", "evaluate");
    let id = scene.ask_as(&mut ci, &json!({}));
    let asked = next();
    assert_eq!((&asked["event"], &asked["approval"]["id"]), (&json!("asked"), &json!(id)));
    scene.approvals(&bob, &["approve", &id]);
    let answered = next();
    assert_eq!(
        (&answered["event"], &answered["approval"]["status"]),
        (&json!("answered"), &json!("approved"))
    );
    assert_eq!(evaluate(&mut ci, &json!({}))["permitted"], true);
    let ended = next();
    assert_eq!((&ended["event"], &ended["approval"]["status"]), (&json!("ended"), &json!("used")));
    watch.kill().unwrap();
    watch.wait().unwrap();
}
