//! Filling a page: the lock on the log, then one query for each table of which there are keys.

use std::collections::BTreeSet;

use super::connect::Connection;
use super::fault::Fault;
use super::rows;
use crate::state::{Head, Keys, Millis, Page, TENANT};
use crate::store::{LOG, StoreError};

/// Holds that one transaction ends by itself.
const ENDED_HOLDS_MAX: i64 = 500;

/// Questions that one transaction ends by itself.
const ENDED_APPROVALS_MAX: i64 = 500;

/// The end of the ledger, locked until the transaction ends.
///
/// INVARIANT: a transaction that changes anything but API keys calls this first, so that what it
/// reads afterwards stays true.
pub(super) fn lock(own: &mut Connection) -> Result<Head, Fault> {
    let select =
        format!("SELECT {} FROM sentinel_logs WHERE tenant = $1 AND log_id = $2 FOR UPDATE", rows::HEAD);
    let mut found = own.query(&select, &[&TENANT, &LOG])?;
    if found.is_empty() {
        own.execute(
            "INSERT INTO sentinel_logs (tenant, log_id, size, peaks, last_at, signer, checkpoint)
             VALUES ($1, $2, 0, '', 0, '', '') ON CONFLICT (tenant, log_id) DO NOTHING",
            &[&TENANT, &LOG],
        )?;
        found = own.query(&select, &[&TENANT, &LOG])?;
    }
    match found.first() {
        Some(row) => Ok(rows::head(row)?),
        None => Err(StoreError::Failed { reason: "postgres: the log has no row".to_owned() }.into()),
    }
}

pub(super) fn page(own: &mut Connection, now: Millis, keys: &Keys) -> Result<Page, Fault> {
    let mut page = Page::new(lock(own)?, now);
    holds(own, keys, &mut page)?;
    meters(own, keys, &mut page)?;
    baselines(own, keys, &mut page)?;
    approvals(own, keys, &mut page)?;
    agents(own, keys, &mut page)?;
    sessions(own, keys, &mut page)?;
    remembered(own, keys, &mut page)?;
    policies(own, keys, &mut page)?;
    Ok(page)
}

/// A query for the rows of many keys, one look into the index for each.
///
/// With `= ANY($3)`, a plan that was made while the table was small, and is kept, walks the whole
/// index instead. `OFFSET 0` keeps the planner from turning this into that.
fn lookup(columns: &str, table: &str, key: &str) -> String {
    format!(
        "SELECT own.* FROM UNNEST($3::text[]) AS wanted (key) CROSS JOIN LATERAL
         (SELECT {columns} FROM {table} WHERE tenant = $1 AND log_id = $2 AND {key} = wanted.key OFFSET 0) AS own"
    )
}

/// The same for rows of an agent, whose keys are the agent and one more text.
fn lookup_of_agents(columns: &str, table: &str, key: &str) -> String {
    format!(
        "SELECT own.* FROM UNNEST($3::text[], $4::text[]) AS wanted (agent, key) CROSS JOIN LATERAL
         (SELECT {columns} FROM {table} WHERE tenant = $1 AND log_id = $2 AND agent = wanted.agent
         AND {key} = wanted.key OFFSET 0) AS own"
    )
}

/// A `None` for every key, which the rows that exist replace.
fn absent<K: Ord + Clone, R>(table: &mut crate::state::Table<K, R>, keys: &BTreeSet<K>) {
    for key in keys {
        table.load(key.clone(), None);
    }
}

fn holds(own: &mut Connection, keys: &Keys, page: &mut Page) -> Result<(), Fault> {
    absent(&mut page.holds, &keys.holds);
    let mut found = Vec::new();
    if !keys.holds.is_empty() {
        let ids: Vec<&str> = keys.holds.iter().map(String::as_str).collect();
        found = own.query(&lookup(rows::HOLD, "sentinel_holds", "verdict"), &[&TENANT, &LOG, &ids])?;
    }
    if let Some(moment) = keys.holds_ended_before {
        found.extend(own.query(
            &format!(
                "SELECT {} FROM sentinel_holds WHERE tenant = $1 AND log_id = $2 AND state = 'open'
                 AND ends_at < $3 ORDER BY ends_at LIMIT $4",
                rows::HOLD
            ),
            &[&TENANT, &LOG, &moment.0, &ENDED_HOLDS_MAX],
        )?);
    }
    for row in &found {
        let (id, hold) = rows::hold(row)?;
        page.holds.load(id, Some(hold));
    }
    Ok(())
}

/// Also the meters of holds, which nobody can name before.
fn meters(own: &mut Connection, keys: &Keys, page: &mut Page) -> Result<(), Fault> {
    let mut wanted = keys.meters.clone();
    let charges = page.holds.iter().flat_map(|(_, hold)| &hold.charges);
    wanted.extend(charges.map(|charge| charge.meter.clone()));
    if wanted.is_empty() {
        return Ok(());
    }
    absent(&mut page.meters, &wanted);
    let (agents, texts): (Vec<&str>, Vec<&str>) =
        wanted.iter().map(|key| (key.parts()[0], key.as_str())).unzip();
    let select = lookup_of_agents(rows::METER, "sentinel_meters", "meter");
    let found = own.query(&select, &[&TENANT, &LOG, &agents, &texts])?;
    for row in &found {
        let (key, meter) = rows::meter(row)?;
        page.meters.load(key, Some(meter));
    }
    Ok(())
}

/// Also the baselines that holds teach, for the same reason.
fn baselines(own: &mut Connection, keys: &Keys, page: &mut Page) -> Result<(), Fault> {
    let mut wanted = keys.baselines.clone();
    for (_, hold) in page.holds.iter() {
        wanted.extend(hold.observations.iter().map(|lesson| (hold.agent.clone(), lesson.key.clone())));
    }
    if wanted.is_empty() {
        return Ok(());
    }
    absent(&mut page.baselines, &wanted);
    let (agents, names): (Vec<&str>, Vec<&str>) =
        wanted.iter().map(|(agent, key)| (agent.as_str(), key.as_str())).unzip();
    let select = lookup_of_agents(rows::BASELINE, "sentinel_baselines", "key");
    let found = own.query(&select, &[&TENANT, &LOG, &agents, &names])?;
    for row in &found {
        let (key, bytes) = rows::baseline(row)?;
        page.baselines.load(key, Some(bytes));
    }
    Ok(())
}

fn approvals(own: &mut Connection, keys: &Keys, page: &mut Page) -> Result<(), Fault> {
    absent(&mut page.approvals, &keys.approvals);
    let mut found = Vec::new();
    if !keys.approvals.is_empty() {
        let wanted: Vec<&str> = keys.approvals.iter().map(String::as_str).collect();
        found = own.query(&lookup(rows::APPROVAL, "sentinel_approvals", "key"), &[&TENANT, &LOG, &wanted])?;
    }
    if let Some(moment) = keys.approvals_ended_before {
        found.extend(own.query(
            &format!(
                "SELECT {} FROM sentinel_approvals WHERE tenant = $1 AND log_id = $2 AND {}
                 AND ends_at < $3 ORDER BY ends_at LIMIT $4",
                rows::APPROVAL,
                rows::APPROVAL_IS_OPEN
            ),
            &[&TENANT, &LOG, &moment.0, &ENDED_APPROVALS_MAX],
        )?);
    }
    for row in &found {
        let (key, approval) = rows::approval(row)?;
        page.approvals.load(key, Some(approval));
    }
    Ok(())
}

fn agents(own: &mut Connection, keys: &Keys, page: &mut Page) -> Result<(), Fault> {
    if keys.agents.is_empty() {
        return Ok(());
    }
    absent(&mut page.agents, &keys.agents);
    let ids: Vec<&str> = keys.agents.iter().map(String::as_str).collect();
    let found = own.query(&lookup(rows::AGENT, "sentinel_agents", "agent"), &[&TENANT, &LOG, &ids])?;
    for row in &found {
        let (id, agent) = rows::agent(row)?;
        page.agents.load(id, Some(agent));
    }
    Ok(())
}

fn sessions(own: &mut Connection, keys: &Keys, page: &mut Page) -> Result<(), Fault> {
    if keys.sessions.is_empty() {
        return Ok(());
    }
    absent(&mut page.sessions, &keys.sessions);
    let ids: Vec<&str> = keys.sessions.iter().map(String::as_str).collect();
    let found = own.query(&lookup(rows::SESSION, "sentinel_sessions", "session"), &[&TENANT, &LOG, &ids])?;
    for row in &found {
        let (id, session) = rows::session(row)?;
        page.sessions.load(id, Some(session));
    }
    Ok(())
}

fn remembered(own: &mut Connection, keys: &Keys, page: &mut Page) -> Result<(), Fault> {
    if keys.remembered.is_empty() {
        return Ok(());
    }
    absent(&mut page.remembered, &keys.remembered);
    let (agents, names): (Vec<&str>, Vec<&str>) =
        keys.remembered.iter().map(|(agent, name)| (agent.as_str(), name.as_str())).unzip();
    let select = lookup_of_agents(rows::REMEMBERED, "sentinel_remembered", "idempotency");
    let found = own.query(&select, &[&TENANT, &LOG, &agents, &names])?;
    for row in &found {
        let (key, remembered) = rows::remembered(row)?;
        page.remembered.load(key, Some(remembered));
    }
    Ok(())
}

fn policies(own: &mut Connection, keys: &Keys, page: &mut Page) -> Result<(), Fault> {
    if keys.policies.is_empty() {
        return Ok(());
    }
    absent(&mut page.policies, &keys.policies);
    let agents: Vec<&str> = keys.policies.iter().map(String::as_str).collect();
    let found = own.query(
        &format!(
            "SELECT own.* FROM UNNEST($3::text[]) AS wanted (key) CROSS JOIN LATERAL
             (SELECT {} FROM sentinel_policies WHERE tenant = $1 AND log_id = $2 AND agent = wanted.key
             ORDER BY revision DESC LIMIT 1) AS own",
            rows::POLICY
        ),
        &[&TENANT, &LOG, &agents],
    )?;
    for row in &found {
        let policy = rows::policy(row)?;
        page.policies.load(policy.agent.clone(), Some(policy));
    }
    Ok(())
}
