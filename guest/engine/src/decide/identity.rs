//! Who calls, where, and with what authority. Absent is nothing, not everything (D3).

use crate::call::{Call, DEFAULT_ENVIRONMENT};
use crate::decision::{Access, Layer, Outcome, Reason};
use crate::policy::{Authority, Policy};
use crate::wire::excerpt;

pub(super) fn decide(policy: &Policy, call: &Call<'_>, access: Access, reasons: &mut Vec<Reason>) {
    if call.agent_id != policy.agent_id {
        let message =
            format!("Policy governs agent \"{}\", not \"{}\".", policy.agent_id, excerpt(&call.agent_id));
        reasons.push(deny("agent-mismatch", message));
    }
    let environment = call.environment.as_deref().unwrap_or(DEFAULT_ENVIRONMENT);
    if !policy.environments.iter().any(|own| own == environment) {
        let message = format!(
            "Environment \"{}\" is outside the agent's scope ({}).",
            excerpt(environment),
            scope(policy)
        );
        reasons.push(deny("environment-scope", message));
    }
    let needed = match access {
        // A named tool is allowed by its name; what it does, the policy's author knows.
        Access::Tool | Access::Read => Authority::Read,
        Access::Write => Authority::Write,
        Access::Execute => Authority::Execute,
    };
    match policy.authority {
        None => reasons.push(deny("no-authority", "Policy grants no authority level.".to_owned())),
        Some(authority) if authority < needed => {
            let message = match access {
                Access::Write => "Authority level \"read-only\" does not write.",
                Access::Execute if authority == Authority::Read => {
                    "Authority level \"read-only\" does not run commands."
                }
                Access::Execute => "Authority level \"advisory-only\" does not run commands.",
                Access::Read | Access::Tool => "Authority level does not suffice.",
            };
            reasons.push(deny("authority-level", message.to_owned()));
        }
        Some(_) => {}
    }
}

fn scope(policy: &Policy) -> String {
    if policy.environments.is_empty() { "none".to_owned() } else { policy.environments.join(", ") }
}

fn deny(code: &'static str, message: String) -> Reason {
    Reason {
        outcome: Outcome::Deny,
        layer: Layer::Identity,
        code: code.into(),
        message,
        rule: None,
        part: None,
    }
}
