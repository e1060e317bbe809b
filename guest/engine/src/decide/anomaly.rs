//! What of the call is compared with past calls, and whose baselines that needs.

use crate::anomaly::{Features, SPEND_KEY, TooMany};
use crate::call::Call;
use crate::decision::{Layer, Mode, Outcome, Reason, Rule};
use crate::effect::Effect;
use crate::limits::COMPARED_ARGUMENTS_MAX;
use crate::meters::concerns;
use crate::policy::Policy;

/// What is compared of a call of a tool that the section speaks of.
pub(super) fn features(policy: &Policy, call: &Call<'_>, reasons: &mut Vec<Reason>) -> Option<Features> {
    let anomaly = policy.anomaly.as_ref()?;
    if !concerns(anomaly.tools.as_deref(), &call.tool_name) {
        return None;
    }
    match Features::of(anomaly, call) {
        Ok(features) => Some(features),
        // Leaving some of them out would show an agent where to hide a number.
        Err(TooMany) => {
            reasons.push(Reason {
                outcome: Outcome::Deny,
                layer: Layer::Anomaly,
                code: "anomaly-arguments".into(),
                message: format!(
                    "Call has more than {COMPARED_ARGUMENTS_MAX} arguments: too many to compare with past calls."
                ),
                rule: Some(Rule { pattern: "anomaly".to_owned(), pointer: "/anomaly".to_owned() }),
                part: None,
            });
            None
        }
    }
}

/// Whether the call can still go ahead: what is blocked is neither scored nor learned.
pub(super) fn matters(policy: &Policy, outcome: Outcome) -> bool {
    outcome < Outcome::Deny || policy.mode < Mode::Enforce
}

/// The baselines that are needed: of the tool, and of amounts.
pub(super) fn effects(features: Option<&Features>) -> impl Iterator<Item = Effect> {
    let tool = features.and_then(|own| own.tool.clone());
    let spend = features.and_then(|own| own.amount).map(|_| SPEND_KEY.to_owned());
    tool.into_iter().chain(spend).map(|key| Effect::Baseline { key })
}
