//! Messages that are refused before anybody decides about them, and how their sender is told.

use super::super::json_rpc::Fault;
use super::reply::Reply;
use super::revision::Revision;
use crate::wire::{json_string, push_json_string};

pub(super) use super::super::json_rpc::INVALID_REQUEST;
pub(super) const METHOD_NOT_FOUND: i32 = -32601;
pub(super) const INVALID_PARAMS: i32 = -32602;
const INTERNAL_ERROR: i32 = -32603;
/// Headers and body say different things, or a header is missing.
pub(super) const HEADER_MISMATCH: i32 = -32020;
const UNSUPPORTED_PROTOCOL_VERSION: i32 = -32022;

/// Why a message is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Stable, kebab-case.
    pub code: &'static str,
    /// One line for whoever sent it.
    pub message: String,
    number: i32,
    status: u16,
    /// As JSON.
    id: Option<String>,
    /// As JSON.
    data: Option<String>,
}

pub(super) fn malformed<T>(
    code: &'static str,
    number: i32,
    message: impl Into<String>,
) -> Result<T, Malformed> {
    Err(Malformed { code, message: message.into(), number, status: 400, id: None, data: None })
}

impl Malformed {
    pub(super) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// Says whom to answer.
    pub(super) fn to(self, id: &str) -> Self {
        Self { id: Some(id.to_owned()), ..self }
    }

    /// A revision that nobody here can read.
    pub(super) fn unsupported(requested: &str) -> Self {
        let mut data = String::from("{\"supported\":[");
        for (index, revision) in Revision::ALL.iter().enumerate() {
            if index > 0 {
                data.push(',');
            }
            push_json_string(&mut data, revision.as_str());
        }
        data.push_str("],\"requested\":");
        push_json_string(&mut data, requested);
        data.push('}');
        Self {
            code: "mcp-version-unknown",
            message: "Unsupported protocol version".to_owned(),
            number: UNSUPPORTED_PROTOCOL_VERSION,
            status: 400,
            id: None,
            data: Some(data),
        }
    }
}

impl From<Fault> for Malformed {
    fn from(fault: Fault) -> Self {
        let Fault { code, message, number, id } = fault;
        Self { code, message, number, status: 400, id, data: None }
    }
}

/// The answer to a client whose message is refused: a JSON-RPC error, with the id if one could be
/// read.
pub fn refusal(found: &Malformed) -> Reply {
    Reply { status: found.status, body: error(found, found.number, &found.message) }
}

/// What a client gets in place of a message of its server that is refused.
pub fn substitute(found: &Malformed) -> String {
    error(found, INTERNAL_ERROR, &format!("answer of the server is withheld: {}", found.message))
}

fn error(found: &Malformed, number: i32, message: &str) -> String {
    let mut out = String::from("{\"jsonrpc\":\"2.0\",");
    if let Some(id) = &found.id {
        out.push_str("\"id\":");
        out.push_str(id);
        out.push(',');
    }
    out.push_str(&format!("\"error\":{{\"code\":{number},\"message\":{}", json_string(message)));
    if let Some(data) = &found.data {
        out.push_str(",\"data\":");
        out.push_str(data);
    }
    out.push_str("}}");
    out
}
