//! Questions to people and what was learned: reading them, for both connections.

use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension, params};

use crate::state::{Approval, Millis, TENANT};
use crate::store::{ApprovalFilter, LOG, StoreError, encode};

/// Questions that one transaction ends by itself.
const ENDED_APPROVALS_MAX: u32 = 500;

/// As the indexes have it, word for word: else they are not used.
const IS_OPEN: &str = "state IN ('pending', 'approved')";

pub(super) fn approval(connection: &Connection, key: &str) -> Result<Option<Approval>, StoreError> {
    let body = connection
        .prepare_cached("SELECT body FROM approvals WHERE tenant = ?1 AND log_id = ?2 AND key = ?3")?
        .query_row(params![TENANT, LOG, key], |row| row.get::<_, String>(0))
        .optional()?;
    Ok(body.map(|body| encode::approval_back(&body)))
}

pub(super) fn approvals(
    connection: &Connection,
    wanted: &ApprovalFilter,
) -> Result<Vec<(String, Approval)>, StoreError> {
    let start = (Millis(if wanted.open { i64::MIN } else { i64::MAX }), String::new());
    let (moment, key) = wanted.past.as_ref().unwrap_or(&start);
    let mut values: Vec<&dyn ToSql> = vec![&TENANT, &LOG, &moment.0, key, &wanted.limit];
    let mut of_agent = "";
    if let Some(agent) = &wanted.agent {
        values.push(agent);
        of_agent = "AND agent = ?6";
    }
    let past = if wanted.open { ">" } else { "<" };
    // Few of all questions are open, which the planner does not know. So it is told.
    let (index, is_open, direction) = match (wanted.open, wanted.agent.is_some()) {
        (true, true) => ("approvals_open_by_agent", format!("AND {IS_OPEN}"), "ASC"),
        (true, false) => ("approvals_by_end", format!("AND {IS_OPEN}"), "ASC"),
        (false, true) => ("approvals_by_agent", String::new(), "DESC"),
        (false, false) => ("approvals_by_time", String::new(), "DESC"),
    };
    let sql = format!(
        "SELECT key, body FROM approvals INDEXED BY {index}
         WHERE tenant = ?1 AND log_id = ?2 AND (asked_at, key) {past} (?3, ?4) {of_agent} {is_open}
         ORDER BY asked_at {direction}, key {direction} LIMIT ?5"
    );
    connection
        .prepare_cached(&sql)?
        .query_map(values.as_slice(), |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?
        .map(|row| {
            let (key, body) = row?;
            Ok((key, encode::approval_back(&body)))
        })
        .collect()
}

/// Keys of open questions that ended before a moment, those that ended first.
pub(super) fn ended(connection: &Connection, moment: Millis) -> Result<Vec<String>, StoreError> {
    let keys = connection
        .prepare_cached(&format!(
            "SELECT key FROM approvals WHERE tenant = ?1 AND log_id = ?2 AND {IS_OPEN} AND ends_at < ?3
             ORDER BY ends_at LIMIT ?4"
        ))?
        .query_map(params![TENANT, LOG, moment.0, ENDED_APPROVALS_MAX], |row| row.get(0))?
        .collect::<Result<Vec<String>, _>>()?;
    Ok(keys)
}

pub(super) fn baseline(
    connection: &Connection,
    (agent, key): &(String, String),
) -> Result<Option<Vec<u8>>, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT bytes FROM baselines WHERE tenant = ?1 AND log_id = ?2 AND agent = ?3 AND key = ?4",
        )?
        .query_row(params![TENANT, LOG, agent, key], |row| row.get(0))
        .optional()?;
    Ok(found)
}
