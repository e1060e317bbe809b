//! A store with entries, and the program that looks at it.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use sentinel::app::identity::Signer;
use sentinel::state::{EntryKind, Keys, Millis, NewEntry};
use sentinel::store::sqlite::Sqlite;
use sentinel::store::{Backend as _, StoreError};
use serde_json::Value;
use tempfile::TempDir;

/// The name of every ledger here.
pub(crate) const ORIGIN: &str = "ledger.example/test";

/// Entries of one transaction.
const BATCH: u64 = 100;

/// A home directory, and places for what is kept elsewhere.
pub(crate) struct Store {
    directory: TempDir,
}

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// What it printed with `--json`.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Demands that it went well.
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }
}

impl Store {
    /// A ledger of so many entries.
    pub(crate) fn of(entries: u64) -> Self {
        let own = Self { directory: tempfile::tempdir().unwrap() };
        fs::create_dir(own.home()).unwrap();
        own.append(entries);
        own
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// A path outside of the home directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Appends entries, as the daemon does.
    pub(crate) fn append(&self, count: u64) {
        self.append_all(count, verdict);
    }

    /// Appends entries that are made for their place.
    pub(crate) fn append_all(&self, count: u64, make: impl Fn(u64) -> NewEntry) {
        let store = open(&self.home());
        let head = store.reader().unwrap().head().unwrap();
        let signer = Signer::open(&self.home().join("ledger.key"), ORIGIN, &head.key, true).unwrap();
        let mut writer = store.writer().unwrap();
        let mut left = count;
        while left > 0 {
            let batch = left.min(BATCH);
            writer
                .transact(Millis(1_790_000_000_000), &Keys::default(), &mut |page| {
                    for _ in 0..batch {
                        page.append(make(page.next_seq()))?;
                    }
                    Ok(signer.seal(page)?)
                })
                .unwrap();
            left -= batch;
        }
        drop(writer);
        drop(store);
        released(&self.home());
    }

    /// Runs SQL as somebody with access to the file would, who first takes the guards away.
    pub(crate) fn sql(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.home().join("sentinel.db")).unwrap();
        let guards = "DROP TRIGGER IF EXISTS entries_stay; DROP TRIGGER IF EXISTS entries_remain;";
        connection.execute_batch(&format!("{guards}{sql}; PRAGMA wal_checkpoint(TRUNCATE);")).unwrap();
    }

    /// The database as it is now, to be put back later.
    pub(crate) fn backup(&self) -> Vec<u8> {
        self.sql("SELECT 1");
        fs::read(self.home().join("sentinel.db")).unwrap()
    }

    pub(crate) fn restore(&self, backup: &[u8]) {
        for name in ["sentinel.db-wal", "sentinel.db-shm"] {
            let _ = fs::remove_file(self.home().join(name));
        }
        fs::write(self.home().join("sentinel.db"), backup).unwrap();
    }

    /// Runs `sentinel ledger` on this store, with nothing from this environment.
    pub(crate) fn ledger(&self, args: &[&str]) -> Run {
        ledger(self.directory.path(), &[args, &["--home", "home"]].concat())
    }

    /// Keeps the public key elsewhere, and says where.
    pub(crate) fn keep_key(&self, name: &str) -> String {
        self.keep(name, &self.ledger(&["key"]).ok().stdout)
    }

    /// Keeps the signed head elsewhere, and says where.
    pub(crate) fn keep_checkpoint(&self, name: &str) -> String {
        self.keep(name, &self.ledger(&["checkpoint"]).ok().stdout)
    }

    pub(crate) fn keep(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).unwrap();
        name.to_owned()
    }
}

/// Runs `sentinel ledger` in a directory.
pub(crate) fn ledger(directory: &Path, args: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_sentinel"))
        .arg("ledger")
        .args(args)
        .current_dir(directory)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// An entry like those of the daemon.
pub(crate) fn verdict(seq: u64) -> NewEntry {
    let agent = if seq.is_multiple_of(3) { "builder" } else { "reviewer" };
    let decision = if seq.is_multiple_of(5) { "deny" } else { "allow" };
    let body = format!(
        "{{\"agentId\":\"{agent}\",\"at\":\"2026-09-21T14:13:20.000Z\",\"decision\":\"{decision}\",\"id\":\"main-{seq}\",\
         \"kind\":\"verdict\",\"reason\":\"rule {seq} says so\",\"toolName\":\"Bash\"}}"
    );
    NewEntry { kind: EntryKind::Verdict, agent: agent.to_owned(), decision, body }
}

/// Waits until nobody holds the lock of a store that was closed. A program that another test starts at this
/// moment holds all our files until it runs.
pub(crate) fn released(home: &Path) {
    let inode = fs::metadata(home.join("daemon.lock")).unwrap().ino().to_string();
    let is_held = || {
        let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
        // Two numbers of the device, and the file's.
        let mut files = locks.split_whitespace().filter(|word| word.matches(':').count() == 2);
        files.any(|file| file.rsplit(':').next() == Some(inode.as_str()))
    };
    while is_held() {
        thread::sleep(Duration::from_millis(2));
    }
}

/// The store of this directory. A program that another test starts at this moment holds all our files
/// until it runs, their locks included.
pub(crate) fn open(home: &Path) -> Sqlite {
    for _ in 0..500 {
        match Sqlite::open(home) {
            Err(StoreError::Locked { .. }) => thread::sleep(Duration::from_millis(10)),
            opened => return opened.unwrap(),
        }
    }
    panic!("the store stays locked")
}
