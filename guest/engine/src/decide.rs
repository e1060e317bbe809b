//! **Where a decision is made.** A policy and a call become a decision: pure, and always one.
//!
//! The layers are asked in order and only ever raise the outcome; the worst reason decides, the
//! first of equals. A layer that finds nothing to say has not allowed anything: without a reason
//! the call is denied.

mod identity;
mod paths;
mod tools;

use paths::Paths;

use crate::call::Call;
use crate::decision::{Access, Decision, Digest, Effect, Layer, Outcome, RISK_METER, Reason};
use crate::policy::Policy;

/// Decides a call.
pub fn decide(policy: &Policy, call: &Call<'_>) -> Decision {
    let mut reasons = Vec::with_capacity(8);
    let tool = tools::resolve(policy, call);
    identity::decide(policy, call, tool.access(), &mut reasons);
    let paths = Paths::new(policy, call);
    let points = tools::decide(&paths, &tool, &mut reasons);
    let named = (call.agent_id.to_string(), call.tool_name.to_string());
    let decision = finish(policy, reasons, tool.access(), points, named, call.digest);
    Decision { paths: paths.into_asked(), ..decision }
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
            let unnamed = (String::new(), String::new());
            finish(policy, vec![reason], Access::Tool, policy.points.denied, unnamed, Digest::of(bytes))
        }
    }
}

/// The worst reason first, and the price.
fn finish(
    policy: &Policy,
    mut reasons: Vec<Reason>,
    access: Access,
    points: u64,
    (agent_id, tool_name): (String, String),
    call_digest: Digest,
) -> Decision {
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
    // A stable sort keeps the order of the layers among equals.
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.outcome));
    let outcome = reasons.first().map_or(Outcome::Deny, |reason| reason.outcome);
    let amount = if outcome == Outcome::Deny { policy.points.denied } else { points };
    let effects = vec![Effect::Debit { meter: RISK_METER.into(), amount }];
    Decision { outcome, access, reasons, effects, paths: Vec::new(), agent_id, tool_name, call_digest }
}
