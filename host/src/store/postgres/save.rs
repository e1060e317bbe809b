//! Saving what a page changed: one statement for each table, whatever the number of rows.

use super::connect::Connection;
use super::fault::Fault;
use crate::state::{Page, TENANT};
use crate::store::{LOG, StoreError, encode};

pub(super) fn page(own: &mut Connection, page: &Page) -> Result<(), Fault> {
    // INVARIANT: every change is on record, so without an entry there is none.
    if !page.is_changed() {
        return Ok(());
    }
    entries(own, page)?;
    nodes(own, page)?;
    head(own, page)?;
    meters(own, page)?;
    agents(own, page)?;
    sessions(own, page)?;
    holds(own, page)?;
    approvals(own, page)?;
    baselines(own, page)?;
    remembered(own, page)?;
    if !page.revisions().is_empty() {
        revisions(own, page)?;
        grow(own)?;
    }
    Ok(())
}

/// The generation grows: others have to look at policies and keys again.
pub(super) fn grow(own: &mut Connection) -> Result<(), Fault> {
    own.execute(
        "INSERT INTO sentinel_generations AS own (tenant, generation) VALUES ($1, 1)
         ON CONFLICT (tenant) DO UPDATE SET generation = own.generation + 1",
        &[&TENANT],
    )?;
    Ok(())
}

fn entries(own: &mut Connection, page: &Page) -> Result<(), Fault> {
    let rows = page.entries();
    if rows.is_empty() {
        return Ok(());
    }
    let seqs: Vec<i64> = rows.iter().map(|row| encode::signed(row.seq)).collect();
    let leaves: Vec<&[u8]> = rows.iter().map(|row| row.leaf.as_bytes().as_slice()).collect();
    let kinds: Vec<&str> = rows.iter().map(|row| row.entry.kind.as_str()).collect();
    let agents: Vec<&str> = rows.iter().map(|row| row.entry.agent.as_str()).collect();
    let decisions: Vec<&str> = rows.iter().map(|row| row.entry.decision).collect();
    let bodies: Vec<&str> = rows.iter().map(|row| row.entry.body.as_str()).collect();
    own.execute(
        "INSERT INTO sentinel_entries (tenant, log_id, seq, leaf, kind, agent, decision, body)
         SELECT $1::text, $2::text, * FROM
         UNNEST($3::bigint[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::text[])",
        &[&TENANT, &LOG, &seqs, &leaves, &kinds, &agents, &decisions, &bodies],
    )?;
    Ok(())
}

fn nodes(own: &mut Connection, page: &Page) -> Result<(), Fault> {
    let rows = page.nodes();
    if rows.is_empty() {
        return Ok(());
    }
    let levels: Vec<i64> = rows.iter().map(|node| i64::from(node.level)).collect();
    let indexes: Vec<i64> = rows.iter().map(|node| encode::signed(node.index)).collect();
    let hashes: Vec<&[u8]> = rows.iter().map(|node| node.hash.as_bytes().as_slice()).collect();
    own.execute(
        "INSERT INTO sentinel_nodes (tenant, log_id, level, idx, hash)
         SELECT $1::text, $2::text, * FROM UNNEST($3::bigint[], $4::bigint[], $5::bytea[])",
        &[&TENANT, &LOG, &levels, &indexes, &hashes],
    )?;
    Ok(())
}

fn head(own: &mut Connection, page: &Page) -> Result<(), Fault> {
    let head = page.head();
    let changed = own.execute(
        "UPDATE sentinel_logs SET size = $3, peaks = $4, last_at = $5, signer = $6, checkpoint = $7
         WHERE tenant = $1 AND log_id = $2",
        &[
            &TENANT,
            &LOG,
            &encode::signed(head.tree.size()),
            &head.tree.peaks_bytes(),
            &head.last_at.0,
            &head.key,
            &head.checkpoint,
        ],
    )?;
    if changed == 1 {
        return Ok(());
    }
    Err(StoreError::Failed { reason: "postgres: the row of the log is gone".to_owned() }.into())
}

fn meters(own: &mut Connection, page: &Page) -> Result<(), Fault> {
    let rows: Vec<_> = page.meters.changed().collect();
    if rows.is_empty() {
        return Ok(());
    }
    let meters: Vec<&str> = rows.iter().map(|(key, _)| key.as_str()).collect();
    let agents: Vec<&str> = rows
        .iter()
        .map(|(key, _)| {
            let [agent, ..] = key.parts();
            agent
        })
        .collect();
    let used: Vec<i64> = rows.iter().map(|(_, meter)| encode::signed(meter.used)).collect();
    let held: Vec<i64> = rows.iter().map(|(_, meter)| encode::signed(meter.held)).collect();
    let slots: Vec<Vec<u8>> = rows.iter().map(|(_, meter)| encode::slots(&meter.slots)).collect();
    own.execute(
        "INSERT INTO sentinel_meters (tenant, log_id, meter, agent, used, held, slots)
         SELECT $1::text, $2::text, * FROM
         UNNEST($3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bytea[])
         ON CONFLICT (tenant, log_id, agent, meter) DO UPDATE
         SET used = excluded.used, held = excluded.held, slots = excluded.slots",
        &[&TENANT, &LOG, &meters, &agents, &used, &held, &slots],
    )?;
    Ok(())
}

fn agents(own: &mut Connection, page: &Page) -> Result<(), Fault> {
    let rows: Vec<_> = page.agents.changed().collect();
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = rows.iter().map(|(id, _)| id.as_str()).collect();
    let calls: Vec<i64> = rows.iter().map(|(_, agent)| encode::signed(agent.calls)).collect();
    let denied: Vec<i64> = rows.iter().map(|(_, agent)| encode::signed(agent.denied)).collect();
    let escalated: Vec<i64> = rows.iter().map(|(_, agent)| encode::signed(agent.escalated)).collect();
    let last: Vec<i64> = rows.iter().map(|(_, agent)| agent.last_at).collect();
    let sessions: Vec<&str> = rows.iter().map(|(_, agent)| agent.session.as_str()).collect();
    own.execute(
        "INSERT INTO sentinel_agents (tenant, log_id, agent, calls, denied, escalated, last_at, session)
         SELECT $1::text, $2::text, * FROM
         UNNEST($3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[])
         ON CONFLICT (tenant, log_id, agent) DO UPDATE
         SET calls = excluded.calls, denied = excluded.denied, escalated = excluded.escalated,
         last_at = excluded.last_at, session = excluded.session",
        &[&TENANT, &LOG, &ids, &calls, &denied, &escalated, &last, &sessions],
    )?;
    Ok(())
}

fn sessions(own: &mut Connection, page: &Page) -> Result<(), Fault> {
    let rows: Vec<_> = page.sessions.changed().collect();
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = rows.iter().map(|(id, _)| id.as_str()).collect();
    let agents: Vec<&str> = rows.iter().map(|(_, row)| row.agent.as_str()).collect();
    let subjects: Vec<&str> = rows.iter().map(|(_, row)| row.subject.as_str()).collect();
    let externals: Vec<Option<&str>> = rows.iter().map(|(_, row)| row.external.as_deref()).collect();
    let started: Vec<i64> = rows.iter().map(|(_, row)| row.started_at.0).collect();
    let ended: Vec<Option<i64>> = rows.iter().map(|(_, row)| row.ended_at.map(|at| at.0)).collect();
    own.execute(
        "INSERT INTO sentinel_sessions
         (tenant, log_id, session, agent, subject, external, started_at, ended_at)
         SELECT $1::text, $2::text, * FROM
         UNNEST($3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[])
         ON CONFLICT (tenant, log_id, session) DO UPDATE
         SET agent = excluded.agent, subject = excluded.subject, external = excluded.external,
         started_at = excluded.started_at, ended_at = excluded.ended_at",
        &[&TENANT, &LOG, &ids, &agents, &subjects, &externals, &started, &ended],
    )?;
    Ok(())
}

fn holds(own: &mut Connection, page: &Page) -> Result<(), Fault> {
    let rows: Vec<_> = page.holds.changed().collect();
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = rows.iter().map(|(id, _)| id.as_str()).collect();
    let agents: Vec<&str> = rows.iter().map(|(_, hold)| hold.agent.as_str()).collect();
    let states: Vec<&str> = rows.iter().map(|(_, hold)| hold.state.as_str()).collect();
    let ends: Vec<i64> = rows.iter().map(|(_, hold)| hold.ends_at.0).collect();
    let charges =
        rows.iter().map(|(_, hold)| encode::charges(&hold.charges)).collect::<Result<Vec<String>, _>>()?;
    let lessons = rows
        .iter()
        .map(|(_, hold)| encode::lessons(&hold.observations))
        .collect::<Result<Vec<String>, _>>()?;
    own.execute(
        "INSERT INTO sentinel_holds (tenant, log_id, verdict, agent, state, ends_at, charges, observations)
         SELECT $1::text, $2::text, * FROM
         UNNEST($3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[])
         ON CONFLICT (tenant, log_id, verdict) DO UPDATE
         SET agent = excluded.agent, state = excluded.state, ends_at = excluded.ends_at,
         charges = excluded.charges, observations = excluded.observations",
        &[&TENANT, &LOG, &ids, &agents, &states, &ends, &charges, &lessons],
    )?;
    Ok(())
}

fn approvals(own: &mut Connection, page: &Page) -> Result<(), Fault> {
    let rows: Vec<_> = page.approvals.changed().collect();
    if rows.is_empty() {
        return Ok(());
    }
    let keys: Vec<&str> = rows.iter().map(|(key, _)| key.as_str()).collect();
    let agents: Vec<&str> = rows.iter().map(|(_, row)| row.agent.as_str()).collect();
    let states: Vec<&str> = rows.iter().map(|(_, row)| row.state.as_str()).collect();
    let asked: Vec<i64> = rows.iter().map(|(_, row)| row.asked_at.0).collect();
    let ends: Vec<i64> = rows.iter().map(|(_, row)| row.ends_at.0).collect();
    let bodies = rows.iter().map(|(_, row)| encode::approval(row)).collect::<Result<Vec<String>, _>>()?;
    own.execute(
        "INSERT INTO sentinel_approvals (tenant, log_id, key, agent, state, asked_at, ends_at, body)
         SELECT $1::text, $2::text, * FROM
         UNNEST($3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::text[])
         ON CONFLICT (tenant, log_id, key) DO UPDATE
         SET agent = excluded.agent, state = excluded.state, asked_at = excluded.asked_at,
         ends_at = excluded.ends_at, body = excluded.body",
        &[&TENANT, &LOG, &keys, &agents, &states, &asked, &ends, &bodies],
    )?;
    Ok(())
}

fn baselines(own: &mut Connection, page: &Page) -> Result<(), Fault> {
    let rows: Vec<_> = page.baselines.changed().collect();
    if rows.is_empty() {
        return Ok(());
    }
    let agents: Vec<&str> = rows.iter().map(|((agent, _), _)| agent.as_str()).collect();
    let keys: Vec<&str> = rows.iter().map(|((_, key), _)| key.as_str()).collect();
    let bytes: Vec<&[u8]> = rows.iter().map(|(_, bytes)| bytes.as_slice()).collect();
    own.execute(
        "INSERT INTO sentinel_baselines (tenant, log_id, agent, key, bytes)
         SELECT $1::text, $2::text, * FROM UNNEST($3::text[], $4::text[], $5::bytea[])
         ON CONFLICT (tenant, log_id, agent, key) DO UPDATE SET bytes = excluded.bytes",
        &[&TENANT, &LOG, &agents, &keys, &bytes],
    )?;
    Ok(())
}

fn remembered(own: &mut Connection, page: &Page) -> Result<(), Fault> {
    let rows: Vec<_> = page.remembered.changed().collect();
    if rows.is_empty() {
        return Ok(());
    }
    let agents: Vec<&str> = rows.iter().map(|((agent, _), _)| agent.as_str()).collect();
    let names: Vec<&str> = rows.iter().map(|((_, name), _)| name.as_str()).collect();
    let digests: Vec<&str> = rows.iter().map(|(_, row)| row.request_digest.as_str()).collect();
    let answers: Vec<&str> = rows.iter().map(|(_, row)| row.answer.as_str()).collect();
    let seqs: Vec<i64> = rows.iter().map(|(_, row)| encode::signed(row.seq)).collect();
    let times: Vec<i64> = rows.iter().map(|(_, row)| row.at.0).collect();
    own.execute(
        "INSERT INTO sentinel_remembered
         (tenant, log_id, agent, idempotency, request_digest, answer, seq, at)
         SELECT $1::text, $2::text, * FROM
         UNNEST($3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[])
         ON CONFLICT (tenant, log_id, agent, idempotency) DO UPDATE
         SET request_digest = excluded.request_digest, answer = excluded.answer, seq = excluded.seq,
         at = excluded.at",
        &[&TENANT, &LOG, &agents, &names, &digests, &answers, &seqs, &times],
    )?;
    Ok(())
}

/// Deployments are rare, so one statement each will do.
fn revisions(own: &mut Connection, page: &Page) -> Result<(), Fault> {
    for row in page.revisions() {
        own.execute(
            "INSERT INTO sentinel_policies (tenant, log_id, agent, revision, version, digest, format, document,
             deployed_by, deployed_at, state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            &[
                &TENANT,
                &LOG,
                &row.agent,
                &encode::signed(row.revision),
                &row.version,
                &row.digest,
                &encode::format(row.format),
                &row.document,
                &row.deployed_by,
                &row.deployed_at.0,
                &encode::policy_state(row.state),
            ],
        )?;
    }
    Ok(())
}
