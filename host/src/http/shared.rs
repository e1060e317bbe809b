//! What all handlers share: the daemon's state, the metrics, and what belongs to this server alone.
//!
//! Handlers do not come here for the state: `caller` hands it out.

use std::sync::{Arc, Mutex};

use axum::http::HeaderMap;
use tokio::sync::{Semaphore, watch};

use super::health::Look;
use super::metrics::Metrics;
use crate::app::{App, clock};
use crate::auth::setup::AuthConfig;
use crate::auth::{AuthError, Principal};

/// Event streams that are open at the same time. Each holds a connection, and wakes with every
/// entry.
pub(super) const STREAMS_MAX: usize = 256;

/// Shared by everything that answers.
pub(super) struct Shared {
    app: Arc<App>,
    pub(super) metrics: Metrics,
    /// One permit for each stream that may still be opened.
    pub(super) streams: Arc<Semaphore>,
    /// Whether the server is stopping: streams end then.
    pub(super) stopping: watch::Sender<bool>,
    /// How the store looked a moment ago.
    pub(super) look: Mutex<Option<Look>>,
    is_open_to_all: bool,
}

impl Shared {
    pub(super) fn new(app: Arc<App>) -> Arc<Self> {
        Arc::new(Self {
            metrics: Metrics::new(),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            stopping: watch::Sender::new(false),
            look: Mutex::default(),
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

    /// Who sent a request with these headers.
    pub(super) fn authenticate(&self, headers: &HeaderMap) -> Result<Principal, AuthError> {
        let now = u64::try_from(clock::now().seconds()).unwrap_or_default();
        self.app.authenticator.authenticate(headers, now, &self.app.keys)
    }

    /// How many streams are open.
    pub(super) fn stream_count(&self) -> usize {
        STREAMS_MAX.saturating_sub(self.streams.available_permits())
    }
}
