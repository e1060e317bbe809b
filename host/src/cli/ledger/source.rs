//! Which ledger is meant, and how to get at it: the directory or the database of a daemon.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use sentinel::app::record;
use sentinel::state::{Entry, Head};
use sentinel::store::postgres::Postgres;
use sentinel::store::sqlite::Sqlite;
use sentinel::store::{Backend, EntryFilter, Order, Reader};
use sentinel_ledger::{SigningKey, VerifyingKey};

/// What the environment calls a store in PostgreSQL.
const POSTGRES: &str = "postgres";

/// Bytes of a key file that are read.
const KEY_FILE_BYTES_MAX: u64 = 4096;

/// Which ledger is meant. The variables are those of the daemon.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Place {
    /// Directory of what the daemon keeps [default: ./.sentinel] [env: SENTINEL_HOME]
    #[arg(long, global = true, value_name = "DIR")]
    home: Option<PathBuf>,
    /// Address of PostgreSQL, if the ledger is there [env: DATABASE_URL, with SOE_STORAGE=postgres]
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// Key that signs the ledger [default: ledger.key in the home directory] [env: SENTINEL_LEDGER_KEY_FILE]
    #[arg(long, global = true, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Name of the ledger in its checkpoints [default: the name of the key] [env: SENTINEL_LEDGER_ORIGIN]
    #[arg(long, global = true, value_name = "NAME")]
    origin: Option<String>,
}

impl Place {
    /// The store, to be read beside a daemon.
    pub(super) fn open(&self) -> anyhow::Result<Arc<dyn Backend>> {
        Ok(match self.database()? {
            Some(url) => Arc::new(Postgres::open(&url)?),
            None => Arc::new(Sqlite::open_shared(&self.home())?),
        })
    }

    /// The store, with nobody else who writes. Where that cannot be made sure, somebody else may.
    pub(super) fn open_alone(&self) -> anyhow::Result<Arc<dyn Backend>> {
        if self.is_shared()? {
            return self.open();
        }
        // Opening it alone would make one where there is none.
        drop(Sqlite::open_shared(&self.home())?);
        Ok(Arc::new(Sqlite::open(&self.home())?))
    }

    /// Whether several daemons may use the store.
    pub(super) fn is_shared(&self) -> anyhow::Result<bool> {
        Ok(self.database()?.is_some())
    }

    /// A connection that reads, and the end of a ledger that has entries.
    pub(super) fn read(&self) -> anyhow::Result<(Box<dyn Reader>, Head)> {
        let mut reader = self.open()?.reader()?;
        let head = reader.head()?;
        ensure!(head.tree.size() > 0, "nothing is recorded in {} yet", self.name()?);
        Ok((reader, head))
    }

    /// What to call it. The address of a database may hold a password.
    pub(super) fn name(&self) -> anyhow::Result<String> {
        Ok(match self.database()? {
            Some(_) => "the database".to_owned(),
            None => format!("`{}`", self.home().display()),
        })
    }

    /// The file with the private key.
    pub(super) fn key_file(&self) -> PathBuf {
        let named = self.key_file.clone().or_else(|| variable("SENTINEL_LEDGER_KEY_FILE").map(PathBuf::from));
        named.unwrap_or_else(|| self.home().join("ledger.key"))
    }

    /// The public half of the key that signs here.
    pub(super) fn own_key(&self) -> anyhow::Result<VerifyingKey> {
        let path = self.key_file();
        let text = read_key_file(&path)?;
        let Ok(key) = SigningKey::decode(text.trim()) else {
            bail!("`{}` holds no signing key: give the public one with --key", path.display());
        };
        Ok(key.verifying_key())
    }

    /// The name of the ledger in its checkpoints, if somebody says so.
    pub(super) fn origin(&self) -> anyhow::Result<Option<String>> {
        if self.origin.is_some() {
            return Ok(self.origin.clone());
        }
        let text = variable("SENTINEL_LEDGER_ORIGIN").map(OsString::into_string).transpose();
        text.map_err(|_| anyhow::anyhow!("SENTINEL_LEDGER_ORIGIN is not UTF-8"))
    }

    fn home(&self) -> PathBuf {
        let named = self.home.clone().or_else(|| variable("SENTINEL_HOME").map(PathBuf::from));
        named.unwrap_or_else(|| PathBuf::from("./.sentinel"))
    }

    fn database(&self) -> anyhow::Result<Option<String>> {
        if self.database_url.is_some() {
            return Ok(self.database_url.clone());
        }
        if variable("SOE_STORAGE").is_none_or(|storage| storage != POSTGRES) {
            return Ok(None);
        }
        let url = variable("DATABASE_URL").context("SOE_STORAGE is `postgres`: set DATABASE_URL, too")?;
        url.into_string().map(Some).map_err(|_| anyhow::anyhow!("DATABASE_URL is not UTF-8"))
    }
}

/// A variable of the environment. An empty one is how many shells say "not set".
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn read_key_file(path: &Path) -> anyhow::Result<String> {
    let unreadable =
        || format!("the key file `{}` cannot be read: give a public key with --key", path.display());
    let bytes = fs::metadata(path).with_context(unreadable)?.len();
    ensure!(bytes <= KEY_FILE_BYTES_MAX, "`{}` is no key file", path.display());
    fs::read_to_string(path).with_context(unreadable)
}

/// The place of an entry: a number, or the id that a verdict names.
pub(super) fn place_of(text: &str) -> anyhow::Result<u64> {
    text.parse().ok().or_else(|| record::seq(text)).with_context(|| {
        format!("`{}` is neither the index nor the id of an entry: use 17 or main-17", text.escape_debug())
    })
}

/// One entry.
pub(super) fn entry(reader: &mut dyn Reader, place: u64) -> anyhow::Result<Entry> {
    let found = reader.entries(place, Order::OldestFirst, &EntryFilter::default(), 1)?.pop();
    found.filter(|entry| entry.seq == place).with_context(|| format!("there is no entry {place}"))
}
