//! What every request passes before and after its handler.
//!
//! 1. It is counted.
//! 2. Where nobody is asked who they are, it has to come from this machine and not from a web
//!    page: a page can make a browser ask anybody (U8).
//! 3. Its query names nothing that its route does not know.
//! 4. It has so much time, its body included. A handler that panics has failed.
//! 5. A [`Problem`] gets the body that its asker understands, so that each of them is closed.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderName,
    HeaderValue, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Method, Uri};
use axum::response::Response;
use futures_util::FutureExt as _;
use futures_util::future::Either;
use prometheus::IntCounter;
use tower::{Layer, Service};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::problem::{Code, Problem};
use super::shared::Shared;
use super::{Route, answer, browser, exports, hooks};
use crate::auth::API_KEY_HEADER;

/// How long a browser remembers what a page may ask.
const CORS_AGE: Duration = Duration::from_secs(600);

/// The header of a repeatable request.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Says that an answer was given before.
pub(super) const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Where a stream goes on.
pub(super) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Keeps answers out of pages of others that would embed them without asking.
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// For everything that is no page, should a browser show it as one.
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'";

/// In which words a problem is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// As a problem.
    Problem,
    /// As a problem that is a denial, too.
    Denial,
    /// As a success whose body denies: a harness takes every other status for "go ahead".
    Hook,
}

/// Puts [`Front`] before a handler.
#[derive(Clone)]
pub(super) struct FrontLayer {
    shared: Arc<Shared>,
    route: &'static Route,
    requests: IntCounter,
}

impl FrontLayer {
    pub(super) fn new(shared: &Arc<Shared>, route: &'static Route) -> Self {
        let requests = shared.metrics.requests(route.method, route.path);
        Self { shared: Arc::clone(shared), route, requests }
    }
}

impl<S> Layer<S> for FrontLayer {
    type Service = Front<S>;

    fn layer(&self, inner: S) -> Front<S> {
        Front { inner, own: self.clone() }
    }
}

/// A handler, and what is done before and after it.
#[derive(Clone)]
pub(super) struct Front<S> {
    inner: S,
    own: FrontLayer,
}

type Answering = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

impl<S> Service<Request> for Front<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Answering, Ready<Result<Response, Infallible>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let FrontLayer { shared, route, requests } = &self.own;
        requests.inc();
        let admitted = admit(shared, &request).and_then(|()| check_query(request.uri(), route.query));
        if let Err(problem) = admitted {
            return Either::Right(ready(Ok(render(shared, &problem, route.refusal))));
        }
        let (shared, route) = (Arc::clone(shared), *route);
        let answering = AssertUnwindSafe(self.inner.call(request)).catch_unwind();
        Either::Left(Box::pin(async move {
            let limit = shared.app().config.request_timeout;
            let problem = match tokio::time::timeout(limit, answering).await {
                Ok(Ok(Ok(mut response))) => match response.extensions_mut().remove::<Problem>() {
                    Some(problem) => problem,
                    None => return Ok(secured(response)),
                },
                Ok(Ok(Err(never))) => match never {},
                // The panic was printed where it happened.
                Ok(Err(_)) => Problem::new(Code::Internal, "internal error: the daemon's log says more"),
                Err(_) => Problem::new(Code::Timeout, format!("no answer within {} ms", limit.as_millis())),
            };
            Ok(render(&shared, &problem, route.refusal))
        }))
    }
}

/// No route has this path.
pub(super) async fn not_found(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let problem = Problem::not_found("there is nothing at this path: GET /openapi.json lists what there is");
    stray(&shared, &request, problem)
}

/// Routes of this path have other methods. The router adds `Allow`.
pub(super) async fn method_not_allowed(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let problem = Problem::new(Code::MethodNotAllowed, "this path has other methods: see `Allow`");
    stray(&shared, &request, problem)
}

fn stray(shared: &Shared, request: &Request, problem: Problem) -> Response {
    shared.metrics.requests(method_label(request.method()), "other").inc();
    let problem = admit(shared, request).err().unwrap_or(problem);
    render(shared, &problem, Refusal::Problem)
}

/// Whoever asks can make up methods, but not labels.
fn method_label(method: &Method) -> &'static str {
    let known = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
        Method::CONNECT,
    ];
    let names = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];
    known.iter().zip(names).find(|(known, _)| *known == method).map_or("other", |(_, name)| name)
}

/// The answer that a problem is, for whoever asked.
fn render(shared: &Shared, problem: &Problem, refusal: Refusal) -> Response {
    shared.metrics.error(problem.code().word());
    let is_denial = match refusal {
        Refusal::Hook => return secured(hooks::refused(problem)),
        Refusal::Denial => true,
        Refusal::Problem => false,
    };
    let mut response = problem.head();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    *response.body_mut() = Body::from(problem.body(is_denial).to_string());
    secured(response)
}

/// Browsers guess nothing, keep nothing, and tell nobody.
fn secured(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(NO_PAGE));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// Where everybody may do everything, everybody is whoever sits at this machine: not a page that
/// its browser happens to show, under whatever name.
fn admit(shared: &Shared, request: &Request) -> Result<(), Problem> {
    if !shared.is_open_to_all() {
        return Ok(());
    }
    let text = |name: &HeaderName| request.headers().get_all(name).iter().map(|value| value.to_str().ok());
    let named = request.uri().authority().map(|own| Some(own.as_str()));
    let mut hosts = text(&HOST).chain(named).peekable();
    if hosts.peek().is_none() || !hosts.all(|host| host.is_some_and(is_local)) {
        let detail = "authentication is disabled, so only requests to `localhost`, `127.0.0.1` or `[::1]` are answered";
        return Err(Problem::new(Code::BadHost, detail));
    }
    let config = &shared.app().config;
    let is_allowed = |origin: &str| {
        config.cors_origins.contains(origin)
            || config.dashboard && browser::is_asked_origin(origin, request.headers(), request.uri())
    };
    let mut origins = text(&ORIGIN).peekable();
    let is_foreign = origins.peek().is_none() && browser::is_foreign(request.headers(), request.method());
    if is_foreign || !origins.all(|origin| origin.is_some_and(is_allowed)) {
        let detail = "authentication is disabled, so other web pages than the dashboard are answered only if SOE_CORS_ORIGINS names their origin";
        return Err(Problem::new(Code::BadOrigin, detail));
    }
    Ok(())
}

/// Whether a `Host` names this machine, with or without a port.
fn is_local(host: &str) -> bool {
    let rest = ["localhost", "127.0.0.1", "[::1]"].iter().find_map(|name| {
        let (own, rest) = host.split_at_checked(name.len())?;
        own.eq_ignore_ascii_case(name).then_some(rest)
    });
    rest.is_some_and(|rest| {
        rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
    })
}

/// Each parameter is known and given once: a mistyped filter would show what nobody asked for.
fn check_query(uri: &Uri, known: &[&str]) -> Result<(), Problem> {
    let Some(query) = uri.query().filter(|query| !query.is_empty()) else { return Ok(()) };
    let mut seen = BTreeSet::new();
    for pair in query.split('&') {
        let name = pair.split('=').next().unwrap_or_default();
        if !known.contains(&name) {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let name = answer::shown(name);
            return Err(Problem::bad_request(format!(
                "unknown query parameter `{name}`; known here: {known}"
            )));
        }
        if !seen.insert(name) {
            return Err(Problem::bad_request(format!("query parameter `{name}` is given twice")));
        }
    }
    Ok(())
}

/// Lets the pages of these origins ask, where there are any.
pub(super) fn cors(origins: &BTreeSet<String>) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let origins = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, API_KEY_HEADER, IDEMPOTENCY_KEY, LAST_EVENT_ID])
        .expose_headers([
            ALLOW,
            IDEMPOTENT_REPLAYED,
            axum::http::header::RETRY_AFTER,
            axum::http::header::CONTENT_DISPOSITION,
            exports::LEDGER_SIZE,
            exports::LEDGER_ROOT,
            exports::LEDGER_CHECKPOINT,
        ])
        .max_age(CORS_AGE);
    Some(layer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_local() {
        for good in ["localhost", "LOCALHOST:3100", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:3100"] {
            assert!(is_local(good), "{good}");
        }
        for bad in [
            "",
            "localhost.example.com",
            "127.0.0.1.nip.io",
            "127.0.0.2",
            "localhost:",
            "localhost:x",
            "[::1",
            "::1",
        ] {
            assert!(!is_local(bad), "{bad}");
        }
    }

    #[test]
    fn a_query_is_checked_by_name() {
        let check =
            |query: &str, known: &[&str]| check_query(&format!("/x?{query}").parse().unwrap(), known).is_ok();
        assert!(check("", &[]));
        assert!(check("limit=1&page=2", &["page", "limit"]));
        for bad in ["x=1", "limit", "LIMIT=1", "limit=1&", "limi%74=1"] {
            assert!(!check(bad, &["page"]), "{bad}");
        }
        assert!(!check("page=1&page=2", &["page"]));
    }
}
