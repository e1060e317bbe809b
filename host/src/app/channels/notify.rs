//! On record: a channel was told of a question, or could not be. It changes who was told, and
//! nothing else of the question.

use serde::Serialize;

use crate::app::approvals::{is_genuine, parse, seal};
use crate::app::record::{self, json};
use crate::app::{Operation, OperationError, clock};
use crate::state::{Approval, EntryKind, Keys, Millis, NewEntry, Page};

/// A channel was told, or not.
pub(super) struct Notify {
    /// Which question.
    pub(super) id: String,
    /// Which channel.
    pub(super) channel: &'static str,
    /// What the other side calls the question.
    pub(super) reference: Option<String>,
    /// How often it was tried.
    pub(super) attempts: u32,
    /// Whether all of that failed.
    pub(super) failed: bool,
    /// Key of the codes of rows.
    pub(super) digest_key: [u8; 32],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NotifyEntry<'a> {
    agent_id: &'a str,
    approval_id: &'a str,
    at: String,
    attempts: u32,
    channel: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    failed: bool,
    id: String,
    kind: &'static str,
    verdict_id: &'a str,
}

/// Whether a channel was told, and what the other side calls the question.
pub(super) fn told<'a>(row: &'a Approval, channel: &str) -> Option<Option<&'a str>> {
    row.notified.iter().find_map(|own| match own.strip_prefix(channel)? {
        "" => Some(None),
        rest => rest.strip_prefix(':').map(Some),
    })
}

impl Operation for Notify {
    fn keys(&self, _now: Millis, keys: &mut Keys) {
        keys.approvals.extend(parse(&self.id).map(|(key, _)| key));
    }

    fn apply(&mut self, page: &mut Page) -> Result<(), OperationError> {
        let unknown = || OperationError::Unknown { what: "this approval".to_owned() };
        let (key, round) = parse(&self.id).ok_or_else(unknown)?;
        let row = page.approvals.get(&key)?.filter(|row| row.round == round).ok_or_else(unknown)?;
        if !is_genuine(&key, row, &self.digest_key) {
            return Err(unknown());
        }
        if told(row, self.channel).is_some() {
            // Another daemon was faster.
            return Ok(());
        }
        let mut row = row.clone();
        let body = json(&NotifyEntry {
            agent_id: &row.agent,
            approval_id: &self.id,
            at: clock::text(page.now),
            attempts: self.attempts,
            channel: self.channel,
            failed: self.failed,
            id: record::id(page.next_seq()),
            kind: EntryKind::ApprovalNotify.as_str(),
            verdict_id: &row.verdict_id,
        })?;
        let agent = row.agent.clone();
        page.append(NewEntry { kind: EntryKind::ApprovalNotify, agent, decision: "", body })?;
        if !self.failed {
            let reference = self.reference.as_deref().map_or(String::new(), |own| format!(":{own}"));
            row.notified.push(format!("{}{reference}", self.channel));
            row.mac = seal(&key, &row, &self.digest_key);
            page.approvals.put(key, row);
        }
        Ok(())
    }
}
