//! From texts to a [`Config`]: what each setting means, and which do not go together.

mod auth;
mod channels;
mod reader;
mod storage;
mod values;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;

use super::catalog as of;
use super::error::ConfigError;
use super::{Config, Inputs, LogFormat};
use crate::auth::AuthConfig;
use crate::engine::Mode;
use crate::limits::INSTANCES_MAX;
use crate::settings::mode_word;
use reader::Reader;

/// A day, in milliseconds: longer timeouts are mistakes in their unit.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The largest body that may be configured, in bytes. Each open request may hold one in memory.
const BODY_BYTES_CEILING: u64 = 256 << 20;

pub(super) fn check(inputs: &Inputs<'_>) -> Result<Config, ConfigError> {
    let mut reader = Reader::new(inputs);
    let config = config(&mut reader, inputs.cores);
    // INVARIANT: a configuration with a mistake is never handed out.
    let Reader { warnings, mistakes, .. } = reader;
    if mistakes.is_empty() { Ok(Config { warnings, ..config }) } else { Err(ConfigError::new(mistakes)) }
}

fn config(reader: &mut Reader, cores: NonZeroUsize) -> Config {
    let listen = listen(reader);
    let auth = auth::check(reader, listen.ip());
    let home = reader.path(&of::HOME).unwrap_or_default();
    let (store, bucket) = storage::check(reader);
    let key_file = reader.path(&of::LEDGER_KEY_FILE).unwrap_or_else(|| home.join("ledger.key"));
    let modes = [Mode::Enforce, Mode::Audit, Mode::Shadow, Mode::DryRun].map(|mode| (mode_word(mode), mode));
    let (public_url, channels) = channels::check(reader, matches!(auth, AuthConfig::Disabled));
    Config {
        listen,
        public_url,
        channels,
        auth,
        mode: reader.word(&of::MODE, &modes),
        environment_is_set: reader.is_set(&of::ENVIRONMENT),
        environment: reader.parsed(&of::ENVIRONMENT, values::name).unwrap_or_default(),
        definitions_dir: reader.path(&of::DEFINITIONS_DIR).unwrap_or_default(),
        store,
        bucket,
        ledger_key_file: key_file,
        ledger_origin: reader.parsed(&of::LEDGER_ORIGIN, values::ledger_origin).unwrap_or_default(),
        home,
        cors_origins: reader.list(&of::CORS_ORIGINS, values::web_origin).into_iter().collect(),
        request_timeout: reader.millis(&of::REQUEST_TIMEOUT, 1..=DAY_MS),
        body_bytes_max: reader.count(&of::BODY_BYTES_MAX, 1024..=BODY_BYTES_CEILING),
        drain_timeout: reader.millis(&of::DRAIN_TIMEOUT, 0..=DAY_MS),
        reservation_ttl: reader.seconds(&of::RESERVATION_TTL, 1..=30 * 24 * 3600),
        redact_keys: reader.list(&of::REDACT_KEYS, values::name).into_iter().collect(),
        workers: workers(reader, cores),
        metrics_public: reader.switch(&of::METRICS_PUBLIC),
        dashboard: reader.switch(&of::DASHBOARD),
        dashboard_events_max: reader.count(&of::DASHBOARD_EVENTS_MAX, 1..=1_000_000),
        simulate_calls_max: reader.count(&of::SIMULATE_CALLS_MAX, 1..=100_000),
        log_filter: reader.text(&of::LOG).unwrap_or_default(),
        log_format: reader
            .word(&of::LOG_FORMAT, &[("text", LogFormat::Text), ("json", LogFormat::Json)])
            .unwrap_or(LogFormat::Text),
        warnings: Vec::new(),
    }
}

fn listen(reader: &mut Reader) -> SocketAddr {
    let address: IpAddr =
        reader.parsed(&of::BIND, values::address).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let port = reader.number(&of::PORT, 0..=u64::from(u16::MAX));
    SocketAddr::new(address, u16::try_from(port).unwrap_or_default())
}

/// As many as there are cores, but never more than the engine has room for.
fn workers(reader: &mut Reader, cores: NonZeroUsize) -> NonZeroUsize {
    let most = NonZeroUsize::new(INSTANCES_MAX as usize).unwrap_or(NonZeroUsize::MIN);
    if reader.is_set(&of::WORKERS) {
        let workers = reader.count(&of::WORKERS, 1..=u64::from(INSTANCES_MAX));
        NonZeroUsize::new(workers).unwrap_or(NonZeroUsize::MIN)
    } else {
        cores.min(most)
    }
}
