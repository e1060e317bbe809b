//! Gemini CLI: `BeforeTool`, as measured on 0.61.
//!
//! The decision stands at the top: Claude Code's `hookSpecificOutput` is ignored, and the call
//! goes ahead. "ask" waits for a person and hangs where there is none, which an event does not
//! tell, so it is a denial.

use serde_json::json;

use super::{Answer, Harness, Reply, parse};

pub(super) const HARNESS: Harness = Harness {
    name: "gemini-cli",
    read: |bytes| parse::event(bytes, "BeforeTool", |_| false),
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
    Reply::json(&json!({ "decision": "deny", "reason": reason }))
}
