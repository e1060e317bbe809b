//! The ledger of a store, as something to be audited.

use std::sync::Arc;

use sentinel::state::Head;
use sentinel::store::{Backend, EntryFilter, Order, Reader, StoreError};
use sentinel_ledger::{Audit, Hash};

use super::audit::{Chunk, Source};
use super::failure::{Failure, Trouble, store_trouble};

/// Reads a store.
pub(super) struct Stored {
    reader: Box<dyn Reader>,
}

impl Stored {
    pub(super) fn open(backend: &Arc<dyn Backend>) -> anyhow::Result<Self> {
        Ok(Self { reader: backend.reader()? })
    }

    /// The end of the ledger, as the store has it.
    pub(super) fn head(&mut self) -> Result<Head, Trouble> {
        match self.reader.head() {
            Ok(head) if head.checkpoint.is_empty() => Err(Failure::NoHead.into()),
            Ok(head) => Ok(head),
            Err(error @ StoreError::Damaged { .. }) => Err(error.into()),
            Err(error) => Err(Trouble::Error(error.into())),
        }
    }

    /// Demands that the next entry will be appended to what was audited, and that nothing was
    /// added without a signature. A daemon may be adding: then a newer head covers it.
    pub(super) fn check_end(&mut self, head: &Head, audit: &Audit) -> Result<(), Trouble> {
        if head.tree.root() != audit.root {
            return Err(Failure::End.into());
        }
        let size = audit.size;
        let filter = EntryFilter::default();
        let last = self.reader.entries(i64::MAX.unsigned_abs(), Order::NewestFirst, &filter, 1);
        let Some(last) = last.map_err(|error| store_trouble(error, size))?.pop() else { return Ok(()) };
        if last.seq < size {
            return Ok(());
        }
        let covered = self.head()?.tree.size();
        if last.seq < covered {
            return Ok(());
        }
        Err(Failure::Beyond { index: size.max(covered), size: covered }.into())
    }
}

impl Source for Stored {
    fn chunk(&mut self, from: u64, count: u32) -> Result<Chunk, Trouble> {
        let found = self.reader.entries(from, Order::OldestFirst, &EntryFilter::default(), count);
        let found = found.map_err(|error| store_trouble(error, from))?;
        let mut chunk =
            Chunk { entries: Vec::with_capacity(found.len()), leaves: Vec::with_capacity(found.len()) };
        for (place, entry) in (from..).zip(found) {
            // After a hole nothing is where it was signed.
            if entry.seq != place {
                break;
            }
            chunk.leaves.push(entry.leaf);
            chunk.entries.push(entry.entry.body.into_bytes());
        }
        Ok(chunk)
    }

    fn nodes(&mut self, level: u8, start: u64, count: u32) -> Result<Vec<Hash>, Trouble> {
        let index = start.checked_shl(8 * u32::from(level)).unwrap_or(u64::MAX);
        self.reader.hashes(level, start, count).map_err(|error| store_trouble(error, index))
    }
}
