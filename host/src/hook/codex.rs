//! Codex: `PreToolUse`, as measured on 0.169.
//!
//! It looks like Claude Code's and is not: a field that Codex does not know, an "ask", or a
//! denial without a reason lets the call through, and an explicit "allow" is reported as a
//! failed hook. So it is told `{}` or a denial, and nothing else.

use serde_json::json;

use super::{Answer, Harness, Reply, parse};

pub(super) const HARNESS: Harness = Harness {
    name: "codex",
    // "ask" is unsupported, so nobody can answer.
    read: |bytes| parse::event(bytes, "PreToolUse", |_| false),
    answer,
    workspace: |_| None,
};

fn answer(answer: &Answer) -> Reply {
    match answer {
        Answer::Allow(_) | Answer::Watch(None) => Reply::json(&json!({})),
        Answer::Watch(Some(note)) => Reply { stderr: Some(note.clone()), ..Reply::json(&json!({})) },
        Answer::Deny(reason) | Answer::Ask(reason) => deny(reason),
        Answer::Fail(reason) => deny(reason).blocking(reason),
    }
}

fn deny(reason: &str) -> Reply {
    Reply::json(&json!({
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": "deny",
            "permissionDecisionReason": reason,
        }
    }))
}
