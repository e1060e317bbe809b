//! What all handlers share: the daemon's state, the metrics, and what belongs to this server alone.
//!
//! Handlers do not come here for the state: `caller` hands it out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::HeaderMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::attempts::Attempts;
use super::caller::Kept;
use super::health::Look;
use super::metrics::Metrics;
use crate::app::{App, clock};
use crate::auth::setup::AuthConfig;
use crate::auth::{AuthError, Principal};

/// Event streams that are open at the same time. Each holds a connection, and wakes with every
/// entry.
pub(super) const STREAMS_MAX: usize = 256;

/// Of these, streams of one subject: nobody takes all of them.
pub(super) const STREAMS_OF_SUBJECT_MAX: usize = 32;

/// A place among the open streams.
pub(super) struct StreamPlace {
    shared: Arc<Shared>,
    subject: String,
    _permit: OwnedSemaphorePermit,
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut open = self.shared.streams_by.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = open.get_mut(&self.subject) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                open.remove(&self.subject);
            }
        }
    }
}

/// Shared by everything that answers.
pub(super) struct Shared {
    app: Arc<App>,
    pub(super) metrics: Metrics,
    /// One permit for each stream that may still be opened.
    pub(super) streams: Arc<Semaphore>,
    /// Streams of each subject.
    streams_by: Mutex<BTreeMap<String, usize>>,
    /// Whether the server is stopping: streams end then.
    pub(super) stopping: watch::Sender<bool>,
    /// How the store looked a moment ago.
    pub(super) look: Mutex<Option<Look>>,
    /// Who tried in vain to log in.
    pub(super) attempts: Attempts,
    is_open_to_all: bool,
    /// The origin of this daemon's pages, where it was told.
    public_origin: Option<String>,
}

impl Shared {
    pub(super) fn new(app: Arc<App>) -> Arc<Self> {
        Arc::new(Self {
            metrics: Metrics::new(),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            streams_by: Mutex::default(),
            stopping: watch::Sender::new(false),
            look: Mutex::default(),
            attempts: Attempts::default(),
            public_origin: app.config.public_origin(),
            is_open_to_all: matches!(app.config.auth, AuthConfig::Disabled),
            app,
        })
    }

    /// The daemon's state.
    pub(super) const fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Whether nobody is asked who they are. Then it matters from which page a request comes.
    pub(super) const fn is_open_to_all(&self) -> bool {
        self.is_open_to_all
    }

    /// The origin of this daemon's pages, where the configuration says it.
    pub(super) fn public_origin(&self) -> Option<&str> {
        self.public_origin.as_deref()
    }

    /// Whether what somebody was let in with is still good.
    pub(super) fn is_still_good(&self, kept: &Kept) -> bool {
        match kept {
            Kept::Headers(headers) => self.authenticate(headers).is_ok(),
            Kept::Pass(pass) => self.app.recheck_pass(pass).is_ok(),
        }
    }

    /// Who sent a request with these headers.
    pub(super) fn authenticate(&self, headers: &HeaderMap) -> Result<Principal, AuthError> {
        let now = u64::try_from(clock::now().seconds()).unwrap_or_default();
        self.app.authenticator.authenticate(headers, now, &self.app.keys)
    }

    /// A place for one more stream of a subject, given back when it is dropped.
    pub(super) fn stream_place(self: &Arc<Self>, subject: &str) -> Option<StreamPlace> {
        let permit = Arc::clone(&self.streams).try_acquire_owned().ok()?;
        let mut open = self.streams_by.lock().unwrap_or_else(PoisonError::into_inner);
        let own = open.entry(subject.to_owned()).or_default();
        if *own >= STREAMS_OF_SUBJECT_MAX {
            return None;
        }
        *own += 1;
        Some(StreamPlace { shared: Arc::clone(self), subject: subject.to_owned(), _permit: permit })
    }

    /// How many streams are open.
    pub(super) fn stream_count(&self) -> usize {
        STREAMS_MAX.saturating_sub(self.streams.available_permits())
    }
}
