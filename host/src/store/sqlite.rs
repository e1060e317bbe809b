//! The embedded store: one directory with one SQLite database.
//!
//! One daemon owns the directory, by a lock on a file in it. So the writer keeps the rows that
//! it used lately in memory, and a commit is mostly appending: one row for each entry, one for
//! each meter that the whole batch touched. SQLite syncs its log before a commit is answered.

mod approvals;
mod cache;
mod load;
mod migrate;
mod read;
mod save;
mod write;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::{Backend, Reader, StoreError, Writer};

/// Name of the database in the directory.
const DATABASE: &str = "sentinel.db";

/// Name of the file whose lock says that a daemon runs.
const LOCK: &str = "daemon.lock";

/// How long a connection waits for another one, in milliseconds. Only the command line and the
/// daemon ever meet, and neither holds a lock for longer than a commit.
const BUSY_MS: u64 = 5_000;

/// Size of a page, in bytes: an entry fits several times, and a batch is written with few calls of
/// the system.
const PAGE_BYTES: i64 = 8192;

/// Pages of the write-ahead log after which they are moved to the database. Small rows that every
/// batch changes are moved once for all of them; 32 MiB are moved in a moment.
const CHECKPOINT_PAGES: i64 = 4096;

/// The store in a directory.
#[derive(Debug)]
pub struct Sqlite {
    path: PathBuf,
    durable: bool,
    /// Held for as long as the daemon lives.
    _lock: Option<File>,
    /// Removed at the end, for the store that lives in memory only.
    _scratch: Option<Arc<tempfile::TempDir>>,
}

impl Sqlite {
    /// The store of a daemon: nobody else may open it to write calls.
    ///
    /// # Errors
    ///
    /// Where the directory cannot be used, or another daemon has it.
    pub fn open(home: &Path) -> Result<Self, StoreError> {
        create_private(home)?;
        let lock = File::create(home.join(LOCK)).map_err(|error| unavailable(home, &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Locked { path: home.display().to_string() });
            }
            Err(TryLockError::Error(error)) => return Err(unavailable(home, &error)),
        }
        let store = Self { path: home.join(DATABASE), durable: true, _lock: Some(lock), _scratch: None };
        store.migrate()?;
        Ok(store)
    }

    /// The store beside a running daemon, for reading and for API keys.
    ///
    /// # Errors
    ///
    /// Where there is none.
    pub fn open_shared(home: &Path) -> Result<Self, StoreError> {
        let path = home.join(DATABASE);
        if !path.exists() {
            let reason = format!(
                "there is no store in `{}`: start `sentinel serve` once, or set SENTINEL_HOME",
                home.display()
            );
            return Err(StoreError::Unavailable { reason });
        }
        let store = Self { path, durable: true, _lock: None, _scratch: None };
        store.migrate()?;
        Ok(store)
    }

    /// A store that ends with the process.
    ///
    /// # Errors
    ///
    /// Where no temporary directory can be made.
    pub fn temporary() -> Result<Self, StoreError> {
        let scratch = tempfile::Builder::new()
            .prefix("sentinel-")
            .tempdir()
            .map_err(|error| StoreError::Unavailable { reason: error.to_string() })?;
        let path = scratch.path().join(DATABASE);
        let store = Self { path, durable: false, _lock: None, _scratch: Some(Arc::new(scratch)) };
        store.migrate()?;
        Ok(store)
    }

    fn migrate(&self) -> Result<(), StoreError> {
        migrate::migrate(&mut self.connect()?)
    }

    fn connect(&self) -> Result<Connection, StoreError> {
        create_file(&self.path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(Duration::from_millis(BUSY_MS))?;
        // Counts for a new database only.
        connection.pragma_update(None, "page_size", PAGE_BYTES)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.pragma_update(None, "synchronous", if self.durable { "full" } else { "off" })?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(connection)
    }
}

impl Backend for Sqlite {
    fn name(&self) -> &'static str {
        if self.durable { "sqlite" } else { "memory" }
    }

    fn writer(&self) -> Result<Box<dyn Writer>, StoreError> {
        Ok(Box::new(write::SqliteWriter::new(self.connect()?)?))
    }

    fn reader(&self) -> Result<Box<dyn Reader>, StoreError> {
        Ok(Box::new(read::SqliteReader::new(self.connect()?)))
    }

    fn wait_for_change(&self, at_most: Duration) -> Result<bool, StoreError> {
        // Only the command line writes here beside the daemon, and only API keys; what is spent the
        // daemon itself notes.
        thread::sleep(at_most);
        Ok(true)
    }
}

/// A directory that only its owner may enter: signing keys are beside the database.
fn create_private(home: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(home).map_err(|error| unavailable(home, &error))
}

/// A database that only its owner may read; what SQLite puts beside it gets the same permissions.
fn create_file(path: &Path) -> Result<(), StoreError> {
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|error| unavailable(path, &error))
}

fn unavailable(home: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Unavailable { reason: format!("`{}`: {error}", home.display()) }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed { reason: error.to_string() }
    }
}
