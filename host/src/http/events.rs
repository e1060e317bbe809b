//! Entries as they happen, as server-sent events.
//!
//! A stream is a place in the ledger and nothing else. It wakes when the ledger has grown, reads on
//! from its place, and sends as fast as its client takes it. So there is no queue that could
//! overflow, and a client that went away goes on where it was (U7).
//!
//! Who is behind by more than [`BEHIND_MAX`] is not worth waiting for: the stream jumps to the
//! newest [`KEPT_MAX`] and says how many it left out.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, HeaderValue};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::watch;

use super::answer::{self, Reply};
use super::caller::{Caller, Kept, Ticketed, Watcher};
use super::front::LAST_EVENT_ID;
use super::input::{self, Params};
use super::login;
use super::problem::{Code, Problem};
use super::shared::{STREAMS_MAX, STREAMS_OF_SUBJECT_MAX, Shared, StreamPlace};
use crate::app::logins::LoginError;
use crate::app::reads;
use crate::state::{Entry, EntryKind};
use crate::store::{EntryFilter, Order};

/// Entries that are read at once.
const PAGE: u32 = 256;

/// Entries that a stream may be behind.
const BEHIND_MAX: u64 = 10_000;

/// Entries that are sent of those.
const KEPT_MAX: u64 = 1_000;

/// How often a stream that has nothing to say shows that it is there.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How often a stream looks whether its credential is still good.
const RECHECK: Duration = Duration::from_secs(15);

/// What a client hears first: when to come back, should it lose us.
const GREETING: &str = "retry: 2000\n: sentinel\n";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StreamQuery {
    agent: Option<String>,
    decision: Option<String>,
    last_event_id: Option<u64>,
}

/// A verdict as it is told. The recorded fields keep their bytes.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    #[serde(borrow)]
    decision: &'a RawValue,
    #[serde(borrow)]
    agent_id: &'a RawValue,
    #[serde(borrow)]
    tool_name: &'a RawValue,
    #[serde(borrow)]
    reason: &'a RawValue,
    #[serde(borrow)]
    layer: &'a RawValue,
    #[serde(borrow)]
    code: &'a RawValue,
    #[serde(borrow)]
    mode: &'a RawValue,
    enforced: bool,
    permitted: bool,
    #[serde(borrow, rename(deserialize = "id"))]
    verdict_id: &'a RawValue,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a RawValue>,
    #[serde(borrow, rename(deserialize = "at"))]
    timestamp: &'a RawValue,
    risk_points: u64,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    approval_id: Option<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ticket {
    ticket: String,
    expires_at: String,
}

/// POST /v1/events/ticket
///
/// For who cannot send a header with a stream, and should not put a credential into an address.
pub(super) async fn ticket(caller: Caller<Watcher>, headers: HeaderMap) -> Reply {
    let (_, grant) = caller.view()?;
    let app = grant.app();
    let made = grant.login().map_or_else(|| app.ticket(&headers), |login| app.ticket_of(login));
    let pass = match made {
        Ok(pass) => pass,
        Err(LoginError::Auth(error)) => return Err(error.into()),
        Err(error @ LoginError::Randomness) => return Err(Problem::internal(&error)),
    };
    let ticket = app.logins.key().seal(&pass);
    let ticket = ticket.ok_or_else(|| Problem::bad_request("the subject of this credential is too long"))?;
    answer::json(&Ticket { ticket, expires_at: login::text(pass.ends_at()) })
}

/// GET /v1/events/stream
pub(super) async fn stream(
    Ticketed(caller): Ticketed<Watcher>,
    Params(query): Params<StreamQuery>,
    headers: HeaderMap,
) -> Reply {
    let (view, grant) = caller.view()?;
    let shared = Arc::clone(grant.shared());
    let filter =
        Filter { agent: view.narrow(query.agent.as_deref())?, decision: input::decision(query.decision)? };
    let last = last_seen(&headers, query.last_event_id)?;
    let place = shared.stream_place(grant.subject()).ok_or_else(|| {
        Problem::new(
            Code::Busy,
            format!("{STREAMS_OF_SUBJECT_MAX} streams of yours are open, or {STREAMS_MAX} in all: close one, or try again"),
        )
    })?;
    // What the store has, and not what this daemon was told of: a client may come from another one.
    // A place beyond that was seen in another ledger.
    let end = reads::head(grant.app()).await?.tree.size();
    let stream = Stream::new(shared, filter, last, end, grant.kept(&headers), place);
    let chunks = futures_util::stream::unfold(stream, Stream::next);
    let mut response = answer::typed("text/event-stream", Body::from_stream(chunks));
    // Proxies that gather an answer before they pass it on would hold the events back.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    Ok(response)
}

/// The last entry that a client has seen. Browsers send the header when they come back by
/// themselves; it is newer than what stands in the address.
fn last_seen(headers: &HeaderMap, asked: Option<u64>) -> Result<Option<u64>, Problem> {
    let Some(header) = headers.get(LAST_EVENT_ID) else { return input::place(asked) };
    let text = header.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    match text {
        Some("") => input::place(asked),
        text => {
            let place = text.and_then(|text| text.parse().ok());
            input::place(Some(
                place.ok_or_else(|| Problem::bad_request("`Last-Event-ID` is the index of an entry"))?,
            ))
        }
    }
}

/// What a stream shows.
struct Filter {
    agent: Option<String>,
    decision: Option<String>,
}

impl Filter {
    fn shows(&self, own: &Entry) -> bool {
        self.agent.as_ref().is_none_or(|agent| *agent == own.entry.agent)
            && self.decision.as_ref().is_none_or(|decision| decision == own.entry.decision)
    }
}

/// A stream, between two chunks.
struct Stream {
    shared: Arc<Shared>,
    filter: Filter,
    /// The next entry to read.
    place: u64,
    size: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    kept: Kept,
    checked_at: Instant,
    is_greeted: bool,
    _open: StreamPlace,
}

impl Stream {
    fn new(
        shared: Arc<Shared>,
        filter: Filter,
        last: Option<u64>,
        end: u64,
        kept: Kept,
        open: StreamPlace,
    ) -> Self {
        let (size, stopping) = (shared.app().size.subscribe(), shared.stopping.subscribe());
        let place = last.map_or(end, |last| last.saturating_add(1).min(end));
        Self {
            shared,
            filter,
            place,
            size,
            stopping,
            kept,
            checked_at: Instant::now(),
            is_greeted: false,
            _open: open,
        }
    }

    /// The next chunk; `None` ends the stream.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        let text = self.text().await?;
        Some((Ok(Bytes::from(text)), self))
    }

    async fn text(&mut self) -> Option<String> {
        if !std::mem::replace(&mut self.is_greeted, true) {
            return Some(format!("{GREETING}{}\n", self.mark()));
        }
        loop {
            if *self.stopping.borrow() || !self.is_still_known() {
                return None;
            }
            let end = *self.size.borrow_and_update();
            if let Some(place) = jump(self.place, end) {
                let count = place.saturating_sub(std::mem::replace(&mut self.place, place));
                return Some(format!("event: dropped\n{}data: {{\"count\":{count}}}\n\n", self.mark()));
            }
            if self.place < end {
                let text = self.read(end).await?;
                if !text.is_empty() {
                    return Some(text);
                }
                continue;
            }
            tokio::select! {
                // Where the daemon is gone, so is the stream.
                changed = self.size.changed() => changed.ok()?,
                changed = self.stopping.changed() => changed.ok()?,
                () = tokio::time::sleep(HEARTBEAT) => return Some(format!(": heartbeat\n{}\n", self.mark())),
            }
        }
    }

    /// Moves a client that has nothing to show forward, so that it comes back to where it is.
    fn mark(&self) -> String {
        self.place.checked_sub(1).map_or_else(String::new, |last| format!("id: {last}\n"))
    }

    /// A page of entries, as events. A stream that cannot read ends; its client comes back.
    async fn read(&mut self, end: u64) -> Option<String> {
        let from = self.place;
        let reading = self.shared.app().readers.read(move |reader| {
            Ok(reader.entries(from, Order::OldestFirst, &EntryFilter::default(), PAGE)?)
        });
        let entries = match reading.await {
            Ok(entries) => entries,
            Err(error) => {
                tracing::warn!(%error, "an event stream ends: the ledger could not be read");
                return None;
            }
        };
        // The size is told after the commit, so there is something; if not, nothing is missed.
        self.place = entries.last().map_or(end, |last| last.seq.saturating_add(1));
        let mut text = String::new();
        for own in entries.iter().filter(|own| self.filter.shows(own)) {
            push(&mut text, own);
        }
        Some(text)
    }

    /// A credential that expired or was revoked is no longer told anything.
    fn is_still_known(&mut self) -> bool {
        if self.checked_at.elapsed() < RECHECK {
            return true;
        }
        self.checked_at = Instant::now();
        self.shared.is_still_good(&self.kept)
    }
}

/// Where to go on for who is too far behind the end.
const fn jump(place: u64, end: u64) -> Option<u64> {
    if end.saturating_sub(place) > BEHIND_MAX { Some(end.saturating_sub(KEPT_MAX)) } else { None }
}

/// An entry as an event. Recorded bytes hold no line feed: they are canonical JSON.
fn push(text: &mut String, own: &Entry) {
    let data = match own.entry.kind {
        EntryKind::Verdict => told(&own.entry.body),
        EntryKind::Outcome
        | EntryKind::HoldExpired
        | EntryKind::SessionStart
        | EntryKind::SessionEnd
        | EntryKind::SessionReset
        | EntryKind::PolicyDeploy
        | EntryKind::PolicyRemove
        | EntryKind::KeyRotation
        | EntryKind::DaemonStart
        | EntryKind::DaemonStop
        | EntryKind::StoreRecovered
        | EntryKind::ApprovalAnswer
        | EntryKind::ApprovalEnd
        | EntryKind::ApprovalNotify => {
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(text, "event: {}", own.entry.kind.as_str());
            Cow::Borrowed(own.entry.body.as_str())
        }
    };
    let _ = write!(text, "id: {}\ndata: {data}\n\n", own.seq);
}

/// A verdict in the words of an answer; as it is recorded, should it not be readable.
fn told(body: &str) -> Cow<'_, str> {
    let told = serde_json::from_str::<Told<'_>>(body).and_then(|told| serde_json::to_string(&told));
    told.map_or(Cow::Borrowed(body), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_told_with_its_recorded_bytes() {
        let body = r#"{"agentId":"a","at":"2026-03-09T10:15:30.000Z","callDigest":"x","charges":[],"code":"c","decision":"deny","enforced":true,"engine":"e","id":"main-7","kind":"verdict","layer":"identity","mode":"enforce","permitted":false,"policy":null,"reason":"\u003cb>","riskPoints":3,"rule":null,"subject":"s","toolInput":{},"toolName":"T"}"#;
        assert_eq!(
            told(body),
            r#"{"decision":"deny","agentId":"a","toolName":"T","reason":"\u003cb>","layer":"identity","code":"c","mode":"enforce","enforced":true,"permitted":false,"verdictId":"main-7","timestamp":"2026-03-09T10:15:30.000Z","riskPoints":3}"#
        );
        assert_eq!(told("{}"), "{}");
    }

    #[test]
    fn who_is_too_far_behind_jumps() {
        assert_eq!(jump(5, 5), None);
        assert_eq!(jump(5, 5 + BEHIND_MAX), None);
        assert_eq!(jump(5, 6 + BEHIND_MAX), Some(6 + BEHIND_MAX - KEPT_MAX));
    }

    #[test]
    fn a_stream_goes_on_where_its_client_was() {
        let header =
            |value: &'static str| HeaderMap::from_iter([(LAST_EVENT_ID, HeaderValue::from_static(value))]);
        assert_eq!(last_seen(&HeaderMap::new(), None).unwrap(), None);
        assert_eq!(last_seen(&HeaderMap::new(), Some(4)).unwrap(), Some(4));
        assert_eq!(last_seen(&header("7"), Some(4)).unwrap(), Some(7));
        assert_eq!(last_seen(&header(""), Some(4)).unwrap(), Some(4));
        for wrong in ["-1", "x", "+1", "99999999999999999999"] {
            assert!(last_seen(&header(wrong), None).is_err(), "{wrong}");
        }
    }
}
