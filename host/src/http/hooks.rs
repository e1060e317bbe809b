//! Answers coding agents that ask over HTTP. Claude Code takes every status but a success for "go
//! ahead", so everything that goes wrong, a missing credential included, is a success that denies.
//!
//! The daemon is not where the agent runs, so it resolves no links; `docs/api.md` says what
//! that means.

use std::borrow::Cow;
use std::time::Instant;

use axum::http::header::{HeaderName, HeaderValue};
use axum::response::Response;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::{self, Reply};
use super::caller::{Caller, Evaluator, Grant};
use super::evaluate::{is_heavy, on_heavy_thread};
use super::input::{JsonBody, Params};
use super::problem::Problem;
use crate::app::evaluate::{Request, Sender, evaluate};
use crate::app::permit;
use crate::app::sessions::{Start, id_for};
use crate::engine::{FAULT_CODE, Mode, Outcome};
use crate::hook::{self, Answer, Event, Harness};
use crate::settings::mode_word;
use crate::state::Millis;

/// Names the error where the status says success.
const ERROR: HeaderName = HeaderName::from_static("x-sentinel-error");

/// The harness of this route.
const CLAUDE_CODE: &str = "claude-code";

/// What an event does not say; it stands in the hook's address.
#[derive(Deserialize)]
pub(super) struct HookQuery {
    agent: Option<String>,
    workspace: Option<String>,
    home: Option<String>,
}

/// POST /v1/hooks/claude-code
pub(super) async fn claude_code(
    caller: Caller<Evaluator>,
    Params(query): Params<HookQuery>,
    body: JsonBody,
) -> Reply {
    let since = Instant::now();
    let harness = hook::harness(CLAUDE_CODE).ok_or_else(unknown_harness)?;
    let agent = query.agent.as_deref().ok_or_else(|| Problem::bad_request("name the agent: `?agent=ID`"))?;
    let grant = caller.acting_for(agent)?;
    let event = (harness.read)(body.bytes()).map_err(|error| body.problem(error.to_string()))?;
    let session = session(grant, agent, event.session_id.as_deref()).await?;
    let request = request(agent, &query, &event, session)?;
    let sender = Sender { subject: grant.subject(), external_session: event.session_id.as_deref() };
    let deciding = evaluate(grant.app(), &request, sender);
    let answer = on_heavy_thread(is_heavy(body.bytes().len()), deciding).await?;
    if let Some(own) = answer.summary() {
        grant.shared().metrics.evaluated(agent, own.decision, since);
    }
    Ok(reply(harness, &told(&answer)))
}

/// A problem in the harness's words.
pub(super) fn refused(problem: &Problem) -> Response {
    let fail = Answer::Fail(format!("sentinel: {}", problem.detail()));
    let mut response = match hook::harness(CLAUDE_CODE) {
        Some(harness) => reply(harness, &fail),
        // Without the harness nothing is understood anyway.
        None => problem.head(),
    };
    response.headers_mut().insert(ERROR, HeaderValue::from_static(problem.code().word()));
    response
}

fn reply(harness: &Harness, answer: &Answer) -> Response {
    answer::raw_json((harness.answer)(answer).stdout)
}

fn unknown_harness() -> Problem {
    Problem::not_found("this harness is not known")
}

/// The session that the harness has a name for, started if it is new.
async fn session(grant: Grant<'_>, agent: &str, external: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(external) = external.filter(|name| !name.is_empty()) else { return Ok(None) };
    let start = Start {
        id: id_for(agent, grant.subject(), external),
        agent: agent.to_owned(),
        subject: grant.subject().to_owned(),
        external: Some(crate::app::evaluate::cut(external)),
        started_at: Millis(0),
    };
    Ok(Some(grant.app().committer.commit(start).await?.id))
}

fn request<'a>(
    agent: &'a str,
    query: &'a HookQuery,
    event: &'a Event,
    session: Option<String>,
) -> Result<Request<'a>, Problem> {
    let cwd =
        event.cwd.as_deref().map(|cwd| cwd.to_str().ok_or_else(|| Problem::bad_request("`cwd` is not text")));
    let cwd = cwd.transpose()?;
    let tool_input: &RawValue = &event.tool_input;
    Ok(Request {
        agent_id: Cow::Borrowed(agent),
        tool_name: Cow::Borrowed(&event.tool_name),
        tool_input,
        session_id: session.map(Cow::Owned),
        run_id: None,
        approval_id: None,
        environment: None,
        workspace: query.workspace.as_deref().or(cwd).map(Cow::Borrowed),
        home: query.home.as_deref().map(Cow::Borrowed),
        cwd: cwd.map(Cow::Borrowed),
        shell: None,
        resolved_paths: None,
        protected_paths: None,
        cost: None,
        endpoint: None,
        payee: None,
        http: None,
        idempotency_key: None,
    })
}

/// What the harness is told of a recorded verdict. It cannot wait for a person, so an escalation is
/// a denial for now; the same call again is let through once somebody approved it.
fn told(answer: &permit::Answer) -> Answer {
    let Some(own) = answer.summary() else { return Answer::Fail("the call was not decided anew".to_owned()) };
    let reason = own.reason.clone();
    if own.code == FAULT_CODE {
        return Answer::Fail(reason);
    }
    match (answer.permit(), own.enforced) {
        (None, _) => Answer::Deny(waiting(own).unwrap_or(reason)),
        (Some(_), true) => Answer::Allow(reason),
        (Some(_), false) => Answer::Watch(note(own)),
    }
}

/// What to do about a call that waits for a person.
fn waiting(own: &permit::Summary) -> Option<String> {
    let id = own.approval_id.as_ref().filter(|_| own.decision == Outcome::Escalate)?;
    Some(format!(
        "{} It waits for a person as {id}; try the very same call again once it is approved.",
        own.reason
    ))
}

/// `audit` and `dry-run` say what would have been held back; `shadow` is silent.
fn note(own: &permit::Summary) -> Option<String> {
    let word = match own.decision {
        Outcome::Allow => return None,
        Outcome::Deny => "denied",
        Outcome::Escalate => "escalated",
    };
    match own.mode {
        Mode::Enforce | Mode::Audit | Mode::DryRun => Some(format!(
            "sentinel ({}): this call would have been {word}. {}",
            mode_word(own.mode),
            own.reason
        )),
        Mode::Shadow => None,
    }
}
