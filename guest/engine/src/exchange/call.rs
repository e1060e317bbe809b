//! Writes the call `http` for a request as an enforcement point holds it.

use crate::base64;
use crate::data::headers::{is_credential, is_of_the_proxy};
use crate::http::HttpHead;
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

/// The call of a request: its head, its body if that was read, and the addresses that its host was
/// resolved to.
///
/// Values of credentials are left out, and so are headers that the proxy itself adds: nothing is
/// decided by them, records must not hold the former, and the latter differ whenever a request is
/// sent again.
pub fn http_call(
    actor: &Actor<'_>,
    head: &HttpHead<'_>,
    body: Option<&[u8]>,
    resolved: &[String],
) -> Vec<u8> {
    let mut out = String::with_capacity(512 + body.map_or(0, <[u8]>::len));
    actor.open(&mut out);
    out.push_str(",\"toolName\":\"http\",\"toolInput\":{");
    for (name, value) in
        [("method", head.method), ("scheme", head.scheme), ("authority", head.authority), ("path", head.path)]
    {
        out.push('"');
        out.push_str(name);
        out.push_str("\":");
        push_json_string(&mut out, value);
        out.push(',');
    }
    out.push_str("\"headers\":[");
    let mut is_first = true;
    for (name, value) in head.headers.iter().filter(|(name, _)| !is_of_the_proxy(name)) {
        if !is_first {
            out.push(',');
        }
        is_first = false;
        out.push('[');
        push_json_string(&mut out, name);
        out.push(',');
        push_json_string(&mut out, if is_credential(name) { "[REDACTED]" } else { value });
        out.push(']');
    }
    out.push(']');
    if let Some(body) = body {
        match std::str::from_utf8(body) {
            Ok(text) => {
                out.push_str(",\"body\":");
                push_json_string(&mut out, text);
            }
            Err(_) => {
                out.push_str(",\"bodyBase64\":\"");
                out.push_str(&base64::encode(body));
                out.push('"');
            }
        }
    }
    if !resolved.is_empty() {
        out.push_str(",\"resolvedIps\":");
        crate::wire::push_json_list(&mut out, resolved);
    }
    out.push_str("}}");
    out.into_bytes()
}
