//! **Where a decision is made.** A policy and a call become a decision: pure, and always one.
//!
//! The layers are asked in order and only ever raise the outcome; the worst reason decides, the
//! first of equals. A layer that finds nothing to say has not allowed anything: without a reason
//! the call is denied.

mod anomaly;
mod approvals;
mod identity;
mod meters;
pub(crate) mod network;
mod paths;
mod rules;
mod tools;
mod visible;

pub(crate) use meters::{over, risk_debits, show};
use paths::Paths;
pub(crate) use tools::command_line;
pub use visible::{may_see, mcp_tool};

use crate::call::{Call, CallError, HTTP_TOOL};
use crate::carried::{self, Carried};
use crate::decision::{Access, Decision, Digest, Layer, Outcome, Reason, Unseen};
use crate::http::{Fault, Forward, Request};
use crate::network::Governing;
use crate::policy::Policy;

/// Decides a call.
pub fn decide(policy: &Policy, call: &Call<'_>) -> Decision {
    decide_and(policy, call, |_, _| ()).0
}

/// Decides a call, and lets somebody look at the decision and at the request that the call makes.
pub(crate) fn decide_and<R>(
    policy: &Policy,
    call: &Call<'_>,
    look: impl FnOnce(&Decision, Option<Looked<'_>>) -> R,
) -> (Decision, R) {
    let request = network::request(call);
    let said = request.as_ref().map(|request| network::decide(policy, request));
    decide_request(policy, call, request.as_ref().zip(said), look)
}

/// The same of a call whose request was read, with the network's word on it.
pub(crate) fn decide_request<'d, R>(
    policy: &'d Policy,
    call: &Call<'_>,
    request: Option<(&Result<Request<'_>, Fault>, network::Said<'d>)>,
    look: impl FnOnce(&Decision, Option<Looked<'_>>) -> R,
) -> (Decision, R) {
    let (request, mut said) = request.unzip();
    let mut carried = Carried::default();
    if let (Some(said), Some(Ok(request))) = (&mut said, request)
        && let (Some(governing), Some(forward)) = (said.matched, &said.forward)
    {
        carried = Carried::read(request, &governing, forward, &mut said.reasons);
    }
    let governing = said.as_ref().and_then(|said| said.matched);
    let inner = carried.take_inner(call);
    let derived = match (&inner, &said) {
        (None, Some(said)) => Looked::new(call, request, governing, said.forward.as_ref(), &carried)
            .and_then(|looked| carried::derive(&looked, false)),
        (_, _) => None,
    };
    // Where to it would go is known, even of what cannot be decided.
    let mut unread_forward = None;
    let decision = match (&inner, derived.as_deref().map(Call::parse)) {
        (Some(inner), _) => decide_subject(policy, inner, said, &carried),
        (None, Some(Ok(inner))) => {
            Decision { call_digest: call.digest, ..decide_subject(policy, &inner, said, &carried) }
        }
        (None, Some(Err(error))) => {
            unread_forward = said.and_then(|said| said.forward);
            unread(policy, call.digest, error)
        }
        (None, None) => decide_subject(policy, call, said, &carried),
    };
    let forward = decision.forward.as_ref().or(unread_forward.as_ref());
    let looked = Looked::new(call, request, governing, forward, &carried);
    let looked = looked.map(|looked| {
        // What was decided has its credentials; others are not told those.
        let derived = derived.filter(|_| looked.request.hiding.is_none() || carried.is_call());
        Looked { derived, ..looked }
    });
    let seen = look(&decision, looked);
    (decision, seen)
}

/// What a request that could be read is made of.
pub(crate) struct Looked<'d> {
    pub(crate) call: &'d Call<'d>,
    pub(crate) request: &'d Request<'d>,
    pub(crate) governing: Governing<'d>,
    pub(crate) forward: &'d Forward,
    pub(crate) carried: &'d Carried<'d>,
    /// What it stands for, if that is written already.
    derived: Option<Vec<u8>>,
}

impl<'d> Looked<'d> {
    fn new(
        call: &'d Call<'d>,
        request: Option<&'d Result<Request<'d>, Fault>>,
        governing: Option<Governing<'d>>,
        forward: Option<&'d Forward>,
        carried: &'d Carried<'d>,
    ) -> Option<Self> {
        let request = request?.as_ref().ok()?;
        Some(Self { call, request, governing: governing?, forward: forward?, carried, derived: None })
    }

    /// The call that the request stands for, as JSON for others; `None` where it stands for itself.
    pub(crate) fn derive(mut self) -> Option<Vec<u8>> {
        self.derived.take().or_else(|| carried::derive(&self, true))
    }
}

/// Asks every layer about what is done; `said` is the network's word on how it is sent.
fn decide_subject(
    policy: &Policy,
    call: &Call<'_>,
    said: Option<network::Said<'_>>,
    carried: &Carried<'_>,
) -> Decision {
    let mut reasons = Vec::with_capacity(8);
    let (mut forward, mut is_reached, mut mcp, mut unseen) = (None, false, None, Unseen::default());
    let tool = tools::resolve(policy, call, said.as_ref().map(|said| said.access(carried)));
    identity::decide(policy, call, tool.access(), &mut reasons);
    if let Some(said) = said {
        mcp = said.matched.and_then(|governing| governing.mcp());
        reasons.extend(said.reasons);
        (forward, unseen) = (said.forward, said.unseen);
        // That a host may be reached allows a request, and not the tool of an inner call.
        is_reached = call.tool_name == HTTP_TOOL;
    }
    let paths = Paths::new(policy, call);
    let rules::Said { raises, allows, lets_through } = rules::decide(policy, call);
    reasons.extend(raises);
    let (by_name, beside) = if tool.is_mapped() { (None, allows) } else { (allows, None) };
    reasons.extend(by_name);
    let points = tools::decide(&paths, &tool, lets_through, mcp, &mut reasons);
    something_allows(&mut reasons, is_reached);
    // Told, but only where something else has allowed the call.
    reasons.extend(beside);
    let charges = meters::decide(policy, call, points, &mut reasons);
    let features = anomaly::features(policy, call, &mut reasons);
    approvals::decide(policy, call, &mut reasons);
    let asks = reasons.iter().any(|reason| reason.outcome == Outcome::Escalate);
    let is_told = |code| reasons.iter().any(|reason| reason.code == code);
    if asks && unseen.is_announced && !is_told(network::BODY_MISSING) && !is_told(network::BODY_TOO_LARGE) {
        let (code, message) = network::unseen(unseen);
        reasons.push(network::reason(Outcome::Deny, code, message.to_owned(), None));
    }
    let outcome = worst_first(&mut reasons);
    let features = features.filter(|_| anomaly::matters(policy, outcome));
    let mut effects = meters::effects(policy, price(policy, outcome, points), charges);
    effects.extend(anomaly::effects(features.as_ref()));
    Decision {
        outcome,
        access: tool.access(),
        reasons,
        effects,
        features,
        paths: paths.into_asked(),
        value: approvals::value(call),
        agent_id: call.agent_id.to_string(),
        tool_name: call.tool_name.to_string(),
        call_digest: call.digest,
        tags: rules::tags(policy, call),
        forward,
        unseen,
    }
}

/// Decides a call given as JSON. Bytes that are not a call are a decision to deny.
pub fn decide_bytes(policy: &Policy, bytes: &[u8]) -> Decision {
    match Call::parse(bytes) {
        Ok(call) => decide(policy, &call),
        Err(error) => unread(policy, Digest::of(bytes), error),
    }
}

/// What cannot be read is denied.
fn unread(policy: &Policy, call_digest: Digest, error: CallError) -> Decision {
    let reason = Reason {
        outcome: Outcome::Deny,
        layer: Layer::Engine,
        code: error.code.into(),
        message: error.message,
        rule: None,
        part: None,
    };
    Decision {
        outcome: reason.outcome,
        access: Access::Tool,
        reasons: vec![reason],
        effects: meters::effects(policy, policy.points.denied, meters::unread(policy)),
        features: None,
        paths: Vec::new(),
        value: None,
        agent_id: String::new(),
        tool_name: String::new(),
        call_digest,
        tags: Vec::new(),
        forward: None,
        unseen: Unseen::default(),
    }
}

/// A call that nothing allowed is denied.
fn something_allows(reasons: &mut Vec<Reason>, by_network: bool) {
    let is_beside =
        |reason: &Reason| reason.layer == Layer::Identity || reason.layer == Layer::Network && !by_network;
    if reasons.iter().all(|reason| reason.outcome == Outcome::Allow && is_beside(reason)) {
        reasons.push(Reason {
            outcome: Outcome::Deny,
            layer: Layer::Deterministic,
            code: "nothing-allows".into(),
            message: "Nothing in the policy allows this call.".to_owned(),
            rule: None,
            part: None,
        });
    }
}

/// The worst reason first; the outcome is its.
fn worst_first(reasons: &mut [Reason]) -> Outcome {
    // A stable sort keeps the order of the layers among equals.
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.outcome));
    reasons.first().map_or(Outcome::Deny, |reason| reason.outcome)
}

/// The points of a call: a denied attempt has a price of its own.
const fn price(policy: &Policy, outcome: Outcome, points: u64) -> u64 {
    match outcome {
        Outcome::Deny => policy.points.denied,
        Outcome::Allow | Outcome::Escalate => points,
    }
}
