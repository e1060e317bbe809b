//! Answers in place of the server's: a denial that the model can read, and a question.
//!
//! A tool that is not called answers with a result, since errors of the protocol often never reach
//! the model. Every other request is answered with an error. Nothing answers what has no id.

use super::Message;
use super::call::ToolCall;
use crate::wire::{json_string, push_json_string};

/// The error of a request that the policy denies. Not of JSON-RPC's own range, -32768 to -32000: what
/// the specification does not define is not to be there.
pub const POLICY_DENIED: i32 = 403;
/// The error of a request that waits for a person, where the protocol has no question.
pub const POLICY_ESCALATED: i32 = 428;

/// How a state begins that we gave out.
pub(super) const STATE_PREFIX: &str = "sentinel-approval:";
/// The key of our question among those of a result.
pub(super) const APPROVAL_KEY: &str = "sentinel_approval";
/// Where the details are. A prefix of our own, as the specification wants it.
const META_KEY: &str = "sentinel/verdict";

/// An answer as a shell sends it, of type `application/json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status, where there is HTTP.
    pub status: u16,
    /// The body. Empty where nobody waits for a message.
    pub body: String,
}

/// What was decided, as far as the client is told.
#[derive(Clone, Copy, Debug)]
pub struct Told<'t> {
    /// One line.
    pub reason: &'t str,
    /// The reason's code, kebab-case.
    pub code: &'t str,
    /// The verdict's id, if it was recorded.
    pub verdict_id: Option<&'t str>,
    /// Which policy it was.
    pub policy_digest: Option<&'t str>,
}

/// A question that waits for a person.
#[derive(Clone, Copy, Debug)]
pub struct Pending<'t> {
    /// The approval's id.
    pub id: &'t str,
    /// How long it waits.
    pub seconds: Option<u64>,
}

/// Says no.
pub fn denial(message: &Message<'_>, told: &Told<'_>) -> Reply {
    let text = format!("Denied by policy ({}): {}", told.code, told.reason);
    answer(message, POLICY_DENIED, &text, &meta("deny", told, None))
}

/// Says that a person was asked.
pub fn escalation(message: &Message<'_>, told: &Told<'_>, pending: &Pending<'_>) -> Reply {
    let waits = match pending.seconds {
        Some(seconds) => format!("Approval {} is pending and expires in {seconds} seconds", pending.id),
        None => format!("Approval {} is pending", pending.id),
    };
    let text = format!("A person has to approve this call ({}): {} {waits}.", told.code, told.reason);
    let details = meta("escalate", told, Some(pending));
    match message {
        Message::ToolCall(call) if call.elicits && !call.declined => {
            ok(call.id, &question(call, &text, pending, &details))
        }
        Message::ToolCall(_)
        | Message::Request { .. }
        | Message::Notification { .. }
        | Message::Answer { .. } => {
            let text = format!("{text} Once it is approved, call again with the same arguments.");
            answer(message, POLICY_ESCALATED, &text, &details)
        }
    }
}

fn answer(message: &Message<'_>, number: i32, text: &str, details: &str) -> Reply {
    match message {
        Message::ToolCall(call) => {
            let kind = if call.revision.is_stateless() { "\"resultType\":\"complete\"," } else { "" };
            let text = json_string(text);
            let result = format!(
                "{{{kind}\"content\":[{{\"type\":\"text\",\"text\":{text}}}],\"isError\":true,\"_meta\":{{\"{META_KEY}\":{details}}}}}"
            );
            ok(call.id, &result)
        }
        Message::Request { id, .. } => {
            let text = json_string(text);
            let body = format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{{\"code\":{number},\"message\":{text},\"data\":{details}}}}}"
            );
            Reply { status: 200, body }
        }
        Message::Notification { .. } | Message::Answer { .. } => Reply { status: 403, body: String::new() },
    }
}

fn ok(id: &str, result: &str) -> Reply {
    Reply { status: 200, body: format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{result}}}") }
}

/// A form without fields: whoever accepts it has the call tried again.
fn question(call: &ToolCall<'_>, text: &str, pending: &Pending<'_>, details: &str) -> String {
    let message = json_string(&format!("{text} Accept to try again once it is approved."));
    let mut state = format!("{STATE_PREFIX}{}", pending.id);
    if let Some(carried) = &call.carried {
        state.push(':');
        state.push_str(carried);
    }
    let state = json_string(&state);
    format!(
        "{{\"resultType\":\"input_required\",\"inputRequests\":{{\"{APPROVAL_KEY}\":{{\"method\":\"elicitation/create\",\
         \"params\":{{\"mode\":\"form\",\"message\":{message},\"requestedSchema\":{{\"type\":\"object\",\"properties\":{{}}}}}}}}}},\
         \"requestState\":{state},\"_meta\":{{\"{META_KEY}\":{details}}}}}"
    )
}

fn meta(decision: &str, told: &Told<'_>, pending: Option<&Pending<'_>>) -> String {
    let mut out = format!("{{\"decision\":\"{decision}\"");
    let mut member = |key: &str, value: &str| {
        out.push_str(",\"");
        out.push_str(key);
        out.push_str("\":");
        push_json_string(&mut out, value);
    };
    member("code", told.code);
    member("reason", told.reason);
    for (key, value) in [("verdictId", told.verdict_id), ("policyDigest", told.policy_digest)] {
        if let Some(value) = value {
            member(key, value);
        }
    }
    if let Some(pending) = pending {
        member("approvalId", pending.id);
    }
    out.push('}');
    out
}
