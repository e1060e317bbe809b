//! The writing connection. It is the only one that changes meters, agents, sessions and holds,
//! so what it read or wrote lately is kept in memory.

use std::collections::HashMap;
use std::hash::Hash;

use rusqlite::{Connection, OptionalExtension, params};

use super::read;
use crate::auth::KeyRecord;
use crate::state::{
    Agent, Head, Hold, HoldState, Keys, Meter, MeterKey, Millis, Page, Session, TENANT, Table,
};
use crate::store::{LOG, StoreError, Writer, encode};

/// Rows of one kind that are kept in memory. Above, all of them are read again.
const CACHED_ROWS_MAX: usize = 50_000;

/// Holds that one transaction ends by itself.
const ENDED_HOLDS_MAX: u32 = 500;

pub(super) struct SqliteWriter {
    connection: Connection,
    cache: Cache,
}

#[derive(Default)]
struct Cache {
    head: Option<Head>,
    meters: Rows<MeterKey, Meter>,
    agents: Rows<String, Agent>,
    sessions: Rows<String, Session>,
}

/// Rows as they were committed; `None` for one that does not exist.
struct Rows<K, R>(HashMap<K, Option<R>>);

impl<K, R> Default for Rows<K, R> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash + Ord + Clone, R: Clone> Rows<K, R> {
    /// Loads a row into a page, from memory if it is there.
    fn load(
        &mut self,
        key: &K,
        table: &mut Table<K, R>,
        read: impl FnOnce() -> Result<Option<R>, StoreError>,
    ) -> Result<(), StoreError> {
        if let Some(row) = self.0.get(key) {
            table.load(key.clone(), row.clone());
            return Ok(());
        }
        let row = read()?;
        if self.0.len() >= CACHED_ROWS_MAX {
            self.0.clear();
        }
        self.0.insert(key.clone(), row.clone());
        table.load(key.clone(), row);
        Ok(())
    }

    /// Takes over what a page has committed.
    fn keep(&mut self, table: &Table<K, R>) {
        for (key, row) in table.changed() {
            self.0.insert(key.clone(), Some(row.clone()));
        }
    }
}

impl SqliteWriter {
    pub(super) fn new(connection: Connection) -> Result<Self, StoreError> {
        connection.execute(
            "INSERT OR IGNORE INTO generations (tenant, generation) VALUES (?1, 0)",
            params![TENANT],
        )?;
        Ok(Self { connection, cache: Cache::default() })
    }

    fn load(&mut self, now: Millis, keys: &Keys) -> Result<Page, StoreError> {
        let Self { connection, cache } = self;
        let head = match &cache.head {
            Some(head) => head.clone(),
            None => cache.head.insert(read::head(connection)?).clone(),
        };
        let mut page = Page::new(head, now);
        for key in &keys.meters {
            cache.meters.load(key, &mut page.meters, || read::meter(connection, key))?;
        }
        for id in &keys.agents {
            cache.agents.load(id, &mut page.agents, || read::agent(connection, id))?;
        }
        for id in &keys.sessions {
            cache.sessions.load(id, &mut page.sessions, || read::session(connection, id))?;
        }
        let mut holds = Vec::new();
        for id in &keys.holds {
            match hold(connection, id)? {
                Some(own) => holds.push((id.clone(), own)),
                None => page.holds.load(id.clone(), None),
            }
        }
        if let Some(moment) = keys.holds_ended_before {
            holds.extend(ended_holds(connection, moment)?);
        }
        for (id, own) in holds {
            for charge in &own.charges {
                let key = &charge.meter;
                cache.meters.load(key, &mut page.meters, || read::meter(connection, key))?;
            }
            page.holds.load(id, Some(own));
        }
        for key in &keys.remembered {
            page.remembered.load(key.clone(), remembered(connection, key)?);
        }
        for agent in &keys.policies {
            page.policies.load(agent.clone(), read::policy_history(connection, agent, 1)?.pop());
        }
        Ok(page)
    }

    fn keep(&mut self, page: &Page) {
        self.cache.head = Some(page.head().clone());
        self.cache.meters.keep(&page.meters);
        self.cache.agents.keep(&page.agents);
        self.cache.sessions.keep(&page.sessions);
    }
}

impl Writer for SqliteWriter {
    fn transact(
        &mut self,
        now: Millis,
        keys: &Keys,
        work: &mut dyn FnMut(&mut Page) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        // Nobody else writes these tables, so what is read before the transaction begins stays true.
        let mut page = self.load(now, keys)?;
        work(&mut page)?;
        let saved = save(&mut self.connection, &page);
        match saved {
            Ok(()) => self.keep(&page),
            // What is in memory may be ahead of the disk, or behind it: a commit can fail late.
            Err(_) => self.cache = Cache::default(),
        }
        saved
    }

    fn forget_answers(&mut self, before: Millis) -> Result<(), StoreError> {
        self.connection.execute(
            "DELETE FROM remembered WHERE tenant = ?1 AND log_id = ?2 AND at < ?3",
            params![TENANT, LOG, before.0],
        )?;
        Ok(())
    }

    fn add_key(&mut self, key: &KeyRecord) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        let record = encode::key(key)?;
        transaction.execute(
            "INSERT INTO api_keys (tenant, id, hash, record) VALUES (?1, ?2, ?3, ?4)",
            params![TENANT, key.id, key.hash.as_bytes(), record],
        )?;
        bump(&transaction)?;
        Ok(transaction.commit()?)
    }

    fn revoke_key(&mut self, id: &str, at: Millis) -> Result<bool, StoreError> {
        let transaction = self.connection.transaction()?;
        let changed = transaction.execute(
            "UPDATE api_keys SET revoked_at = ?3 WHERE tenant = ?1 AND id = ?2 AND revoked_at IS NULL",
            params![TENANT, id, at.seconds()],
        )?;
        bump(&transaction)?;
        transaction.commit()?;
        Ok(changed > 0)
    }
}

fn save(connection: &mut Connection, page: &Page) -> Result<(), StoreError> {
    // INVARIANT: every change is on record, so without an entry there is none.
    if !page.is_changed() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    save_ledger(&transaction, page)?;
    save_state(&transaction, page)?;
    for revision in page.revisions() {
        save_revision(&transaction, revision)?;
    }
    if !page.revisions().is_empty() {
        bump(&transaction)?;
    }
    Ok(transaction.commit()?)
}

fn save_ledger(connection: &Connection, page: &Page) -> Result<(), StoreError> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO entries (tenant, log_id, seq, leaf, kind, agent, decision, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for own in page.entries() {
        let entry = &own.entry;
        insert.execute(params![
            TENANT,
            LOG,
            encode::signed(own.seq),
            own.leaf.as_bytes(),
            entry.kind.as_str(),
            entry.agent,
            entry.decision,
            entry.body,
        ])?;
    }
    let mut insert = connection
        .prepare_cached("INSERT INTO nodes (tenant, log_id, level, idx, hash) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for node in page.nodes() {
        insert.execute(params![TENANT, LOG, node.level, encode::signed(node.index), node.hash.as_bytes()])?;
    }
    let head = page.head();
    connection
        .prepare_cached(
            "INSERT INTO logs (tenant, log_id, size, peaks, last_at, signer, checkpoint)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (tenant, log_id) DO UPDATE SET size = excluded.size, peaks = excluded.peaks,
             last_at = excluded.last_at, signer = excluded.signer, checkpoint = excluded.checkpoint",
        )?
        .execute(params![
            TENANT,
            LOG,
            encode::signed(head.tree.size()),
            head.tree.peaks_bytes(),
            head.last_at.0,
            head.key,
            head.checkpoint,
        ])?;
    Ok(())
}

fn save_state(connection: &Connection, page: &Page) -> Result<(), StoreError> {
    let mut put = connection.prepare_cached(
        "INSERT OR REPLACE INTO meters (tenant, log_id, meter, agent, used, held, slots)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (key, meter) in page.meters.changed() {
        let [agent, ..] = key.parts();
        let (used, held) = (encode::signed(meter.used), encode::signed(meter.held));
        put.execute(params![TENANT, LOG, key.as_str(), agent, used, held, encode::slots(&meter.slots)])?;
    }
    let mut put = connection.prepare_cached(
        "INSERT OR REPLACE INTO agents (tenant, log_id, agent, calls, denied, escalated, last_at, session)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for (id, agent) in page.agents.changed() {
        let [calls, denied, escalated] = [agent.calls, agent.denied, agent.escalated].map(encode::signed);
        put.execute(params![TENANT, LOG, id, calls, denied, escalated, agent.last_at, agent.session])?;
    }
    let mut put = connection.prepare_cached(
        "INSERT OR REPLACE INTO sessions
         (tenant, log_id, session, agent, subject, external, started_at, ended_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for (id, own) in page.sessions.changed() {
        let (started, ended) = (own.started_at.0, own.ended_at.map(|at| at.0));
        put.execute(params![TENANT, LOG, id, own.agent, own.subject, own.external, started, ended])?;
    }
    let mut put = connection.prepare_cached(
        "INSERT OR REPLACE INTO holds (tenant, log_id, verdict, agent, state, ends_at, charges)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (id, hold) in page.holds.changed() {
        let charges = encode::charges(&hold.charges)?;
        put.execute(params![TENANT, LOG, id, hold.agent, hold.state.as_str(), hold.ends_at.0, charges])?;
    }
    let mut put = connection.prepare_cached(
        "INSERT OR REPLACE INTO remembered (tenant, log_id, agent, idempotency, request_digest, answer, seq, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for ((agent, key), own) in page.remembered.changed() {
        let seq = encode::signed(own.seq);
        put.execute(params![TENANT, LOG, agent, key, own.request_digest, own.answer, seq, own.at.0])?;
    }
    Ok(())
}

fn save_revision(connection: &Connection, own: &crate::state::PolicyRevision) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO policies (tenant, log_id, agent, revision, version, digest, format, document,
             deployed_by, deployed_at, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            TENANT,
            LOG,
            own.agent,
            encode::signed(own.revision),
            own.version,
            own.digest,
            encode::format(own.format),
            own.document,
            own.deployed_by,
            own.deployed_at.0,
            encode::policy_state(own.state),
        ])?;
    Ok(())
}

fn bump(connection: &Connection) -> Result<(), StoreError> {
    connection
        .execute("UPDATE generations SET generation = generation + 1 WHERE tenant = ?1", params![TENANT])?;
    Ok(())
}

fn hold(connection: &Connection, id: &str) -> Result<Option<Hold>, StoreError> {
    connection
        .prepare_cached(
            "SELECT agent, state, ends_at, charges FROM holds
             WHERE tenant = ?1 AND log_id = ?2 AND verdict = ?3",
        )?
        .query_row(params![TENANT, LOG, id], |row| {
            Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?, row.get::<_, String>(3)?))
        })
        .optional()?
        .map(|(agent, state, ends_at, charges)| {
            Ok(Hold {
                agent,
                state: HoldState::from_stored(&state),
                ends_at: Millis(ends_at),
                charges: encode::charges_back(&charges)?,
            })
        })
        .transpose()
}

fn ended_holds(connection: &Connection, moment: Millis) -> Result<Vec<(String, Hold)>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT verdict FROM holds WHERE tenant = ?1 AND log_id = ?2 AND state = 'open' AND ends_at < ?3
         ORDER BY ends_at LIMIT ?4",
    )?;
    let ids = select
        .query_map(params![TENANT, LOG, moment.0, ENDED_HOLDS_MAX], |row| row.get(0))?
        .collect::<Result<Vec<String>, _>>()?;
    let rows = ids.into_iter().map(|id| Ok(hold(connection, &id)?.map(|row| (id, row))));
    rows.filter_map(Result::transpose).collect()
}

fn remembered(
    connection: &Connection,
    (agent, key): &(String, String),
) -> Result<Option<crate::state::Remembered>, StoreError> {
    connection
        .prepare_cached(
            "SELECT request_digest, answer, seq, at FROM remembered
             WHERE tenant = ?1 AND log_id = ?2 AND agent = ?3 AND idempotency = ?4",
        )?
        .query_row(params![TENANT, LOG, agent, key], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?, row.get(3)?))
        })
        .optional()?
        .map(|(request_digest, answer, seq, at)| {
            Ok(crate::state::Remembered {
                request_digest,
                answer,
                seq: encode::unsigned(seq)?,
                at: Millis(at),
            })
        })
        .transpose()
}
