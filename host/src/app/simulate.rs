//! What would become of a sequence of calls: decided and settled on a page that is thrown away.

use serde_json::value::RawValue;

use super::catalog::Governing;
use super::evaluate::{Request, RequestError};
use super::settle::{self, Owner};
use super::{App, clock, evaluate};
use crate::engine::{Approval, Circumstances, Verdict, denial};
use crate::state::{Head, Page};

/// Code of a call that was denied because a meter could not be kept.
const FAULT: (&str, &str) = (crate::engine::FAULT_CODE, crate::engine::FAULT_REASON);

/// A call of a simulation, and what would become of it.
#[derive(Clone, Debug)]
pub struct Simulated {
    /// The tool.
    pub tool_name: String,
    /// The verdict.
    pub verdict: Verdict,
}

/// What would become of all of them.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// In order.
    pub results: Vec<Simulated>,
    /// Points that they would use.
    pub risk_used: u64,
    /// The most that a session may use.
    pub risk_max: Option<u64>,
}

/// Simulates calls in a session that begins with them.
///
/// # Errors
///
/// Where one of them is no call.
pub fn simulate(
    app: &App,
    policy: Option<&Governing>,
    agent: &str,
    calls: &[&RawValue],
) -> Result<Simulation, RequestError> {
    let mut page = Page::scratch(Head::empty(), clock::now());
    let owner = Owner { agent: agent.to_owned(), session: None, run: None };
    let mut results = Vec::with_capacity(calls.len());
    for call in calls {
        let text = crate::call::complete(call.get(), agent, &app.config.environment);
        let request = Request::parse(text.as_bytes())?;
        let bytes = request.call(&app.config.environment)?;
        let named = (agent, request.tool_name.as_ref());
        let verdict = match policy.map(|policy| evaluate::propose(app, policy, &bytes)) {
            None => {
                let reason = "No policy governs this agent, so it may do nothing; deploy one.";
                denial(evaluate::NO_POLICY_CODE, reason, named)
            }
            Some(None) => denial(FAULT.0, FAULT.1, named),
            Some(Some(proposal)) => {
                let run = request.run_id.clone().map(std::borrow::Cow::into_owned);
                let owner = Owner { run, ..owner.clone() };
                let readings = settle::read(proposal.effects(), &owner, "", &page);
                // A person could be asked by then, so escalations are shown as such.
                let verdict = {
                    let (mode, approval) = (app.config.mode, Approval::Possible);
                    let now = u64::try_from(page.now.0).ok();
                    proposal.conclude(&readings, Circumstances { mode, approval, now })
                };
                settle::charges(proposal.effects(), &verdict, &owner, page.now)
                    .and_then(|due| settle::charge(&due, &mut page))
                    .map_or_else(|_| denial(FAULT.0, FAULT.1, named), |_| verdict)
            }
        };
        results.push(Simulated { tool_name: request.tool_name.clone().into_owned(), verdict });
    }
    let risk = super::sessions::risk_meter(agent, None);
    let risk_used = page.meters.get(&risk).ok().flatten().map_or(0, crate::state::Meter::total);
    let risk_max = policy
        .and_then(|policy| super::reads::describe(app, policy).ok())
        .and_then(|description| description.pointer("/riskBudget/max").and_then(serde_json::Value::as_u64));
    Ok(Simulation { results, risk_used, risk_max })
}
