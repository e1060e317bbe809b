//! What nobody settled in time ends by itself: holds, which count as spent, and questions, which
//! count as no.

use std::sync::Arc;

use serde::Serialize;

use super::approvals::answer::end;
use super::approvals::is_genuine;
use super::record::{self, json};
use super::{Operation, OperationError, clock, lessons};
use crate::engine::Pool;
use crate::state::{Approval, ApprovalState, EntryKind, Hold, HoldState, Keys, Millis, NewEntry, Page};

/// Ends what is over.
pub(super) struct Expire {
    /// Learns of calls that nobody reported: they count as executed.
    pub(super) pool: Arc<Pool>,
    /// Key of the codes of approvals.
    pub(super) digest_key: [u8; 32],
    /// How many holds ended.
    pub(super) holds: usize,
    /// How many questions ended.
    pub(super) approvals: usize,
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
        keys.approvals_ended_before = Some(now);
    }

    fn apply(&mut self, page: &mut Page) -> Result<(), OperationError> {
        let now = page.now;
        let over: Vec<(String, Hold)> = page
            .holds
            .iter()
            .filter(|(_, hold)| hold.state == HoldState::Open && hold.ends_at < now)
            .map(|(id, hold)| (id.clone(), hold.clone()))
            .collect();
        self.holds = over.len();
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
            lessons::learn(&self.pool, &hold, page)?;
            page.holds.put(verdict_id, Hold { state: HoldState::Expired, observations: Vec::new(), ..hold });
        }
        self.end_approvals(page)?;
        Ok(())
    }
}

impl Expire {
    fn end_approvals(&mut self, page: &mut Page) -> Result<(), OperationError> {
        let now = page.now;
        let over: Vec<_> = page
            .approvals
            .iter()
            .filter(|(_, row)| row.state.is_open() && row.ends_at < now)
            .map(|(key, row)| (key.clone(), row.clone()))
            .collect();
        self.approvals = over.len();
        for (key, row) in over {
            let is_ours = is_genuine(&key, &row, &self.digest_key);
            // What somebody else wrote is not made ours by ending it.
            let row = if is_ours { row } else { Approval { round: 1, ..Approval::unreadable() } };
            end(page, key, &row, ApprovalState::Expired, None, &self.digest_key)?;
        }
        Ok(())
    }
}
