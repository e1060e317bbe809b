//! The configuration of the daemon: read once, checked as a whole, then only passed on.
//!
//! In reading order: [`catalog`] declares every setting, [`args`] makes flags of it, `raw` puts
//! flags, environment and file on top of each other, `check` makes a [`Config`] of that or says
//! everything that is wrong. [`read`] is a function of its arguments; only [`load`] looks at
//! the process.
//!
//! Key files are named in a configuration and read by whoever uses them.

pub mod address;
pub mod args;
pub mod catalog;
mod channels;
mod check;
pub mod error;
mod raw;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs, io, thread};

pub use args::ServeArgs;
use catalog::SENTINEL_CONFIG;
pub use channels::{Channels, Slack, Webhook, WebhookFormat};
pub use error::{ConfigError, Mistake};

use crate::auth::{AuthConfig, Secret};
use crate::engine::Mode;

/// A configuration file, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// A configuration that was checked. Only [`read`] makes one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// How requests are authenticated.
    pub auth: AuthConfig,
    /// Rollout mode of the installation, if any.
    pub mode: Option<Mode>,
    /// The environment that calls run in.
    pub environment: String,
    /// Whether it was set, or is the default.
    pub environment_is_set: bool,
    /// Directory of the policy files.
    pub definitions_dir: PathBuf,
    /// Directory of what the daemon keeps.
    pub home: PathBuf,
    /// Where state is kept.
    pub store: StoreConfig,
    /// Where the ledger is published to, if anywhere.
    pub bucket: Option<BucketConfig>,
    /// The key that signs checkpoints.
    pub ledger_key_file: PathBuf,
    /// Name of the ledger in its checkpoints.
    pub ledger_origin: String,
    /// Origins of web pages that may call the API, each as a browser sends it.
    pub cors_origins: BTreeSet<String>,
    /// Longest time that a request may take.
    pub request_timeout: Duration,
    /// Largest body of a request.
    pub body_bytes_max: usize,
    /// Longest wait for open requests at the end.
    pub drain_timeout: Duration,
    /// Time after which a reservation that nobody settled counts as spent.
    pub reservation_ttl: Duration,
    /// Further names of input fields that the ledger does not keep.
    pub redact_keys: BTreeSet<String>,
    /// Engine instances that decide at the same time.
    pub workers: NonZeroUsize,
    /// Whether everybody sees the metrics.
    pub metrics_public: bool,
    /// Where people reach this daemon, if it was told.
    pub public_url: Option<String>,
    /// How people hear of questions, beside the API.
    pub channels: Option<Channels>,
    /// Whether there is a dashboard, and a way to log in to it.
    pub dashboard: bool,
    /// Most events that the dashboard loads.
    pub dashboard_events_max: usize,
    /// Most calls of one `simulate` request.
    pub simulate_calls_max: usize,
    /// What is logged. Its grammar is that of `tracing_subscriber::EnvFilter`.
    pub log_filter: String,
    /// What log lines look like.
    pub log_format: LogFormat,
    /// What somebody should know about the above, each one line.
    pub warnings: Vec<String>,
}

impl Config {
    /// The origin of [`Self::public_url`], as browsers send it.
    pub fn public_origin(&self) -> Option<String> {
        let url = reqwest::Url::parse(self.public_url.as_deref()?).ok()?;
        Some(url.origin().ascii_serialization())
    }

    /// [`Self::reservation_ttl`] as the clock of the store counts.
    pub fn hold_ms(&self) -> i64 {
        i64::try_from(self.reservation_ttl.as_millis()).unwrap_or(i64::MAX)
    }
}

/// Where state is kept.
#[derive(Clone, Debug)]
pub enum StoreConfig {
    /// In memory: gone at the end.
    Memory,
    /// In the embedded store, below the home directory.
    Embedded,
    /// In PostgreSQL, at this address.
    Postgres(Secret),
}

/// Where the ledger is published to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketConfig {
    /// Whose bucket.
    pub provider: BucketProvider,
    /// Its name.
    pub name: String,
    /// What names in it begin with; may be empty.
    pub prefix: String,
}

/// Whose bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BucketProvider {
    /// Amazon S3, and what speaks its protocol.
    S3,
    /// Google Cloud Storage.
    Gcs,
}

/// What log lines look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One object each, for programs.
    Json,
}

/// Everything that a configuration depends on.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// What was given on the command line.
    pub args: &'a ServeArgs,
    /// The environment: names and values.
    pub environment: &'a [(OsString, OsString)],
    /// The configuration file and what is in it.
    pub file: Option<(&'a Path, &'a str)>,
    /// Cores of the machine.
    pub cores: NonZeroUsize,
}

/// Checks a configuration.
///
/// # Errors
///
/// Where anything in it is wrong: all of it at once.
pub fn read(inputs: Inputs<'_>) -> Result<Config, ConfigError> {
    check::check(&inputs)
}

/// Reads the configuration of this process: its arguments, its environment, and the file that
/// one of them names.
///
/// # Errors
///
/// Where the file cannot be read, or anything in the configuration is wrong.
pub fn load(args: &ServeArgs) -> Result<Config, ConfigError> {
    let environment: Vec<_> = env::vars_os().collect();
    let named = args
        .config()
        .map(Path::to_owned)
        .or_else(|| env::var_os(SENTINEL_CONFIG).filter(|name| !name.is_empty()).map(PathBuf::from));
    let text = named.as_deref().map(read_file).transpose()?;
    let file = named.as_deref().zip(text.as_deref());
    let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    read(Inputs { args, environment: &environment, file, cores })
}

fn read_file(file: &Path) -> Result<String, ConfigError> {
    let unreadable = |source| ConfigError::new(vec![Mistake::Unreadable { file: file.to_owned(), source }]);
    let bytes = fs::metadata(file).map_err(unreadable)?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(unreadable(io::Error::other(format!("it is larger than {FILE_BYTES_MAX} bytes"))));
    }
    fs::read_to_string(file).map_err(unreadable)
}

#[cfg(test)]
mod tests;
