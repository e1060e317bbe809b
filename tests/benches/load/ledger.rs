//! The ledger of the embedded store: appending in batches, starting on a long one, verifying it.

use std::time::Instant;

use sentinel::state::{EntryKind, Keys, Millis, NewEntry, Page};
use sentinel::store::sqlite::Sqlite;
use sentinel::store::{Backend, EntryFilter, Order};
use sentinel_ledger::{Auditor, SigningKey};

const ENTRIES: u64 = 1_000_000;
const BATCH: u64 = 256;
const PAGE: u32 = 4_096;

pub(super) fn run() {
    println!("the ledger, {ENTRIES} entries of 700 bytes in batches of {BATCH}, each durable");
    let directory = tempfile::tempdir().expect("a directory");
    let key = SigningKey::from_seed("bench", [7; 32]).expect("a key");
    let body = format!("{{\"text\":\"{}\"}}", "x".repeat(688));
    let started = Instant::now();
    {
        let store = Sqlite::open(directory.path()).expect("a store");
        let mut writer = store.writer().expect("a writer");
        for batch in 0..ENTRIES / BATCH {
            let mut append = |page: &mut Page| {
                for _ in 0..BATCH {
                    let body = body.clone();
                    page.append(NewEntry {
                        kind: EntryKind::Verdict,
                        agent: "a".to_owned(),
                        decision: "allow",
                        body,
                    })?;
                }
                Ok(page.seal(&key, "bench")?)
            };
            writer.transact(Millis(batch.cast_signed()), &Keys::default(), &mut append).expect("a commit");
        }
    }
    let count = (ENTRIES / BATCH * BATCH) as f64;
    println!("append        {:>9.0} entries/s (aim 100,000)", count / started.elapsed().as_secs_f64());

    let started = Instant::now();
    let store = Sqlite::open(directory.path()).expect("a store");
    let mut reader = store.reader().expect("a reader");
    let head = reader.head().expect("a head");
    println!("open          {:>9.3} s (aim 2 with all of the daemon)", started.elapsed().as_secs_f64());

    let started = Instant::now();
    let mut auditor = Auditor::new("bench", vec![key.verifying_key()]);
    while auditor.size() < head.tree.size() {
        let entries = reader
            .entries(auditor.size(), Order::OldestFirst, &EntryFilter::default(), PAGE)
            .expect("entries");
        for entry in entries {
            auditor.push(entry.entry.body.as_bytes()).expect("a good entry");
        }
    }
    auditor.finish(&head.checkpoint).expect("a good ledger");
    println!("verify        {:>9.2} s for all of them (aim 5)", started.elapsed().as_secs_f64());
}
