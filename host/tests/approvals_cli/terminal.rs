//! The page, as a person meets it: in a terminal, with keys.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use crate::scene::{Scene, evaluate};
use crate::tmux::Pane;

/// File with the number of the page's process.
fn process(scene: &Scene) -> PathBuf {
    scene.place.path("page.process")
}

/// The page of somebody, in a terminal of the usual size.
fn page(scene: &Scene, subject: &str) -> Pane {
    let credential = scene.credential(subject, "approve");
    let program = env!("CARGO_BIN_EXE_sentinel");
    let line = format!(
        "sh -c 'echo $$ > {}; exec {program} approvals --server {} --token-file {credential}'; \
         echo \"left with $?\"; stty -a | tr ' ;' '\\n\\n' | grep icanon",
        process(scene).display(),
        scene.url()
    );
    let pane = Pane::run(&line, 80, 24);
    pane.until("[open ");
    pane
}

#[test]
fn a_question_appears_and_is_approved() {
    let scene = Scene::new();
    let pane = page(&scene, "bob");
    pane.until("nothing is open: nobody waits for you");
    let mut ci = scene.client("ci", "evaluate");
    let input = json!({ "to": "production" });
    let id = scene.ask_as(&mut ci, &input);
    // A page is written in several pieces, and somebody may look between two of them.
    for text in ["buyer wants to run `deploy`", "\"to\": \"production\"", "0 of 1 yes"] {
        pane.until(text);
    }

    pane.keys(&["y"]);
    pane.until("Approve `deploy` for buyer?");
    pane.keys(&["Escape"]);
    pane.until_gone("Approve `deploy`");
    assert_eq!(scene.question(&id)["status"], "pending");

    pane.keys(&["y"]);
    pane.until("Approve `deploy` for buyer?");
    pane.keys(&["Enter"]);
    pane.until("approved: deploy for buyer");
    let question = scene.question(&id);
    assert_eq!(
        (&question["status"], &question["answers"][0]["subject"]),
        (&json!("approved"), &json!("bob"))
    );
    assert_eq!(evaluate(&mut ci, &input)["code"], "approved");
    pane.until("approved and used");
    pane.until("nothing is open: nobody waits for you");
    pane.keys(&["Tab"]);
    pane.until("[history]");
    pane.until("approved and used");
}

#[test]
fn a_denial_with_a_note() {
    let scene = Scene::new();
    let pane = page(&scene, "bob");
    let id = scene.ask(&json!({}));
    pane.until("buyer wants to run `deploy`");
    pane.keys(&["n"]);
    pane.until("Deny `deploy` for buyer?");
    pane.keys(&["m"]);
    pane.until("Enter keeps it");
    pane.keys(&["-l", "not on a Friday"]);
    pane.until("note: not on a Friday");
    pane.keys(&["Enter"]);
    pane.until("Deny `deploy` for buyer?");
    pane.keys(&["Enter"]);
    pane.until("denied by bob");
    let question = scene.question(&id);
    assert_eq!(question["status"], "denied");
    assert_eq!(question["answers"][0]["note"], "not on a Friday");
}

#[test]
fn an_own_call_is_refused_and_the_refusal_stays() {
    let scene = Scene::new();
    let pane = page(&scene, "ann");
    let id = scene.ask_as(&mut scene.client("ann", "evaluate"), &json!({}));
    pane.until("buyer wants to run `deploy`");
    pane.keys(&["y"]);
    pane.until("Approve `deploy`");
    pane.keys(&["Enter"]);
    pane.until("you sent this call");
    assert_eq!(scene.question(&id)["status"], "pending");
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert!(pane.seen().contains("you sent this call"));
    pane.keys(&["Escape"]);
    pane.until_gone("you sent this call");
    pane.keys(&["e"]);
    pane.until("you sent this call");
}

#[test]
fn what_others_answer_is_seen_and_goes_away() {
    let scene = Scene::new();
    let pane = page(&scene, "bob");
    let id = scene.ask(&json!({}));
    pane.until("buyer wants to run `deploy`");
    pane.keys(&["y"]);
    pane.until("Approve `deploy`");
    let run = scene.approvals(&scene.credential("eve", "approve"), &["deny", &id]);
    assert_eq!(run.code, 0, "{run:?}");
    pane.until("denied by eve");
    assert!(!pane.seen().contains("Enter sends"));
    pane.until("nothing is open: nobody waits for you");
}

#[test]
fn what_an_agent_wrote_is_shown_as_codes_and_pastes_are_no_keys() {
    let scene = Scene::new();
    let pane = page(&scene, "bob");
    let id = scene.ask(&json!({ "to": "x\u{202e}y\u{200b}\u{1b}[2J" }));
    // JSON has its own code for the escape; the other two came as they are.
    pane.until("x\\u{202e}y\\u{200b}\\u001b[2J");
    pane.paste("y\n\ny\n");
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert!(pane.seen().contains("y approve"), "{}", pane.seen());
    assert_eq!(scene.question(&id)["status"], "pending");
}

#[test]
fn the_page_follows_the_size_of_the_terminal() {
    let scene = Scene::new();
    let pane = page(&scene, "bob");
    scene.ask(&json!({ "text": "z".repeat(500) }));
    pane.until("buyer wants to run `deploy`");
    pane.resize(39, 9);
    pane.until("39x9 is too small");
    pane.resize(40, 10);
    pane.until("lines above");
    pane.resize(120, 30);
    pane.until("│buyer wants to run `deploy`");
    pane.until("zzz");
}

#[test]
fn a_daemon_that_is_gone_is_on_the_page() {
    let scene = Scene::new();
    let pane = page(&scene, "bob");
    scene.ask(&json!({}));
    pane.until("buyer wants to run `deploy`");
    scene.daemon.kill9();
    pane.until("no answer, trying again");
    pane.until("buyer wants to run `deploy`");
    pane.keys(&["y"]);
    pane.until("Approve `deploy`");
    pane.keys(&["Enter"]);
    pane.until("nothing was sent");
}

#[test]
fn the_terminal_is_given_back() {
    let scene = Scene::new();
    for how in ["q", "C-c", "SIGTERM"] {
        let pane = page(&scene, "bob");
        assert_eq!(pane.modes(), (true, false), "{how}");
        if how == "SIGTERM" {
            let process = fs::read_to_string(process(&scene)).unwrap();
            let sent = Command::new("kill").args(["-s", "TERM", process.trim()]).status().unwrap();
            assert!(sent.success());
        } else {
            pane.keys(&[how]);
        }
        let seen = pane.until("left with 0");
        pane.until("icanon");
        assert!(!pane.seen().contains("-icanon"), "{how}: {seen}");
        assert_eq!(pane.modes(), (false, true), "{how}");
    }
}
