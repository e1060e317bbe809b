//! Writes the call `http` for a request as an enforcement point holds it.

use std::borrow::Cow;

use super::secret::{Secret, hidden};
use crate::base64;
use crate::call::{Call, HTTP_TOOL};
use crate::data::headers::{is_credential, is_of_the_proxy};
use crate::diagnostic::Span;
use crate::http::HttpHead;
use crate::syntax::{Member, Node, Value};
use crate::wire::push_json_string;

/// On whose behalf an enforcement point asks. Never what a request says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Actor<'a> {
    /// The agent that the enforcement point works for.
    pub agent_id: &'a str,
    /// Where it acts; absent: `development`.
    pub environment: Option<&'a str>,
    /// A session that the daemon minted.
    pub session_id: Option<&'a str>,
    /// What digests of credentials are made with, where there is a key.
    pub secret: Option<Secret<'a>>,
}

impl Actor<'_> {
    /// The beginning of a call: `{"agentId":...,` and what else is known of the caller.
    pub(crate) fn open(&self, out: &mut String) {
        out.push_str("{\"agentId\":");
        push_json_string(out, self.agent_id);
        for (key, value) in [("environment", self.environment), ("sessionId", self.session_id)] {
            if let Some(value) = value {
                out.push_str(",\"");
                out.push_str(key);
                out.push_str("\":");
                push_json_string(out, value);
            }
        }
    }
}

/// What is known of the addresses that the host of a request has.
#[derive(Clone, Copy, Debug)]
pub enum Resolved<'a> {
    /// Nothing.
    Unknown,
    /// Nothing yet: whoever asks does so again once it knows, before anything is sent there.
    Later,
    /// These, and no other one is connected to.
    To(&'a [String]),
}

/// A request as an enforcement point holds it.
#[derive(Clone, Copy, Debug)]
pub struct HttpRequest<'a> {
    /// Method, target, headers.
    pub head: HttpHead<'a>,
    /// The whole body, if it was read.
    pub body: Option<&'a [u8]>,
    /// The addresses of its host.
    pub resolved: Resolved<'a>,
}

/// The call of a request.
///
/// In the place of credentials stand digests of them: records must not hold the values, and with
/// another one it is another call. Headers that the proxy itself adds are left out: they differ whenever
/// a request is sent again.
pub(super) fn read<'a>(actor: &Actor<'a>, request: &HttpRequest<'a>) -> Call<'a> {
    Call::of_input(actor, HTTP_TOOL, input(request, Some(Hiding::of(actor))))
}

/// For whom, and with what, values are hidden.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hiding<'a> {
    secret: Option<Secret<'a>>,
    agent_id: &'a str,
}

impl<'a> Hiding<'a> {
    pub(super) const fn of(actor: &Actor<'a>) -> Self {
        Self { secret: actor.secret, agent_id: actor.agent_id }
    }

    /// The value of a header as it may be told.
    pub(crate) fn value<'v>(&self, name: &str, value: &'v str) -> Cow<'v, str> {
        if is_credential(name) {
            Cow::Owned(hidden(self.secret, self.agent_id, name, value))
        } else {
            Cow::Borrowed(value)
        }
    }
}

/// The headers that are decided.
pub(super) fn of_request<'a>(headers: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    headers.iter().filter(|(name, _)| !is_of_the_proxy(name)).copied().collect()
}

/// What the call says of the request: to others, or to the rules here, which see everything.
pub(super) fn input<'a>(request: &HttpRequest<'a>, hiding: Option<Hiding<'a>>) -> Vec<Member<'a>> {
    let HttpRequest { head, body, resolved } = *request;
    let text = |text: &'a str| node(Value::String(Cow::Borrowed(text)));
    let pair = |(name, value): (&'a str, &'a str)| {
        let value = hiding.map_or(Cow::Borrowed(value), |own| own.value(name, value));
        node(Value::Array(vec![text(name), node(Value::String(value))]))
    };
    let headers = of_request(head.headers).into_iter().map(pair).collect();
    let mut input = Vec::with_capacity(7);
    let mut add = |key: &'static str, value: Node<'a>| {
        input.push(Member { key: Cow::Borrowed(key), key_span: Span::default(), value });
    };
    add("method", text(head.method));
    add("scheme", text(head.scheme));
    add("authority", text(head.authority));
    add("path", text(head.path));
    add("headers", node(Value::Array(headers)));
    match body.map(|body| (body, std::str::from_utf8(body))) {
        None => {}
        Some((_, Ok(body))) => add("body", text(body)),
        Some((body, Err(_))) => add("bodyBase64", node(Value::String(Cow::Owned(base64::encode(body))))),
    }
    match resolved {
        Resolved::Unknown => {}
        Resolved::Later => add("resolvesLater", node(Value::Bool(true))),
        Resolved::To(addresses) => {
            add("resolvedIps", node(Value::Array(addresses.iter().map(|own| text(own)).collect())));
        }
    }
    input
}

fn node(value: Value<'_>) -> Node<'_> {
    Node { value, span: Span::default() }
}

/// The call of a request, as whoever keeps state wants it: JSON.
pub fn http_call(actor: &Actor<'_>, request: &HttpRequest<'_>) -> Vec<u8> {
    let call = read(actor, request);
    let mut out = String::with_capacity(512 + request.body.map_or(0, <[u8]>::len));
    actor.open(&mut out);
    out.push_str(",\"toolName\":\"http\",\"toolInput\":{");
    for (number, Member { key, value, .. }) in call.tool_input.iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        push_json_string(&mut out, key);
        out.push(':');
        value.write(&mut out);
    }
    out.push_str("}}");
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::{Actor, HttpRequest, Resolved, http_call, read};
    use crate::call::Call;
    use crate::http::HttpHead;

    /// What is decided in the proxy is what the daemon would read.
    #[test]
    fn the_call_and_its_json_are_the_same() {
        let addresses = ["192.0.2.1".to_owned(), "::1".to_owned()];
        let headers =
            [("a", "1\t\"x\""), ("Authorization", "secret"), ("x-request-id", "7"), ("é", "\u{2028}")];
        let head =
            HttpHead { method: "PUT", scheme: "http", authority: "h:1", path: "/p?q", headers: &headers };
        let actor =
            Actor { agent_id: "a", environment: Some("production"), session_id: Some("s"), secret: None };
        for body in [None, Some(&b"text \\ \n"[..]), Some(b""), Some(b"\xff\x00")] {
            for resolved in [Resolved::Unknown, Resolved::Later, Resolved::To(&addresses)] {
                let request = HttpRequest { head, body, resolved };
                let json = http_call(&actor, &request);
                let parsed = Call::parse(&json).expect("a call");
                let plain = |call: &Call<'_>| {
                    let mut out = String::new();
                    for member in &call.tool_input {
                        out.push_str(&member.key);
                        member.value.write(&mut out);
                    }
                    (
                        out,
                        call.agent_id.to_string(),
                        call.environment.as_deref().map(str::to_owned),
                        call.session_id.as_deref().map(str::to_owned),
                    )
                };
                assert_eq!(plain(&read(&actor, &request)), plain(&parsed));
                let json = String::from_utf8_lossy(&json).into_owned();
                assert!(!json.contains("secret") && json.contains("[REDACTED sha256:"), "{json}");
            }
        }
    }
}
