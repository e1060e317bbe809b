//! Reading rows: the functions that both connections use, and the reading connection.

use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension, Row, params};
use sentinel_ledger::{Hash, Tree};

use super::approvals;
use crate::auth::KeyRecord;
use crate::state::{
    Agent, Approval, Entry, Head, Meter, MeterKey, Millis, NewEntry, PolicyRevision, Session, TENANT,
};
use crate::store::{ApprovalFilter, EntryFilter, LOG, Order, Reader, StoreError, encode};

pub(super) fn head(connection: &Connection) -> Result<Head, StoreError> {
    connection
        .prepare_cached(
            "SELECT size, peaks, last_at, signer, checkpoint FROM logs WHERE tenant = ?1 AND log_id = ?2",
        )?
        .query_row(params![TENANT, LOG], |row| {
            Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })
        .optional()?
        .map_or_else(
            || Ok(Head::empty()),
            |(size, peaks, last_at, key, checkpoint)| {
                let tree = Tree::from_peaks(encode::unsigned(size)?, &peaks)
                    .map_err(|_| encode::damaged("the end of the ledger"))?;
                Ok(Head { tree, last_at: Millis(last_at), key, checkpoint })
            },
        )
}

pub(super) fn meter(connection: &Connection, key: &MeterKey) -> Result<Option<Meter>, StoreError> {
    let [agent, ..] = key.parts();
    connection
        .prepare_cached(
            "SELECT used, held, slots FROM meters
             WHERE tenant = ?1 AND log_id = ?2 AND agent = ?3 AND meter = ?4",
        )?
        .query_row(params![TENANT, LOG, agent, key.as_str()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?
        .map(to_meter)
        .transpose()
}

fn to_meter((used, held, slots): (i64, i64, Vec<u8>)) -> Result<Meter, StoreError> {
    Ok(Meter {
        used: encode::unsigned(used)?,
        held: encode::unsigned(held)?,
        slots: encode::slots_back(&slots)?,
    })
}

pub(super) fn agent(connection: &Connection, id: &str) -> Result<Option<Agent>, StoreError> {
    connection
        .prepare_cached(
            "SELECT agent, calls, denied, escalated, last_at, session FROM agents
             WHERE tenant = ?1 AND log_id = ?2 AND agent = ?3",
        )?
        .query_row(params![TENANT, LOG, id], agent_columns)
        .optional()?
        .map(|columns| Ok(to_agent(columns)?.1))
        .transpose()
}

type AgentColumns = (String, i64, i64, i64, i64, String);

fn agent_columns(row: &Row<'_>) -> rusqlite::Result<AgentColumns> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
}

fn to_agent(
    (id, calls, denied, escalated, last_at, session): AgentColumns,
) -> Result<(String, Agent), StoreError> {
    let agent = Agent {
        calls: encode::unsigned(calls)?,
        denied: encode::unsigned(denied)?,
        escalated: encode::unsigned(escalated)?,
        last_at,
        session,
    };
    Ok((id, agent))
}

const SESSION_COLUMNS: &str = "session, agent, subject, external, started_at, ended_at";

fn session_columns(row: &Row<'_>) -> rusqlite::Result<(String, Session)> {
    let session = Session {
        agent: row.get(1)?,
        subject: row.get(2)?,
        external: row.get(3)?,
        started_at: Millis(row.get(4)?),
        ended_at: row.get::<_, Option<i64>>(5)?.map(Millis),
    };
    Ok((row.get(0)?, session))
}

pub(super) fn session(connection: &Connection, id: &str) -> Result<Option<Session>, StoreError> {
    let found = connection
        .prepare_cached(&format!(
            "SELECT {SESSION_COLUMNS} FROM sessions WHERE tenant = ?1 AND log_id = ?2 AND session = ?3"
        ))?
        .query_row(params![TENANT, LOG, id], session_columns)
        .optional()?;
    Ok(found.map(|(_, session)| session))
}

const POLICY_COLUMNS: &str =
    "agent, revision, version, digest, format, document, deployed_by, deployed_at, state";

struct PolicyColumns {
    revision: i64,
    format: String,
    state: String,
    rest: PolicyRevision,
}

fn policy_columns(row: &Row<'_>) -> rusqlite::Result<PolicyColumns> {
    Ok(PolicyColumns {
        revision: row.get(1)?,
        format: row.get(4)?,
        state: row.get(8)?,
        rest: PolicyRevision {
            agent: row.get(0)?,
            revision: 0,
            version: row.get(2)?,
            digest: row.get(3)?,
            format: crate::engine::Format::Json,
            document: row.get(5)?,
            deployed_by: row.get(6)?,
            deployed_at: Millis(row.get(7)?),
            state: crate::state::PolicyState::Removed,
        },
    })
}

fn to_policy(columns: PolicyColumns) -> Result<PolicyRevision, StoreError> {
    Ok(PolicyRevision {
        revision: encode::unsigned(columns.revision)?,
        format: encode::format_back(&columns.format)?,
        state: encode::policy_state_back(&columns.state),
        ..columns.rest
    })
}

pub(super) fn policy_history(
    connection: &Connection,
    agent: &str,
    limit: u32,
) -> Result<Vec<PolicyRevision>, StoreError> {
    connection
        .prepare_cached(&format!(
            "SELECT {POLICY_COLUMNS} FROM policies WHERE tenant = ?1 AND log_id = ?2 AND agent = ?3
             ORDER BY revision DESC LIMIT ?4"
        ))?
        .query_map(params![TENANT, LOG, agent, limit], policy_columns)?
        .map(|row| to_policy(row?))
        .collect()
}

pub(super) struct SqliteReader {
    connection: Connection,
}

impl SqliteReader {
    pub(super) const fn new(connection: Connection) -> Self {
        Self { connection }
    }
}

struct EntryColumns {
    seq: i64,
    leaf: Vec<u8>,
    kind: String,
    agent: String,
    decision: String,
    body: String,
}

fn entry_columns(row: &Row<'_>) -> rusqlite::Result<EntryColumns> {
    Ok(EntryColumns {
        seq: row.get(0)?,
        leaf: row.get(1)?,
        kind: row.get(2)?,
        agent: row.get(3)?,
        decision: row.get(4)?,
        body: row.get(5)?,
    })
}

fn to_entry(columns: EntryColumns) -> Result<Entry, StoreError> {
    Ok(Entry {
        seq: encode::unsigned(columns.seq)?,
        leaf: to_hash(&columns.leaf)?,
        entry: NewEntry {
            kind: encode::kind_back(&columns.kind)?,
            agent: columns.agent,
            decision: encode::decision_back(&columns.decision)?,
            body: columns.body,
        },
    })
}

fn to_hash(bytes: &[u8]) -> Result<Hash, StoreError> {
    Hash::from_slice(bytes).ok_or_else(|| encode::damaged("a hash"))
}

impl Reader for SqliteReader {
    fn head(&mut self) -> Result<Head, StoreError> {
        head(&self.connection)
    }

    fn entries(
        &mut self,
        from: u64,
        order: Order,
        filter: &EntryFilter,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut sql = "SELECT seq, leaf, kind, agent, decision, body FROM entries WHERE ".to_owned();
        let from = encode::signed(from);
        let kind = filter.kind.map(|kind| kind.as_str());
        let mut values: Vec<&dyn ToSql> = vec![&from];
        sql.push_str(match order {
            Order::OldestFirst => "seq >= ?1",
            Order::NewestFirst => "seq < ?1",
        });
        for (column, value) in [
            ("agent", filter.agent.as_ref().map(|value| value as &dyn ToSql)),
            ("kind", kind.as_ref().map(|value| value as &dyn ToSql)),
            ("decision", filter.decision.as_ref().map(|value| value as &dyn ToSql)),
        ] {
            if let Some(value) = value {
                values.push(value);
                sql.push_str(&format!(" AND {column} = ?{}", values.len()));
            }
        }
        values.push(&limit);
        let direction = if order == Order::OldestFirst { "ASC" } else { "DESC" };
        sql.push_str(&format!(" ORDER BY seq {direction} LIMIT ?{}", values.len()));
        self.connection
            .prepare_cached(&sql)?
            .query_map(values.as_slice(), entry_columns)?
            .map(|row| to_entry(row?))
            .collect()
    }

    fn hashes(&mut self, level: u8, start: u64, count: u32) -> Result<Vec<Hash>, StoreError> {
        let (first, end) = (encode::signed(start), encode::signed(start.saturating_add(count.into())));
        let sql = if level == 0 {
            "SELECT leaf FROM entries WHERE ?1 = 0 AND seq >= ?2 AND seq < ?3 ORDER BY seq"
        } else {
            "SELECT hash FROM nodes WHERE tenant = ?4 AND log_id = ?5 AND level = ?1 AND idx >= ?2
             AND idx < ?3 ORDER BY idx"
        };
        let mut select = self.connection.prepare_cached(sql)?;
        let bytes = |row: &Row<'_>| row.get::<_, Vec<u8>>(0);
        let rows = if level == 0 {
            select.query_map(params![level, first, end], bytes)?
        } else {
            select.query_map(params![level, first, end, TENANT, LOG], bytes)?
        };
        rows.map(|row| to_hash(&row?)).collect()
    }

    fn agents(&mut self) -> Result<Vec<(String, Agent)>, StoreError> {
        self.connection
            .prepare_cached(
                "SELECT agent, calls, denied, escalated, last_at, session FROM agents
                 WHERE tenant = ?1 AND log_id = ?2 ORDER BY agent",
            )?
            .query_map(params![TENANT, LOG], agent_columns)?
            .map(|row| to_agent(row?))
            .collect()
    }

    fn agent(&mut self, id: &str) -> Result<Option<Agent>, StoreError> {
        agent(&self.connection, id)
    }

    fn meters(&mut self, agent: &str) -> Result<Vec<(MeterKey, Meter)>, StoreError> {
        self.connection
            .prepare_cached(
                "SELECT meter, used, held, slots FROM meters WHERE tenant = ?1 AND log_id = ?2 AND agent = ?3",
            )?
            .query_map(params![TENANT, LOG, agent], |row| {
                Ok((row.get::<_, String>(0)?, (row.get(1)?, row.get(2)?, row.get(3)?)))
            })?
            .map(|row| {
                let (key, columns) = row?;
                Ok((MeterKey::from_stored(key), to_meter(columns)?))
            })
            .collect()
    }

    fn meter(&mut self, key: &MeterKey) -> Result<Option<Meter>, StoreError> {
        meter(&self.connection, key)
    }

    fn session(&mut self, id: &str) -> Result<Option<Session>, StoreError> {
        session(&self.connection, id)
    }

    fn sessions(&mut self, agent: &str, limit: u32) -> Result<Vec<(String, Session)>, StoreError> {
        let rows = self
            .connection
            .prepare_cached(&format!(
                "SELECT {SESSION_COLUMNS} FROM sessions WHERE tenant = ?1 AND log_id = ?2 AND agent = ?3
                 ORDER BY started_at DESC LIMIT ?4"
            ))?
            .query_map(params![TENANT, LOG, agent, limit], session_columns)?
            .collect::<Result<Vec<_>, _>>()?;
        Ok(rows)
    }

    fn policies(&mut self) -> Result<Vec<PolicyRevision>, StoreError> {
        self.connection
            .prepare_cached(&format!(
                "SELECT {POLICY_COLUMNS} FROM policies AS own WHERE tenant = ?1 AND log_id = ?2
                 AND revision = (SELECT max(revision) FROM policies WHERE tenant = own.tenant
                 AND log_id = own.log_id AND agent = own.agent) ORDER BY agent"
            ))?
            .query_map(params![TENANT, LOG], policy_columns)?
            .map(|row| to_policy(row?))
            .collect()
    }

    fn generation(&mut self) -> Result<u64, StoreError> {
        let generation = self
            .connection
            .prepare_cached("SELECT generation FROM generations WHERE tenant = ?1")?
            .query_row(params![TENANT], |row| row.get(0))
            .optional()?;
        encode::unsigned(generation.unwrap_or(0))
    }

    fn policy_history(&mut self, agent: &str, limit: u32) -> Result<Vec<PolicyRevision>, StoreError> {
        policy_history(&self.connection, agent, limit)
    }

    fn policy_revision(&mut self, agent: &str, revision: u64) -> Result<Option<PolicyRevision>, StoreError> {
        let select = format!(
            "SELECT {POLICY_COLUMNS} FROM policies
             WHERE tenant = ?1 AND log_id = ?2 AND agent = ?3 AND revision = ?4"
        );
        let found = self
            .connection
            .prepare_cached(&select)?
            .query_row(params![TENANT, LOG, agent, encode::signed(revision)], policy_columns)
            .optional()?;
        found.map(to_policy).transpose()
    }

    fn keys(&mut self) -> Result<Vec<KeyRecord>, StoreError> {
        let rows = self
            .connection
            .prepare_cached("SELECT hash, record, revoked_at FROM api_keys WHERE tenant = ?1 ORDER BY id")?
            .query_map(params![TENANT], |row| {
                Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<i64>>(2)?))
            })?
            .collect::<Result<Vec<_>, _>>()?;
        rows.into_iter()
            .map(|(hash, record, revoked_at)| encode::key_back(&hash, &record, revoked_at))
            .collect()
    }

    fn spent(&mut self) -> Result<Vec<(String, u64)>, StoreError> {
        let rows = self
            .connection
            .prepare_cached("SELECT id, until FROM spent WHERE tenant = ?1")?
            .query_map(params![TENANT], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?
            .collect::<Result<Vec<_>, _>>()?;
        rows.into_iter().map(|(id, until)| Ok((id, encode::unsigned(until)?))).collect()
    }

    fn approval(&mut self, key: &str) -> Result<Option<Approval>, StoreError> {
        approvals::approval(&self.connection, key)
    }

    fn approvals(&mut self, wanted: &ApprovalFilter) -> Result<Vec<(String, Approval)>, StoreError> {
        approvals::approvals(&self.connection, wanted)
    }
}
