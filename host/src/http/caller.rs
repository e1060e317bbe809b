//! Who asks, and what that one may do: a [`Caller`] has passed its [`Gate`], and a [`Grant`] is the
//! permission to touch something.
//!
//! The state of the daemon is behind grants, and grants are made here only. So a handler that does
//! not say what its caller needs has nothing to answer with.

mod view;

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use serde::Deserialize;

pub(super) use view::View;

use super::browser;
use super::input::Params;
use super::problem::{Code, Problem};
use super::shared::Shared;
use crate::app::App;
use crate::auth::pass::{Pass, Purpose};
use crate::auth::principal::is_agent_id;
use crate::auth::{API_KEY_HEADER, AgentScope, AuthError, Principal, Role};

/// What somebody needs before their request is even read.
pub(super) trait Gate: Send + Sync + 'static {
    /// Each of these roles is enough; `admin` always is. Nobody is asked for a role that is not
    /// here, so an empty list means any credential.
    const ROLES: &'static [Role];
}

/// Asks for decisions.
pub(super) struct Evaluator;
/// Reads the records.
pub(super) struct Auditor;
/// Reads the records, or is an agent that looks at its own.
pub(super) struct Watcher;
/// Answers questions.
pub(super) struct Approver;
/// Answers questions, or reads the records.
pub(super) struct Overseer;
/// Changes what governs.
pub(super) struct Admin;
/// Has a credential.
pub(super) struct Known;

impl Gate for Evaluator {
    const ROLES: &'static [Role] = &[Role::Evaluate];
}
impl Gate for Auditor {
    const ROLES: &'static [Role] = &[Role::Audit];
}
impl Gate for Watcher {
    const ROLES: &'static [Role] = &[Role::Audit, Role::Evaluate];
}
impl Gate for Approver {
    const ROLES: &'static [Role] = &[Role::Approve];
}
impl Gate for Overseer {
    const ROLES: &'static [Role] = &[Role::Approve, Role::Audit];
}
impl Gate for Admin {
    const ROLES: &'static [Role] = &[Role::Admin];
}
impl Gate for Known {
    const ROLES: &'static [Role] = &[];
}

/// Somebody who was authenticated and has passed a gate.
pub(super) struct Caller<G> {
    principal: Principal,
    /// The login or the ticket that was shown, where it was no credential.
    pass: Option<Pass>,
    shared: Arc<Shared>,
    gate: PhantomData<fn() -> G>,
}

/// Whoever asks, with or without a credential; for what everybody may see.
pub(super) struct Anyone {
    shared: Arc<Shared>,
    is_known: bool,
}

/// The permission to touch something.
#[derive(Clone, Copy)]
pub(super) struct Grant<'a> {
    shared: &'a Arc<Shared>,
    principal: &'a Principal,
    pass: Option<&'a Pass>,
}

/// What somebody was let in with, to be looked at again later.
pub(super) enum Kept {
    /// The headers that say who asks, and no others.
    Headers(HeaderMap),
    /// A login, or a ticket.
    Pass(Box<Pass>),
}

/// A caller who may show a ticket in the address, in the place of a credential.
pub(super) struct Ticketed<G>(pub(super) Caller<G>);

#[derive(Deserialize)]
struct TicketQuery {
    ticket: Option<String>,
}

impl<'a> Grant<'a> {
    pub(super) fn app(self) -> &'a App {
        self.shared.app()
    }

    pub(super) const fn shared(self) -> &'a Arc<Shared> {
        self.shared
    }

    /// Who asks, for the records.
    pub(super) fn subject(self) -> &'a str {
        self.principal.subject()
    }

    /// Who asks.
    pub(super) const fn principal(self) -> &'a Principal {
        self.principal
    }

    /// The login that was shown, if one was.
    pub(super) const fn login(self) -> Option<&'a Pass> {
        self.pass
    }

    /// What this one was let in with, given the headers of the request.
    pub(super) fn kept(self, headers: &HeaderMap) -> Kept {
        match self.pass {
            Some(pass) => Kept::Pass(Box::new(pass.clone())),
            None => {
                let names = [AUTHORIZATION, API_KEY_HEADER];
                let own = headers.iter().filter(|(name, _)| names.contains(name));
                Kept::Headers(own.map(|(name, value)| (name.clone(), value.clone())).collect())
            }
        }
    }

    /// Whether this one is an administrator.
    pub(super) const fn is_admin(self) -> bool {
        self.principal.may(Role::Admin)
    }

    /// Whether this one may see what an agent asks people, the calls themselves included.
    pub(super) fn may_oversee(self, agent: &str) -> bool {
        (self.principal.may(Role::Approve) || self.principal.may(Role::Audit))
            && self.principal.may_see_agent(agent)
    }

    /// Whether this one may see somebody's session.
    pub(super) fn may_see_session(self, subject: &str, agent: &str) -> bool {
        (self.principal.may(Role::Audit) || self.principal.subject() == subject)
            && self.principal.may_see_agent(agent)
    }
}

impl<G: Gate> FromRequestParts<Arc<Shared>> for Caller<G> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let (principal, pass) = identify(parts, shared)?;
        Self::new(principal, pass, shared)
    }
}

impl<G: Gate> FromRequestParts<Arc<Shared>> for Ticketed<G> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let Params(TicketQuery { ticket }) = Params::from_request_parts(parts, shared).await?;
        let Some(text) = ticket else { return Ok(Self(Caller::from_request_parts(parts, shared).await?)) };
        // A cookie comes along by itself, a header does not.
        if browser::has_credential(&parts.headers) {
            return Err(AuthError::ConflictingCredentials("a ticket beside another credential").into());
        }
        let app = shared.app();
        let (ticket, principal) = app.open_pass(&text, Purpose::Ticket)?;
        if !app.redeem(&ticket).await? {
            return Err(AuthError::PassEnded(Purpose::Ticket.word()).into());
        }
        Ok(Self(Caller::new(principal, Some(ticket), shared)?))
    }
}

impl FromRequestParts<Arc<Shared>> for Anyone {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let is_known = identify(parts, shared).is_ok();
        Ok(Self { shared: Arc::clone(shared), is_known })
    }
}

/// Who asks: by a credential, or by the login of a browser.
fn identify(parts: &Parts, shared: &Arc<Shared>) -> Result<(Principal, Option<Pass>), Problem> {
    match browser::logged_in(shared, parts)? {
        Some((principal, pass)) => Ok((principal, Some(pass))),
        None => Ok((shared.authenticate(&parts.headers)?, None)),
    }
}

impl Anyone {
    /// What everybody may see. A handler that asks for this is for everybody.
    pub(super) const fn public(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Whether this one has a good credential.
    pub(super) const fn is_known(&self) -> bool {
        self.is_known
    }
}

impl<G: Gate> Caller<G> {
    /// Lets somebody through the gate.
    fn new(principal: Principal, pass: Option<Pass>, shared: &Arc<Shared>) -> Result<Self, Problem> {
        if !G::ROLES.is_empty() && !G::ROLES.iter().any(|role| principal.may(*role)) {
            let words: Vec<_> = G::ROLES.iter().map(|role| role.word()).collect();
            let detail = format!("this needs the role {}", words.join(" or "));
            return Err(Problem::new(Code::Forbidden, detail));
        }
        Ok(Self { principal, pass, shared: Arc::clone(shared), gate: PhantomData })
    }
}

impl<G> Caller<G> {
    const fn grant(&self) -> Grant<'_> {
        Grant { shared: &self.shared, principal: &self.principal, pass: self.pass.as_ref() }
    }

    fn of_agent(&self, agent: &str, is_covered: bool) -> Result<Grant<'_>, Problem> {
        if !is_agent_id(agent) {
            let agent = super::answer::shown(agent);
            return Err(Problem::bad_request(format!(
                "`{agent}` is no agent: use a letter or digit, then letters, digits, `.`, `_`, `-`, at most 64"
            )));
        }
        if is_covered {
            Ok(self.grant())
        } else {
            Err(Problem::new(Code::ForeignAgent, format!("this credential is not for agent `{agent}`")))
        }
    }

    fn seen(&self, agent: &str) -> Result<Grant<'_>, Problem> {
        self.of_agent(agent, self.principal.may_see_agent(agent))
    }

    fn viewed(&self) -> Result<(View, Grant<'_>), Problem> {
        let view = match self.principal.agent() {
            _ if self.principal.may(Role::Admin) => View::Everything,
            AgentScope::Any => View::Everything,
            AgentScope::One(agent) => View::Agent(agent.clone()),
            AgentScope::None => {
                return Err(Problem::new(
                    Code::ForeignAgent,
                    "this credential is for no agent: use one for `*`",
                ));
            }
        };
        Ok((view, self.grant()))
    }
}

impl Caller<Evaluator> {
    /// May send calls of this agent.
    pub(super) fn acting_for(&self, agent: &str) -> Result<Grant<'_>, Problem> {
        self.of_agent(agent, self.principal.may_act_for(agent))
    }

    /// May end the sessions that it started.
    pub(super) const fn ending_its_own(&self) -> Grant<'_> {
        self.grant()
    }
}

impl Caller<Watcher> {
    /// May look at this agent.
    pub(super) fn seeing(&self, agent: &str) -> Result<Grant<'_>, Problem> {
        self.seen(agent)
    }

    /// May look at what belongs to the agents of the view.
    pub(super) fn view(&self) -> Result<(View, Grant<'_>), Problem> {
        self.viewed()
    }

    /// May use what belongs to nobody.
    pub(super) const fn asking_about_its_own_document(&self) -> Grant<'_> {
        self.grant()
    }

    /// May look at a session if it [is its own](Grant::may_see_session).
    pub(super) const fn asking_for_a_session(&self) -> Grant<'_> {
        self.grant()
    }
}

impl Caller<Auditor> {
    /// May look at this agent.
    pub(super) fn seeing(&self, agent: &str) -> Result<Grant<'_>, Problem> {
        self.seen(agent)
    }

    /// May look at what belongs to the agents of the view.
    pub(super) fn view(&self) -> Result<(View, Grant<'_>), Problem> {
        self.viewed()
    }

    /// May look at what says nothing of any agent: hashes, signatures, sums.
    pub(super) const fn checking(&self) -> Grant<'_> {
        self.grant()
    }
}

impl Caller<Approver> {
    /// May look whose question it is.
    pub(super) const fn looking(&self) -> Grant<'_> {
        self.grant()
    }

    /// May answer questions about this agent.
    pub(super) fn deciding_for(&self, agent: &str) -> Result<Grant<'_>, Problem> {
        self.seen(agent)
    }
}

impl Caller<Overseer> {
    /// May look at the questions of the agents of the view.
    pub(super) fn view(&self) -> Result<(View, Grant<'_>), Problem> {
        self.viewed()
    }
}

impl Caller<Admin> {
    /// May change what governs.
    pub(super) const fn ruling(&self) -> Grant<'_> {
        self.grant()
    }

    /// May change what governs this agent.
    pub(super) fn ruling_over(&self, agent: &str) -> Result<Grant<'_>, Problem> {
        self.of_agent(agent, true)
    }
}

impl Caller<Known> {
    /// May see what is no secret.
    pub(super) const fn known(&self) -> Grant<'_> {
        self.grant()
    }
}
