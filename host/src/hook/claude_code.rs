//! Claude Code: `PreToolUse`, as the types of its agent SDK describe it.
//!
//! Exit 0 means that the JSON is read, 2 that the call is blocked with the text on stderr, and
//! anything else that the call goes ahead.

use serde_json::json;

use super::{Answer, Harness, Reply, parse};

pub(super) const HARNESS: Harness = Harness {
    name: "claude-code",
    read: |bytes| parse::event(bytes, "PreToolUse", has_approver),
    answer,
    workspace: |settings| settings.claude_project_dir.clone(),
};

/// In these modes nobody is asked, whatever a hook says.
fn has_approver(permission_mode: Option<&str>) -> bool {
    !matches!(permission_mode, Some("bypassPermissions" | "dontAsk"))
}

fn answer(answer: &Answer) -> Reply {
    match answer {
        Answer::Allow(reason) => decision("allow", reason),
        Answer::Deny(reason) => decision("deny", reason),
        Answer::Ask(reason) => decision("ask", reason),
        Answer::Watch(None) => Reply::json(&json!({})),
        Answer::Watch(Some(note)) => Reply::json(&json!({ "systemMessage": note })),
        Answer::Fail(reason) => decision("deny", reason).blocking(reason),
    }
}

fn decision(word: &str, reason: &str) -> Reply {
    Reply::json(&json!({
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": word,
            "permissionDecisionReason": reason,
        }
    }))
}
