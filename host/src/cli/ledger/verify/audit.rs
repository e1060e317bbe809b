//! The audit of a whole ledger, wherever it is: one thread reads, this one hashes.
//!
//! Entries are compared with the signed head and with checkpoints kept elsewhere; stored hashes
//! are compared with both, because proofs are made from them.

use std::sync::mpsc;
use std::thread;

use indicatif::ProgressBar;
use sentinel_ledger::{Audit, AuditError, Auditor, Checkpoint, Hash, Node, Tree, VerifyingKey, leaf_hash};
use serde::Deserialize;

use super::failure::{Failure, Trouble};

/// Entries that are read at one time.
const PAGE_ENTRIES: u32 = 4096;

/// Pages that wait to be hashed.
const PAGES_AHEAD: usize = 4;

/// Entries and the hashes that were stored with them, from one place on.
pub(super) struct Chunk {
    pub(super) entries: Vec<Vec<u8>>,
    pub(super) leaves: Vec<Hash>,
}

/// A ledger in a store or in files. Nothing of it is believed.
pub(super) trait Source: Send {
    /// Entries from a place on: so many, or fewer where there are no more.
    fn chunk(&mut self, from: u64, count: u32) -> Result<Chunk, Trouble>;

    /// Stored hashes of a level from 1 on.
    fn nodes(&mut self, level: u8, start: u64, count: u32) -> Result<Vec<Hash>, Trouble>;
}

/// What is demanded of a ledger.
#[derive(Clone, Copy)]
pub(super) struct Demand<'a> {
    /// The name that it has to have.
    pub(super) origin: &'a str,
    /// Keys that count.
    pub(super) pinned: &'a [VerifyingKey],
    /// Checkpoints that were kept elsewhere.
    pub(super) kept: &'a [String],
    /// The head that came with it.
    pub(super) head: &'a str,
}

/// What was proven, and what was seen on the way.
pub(super) struct Proven {
    pub(super) audit: Audit,
    pub(super) first_at: Option<String>,
    pub(super) last_at: Option<String>,
}

/// Audits a ledger.
///
/// The pinned key may be a later one than the first. What it signed covers everything before, so
/// older keys are believed as far as they lead to it.
pub(super) fn audit(
    mut source: impl Source,
    demand: &Demand<'_>,
    progress: &ProgressBar,
) -> Result<Proven, Trouble> {
    let trouble = match pass(&mut source, demand, demand.pinned.to_vec(), progress) {
        Ok(proven) => return Ok(proven),
        Err(trouble) => trouble,
    };
    let index = match &trouble {
        Trouble::Failure(Failure::Audit(AuditError::ForgedRotation { index, .. })) => *index,
        // A kept checkpoint may be from before the first change of keys.
        Trouble::Failure(Failure::Audit(AuditError::UnknownKey)) if !demand.kept.is_empty() => {
            let alone = Demand { kept: &[], ..*demand };
            match pass(&mut source, &alone, demand.pinned.to_vec(), progress) {
                Err(Trouble::Failure(Failure::Audit(AuditError::ForgedRotation { index, .. }))) => index,
                Ok(_) | Err(_) => return Err(trouble),
            }
        }
        Trouble::Failure(_) | Trouble::Error(_) => return Err(trouble),
    };
    let Some(old) = source.chunk(index, 1)?.entries.first().and_then(|entry| old_key(entry)) else {
        return Err(trouble);
    };
    let proven = pass(&mut source, demand, [demand.pinned, &[old]].concat(), progress)?;
    if !is_reached(demand.pinned, &proven.audit) {
        return Err(Failure::OtherKey { key: proven.audit.key.encode() }.into());
    }
    Ok(proven)
}

/// Whether a pinned key signed the head, or handed over to the one that did.
fn is_reached(pinned: &[VerifyingKey], audit: &Audit) -> bool {
    let mut reached = pinned.to_vec();
    for change in &audit.rotations {
        if reached.contains(&change.old) {
            reached.push(change.new.clone());
        }
    }
    reached.contains(&audit.key)
}

fn old_key(entry: &[u8]) -> Option<VerifyingKey> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Rotation {
        old_key: String,
    }
    let rotation: Rotation = serde_json::from_slice(entry).ok()?;
    VerifyingKey::decode(&rotation.old_key).ok()
}

fn pass(
    source: &mut impl Source,
    demand: &Demand<'_>,
    trusted: Vec<VerifyingKey>,
    progress: &ProgressBar,
) -> Result<Proven, Trouble> {
    let size = claimed_size(demand.head)?;
    let mut auditor = Auditor::new(demand.origin, trusted);
    for note in demand.kept {
        auditor.expect(note)?;
    }
    progress.set_length(size);
    progress.set_position(0);
    let mut walk = Walk { auditor, wrong: None, first_at: None, last_at: None };
    thread::scope(|scope| {
        let (pages, ready) = mpsc::sync_channel(PAGES_AHEAD);
        scope.spawn(move || read(source, size, &pages));
        // Where this ends early, the other thread finds nobody who takes its pages, and ends, too.
        for page in ready {
            walk.take(page?)?;
            progress.set_position(walk.auditor.size());
        }
        Ok::<_, Trouble>(())
    })?;
    let index = walk.auditor.size();
    if index < size {
        // A checkpoint kept elsewhere says more about it, if there is one.
        return Err(match walk.auditor.finish(demand.head) {
            Err(error @ AuditError::Truncated { .. }) => error.into(),
            Ok(_) | Err(_) => Failure::Missing { index, size }.into(),
        });
    }
    let audit = walk.auditor.finish(demand.head)?;
    if let Some(failure) = walk.wrong {
        return Err(failure.into());
    }
    Ok(Proven { audit, first_at: walk.first_at, last_at: walk.last_at })
}

/// How many entries a head says that there are. It is checked at the end; this is for reading.
fn claimed_size(note: &str) -> Result<u64, Trouble> {
    let (text, _) = note.split_once("\n\n").ok_or(Failure::NoHead)?;
    let checkpoint = Checkpoint::parse(&format!("{text}\n"));
    Ok(checkpoint.map_err(|error| AuditError::Checkpoint(error.into()))?.size())
}

/// Entries, and what is known of the stored hashes up to them.
struct Page {
    chunk: Chunk,
    /// The root of the stored leaf hashes.
    root: Hash,
    /// The first stored inner hash that does not follow from the leaf hashes.
    wrong: Option<Failure>,
}

fn read(source: &mut impl Source, size: u64, pages: &mpsc::SyncSender<Result<Page, Trouble>>) {
    let mut tree = Tree::new();
    while tree.size() < size {
        let count = u32::try_from(size - tree.size()).unwrap_or(u32::MAX).min(PAGE_ENTRIES);
        let page = page(source, &mut tree, count);
        let is_last = page.as_ref().map_or(true, |page| page.chunk.entries.len() < count as usize);
        if pages.send(page).is_err() || is_last {
            return;
        }
    }
}

fn page(source: &mut impl Source, tree: &mut Tree, count: u32) -> Result<Page, Trouble> {
    let chunk = source.chunk(tree.size(), count)?;
    let mut nodes = Vec::new();
    for leaf in &chunk.leaves {
        tree.push(*leaf, &mut nodes);
    }
    nodes.sort_by_key(|node| (node.level, node.index));
    let wrong = nodes
        .chunk_by(|one, next| one.level == next.level)
        .map(|level| wrong_node(source, level))
        .find_map(Result::transpose)
        .transpose()?;
    Ok(Page { chunk, root: tree.root(), wrong })
}

/// Compares nodes of one level that follow each other with the stored ones.
fn wrong_node(source: &mut impl Source, nodes: &[Node]) -> Result<Option<Failure>, Trouble> {
    let Some(first) = nodes.first() else { return Ok(None) };
    let stored = source.nodes(first.level, first.index, u32::try_from(nodes.len()).unwrap_or(u32::MAX))?;
    let mut stored = stored.into_iter();
    let wrong = nodes.iter().find(|node| stored.next() != Some(node.hash));
    Ok(wrong.map(|node| Failure::Node { level: node.level, index: node.index }))
}

struct Walk {
    auditor: Auditor,
    wrong: Option<Failure>,
    first_at: Option<String>,
    last_at: Option<String>,
}

impl Walk {
    fn take(&mut self, page: Page) -> Result<(), Trouble> {
        let from = self.auditor.size();
        let pushed = page.chunk.entries.iter().try_for_each(|entry| self.auditor.push(entry));
        let differs = match &pushed {
            Ok(()) => self.auditor.root() != page.root,
            Err(AuditError::Rewritten { .. }) => true,
            Err(_) => false,
        };
        // Which one it is says more than that it is one.
        if differs && let Some(at) = changed(&page.chunk) {
            return Err(Failure::Changed { index: from + at }.into());
        }
        pushed?;
        self.wrong = self.wrong.take().or(page.wrong);
        if self.first_at.is_none() {
            self.first_at = page.chunk.entries.iter().find_map(|entry| time_of(entry));
        }
        if let Some(at) = page.chunk.entries.iter().rev().find_map(|entry| time_of(entry)) {
            self.last_at = Some(at);
        }
        Ok(())
    }
}

fn changed(chunk: &Chunk) -> Option<u64> {
    let mut pairs = (0..).zip(chunk.entries.iter().zip(&chunk.leaves));
    pairs.find(|(_, (entry, leaf))| leaf_hash(entry) != **leaf).map(|(at, _)| at)
}

/// When an entry says that it was recorded.
fn time_of(entry: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Timed {
        at: String,
    }
    serde_json::from_slice::<Timed>(entry).ok().map(|entry| entry.at)
}
