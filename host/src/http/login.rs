//! Logging in with a token or an API key, for browsers: they keep a cookie and not the credential.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::Request;
use axum::http::header::{HeaderValue, SET_COOKIE};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::answer::{self, Reply};
use super::attempts::Peer;
use super::browser;
use super::caller::{Anyone, Caller, Grant, Known};
use super::input::SmallBody;
use super::problem::{Code, Problem};
use super::shared::Shared;
use crate::app::clock;
use crate::app::logins::LoginError;
use crate::auth::pass::Pass;
use crate::auth::{AgentScope, AuthError, Principal, Role};
use crate::state::Millis;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    token: String,
}

/// Who somebody is, for a page.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Who<'a> {
    authentication: &'static str,
    subject: &'a str,
    roles: Vec<&'static str>,
    agents: Vec<&'a str>,
    expires_at: Option<String>,
    csrf: Option<String>,
}

#[derive(Serialize)]
struct Ended {
    ended: bool,
}

/// POST /v1/login
///
/// A login always gets a name of its own: a cookie that came along means nothing here.
pub(super) async fn log_in(anyone: Anyone, request: Request) -> Reply {
    let shared = anyone.public();
    enabled(shared)?;
    let (parts, body) = request.into_parts();
    browser::check_page(shared, &parts)?;
    if browser::has_credential(&parts.headers) {
        return Err(
            AuthError::ConflictingCredentials("a credential in a header beside the one in the body").into()
        );
    }
    let peer = parts.extensions.get::<Peer>().copied();
    shared.attempts.begin(peer, Instant::now()).map_err(|wait| {
        let detail = "too many attempts to log in from your address: wait";
        Problem::new(Code::TooManyAttempts, detail).with("retryAfterSeconds", (wait.as_secs() + 1).into())
    })?;
    let is_secure = browser::is_secure(shared, &parts.headers);
    let request = Request::from_parts(parts, body);
    let tried = attempt(shared, request, is_secure).await;
    if !matches!(tried, Err(Tried::InVain(_))) {
        shared.attempts.forgive(peer);
    }
    let pass = match tried {
        Ok(pass) => pass,
        Err(Tried::InVain(error)) => return Err(error.into()),
        Err(Tried::Not(problem)) => return Err(problem),
    };
    let principal = pass.principal()?;
    if shared.is_open_to_all() {
        // Nobody is asked, so there is nothing to remember.
        return who(shared, &principal, None, None);
    }
    let text = shared.app().logins.key().seal(&pass).ok_or_else(|| {
        Problem::bad_request("the subject of this credential is too long for a cookie: use a shorter one")
    })?;
    tracing::info!(subject = principal.subject(), "somebody logged in");
    let csrf = shared.app().logins.key().csrf(&pass);
    let mut response = who(shared, &principal, Some(&pass), Some(csrf))?;
    let seconds = pass.ends_at().saturating_sub(u64::try_from(clock::now().seconds()).unwrap_or_default());
    set_cookie(&mut response, &browser::keep(&text, is_secure, seconds))?;
    Ok(response)
}

/// Why there is no login.
enum Tried {
    /// The credential is not good.
    InVain(AuthError),
    /// None was looked at.
    Not(Problem),
}

async fn attempt(shared: &Shared, request: Request, is_secure: bool) -> Result<Pass, Tried> {
    let body = SmallBody::read(request).await.map_err(Tried::Not)?;
    let Sent { token } = body.parse().map_err(Tried::Not)?;
    shared.app().log_in(token.trim(), is_secure).map_err(|error| match error {
        LoginError::Auth(error) => {
            tracing::info!(%error, code = error.code(), "somebody could not log in");
            Tried::InVain(error)
        }
        LoginError::Randomness => Tried::Not(Problem::internal(&error)),
    })
}

/// GET /v1/login
///
/// It does not say what goes into `X-Sentinel-CSRF`: cookies are the same for every port of a host, so
/// whatever else listens there may have the cookie, and must not get the rest for it.
pub(super) async fn whoami(caller: Caller<Known>) -> Reply {
    let grant = caller.known();
    who(grant.shared(), grant.principal(), grant.login(), None)
}

/// DELETE /v1/login
pub(super) async fn log_out(caller: Caller<Known>) -> Reply {
    let grant = caller.known();
    end(grant).await
}

async fn end(grant: Grant<'_>) -> Reply {
    if let Some(pass) = grant.login() {
        grant.app().log_out(pass).await?;
        tracing::info!(subject = grant.subject(), "somebody logged out");
    }
    let mut response = answer::json(&Ended { ended: grant.login().is_some() })?;
    for cookie in browser::forget() {
        set_cookie(&mut response, &cookie)?;
    }
    Ok(response)
}

fn enabled(shared: &Arc<Shared>) -> Result<(), Problem> {
    if shared.app().config.dashboard {
        Ok(())
    } else {
        Err(Problem::not_found("nobody logs in here: SENTINEL_DASHBOARD is false"))
    }
}

fn who(shared: &Shared, principal: &Principal, pass: Option<&Pass>, csrf: Option<String>) -> Reply {
    let agents = match principal.agent() {
        AgentScope::Any => vec!["*"],
        AgentScope::One(_) | AgentScope::None if principal.may(Role::Admin) => vec!["*"],
        AgentScope::One(agent) => vec![agent.as_str()],
        AgentScope::None => Vec::new(),
    };
    answer::json(&Who {
        authentication: if shared.is_open_to_all() { "disabled" } else { "required" },
        subject: principal.subject(),
        roles: principal.roles().iter().map(Role::word).collect(),
        agents,
        expires_at: pass.map(|pass| text(pass.ends_at())),
        csrf,
    })
}

/// A time in seconds as people read it.
pub(super) fn text(seconds: u64) -> String {
    clock::text(Millis(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000)))
}

fn set_cookie(response: &mut Response, cookie: &str) -> Result<(), Problem> {
    let value = HeaderValue::from_str(cookie).map_err(|error| Problem::internal(&error))?;
    response.headers_mut().append(SET_COOKIE, value);
    Ok(())
}
