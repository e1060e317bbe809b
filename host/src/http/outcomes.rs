//! What became of a call: reported by whoever ran it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::answer::{self, Reply};
use super::caller::{Caller, Evaluator, Grant};
use super::input::{self, JsonBody};
use super::money;
use super::problem::Problem;
use crate::app::evaluate::{cut, redact};
use crate::app::outcome::{self, Report, ReportRecord};
use crate::app::record;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Sent<'a> {
    #[serde(borrow, alias = "appId")]
    agent_id: Cow<'a, str>,
    #[serde(borrow)]
    tool_name: Cow<'a, str>,
    #[serde(borrow)]
    tool_input: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_output: Option<&'a RawValue>,
    decision: Option<String>,
    #[serde(borrow)]
    session_id: Option<Cow<'a, str>>,
    verdict_id: Option<String>,
    #[serde(default)]
    outcome: Outcome,
    #[serde(default)]
    cost: Cost,
    duration_ms: Option<u64>,
    #[serde(borrow)]
    error: Option<Cow<'a, str>>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    #[default]
    Executed,
    /// It was tried: what it cost, it cost.
    Failed,
    NotExecuted,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cost {
    usd: Option<String>,
    tokens: Option<u64>,
}

/// POST /v1/audit
pub(super) async fn report(caller: Caller<Evaluator>, body: JsonBody) -> Reply {
    let sent: Sent<'_> = body.parse()?;
    let grant = caller.acting_for(&sent.agent_id)?;
    let report = read(grant, sent)?;
    let done = outcome::report(grant.app(), report).await?;
    answer::json(&json!({
        "recorded": true,
        "entryId": done.id,
        "ledger": { "index": record::seq(&done.id) },
        "hold": done.hold,
    }))
}

fn read(grant: Grant<'_>, sent: Sent<'_>) -> Result<Report, Problem> {
    let app = grant.app();
    if sent.verdict_id.as_deref().is_some_and(|id| record::seq(id).is_none()) {
        return Err(Problem::not_found("this verdict of this agent is not known"));
    }
    let (outcome, happened) = match sent.outcome {
        Outcome::Executed => ("executed", true),
        Outcome::Failed => (outcome::FAILED, true),
        Outcome::NotExecuted => (outcome::NOT_EXECUTED, false),
    };
    let recorded =
        |value: Option<&RawValue>| value.and_then(|value| redact(&app.redactor, value)).map(|own| own.0);
    Ok(Report {
        subject: grant.subject().to_owned(),
        is_admin: grant.is_admin(),
        verdict_id: sent.verdict_id,
        happened,
        cost: cost(&sent.cost)?,
        record: ReportRecord {
            tool_name: cut(&sent.tool_name),
            tool_input: recorded(sent.tool_input),
            tool_output: recorded(sent.tool_output),
            decision: input::decision(sent.decision)?,
            session_id: sent.session_id.as_deref().map(cut),
            duration_ms: sent.duration_ms,
            outcome: outcome.to_owned(),
            error: sent.error.as_deref().map(|error| cut(&app.redactor.redact_text(error).text)),
        },
        agent: sent.agent_id.into_owned(),
        place: None,
        pool: Arc::clone(&app.pool),
        hold: None,
        id: String::new(),
    })
}

fn cost(sent: &Cost) -> Result<BTreeMap<String, u64>, Problem> {
    let mut cost = BTreeMap::new();
    if let Some(usd) = &sent.usd {
        let micros = money::parse(usd).ok_or_else(|| {
            Problem::bad_request("`cost.usd` is dollars as a text with at most 6 decimals, such as \"0.25\"")
        })?;
        cost.insert("usd".to_owned(), micros);
    }
    if let Some(tokens) = sent.tokens {
        cost.insert("tokens".to_owned(), tokens);
    }
    Ok(cost)
}
