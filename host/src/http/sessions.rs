//! Sessions: started, looked at, ended, and set back to nought.

use std::borrow::Cow;

use axum::http::StatusCode;
use axum::http::header::{HeaderValue, LOCATION};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::answer::{self, Reply};
use super::caller::{Admin, Caller, Evaluator, Grant, Watcher};
use super::input::{JsonBody, Named, OptionalBody};
use super::problem::Problem;
use crate::app::clock;
use crate::app::sessions::{self, End, Reset, Start};
use crate::state::{Millis, Session};

/// Characters of the id of a session; ours have fewer.
const ID_CHARS_MAX: usize = 64;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StartBody<'a> {
    #[serde(borrow)]
    agent_id: Cow<'a, str>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ResetBody {
    session_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionLine<'a> {
    session_id: &'a str,
    agent_id: &'a str,
    started_at: String,
    ended_at: Option<String>,
}

/// POST /v1/sessions
pub(super) async fn start(caller: Caller<Evaluator>, body: JsonBody) -> Reply {
    let StartBody { agent_id } = body.parse()?;
    let grant = caller.acting_for(&agent_id)?;
    let start = Start {
        id: sessions::mint()?,
        agent: agent_id.into_owned(),
        subject: grant.subject().to_owned(),
        external: None,
        started_at: Millis(0),
    };
    let done = grant.app().committer.commit(start).await?;
    let line = json!({
        "sessionId": done.id,
        "agentId": done.agent,
        "startedAt": clock::text(done.started_at),
    });
    let mut response = answer::json_with(StatusCode::CREATED, &line)?;
    if let Ok(place) = HeaderValue::try_from(format!("/v1/sessions/{}", done.id)) {
        response.headers_mut().insert(LOCATION, place);
    }
    Ok(response)
}

/// GET /v1/sessions/{id}
pub(super) async fn session(caller: Caller<Watcher>, Named(id): Named) -> Reply {
    let grant = caller.asking_for_a_session();
    let own = find(grant, &id).await?;
    answer::json(&line(&id, &own))
}

/// DELETE /v1/sessions/{id}
pub(super) async fn end(caller: Caller<Evaluator>, Named(id): Named) -> Reply {
    let grant = caller.ending_its_own();
    let own = find(grant, &id).await?;
    let end =
        End { id, subject: grant.subject().to_owned(), is_admin: grant.is_admin(), ended_at: Millis(0) };
    let done = grant.app().committer.commit(end).await?;
    answer::json(&line(&done.id, &Session { ended_at: Some(done.ended_at), ..own }))
}

/// POST /v1/agents/{id}/reset
pub(super) async fn reset(caller: Caller<Admin>, Named(agent): Named, body: OptionalBody) -> Reply {
    let grant = caller.ruling_over(&agent)?;
    let ResetBody { session_id: session } = body.parse()?;
    if let Some(id) = &session {
        check_id(id)?;
    }
    let reset = Reset { agent, session, subject: grant.subject().to_owned(), risk_used: 0 };
    let done = grant.app().committer.commit(reset).await?;
    answer::json(&json!({
        "reset": true,
        "agentId": done.agent,
        "sessionId": done.session,
        "riskUsed": done.risk_used,
    }))
}

/// A session that the caller may see. Whoever may not is told what a stranger is told.
async fn find(grant: Grant<'_>, id: &str) -> Result<Session, Problem> {
    check_id(id)?;
    let key = id.to_owned();
    let own = grant.app().readers.read(move |reader| Ok(reader.session(&key)?)).await?;
    own.filter(|own| grant.may_see_session(&own.subject, &own.agent)).ok_or_else(unknown)
}

/// Whether a text can be the id of a session at all.
fn check_id(id: &str) -> Result<(), Problem> {
    let is_id =
        id.len() <= ID_CHARS_MAX && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_id { Ok(()) } else { Err(unknown()) }
}

fn unknown() -> Problem {
    Problem::not_found("this session is not known")
}

fn line<'a>(id: &'a str, own: &'a Session) -> SessionLine<'a> {
    SessionLine {
        session_id: id,
        agent_id: &own.agent,
        started_at: clock::text(own.started_at),
        ended_at: own.ended_at.map(clock::text),
    }
}
