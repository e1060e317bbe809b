//! Values in columns, the same in both stores.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::auth::{KeyHash, KeyRecord};
use crate::engine::Format;
use crate::state::{Approval, Charge, EntryKind, Lesson, MeterKey, PolicyState, Slot};

/// Bytes of one slot: its number and its amount, little-endian.
const SLOT_BYTES: usize = 16;

/// Slots of a sliding window.
pub(super) fn slots(slots: &[Slot]) -> Vec<u8> {
    slots
        .iter()
        .flat_map(|slot| slot.index.to_le_bytes().into_iter().chain(slot.amount.to_le_bytes()))
        .collect()
}

/// The same, read.
pub(super) fn slots_back(bytes: &[u8]) -> Result<Vec<Slot>, StoreError> {
    let (chunks, rest) = bytes.as_chunks::<SLOT_BYTES>();
    if !rest.is_empty() {
        return Err(damaged("the slots of a meter"));
    }
    chunks
        .iter()
        .map(|chunk| {
            let (index, amount) = chunk.split_at(8);
            Ok(Slot {
                index: i64::from_le_bytes(index.try_into().map_err(|_| damaged("a slot"))?),
                amount: u64::from_le_bytes(amount.try_into().map_err(|_| damaged("a slot"))?),
            })
        })
        .collect()
}

#[derive(Serialize, Deserialize)]
struct ChargeRow {
    meter: String,
    unit: String,
    amount: u64,
}

/// Charges of a hold.
pub(super) fn charges(charges: &[Charge]) -> Result<String, StoreError> {
    let rows: Vec<ChargeRow> = charges
        .iter()
        .map(|charge| ChargeRow {
            meter: charge.meter.as_str().to_owned(),
            unit: charge.unit.clone(),
            amount: charge.amount,
        })
        .collect();
    json(&rows)
}

/// The same, read.
pub(super) fn charges_back(text: &str) -> Result<Vec<Charge>, StoreError> {
    let rows: Vec<ChargeRow> = serde_json::from_str(text).map_err(|_| damaged("the charges of a hold"))?;
    Ok(rows
        .into_iter()
        .map(|row| Charge { meter: MeterKey::from_stored(row.meter), unit: row.unit, amount: row.amount })
        .collect())
}

#[derive(Serialize, Deserialize)]
struct LessonRow {
    key: String,
    bytes: String,
}

/// Observations of a hold.
pub(super) fn lessons(lessons: &[Lesson]) -> Result<String, StoreError> {
    let rows: Vec<LessonRow> = lessons
        .iter()
        .map(|lesson| LessonRow { key: lesson.key.clone(), bytes: STANDARD_NO_PAD.encode(&lesson.bytes) })
        .collect();
    json(&rows)
}

/// The same, read.
pub(super) fn lessons_back(text: &str) -> Result<Vec<Lesson>, StoreError> {
    const WHAT: &str = "the observations of a hold";
    let rows: Vec<LessonRow> = serde_json::from_str(text).map_err(|_| damaged(WHAT))?;
    rows.into_iter()
        .map(|row| {
            let bytes = STANDARD_NO_PAD.decode(row.bytes).map_err(|_| damaged(WHAT))?;
            Ok(Lesson { key: row.key, bytes })
        })
        .collect()
}

/// A question, all of it.
pub(super) fn approval(approval: &Approval) -> Result<String, StoreError> {
    json(approval)
}

/// The same, read.
pub(super) fn approval_back(text: &str) -> Approval {
    // One that cannot be read is one that nobody of ours wrote. It must not keep others from being
    // read, or from ending.
    serde_json::from_str(text).unwrap_or_else(|_| Approval::unreadable())
}

fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Failed { reason: error.to_string() })
}

/// An unsigned number in a column of 64 signed bits. Beyond its edge it stays there: an amount
/// that large is over every limit.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The same, read.
pub(super) fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| damaged("a number below nought"))
}

pub(super) const fn format(format: Format) -> &'static str {
    match format {
        Format::Json => "json",
        Format::Yaml => "yaml",
    }
}

pub(super) fn format_back(word: &str) -> Result<Format, StoreError> {
    match word {
        "json" => Ok(Format::Json),
        "yaml" => Ok(Format::Yaml),
        _ => Err(damaged("the notation of a policy")),
    }
}

pub(super) const fn policy_state(state: PolicyState) -> &'static str {
    match state {
        PolicyState::Active => "active",
        PolicyState::Removed => "removed",
    }
}

/// A state that nobody knows governs nothing.
pub(super) fn policy_state_back(word: &str) -> PolicyState {
    if word == "active" { PolicyState::Active } else { PolicyState::Removed }
}

pub(super) fn kind_back(word: &str) -> Result<EntryKind, StoreError> {
    EntryKind::from_word(word).ok_or_else(|| damaged("the kind of an entry"))
}

/// The decision of an entry; empty where nothing was decided.
pub(super) fn decision_back(word: &str) -> Result<&'static str, StoreError> {
    ["", "allow", "deny", "escalate"]
        .into_iter()
        .find(|known| *known == word)
        .ok_or_else(|| damaged("the decision of an entry"))
}

/// An API key, without its hash.
#[derive(Serialize, Deserialize)]
struct KeyRow {
    id: String,
    subject: String,
    roles: String,
    agent: String,
    created_at: u64,
    expires_at: Option<u64>,
}

/// The record of a key.
pub(super) fn key(key: &KeyRecord) -> Result<String, StoreError> {
    let row = KeyRow {
        id: key.id.clone(),
        subject: key.subject.clone(),
        roles: key.roles.to_string(),
        agent: key.agent.to_string(),
        created_at: key.created_at,
        expires_at: key.expires_at,
    };
    json(&row)
}

/// The same, read.
pub(super) fn key_back(hash: &[u8], record: &str, revoked_at: Option<i64>) -> Result<KeyRecord, StoreError> {
    let row: KeyRow = serde_json::from_str(record).map_err(|_| damaged("the record of an API key"))?;
    Ok(KeyRecord {
        id: row.id,
        hash: KeyHash::from_bytes(hash.try_into().map_err(|_| damaged("the hash of an API key"))?),
        subject: row.subject,
        roles: row.roles.parse().map_err(|_| damaged("the roles of an API key"))?,
        agent: row.agent.parse().map_err(|_| damaged("the agent of an API key"))?,
        created_at: row.created_at,
        expires_at: row.expires_at,
        revoked_at: revoked_at.map(unsigned).transpose()?,
    })
}

pub(super) fn damaged(what: &str) -> StoreError {
    StoreError::Damaged { what: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_read() {
        let own = vec![Slot { index: -3, amount: u64::MAX }, Slot { index: i64::MAX, amount: 0 }];
        assert_eq!(slots_back(&slots(&own)).unwrap(), own);
        assert!(slots_back(&[0; 15]).is_err());
        let own =
            vec![Charge { meter: MeterKey::new("a", "m", "s", 3, "k\u{e9}"), unit: "usd".into(), amount: 7 }];
        assert_eq!(charges_back(&charges(&own).unwrap()).unwrap(), own);
        let own = vec![
            Lesson { key: "tool/\u{0}\"\n\u{e9}".into(), bytes: (0..=u8::MAX).collect() },
            Lesson { key: String::new(), bytes: Vec::new() },
        ];
        assert_eq!(lessons_back(&lessons(&own).unwrap()).unwrap(), own);
        assert_eq!(lessons_back("[]").unwrap(), []);
        for damaged in ["", "{}", "[{\"key\":\"k\",\"bytes\":\"*\"}]", "[{\"key\":\"k\"}]"] {
            assert!(lessons_back(damaged).is_err(), "{damaged}");
        }
        assert_eq!(signed(u64::MAX), i64::MAX);
        assert!(unsigned(-1).is_err());
    }

    #[test]
    fn every_kind_has_its_word() {
        for word in ["verdict", "outcome", "hold-expired", "session-start", "session-end", "session-reset"] {
            assert_eq!(kind_back(word).unwrap().as_str(), word);
        }
        for word in [
            "policy-deploy",
            "policy-remove",
            "key-rotation",
            "daemon-start",
            "daemon-stop",
            "store-recovered",
            "approval-answer",
            "approval-end",
            "approval-notify",
        ] {
            assert_eq!(kind_back(word).unwrap().as_str(), word);
        }
        assert!(kind_back("none").is_err());
    }
}
