//! From the bytes of a request to an answer: read it, let the engine decide it, commit it.

mod recorded;

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

pub use recorded::{cut, redact};

use super::act::{Act, Decided, Idempotency};
use super::approvals::Binding;
use super::catalog::Governing;
use super::permit::Answer;
use super::record;
use super::records::Observed;
use super::settle::Owner;
use super::{App, CommitError, sessions};
use crate::auth::principal::is_agent_id;
use crate::engine::{Proposal, denial};
use crate::limits::ASKED_CALL_BYTES_MAX;

/// Code of a call whose agent has no policy.
pub const NO_POLICY_CODE: &str = "policy-missing";

/// A call as it is sent. `toolInput` and `cost` are never parsed and printed again: their bytes
/// reach the engine as they came.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request<'a> {
    /// Who calls.
    #[serde(borrow, alias = "appId")]
    pub agent_id: Cow<'a, str>,
    /// The tool.
    #[serde(borrow)]
    pub tool_name: Cow<'a, str>,
    /// What it is called with.
    #[serde(borrow)]
    pub tool_input: &'a RawValue,
    /// A session that the daemon minted.
    #[serde(borrow)]
    pub session_id: Option<Cow<'a, str>>,
    /// The caller's name for one run of the agent.
    #[serde(borrow)]
    pub run_id: Option<Cow<'a, str>>,
    /// Where the agent acts. The daemon knows; a caller that says otherwise is refused.
    #[serde(borrow)]
    pub environment: Option<Cow<'a, str>>,
    /// Directory that the agent works on.
    #[serde(borrow)]
    pub workspace: Option<Cow<'a, str>>,
    /// Home directory of its user.
    #[serde(borrow)]
    pub home: Option<Cow<'a, str>>,
    /// Directory that relative paths start from.
    #[serde(borrow)]
    pub cwd: Option<Cow<'a, str>>,
    /// Dialect of commands.
    #[serde(borrow)]
    pub shell: Option<Cow<'a, str>>,
    /// Each path as given, and where it really leads.
    #[serde(borrow)]
    pub resolved_paths: Option<&'a RawValue>,
    /// What governs the agent on its machine.
    #[serde(borrow)]
    pub protected_paths: Option<&'a RawValue>,
    /// What the call would cost.
    #[serde(borrow)]
    pub cost: Option<&'a RawValue>,
    /// What it would be paid at.
    #[serde(borrow)]
    pub endpoint: Option<Cow<'a, str>>,
    /// Who would be paid.
    #[serde(borrow)]
    pub payee: Option<Cow<'a, str>>,
    /// The HTTP request that carries the call, where a proxy saw it.
    #[serde(borrow)]
    pub http: Option<&'a RawValue>,
    /// An approval that was given for this very call.
    #[serde(borrow)]
    pub approval_id: Option<Cow<'a, str>>,
    /// The same key with the same request gets the same answer, once.
    #[serde(borrow)]
    pub idempotency_key: Option<Cow<'a, str>>,
}

/// The call as the engine reads it, in a fixed order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EngineCall<'a> {
    agent_id: &'a str,
    tool_name: &'a str,
    tool_input: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<&'a str>,
    environment: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    home: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cwd: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shell: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_paths: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protected_paths: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payee: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<&'a RawValue>,
}

/// A request that is no call.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RequestError {
    /// It is not the JSON that is expected.
    #[error("the request is not a call: {0}")]
    Shape(String),
    /// It names another environment than this daemon's.
    #[error(
        "this daemon decides for the environment `{own}`: leave `environment` out, or ask the daemon of the other one"
    )]
    Environment {
        /// The daemon's.
        own: String,
    },
    /// Its agent is none.
    #[error("`agentId` is no agent id: use letters, digits, `.`, `_` and `-`, 64 characters at most")]
    Agent,
    /// It cannot be put into words for the engine.
    #[error("the call could not be written")]
    Write,
}

/// A call that was read, and what has to be known about its way here.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// Who sent it.
    pub subject: &'a str,
    /// The name that a harness has for its session, if the call came through a hook.
    pub external_session: Option<&'a str>,
}

impl<'a> Request<'a> {
    /// Reads a request.
    ///
    /// # Errors
    ///
    /// Where it is not one.
    pub fn parse(body: &'a [u8]) -> Result<Self, RequestError> {
        serde_json::from_slice(body).map_err(|error| RequestError::Shape(error.to_string()))
    }

    /// The bytes that the engine decides.
    pub(super) fn call(&self, environment: &str) -> Result<Vec<u8>, RequestError> {
        if self.environment.as_ref().is_some_and(|own| own != environment) {
            return Err(RequestError::Environment { own: environment.to_owned() });
        }
        let call = EngineCall {
            agent_id: &self.agent_id,
            tool_name: &self.tool_name,
            tool_input: self.tool_input,
            session_id: self.session_id.as_deref(),
            run_id: self.run_id.as_deref(),
            environment,
            workspace: self.workspace.as_deref(),
            home: self.home.as_deref(),
            cwd: self.cwd.as_deref(),
            shell: self.shell.as_deref(),
            resolved_paths: self.resolved_paths,
            protected_paths: self.protected_paths,
            cost: self.cost,
            endpoint: self.endpoint.as_deref(),
            payee: self.payee.as_deref(),
            http: self.http,
        };
        serde_json::to_vec(&call).map_err(|_| RequestError::Write)
    }
}

/// Decides a request, and answers when the answer is on record.
///
/// # Errors
///
/// Where it was not committed. The call is not permitted then.
pub async fn evaluate(app: &App, request: &Request<'_>, sender: Sender<'_>) -> Result<Answer, EvaluateError> {
    let act = act(app, request, sender, None)?;
    let done = app.committer.commit(act).await?;
    if let Some(own) = done.binding.as_ref().filter(|_| app.config.channels.is_some()) {
        app.filed.note(&own.key);
    }
    done.answer.ok_or(EvaluateError::Unanswered)
}

/// A request was not answered with a verdict.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// It is no call.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// It was not recorded.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// It was committed without an answer.
    #[error("the call was not answered: please report this")]
    Unanswered,
}

/// Everything that needs no transaction: the engine's decision, and what will be recorded.
pub(super) fn act(
    app: &App,
    request: &Request<'_>,
    sender: Sender<'_>,
    observed: Option<Observed>,
) -> Result<Act, RequestError> {
    if !is_agent_id(&request.agent_id) {
        return Err(RequestError::Agent);
    }
    let call = request.call(&app.config.environment)?;
    let policy = app.catalog.get(&request.agent_id);
    let decided = decide(app, request, policy.as_ref(), &call);
    let record = recorded::record(app, request, sender, policy.as_deref(), &call);
    let owner = Owner {
        agent: request.agent_id.clone().into_owned(),
        session: request.session_id.as_deref().map(|id| sessions::known_form(id).to_owned()),
        run: request.run_id.clone().map(Cow::into_owned),
    };
    let idempotency = match &observed {
        Some(own) => Some(own.idempotency(&call)),
        None => request.idempotency_key.as_ref().map(|key| Idempotency {
            key: key.clone().into_owned(),
            request_digest: repeatable(&call, sender.subject, policy.as_deref()),
        }),
    };
    // What is over is not asked about.
    let may_ask = observed.is_none() && matches!(&decided, Decided::Proposed(proposal) if proposal.may_ask());
    let governed = policy.as_deref().filter(|_| may_ask);
    let binding = governed.map(|policy| {
        Binding::new(&owner, sender.subject, &policy.reference.digest, record.call_digest.clone(), call)
    });
    Ok(Act {
        record,
        decided,
        owner,
        subject: sender.subject.to_owned(),
        idempotency,
        can_ask: binding.as_ref().is_some_and(|own| own.call.len() <= ASKED_CALL_BYTES_MAX)
            && app.can_ask(sender.subject, &request.agent_id),
        binding,
        approval_id: request.approval_id.clone().map(Cow::into_owned),
        digest_key: app.digest_key,
        mode: app.config.mode,
        hold_ms: app.config.hold_ms(),
        observed,
        differs: false,
        answer: None,
    })
}

/// What has to be the same for a request to be the same: the call, who sends it, and the policy that
/// governs it. A permission does not outlive its policy.
fn repeatable(call: &[u8], subject: &str, policy: Option<&Governing>) -> String {
    let policy = policy.map_or("", |own| own.reference.digest.as_str());
    let parts = [record::digest(call), record::digest(subject.as_bytes()), policy.to_owned()];
    record::digest(parts.join("\n").as_bytes())
}

fn decide(app: &App, request: &Request<'_>, policy: Option<&Arc<Governing>>, call: &[u8]) -> Decided {
    let named = (request.agent_id.as_ref(), request.tool_name.as_ref());
    let Some(policy) = policy else {
        let reason = "No policy governs this agent, so it may do nothing; deploy one.";
        return Decided::Denied(Box::new(denial(NO_POLICY_CODE, reason, named)));
    };
    match app.pool.decide(&policy.text, call) {
        Ok(proposal) => Decided::Proposed(proposal),
        Err(fault) => {
            let verdict = &fault.verdict;
            Decided::Denied(Box::new(denial(&verdict.code, &verdict.reason, named)))
        }
    }
}

/// A decision that waits for no transaction, for `simulate`.
pub(super) fn propose(app: &App, policy: &Governing, call: &[u8]) -> Option<Proposal> {
    app.pool.decide(&policy.text, call).ok()
}
