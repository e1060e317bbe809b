//! The shared store: PostgreSQL, for several daemons with one ledger.
//!
//! Every batch of every daemon first locks the one row of the log in `sentinel_logs`. So all
//! batches stand in one order, and nothing that a page has read changes before its commit.
//!
//! ```text
//! daemon A   BEGIN ─ lock ─ load ─ work ─ save ─ COMMIT
//! daemon B       BEGIN ─ lock · · · waits · · · · · · · ─ load ─ work ─ save ─ COMMIT
//! ```
//!
//! Not for a thread that runs an asynchronous runtime: the client blocks, and panics there.
//! Every call comes from a plain thread. The address is a secret, and no message has it. Poolers
//! in front of the database have to pool sessions, not transactions.

mod connect;
mod fault;
mod listen;
mod load;
mod migrate;
mod read;
mod rows;
mod save;
mod tls;
mod write;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Backend, Reader, StoreError, Writer};
use connect::Connector;
use listen::Listener;

/// From the first packet to an open socket.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long sent bytes may stay without an answer of the other machine before it counts as gone.
const UNACKNOWLEDGED_TIMEOUT: Duration = Duration::from_secs(10);

/// A silent connection is asked for a sign of life after this time, then thrice.
const KEEPALIVE: Duration = Duration::from_secs(20);

/// What the server grants a transaction between two statements, in milliseconds. Ours has pure
/// work to do there, so a longer pause is a daemon that is gone, and its lock has to go too.
const IDLE_MS: u32 = 5_000;

/// How long to wait for the batches of other daemons, in milliseconds: longer than the lock of a
/// daemon that is gone can last.
const LOCK_MS: u32 = 10_000;

/// How long one statement may take, in milliseconds: longer than a wait for a lock.
const STATEMENT_MS: u32 = 20_000;

/// How often a transaction is begun again because it collided with another one. With the lock
/// that is rare; distributed databases may do it under load.
const COLLISIONS_MAX: u32 = 10;

/// How long to ask for what became of a commit without an answer. A server that starts again
/// after a crash takes about this.
const DOUBT: Duration = Duration::from_secs(5);

/// The channel on which changes are announced.
const CHANNEL: &str = "sentinel";

/// What is announced where a policy or an API key changed. Else it is the size of the ledger.
const POLICY_CHANGED: &str = "policy";

/// The store in a database.
pub struct Postgres {
    connector: Arc<Connector>,
    listener: Listener,
}

impl Postgres {
    /// Opens the store, and makes or updates its tables. Several daemons may do so at once.
    ///
    /// The address is a URL or a list of `key=value`, as `psql` takes it. With `sslmode=require`
    /// or above, the certificate of the server must be one that this machine trusts.
    ///
    /// # Errors
    ///
    /// Where the database cannot be reached, or a newer program wrote it.
    pub fn open(address: &str) -> Result<Self, StoreError> {
        let mut connector = Connector::new(address)?;
        let mut connection = connector.connect()?;
        migrate::migrate(&mut connection)?;
        // Some databases that speak the protocol cannot notify. There, everybody polls.
        connector.notifies = connection.batch(&format!("LISTEN {CHANNEL}")).is_ok();
        let connector = Arc::new(connector);
        let listener = Listener::new(Arc::clone(&connector));
        Ok(Self { connector, listener })
    }
}

impl Backend for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn writer(&self) -> Result<Box<dyn Writer>, StoreError> {
        Ok(Box::new(write::PostgresWriter::new(Arc::clone(&self.connector))?))
    }

    fn reader(&self) -> Result<Box<dyn Reader>, StoreError> {
        Ok(Box::new(read::PostgresReader::new(Arc::clone(&self.connector))?))
    }

    fn wait_for_change(&self, at_most: Duration) -> Result<bool, StoreError> {
        self.listener.wait(at_most)
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").finish_non_exhaustive()
    }
}
