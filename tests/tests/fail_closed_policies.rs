//! One test for each way in which a policy, or one of its layers, fails closed.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails loudly")]

use sentinel_engine::{Outcome, Policy};
use sentinel_tests::native;
use serde_json::{Value, json};

/// A policy that allows much, so that only what a test is about stands in the way.
fn open() -> Value {
    json!({
        "agentId": "a",
        "version": "1",
        "identity": {"authorityLevel": "limited-ops", "environmentScope": ["development"]},
        "dataAccess": {"readAllow": ["**"], "writeAllow": ["**"]},
        "toolActions": {"allowed": ["search_code"], "bash": {"allow": ["*"], "deny": ["rm -rf *", "sudo *"]}},
    })
}

/// The open policy without one of its parts.
fn without(section: &str, name: &str) -> Policy {
    let mut document = open();
    document
        .pointer_mut(section)
        .and_then(Value::as_object_mut)
        .and_then(|own| own.remove(name))
        .expect("a part");
    native::load(&document.to_string())
}

fn check(policy: &Policy, call: &[u8], outcome: Outcome, code: &str) {
    let (decision, verdict) = native::ask(policy, call);
    assert_eq!((decision.reasons[0].code.as_ref(), decision.outcome), (code, outcome), "{decision:?}");
    assert_eq!((verdict.decision, verdict.permitted), (outcome, false), "{verdict:?}");
}

fn denied(call: &[u8], code: &str) {
    check(&native::load(&open().to_string()), call, Outcome::Deny, code);
}

/// A call with these further members.
fn call_with(members: &str) -> Vec<u8> {
    format!(r#"{{"agentId":"a","toolName":"Bash","toolInput":{{"command":"git status"}}{members}}}"#)
        .into_bytes()
}

// === policies that say nothing ===

#[test]
fn no_data_access() {
    let policy = without("", "dataAccess");
    check(&policy, &native::call("a", "Read", &json!({"file_path": "a"})), Outcome::Deny, "no-data-access");
}

#[test]
fn no_data_access_and_a_redirection() {
    let policy = without("", "dataAccess");
    let call = native::command("a", "git log > a");
    check(&policy, &call, Outcome::Escalate, "bash-redirect-without-rules");
}

#[test]
fn no_list_of_files_that_may_be_written() {
    let policy = without("/dataAccess", "writeAllow");
    let call = native::call("a", "Write", &json!({"file_path": "a", "content": ""}));
    check(&policy, &call, Outcome::Deny, "path-no-match");
}

#[test]
fn no_bash_section() {
    check(&without("/toolActions", "bash"), &call_with(""), Outcome::Deny, "no-bash");
    check(&without("", "toolActions"), &call_with(""), Outcome::Deny, "no-bash");
}

#[test]
fn no_list_of_commands_that_may_run() {
    check(&without("/toolActions/bash", "allow"), &call_with(""), Outcome::Deny, "bash-no-match");
}

#[test]
fn no_authority() {
    check(&without("/identity", "authorityLevel"), &call_with(""), Outcome::Deny, "no-authority");
}

#[test]
fn no_environment_scope() {
    check(&without("/identity", "environmentScope"), &call_with(""), Outcome::Deny, "environment-scope");
}

#[test]
fn an_environment_outside_the_scope() {
    for name in ["production", "Development", "development2", "*"] {
        denied(&call_with(&format!(r#","environment":"{name}""#)), "environment-scope");
    }
}

#[test]
fn the_wrong_agent() {
    denied(&native::command("b", "git status"), "agent-mismatch");
    denied(&native::command("A", "git status"), "agent-mismatch");
}

// === layers that say no ===

#[test]
fn a_tool_that_is_denied_by_name() {
    let mut document = open();
    document["toolActions"]["denied"] = json!(["Bash", "search_code"]);
    let policy = native::load(&document.to_string());
    for tool in ["Bash", "search_code"] {
        check(
            &policy,
            &native::call("a", tool, &json!({"command": "git status"})),
            Outcome::Deny,
            "tool-denied",
        );
    }
}

#[test]
fn an_authority_that_does_not_suffice() {
    for (level, tool) in [("read-only", "Bash"), ("read-only", "Write"), ("advisory-only", "Bash")] {
        let mut document = open();
        document["identity"]["authorityLevel"] = json!(level);
        let call =
            native::call("a", tool, &json!({"command": "git status", "file_path": "a", "content": ""}));
        check(&native::load(&document.to_string()), &call, Outcome::Deny, "authority-level");
    }
}

#[test]
fn what_governs_the_agent_is_never_written() {
    denied(
        &native::call("a", "Write", &json!({"file_path": ".claude/settings.json", "content": ""})),
        "path-protected",
    );
}

#[test]
fn a_path_that_another_system_reads_differently() {
    let policy = native::load(&open().to_string());
    for path in ["a%2fb", "ab::$DATA", "PROGRA~1", "a\\b", "a\u{200b}b"] {
        check(
            &policy,
            &native::call("a", "Read", &json!({"file_path": path})),
            Outcome::Escalate,
            "path-suspicious",
        );
    }
}

#[test]
fn a_glob_that_reaches_too_far() {
    let mut document = open();
    document["dataAccess"] = json!({"readAllow": ["src/**"], "readDeny": ["src/.env*"]});
    let policy = native::load(&document.to_string());
    for (pattern, outcome, code) in [
        ("**/*.rs", Outcome::Deny, "glob-no-match"),
        ("src/.e*", Outcome::Deny, "glob-deny"),
        ("src/**.rs", Outcome::Escalate, "glob-unclear"),
    ] {
        check(&policy, &native::call("a", "Glob", &json!({"pattern": pattern})), outcome, code);
    }
}
