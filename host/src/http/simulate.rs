//! What would become of a sequence of calls. Nothing is recorded, nothing is charged.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::answer::{self, Reply};
use super::caller::{Caller, Evaluator};
use super::evaluate::heavy;
use super::input::JsonBody;
use super::problem::Problem;
use crate::app::record::word;
use crate::app::simulate::{self, Simulated, Simulation};
use crate::engine::{Outcome, layer_word};
use crate::settings::mode_word;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Calls<'a> {
    #[serde(borrow, alias = "appId")]
    agent_id: Cow<'a, str>,
    #[serde(borrow)]
    calls: Vec<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    agent_id: &'a str,
    results: Vec<CallResult<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CallResult<'a> {
    decision: &'static str,
    tool_name: &'a str,
    reason: &'a str,
    layer: &'static str,
    code: &'a str,
    mode: &'static str,
    enforced: bool,
    risk_points: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    total: usize,
    allowed: usize,
    denied: usize,
    escalated: usize,
    risk_used: u64,
    risk_max: Option<u64>,
}

/// POST /v1/simulate
pub(super) async fn simulate(caller: Caller<Evaluator>, body: JsonBody) -> Reply {
    let calls: Calls<'_> = body.parse()?;
    let grant = caller.acting_for(&calls.agent_id)?;
    let app = grant.app();
    let most = app.config.simulate_calls_max;
    if calls.calls.len() > most {
        return Err(Problem::bad_request(format!(
            "{} calls are too many: send at most {most}",
            calls.calls.len()
        )));
    }
    let policy = app.catalog.get(&calls.agent_id);
    let simulation = heavy(|| simulate::simulate(app, policy.as_deref(), &calls.agent_id, &calls.calls))?;
    answer::json(&Answer {
        agent_id: &calls.agent_id,
        results: simulation.results.iter().map(result).collect(),
        summary: summary(&simulation),
    })
}

fn result(own: &Simulated) -> CallResult<'_> {
    CallResult {
        decision: word(own.verdict.decision),
        tool_name: &own.tool_name,
        reason: &own.verdict.reason,
        layer: layer_word(own.verdict.layer),
        code: &own.verdict.code,
        mode: mode_word(own.verdict.mode),
        enforced: own.verdict.enforced,
        risk_points: own.verdict.risk_points,
    }
}

fn summary(simulation: &Simulation) -> Summary {
    let count = |decision| simulation.results.iter().filter(|own| own.verdict.decision == decision).count();
    Summary {
        total: simulation.results.len(),
        allowed: count(Outcome::Allow),
        denied: count(Outcome::Deny),
        escalated: count(Outcome::Escalate),
        risk_used: simulation.risk_used,
        risk_max: simulation.risk_max,
    }
}
