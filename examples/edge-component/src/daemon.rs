//! Asks the daemon, over the host's own client, and reads what it says. An answer that is not exactly a
//! verdict about this call is none.

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use serde::Deserialize;
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme,
};
use wasip2::io::poll::poll;

use crate::decide::Asked;
use crate::problem::{Code, Problem};
use crate::settings::Daemon;

/// Longest answer, in bytes.
const ANSWER_BYTES_MAX: usize = 256 << 10;

/// A verdict of the daemon; what is acted on.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ruling {
    decision: Word,
    permitted: bool,
    enforced: bool,
    agent_id: String,
    tool_name: String,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Word {
    Allow,
    Escalate,
    Deny,
}

/// Asks, and gives the answer as it came.
pub(crate) fn ask(daemon: &Daemon, asked: &Asked<'_>) -> Result<String, Problem> {
    let until = Instant::now() + daemon.timeout;
    let future = send(daemon, asked).ok_or_else(|| {
        Problem::new(Code::DaemonUnreachable, "DAEMON_URL is no address, or the host sends no requests")
    })?;
    let response = wait(&future, daemon.timeout)?;
    let status = response.status();
    let body = read(&response, until)?;
    if status != 200 {
        return Err(Problem::new(
            Code::DaemonRefused,
            format!("the daemon answered {status}, and no verdict"),
        ));
    }
    check(body, asked)
}

/// Starts the request; `None` where it cannot be made.
fn send(daemon: &Daemon, asked: &Asked<'_>) -> Option<FutureIncomingResponse> {
    let (scheme, rest) = daemon.url.split_once("://")?;
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        _ => return None,
    };
    let (authority, base) = rest.split_once('/').unwrap_or((rest, ""));
    let base = base.trim_end_matches('/');
    let path = if base.is_empty() { "/v1/evaluate".to_owned() } else { format!("/{base}/v1/evaluate") };
    let text = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    let mut headers = vec![
        text("authorization", &format!("Bearer {}", daemon.token)),
        text("content-type", "application/json"),
        text("content-length", &asked.call.len().to_string()),
    ];
    headers.extend(asked.idempotency_key.map(|key| text("idempotency-key", key)));
    let request = OutgoingRequest::new(Fields::from_list(&headers).ok()?);
    request.set_method(&Method::Post).ok()?;
    request.set_scheme(Some(&scheme)).ok()?;
    request.set_authority(Some(authority)).ok()?;
    request.set_path_with_query(Some(&path)).ok()?;
    let options = RequestOptions::new();
    let limit = Some(u64::try_from(daemon.timeout.as_nanos()).unwrap_or(u64::MAX));
    options.set_connect_timeout(limit).ok()?;
    options.set_first_byte_timeout(limit).ok()?;
    options.set_between_bytes_timeout(limit).ok()?;
    let body = request.body().ok()?;
    let future = outgoing_handler::handle(request, Some(options)).ok()?;
    // Where it cannot be written the daemon is not there, which the answer says.
    if let Ok(mut stream) = body.write() {
        let _ = stream.write_all(asked.call).and_then(|()| io::Write::flush(&mut stream));
    }
    let _ = OutgoingBody::finish(body, None);
    Some(future)
}

/// Waits for the head of the answer, and no longer than that.
fn wait(future: &FutureIncomingResponse, timeout: Duration) -> Result<IncomingResponse, Problem> {
    let (ready, late) =
        (future.subscribe(), subscribe_duration(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX)));
    poll(&[&ready, &late]);
    match future.get() {
        None => Err(slow()),
        Some(Ok(Ok(response))) => Ok(response),
        Some(Ok(Err(
            ErrorCode::ConnectionTimeout | ErrorCode::ConnectionReadTimeout | ErrorCode::HttpResponseTimeout,
        ))) => Err(slow()),
        Some(Ok(Err(_)) | Err(())) => {
            Err(Problem::new(Code::DaemonUnreachable, "the daemon that keeps state cannot be reached"))
        }
    }
}

fn slow() -> Problem {
    Problem::new(Code::DaemonTimeout, "the daemon that keeps state did not answer in time")
}

/// The body, of a bearable size, in what is left of the time.
fn read(response: &IncomingResponse, until: Instant) -> Result<Vec<u8>, Problem> {
    let broken = || Problem::new(Code::DaemonRefused, "the daemon's answer ended early");
    let body = response.consume().map_err(|()| broken())?;
    let mut stream = body.stream().map_err(|()| broken())?;
    let (mut bytes, mut chunk) = (Vec::new(), [0; 16 << 10]);
    loop {
        let size = io::Read::read(&mut stream, &mut chunk).map_err(|_| broken())?;
        if size == 0 {
            return Ok(bytes);
        }
        bytes.extend_from_slice(chunk.get(..size).unwrap_or_default());
        if bytes.len() > ANSWER_BYTES_MAX {
            return Err(Problem::new(Code::DaemonRefused, "the daemon's answer is too long"));
        }
        if Instant::now() > until {
            return Err(slow());
        }
    }
}

/// One about another call, or one that permits what it says is denied and enforced, is no answer.
fn check(body: Vec<u8>, asked: &Asked<'_>) -> Result<String, Problem> {
    let none = || Problem::new(Code::DaemonRefused, "the daemon did not answer with a verdict on this call");
    let ruling: Ruling = serde_json::from_slice(&body).map_err(|_| none())?;
    let is_ours = ruling.agent_id == asked.agent_id && ruling.tool_name == asked.tool_name;
    let contradicts = ruling.permitted && ruling.enforced && ruling.decision != Word::Allow;
    if !is_ours || contradicts {
        return Err(none());
    }
    String::from_utf8(body).map_err(|_| none())
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::decide::Asked;

    const ANSWER: &str =
        r#"{"decision":"allow","permitted":true,"enforced":true,"agentId":"a","toolName":"t"}"#;

    fn is_taken(body: &str) -> bool {
        let asked = Asked { call: b"{}", agent_id: "a", tool_name: "t", idempotency_key: None };
        check(body.as_bytes().to_vec(), &asked).is_ok()
    }

    #[test]
    fn only_a_verdict_on_this_call_is_an_answer() {
        assert!(is_taken(ANSWER));
        assert!(is_taken(
            &ANSWER.replace("allow", "deny").replace("\"enforced\":true", "\"enforced\":false")
        ));
        for bad in [
            "",
            "{}",
            r#"{"permitted":true}"#,
            &ANSWER.replace("allow", "deny"),
            &ANSWER.replace("allow", "escalate"),
            &ANSWER.replace("allow", "maybe"),
            &ANSWER.replace("\"a\"", "\"b\""),
            &ANSWER.replace("\"t\"", "\"u\""),
        ] {
            assert!(!is_taken(bad), "{bad}");
        }
    }
}
