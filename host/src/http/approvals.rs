//! Questions to people: listed, waited for, answered, taken back.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

use super::answer::{self, Reply};
use super::caller::{Approver, Caller, Evaluator, Grant, Known, Overseer};
use super::input::{Named, OptionalBody, Params, bounded};
use super::problem::Problem;
use crate::app::approvals::answer::{Answer, Cancel};
use crate::app::approvals::context::{self, Context, Seen, Shown};
use crate::app::clock;
use crate::app::evaluate::cut;
use crate::state::ApprovalState;
use crate::store::ApprovalFilter;

/// Questions of one answer, unless asked otherwise.
const LIST_DEFAULT: u32 = 50;

/// Most questions of one answer: each may hold a whole call.
const LIST_MAX: u32 = 200;

/// The longest wait for an answer. Proxies give up soon after.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// What is left of a request's time for its answer.
const ANSWERING: Duration = Duration::from_millis(500);

/// How this route is called in records.
const CHANNEL: &str = "http";

#[derive(Deserialize)]
pub(super) struct ListQuery {
    status: Option<String>,
    agent: Option<String>,
    after: Option<String>,
    limit: Option<u32>,
}

#[derive(Deserialize)]
pub(super) struct WaitQuery {
    wait: Option<String>,
}

/// Written without a tree in between, which would print numbers of the calls anew.
#[derive(Serialize)]
struct ShownList<'a> {
    approvals: Vec<Shown<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoteBody {
    note: Option<String>,
}

/// GET /v1/approvals
pub(super) async fn list(caller: Caller<Overseer>, Params(query): Params<ListQuery>) -> Reply {
    let (view, grant) = caller.view()?;
    let open = match query.status.as_deref() {
        None | Some("open") => true,
        Some("all") => false,
        Some(_) => return Err(Problem::bad_request("`status` is `open` or `all`")),
    };
    let past = match &query.after {
        Some(id) => Some(context::place(grant.app(), id).await?),
        None => None,
    };
    let limit = bounded("limit", query.limit, LIST_DEFAULT, LIST_MAX)?;
    let wanted = ApprovalFilter { agent: view.narrow(query.agent.as_deref())?, open, past, limit };
    let seen = context::list(grant.app(), wanted).await?;
    let now = clock::now();
    let approvals = seen.iter().map(|own| Shown::new(own, now, true, None)).collect();
    answer::json(&ShownList { approvals })
}

/// GET /v1/approvals/{id}
pub(super) async fn one(caller: Caller<Known>, Named(id): Named, Params(query): Params<WaitQuery>) -> Reply {
    let grant = caller.known();
    let limit = grant.app().config.request_timeout;
    let until = query.wait.as_deref().map(wait).transpose()?.map(|wait| Instant::now() + within(wait, limit));
    let mut size = grant.app().size.subscribe();
    loop {
        // Seen before the look, so that no news between the two is missed.
        size.borrow_and_update();
        let seen = context::find(grant.app(), &id).await?;
        let overseer = oversees(grant, &seen)?;
        let now = clock::now();
        let is_news = seen.status(now) != ApprovalState::Pending;
        if is_news || until.is_none_or(|until| Instant::now() >= until) {
            return show(grant, &seen, overseer).await;
        }
        let end = Duration::from_millis(u64::try_from(seen.row.ends_at.0 - now.0).unwrap_or_default());
        let until = until.unwrap_or_else(Instant::now).min(Instant::now() + end);
        // Whether there is news, or the time is over, the next look says.
        let _ = timeout_at(until, size.changed()).await;
    }
}

/// POST /v1/approvals/{id}/approve
pub(super) async fn approve(caller: Caller<Approver>, Named(id): Named, body: OptionalBody) -> Reply {
    respond(&caller, id, &body, true).await
}

/// POST /v1/approvals/{id}/deny
pub(super) async fn deny(caller: Caller<Approver>, Named(id): Named, body: OptionalBody) -> Reply {
    respond(&caller, id, &body, false).await
}

async fn respond(caller: &Caller<Approver>, id: String, body: &OptionalBody, is_yes: bool) -> Reply {
    let note = body.parse::<NoteBody>()?.note;
    let seen = context::find(caller.looking().app(), &id).await?;
    let grant = caller.deciding_for(&seen.row.agent)?;
    let app = grant.app();
    let done = app
        .committer
        .commit(Answer {
            id: id.clone(),
            subject: grant.subject().to_owned(),
            is_yes,
            note: note.map(|note| cut(&app.redactor.redact_text(&note).text)),
            channel: CHANNEL,
            pool: Arc::clone(&app.pool),
            digest_key: app.digest_key,
            row: None,
        })
        .await?;
    let row = done.row.unwrap_or(seen.row);
    show(grant, &Seen::new(app, id, row), true).await
}

/// POST /v1/approvals/{id}/cancel
pub(super) async fn cancel(caller: Caller<Evaluator>, Named(id): Named) -> Reply {
    let grant = caller.ending_its_own();
    let app = grant.app();
    let cancel = Cancel {
        id: id.clone(),
        subject: grant.subject().to_owned(),
        is_admin: grant.is_admin(),
        digest_key: app.digest_key,
        row: None,
    };
    let done = app.committer.commit(cancel).await?;
    let row = done.row.ok_or_else(|| Problem::not_found("this approval is not known"))?;
    show(grant, &Seen::new(app, id, row), false).await
}

async fn show(grant: Grant<'_>, seen: &Seen, overseer: bool) -> Reply {
    let context: Option<Context> =
        if overseer { Some(context::context(grant.app(), &seen.row).await?) } else { None };
    answer::json(&Shown::new(seen, clock::now(), overseer, context))
}

/// Whether this one may see the call itself; an error where not even the question.
fn oversees(grant: Grant<'_>, seen: &Seen) -> Result<bool, Problem> {
    if grant.may_oversee(&seen.row.agent) {
        Ok(true)
    } else if grant.subject() == seen.row.requester {
        Ok(false)
    } else {
        Err(Problem::not_found("this approval is not known"))
    }
}

/// A little less than a request may take, so that it ends with an answer.
fn within(wait: Duration, request: Duration) -> Duration {
    wait.min(request.saturating_sub(ANSWERING))
}

/// `30s`, or `30`.
fn wait(text: &str) -> Result<Duration, Problem> {
    let seconds = text.strip_suffix('s').unwrap_or(text);
    let is_number =
        !seconds.is_empty() && seconds.len() <= 4 && seconds.bytes().all(|byte| byte.is_ascii_digit());
    let wait = is_number.then(|| seconds.parse().ok()).flatten().map(Duration::from_secs);
    wait.filter(|wait| *wait <= WAIT_MAX)
        .ok_or_else(|| Problem::bad_request("`wait` is a number of seconds up to 60, such as `30s`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_before_its_request() {
        let seconds = Duration::from_secs;
        assert_eq!(within(seconds(60), seconds(4)), seconds(4) - ANSWERING);
        assert_eq!(within(seconds(2), seconds(4)), seconds(2));
        assert_eq!(within(seconds(60), Duration::from_millis(100)), Duration::ZERO);
    }

    #[test]
    fn a_wait_is_bounded() {
        for (text, seconds) in [("0", 0), ("30", 30), ("30s", 30), ("60s", 60)] {
            assert_eq!(wait(text).unwrap(), Duration::from_secs(seconds), "{text}");
        }
        for wrong in ["", "s", "-1", "61", "1m", "1.5", "99999", "+3", "3 s"] {
            assert!(wait(wrong).is_err(), "{wrong}");
        }
    }
}
