//! What the writing connection keeps in memory: rows as they were committed.

use std::collections::HashMap;
use std::hash::Hash;

use crate::state::{Agent, Approval, ApprovalReason, Head, Meter, MeterKey, Page, Session, Table};
use crate::store::StoreError;

/// Rows of one kind that are kept. Above, all of them are read again.
const ROWS_MAX: usize = 50_000;

/// Bytes of one kind, of those parts whose size somebody else says. Above, the same.
const BYTES_MAX: usize = 32 << 20;

#[derive(Default)]
pub(super) struct Cache {
    pub(super) head: Option<Head>,
    pub(super) meters: Rows<MeterKey, Meter>,
    pub(super) agents: Rows<String, Agent>,
    pub(super) sessions: Rows<String, Session>,
    pub(super) approvals: Rows<String, Approval>,
    pub(super) baselines: Rows<(String, String), Vec<u8>>,
}

impl Cache {
    /// Takes over what a page has committed.
    pub(super) fn keep(&mut self, page: &Page) {
        self.head = Some(page.head().clone());
        self.meters.keep(&page.meters);
        self.agents.keep(&page.agents);
        self.sessions.keep(&page.sessions);
        self.approvals.keep(&page.approvals);
        self.baselines.keep(&page.baselines);
    }
}

/// A row that can be kept.
pub(super) trait Keepable: Clone {
    /// Bytes of the parts that can be large; the rest is bounded by the number of rows.
    fn large_bytes(&self) -> usize {
        0
    }
}

impl Keepable for Meter {}
impl Keepable for Agent {}
impl Keepable for Session {}

impl Keepable for Approval {
    fn large_bytes(&self) -> usize {
        let quoted = |own: &ApprovalReason| own.part.as_ref().map_or(0, |part| part.text.len());
        let reasons = self.reasons.iter().map(|own| own.message.len() + quoted(own)).sum::<usize>();
        self.call.as_ref().map_or(0, String::len) + reasons
    }
}

impl Keepable for Vec<u8> {
    fn large_bytes(&self) -> usize {
        self.len()
    }
}

/// Rows as they were committed; `None` for one that does not exist.
pub(super) struct Rows<K, R> {
    rows: HashMap<K, Option<R>>,
    large_bytes: usize,
}

impl<K, R> Default for Rows<K, R> {
    fn default() -> Self {
        Self { rows: HashMap::new(), large_bytes: 0 }
    }
}

impl<K: Eq + Hash + Ord + Clone, R: Keepable> Rows<K, R> {
    /// Loads a row into a page, from memory if it is there.
    pub(super) fn load(
        &mut self,
        key: &K,
        table: &mut Table<K, R>,
        read: impl FnOnce() -> Result<Option<R>, StoreError>,
    ) -> Result<(), StoreError> {
        if let Some(row) = self.rows.get(key) {
            table.load(key.clone(), row.clone());
            return Ok(());
        }
        let row = read()?;
        self.insert(key.clone(), row.clone());
        table.load(key.clone(), row);
        Ok(())
    }

    fn keep(&mut self, table: &Table<K, R>) {
        for (key, row) in table.changed() {
            self.insert(key.clone(), Some(row.clone()));
        }
    }

    fn insert(&mut self, key: K, row: Option<R>) {
        if let Some(before) = self.rows.remove(&key) {
            self.large_bytes = self.large_bytes.saturating_sub(large_bytes(before.as_ref()));
        }
        let bytes = self.large_bytes.saturating_add(large_bytes(row.as_ref()));
        if self.rows.len() >= ROWS_MAX || bytes > BYTES_MAX {
            *self = Self::default();
        }
        self.large_bytes = self.large_bytes.saturating_add(large_bytes(row.as_ref()));
        self.rows.insert(key, row);
    }
}

fn large_bytes(row: Option<&impl Keepable>) -> usize {
    row.map_or(0, Keepable::large_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_in_rows_and_bytes() {
        let mut rows: Rows<usize, Vec<u8>> = Rows::default();
        for key in 0..=ROWS_MAX {
            rows.insert(key, None);
            assert!(rows.rows.len() <= ROWS_MAX);
        }
        assert_eq!(rows.rows.len(), 1);

        let mut rows: Rows<usize, Vec<u8>> = Rows::default();
        // The same row again is one row.
        for _ in 0..9 {
            rows.insert(0, Some(vec![0; BYTES_MAX / 4]));
        }
        rows.insert(1, Some(vec![0; BYTES_MAX / 4]));
        assert_eq!((rows.rows.len(), rows.large_bytes), (2, BYTES_MAX / 2));
        rows.insert(1, None);
        assert_eq!((rows.rows.len(), rows.large_bytes), (2, BYTES_MAX / 4));
        rows.insert(2, Some(vec![0; BYTES_MAX]));
        assert_eq!((rows.rows.len(), rows.large_bytes), (1, BYTES_MAX));
        rows.insert(3, Some(vec![0; 1]));
        assert_eq!((rows.rows.len(), rows.large_bytes), (1, 1));
    }

    #[test]
    fn a_row_is_read_once_and_kept_as_it_was_committed() {
        let mut rows: Rows<&str, Vec<u8>> = Rows::default();
        let mut table = Table::default();
        rows.load(&"key", &mut table, || Ok(Some(vec![1]))).unwrap();
        table.edit(&"key").unwrap().push(2);
        rows.keep(&table);
        let mut table = Table::default();
        rows.load(&"key", &mut table, || panic!("it is in memory")).unwrap();
        assert_eq!(table.get(&"key"), Ok(Some(&vec![1, 2])));
    }
}
