//! Everything at a glance: sums, agents, the newest entries.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::activity::Told;
use super::agents::about;
use super::answer::{self, Reply};
use super::caller::{Auditor, Caller, View};
use super::input::{Params, bounded};
use super::money;
use super::problem::Problem;
use crate::app::{clock, reads, statistics};
use crate::state::{Entry, EntryKind};
use crate::store::EntryFilter;

/// Entries, unless asked otherwise.
const EVENTS_DEFAULT: u32 = 100;

/// Agents that are shown, unless asked for fewer: each costs a look at its meters. The list of agents
/// has pages; this is a glance.
const AGENTS_MAX: usize = 500;

#[derive(Deserialize)]
pub(super) struct DashboardQuery {
    limit: Option<u32>,
    agents: Option<usize>,
}

/// GET /v1/dashboard
pub(super) async fn dashboard(caller: Caller<Auditor>, Params(query): Params<DashboardQuery>) -> Reply {
    let (view, grant) = caller.view()?;
    let most = u32::try_from(grant.app().config.dashboard_events_max).unwrap_or(u32::MAX);
    let limit = bounded("limit", query.limit, EVENTS_DEFAULT, most)?;
    let shown = query.agents.unwrap_or(AGENTS_MAX);
    if shown > AGENTS_MAX {
        return Err(Problem::bad_request(format!("`agents` is a whole number from 0 to {AGENTS_MAX}")));
    }
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
    let filter = EntryFilter { agent: view.narrow(None)?, ..EntryFilter::default() };
    let events = reads::newest(grant.app(), filter, None, limit).await?;
    let mut agents = Vec::new();
    for known in all.iter().take(shown) {
        let mut line = about(grant, known).await?;
        line.insert("anomalyScore".to_owned(), anomaly(&events, &known.0).map_or(Value::Null, Value::from));
        agents.push(line);
    }
    let now = clock::now();
    // Of all agents together, so for those alone who see all of them.
    let activity = match view {
        View::Everything => grant.shared().metrics.activity.told(now),
        View::Agent(_) => Vec::new(),
    };
    answer::json(&Dashboard {
        timestamp: clock::text(now),
        activity,
        totals,
        agents,
        recent_events: events.iter().map(answer::indexed).collect::<Result<_, _>>()?,
        correlations: [],
    })
}

/// What is read of a verdict to find a score.
#[derive(Deserialize)]
struct Scored<'a> {
    #[serde(borrow)]
    code: Cow<'a, str>,
    #[serde(borrow)]
    reason: Cow<'a, str>,
}

/// How unusual the newest call of an agent was that was held back for that, among these entries.
/// The engine tells a score where it acts on it, and nowhere else.
fn anomaly(events: &[Entry], agent: &str) -> Option<f64> {
    let own = |entry: &&Entry| entry.entry.kind == EntryKind::Verdict && entry.entry.agent == agent;
    events.iter().filter(own).find_map(|entry| {
        let said: Scored<'_> = serde_json::from_str(&entry.entry.body).ok()?;
        matches!(&*said.code, "anomaly-unusual" | "anomaly-blocked").then(|| score(&said.reason))?
    })
}

/// The score in the words of the engine: `…: 8.50 of 10 (signal values).` What stands before may be
/// somebody else's text.
fn score(reason: &str) -> Option<f64> {
    let (before, _) = reason.rsplit_once(" of 10 (signal ")?;
    let (_, text) = before.rsplit_once(' ')?;
    text.parse().ok().filter(|score| (0.0..=10.0).contains(score))
}

/// Events as they were recorded: a tree in between could not hold every number of a call.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dashboard {
    timestamp: String,
    activity: Vec<Told>,
    totals: Value,
    agents: Vec<Map<String, Value>>,
    recent_events: Vec<Box<RawValue>>,
    correlations: [(); 0],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_read_from_the_words_of_the_engine_alone() {
        for (reason, expect) in [
            (
                "Argument `amount` is far from what it was in past calls: 8.50 of 10 (signal numbers).",
                Some(8.5),
            ),
            ("Argument `x: 0.00 of 10 (signal numbers)` was never seen: 9 of 10 (signal values).", Some(9.0)),
            ("Tool was never called: 11 of 10 (signal tools).", None),
            ("Tool was never called: NaN of 10 (signal tools).", None),
            ("Tool is on no list.", None),
        ] {
            assert_eq!(score(reason), expect, "{reason}");
        }
    }
}
