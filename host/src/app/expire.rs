//! Holds that nobody settled in time: they end by themselves, and count as spent.

use serde::Serialize;

use super::record::{self, json};
use super::{Operation, OperationError, clock};
use crate::state::{EntryKind, Hold, HoldState, Keys, Millis, NewEntry, Page};

/// Ends what is over.
#[derive(Default)]
pub(super) struct Expire {
    /// How many ended.
    pub(super) count: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExpiredEntry<'a> {
    agent_id: &'a str,
    at: String,
    id: String,
    kind: &'static str,
    verdict_id: &'a str,
}

impl Operation for Expire {
    fn keys(&self, now: Millis, keys: &mut Keys) {
        keys.holds_ended_before = Some(now);
    }

    fn apply(&mut self, page: &mut Page) -> Result<(), OperationError> {
        let now = page.now;
        let over: Vec<(String, Hold)> = page
            .holds
            .iter()
            .filter(|(_, hold)| hold.state == HoldState::Open && hold.ends_at < now)
            .map(|(id, hold)| (id.clone(), hold.clone()))
            .collect();
        self.count = over.len();
        for (verdict_id, hold) in over {
            let body = json(&ExpiredEntry {
                agent_id: &hold.agent,
                at: clock::text(now),
                id: record::id(page.next_seq()),
                kind: EntryKind::HoldExpired.as_str(),
                verdict_id: &verdict_id,
            })?;
            let agent = hold.agent.clone();
            page.append(NewEntry { kind: EntryKind::HoldExpired, agent, decision: "", body })?;
            for charge in &hold.charges {
                page.meters.edit(&charge.meter)?.resolve(charge.amount, charge.amount);
            }
            page.holds.put(verdict_id, Hold { state: HoldState::Expired, ..hold });
        }
        Ok(())
    }
}
