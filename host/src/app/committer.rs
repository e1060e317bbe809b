//! The one thread that changes state: it gathers what waits, and commits it together.
//!
//! While a batch is being made durable the next one gathers, so the more there is to do, the
//! larger the batches and the fewer the syncs. Nothing is answered before its batch is durable.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use serde::Serialize;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

use super::identity::Signer;
use super::record::{self, json};
use super::{Operation, OperationError, clock, vital};
use crate::limits::{ANSWERS_KEPT_MS, BATCH_OPERATIONS_MAX, FORGET_EVERY, QUEUED_OPERATIONS_MAX};
use crate::state::{EntryKind, Keys, NewEntry, Page};
use crate::store::{StoreError, Writer};

/// Something was not committed. It did not happen.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CommitError {
    /// Too much waits already.
    #[error("too many calls are waiting: try again")]
    Busy,
    /// The daemon is stopping.
    #[error("the daemon is stopping")]
    Stopping,
    /// The store failed.
    #[error(transparent)]
    Store(Arc<StoreError>),
    /// The operation itself could not be done.
    #[error(transparent)]
    Operation(#[from] OperationError),
}

/// The way to the thread. Cheap to clone.
#[derive(Clone)]
pub struct Committer {
    queue: mpsc::Sender<Box<dyn Waiting>>,
}

/// An operation and whoever waits for it.
trait Waiting: Send {
    fn keys(&self, now: crate::state::Millis, keys: &mut Keys);
    fn apply(&mut self, page: &mut Page);
    fn end(self: Box<Self>, committed: Result<(), &Arc<StoreError>>);
    /// The runtime on which somebody waits; `None` for a thread of its own.
    fn runtime(&self) -> Option<&Handle>;
}

struct Job<O> {
    operation: O,
    result: Result<(), OperationError>,
    reply: oneshot::Sender<Result<O, CommitError>>,
    runtime: Option<Handle>,
}

impl<O: Operation> Waiting for Job<O> {
    fn keys(&self, now: crate::state::Millis, keys: &mut Keys) {
        self.operation.keys(now, keys);
    }

    fn apply(&mut self, page: &mut Page) {
        self.result = self.operation.apply(page);
    }

    fn end(self: Box<Self>, committed: Result<(), &Arc<StoreError>>) {
        let result = match (committed, self.result) {
            (Err(error), _) => Err(CommitError::Store(Arc::clone(error))),
            (Ok(()), Err(error)) => Err(CommitError::Operation(error)),
            (Ok(()), Ok(())) => Ok(self.operation),
        };
        // Whoever asked may have gone away. What was done stays done, and is on record.
        let _ = self.reply.send(result);
    }

    fn runtime(&self) -> Option<&Handle> {
        self.runtime.as_ref()
    }
}

impl Committer {
    /// Starts the thread. It ends when the last way to it is gone, after it has done what waits.
    ///
    /// # Errors
    ///
    /// Where the operating system refuses a thread.
    pub fn start(
        writer: Box<dyn Writer>,
        signer: Signer,
        size: watch::Sender<u64>,
        is_store_well: Arc<AtomicBool>,
    ) -> std::io::Result<(Self, thread::JoinHandle<()>)> {
        let (queue, waiting) = mpsc::channel(QUEUED_OPERATIONS_MAX);
        let work = Batches { writer, signer, size, is_store_well, waiting, forgot_at: Instant::now() };
        let thread = vital("sentinel-commit", || work.run())?;
        Ok((Self { queue }, thread))
    }

    /// Does an operation, and returns it when it is durable.
    ///
    /// # Errors
    ///
    /// Where it did not happen.
    pub async fn commit<O: Operation + 'static>(&self, operation: O) -> Result<O, CommitError> {
        let (job, answer) = job(operation, Handle::try_current().ok());
        self.queue.try_send(job).map_err(refused)?;
        answer.await.map_err(|_| CommitError::Stopping)?
    }

    /// The same, for threads that may block.
    ///
    /// # Errors
    ///
    /// Where it did not happen.
    pub fn commit_blocking<O: Operation + 'static>(&self, operation: O) -> Result<O, CommitError> {
        let (job, answer) = job(operation, None);
        self.queue.blocking_send(job).map_err(|_| CommitError::Stopping)?;
        answer.blocking_recv().map_err(|_| CommitError::Stopping)?
    }
}

type Answered<O> = oneshot::Receiver<Result<O, CommitError>>;

fn job<O: Operation + 'static>(operation: O, runtime: Option<Handle>) -> (Box<dyn Waiting>, Answered<O>) {
    let (reply, answer) = oneshot::channel();
    (Box::new(Job { operation, result: Ok(()), reply, runtime }), answer)
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function of `map_err`")]
fn refused(error: mpsc::error::TrySendError<Box<dyn Waiting>>) -> CommitError {
    match error {
        mpsc::error::TrySendError::Full(_) => CommitError::Busy,
        mpsc::error::TrySendError::Closed(_) => CommitError::Stopping,
    }
}

/// The store takes entries again. Calls were denied for some time, and the ledger says so.
#[derive(Serialize)]
struct RecoveredEntry {
    at: String,
    id: String,
    kind: &'static str,
}

fn recovered(page: &mut Page) -> Result<(), OperationError> {
    let kind = EntryKind::StoreRecovered;
    let id = record::id(page.next_seq());
    let body = json(&RecoveredEntry { at: clock::text(page.now), id, kind: kind.as_str() })?;
    page.append(NewEntry { kind, agent: String::new(), decision: "", body })?;
    Ok(())
}

/// Tells everybody what became of a batch. Those who wait on a runtime are told from one task of
/// it: waking each of them from here would cost more than the rest of their call.
fn answer(batch: &mut Vec<Box<dyn Waiting>>, committed: Result<(), &Arc<StoreError>>) {
    let (mut tasks, mut runtime) = (Vec::with_capacity(batch.len()), None);
    for job in batch.drain(..) {
        match job.runtime() {
            Some(own) => {
                runtime.get_or_insert_with(|| own.clone());
                tasks.push(job);
            }
            None => job.end(committed),
        }
    }
    if let Some(runtime) = runtime {
        let failed = committed.err().map(Arc::clone);
        runtime.spawn(async move {
            for job in tasks {
                job.end(failed.as_ref().map_or(Ok(()), Err));
            }
        });
    }
}

/// What a batch came to.
#[derive(Clone, Copy, Default)]
struct Committed {
    size: u64,
    is_written: bool,
}

struct Batches {
    writer: Box<dyn Writer>,
    signer: Signer,
    size: watch::Sender<u64>,
    is_store_well: Arc<AtomicBool>,
    waiting: mpsc::Receiver<Box<dyn Waiting>>,
    forgot_at: Instant,
}

impl Batches {
    fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH_OPERATIONS_MAX);
        while self.waiting.blocking_recv_many(&mut batch, BATCH_OPERATIONS_MAX) > 0 {
            let committed = self.commit(&mut batch).map_err(Arc::new);
            match &committed {
                Ok(committed) if committed.is_written => self.is_store_well.store(true, Ordering::Relaxed),
                Ok(_) => {}
                Err(_) => self.is_store_well.store(false, Ordering::Relaxed),
            }
            if let Err(error) = &committed {
                tracing::error!(%error, operations = batch.len(), "a batch was not committed, so all of it is denied");
            }
            if let Ok(Committed { size, .. }) = &committed {
                // Nobody may be listening, and the size is kept for whoever asks later.
                self.size.send_if_modified(|own| {
                    let is_news = *size > *own;
                    *own = (*size).max(*own);
                    is_news
                });
            }
            answer(&mut batch, committed.as_ref().map(|_| ()));
            self.forget();
        }
    }

    /// From time to time, drops answers that nobody will ask for again.
    fn forget(&mut self) {
        if self.forgot_at.elapsed() < FORGET_EVERY {
            return;
        }
        self.forgot_at = Instant::now();
        let before = clock::now().plus(-ANSWERS_KEPT_MS);
        if let Err(error) = self.writer.forget_answers(before) {
            tracing::warn!(%error, "old answers are still kept");
        }
    }

    fn commit(&mut self, batch: &mut [Box<dyn Waiting>]) -> Result<Committed, StoreError> {
        let now = clock::now();
        let mut keys = Keys::default();
        for job in batch.iter() {
            job.keys(now, &mut keys);
        }
        let (signer, mut committed) = (&self.signer, Committed::default());
        let was_well = self.is_store_well.load(Ordering::Relaxed);
        self.writer.transact(now, &keys, &mut |page| {
            if !was_well {
                recovered(page)?;
            }
            for job in batch.iter_mut() {
                job.apply(page);
            }
            signer.seal(page)?;
            committed = Committed { size: page.head().tree.size(), is_written: page.is_changed() };
            Ok(())
        })?;
        Ok(committed)
    }
}
