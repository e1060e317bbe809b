//! What people see who have to decide: all of it, as it was sent, and without being moved by it.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::approvals::{
    AGENT, Desk, PATIENT, REQUESTER, WAIT, ask, asking, deploy, evaluate, say, send_input,
};
use crate::client::Client;
use crate::harness::Place;

/// Guards against `list-hides-newer-questions`: some agents ask so much that nobody finds what another
/// asks. What is behind the first 200 has to be found as well.
#[test]
fn list_shows_every_open_question_in_the_end() {
    let desk = Desk::new(&json!({}), &[]);
    let mut admin = desk.daemon.client();
    let mut robot = desk.client(REQUESTER, "evaluate", "*");
    for agent in ["flood-1", "flood-2", "flood-3"] {
        let mut policy = asking(&json!({}), &[]);
        policy["agentId"] = json!(agent);
        admin.post("/v1/deploy", &json!({ "soe": policy })).ok();
        for number in 0..70 {
            ask(&mut robot, &json!({ "agentId": agent, "toolName": "deploy", "toolInput": { "n": number } }));
        }
    }
    let urgent = ask(&mut desk.client("clerk", "evaluate", AGENT), &deploy());
    let mut alice = desk.person("alice");
    for limit in [200, 50] {
        let (mut seen, mut path) = (Vec::new(), format!("/v1/approvals?limit={limit}"));
        for _ in 0..10 {
            let told = alice.get(&path).ok();
            let own = told["approvals"].as_array().unwrap();
            seen.extend(own.iter().map(|own| own["id"].as_str().unwrap().to_owned()));
            let Some(last) = seen.last().filter(|_| !own.is_empty()) else { break };
            path = format!("/v1/approvals?limit={limit}&after={last}");
        }
        assert_eq!(seen.last(), Some(&urgent), "{} are found, and the newest is not the last", seen.len());
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 211, "each once");
        assert_eq!(seen.len(), 211, "each once");
    }
}

/// A desk with a token of an approver in a file.
fn with_token(desk: &Desk) -> String {
    let token = desk.place.path("token");
    fs::write(&token, desk.place.token("alice", "approve", "*")).unwrap();
    token.display().to_string()
}

/// `sentinel approvals …`, asked of a daemon.
fn approvals(desk: &Desk, token: &str, words: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_sentinel"))
        .env_clear()
        .arg("approvals")
        .args(words)
        .args(["--server", &format!("http://{}", desk.daemon.address), "--token-file", token])
        .output()
        .unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    // 3 says that it waits still.
    (matches!(output.status.code(), Some(0 | 3)), text)
}

/// Inputs that are JSON and that some readers of JSON do not take.
fn odd_inputs() -> Vec<String> {
    let deep = |depth: usize| format!(r#"{{"a":{}1{}}}"#, "[".repeat(depth), "]".repeat(depth));
    let mut all: Vec<String> = [
        r#"{"a":"\ud800"}"#,
        r#"{"\udfff":1}"#,
        r#"{"a":1e999}"#,
        r#"{"a":-1E+99999}"#,
        r#"{"a":1e-99999}"#,
        r#"{"a":"\u0000\u001b[2J\u202e"}"#,
        r#"{"amount":1,"amount":1000}"#,
        r#"{"$serde_json::private::RawValue":"7"}"#,
        r#"{"$serde_json::private::Number":"7"}"#,
    ]
    .map(str::to_owned)
    .to_vec();
    all.push(format!(r#"{{"a":{}}}"#, "9".repeat(5_000)));
    all.extend([deep(60), deep(110), deep(124), deep(200)]);
    all.push(format!("{{\"a\":1{}}}", " ".repeat(60_000)));
    all
}

/// Guards against `one-call-blinds-all-approvers`: a number that some readers do not take, and no question
/// of anybody is listed.
#[test]
fn list_can_be_read_whatever_was_asked() {
    let mut problems = Vec::new();
    for input in odd_inputs() {
        let desk = Desk::new(&json!({}), &[]);
        let name: String = input.chars().take(30).collect();
        let mut robot = desk.robot();
        let body = format!(r#"{{"agentId":"{AGENT}","toolName":"deploy","toolInput":{input}}}"#);
        let reply = robot.send("POST", "/v1/evaluate", &[], Some(&body));
        let odd = reply
            .body
            .split_once(r#""approval":{"id":""#)
            .map(|(_, rest)| rest.split('"').next().unwrap().to_owned());
        let good = ask(&mut robot, &deploy());
        let mut alice = desk.person("alice");
        for path in ["/v1/approvals", "/v1/approvals?status=all"] {
            let reply = alice.get(path);
            if reply.status != 200 || !reply.body.contains(&good) {
                problems.push(format!("{path} with {name}: status {}", reply.status));
            }
        }
        let token = with_token(&desk);
        for words in [["list"].as_slice(), &["list", "--json"], &["show", &good]] {
            let (is_well, text) = approvals(&desk, &token, words);
            if !is_well || !text.contains(&good) {
                problems.push(format!("{words:?} with {name}: {text}"));
            }
        }
        if let Some(odd) = odd {
            let reply = alice.get(&format!("/v1/approvals/{odd}"));
            let (is_well, text) = approvals(&desk, &token, &["show", &odd]);
            if reply.status != 200 || !is_well {
                problems.push(format!("show it, {name}: status {}: {:.200}", reply.status, text));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Guards against `odd-number-hides-records`: the same number in a call that is only denied or allowed.
#[test]
fn records_can_be_read_whatever_was_sent() {
    let mut problems = Vec::new();
    for input in odd_inputs() {
        let desk = Desk::new(&json!({}), &[]);
        let name: String = input.chars().take(30).collect();
        let mut robot = desk.robot();
        let body = format!(r#"{{"agentId":"{AGENT}","toolName":"search","toolInput":{input}}}"#);
        if robot.send("POST", "/v1/evaluate", &[], Some(&body)).status != 200 {
            continue;
        }
        let mut admin = desk.daemon.client();
        for path in [
            "/v1/ledger/entries",
            "/v1/ledger/entries/2",
            "/v1/dashboard",
            "/v1/agents",
            "/v1/agents/buyer/audit",
            "/v1/agents/buyer/export/csv",
            "/v1/agents/buyer/export/jsonl",
            "/v1/agents/buyer/stats",
            "/v1/ledger/entries/2/receipt",
        ] {
            let reply = admin.send("GET", path, &[("connection", "close")], None);
            if reply.status != 200 {
                problems.push(format!("{path} with {name}: status {}: {:.200}", reply.status, reply.body));
            }
        }
        let id = ask(&mut robot, &deploy());
        let told = desk.person("alice").get(&format!("/v1/approvals/{id}")).ok();
        for own in told["context"]["recent"].as_array().unwrap() {
            if own["toolName"] == "" || own["at"] == "" {
                problems.push(format!("context.recent with {name}: {own}"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Guards against `list-shows-other-bytes`: whoever decides from the list reads another call than is hashed.
#[test]
fn list_shows_the_call_as_it_was_hashed() {
    let desk = Desk::new(&json!({}), &[]);
    let mut robot = desk.robot();
    let input =
        r#"{"to":"a","amount":100000000000000000000000000001,"cents":0.10000000000000000001,"b":"\u0041"}"#;
    let told = send_input(&mut robot, input);
    let id = told["approval"]["id"].as_str().unwrap();
    let mut alice = desk.person("alice");
    let one = alice.get(&format!("/v1/approvals/{id}"));
    assert!(one.body.contains(input), "{one:?}");
    let list = alice.get("/v1/approvals");
    assert!(list.body.contains(input), "{list:?}");
    let (_, text) = approvals(&desk, &with_token(&desk), &["show", id]);
    for part in ["100000000000000000000000000001", "0.10000000000000000001"] {
        assert!(text.contains(part), "{text}");
    }
}

/// What an agent or an approver writes reaches a terminal without a control or a mark that turns it.
#[test]
fn nothing_that_is_written_moves_a_terminal() {
    let rules = json!([{ "name": "ask", "tools": ["de*"], "action": "require_approval", "message": "Ask\u{202e} a \u{1b}[31mperson" }]);
    let desk = Desk::new(&json!({}), &[("rules", rules)]);
    let evil = "x\u{1b}[2J\u{202e}\u{200b}\u{2066}\u{9b}31m\u{2028}\r\n\u{7f}\u{feff}\u{e0041}";
    let body = json!({
        "agentId": AGENT, "toolName": format!("deploy{evil}"), "toolInput": { evil: evil }, "runId": evil,
        "payee": evil, "endpoint": evil,
    });
    let mut robot = desk.client(REQUESTER, "evaluate", "*");
    let told = evaluate(&mut robot, &body);
    let Some(id) = told["approval"]["id"].as_str() else {
        assert_eq!(told["permitted"], false, "{told}");
        return;
    };
    let mut alice = desk.person("alice\u{202e}ecila");
    let noted = alice.post(&format!("/v1/approvals/{id}/deny"), &json!({ "note": format!("no{evil}") }));
    assert_eq!(noted.status, 200, "{noted:?}");
    let id2 = ask(&mut robot, &{
        let mut body = body.clone();
        body["runId"] = json!("2");
        body
    });
    let token = with_token(&desk);
    for words in [
        ["list"].as_slice(),
        &["list", "--all"],
        &["list", "--all", "--json"],
        &["show", id],
        &["show", &id2],
        &["show", &id2, "--json"],
    ] {
        let (is_well, text) = approvals(&desk, &token, words);
        assert!(is_well || text.contains(id), "{words:?}: {text}");
        let bad: Vec<_> = text
            .chars()
            .filter(|own| {
                (own.is_control() && *own != '\n')
                    || matches!(own, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
            })
            .collect();
        assert!(bad.is_empty(), "{words:?} prints {bad:?}: {text}");
    }
}

/// Many wait for an answer that does not come, while calls go on: whoever has to answer gets through.
#[test]
fn many_who_wait_keep_nobody_from_answering() {
    let desk = Desk::at(Place::new().with(PATIENT.0, PATIENT.1), &json!({}), &[]);
    let mut robot = desk.robot();
    let id = ask(&mut robot, &deploy());
    let (token, address) = (desk.place.token(REQUESTER, "evaluate", AGENT), desk.daemon.address);
    let path = format!("/v1/approvals/{id}?wait={WAIT}");
    let (is_over, gone) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut alice = desk.person("alice");
    let other = ask(&mut robot, &json!({ "agentId": AGENT, "toolName": "deploy", "toolInput": {} }));
    let gone = thread::scope(|scope| {
        for _ in 0..200 {
            scope.spawn(|| {
                // Nobody answers within the wait, or the test is over.
                let _ = Client::new(address, Some(&token)).try_send("GET", &path, &[], None);
                gone.fetch_add(1, Ordering::SeqCst);
            });
        }
        let noise = scope.spawn(|| {
            let mut client = Client::new(address, Some(&token));
            while !is_over.load(Ordering::Relaxed) {
                evaluate(&mut client, &json!({ "agentId": AGENT, "toolName": "search", "toolInput": {} }));
            }
        });
        thread::sleep(Duration::from_secs(2));
        for _ in 0..5 {
            alice.get(&format!("/v1/approvals/{other}")).ok();
        }
        let gone = gone.load(Ordering::SeqCst);
        is_over.store(true, Ordering::Relaxed);
        noise.join().unwrap();
        say(&mut alice, &id, "deny").ok();
        gone
    });
    assert_eq!(gone, 0, "who looks got through when they had waited, and not while they did");
}
