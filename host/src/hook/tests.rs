//! The exact shape of every answer to every harness, and which events are understood.

use super::{Answer, EXIT_BLOCK, Harness, harness};

fn reply(name: &str, answer: &Answer) -> (String, Option<String>, u8) {
    let harness: &Harness = harness(name).unwrap();
    let reply = (harness.answer)(answer);
    (reply.stdout, reply.stderr, reply.exit_code)
}

fn plain(text: &str) -> (String, Option<String>, u8) {
    (text.to_owned(), None, 0)
}

const DENY: &str = r#"{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":"why"}}"#;

#[test]
fn claude_code_is_told_in_hook_specific_output() {
    let check = |answer: Answer, expect| assert_eq!(reply("claude-code", &answer), expect);
    check(Answer::Deny("why".into()), plain(DENY));
    check(Answer::Allow("why".into()), plain(&DENY.replace("\"deny\"", "\"allow\"")));
    check(Answer::Ask("why".into()), plain(&DENY.replace("\"deny\"", "\"ask\"")));
    check(Answer::Watch(None), plain("{}"));
    check(Answer::Watch(Some("note".into())), plain(r#"{"systemMessage":"note"}"#));
    check(Answer::Fail("why".into()), (DENY.into(), Some("sentinel: why".into()), EXIT_BLOCK));
}

#[test]
fn codex_is_told_nothing_or_a_denial() {
    let check = |answer: Answer, expect| assert_eq!(reply("codex", &answer), expect);
    check(Answer::Deny("why".into()), plain(DENY));
    check(Answer::Ask("why".into()), plain(DENY));
    check(Answer::Allow("why".into()), plain("{}"));
    check(Answer::Watch(None), plain("{}"));
    check(Answer::Watch(Some("note".into())), ("{}".into(), Some("note".into()), 0));
    check(Answer::Fail("why".into()), (DENY.into(), Some("sentinel: why".into()), EXIT_BLOCK));
}

#[test]
fn gemini_cli_is_told_at_the_top() {
    let deny = r#"{"decision":"deny","reason":"why"}"#;
    let check = |answer: Answer, expect| assert_eq!(reply("gemini-cli", &answer), expect);
    check(Answer::Deny("why".into()), plain(deny));
    check(Answer::Ask("why".into()), plain(deny));
    check(Answer::Allow("why".into()), plain("{}"));
    check(Answer::Watch(None), plain("{}"));
    check(Answer::Watch(Some("note".into())), ("{}".into(), Some("note".into()), 0));
    check(Answer::Fail("why".into()), (deny.into(), Some("sentinel: why".into()), EXIT_BLOCK));
}

fn event(name: &str, mode: &str) -> String {
    format!(
        r#"{{"hook_event_name":"{name}","tool_name":"Bash","tool_input":{{"command" : "ls"}},"session_id":"s",
            "cwd":"/w","permission_mode":"{mode}","new_field":{{}}}}"#
    )
}

#[test]
fn events_are_read_and_their_input_keeps_its_bytes() {
    for (name, event_name) in
        [("claude-code", "PreToolUse"), ("codex", "PreToolUse"), ("gemini-cli", "BeforeTool")]
    {
        let read = (harness(name).unwrap().read)(event(event_name, "default").as_bytes()).unwrap();
        assert_eq!(read.tool_name, "Bash");
        assert_eq!(read.tool_input.get(), r#"{"command" : "ls"}"#);
    }
}

#[test]
fn nobody_can_be_asked_where_permissions_are_bypassed() {
    let approver = |name: &str, mode: &str| {
        (harness(name).unwrap().read)(event("PreToolUse", mode).as_bytes()).unwrap().approver
    };
    assert!(approver("claude-code", "default"));
    assert!(!approver("claude-code", "bypassPermissions"));
    assert!(!approver("claude-code", "dontAsk"));
    assert!(!approver("codex", "default"));
}

#[test]
fn other_events_are_errors() {
    for (name, text) in [
        ("claude-code", event("PostToolUse", "default")),
        ("gemini-cli", event("PreToolUse", "default")),
        ("claude-code", event("PreToolUse", "default").replace("tool_name", "tool")),
        ("claude-code", event("PreToolUse", "default").replace("\"tool_input\"", "\"tool_input_\"")),
        ("claude-code", event("PreToolUse", r#"default","tool_name":"Read"#)),
        ("codex", String::new()),
    ] {
        assert!((harness(name).unwrap().read)(text.as_bytes()).is_err(), "{name}: {text}");
    }
}
