//! What goes on beside the calls: hearing of changes that others made, ending holds, noticing
//! that the store is back.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::expire::Expire;
use super::reads::ReadError;
use super::{App, Operation, OperationError, vital};
use crate::state::{Keys, Millis, Page};
use crate::store::Backend;

/// How long to wait for news before looking anyway.
const POLL: Duration = Duration::from_secs(1);

/// How often holds are ended.
const EXPIRE_EVERY: Duration = Duration::from_secs(5);

/// Starts the thread. It ends with the daemon.
pub(super) fn start(app: &Arc<App>, backend: Arc<dyn Backend>, generation: u64) -> io::Result<()> {
    let app = Arc::downgrade(app);
    vital("sentinel-follow", move || follow(&app, &*backend, generation)).map(drop)
}

fn follow(app: &Weak<App>, backend: &dyn Backend, mut generation: u64) {
    let mut expired_at = Instant::now();
    loop {
        if backend.wait_for_change(POLL).is_err() {
            // It cannot be reached; the look below says so, and there is no hurry.
            thread::sleep(POLL);
        }
        let Some(app) = app.upgrade() else { return };
        match look(&app, generation) {
            Ok(found) => generation = found,
            Err(error) => tracing::warn!(%error, "the store could not be read"),
        }
        if !app.is_store_well.load(Ordering::Relaxed) {
            probe(&app);
        }
        if expired_at.elapsed() >= EXPIRE_EVERY {
            expired_at = Instant::now();
            expire(&app);
        }
    }
}

/// Takes over what others changed. Returns the generation that is known now.
fn look(app: &App, known: u64) -> Result<u64, ReadError> {
    let (size, generation) =
        app.readers.read_blocking(|reader| Ok((reader.head()?.tree.size(), reader.generation()?)))?;
    app.size.send_if_modified(|own| {
        let is_news = size > *own;
        *own = size.max(*own);
        is_news
    });
    if generation != known {
        renew(app)?;
    }
    Ok(generation)
}

/// Reads policies, keys and ended logins anew.
pub(super) fn renew(app: &App) -> Result<(), ReadError> {
    let (policies, keys, spent) =
        app.readers.read_blocking(|reader| Ok((reader.policies()?, reader.keys()?, reader.spent()?)))?;
    for policy in policies {
        app.catalog.take(policy);
    }
    app.keys.renew(keys);
    app.logins.renew(spent);
    Ok(())
}

fn expire(app: &App) {
    let work = Expire { pool: Arc::clone(&app.pool), digest_key: app.digest_key, holds: 0, approvals: 0 };
    match app.committer.commit_blocking(work) {
        Ok(Expire { holds, approvals, .. }) if holds + approvals > 0 => {
            tracing::info!(holds, approvals, "what nobody settled in time has ended");
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "holds could not be ended"),
    }
}

/// Something is written, to see whether that is possible again: the committer adds an entry of its
/// own to the first batch after a failure.
fn probe(app: &App) {
    if app.committer.commit_blocking(Probe).is_ok() {
        tracing::info!("the store is well again");
    }
}

struct Probe;

impl Operation for Probe {
    fn keys(&self, _now: Millis, _keys: &mut Keys) {}

    fn apply(&mut self, _page: &mut Page) -> Result<(), OperationError> {
        Ok(())
    }
}
