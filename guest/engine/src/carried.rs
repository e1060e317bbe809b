//! What a request over HTTP carries beside itself: a payment, a message of MCP.
//!
//! A request that calls a tool of an MCP server, or pays, stands for another call: the one that
//! [`derive`] writes. That is what is decided, and what goes to whoever keeps meters and approvals. It
//! has no ids and signatures in it, which differ whenever the same is sent again.

mod derived;
mod unread;

pub(crate) use derived::write as derive;

use crate::call::{Call, Cost};
use crate::decide::mcp_tool;
use crate::decision::{Layer, Outcome, Reason};
use crate::http::{self, Forward, Request};
use crate::limits::INNER_BYTES_MAX;
use crate::network::Governing;
use crate::protocol::mcp::{self, Headers, Malformed, Message, ToolCall};
use crate::protocol::x402::{self, Payment};

/// What was found in a request.
#[derive(Debug, Default)]
pub(crate) struct Carried<'c> {
    /// A message of MCP, for whose server the host is.
    pub(crate) message: Option<Result<Message<'c>, Malformed>>,
    /// What the server of the message is called in the names of tools.
    server: Option<String>,
    payment: Option<Paid>,
}

/// A payment, and what meters count of it.
#[derive(Debug)]
struct Paid {
    payment: Payment,
    usd_micros: Option<u64>,
    endpoint: String,
}

/// Server and tool of a name such as `mcp__files__read`. No server has two underscores in its name.
pub(crate) fn server_and_tool(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix("mcp__")?.split_once("__")
}

impl<'c> Carried<'c> {
    /// Reads what a request carries, as far as the rule for its host says that it may.
    pub(crate) fn read(
        request: &'c Request<'_>,
        governing: &Governing<'_>,
        forward: &Forward,
        reasons: &mut Vec<Reason>,
    ) -> Self {
        let mut carried = Self::default();
        let mut of_message = Vec::new();
        // An inner call came out of its message already.
        if let (Some(server), Some(headers)) = (governing.mcp_server(&forward.authority), &request.headers) {
            carried.server = Some(server);
            carried.message = message(request, headers, &mut of_message);
        } else if let (Some(headers), Some(body)) = (&request.headers, &request.body)
            && let Some(unread) = governing.unread(headers)
        {
            let says_json = http::is_json(headers) == Some(true);
            reasons.extend(unread::refusal(body.bytes(), says_json, unread));
        }
        match payment(request, carried.call().and_then(|call| call.payment)) {
            Err(malformed) => reasons.push(malformed.reason()),
            Ok(None) => {}
            Ok(Some(payment)) => {
                let rules = governing.x402();
                x402::decide(rules, &payment, reasons);
                let usd_micros = rules.and_then(|rules| payment.usd_micros(rules));
                let path = forward.path.split_once('?').map_or(forward.path.as_str(), |(path, _)| path);
                let endpoint = format!("{}://{}{path}", request.scheme, forward.authority);
                carried.payment = Some(Paid { payment, usd_micros, endpoint });
            }
        }
        reasons.append(&mut of_message);
        carried
    }

    /// Whether there is a message, and it is no call of a tool: nothing of the agent's world is touched.
    pub(crate) fn is_protocol(&self) -> bool {
        self.message.is_some() && self.tool().is_none()
    }

    /// Whether it calls a tool: then what it stands for has no headers.
    pub(crate) fn is_call(&self) -> bool {
        self.call().is_some()
    }

    /// What goes to the server in place of the body.
    pub(crate) fn body(&self) -> Option<&str> {
        self.call()?.forward.as_deref()
    }

    /// The call of a tool, if the message is one.
    fn call(&self) -> Option<&ToolCall<'c>> {
        match &self.message {
            Some(Ok(Message::ToolCall(call))) => Some(call),
            Some(_) | None => None,
        }
    }

    /// The call of a tool that a short message is, without a detour over JSON. `None` where there is none,
    /// and where only the detour tells what is wrong with it.
    pub(crate) fn take_inner<'s>(&mut self, call: &'s Call<'_>) -> Option<Call<'s>>
    where
        'c: 's,
    {
        let (Some(Ok(Message::ToolCall(found))), Some(server)) = (&mut self.message, &self.server) else {
            return None;
        };
        if self.payment.is_some() || found.name.len() + found.arguments.len() > INNER_BYTES_MAX {
            return None;
        }
        let name = mcp_tool(server, &found.name);
        call.inner(name.into(), std::mem::take(&mut found.members))
    }

    /// The tool that is called and its arguments, as JSON.
    fn tool(&self) -> Option<(String, &str)> {
        let (call, server) = (self.call()?, self.server.as_ref()?);
        Some((mcp_tool(server, &call.name), call.arguments))
    }
}

impl Paid {
    /// What the payment says, or what the call says if that is more: neither can lower the other.
    fn cost(&self, said: Cost) -> Cost {
        // A payment whose worth nobody knows is denied, whatever it is counted as.
        let usd_micros = self.usd_micros.max(said.usd_micros);
        Cost { usd_micros, tokens: said.tokens }
    }
}

/// The one payment: of a header, of the message, or of a call that stands for the request.
fn payment(request: &Request<'_>, of_message: Option<&str>) -> Result<Option<Payment>, x402::Malformed> {
    let headers = request.headers.as_deref().unwrap_or_default();
    match (x402::payment(headers)?, of_message, request.payment) {
        (None, None, Some(member)) => x402::read_member(member).map(Some),
        (None, Some(json), None) => x402::payment_of_message(json).map(Some),
        (found, None, None) => Ok(found),
        (_, _, _) => Err(x402::Malformed {
            code: "payment-malformed",
            message: "Request carries more than one payment.".to_owned(),
        }),
    }
}

/// The message of a request to an MCP server. Only POST carries one; GET and DELETE are of the
/// transport, OPTIONS is of browsers.
fn message<'c>(
    request: &'c Request<'_>,
    headers: &[(&str, &str)],
    reasons: &mut Vec<Reason>,
) -> Option<Result<Message<'c>, Malformed>> {
    let deny = |code: &'static str, message: String| Reason {
        outcome: Outcome::Deny,
        layer: Layer::Network,
        code: code.into(),
        message,
        rule: None,
        part: None,
    };
    let body = request.body.as_ref().map(|body| body.bytes()).unwrap_or_default();
    match request.method {
        "POST" => {
            let headers =
                Headers::of(headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())));
            let read = mcp::read(body, &headers);
            if let Err(found) = &read {
                let message = format!("Message of MCP is refused: {}.", found.message);
                reasons.push(deny(found.code, message));
            }
            Some(read)
        }
        // A browser asks before it sends; nothing is called by that.
        "OPTIONS" if body.is_empty() => None,
        // A client listens, or leaves.
        "GET" if body.is_empty() && has(headers, "accept", "text/event-stream") => None,
        "DELETE" if body.is_empty() && has(headers, "mcp-session-id", "") => None,
        _ => {
            let message = "Host speaks MCP here: POST has a message, GET asks for an event stream, DELETE names \
                           a session, and nothing else is asked.";
            reasons.push(deny("mcp-method-http", message.to_owned()));
            None
        }
    }
}

/// Whether there is such a header, with this in it in any letter case.
fn has(headers: &[(&str, &str)], name: &str, part: &str) -> bool {
    let values = headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    values.map(|value| value.to_ascii_lowercase()).any(|value| value.contains(part))
}

/// Reads the message of a request once more, for whoever has to answer it.
pub(crate) fn with_message<R>(
    call: &Call<'_>,
    look: impl FnOnce(&Result<Message<'_>, Malformed>) -> R,
) -> Option<R> {
    let request = Request::read(&call.tool_input).ok()?;
    let headers = request.headers.as_deref()?;
    message(&request, headers, &mut Vec::new()).map(|message| look(&message))
}
