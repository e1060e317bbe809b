//! Making and updating the tables, by one daemon at a time.

use std::thread;
use std::time::Duration;

use postgres::error::SqlState;

use super::connect::Connection;
use super::fault::Fault;
use super::rows::column;
use crate::store::StoreError;

/// One step from a version to the next.
struct Migration {
    version: i64,
    sql: &'static str,
    /// What distributed databases may lack, if anything. Where this one does, the step is taken
    /// without it.
    guards: &'static str,
}

/// All of them, in order. What was released is never changed: a change is a further step.
const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, sql: include_str!("0001_init.sql"), guards: include_str!("0001_guards.sql") },
    Migration { version: 2, sql: include_str!("0002_approvals.sql"), guards: "" },
    Migration { version: 3, sql: include_str!("0003_spent.sql"), guards: "" },
];

/// Names the lock under which tables are made: the letters `sentinel`.
const LOCK: i64 = 0x7365_6e74_696e_656c;

/// How often to try where two daemons make the tables at once and the database has no such lock.
const ATTEMPTS_MAX: u32 = 10;

pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    check_encoding(connection)?;
    let mut attempts = 1;
    loop {
        match attempt(connection) {
            Ok(()) => return Ok(()),
            Err(fault) if is_race(&fault) && attempts < ATTEMPTS_MAX => {
                connection.batch("ROLLBACK")?;
                thread::sleep(Duration::from_millis(50) * attempts);
                attempts += 1;
            }
            Err(fault) => return Err(fault.into()),
        }
    }
}

/// Entries are hashed as UTF-8, so they have to come back as they went in.
fn check_encoding(connection: &mut Connection) -> Result<(), StoreError> {
    let rows = connection.query("SELECT current_setting('server_encoding', true)", &[])?;
    let encoding = rows.first().map(|row| column::<Option<String>>(row, 0)).transpose()?.flatten();
    match encoding {
        Some(other) if other != "UTF8" => Err(StoreError::Unavailable {
            reason: format!(
                "the database has the encoding {other}, and entries need UTF8: \
                 make one with `createdb --encoding=UTF8 --template=template0`"
            ),
        }),
        Some(_) | None => Ok(()),
    }
}

fn attempt(connection: &mut Connection) -> Result<(), Fault> {
    // A step may take longer on a large database than any other statement.
    connection.batch(&format!(
        "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 60000;
         SELECT pg_advisory_xact_lock({LOCK})"
    ))?;
    let current = version(connection)?;
    let known = MIGRATIONS.iter().map(|own| own.version).max().unwrap_or_default();
    if current > known {
        let reason = format!("the database has version {current} and this program knows {known}: update it");
        return Err(StoreError::Unavailable { reason }.into());
    }
    for own in MIGRATIONS.iter().filter(|own| own.version > current) {
        connection.batch(own.sql)?;
        if !own.guards.is_empty() {
            guard(connection, own.guards)?;
        }
        connection.batch(&format!("INSERT INTO sentinel_migrations (version) VALUES ({})", own.version))?;
    }
    connection.batch("COMMIT")
}

/// The version of the tables; 0 where there are none. It needs no right to make any.
fn version(connection: &mut Connection) -> Result<i64, Fault> {
    let rows = connection.query("SELECT to_regclass('sentinel_migrations') IS NOT NULL", &[])?;
    if !rows.first().map(|row| column(row, 0)).transpose()?.unwrap_or(false) {
        return Ok(0);
    }
    let rows = connection.query("SELECT coalesce(max(version), 0) FROM sentinel_migrations", &[])?;
    Ok(rows.first().map(|row| column(row, 0)).transpose()?.unwrap_or(0))
}

fn guard(connection: &mut Connection, sql: &str) -> Result<(), Fault> {
    connection.batch("SAVEPOINT guards")?;
    match connection.batch(sql) {
        Ok(()) => connection.batch("RELEASE SAVEPOINT guards"),
        Err(fault) if fault.has_code(&SqlState::FEATURE_NOT_SUPPORTED) => {
            connection.batch("ROLLBACK TO SAVEPOINT guards")
        }
        Err(fault) => Err(fault),
    }
}

fn is_race(fault: &Fault) -> bool {
    fault.is_collision()
        || fault.has_code(&SqlState::UNIQUE_VIOLATION)
        || fault.has_code(&SqlState::DUPLICATE_TABLE)
}
