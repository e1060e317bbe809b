//! The writing connection. It is the only one that changes anything but API keys and what is spent,
//! so what it read or wrote lately is kept in memory.

use rusqlite::{Connection, params};

use super::cache::Cache;
use super::{load, save};
use crate::auth::KeyRecord;
use crate::state::{Keys, Millis, Page, TENANT};
use crate::store::{LOG, Spent, StoreError, Writer, encode};

pub(super) struct SqliteWriter {
    connection: Connection,
    cache: Cache,
}

impl SqliteWriter {
    pub(super) fn new(connection: Connection) -> Result<Self, StoreError> {
        connection.execute(
            "INSERT OR IGNORE INTO generations (tenant, generation) VALUES (?1, 0)",
            params![TENANT],
        )?;
        Ok(Self { connection, cache: Cache::default() })
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
        let mut page = load::page(&self.connection, &mut self.cache, now, keys)?;
        work(&mut page)?;
        let saved = save::page(&mut self.connection, &page);
        match saved {
            // INVARIANT: without an entry there is no change, so none was saved.
            Ok(()) if page.is_changed() => self.cache.keep(&page),
            Ok(()) => {}
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
        save::bump(&transaction)?;
        Ok(transaction.commit()?)
    }

    fn revoke_key(&mut self, id: &str, at: Millis) -> Result<bool, StoreError> {
        let transaction = self.connection.transaction()?;
        let changed = transaction.execute(
            "UPDATE api_keys SET revoked_at = ?3 WHERE tenant = ?1 AND id = ?2 AND revoked_at IS NULL",
            params![TENANT, id, at.seconds()],
        )?;
        save::bump(&transaction)?;
        transaction.commit()?;
        Ok(changed > 0)
    }

    fn spend(&mut self, spent: &Spent, now: Millis) -> Result<bool, StoreError> {
        let transaction = self.connection.transaction()?;
        transaction
            .execute("DELETE FROM spent WHERE tenant = ?1 AND until <= ?2", params![TENANT, now.seconds()])?;
        let changed = transaction.execute(
            "INSERT OR IGNORE INTO spent (tenant, id, until) VALUES (?1, ?2, ?3)",
            params![TENANT, spent.id, encode::signed(spent.until)],
        )?;
        if spent.is_announced {
            save::bump(&transaction)?;
        }
        transaction.commit()?;
        Ok(changed > 0)
    }
}
