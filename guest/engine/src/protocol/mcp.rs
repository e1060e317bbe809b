//! The Model Context Protocol, revisions 2024-11-05 to 2026-07-28: what a client sends becomes a
//! [`Message`], what a server answers loses the tools that may not be seen, and a refusal becomes an
//! answer that the client, and the model behind it, can read.
//!
//! ```text
//! request  ─ read ─▶ Message ─ (the shell decides) ─▶ forward as it is, or denial / escalation
//!               └──▶ Malformed ─ refusal ─▶ Reply
//! response ─ Answer::push ─▶ the same bytes, lists of tools filtered
//! ```
//!
//! The body is the truth. Headers say the same or the message is refused, and nothing is ever decided
//! on a header. There is no state: each message is read by itself, as the current revision has it.
//!
//! It knows no policy: whether a tool may be seen is the caller's to say.

mod answer;
mod call;
mod headers;
mod listing;
mod malformed;
mod reply;
mod revision;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use answer::{Answer, Refused};
pub(crate) use call::PAYMENT_KEY;
pub use call::ToolCall;
pub use headers::Headers;
pub use listing::{Filtered, filter};
pub use malformed::{Malformed, refusal, substitute};
pub use reply::{POLICY_DENIED, POLICY_ESCALATED, Pending, Reply, Told, denial, escalation};
pub use revision::Revision;

use super::json_rpc::{self, Object, Shape};
use crate::data::mcp::{METHODS, Method, TOOLS_CALL};
use crate::wire::excerpt;
use headers::Says;
use malformed::{INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, malformed};

/// A message of a client.
#[derive(Debug)]
pub enum Message<'a> {
    /// `tools/call`.
    ToolCall(ToolCall<'a>),
    /// Any other request.
    Request {
        /// The id, as JSON.
        id: &'a str,
        /// The method, one that MCP has.
        method: Cow<'a, str>,
        /// The revision that it is written in.
        revision: Revision,
    },
    /// A message that nobody answers.
    Notification {
        /// The method, one that MCP has.
        method: Cow<'a, str>,
        /// The revision that it is written in.
        revision: Revision,
    },
    /// The client's answer to a request of the server, which there is no more from 2026-07-28 on.
    Answer {
        /// The id of the server's request, as JSON.
        id: &'a str,
        /// The revision that it is written in.
        revision: Revision,
    },
}

impl Message<'_> {
    /// The method, unless it is an answer.
    pub fn method(&self) -> Option<&str> {
        match self {
            Self::ToolCall(_) => Some(TOOLS_CALL),
            Self::Request { method, .. } | Self::Notification { method, .. } => Some(method),
            Self::Answer { .. } => None,
        }
    }

    /// The revision that it is written in.
    pub fn revision(&self) -> Revision {
        match self {
            Self::ToolCall(call) => call.revision,
            Self::Request { revision, .. }
            | Self::Notification { revision, .. }
            | Self::Answer { revision, .. } => *revision,
        }
    }
}

/// Reads what a client sends.
pub fn read<'a>(body: &'a [u8], headers: &Headers<'_>) -> Result<Message<'a>, Malformed> {
    let frame = json_rpc::read(body)?;
    if headers.are_absent() && frame.text.trim_end().contains(['\n', '\r']) {
        // Some servers end a line at a carriage return, and would read two messages where this is one.
        return malformed(
            "mcp-line-break",
            INVALID_REQUEST,
            "message has line breaks, and this transport sends each one in a line",
        );
    }
    let text = frame.text;
    match frame.shape {
        Shape::Request { id, method, params } => {
            request(text, id, method, params, headers).map_err(|found| found.to(id))
        }
        Shape::Notification { method, params } => {
            let says =
                Says { method: Some(&method), params: params.as_ref(), is_request: false, named_by: None };
            let revision = headers.agree(&says)?;
            known(&method, false, revision)?;
            if params.as_ref().and_then(call::payment).is_some() {
                return unpaid();
            }
            Ok(Message::Notification { method, revision })
        }
        Shape::Result { id, .. } | Shape::Error { id: Some(id) } => {
            let revision = headers.agree(&Says::default())?;
            if revision.is_stateless() {
                return malformed(
                    "mcp-answer-unexpected",
                    INVALID_REQUEST,
                    format!("clients send no responses in revision {}", revision.as_str()),
                );
            }
            Ok(Message::Answer { id, revision })
        }
        Shape::Error { id: None } => {
            malformed("mcp-answer-unexpected", INVALID_REQUEST, "a client's response has an id")
        }
    }
}

/// The same for whoever has no rules for payments: a call that carries one is refused.
pub fn read_unpaid<'a>(body: &'a [u8], headers: &Headers<'_>) -> Result<Message<'a>, Malformed> {
    let message = read(body, headers)?;
    match &message {
        Message::ToolCall(ToolCall { id, payment: Some(_), .. }) => unpaid().map_err(|found| found.to(id)),
        Message::ToolCall(_)
        | Message::Request { .. }
        | Message::Notification { .. }
        | Message::Answer { .. } => Ok(message),
    }
}

fn unpaid<T>() -> Result<T, Malformed> {
    malformed("mcp-payment-unexpected", INVALID_PARAMS, "message carries a payment that nobody could count")
}

fn request<'a>(
    text: &'a str,
    id: &'a str,
    method: Cow<'a, str>,
    params: Option<Object<'a>>,
    headers: &Headers<'_>,
) -> Result<Message<'a>, Malformed> {
    let named_by = find(&method).and_then(|row| row.named_by.as_ref());
    let says = Says { method: Some(&method), params: params.as_ref(), is_request: true, named_by };
    let revision = headers.agree(&says)?;
    known(&method, true, revision)?;
    if method == TOOLS_CALL {
        return ToolCall::read(text, id, params, revision).map(Message::ToolCall);
    }
    if params.as_ref().and_then(call::payment).is_some() {
        return unpaid();
    }
    Ok(Message::Request { id, method, revision })
}

fn find(method: &str) -> Option<&'static Method> {
    METHODS.binary_search_by(|row| row.name.cmp(method)).ok().and_then(|at| METHODS.get(at))
}

/// Whether a client may send this method, with an id or without.
fn known(method: &str, has_id: bool, revision: Revision) -> Result<(), Malformed> {
    let Some(row) = find(method) else {
        let status = if !has_id || revision.is_stateless() { 404 } else { 200 };
        let found = malformed(
            "mcp-method-unknown",
            METHOD_NOT_FOUND,
            format!("method `{}` is none of the Model Context Protocol", excerpt(method)),
        );
        return found.map_err(|found| found.with_status(status));
    };
    if !row.from_client {
        return malformed("mcp-method-direction", INVALID_REQUEST, format!("only a server sends `{method}`"));
    }
    match (row.is_request, has_id) {
        (true, true) | (false, false) => Ok(()),
        (true, false) => {
            malformed("mcp-id-missing", INVALID_REQUEST, format!("`{method}` is a request and needs an `id`"))
        }
        (false, true) => malformed(
            "mcp-id-unexpected",
            INVALID_REQUEST,
            format!("`{method}` is a notification and has no `id`"),
        ),
    }
}
