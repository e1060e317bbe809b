//! In front of an address: streamable HTTP. Requests are read whole, answers go on event by event.
//!
//! A page in a browser can reach this machine's ports under a name of its own, so the names that we
//! are asked by are checked: `Host`, and `Origin` where there is one (M6).

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT, ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderName,
    HeaderValue, ORIGIN, USER_AGENT, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use futures_util::stream;
use reqwest::{Client, Url};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::gate::{Answer, Gate, Passage};
use crate::engine::McpHeader;
use crate::limits::{MCP_MESSAGE_BYTES_MAX, MCP_REQUESTS_MAX};

/// Headers of the protocol begin so.
const OURS: &str = "mcp-";

/// Where a stream that broke goes on.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Names of this machine.
const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// A server at an address, behind a gate.
pub struct Upstream {
    /// Passes messages.
    pub gate: Arc<Gate>,
    /// Asks the server.
    pub http: Client,
    /// Its endpoint.
    pub url: Url,
    /// Origins of pages that may ask, beside those of this machine.
    pub origins: BTreeSet<String>,
}

struct Proxy {
    own: Upstream,
    places: Arc<Semaphore>,
}

/// Serves until told to stop.
///
/// # Errors
///
/// Where the socket fails.
pub async fn serve(
    own: Upstream,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let origins: Vec<_> = own.origins.iter().filter_map(|own| HeaderValue::from_str(own).ok()).collect();
    let proxy = Arc::new(Proxy { own, places: Arc::new(Semaphore::new(MCP_REQUESTS_MAX)) });
    let mut router = Router::new().fallback(handle).with_state(proxy);
    if !origins.is_empty() {
        let exposed = [HeaderName::from_static("mcp-session-id"), WWW_AUTHENTICATE];
        router = router.layer(
            CorsLayer::new()
                .allow_origin(AllowOrigin::list(origins))
                .allow_methods([Method::GET, Method::POST, Method::DELETE])
                .allow_headers(tower_http::cors::AllowHeaders::mirror_request())
                .expose_headers(exposed),
        );
    }
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

/// The address of a listener that only this machine reaches.
pub const fn is_loopback(address: &SocketAddr) -> bool {
    address.ip().is_loopback()
}

async fn handle(State(proxy): State<Arc<Proxy>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if !is_asked_by_its_name(&head.headers) {
        return refusal(StatusCode::FORBIDDEN, "ask by `localhost`, `127.0.0.1` or `[::1]`");
    }
    if !is_of_known_origin(&head.headers, &proxy.own.origins) {
        return refusal(StatusCode::FORBIDDEN, "this page may not ask: name its origin with --allow-origin");
    }
    if head.uri.path() != proxy.own.url.path() || head.uri.query().is_some() {
        let detail = format!("the only endpoint here is `{}`", proxy.own.url.path());
        return refusal(StatusCode::NOT_FOUND, &detail);
    }
    let Ok(place) = Arc::clone(&proxy.places).try_acquire_owned() else {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "too many requests are open: try again");
    };
    if head.method == Method::POST {
        return proxy.post(&head.headers, body, place).await;
    }
    if head.method == Method::GET || head.method == Method::DELETE {
        return proxy.forward(head.method, &head.headers, None, place).await;
    }
    let mut response = refusal(StatusCode::METHOD_NOT_ALLOWED, "use POST, GET or DELETE");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST, GET, DELETE"));
    response
}

impl Proxy {
    async fn post(&self, headers: &HeaderMap, body: Body, place: OwnedSemaphorePermit) -> Response {
        if !is_plain(headers) || !is_type(headers, "application/json") {
            let detail = "send `Content-Type: application/json`, not compressed";
            return refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail);
        }
        let Ok(message) = axum::body::to_bytes(body, MCP_MESSAGE_BYTES_MAX).await else {
            return refusal(StatusCode::PAYLOAD_TOO_LARGE, "the message is too long, or ended early");
        };
        let seen: Vec<_> = headers
            .iter()
            .map(|(name, value)| McpHeader {
                name: name.as_str().as_bytes().to_vec(),
                value: value.as_bytes().to_vec(),
            })
            .collect();
        match self.own.gate.client(&message, Some(&seen)).await {
            Passage::Pass(message) => self.forward(Method::POST, headers, Some(message), place).await,
            Passage::Answer(reply) => {
                let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                json(status, reply.body)
            }
        }
    }

    async fn forward(
        &self,
        method: Method,
        headers: &HeaderMap,
        body: Option<Vec<u8>>,
        place: OwnedSemaphorePermit,
    ) -> Response {
        let mut request = self.own.http.request(method, self.own.url.clone());
        for (name, value) in headers.iter().filter(|(name, _)| travels_on(name)) {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => {
                self.own.gate.refused("mcp-server-unreachable", &error.without_url().to_string());
                return refusal(StatusCode::BAD_GATEWAY, "the server does not answer");
            }
        };
        if !is_plain(answer.headers()) || answer.status().is_redirection() {
            self.own
                .gate
                .refused("mcp-answer-unreadable", "the server answers compressed, or from elsewhere");
            return refusal(StatusCode::BAD_GATEWAY, "the server answers in a way that cannot be read");
        }
        let kind = answer.headers().get(CONTENT_TYPE).cloned();
        let text = kind.as_ref().and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let passing = self.own.gate.answer(text);
        let mut response = Response::new(Body::empty());
        *response.status_mut() = answer.status();
        let own = answer.headers().iter().filter(|(name, _)| travels_back(name));
        response.headers_mut().extend(own.map(|(name, value)| (name.clone(), value.clone())));
        *response.body_mut() = Body::from_stream(stream(answer, passing, place));
        response
    }
}

/// What comes from the server and may be seen, as it comes.
fn stream(
    answer: reqwest::Response,
    passing: Answer,
    place: OwnedSemaphorePermit,
) -> impl stream::Stream<Item = Result<Bytes, String>> + Send + 'static {
    stream::unfold(Some((answer, passing, place)), |own| async move {
        let (mut answer, mut passing, place) = own?;
        loop {
            let shown = match answer.chunk().await {
                Ok(Some(bytes)) => passing.push(&bytes, false),
                Ok(None) => {
                    let last = passing.push(&[], true);
                    return Some((last.map(Bytes::from), None));
                }
                Err(error) => Err(error.without_url().to_string()),
            };
            match shown {
                Ok(shown) if shown.is_empty() => {}
                Ok(shown) => return Some((Ok(shown.into()), Some((answer, passing, place)))),
                // The connection breaks off, so that nobody takes this for all of it.
                Err(why) => return Some((Err(why), None)),
            }
        }
    })
}

/// Requests carry what the server has to know, and nothing about the way here.
fn travels_on(name: &HeaderName) -> bool {
    let known = [ACCEPT, AUTHORIZATION, USER_AGENT, LAST_EVENT_ID];
    name.as_str().starts_with(OURS) || known.contains(name)
}

fn travels_back(name: &HeaderName) -> bool {
    let known = [CONTENT_TYPE, CACHE_CONTROL, WWW_AUTHENTICATE];
    name.as_str().starts_with(OURS) || known.contains(name)
}

fn is_plain(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().all(|value| value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

fn is_type(headers: &HeaderMap, wanted: &str) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter().map(|value| value.to_str().unwrap_or_default());
    let (Some(one), None) = (types.next(), types.next()) else { return false };
    one.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted)
}

fn is_asked_by_its_name(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter().map(|host| host.to_str().unwrap_or_default());
    matches!((hosts.next(), hosts.next()), (Some(host), None) if is_local(host))
}

fn is_of_known_origin(headers: &HeaderMap, known: &BTreeSet<String>) -> bool {
    headers.get_all(ORIGIN).iter().all(|origin| {
        let origin = origin.to_str().unwrap_or_default();
        let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        known.contains(origin) || host.is_some_and(is_local)
    })
}

/// A name of this machine, with a port or without.
fn is_local(host: &str) -> bool {
    LOCAL.iter().any(|name| {
        let Some((own, rest)) = host.split_at_checked(name.len()) else { return false };
        let port = rest.strip_prefix(':');
        let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        own.eq_ignore_ascii_case(name) && (rest.is_empty() || port.is_some_and(is_port))
    })
}

fn refusal(status: StatusCode, why: &str) -> Response {
    let message = serde_json::Value::from(why);
    json(status, format!(r#"{{"jsonrpc":"2.0","error":{{"code":-32600,"message":{message}}}}}"#))
}

fn json(status: StatusCode, body: String) -> Response {
    let is_empty = body.is_empty();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    if !is_empty {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn another_name_is_another_machine() {
        for good in ["localhost", "LOCALHOST:80", "127.0.0.1:1", "[::1]:3000"] {
            assert!(is_asked_by_its_name(&headers(&HOST, &[good])), "{good}");
        }
        for wrong in
            ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io:80", "localhost:", "localhost:x", ""]
        {
            assert!(!is_asked_by_its_name(&headers(&HOST, &[wrong])), "{wrong}");
        }
        assert!(!is_asked_by_its_name(&headers(&HOST, &[])));
        assert!(!is_asked_by_its_name(&headers(&HOST, &["localhost", "localhost"])));
    }

    #[test]
    fn pages_of_others_do_not_ask() {
        let known = BTreeSet::from(["https://app.example".to_owned()]);
        for good in [&[][..], &["http://localhost:6274"], &["https://app.example"], &["http://[::1]"]] {
            assert!(is_of_known_origin(&headers(&ORIGIN, good), &known), "{good:?}");
        }
        for wrong in
            ["http://app.example", "https://app.example.evil", "null", "http://localhost.evil", "file://"]
        {
            assert!(!is_of_known_origin(&headers(&ORIGIN, &[wrong]), &known), "{wrong}");
        }
        assert!(!is_of_known_origin(&headers(&ORIGIN, &["http://localhost", "http://evil"]), &known));
    }
}
