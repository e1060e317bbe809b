//! Rows as values: what loading and reading have in common.

use postgres::Row;
use postgres::types::FromSql;
use sentinel_ledger::{Hash, Tree};

use crate::state::{
    Agent, Approval, Entry, Head, Hold, HoldState, Meter, MeterKey, Millis, NewEntry, PolicyRevision,
    Remembered, Session,
};
use crate::store::{StoreError, encode};

pub(super) const HEAD: &str = "size, peaks, last_at, signer, checkpoint";
pub(super) const METER: &str = "meter, used, held, slots";
pub(super) const AGENT: &str = "agent, calls, denied, escalated, last_at, session";
pub(super) const SESSION: &str = "session, agent, subject, external, started_at, ended_at";
pub(super) const HOLD: &str = "verdict, agent, state, ends_at, charges, observations";
pub(super) const REMEMBERED: &str = "agent, idempotency, request_digest, answer, seq, at";
pub(super) const APPROVAL: &str = "key, body";
/// As the indexes have it: else the planner may not see that they are for this.
pub(super) const APPROVAL_IS_OPEN: &str = "state IN ('pending', 'approved')";
pub(super) const BASELINE: &str = "agent, key, bytes";
pub(super) const POLICY: &str =
    "agent, revision, version, digest, format, document, deployed_by, deployed_at, state";
pub(super) const ENTRY: &str = "seq, leaf, kind, agent, decision, body";

/// A value of a row.
pub(super) fn column<'row, T: FromSql<'row>>(row: &'row Row, index: usize) -> Result<T, StoreError> {
    row.try_get(index).map_err(|_| {
        let name = row.columns().get(index).map_or("missing", |column| column.name());
        encode::damaged(&format!("the column `{name}`"))
    })
}

fn amount(row: &Row, index: usize) -> Result<u64, StoreError> {
    encode::unsigned(column(row, index)?)
}

pub(super) fn hash(row: &Row, index: usize) -> Result<Hash, StoreError> {
    Hash::from_slice(column(row, index)?).ok_or_else(|| encode::damaged("a hash"))
}

pub(super) fn head(row: &Row) -> Result<Head, StoreError> {
    let tree = Tree::from_peaks(amount(row, 0)?, column(row, 1)?)
        .map_err(|_| encode::damaged("the end of the ledger"))?;
    Ok(Head { tree, last_at: Millis(column(row, 2)?), key: column(row, 3)?, checkpoint: column(row, 4)? })
}

pub(super) fn meter(row: &Row) -> Result<(MeterKey, Meter), StoreError> {
    let meter =
        Meter { used: amount(row, 1)?, held: amount(row, 2)?, slots: encode::slots_back(column(row, 3)?)? };
    Ok((MeterKey::from_stored(column(row, 0)?), meter))
}

pub(super) fn agent(row: &Row) -> Result<(String, Agent), StoreError> {
    let agent = Agent {
        calls: amount(row, 1)?,
        denied: amount(row, 2)?,
        escalated: amount(row, 3)?,
        last_at: column(row, 4)?,
        session: column(row, 5)?,
    };
    Ok((column(row, 0)?, agent))
}

pub(super) fn session(row: &Row) -> Result<(String, Session), StoreError> {
    let session = Session {
        agent: column(row, 1)?,
        subject: column(row, 2)?,
        external: column(row, 3)?,
        started_at: Millis(column(row, 4)?),
        ended_at: column::<Option<i64>>(row, 5)?.map(Millis),
    };
    Ok((column(row, 0)?, session))
}

pub(super) fn hold(row: &Row) -> Result<(String, Hold), StoreError> {
    let hold = Hold {
        agent: column(row, 1)?,
        state: HoldState::from_stored(column(row, 2)?),
        ends_at: Millis(column(row, 3)?),
        charges: encode::charges_back(column(row, 4)?)?,
        observations: encode::lessons_back(column(row, 5)?)?,
    };
    Ok((column(row, 0)?, hold))
}

pub(super) fn remembered(row: &Row) -> Result<((String, String), Remembered), StoreError> {
    let remembered = Remembered {
        request_digest: column(row, 2)?,
        answer: column(row, 3)?,
        seq: amount(row, 4)?,
        at: Millis(column(row, 5)?),
    };
    Ok(((column(row, 0)?, column(row, 1)?), remembered))
}

pub(super) fn approval(row: &Row) -> Result<(String, Approval), StoreError> {
    Ok((column(row, 0)?, encode::approval_back(column(row, 1)?)))
}

pub(super) fn baseline(row: &Row) -> Result<((String, String), Vec<u8>), StoreError> {
    Ok(((column(row, 0)?, column(row, 1)?), column(row, 2)?))
}

pub(super) fn policy(row: &Row) -> Result<PolicyRevision, StoreError> {
    Ok(PolicyRevision {
        agent: column(row, 0)?,
        revision: amount(row, 1)?,
        version: column(row, 2)?,
        digest: column(row, 3)?,
        format: encode::format_back(column(row, 4)?)?,
        document: column(row, 5)?,
        deployed_by: column(row, 6)?,
        deployed_at: Millis(column(row, 7)?),
        state: encode::policy_state_back(column(row, 8)?),
    })
}

pub(super) fn entry(row: &Row) -> Result<Entry, StoreError> {
    Ok(Entry {
        seq: amount(row, 0)?,
        leaf: hash(row, 1)?,
        entry: NewEntry {
            kind: encode::kind_back(column(row, 2)?)?,
            agent: column(row, 3)?,
            decision: encode::decision_back(column(row, 4)?)?,
            body: column(row, 5)?,
        },
    })
}
