//! The writing connection: transactions, and what to do where one has no good end.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::connect::{Connection, Connector};
use super::fault::Fault;
use super::{CHANNEL, COLLISIONS_MAX, DOUBT, POLICY_CHANGED, load, rows, save};
use crate::auth::KeyRecord;
use crate::state::{Keys, Millis, Page, TENANT};
use crate::store::{LOG, Spent, StoreError, Writer, encode};

/// With the lock, what is committed is what there is to see; a stronger isolation would only make
/// those who waited for the lock begin again.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

pub(super) struct PostgresWriter {
    connector: Arc<Connector>,
    /// INVARIANT: not within a transaction. It is taken out for one, and comes back if that
    /// ended in order, so that nothing can go on in the middle of another one.
    connection: Option<Connection>,
}

impl PostgresWriter {
    pub(super) fn new(connector: Arc<Connector>) -> Result<Self, StoreError> {
        let connection = connector.connect()?;
        Ok(Self { connector, connection: Some(connection) })
    }

    fn take(&mut self) -> Result<Connection, StoreError> {
        self.connection.take().map_or_else(|| self.connector.connect(), Ok)
    }

    /// Gives up a transaction, and keeps the connection if it is good for another one.
    fn abandon(&mut self, mut own: Connection, fault: &Fault) {
        if !fault.is_lost() && own.batch("ROLLBACK").is_ok() {
            self.connection = Some(own);
        }
    }

    fn attempt(
        &mut self,
        now: Millis,
        keys: &Keys,
        work: &mut dyn FnMut(&mut Page) -> Result<(), StoreError>,
    ) -> Result<(), Fault> {
        let mut own = self.take()?;
        let page = match run(&mut own, now, keys, work) {
            Ok(page) => page,
            Err(fault) => {
                self.abandon(own, &fault);
                return Err(fault);
            }
        };
        let news = announcement(&page);
        match self.commit(&mut own, news) {
            Ok(()) => {
                self.connection = Some(own);
                Ok(())
            }
            Err(fault) if fault.is_lost() => {
                drop(own);
                self.settle_doubt(&page, fault)
            }
            Err(fault) => {
                self.abandon(own, &fault);
                Err(fault)
            }
        }
    }

    /// Announces and commits, in one round trip.
    fn commit(&self, own: &mut Connection, news: Option<String>) -> Result<(), Fault> {
        match news.filter(|_| self.connector.notifies) {
            // A number or a word of ours: nothing to quote.
            Some(news) => own.batch(&format!("NOTIFY {CHANNEL}, '{news}'; COMMIT")),
            None => own.batch("COMMIT"),
        }
    }

    /// The commit was sent and not answered. If its entries are in the ledger, it was done; if
    /// not, it never will be, since whoever has the lock knows that the other transaction ended.
    fn settle_doubt(&mut self, page: &Page, fault: Fault) -> Result<(), Fault> {
        if page.entries().is_empty() {
            return Err(StoreError::Failed {
                reason: "postgres: the connection was lost at a commit, and nobody knows whether it was done"
                    .to_owned(),
            }
            .into());
        }
        let end = Instant::now() + DOUBT;
        loop {
            match self.has_entries(page) {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(fault),
                Err(error) if Instant::now() >= end => return Err(StoreError::from(error).into()),
                Err(_) => thread::sleep(Duration::from_millis(100)),
            }
        }
    }

    fn has_entries(&mut self, page: &Page) -> Result<bool, Fault> {
        let mut own = self.take()?;
        own.batch(BEGIN)?;
        load::lock(&mut own)?;
        let seqs: Vec<i64> = page.entries().iter().map(|entry| encode::signed(entry.seq)).collect();
        let found = own.query(
            "SELECT leaf FROM sentinel_entries WHERE tenant = $1 AND log_id = $2 AND seq = ANY($3) ORDER BY seq",
            &[&TENANT, &LOG, &seqs],
        )?;
        let found = found.iter().map(|row| rows::hash(row, 0)).collect::<Result<Vec<_>, _>>()?;
        own.batch("ROLLBACK")?;
        self.connection = Some(own);
        Ok(found.iter().eq(page.entries().iter().map(|entry| &entry.leaf)))
    }

    /// A transaction on API keys, which no page has.
    fn on_keys<T>(&mut self, change: impl Fn(&mut Connection) -> Result<T, Fault>) -> Result<T, StoreError> {
        self.aside(true, change)
    }

    /// A transaction beside those on pages, of which others have to hear or not.
    fn aside<T>(
        &mut self,
        is_news: bool,
        change: impl Fn(&mut Connection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let mut own = self.take()?;
        if own.batch(BEGIN).is_err() {
            // It broke while nobody looked. Nothing was begun, so nothing can be done twice.
            own = self.connector.connect()?;
            own.batch(BEGIN)?;
        }
        let changed = change(&mut own)
            .and_then(|changed| if is_news { save::grow(&mut own).map(|()| changed) } else { Ok(changed) });
        let news = is_news.then(|| POLICY_CHANGED.to_owned());
        let ended = changed.and_then(|changed| self.commit(&mut own, news).map(|()| changed));
        match ended {
            Ok(changed) => {
                self.connection = Some(own);
                Ok(changed)
            }
            Err(fault) => {
                self.abandon(own, &fault);
                Err(fault.into())
            }
        }
    }
}

impl Writer for PostgresWriter {
    fn transact(
        &mut self,
        now: Millis,
        keys: &Keys,
        work: &mut dyn FnMut(&mut Page) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (mut collisions, mut was_lost) = (0, false);
        loop {
            match self.attempt(now, keys, work) {
                Ok(()) => return Ok(()),
                Err(fault) if fault.is_collision() && collisions < COLLISIONS_MAX => {
                    thread::sleep(backoff(collisions));
                    collisions += 1;
                }
                // INVARIANT: a transaction that was lost was not committed; `settle_doubt` saw to it.
                Err(fault) if fault.is_lost() && !was_lost => was_lost = true,
                Err(fault) => return Err(fault.into()),
            }
        }
    }

    fn add_key(&mut self, key: &KeyRecord) -> Result<(), StoreError> {
        let record = encode::key(key)?;
        self.on_keys(|own| {
            own.execute(
                "INSERT INTO sentinel_api_keys (tenant, id, hash, record) VALUES ($1, $2, $3, $4)",
                &[&TENANT, &key.id, &key.hash.as_bytes().as_slice(), &record],
            )
        })?;
        Ok(())
    }

    fn forget_answers(&mut self, before: Millis) -> Result<(), StoreError> {
        let mut own = self.take()?;
        own.execute(
            "DELETE FROM sentinel_remembered WHERE tenant = $1 AND log_id = $2 AND at < $3",
            &[&TENANT, &LOG, &before.0],
        )?;
        self.connection = Some(own);
        Ok(())
    }

    fn revoke_key(&mut self, id: &str, at: Millis) -> Result<bool, StoreError> {
        let changed = self.on_keys(|own| {
            own.execute(
                "UPDATE sentinel_api_keys SET revoked_at = $3
                 WHERE tenant = $1 AND id = $2 AND revoked_at IS NULL",
                &[&TENANT, &id, &at.seconds()],
            )
        })?;
        Ok(changed > 0)
    }

    fn spend(&mut self, spent: &Spent, now: Millis) -> Result<bool, StoreError> {
        let changed = self.aside(spent.is_announced, |own| {
            own.execute(
                "DELETE FROM sentinel_spent WHERE tenant = $1 AND until <= $2",
                &[&TENANT, &now.seconds()],
            )?;
            own.execute(
                "INSERT INTO sentinel_spent (tenant, id, until) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                &[&TENANT, &spent.id, &encode::signed(spent.until)],
            )
        })?;
        Ok(changed > 0)
    }
}

/// Everything but the commit.
fn run(
    own: &mut Connection,
    now: Millis,
    keys: &Keys,
    work: &mut dyn FnMut(&mut Page) -> Result<(), StoreError>,
) -> Result<Page, Fault> {
    own.batch(BEGIN)?;
    let mut page = load::page(own, now, keys)?;
    work(&mut page)?;
    save::page(own, &page)?;
    Ok(page)
}

/// What others have to hear of.
fn announcement(page: &Page) -> Option<String> {
    if !page.revisions().is_empty() {
        Some(POLICY_CHANGED.to_owned())
    } else if page.is_changed() {
        Some(page.head().tree.size().to_string())
    } else {
        None
    }
}

/// Longer each time, and never the same for two who collided.
fn backoff(collisions: u32) -> Duration {
    let longest = 5_u64 << collisions.min(6);
    let random = getrandom::u64().unwrap_or(longest);
    Duration::from_millis(1 + random % longest)
}
