//! Decided calls for other programs, one row each: the verdict, and with it what was reported of
//! the call and who said yes to it.
//!
//! An export says what it covers: the signed head that was the newest when it began. Every entry
//! that it uses is proven to be in the ledger of that head, and whatever cannot be proven ends it.
//! It does not show that no row is missing: for that, the whole ledger has to be verified.
//!
//! Entries are read newest first, so the report of a call is there before its verdict, and no more
//! has to be remembered than the reports whose verdicts are still to come.

pub mod cell;
pub mod columns;
pub mod filter;
mod prove;
pub mod render;
pub mod row;

use std::collections::BTreeMap;

use sentinel_ledger::{Checkpoint, Hash, Redactor, VerifyingKey};

use super::reads::ReadError;
use super::record;
use crate::state::{Entry, EntryKind, Head};
use crate::store::{EntryFilter, Order, Reader};

use filter::Filter;
use prove::Prover;
use row::{Reported, Row};

/// Entries that are read at one time; each has up to 64 KiB.
const PAGE_ENTRIES: u32 = 256;

/// Reports that are kept while their verdicts are still to come. Of more than that only the place
/// is kept, which takes a few bytes, and they are read again.
const REPORTS_KEPT_MAX: usize = 4_096;

/// An export, between two pages.
pub struct Export {
    filter: Filter,
    redactor: Option<Redactor>,
    /// Which rows the store has to look at.
    rows: EntryFilter,
    size: u64,
    root: Hash,
    checkpoint: String,
    /// Below it is what was not looked at yet.
    place: u64,
    left: u64,
    prover: Prover,
    aside: Prover,
    reports: BTreeMap<u64, Report>,
    kept: usize,
    approvers: BTreeMap<String, Vec<String>>,
}

/// The first report of a call whose verdict is still to come.
enum Report {
    Kept(Box<Reported>),
    At(u64),
}

impl Export {
    /// Covers what the newest head covers.
    ///
    /// # Errors
    ///
    /// Where the store fails, or its head is not what was signed.
    pub fn open(
        reader: &mut dyn Reader,
        filter: Filter,
        redactor: Option<Redactor>,
    ) -> Result<Self, ReadError> {
        let head = reader.head()?;
        let own = Self::at(reader, head.tree.size(), signed_root(&head)?, filter, redactor)?;
        Ok(Self { checkpoint: head.checkpoint, ..own })
    }

    /// Covers the ledger of this size, which was verified to have this root.
    ///
    /// # Errors
    ///
    /// Where the store fails, or does not hold this ledger.
    pub fn at(
        reader: &mut dyn Reader,
        size: u64,
        root: Hash,
        filter: Filter,
        redactor: Option<Redactor>,
    ) -> Result<Self, ReadError> {
        // Whoever wants one agent need not wait for the rows of all.
        let agent = match filter.agents.as_slice() {
            [agent] => Some(agent.clone()),
            [] | [_, _, ..] => None,
        };
        let mut own = Self {
            rows: EntryFilter { agent, ..EntryFilter::default() },
            left: filter.limit.unwrap_or(u64::MAX),
            filter,
            redactor,
            size,
            root,
            checkpoint: String::new(),
            place: size,
            prover: Prover::new(size, root),
            aside: Prover::new(size, root),
            reports: BTreeMap::new(),
            kept: 0,
            approvers: BTreeMap::new(),
        };
        own.read_approvers(reader)?;
        Ok(own)
    }

    /// How many entries it covers.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree of these entries.
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// The signed head, where it covers the newest one and there is one.
    pub fn checkpoint(&self) -> &str {
        &self.checkpoint
    }

    /// How many entries it has not looked at yet.
    pub const fn remaining(&self) -> u64 {
        self.place
    }

    /// Reads a page, and gives its rows away. Says whether there is more.
    ///
    /// # Errors
    ///
    /// Where the store fails, an entry cannot be proven, or `take` fails.
    pub fn page(
        &mut self,
        reader: &mut dyn Reader,
        take: &mut dyn FnMut(&Row) -> Result<(), ReadError>,
    ) -> Result<bool, ReadError> {
        if self.place == 0 || self.left == 0 {
            return Ok(false);
        }
        let entries = reader.entries(self.place, Order::NewestFirst, &self.rows, PAGE_ENTRIES)?;
        self.place = entries.last().map_or(0, |last| last.seq);
        for entry in &entries {
            let kind = entry.entry.kind;
            if kind == EntryKind::Outcome {
                self.report(reader, entry)?;
            } else if kind == EntryKind::Verdict && !self.verdict(reader, entry, take)? {
                self.place = 0;
                break;
            }
        }
        Ok(self.place > 0)
    }

    /// A verdict becomes a row if it is wanted. Says whether there can be more.
    fn verdict(
        &mut self,
        reader: &mut dyn Reader,
        entry: &Entry,
        take: &mut dyn FnMut(&Row) -> Result<(), ReadError>,
    ) -> Result<bool, ReadError> {
        self.prover.check(reader, entry)?;
        let verdict = row::verdict(entry)?;
        let report = self.reports.remove(&entry.seq);
        let at = filter::recorded(&verdict.at).ok_or_else(|| row::unreadable(entry.seq))?;
        if self.filter.is_before(entry.seq, at) {
            return Ok(false);
        }
        if !self.filter.wants(entry.seq, at, &verdict) {
            if matches!(report, Some(Report::Kept(_))) {
                self.kept -= 1;
            }
            return Ok(true);
        }
        let reported = match report {
            None => None,
            Some(Report::Kept(own)) => {
                self.kept -= 1;
                Some(*own)
            }
            Some(Report::At(place)) => Some(self.read_report(reader, place)?),
        };
        let approvers = verdict.approval_id.as_ref().and_then(|id| self.approvers.get(id));
        let approvers = approvers.cloned().unwrap_or_default();
        take(&Row::new(entry, verdict, reported, approvers, self.redactor.as_ref())?)?;
        self.left -= 1;
        Ok(self.left > 0)
    }

    /// Remembers a report for its verdict. The first one is what counted: it is the last to come.
    fn report(&mut self, reader: &mut dyn Reader, entry: &Entry) -> Result<(), ReadError> {
        self.prover.check(reader, entry)?;
        let (verdict, reported) = row::reported(entry, self.redactor.as_ref())?;
        let Some(place) = verdict.as_deref().and_then(record::seq) else { return Ok(()) };
        if matches!(self.reports.get(&place), Some(Report::Kept(_))) {
            self.kept -= 1;
        }
        let report = if self.kept < REPORTS_KEPT_MAX {
            self.kept += 1;
            Report::Kept(Box::new(reported))
        } else {
            Report::At(entry.seq)
        };
        self.reports.insert(place, report);
        Ok(())
    }

    fn read_report(&mut self, reader: &mut dyn Reader, place: u64) -> Result<Reported, ReadError> {
        let found = reader.entries(place, Order::OldestFirst, &EntryFilter::default(), 1)?.pop();
        let entry = found.filter(|entry| entry.seq == place).ok_or_else(|| prove::changed(place))?;
        self.aside.check(reader, &entry)?;
        row::reported(&entry, self.redactor.as_ref()).map(|(_, reported)| reported)
    }

    /// Who said yes, to which question. These are people, so there are not many of them, and the
    /// call that used an answer comes after it.
    fn read_approvers(&mut self, reader: &mut dyn Reader) -> Result<(), ReadError> {
        let rows = EntryFilter { kind: Some(EntryKind::ApprovalAnswer), ..self.rows.clone() };
        let mut from = 0;
        while from < self.size {
            let entries = reader.entries(from, Order::OldestFirst, &rows, PAGE_ENTRIES)?;
            let Some(last) = entries.last() else { break };
            from = last.seq + 1;
            for entry in entries.iter().take_while(|entry| entry.seq < self.size) {
                self.aside.check(reader, entry)?;
                if let Some((id, subject)) = row::approver(entry)? {
                    self.approvers.entry(id).or_default().push(subject);
                }
            }
        }
        Ok(())
    }
}

/// The root that was signed, which has to be the one that the next entry is appended to.
fn signed_root(head: &Head) -> Result<Hash, ReadError> {
    let root = head.tree.root();
    if head.tree.size() == 0 && head.checkpoint.is_empty() {
        return Ok(root);
    }
    let unsigned = || ReadError::Unproven { reason: "its head is not signed by its key".to_owned() };
    let key = VerifyingKey::decode(&head.key).map_err(|_| unsigned())?;
    let signed = Checkpoint::open(&head.checkpoint, &[key]).map_err(|_| unsigned())?;
    if (signed.size(), signed.root()) == (head.tree.size(), root) { Ok(root) } else { Err(unsigned()) }
}
