//! Everything at a glance: sums, agents, the newest entries.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::agents::about;
use super::answer::{self, Reply};
use super::caller::{Auditor, Caller};
use super::input::{Params, bounded};
use super::money;
use crate::app::{clock, reads, statistics};
use crate::store::EntryFilter;

/// Entries, unless asked otherwise.
const EVENTS_DEFAULT: u32 = 100;

/// Agents that are shown. The list of agents has pages; this is a glance.
const AGENTS_MAX: usize = 500;

#[derive(Deserialize)]
pub(super) struct DashboardQuery {
    limit: Option<u32>,
}

/// GET /v1/dashboard
pub(super) async fn dashboard(caller: Caller<Auditor>, Params(query): Params<DashboardQuery>) -> Reply {
    let (view, grant) = caller.view()?;
    let most = u32::try_from(grant.app().config.dashboard_events_max).unwrap_or(u32::MAX);
    let limit = bounded("limit", query.limit, EVENTS_DEFAULT, most)?;
    let mut all = reads::agents(grant.app()).await?;
    all.retain(|(id, _, _)| view.shows(id));
    let sum = |of: fn(&crate::state::Agent) -> u64| all.iter().map(|(_, _, own)| of(own)).sum::<u64>();
    let (calls, denied, escalated) = (sum(|own| own.calls), sum(|own| own.denied), sum(|own| own.escalated));
    let ids = all.iter().map(|(id, _, _)| id.clone()).collect();
    let protected = statistics::protected(grant.app(), ids).await?;
    let totals = json!({
        "agents": all.len(),
        "calls": calls,
        "allowed": calls.saturating_sub(denied).saturating_sub(escalated),
        "denied": denied,
        "escalated": escalated,
        "protectedUsd": money::format(protected),
    });
    let mut agents = Vec::new();
    for known in all.iter().take(AGENTS_MAX) {
        let mut line = about(grant, known).await?;
        // Nothing looks for anomalies yet.
        line.insert("anomalyScore".to_owned(), Value::Null);
        agents.push(line);
    }
    let filter = EntryFilter { agent: view.narrow(None)?, ..EntryFilter::default() };
    let events = reads::newest(grant.app(), filter, None, limit).await?;
    answer::json(&Dashboard {
        timestamp: clock::text(clock::now()),
        totals,
        agents,
        recent_events: events.iter().map(answer::indexed).collect::<Result<_, _>>()?,
        correlations: [],
    })
}

/// Events as they were recorded: a tree in between could not hold every number of a call.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dashboard {
    timestamp: String,
    totals: Value,
    agents: Vec<Map<String, Value>>,
    recent_events: Vec<Box<RawValue>>,
    correlations: [(); 0],
}
