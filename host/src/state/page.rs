//! What one transaction sees and changes.
//!
//! A store fills a page with the rows of [`Keys`], lets the work be done on it, and saves what
//! is marked as changed. A row that was not loaded cannot be read: asking for one is an error of
//! ours, and an error denies.

use std::collections::BTreeMap;

use sentinel_ledger::{Checkpoint, Hash, Node, SigningKey, Tree, leaf_hash};
use thiserror::Error;

use super::{
    Agent, Approval, Entry, Hold, Meter, MeterKey, Millis, NewEntry, PolicyRevision, Remembered, Session,
};

/// The end of the ledger.
#[derive(Clone, Debug)]
pub struct Head {
    /// The tree, as far as appending needs it.
    pub tree: Tree,
    /// Time of the last entry. Time in the ledger never goes back.
    pub last_at: Millis,
    /// Key that signs, in the form of a signed note; empty before the first entry.
    pub key: String,
    /// The signed checkpoint over all of it; empty before the first entry.
    pub checkpoint: String,
}

impl Head {
    /// Before the first entry.
    pub fn empty() -> Self {
        Self { tree: Tree::new(), last_at: Millis(0), key: String::new(), checkpoint: String::new() }
    }
}

/// Something that cannot be done on this page.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PageError {
    /// The keys of the operation did not name the row.
    #[error("a row was not loaded: please report this")]
    NotLoaded,
    /// Somebody else signs this ledger.
    #[error("the ledger is signed by `{found}`, and this daemon has another key: give it the same key file")]
    OtherKey {
        /// The key that signs.
        found: String,
    },
    /// The ledger's name cannot stand in a checkpoint.
    #[error("the ledger's name cannot stand in a checkpoint: set another SENTINEL_LEDGER_ORIGIN")]
    Origin,
    /// An entry is larger than the format allows.
    #[error("an entry of {bytes} bytes is larger than the ledger takes")]
    EntryTooLarge {
        /// Its size.
        bytes: usize,
    },
}

/// Loaded rows of one kind, and which of them changed. `None` is a row that does not exist.
#[derive(Clone, Debug)]
pub struct Table<K, R> {
    rows: BTreeMap<K, (Option<R>, bool)>,
    /// Whether a row that was not loaded is one that does not exist.
    is_complete: bool,
}

impl<K: Ord, R> Default for Table<K, R> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), is_complete: false }
    }
}

impl<K: Ord + Clone, R> Table<K, R> {
    /// Puts a row there as the store has it.
    pub fn load(&mut self, key: K, row: Option<R>) {
        self.rows.insert(key, (row, false));
    }

    /// The row, if it exists.
    ///
    /// # Errors
    ///
    /// Where it was not loaded.
    pub fn get(&self, key: &K) -> Result<Option<&R>, PageError> {
        match self.rows.get(key) {
            Some((row, _)) => Ok(row.as_ref()),
            None if self.is_complete => Ok(None),
            None => Err(PageError::NotLoaded),
        }
    }

    /// Replaces the row.
    pub fn put(&mut self, key: K, row: R) {
        self.rows.insert(key, (Some(row), true));
    }

    /// Rows that changed.
    pub fn changed(&self) -> impl Iterator<Item = (&K, &R)> {
        self.rows.iter().filter_map(|(key, (row, changed))| Some((key, row.as_ref().filter(|_| *changed)?)))
    }

    /// Every row that exists.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &R)> {
        self.rows.iter().filter_map(|(key, (row, _))| Some((key, row.as_ref()?)))
    }
}

impl<K: Ord + Clone, R: Default> Table<K, R> {
    /// The row, to be changed; a new one where none exists.
    ///
    /// # Errors
    ///
    /// Where it was not loaded.
    pub fn edit(&mut self, key: &K) -> Result<&mut R, PageError> {
        if self.is_complete && !self.rows.contains_key(key) {
            self.load(key.clone(), None);
        }
        let (row, changed) = self.rows.get_mut(key).ok_or(PageError::NotLoaded)?;
        *changed = true;
        Ok(row.get_or_insert_default())
    }
}

/// What one transaction sees and changes.
#[derive(Debug)]
pub struct Page {
    /// Now, and never before the last entry.
    pub now: Millis,
    /// Meters.
    pub meters: Table<MeterKey, Meter>,
    /// Sessions.
    pub sessions: Table<String, Session>,
    /// Agents.
    pub agents: Table<String, Agent>,
    /// Holds by the id of their verdict.
    pub holds: Table<String, Hold>,
    /// Answers by agent and idempotency key.
    pub remembered: Table<(String, String), Remembered>,
    /// Newest policy revision by agent.
    pub policies: Table<String, PolicyRevision>,
    /// Questions by their key.
    pub approvals: Table<String, Approval>,
    /// What was learned of executed calls, by agent and key. What the bytes mean is the engine's.
    pub baselines: Table<(String, String), Vec<u8>>,
    head: Head,
    entries: Vec<Entry>,
    nodes: Vec<Node>,
    revisions: Vec<PolicyRevision>,
}

/// Where an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Its place, from 0.
    pub seq: u64,
    /// Hash of its leaf.
    pub leaf: Hash,
}

impl Page {
    /// A page at the end of a ledger.
    pub fn new(head: Head, now: Millis) -> Self {
        Self {
            now: now.max(head.last_at),
            meters: Table::default(),
            sessions: Table::default(),
            agents: Table::default(),
            holds: Table::default(),
            remembered: Table::default(),
            policies: Table::default(),
            approvals: Table::default(),
            baselines: Table::default(),
            head,
            entries: Vec::new(),
            nodes: Vec::new(),
            revisions: Vec::new(),
        }
    }

    /// A page that belongs to no store: meters that were not loaded stand at nought, and
    /// nothing was learned.
    pub fn scratch(head: Head, now: Millis) -> Self {
        let mut page = Self::new(head, now);
        page.meters.is_complete = true;
        page.baselines.is_complete = true;
        page
    }

    /// The place that the next entry will have.
    pub fn next_seq(&self) -> u64 {
        self.head.tree.size()
    }

    /// Appends an entry to the ledger.
    ///
    /// # Errors
    ///
    /// Where it is larger than the format allows.
    pub fn append(&mut self, entry: NewEntry) -> Result<Appended, PageError> {
        let bytes = entry.body.len();
        if bytes > sentinel_ledger::ENTRY_BYTES_MAX {
            return Err(PageError::EntryTooLarge { bytes });
        }
        let leaf = leaf_hash(entry.body.as_bytes());
        let seq = self.head.tree.size();
        self.head.tree.push(leaf, &mut self.nodes);
        self.head.last_at = self.now;
        self.entries.push(Entry { seq, leaf, entry });
        Ok(Appended { seq, leaf })
    }

    /// A new revision of a policy becomes the newest.
    pub fn revise(&mut self, revision: PolicyRevision) {
        self.revisions.push(revision.clone());
        self.policies.put(revision.agent.clone(), revision);
    }

    /// The next key signs from here on, this page included. The entry that says so was appended.
    pub fn replace_key(&mut self, next: &SigningKey) {
        self.head.key = next.verifying_key().encode();
    }

    /// Signs what was appended.
    ///
    /// # Errors
    ///
    /// Where another key signs this ledger.
    pub fn seal(&mut self, key: &SigningKey, origin: &str) -> Result<(), PageError> {
        let own = key.verifying_key().encode();
        if self.head.key.is_empty() {
            self.head.key = own;
        } else if self.head.key != own {
            return Err(PageError::OtherKey { found: self.head.key.clone() });
        }
        if !self.entries.is_empty() {
            let checkpoint = Checkpoint::new(origin, self.head.tree.size(), self.head.tree.root());
            self.head.checkpoint = checkpoint.map_err(|_| PageError::Origin)?.sign(key);
        }
        Ok(())
    }

    /// The end of the ledger, as it is now.
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// Entries appended on this page.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Inner nodes of the tree that these entries completed.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Policy revisions made on this page.
    pub fn revisions(&self) -> &[PolicyRevision] {
        &self.revisions
    }

    /// Whether there is anything to save.
    pub const fn is_changed(&self) -> bool {
        !self.entries.is_empty()
    }
}
