//! Filling a page: what the writing connection reads.

use rusqlite::{Connection, OptionalExtension, params};

use super::cache::Cache;
use super::{approvals, read};
use crate::state::{Hold, HoldState, Keys, Millis, Page, Remembered, TENANT};
use crate::store::{LOG, StoreError, encode};

/// Holds that one transaction ends by itself.
const ENDED_HOLDS_MAX: u32 = 500;

pub(super) fn page(
    connection: &Connection,
    cache: &mut Cache,
    now: Millis,
    keys: &Keys,
) -> Result<Page, StoreError> {
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
    for key in &keys.baselines {
        cache.baselines.load(key, &mut page.baselines, || approvals::baseline(connection, key))?;
    }
    holds(connection, cache, keys, &mut page)?;
    questions(connection, cache, keys, &mut page)?;
    for key in &keys.remembered {
        page.remembered.load(key.clone(), remembered(connection, key)?);
    }
    for agent in &keys.policies {
        page.policies.load(agent.clone(), read::policy_history(connection, agent, 1)?.pop());
    }
    Ok(page)
}

/// Also the meters and baselines of holds, which nobody can name before.
fn holds(connection: &Connection, cache: &mut Cache, keys: &Keys, page: &mut Page) -> Result<(), StoreError> {
    let mut found = Vec::new();
    for id in &keys.holds {
        match hold(connection, id)? {
            Some(own) => found.push((id.clone(), own)),
            None => page.holds.load(id.clone(), None),
        }
    }
    if let Some(moment) = keys.holds_ended_before {
        found.extend(ended_holds(connection, moment)?);
    }
    for (id, own) in found {
        for charge in &own.charges {
            let key = &charge.meter;
            cache.meters.load(key, &mut page.meters, || read::meter(connection, key))?;
        }
        for lesson in &own.observations {
            let key = &(own.agent.clone(), lesson.key.clone());
            cache.baselines.load(key, &mut page.baselines, || approvals::baseline(connection, key))?;
        }
        page.holds.load(id, Some(own));
    }
    Ok(())
}

fn questions(
    connection: &Connection,
    cache: &mut Cache,
    keys: &Keys,
    page: &mut Page,
) -> Result<(), StoreError> {
    let mut wanted = keys.approvals.clone();
    if let Some(moment) = keys.approvals_ended_before {
        wanted.extend(approvals::ended(connection, moment)?);
    }
    for key in &wanted {
        cache.approvals.load(key, &mut page.approvals, || approvals::approval(connection, key))?;
    }
    Ok(())
}

fn hold(connection: &Connection, id: &str) -> Result<Option<Hold>, StoreError> {
    connection
        .prepare_cached(
            "SELECT agent, state, ends_at, charges, observations FROM holds
             WHERE tenant = ?1 AND log_id = ?2 AND verdict = ?3",
        )?
        .query_row(params![TENANT, LOG, id], |row| {
            let texts = (row.get::<_, String>(1)?, row.get::<_, String>(3)?, row.get::<_, String>(4)?);
            Ok((row.get(0)?, row.get(2)?, texts))
        })
        .optional()?
        .map(|(agent, ends_at, (state, charges, observations))| {
            Ok(Hold {
                agent,
                state: HoldState::from_stored(&state),
                ends_at: Millis(ends_at),
                charges: encode::charges_back(&charges)?,
                observations: encode::lessons_back(&observations)?,
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
) -> Result<Option<Remembered>, StoreError> {
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
            Ok(Remembered { request_digest, answer, seq: encode::unsigned(seq)?, at: Millis(at) })
        })
        .transpose()
}
