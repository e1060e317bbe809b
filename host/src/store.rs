//! Where state is kept: one directory (`sqlite`) or PostgreSQL (`postgres`).
//!
//! A store moves [`Page`]s and rows, and nothing else: what a change means was settled before
//! it gets here. Both stores pass the same tests.
//!
//! There is one log, [`LOG`], and one tenant; every row names both, so that a fleet can be
//! spread later without a change of meaning.

mod encode;
pub mod postgres;
pub mod sqlite;

use sentinel_ledger::Hash;
use thiserror::Error;

use crate::auth::KeyRecord;
use crate::state::{
    Agent, Approval, Entry, EntryKind, Head, Keys, Meter, MeterKey, Millis, Page, PolicyRevision, Session,
};

/// The log of every row.
pub const LOG: &str = "main";

/// The store failed. Whatever was asked of it did not happen.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be opened or reached.
    #[error("the store is not available: {reason}")]
    Unavailable {
        /// Why not.
        reason: String,
    },
    /// It refused or lost an operation.
    #[error("the store failed: {reason}")]
    Failed {
        /// What it said.
        reason: String,
    },
    /// It holds what no version of this program wrote.
    #[error("the store is damaged: {what}; restore it, or verify it with `sentinel ledger verify`")]
    Damaged {
        /// What was found.
        what: String,
    },
    /// Another daemon has the directory.
    #[error("`{path}` is used by another daemon: stop it, or use another SENTINEL_HOME")]
    Locked {
        /// The directory.
        path: String,
    },
    /// The work itself could not be done.
    #[error(transparent)]
    Page(#[from] crate::state::PageError),
}

/// One kind of store, opened.
pub trait Backend: Send + Sync {
    /// What to call it in messages: `sqlite` or `postgres`.
    fn name(&self) -> &'static str;

    /// Makes a connection that writes. The committer has the only one of this process.
    ///
    /// # Errors
    ///
    /// Where the store is not available.
    fn writer(&self) -> Result<Box<dyn Writer>, StoreError>;

    /// Makes a connection that reads.
    ///
    /// # Errors
    ///
    /// Where the store is not available.
    fn reader(&self) -> Result<Box<dyn Reader>, StoreError>;

    /// Waits for somebody else to change something, for so long at most. Says whether anything
    /// may have changed. Where nobody else can write, it only waits.
    ///
    /// # Errors
    ///
    /// Where the store is not available.
    fn wait_for_change(&self, at_most: std::time::Duration) -> Result<bool, StoreError>;
}

/// A login or a ticket that is good no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Its id.
    pub id: String,
    /// When it would have ended by itself, in seconds since 1970.
    pub until: u64,
    /// Whether daemons that share the store have to hear of it at once.
    pub is_announced: bool,
}

/// Writes, one transaction at a time.
pub trait Writer: Send {
    /// Loads a page, lets `work` change it, and saves the changes: all of them, durably, or
    /// none. `work` may run more than once, each time on a fresh page, where transactions
    /// collide.
    ///
    /// # Errors
    ///
    /// Where nothing was saved.
    fn transact(
        &mut self,
        now: Millis,
        keys: &Keys,
        work: &mut dyn FnMut(&mut Page) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// Forgets answers that were remembered for their idempotency keys before a moment.
    ///
    /// # Errors
    ///
    /// Where they are still there.
    fn forget_answers(&mut self, before: Millis) -> Result<(), StoreError>;

    /// Adds an API key.
    ///
    /// # Errors
    ///
    /// Where it was not saved.
    fn add_key(&mut self, key: &KeyRecord) -> Result<(), StoreError>;

    /// Ends an API key. Says whether there was one of this id that had not ended.
    ///
    /// # Errors
    ///
    /// Where it was not saved.
    fn revoke_key(&mut self, id: &str, at: Millis) -> Result<bool, StoreError>;

    /// Notes that a login or a ticket is good no more, until it would have ended by itself. Says
    /// whether that is news: of all who ask at once, one is told so. Forgets what has ended.
    ///
    /// # Errors
    ///
    /// Where it was not saved.
    fn spend(&mut self, spent: &Spent, now: Millis) -> Result<bool, StoreError>;
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default)]
pub struct EntryFilter {
    /// Only of this agent.
    pub agent: Option<String>,
    /// Only of this kind.
    pub kind: Option<EntryKind>,
    /// Only with this decision.
    pub decision: Option<String>,
}

/// Which questions are wanted.
#[derive(Clone, Debug, Default)]
pub struct ApprovalFilter {
    /// Only of this agent.
    pub agent: Option<String>,
    /// Only those that are pending or approved, whether or not their time is over.
    pub open: bool,
    /// Only those past this one in the order asked for: when it was asked, and its key.
    pub past: Option<(Millis, String)>,
    /// At most so many.
    pub limit: u32,
}

/// In which order entries are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// From the place given, upwards.
    OldestFirst,
    /// From below the place given, downwards.
    NewestFirst,
}

/// Reads what was committed.
pub trait Reader: Send {
    /// The end of the ledger.
    fn head(&mut self) -> Result<Head, StoreError>;

    /// Entries from a place on. `OldestFirst` includes `from`, `NewestFirst` starts below it.
    fn entries(
        &mut self,
        from: u64,
        order: Order,
        filter: &EntryFilter,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError>;

    /// Hashes of one level of the tree: level 0 are leaves, level n the roots of 256^n of them.
    fn hashes(&mut self, level: u8, start: u64, count: u32) -> Result<Vec<Hash>, StoreError>;

    /// Agents that called, in order of their ids.
    fn agents(&mut self) -> Result<Vec<(String, Agent)>, StoreError>;

    /// One agent.
    fn agent(&mut self, id: &str) -> Result<Option<Agent>, StoreError>;

    /// Meters of an agent.
    fn meters(&mut self, agent: &str) -> Result<Vec<(MeterKey, Meter)>, StoreError>;

    /// One meter.
    fn meter(&mut self, key: &MeterKey) -> Result<Option<Meter>, StoreError>;

    /// One session.
    fn session(&mut self, id: &str) -> Result<Option<Session>, StoreError>;

    /// Sessions of an agent, newest first.
    fn sessions(&mut self, agent: &str, limit: u32) -> Result<Vec<(String, Session)>, StoreError>;

    /// Newest revision of every agent's policy, removed ones as well.
    fn policies(&mut self) -> Result<Vec<PolicyRevision>, StoreError>;

    /// Number that grows with every change of a policy or a key.
    fn generation(&mut self) -> Result<u64, StoreError>;

    /// Revisions of an agent's policy, newest first.
    fn policy_history(&mut self, agent: &str, limit: u32) -> Result<Vec<PolicyRevision>, StoreError>;

    /// One revision of an agent's policy.
    fn policy_revision(&mut self, agent: &str, revision: u64) -> Result<Option<PolicyRevision>, StoreError>;

    /// API keys.
    fn keys(&mut self) -> Result<Vec<KeyRecord>, StoreError>;

    /// Logins and tickets that are good no more, by id, with when they would have ended.
    fn spent(&mut self) -> Result<Vec<(String, u64)>, StoreError>;

    /// One question.
    fn approval(&mut self, key: &str) -> Result<Option<Approval>, StoreError>;

    /// Questions with their keys. Those that can still be answered or used: oldest first. All:
    /// newest first.
    fn approvals(&mut self, wanted: &ApprovalFilter) -> Result<Vec<(String, Approval)>, StoreError>;
}
