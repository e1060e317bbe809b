//! Saving what a page changed, in one transaction.

use rusqlite::{Connection, TransactionBehavior, params};

use crate::state::{Page, PolicyRevision, TENANT};
use crate::store::{LOG, StoreError, encode};

pub(super) fn page(connection: &mut Connection, page: &Page) -> Result<(), StoreError> {
    // INVARIANT: every change is on record, so without an entry there is none.
    if !page.is_changed() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    ledger(&transaction, page)?;
    state(&transaction, page)?;
    holds(&transaction, page)?;
    approvals(&transaction, page)?;
    baselines(&transaction, page)?;
    remembered(&transaction, page)?;
    for revision in page.revisions() {
        policy(&transaction, revision)?;
    }
    if !page.revisions().is_empty() {
        bump(&transaction)?;
    }
    Ok(transaction.commit()?)
}

fn ledger(connection: &Connection, page: &Page) -> Result<(), StoreError> {
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

fn state(connection: &Connection, page: &Page) -> Result<(), StoreError> {
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
    Ok(())
}

fn holds(connection: &Connection, page: &Page) -> Result<(), StoreError> {
    let mut put = connection.prepare_cached(
        "INSERT OR REPLACE INTO holds (tenant, log_id, verdict, agent, state, ends_at, charges, observations)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for (id, hold) in page.holds.changed() {
        let (charges, lessons) = (encode::charges(&hold.charges)?, encode::lessons(&hold.observations)?);
        let (state, ends_at) = (hold.state.as_str(), hold.ends_at.0);
        put.execute(params![TENANT, LOG, id, hold.agent, state, ends_at, charges, lessons])?;
    }
    Ok(())
}

fn approvals(connection: &Connection, page: &Page) -> Result<(), StoreError> {
    let mut put = connection.prepare_cached(
        "INSERT INTO approvals (tenant, log_id, key, agent, state, asked_at, ends_at, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (tenant, log_id, key) DO UPDATE SET agent = excluded.agent, state = excluded.state,
         asked_at = excluded.asked_at, ends_at = excluded.ends_at, body = excluded.body",
    )?;
    for (key, own) in page.approvals.changed() {
        let (state, body) = (own.state.as_str(), encode::approval(own)?);
        put.execute(params![TENANT, LOG, key, own.agent, state, own.asked_at.0, own.ends_at.0, body])?;
    }
    Ok(())
}

fn baselines(connection: &Connection, page: &Page) -> Result<(), StoreError> {
    let mut put = connection.prepare_cached(
        "INSERT INTO baselines (tenant, log_id, agent, key, bytes) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (tenant, log_id, agent, key) DO UPDATE SET bytes = excluded.bytes",
    )?;
    for ((agent, key), bytes) in page.baselines.changed() {
        put.execute(params![TENANT, LOG, agent, key, bytes])?;
    }
    Ok(())
}

fn remembered(connection: &Connection, page: &Page) -> Result<(), StoreError> {
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

fn policy(connection: &Connection, own: &PolicyRevision) -> Result<(), StoreError> {
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

/// The generation grows: others have to look at policies and keys again.
pub(super) fn bump(connection: &Connection) -> Result<(), StoreError> {
    connection
        .execute("UPDATE generations SET generation = generation + 1 WHERE tenant = ?1", params![TENANT])?;
    Ok(())
}
