//! Publishes the ledger: the same tiles and checkpoints as static files, for whoever checks it
//! without asking us.
//!
//! A task beside the calls. It only reads what is durable already, so it delays no decision and
//! changes none; where it fails it tries again, and the health of the daemon says so. What the
//! files are is in [`tiles`], how they get there in [`destination`].

pub mod destination;
pub mod tiles;

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;
use std::{io, thread};

use thiserror::Error;
use tokio::sync::{oneshot, watch};
use tokio::time::{sleep, timeout};

use super::reads::{ReadError, Readers};
use super::{App, clock};
use crate::causes;
use crate::state::Millis;

use destination::Destination;

/// Time between two looks at the size of the ledger.
const PUBLISH_EVERY: Duration = Duration::from_secs(1);

/// Longest wait after a failure. It doubles until then.
const BACKOFF_MAX: Duration = Duration::from_secs(60);

/// The ledger was not published.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The variables of the provider cannot be used.
    #[error("the bucket cannot be used: check its variables (AWS_* or GOOGLE_*)")]
    Settings(#[source] Box<object_store::Error>),
    /// The directory cannot be used.
    #[error("the directory cannot be used")]
    Directory(#[source] io::Error),
    /// The other side failed.
    #[error("`{name}` could not be {done}")]
    Remote {
        /// Which file.
        name: String,
        /// `read` or `written`.
        done: &'static str,
        /// Why not.
        source: Box<object_store::Error>,
    },
    /// Our side failed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What is there would be overwritten.
    #[error("{place} holds another ledger: {reason}; nothing was overwritten, use an empty one")]
    OtherLedger {
        /// The bucket or the directory.
        place: String,
        /// How that can be seen.
        reason: String,
    },
    /// The daemon ended first.
    #[error("there was no time left")]
    Deadline,
}

/// How far the publication is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Entries that the published checkpoint covers.
    pub size: u64,
    /// When that was last seen to be so.
    pub at: Option<Millis>,
    /// Why the last attempt failed, if it did. It may name the bucket: not for everybody.
    pub error: Option<String>,
}

impl Published {
    /// Entries that are recorded and not published.
    pub const fn lag(&self, size: u64) -> u64 {
        size.saturating_sub(self.size)
    }
}

/// The task that publishes.
pub(super) struct Publication {
    stop: oneshot::Sender<()>,
    thread: thread::JoinHandle<()>,
}

impl Publication {
    /// Publishes one last time, within the time for draining, and ends.
    pub(super) fn finish(self) {
        // Where the task is gone, it has nothing left to do.
        let _ = self.stop.send(());
        let _ = self.thread.join();
    }
}

/// Starts the task, on a thread of its own: what calls wait for has none of it.
pub(super) fn start(app: &Arc<App>, destination: Destination, readers: Readers) -> io::Result<Publication> {
    let (stop, stopped) = oneshot::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let task = Task {
        app: Arc::downgrade(app),
        size: app.size.subscribe(),
        drain: app.config.drain_timeout,
        destination,
        readers,
        known: None,
    };
    report(&task.app, |published| *published = Some(Published::default()));
    let thread = thread::Builder::new()
        .name("sentinel-publish".to_owned())
        .spawn(move || runtime.block_on(task.run(stopped)))?;
    Ok(Publication { stop, thread })
}

struct Task {
    app: Weak<App>,
    size: watch::Receiver<u64>,
    drain: Duration,
    destination: Destination,
    readers: Readers,
    /// Entries that are there, as far as is known.
    known: Option<u64>,
}

impl Task {
    async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        let mut wait = PUBLISH_EVERY;
        loop {
            tokio::select! {
                _ = &mut stopped => break,
                () = sleep(wait) => {}
            }
            if self.known == Some(*self.size.borrow()) {
                continue;
            }
            // What an attempt wrote when it is dropped does no harm: no checkpoint covers it.
            let result = tokio::select! {
                _ = &mut stopped => break,
                result = self.destination.publish(&self.readers, self.known) => result,
            };
            wait = if result.is_ok() { PUBLISH_EVERY } else { (wait * 2).min(BACKOFF_MAX) };
            self.conclude(result);
        }
        let last = timeout(self.drain, self.destination.publish(&self.readers, None)).await;
        self.conclude(last.unwrap_or(Err(PublishError::Deadline)));
    }

    fn conclude(&mut self, result: Result<u64, PublishError>) {
        match result {
            Ok(size) => {
                self.known = Some(size);
                let now = Published { size, at: Some(clock::now()), error: None };
                report(&self.app, |published| *published = Some(now));
            }
            Err(error) => {
                // Somebody else may have been there: the next attempt looks first.
                self.known = None;
                let text = causes::in_one_line(&error);
                tracing::warn!(error = text, "the ledger was not published");
                report(&self.app, |published| published.get_or_insert_default().error = Some(text));
            }
        }
    }
}

fn report(app: &Weak<App>, change: impl FnOnce(&mut Option<Published>)) {
    if let Some(app) = app.upgrade() {
        change(&mut app.published.write().unwrap_or_else(PoisonError::into_inner));
    }
}
