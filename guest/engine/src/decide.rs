//! **Where a decision is made.** A policy and a call become a decision: pure, and always one.
//!
//! The layers are asked in order and only ever raise the outcome; the worst reason decides, the
//! first of equals. A layer that finds nothing to say has not allowed anything: without a reason
//! the call is denied.

mod anomaly;
mod approvals;
mod identity;
mod meters;
mod paths;
mod rules;
mod tools;
mod visible;

pub(crate) use meters::{over, risk_debits, show};
use paths::Paths;
pub use visible::{may_see, mcp_tool};

use crate::call::Call;
use crate::decision::{Access, Decision, Digest, Layer, Outcome, Reason};
use crate::policy::Policy;

/// Decides a call.
pub fn decide(policy: &Policy, call: &Call<'_>) -> Decision {
    let mut reasons = Vec::with_capacity(8);
    let tool = tools::resolve(policy, call);
    identity::decide(policy, call, tool.access(), &mut reasons);
    let paths = Paths::new(policy, call);
    let rules::Said { raises, allows, lets_through } = rules::decide(policy, call);
    reasons.extend(raises);
    let (by_name, beside) = if tool.is_mapped() { (None, allows) } else { (allows, None) };
    reasons.extend(by_name);
    let points = tools::decide(&paths, &tool, lets_through, &mut reasons);
    something_allows(&mut reasons);
    // Told, but only where something else has allowed the call.
    reasons.extend(beside);
    let charges = meters::decide(policy, call, points, &mut reasons);
    let features = anomaly::features(policy, call, &mut reasons);
    approvals::decide(policy, call, &mut reasons);
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
    }
}

/// Decides a call given as JSON. Bytes that are not a call are a decision to deny.
pub fn decide_bytes(policy: &Policy, bytes: &[u8]) -> Decision {
    match Call::parse(bytes) {
        Ok(call) => decide(policy, &call),
        Err(error) => {
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
                call_digest: Digest::of(bytes),
                tags: Vec::new(),
            }
        }
    }
}

/// A call that nothing allowed is denied.
fn something_allows(reasons: &mut Vec<Reason>) {
    if reasons.iter().all(|reason| reason.layer == Layer::Identity && reason.outcome == Outcome::Allow) {
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
