//! Rows and small verbs for the cases.

use sentinel::auth::{AgentScope, ApiKey, KeyRecord, RoleSet};
use sentinel::engine::Format;
use sentinel::state::{EntryKind, Keys, MeterKey, Millis, NewEntry, Page, PolicyRevision, PolicyState};
use sentinel::store::{StoreError, Writer};
use sentinel_ledger::SigningKey;

/// The moment of most transactions.
pub(crate) const NOW: Millis = Millis(1_790_000_000_000);

pub(crate) fn signer() -> SigningKey {
    SigningKey::from_seed("ledger.example/test", [7; 32]).expect("a key")
}

pub(crate) fn entry(agent: &str, kind: EntryKind, decision: &'static str, body: &str) -> NewEntry {
    NewEntry { kind, agent: agent.to_owned(), decision, body: body.to_owned() }
}

pub(crate) fn verdict(agent: &str, number: usize) -> NewEntry {
    entry(agent, EntryKind::Verdict, "allow", &format!("{{\"agent\":\"{agent}\",\"number\":{number}}}"))
}

pub(crate) fn policy(agent: &str, revision: u64, state: PolicyState) -> PolicyRevision {
    PolicyRevision {
        agent: agent.to_owned(),
        revision,
        version: format!("1.{revision}"),
        digest: format!("sha256:{revision:064x}"),
        format: if revision.is_multiple_of(2) { Format::Yaml } else { Format::Json },
        document: format!("{{\"revision\": {revision}, \"text\": \"\u{e9}'\\\"\"}}"),
        deployed_by: "file:a.soe.json".to_owned(),
        deployed_at: NOW,
        state,
    }
}

pub(crate) fn key(subject: &str) -> KeyRecord {
    let key = ApiKey::generate().expect("randomness");
    KeyRecord::new(&key, subject, RoleSet::ALL, AgentScope::Any, 1_790_000_000, None)
}

pub(crate) fn meter(name: &str) -> MeterKey {
    MeterKey::new("agent", name, "", 0, "")
}

pub(crate) fn meters(names: &[&str]) -> Keys {
    Keys { meters: names.iter().map(|name| meter(name)).collect(), ..Keys::default() }
}

/// Does work on a page, and signs what it appended.
pub(crate) fn transact(
    writer: &mut dyn Writer,
    keys: &Keys,
    mut work: impl FnMut(&mut Page) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    writer.transact(NOW, keys, &mut |page| {
        work(page)?;
        Ok(page.seal(&signer(), "ledger.example/test")?)
    })
}

/// Appends entries, and nothing else.
pub(crate) fn append(writer: &mut dyn Writer, entries: &[NewEntry]) -> Result<(), StoreError> {
    transact(writer, &Keys::default(), |page| {
        for entry in entries {
            page.append(entry.clone())?;
        }
        Ok(())
    })
}
