//! Which calls the policy's `approvals` want a person for, whatever else allows them.

use super::show;
use crate::call::Call;
use crate::decision::{Layer, Outcome, Reason, Rule};
use crate::effect::Unit;
use crate::limits::METER_KEY_BYTES_MAX;
use crate::money;
use crate::policy::Policy;
use crate::syntax::Node;

/// Escalates what needs a person.
pub(super) fn decide(policy: &Policy, call: &Call<'_>, reasons: &mut Vec<Reason>) {
    let rules = &policy.approvals;
    if let (Some((above, rule)), Some(cost)) = (&rules.above, call.cost.usd_micros)
        && cost > *above
    {
        let (cost, above) = (show(Unit::UsdMicros, cost), show(Unit::UsdMicros, *above));
        let message = format!("Call costs {cost}, and above {above} a person has to approve it.");
        reasons.push(escalate("approval-above", message, rule));
    }
    let tool = &call.tool_name;
    // A name that nobody could mean is everybody's: that it is long must not set it free.
    let found = rules.tools.iter().find(|(own, _)| tool.len() > METER_KEY_BYTES_MAX || own.matches(tool));
    if let Some((_, rule)) = found {
        let message = format!("Tools that match \"{}\" need the approval of a person.", rule.pattern);
        reasons.push(escalate("approval-tool", message, rule));
    }
}

fn escalate(code: &'static str, message: String, rule: &Rule) -> Reason {
    Reason {
        outcome: Outcome::Escalate,
        layer: Layer::Deterministic,
        code: code.into(),
        message,
        rule: Some(rule.clone()),
        part: None,
    }
}

/// Millionths of a dollar that are at stake: what the call says that it costs, else the number that
/// its argument `amount` is.
pub(super) fn value(call: &Call<'_>) -> Option<u64> {
    call.cost.usd_micros.or_else(|| call.argument("amount").and_then(Node::as_number).and_then(money::parse))
}
