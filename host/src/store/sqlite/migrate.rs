//! Making and updating the tables, by one process at a time.

use rusqlite::{Connection, TransactionBehavior};

use crate::store::StoreError;

/// What leads from each version to the next, in order; the first makes version 1. What was
/// released is never changed: a change is a further step.
const STEPS: [&str; 3] =
    [include_str!("schema.sql"), include_str!("0002_approvals.sql"), include_str!("0003_spent.sql")];

/// Takes the steps that are missing: all of them, or none.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    if missing(connection)?.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Somebody else may have taken them while this one waited.
    for step in missing(&transaction)? {
        transaction.execute_batch(step)?;
    }
    transaction.execute_batch(&format!("PRAGMA user_version = {}", STEPS.len()))?;
    Ok(transaction.commit()?)
}

fn missing(connection: &Connection) -> Result<&'static [&'static str], StoreError> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    usize::try_from(version).ok().and_then(|taken| STEPS.get(taken..)).ok_or_else(|| {
        let known = STEPS.len();
        StoreError::Unavailable {
            reason: format!("the store has version {version} and this program knows {known}: update it"),
        }
    })
}
