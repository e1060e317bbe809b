//! `sentinel hook` as a harness meets it: one test per answer, and one per way to fail closed.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{POLICY, Run, command, dir_with, event, sentinel, sentinel_with};
use tempfile::TempDir;

const ARGS: [&str; 4] = ["hook", "claude-code", "--policy", "p.soe.json"];

fn bash(dir: &TempDir, command: &str) -> Value {
    event("Bash", &json!({ "command": command }), dir.path().to_str().unwrap())
}

fn specific(run: &Run) -> Value {
    let answer: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"));
    answer["hookSpecificOutput"].clone()
}

fn permission(run: &Run) -> String {
    specific(run)["permissionDecision"].as_str().unwrap_or_default().to_owned()
}

/// An explicit denial with a reason, the blocking exit code, and text on stderr.
fn assert_fails_closed(run: &Run, about: &str) {
    assert_eq!(run.code, 2, "{run:?}");
    assert_eq!(permission(run), "deny", "{run:?}");
    assert_eq!(run.stdout.lines().count(), 1, "{run:?}");
    let reason = specific(run)["permissionDecisionReason"].as_str().unwrap().to_owned();
    assert!(!reason.is_empty() && run.stderr.contains(about), "{about}: {run:?}");
}

#[test]
fn an_allowed_call_is_allowed() {
    let dir = dir_with("p.soe.json", POLICY);
    let run = sentinel(&dir, &ARGS, &bash(&dir, "npm test").to_string());
    assert_eq!((run.code, permission(&run).as_str()), (0, "allow"), "{run:?}");
    assert!(run.stderr.is_empty(), "{run:?}");
}

#[test]
fn a_denied_call_is_denied_with_its_reason() {
    let dir = dir_with("p.soe.json", POLICY);
    let run = sentinel(&dir, &ARGS, &bash(&dir, "rm -rf /").to_string());
    assert_eq!((run.code, permission(&run).as_str()), (0, "deny"), "{run:?}");
    assert!(specific(&run)["permissionDecisionReason"].as_str().unwrap().contains("rm -rf *"), "{run:?}");
}

#[test]
fn an_escalated_call_is_asked_about_only_where_somebody_can_answer() {
    let dir = dir_with("p.soe.json", POLICY);
    let mut event = bash(&dir, "git $x");
    for (mode, expect) in
        [("default", "ask"), ("plan", "ask"), ("bypassPermissions", "deny"), ("dontAsk", "deny")]
    {
        event["permission_mode"] = json!(mode);
        let run = sentinel(&dir, &ARGS, &event.to_string());
        assert_eq!((run.code, permission(&run).as_str()), (0, expect), "{mode}: {run:?}");
    }
}

#[test]
fn modes_that_only_watch_have_no_opinion() {
    for (mode, expect) in [("audit", true), ("dry-run", true), ("shadow", false)] {
        let policy = POLICY.replace("\"version\"", &format!("\"mode\": \"{mode}\",\n  \"version\""));
        let dir = dir_with("p.soe.json", &policy);
        let run = sentinel_with(&dir, &ARGS, &bash(&dir, "rm -rf /").to_string(), &[("SOE_MODE", mode)]);
        let answer: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(run.code, 0, "{run:?}");
        assert!(answer.get("hookSpecificOutput").is_none(), "{run:?}");
        assert_eq!(answer.get("systemMessage").is_some(), expect, "{mode}: {run:?}");
        let run = sentinel_with(&dir, &ARGS, &bash(&dir, "rm -rf /").to_string(), &[("SOE_MODE", "enforce")]);
        assert_eq!(permission(&run), "deny", "the stricter mode counts: {run:?}");
    }
}

#[test]
#[cfg(unix)]
fn a_link_out_of_the_allowed_tree_is_denied() {
    let dir = dir_with("p.soe.json", POLICY);
    std::fs::create_dir(dir.path().join("src")).unwrap();
    std::fs::write(dir.path().join("src/real.rs"), "").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", dir.path().join("src/link.rs")).unwrap();
    let cwd = std::fs::canonicalize(dir.path()).unwrap();
    for (path, expect) in [("src/real.rs", "allow"), ("src/link.rs", "deny")] {
        let event = event("Read", &json!({ "file_path": path }), cwd.to_str().unwrap());
        let run = sentinel(&dir, &ARGS, &event.to_string());
        assert_eq!(permission(&run), expect, "{path}: {run:?}");
    }
}

#[test]
#[cfg(unix)]
fn links_are_followed_in_redirections_and_globs_too() {
    let dir = dir_with("p.soe.json", POLICY);
    std::fs::create_dir(dir.path().join("src")).unwrap();
    std::os::unix::fs::symlink("/etc", dir.path().join("src/dir")).unwrap();
    let cwd = std::fs::canonicalize(dir.path()).unwrap();
    let cwd = cwd.to_str().unwrap();
    for (tool, input, expect) in [
        ("Glob", json!({ "pattern": "src/sub/*.rs" }), "allow"),
        ("Glob", json!({ "pattern": "src/dir/*" }), "deny"),
        ("Bash", json!({ "command": "npm test > src/sub/log" }), "allow"),
        ("Bash", json!({ "command": "npm test > src/dir/log" }), "deny"),
        ("Bash", json!({ "command": "npm test > log", "cwd": "src/dir" }), "deny"),
    ] {
        let run = sentinel(&dir, &ARGS, &event(tool, &input, cwd).to_string());
        assert_eq!(permission(&run), expect, "{tool} {input}: {run:?}");
    }
}

#[test]
fn the_policy_and_the_binary_are_never_written() {
    let open = POLICY.replace("\"src/**\"", "\"**\", \"/**\"");
    let dir = dir_with("policy.json", &open);
    let args = ["hook", "claude-code", "--policy", "policy.json"];
    let cwd = std::fs::canonicalize(dir.path()).unwrap();
    let binary = env!("CARGO_BIN_EXE_sentinel");
    for (path, expect) in
        [("other.json", "allow"), ("policy.json", "deny"), ("./POLICY.json", "deny"), (binary, "deny")]
    {
        let event = event("Write", &json!({ "file_path": path, "content": "" }), cwd.to_str().unwrap());
        let run = sentinel(&dir, &args, &event.to_string());
        assert_eq!(permission(&run), expect, "{path}: {run:?}");
    }
}

#[test]
fn fails_closed_on_empty_input() {
    let dir = dir_with("p.soe.json", POLICY);
    assert_fails_closed(&sentinel(&dir, &ARGS, ""), "event");
}

#[test]
fn fails_closed_on_input_that_is_not_json() {
    let dir = dir_with("p.soe.json", POLICY);
    assert_fails_closed(&sentinel(&dir, &ARGS, "{\"hook_event_name\":"), "event");
}

#[test]
fn fails_closed_on_another_event() {
    let dir = dir_with("p.soe.json", POLICY);
    let event = bash(&dir, "npm test").to_string().replace("PreToolUse", "PostToolUse");
    assert_fails_closed(&sentinel(&dir, &ARGS, &event), "PostToolUse");
}

#[test]
fn fails_closed_on_an_event_without_a_tool() {
    let dir = dir_with("p.soe.json", POLICY);
    let event = bash(&dir, "npm test").to_string().replace("tool_name", "tool");
    assert_fails_closed(&sentinel(&dir, &ARGS, &event), "tool_name");
}

#[test]
fn fails_closed_on_an_event_over_the_limit() {
    let dir = dir_with("p.soe.json", POLICY);
    assert_fails_closed(
        &sentinel(&dir, &ARGS, &" ".repeat(usize::try_from(sentinel::limits::EVENT_BYTES_MAX).unwrap() + 1)),
        "larger",
    );
}

#[test]
fn fails_closed_on_a_relative_working_directory() {
    let dir = dir_with("p.soe.json", POLICY);
    let event = event("Bash", &json!({ "command": "npm test" }), "src");
    assert_fails_closed(&sentinel(&dir, &ARGS, &event.to_string()), "absolute");
}

#[test]
fn fails_closed_on_an_absent_policy() {
    let dir = dir_with("other.json", POLICY);
    assert_fails_closed(&sentinel(&dir, &ARGS, &bash(&dir, "npm test").to_string()), "p.soe.json");
}

#[test]
fn fails_closed_on_a_refused_policy() {
    let dir = dir_with("p.soe.json", &POLICY.replace("\"version\"", "\"oops\""));
    assert_fails_closed(&sentinel(&dir, &ARGS, &bash(&dir, "npm test").to_string()), "validate");
}

#[test]
fn fails_closed_on_a_policy_that_is_not_text() {
    let dir = dir_with("p.soe.json", "");
    std::fs::write(dir.path().join("p.soe.json"), b"\xff\xfe").unwrap();
    assert_fails_closed(&sentinel(&dir, &ARGS, &bash(&dir, "npm test").to_string()), "UTF-8");
}

#[test]
#[cfg(unix)]
fn fails_closed_on_links_in_a_circle() {
    let dir = dir_with("p.soe.json", POLICY);
    std::os::unix::fs::symlink("loop", dir.path().join("loop")).unwrap();
    let event = event("Read", &json!({ "file_path": "loop" }), dir.path().to_str().unwrap());
    assert_fails_closed(&sentinel(&dir, &ARGS, &event.to_string()), "links");
}

#[test]
fn fails_closed_on_bad_arguments() {
    let dir = dir_with("p.soe.json", POLICY);
    let event = bash(&dir, "npm test").to_string();
    for args in
        [&["hook"][..], &["hook", "claude-code"], &["hook", "no-such-agent", "--policy", "p.soe.json"]]
    {
        assert_fails_closed(&sentinel(&dir, args, &event), "error");
    }
}

#[test]
fn fails_closed_when_the_harness_never_finishes_writing() {
    let dir = dir_with("p.soe.json", POLICY);
    let started = Instant::now();
    let mut child = command(&dir, &ARGS, &[]).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"{").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(started.elapsed() < Duration::from_secs(120));
    drop(input);
    let run = Run {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    assert_fails_closed(&run, "no decision within");
}

#[test]
#[cfg(target_os = "linux")]
fn fails_closed_when_the_engine_does_not_start() {
    let dir = dir_with("p.soe.json", POLICY);
    std::fs::write(dir.path().join("event.json"), bash(&dir, "npm test").to_string()).unwrap();
    // Too little address space for the pool of instances.
    let script = "ulimit -v 1000000; exec \"$0\" hook claude-code --policy p.soe.json < event.json";
    let output = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_sentinel")])
        .current_dir(dir.path())
        .output()
        .unwrap();
    let run = Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    assert_fails_closed(&run, "address space");
}

#[test]
fn fails_closed_when_nobody_reads_the_answer() {
    let dir = dir_with("p.soe.json", POLICY);
    let mut child = command(&dir, &ARGS, &[]).spawn().unwrap();
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(bash(&dir, "npm test").to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_budget_without_anybody_who_keeps_its_meter_is_denied() {
    let budgets = r#""rateLimits": { "maxCallsPerMinute": 60 }, "riskBudget": {"#;
    let dir = dir_with("p.soe.json", &POLICY.replace("\"riskBudget\": {", budgets));
    let run = sentinel(&dir, &ARGS, &bash(&dir, "npm test").to_string());
    assert_eq!(permission(&run), "deny", "{run:?}");
    let reason = specific(&run)["permissionDecisionReason"].as_str().unwrap().to_owned();
    assert!(reason.contains("needs the daemon"), "{reason}");
}
