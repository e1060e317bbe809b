//! The hook of Claude Code: a status other than success would let the call go ahead, so there is
//! none.

use serde_json::{Value, json};

use crate::support::{Daemon, POLICY, Reply};

const PATH: &str = "/v1/hooks/claude-code?agent=my-agent";

fn event(command: &str) -> String {
    json!({
        "session_id": "abc", "transcript_path": "/t", "cwd": "/work", "permission_mode": "default",
        "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": { "command": command },
    })
    .to_string()
}

fn told(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{reply:?}");
    let output = &reply.json()["hookSpecificOutput"];
    assert_eq!(output["hookEventName"], "PreToolUse", "{reply:?}");
    assert!(
        output["permissionDecisionReason"].as_str().is_some_and(|reason| !reason.is_empty()),
        "{reply:?}"
    );
    output["permissionDecision"].as_str().unwrap().to_owned()
}

#[test]
fn calls_are_allowed_and_denied_and_recorded() {
    let daemon = Daemon::governed();
    assert_eq!(told(&daemon.post(PATH, &event("npm test"))), "allow");
    assert_eq!(told(&daemon.post(PATH, &event("rm -rf /"))), "deny");
    let trail = daemon.get("/v1/agents/my-agent/audit?kind=verdict").json();
    let entry = &trail["entries"][0];
    assert_eq!((&entry["decision"], &entry["externalSession"]), (&json!("deny"), &json!("abc")));
    // The harness's session became one of ours, once.
    let sessions = daemon.get("/v1/agents/my-agent/audit?kind=session-start").json();
    let sessions = sessions["entries"].as_array().unwrap();
    assert_eq!((sessions.len(), &sessions[0]["sessionId"]), (1, &entry["sessionId"]));
}

#[test]
fn paths_of_the_hooks_address_are_used() {
    let daemon = Daemon::governed();
    let read = json!({
        "hook_event_name": "PreToolUse", "tool_name": "Read", "tool_input": { "file_path": "/work/src/a" },
        "cwd": "/work/deep",
    });
    assert_eq!(told(&daemon.post(PATH, &read.to_string())), "deny");
    assert_eq!(told(&daemon.post(&format!("{PATH}&workspace=/work&home=/root"), &read.to_string())), "allow");
}

#[test]
fn whatever_goes_wrong_is_a_denial_with_status_200() {
    let daemon = Daemon::governed();
    let deep = format!("{{\"x\":{}", "[".repeat(200));
    for (path, body, code) in [
        (PATH, String::new(), "bad-json"),
        (PATH, "{".to_owned(), "bad-json"),
        (PATH, "{}".to_owned(), "bad-request"),
        (PATH, event("npm test").replace("PreToolUse", "PostToolUse"), "bad-request"),
        (PATH, deep, "too-deep"),
        ("/v1/hooks/claude-code", event("npm test"), "bad-request"),
        ("/v1/hooks/claude-code?agent=my-agent&x=1", event("npm test"), "bad-request"),
        ("/v1/hooks/claude-code?agent=..%2Fx", event("npm test"), "bad-request"),
    ] {
        let reply = daemon.post(path, &body);
        assert_eq!(told(&reply), "deny", "{path} {body}");
        assert_eq!(reply.header("x-sentinel-error"), Some(code), "{path} {body}");
    }
    let typed = daemon.post_with(PATH, &[("content-type", "text/plain")], &event("npm test"));
    assert_eq!(
        (told(&typed).as_str(), typed.header("x-sentinel-error")),
        ("deny", Some("unsupported-media-type"))
    );
    let anonymous = daemon.ask("POST", PATH, &[], Some(&event("npm test")));
    assert_eq!(
        (told(&anonymous).as_str(), anonymous.header("x-sentinel-error")),
        ("deny", Some("no-credentials"))
    );
    // An agent without a policy is a verdict and no error.
    let other = daemon.post("/v1/hooks/claude-code?agent=nobody", &event("npm test"));
    assert_eq!((told(&other).as_str(), other.header("x-sentinel-error")), ("deny", None));
}

#[test]
fn modes_that_watch_say_so_or_nothing() {
    let answer = |mode: &str, command: &str| -> Value {
        let daemon = Daemon::start();
        daemon.deploy(&POLICY.replace("\"version\"", &format!("\"mode\":\"{mode}\",\"version\"")));
        daemon.post(PATH, &event(command)).json()
    };
    let note = answer("audit", "rm -rf /");
    assert!(
        note["systemMessage"]
            .as_str()
            .unwrap()
            .starts_with("sentinel (audit): this call would have been denied")
    );
    assert!(note.get("hookSpecificOutput").is_none());
    assert_eq!(answer("audit", "npm test"), json!({}));
    assert_eq!(answer("shadow", "rm -rf /"), json!({}));
}
