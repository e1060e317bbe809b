//! A running example, as tests see it, and what it was told.

use crate::client::Client;
use crate::daemon::{self, Daemon};

/// What callers show.
pub(crate) const TOKEN: &str = "an-edge-token-of-forty-characters-0123456";

/// The name that the examples have for others.
pub(crate) const URL: &str = "https://pdp.example.com";

/// A running example.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) url: String,
}

impl Place {
    /// Somebody who may ask.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.url, TOKEN)
    }
}

/// What an example is told. Absent: its own default.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) token: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) daemon: Option<String>,
    pub(crate) point: Option<String>,
    pub(crate) required: bool,
}

impl Settings {
    /// With a daemon.
    pub(crate) fn with(daemon: &Daemon) -> Self {
        Self { daemon: Some(daemon.url.clone()), ..Self::default() }
    }

    /// As environment variables.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let mut all = vec![
            ("EDGE_TOKEN", self.token.clone().unwrap_or_else(|| TOKEN.to_owned())),
            ("EDGE_POINT", self.point.clone().unwrap_or_else(|| "test".to_owned())),
            ("EDGE_URL", URL.to_owned()),
            // Longer than a busy machine stalls. Questions to a daemon that is `Slow` wait for it.
            ("DAEMON_TIMEOUT_MS", "10000".to_owned()),
        ];
        all.extend(self.environment.clone().map(|own| ("EDGE_ENVIRONMENT", own)));
        if let Some(url) = &self.daemon {
            all.extend([("DAEMON_URL", url.clone()), ("DAEMON_TOKEN", daemon::TOKEN.to_owned())]);
        }
        if self.required {
            all.push(("REQUIRED_RECORDS", "true".to_owned()));
        }
        all
    }
}
