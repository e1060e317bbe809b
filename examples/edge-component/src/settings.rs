//! What the host says about this place, in environment variables.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

/// Longest wait for the daemon, unless the settings say otherwise.
const DAEMON_TIMEOUT_MS: u64 = 2_000;

/// Shortest secret, in bytes: one that nobody guesses.
const TOKEN_BYTES_MIN: usize = 32;

/// The settings.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// What callers have to show. `None`: nobody is let in.
    pub(crate) token: Option<String>,
    /// Where the documents are, one file for each agent.
    pub(crate) policies: PathBuf,
    /// Where the agents act; `None`: the caller says.
    pub(crate) environment: Option<String>,
    /// Name of this place in ids of verdicts.
    pub(crate) point: String,
    /// The address that this place has for others.
    pub(crate) url: Option<String>,
    /// Who keeps state.
    pub(crate) daemon: Option<Daemon>,
}

/// A daemon, and how it is asked.
#[derive(Clone, Debug)]
pub(crate) struct Daemon {
    pub(crate) url: String,
    pub(crate) token: String,
    pub(crate) timeout: Duration,
}

impl Settings {
    /// Reads the environment.
    pub(crate) fn read() -> Self {
        Self::from(|name| env::var(name).ok())
    }

    fn from(read: impl Fn(&str) -> Option<String>) -> Self {
        let text = |name: &str| read(name).filter(|text| !text.is_empty());
        let timeout = text("DAEMON_TIMEOUT_MS").and_then(|text| text.parse().ok());
        let timeout = Duration::from_millis(timeout.unwrap_or(DAEMON_TIMEOUT_MS));
        // Half a daemon is none: without a token it refuses every question.
        let daemon = text("DAEMON_URL").zip(text("DAEMON_TOKEN"));
        Self {
            token: text("EDGE_TOKEN").filter(|token| token.len() >= TOKEN_BYTES_MIN),
            policies: text("EDGE_POLICIES").map_or_else(|| PathBuf::from("/policies"), PathBuf::from),
            environment: match text("EDGE_ENVIRONMENT") {
                Some(any) if any == "*" => None,
                Some(own) => Some(own),
                None => Some("development".to_owned()),
            },
            point: text("EDGE_POINT").unwrap_or_else(|| "edge".to_owned()),
            url: text("EDGE_URL").map(|url| url.trim_end_matches('/').to_owned()),
            daemon: daemon.map(|(url, token)| Daemon { url, token, timeout }),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::Settings;

    pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    pub(crate) fn settings(pairs: &[(&str, &str)]) -> Settings {
        Settings::from(|name| {
            let own = pairs.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
            own.or_else(|| (name == "EDGE_TOKEN").then(|| TOKEN.to_owned()))
        })
    }

    #[test]
    fn nobody_is_let_in_with_a_short_secret() {
        assert!(settings(&[("EDGE_TOKEN", "short")]).token.is_none());
        assert!(settings(&[]).token.is_some());
    }

    #[test]
    fn the_environment_is_development_unless_somebody_says() {
        assert_eq!(settings(&[]).environment.as_deref(), Some("development"));
        assert_eq!(
            settings(&[("EDGE_ENVIRONMENT", "production")]).environment.as_deref(),
            Some("production")
        );
        assert_eq!(settings(&[("EDGE_ENVIRONMENT", "*")]).environment, None);
    }

    #[test]
    fn a_daemon_without_a_token_is_none() {
        assert!(settings(&[("DAEMON_URL", "http://x")]).daemon.is_none());
        assert!(settings(&[("DAEMON_URL", "http://x"), ("DAEMON_TOKEN", "t")]).daemon.is_some());
    }
}
