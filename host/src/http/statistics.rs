//! What the calls of an agent add up to.

use serde_json::{Value, json};

use super::answer::{self, Reply};
use super::caller::{Caller, Watcher};
use super::input::Named;
use super::money;
use crate::app::tally::Totals;
use crate::app::{clock, statistics};

/// Lines of one list. The largest come first.
const LINES_MAX: usize = 1_000;

/// GET /v1/agents/{id}/stats
pub(super) async fn stats(caller: Caller<Watcher>, Named(agent): Named) -> Reply {
    let grant = caller.seeing(&agent)?;
    let (sums, protected) = statistics::statistics(grant.app(), &agent).await?;
    answer::json(&json!({
        "agentId": agent,
        "total": line(&sums.total),
        "tools": lines("toolName", &sums.tools),
        "sessions": lines("sessionId", &sums.sessions),
        "runs": lines("runId", &sums.runs),
        "protected": { "valueUsd": money::format(protected.usd_micros), "calls": protected.calls },
        "timestamp": clock::text(clock::now()),
    }))
}

/// The lines of a list, those with the most calls first.
fn lines(name: &str, all: &std::collections::BTreeMap<String, Totals>) -> Vec<Value> {
    let mut sorted: Vec<_> = all.iter().collect();
    sorted.sort_by_key(|(_, totals)| std::cmp::Reverse(totals.count));
    sorted.truncate(LINES_MAX);
    let named = |(own, totals): (&String, &Totals)| {
        let mut fields = answer::fields(line(totals));
        match own.split_once('/').filter(|_| name == "runId") {
            // A run has a session, or none.
            Some((session, run)) => {
                fields.insert("sessionId".to_owned(), Some(session).filter(|own| !own.is_empty()).into());
                fields.insert(name.to_owned(), run.into());
            }
            None => {
                fields.insert(name.to_owned(), own.as_str().into());
            }
        }
        Value::Object(fields)
    };
    sorted.into_iter().map(named).collect()
}

fn line(totals: &Totals) -> Value {
    let mut fields = answer::fields(json!({
        "count": totals.count,
        "errors": totals.errors,
        "costUsd": money::format(totals.usd_micros),
        "tokens": totals.tokens,
        "durationMs": totals.duration_ms,
    }));
    if let Some(average) = totals.duration_ms.checked_div(totals.count) {
        fields.insert("averageMs".to_owned(), average.into());
        fields.insert("errorRate".to_owned(), rate(totals.errors, totals.count).into());
    }
    Value::Object(fields)
}

/// A part of a whole as a decimal text: `0.2500`.
fn rate(part: u64, whole: u64) -> String {
    let parts = u128::from(part) * 10_000 / u128::from(whole.max(1));
    format!("{}.{:04}", parts / 10_000, parts % 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_four_decimals() {
        for (part, whole, text) in
            [(0, 1, "0.0000"), (1, 3, "0.3333"), (1, 1, "1.0000"), (u64::MAX, u64::MAX, "1.0000")]
        {
            assert_eq!(rate(part, whole), text);
        }
    }

    #[test]
    fn the_largest_come_first_and_not_all_of_them() {
        let all =
            (0..1_500_u64).map(|n| (format!("t{n}"), Totals { count: n, ..Totals::default() })).collect();
        let shown = lines("toolName", &all);
        assert_eq!(shown.len(), LINES_MAX);
        assert_eq!(shown.first().unwrap()["toolName"], "t1499");
        assert_eq!(shown.last().unwrap()["count"], 500);
    }
}
