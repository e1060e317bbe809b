//! Between `wasi:http` and values: the head and the body of a request come in, a reply goes out.

use std::io::{self, Read as _, Write as _};
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use wasip2::http::types::{
    Fields, IncomingBody, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use wasip2::random::random::get_random_u64;

use crate::body::{BODY_BYTES_MAX, too_large};
use crate::daemon;
use crate::decide::{Asked, Instant, World, no_daemon};
use crate::policies::{self, Found};
use crate::problem::{Code, Problem};
use crate::serve::serve;
use crate::settings::Settings;

/// All of a request but its body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) has_query: bool,
    /// Names in lower case. A value that is no text is an empty one.
    pub(crate) headers: Vec<(String, String)>,
}

impl Head {
    /// Every value of a header.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// A response.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn new(status: u16, content_type: &str, body: String) -> Self {
        let headers = [
            ("content-type", content_type),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
        ];
        let headers = headers.map(|(name, value)| (name, value.to_owned())).to_vec();
        Self { status, headers, body }
    }
}

/// Answers a request.
pub(crate) fn handle(request: &IncomingRequest, out: ResponseOutparam) {
    let settings = Settings::read();
    let head = head(request);
    let reply = serve(&Place(&settings), &settings, &head, || body(request, &head));
    write(out, &reply);
}

/// This place, as the host gives it.
struct Place<'a>(&'a Settings);

impl World for Place<'_> {
    fn policy(&self, agent: &str) -> Found {
        policies::find(&self.0.policies, agent)
    }

    fn ask(&self, asked: &Asked<'_>) -> Result<String, Problem> {
        daemon::ask(self.0.daemon.as_ref().ok_or_else(no_daemon)?, asked)
    }

    fn environment(&self) -> Option<&str> {
        self.0.environment.as_deref()
    }

    fn now(&self) -> Instant {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let timestamp = Timestamp::UNIX_EPOCH.checked_add(since).unwrap_or_default();
        Instant { milliseconds: timestamp.as_millisecond().unsigned_abs(), text: format!("{timestamp:.3}") }
    }

    fn verdict_id(&self) -> String {
        format!("{}-{:016x}{:016x}", self.0.point, get_random_u64(), get_random_u64())
    }
}

fn head(request: &IncomingRequest) -> Head {
    let target = request.path_with_query().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let text = |value: Vec<u8>| String::from_utf8(value).unwrap_or_default();
    let headers = request.headers().entries();
    Head {
        method: method(&request.method()).to_owned(),
        path: path.to_owned(),
        has_query: !query.is_empty(),
        headers: headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), text(value))).collect(),
    }
}

/// The methods that something answers to.
const fn method(method: &Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Head
        | Method::Put
        | Method::Delete
        | Method::Connect
        | Method::Options
        | Method::Trace
        | Method::Patch
        | Method::Other(_) => "other",
    }
}

fn body(request: &IncomingRequest, head: &Head) -> Result<Vec<u8>, Problem> {
    let said = head.all("content-length").next().and_then(|text| text.parse::<usize>().ok());
    if said.is_some_and(|said| said > BODY_BYTES_MAX) {
        return Err(too_large());
    }
    let internal = |()| Problem::new(Code::Internal, "the host gives no body");
    let body = request.consume().map_err(internal)?;
    let bytes = bounded(&body, BODY_BYTES_MAX)
        .map_err(|()| Problem::bad_request("the body ended early"))?
        .ok_or_else(too_large)?;
    if said.is_some_and(|said| said != bytes.len()) {
        return Err(Problem::bad_request("the body ended early"));
    }
    Ok(bytes)
}

/// All bytes of a body; `None` if there are more than so many.
pub(crate) fn bounded(body: &IncomingBody, most: usize) -> Result<Option<Vec<u8>>, ()> {
    let stream = body.stream()?;
    let mut bytes = Vec::new();
    stream.take(most as u64 + 1).read_to_end(&mut bytes).map_err(|_| ())?;
    Ok(if bytes.len() > most { None } else { Some(bytes) })
}

/// Sends a reply. Where the host takes none the asker gets no answer, which permits nothing.
fn write(out: ResponseOutparam, reply: &Reply) {
    let headers: Vec<_> =
        reply.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into_bytes())).collect();
    let fields = Fields::from_list(&headers).unwrap_or_else(|_| Fields::new());
    let response = OutgoingResponse::new(fields);
    // Each of our statuses is one.
    let _ = response.set_status_code(reply.status);
    let body = response.body();
    ResponseOutparam::set(out, Ok(response));
    let Ok(body) = body else { return };
    if let Ok(mut stream) = body.write() {
        let _ = stream.write_all(reply.body.as_bytes()).and_then(|()| io::Write::flush(&mut stream));
    }
    let _ = OutgoingBody::finish(body, None);
}
