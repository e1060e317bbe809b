//! What an agent did, for other programs: a file that is written while it is sent.
//!
//! What it covers is fixed before the first byte, and stands in the headers. Where something cannot
//! be proven on the way, the connection is cut off: half a file must not look like a whole one.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_DISPOSITION, HeaderName, HeaderValue};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;

use super::answer::{Reply, shown};
use super::caller::{Auditor, Caller, Grant, Kept};
use super::input::{self, Named, Params};
use super::problem::{Code, Problem};
use super::shared::{STREAMS_MAX, STREAMS_OF_SUBJECT_MAX, Shared, StreamPlace};
use crate::app::export::Export;
use crate::app::export::filter::{Bound, Filter, TIME_HELP, moment};
use crate::app::export::render::Form;
use crate::app::reads::ReadError;
use crate::app::statistics;

/// How many entries of the ledger it covers.
pub(super) const LEDGER_SIZE: HeaderName = HeaderName::from_static("x-sentinel-ledger-size");

/// The root of their tree.
pub(super) const LEDGER_ROOT: HeaderName = HeaderName::from_static("x-sentinel-ledger-root");

/// The signed head over them, in base64.
pub(super) const LEDGER_CHECKPOINT: HeaderName = HeaderName::from_static("x-sentinel-ledger-checkpoint");

/// Bytes that are sent at once, or a little more.
const CHUNK_BYTES: usize = 64 << 10;

/// How often an export looks whether its credential is still good.
const RECHECK: Duration = Duration::from_secs(15);

#[derive(Deserialize)]
pub(super) struct ExportQuery {
    from: Option<String>,
    to: Option<String>,
    decision: Option<String>,
    tag: Option<String>,
    team: Option<String>,
    limit: Option<String>,
}

/// GET /v1/agents/{id}/export/csv
pub(super) async fn csv(
    caller: Caller<Auditor>,
    Named(agent): Named,
    Params(query): Params<ExportQuery>,
    headers: HeaderMap,
) -> Reply {
    send(caller.seeing(&agent)?, &agent, query, Form::Csv, &headers).await
}

/// GET /v1/agents/{id}/export/jsonl
pub(super) async fn jsonl(
    caller: Caller<Auditor>,
    Named(agent): Named,
    Params(query): Params<ExportQuery>,
    headers: HeaderMap,
) -> Reply {
    send(caller.seeing(&agent)?, &agent, query, Form::Jsonl, &headers).await
}

async fn send(grant: Grant<'_>, agent: &str, query: ExportQuery, form: Form, headers: &HeaderMap) -> Reply {
    let filter = filter(agent, query)?;
    statistics::known(grant.app(), agent).await?;
    let shared = Arc::clone(grant.shared());
    let place = shared.stream_place(grant.subject()).ok_or_else(|| {
        Problem::new(
            Code::Busy,
            format!("{STREAMS_OF_SUBJECT_MAX} streams and exports of yours are open, or {STREAMS_MAX} in all: try again"),
        )
    })?;
    let export = shared.app().readers.read(move |reader| Export::open(reader, filter, None)).await?;
    let mut response = Response::new(Body::empty());
    describe(&mut response, agent, form, &export)?;
    let download = Download {
        export: Some(export),
        form,
        is_begun: false,
        shared,
        kept: grant.kept(headers),
        checked_at: Instant::now(),
        _open: place,
    };
    // What cannot be proven right away is still an answer of its own.
    let (first, rest) = download.chunk().await?;
    let first = futures_util::stream::iter([Ok(first)]);
    let rest = futures_util::stream::unfold(Some(rest), Download::next);
    *response.body_mut() = Body::from_stream(futures_util::StreamExt::chain(first, rest));
    Ok(response)
}

/// The headers: which file this is, and what it covers.
fn describe(response: &mut Response, agent: &str, form: Form, export: &Export) -> Result<(), Problem> {
    let (kind, end) = match form {
        Form::Csv => ("text/csv; charset=utf-8; header=present", "csv"),
        Form::Jsonl => ("application/x-ndjson", "jsonl"),
    };
    // The name of an agent can be the name of a file.
    let name = format!("attachment; filename=\"{agent}-{}.{end}\"", export.size());
    let texts = [
        (CONTENT_DISPOSITION, name),
        (LEDGER_SIZE, export.size().to_string()),
        (LEDGER_ROOT, export.root().to_base64()),
        (LEDGER_CHECKPOINT, STANDARD.encode(export.checkpoint())),
    ];
    let headers = response.headers_mut();
    headers.insert(axum::http::header::CONTENT_TYPE, HeaderValue::from_static(kind));
    for (name, text) in texts {
        headers.insert(name, HeaderValue::from_str(&text).map_err(|error| Problem::internal(&error))?);
    }
    Ok(())
}

fn filter(agent: &str, query: ExportQuery) -> Result<Filter, Problem> {
    let (from, to) = (time("from", query.from)?, time("to", query.to)?);
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        return Err(Problem::bad_request("`from` is not before `to`: `to` itself is left out"));
    }
    let listed = |text: Option<String>| {
        text.map_or_else(Vec::new, |text| text.split(',').map(str::to_owned).collect::<Vec<_>>())
    };
    let decisions = listed(query.decision);
    for word in &decisions {
        input::decision(Some(word.clone())).map_err(|_| {
            Problem::bad_request(
                "`decision` is one or more of `allow`, `deny`, `escalate`, with commas between",
            )
        })?;
    }
    let tags = listed(query.tag);
    if tags.iter().any(String::is_empty) {
        return Err(Problem::bad_request("`tag` is one or more labels, with commas between"));
    }
    Ok(Filter {
        agents: vec![agent.to_owned()],
        decisions,
        tags,
        team: query.team,
        from: from.map(Bound::At),
        to: to.map(Bound::At),
        limit: limit(query.limit.as_deref())?,
    })
}

fn time(name: &str, text: Option<String>) -> Result<Option<crate::state::Millis>, Problem> {
    let Some(text) = text else { return Ok(None) };
    match moment(&text) {
        Some(at) => Ok(Some(at)),
        None => {
            // A plus sign in a query is a space.
            let text = shown(&text);
            let detail = format!("`{name}` is no time: `{text}`; {TIME_HELP}, and a plus sign as `%2B`");
            Err(Problem::bad_request(detail))
        }
    }
}

fn limit(text: Option<&str>) -> Result<Option<u64>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    match digits.and_then(|text| text.parse().ok()).filter(|limit| *limit > 0) {
        Some(limit) => Ok(Some(limit)),
        None => Err(Problem::bad_request("`limit` is a whole number from 1: so many rows, the newest")),
    }
}

/// An export, between two chunks.
struct Download {
    /// `None` when it is over.
    export: Option<Export>,
    form: Form,
    is_begun: bool,
    shared: Arc<Shared>,
    kept: Kept,
    checked_at: Instant,
    _open: StreamPlace,
}

impl Download {
    /// The next chunk; `None` ends the file. After an error nothing comes any more.
    async fn next(own: Option<Self>) -> Option<(io::Result<Bytes>, Option<Self>)> {
        let mut own = own.filter(|own| own.export.is_some())?;
        if !own.is_still_known() {
            return Some((Err(io::Error::other("the credential is not good any more")), None));
        }
        match own.chunk().await {
            Ok((chunk, _)) if chunk.is_empty() => None,
            Ok((chunk, own)) => Some((Ok(chunk), Some(own))),
            Err(error) => {
                tracing::error!(%error, "an export was cut off");
                Some((Err(io::Error::other(error)), None))
            }
        }
    }

    /// Rows, up to the size of a chunk. The first one is a page, for until then nobody was answered;
    /// later ones are empty only at the end.
    async fn chunk(mut self) -> Result<(Bytes, Self), ReadError> {
        let mut out = Vec::new();
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        if is_first {
            self.form.begin(&mut out)?;
        }
        let form = self.form;
        while let Some(mut export) = self.export.take() {
            // One page at a time: others want to read, too.
            let reading = self.shared.app().readers.read(move |reader| {
                let is_more = export.page(reader, &mut |row| form.push(row, &mut out))?;
                Ok((export, is_more, out))
            });
            let (export, is_more, filled) = reading.await?;
            self.export = Some(export).filter(|_| is_more);
            out = filled;
            if is_first || out.len() >= CHUNK_BYTES {
                break;
            }
        }
        Ok((Bytes::from(out), self))
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
