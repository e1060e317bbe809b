//! Rows and small verbs for the cases.

use sentinel::auth::{AgentScope, ApiKey, KeyRecord, RoleSet};
use sentinel::engine::Format;
use sentinel::state::{
    Approval, ApprovalAnswer, ApprovalMeter, ApprovalPart, ApprovalReason, ApprovalRule, ApprovalState,
    EntryKind, Keys, MeterKey, Millis, NewEntry, Page, PolicyRevision, PolicyState,
};
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

/// Texts that a store could lose or change.
pub(crate) const ODD: &str = "\u{0}\u{1f512}e\u{301}\r\n\t'\"\\%_{}$1 ?1 \u{feff}\u{202e}\u{ffff}";

/// A question with something in every field.
pub(crate) fn question(agent: &str, state: ApprovalState, asked_at: i64, ends_at: i64) -> Approval {
    Approval {
        round: u64::MAX,
        agent: agent.to_owned(),
        requester: ODD.to_owned(),
        session: Some("s1".to_owned()),
        tool: ODD.to_owned(),
        call_digest: "sha256:1".to_owned(),
        policy_digest: "sha256:2".to_owned(),
        state,
        asked_at: Millis(asked_at),
        ends_at: Millis(ends_at),
        approvers: vec!["ana".to_owned(), ODD.to_owned()],
        grounds: u64::MAX,
        quorum: u32::MAX,
        answers: vec![
            ApprovalAnswer {
                subject: ODD.to_owned(),
                is_yes: true,
                note: Some(ODD.to_owned()),
                channel: "http".to_owned(),
                at: Millis(i64::MIN),
            },
            ApprovalAnswer {
                subject: "ana".to_owned(),
                is_yes: false,
                note: None,
                channel: "slack".to_owned(),
                at: Millis(i64::MAX),
            },
        ],
        reason: ODD.to_owned(),
        code: "rule-approval".to_owned(),
        reasons: vec![ApprovalReason {
            message: ODD.to_owned(),
            code: "rule-approval".to_owned(),
            layer: "rules".to_owned(),
            rule: Some(ApprovalRule { pattern: ODD.to_owned(), pointer: "/rules/0".to_owned() }),
            part: Some(ApprovalPart { text: ODD.to_owned(), start: u32::MAX, end: 0 }),
        }],
        more_reasons: u32::MAX,
        verdict_id: "v1".to_owned(),
        call: Some(format!("{{\"tool\":\"x\",\"text\":\"{ODD}\"}}")),
        meters: vec![
            ApprovalMeter {
                meter: "day".to_owned(),
                unit: "usd".to_owned(),
                used: u64::MAX,
                amount: 0,
                limit: Some(u64::MAX - 1),
            },
            ApprovalMeter {
                meter: ODD.to_owned(),
                unit: "calls".to_owned(),
                used: 0,
                amount: 1,
                limit: None,
            },
        ],
        value: Some(u64::MAX),
        nonce: "n".to_owned(),
        notified: vec!["webhook".to_owned()],
        mac: "m".to_owned(),
    }
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
