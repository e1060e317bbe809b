//! Starting and stopping: everything is opened and checked before anything is answered.

use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;

use sentinel_ledger::Redactor;
use serde::Serialize;
use thiserror::Error;
use tokio::sync::watch;

use super::catalog::Catalog;
use super::channels::{self, ChannelError, Deliverer};
use super::definitions::Definitions;
use super::identity::{Signer, SignerError};
use super::keys::KeyRing;
use super::logins::Logins;
use super::publish::destination::Destination;
use super::publish::{Publication, PublishError};
use super::reads::{ReadError, Readers};
use super::record::{self, json};
use super::{App, Committer, Operation, OperationError, clock, follow, publish, vital};
use crate::auth::setup::AuthConfig;
use crate::auth::{AgentScope, ApiKey, Authenticator, KeyFileError, KeyRecord, Role, RoleSet};
use crate::config::{Config, StoreConfig};
use crate::engine::{COMPONENT_DIGEST, Engine, EngineError, Pool};
use crate::settings::mode_word;
use crate::state::{EntryKind, Keys, Millis, NewEntry, Page};
use crate::store::postgres::Postgres;
use crate::store::sqlite::Sqlite;
use crate::store::{Backend, StoreError};

/// Who holds the key that is made on the first start.
const FIRST_KEY_SUBJECT: &str = "first-key";

/// The daemon cannot start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is in the store.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The signing key.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// Keys that verify tokens.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Where the ledger is published to.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// What tells people of questions.
    #[error(transparent)]
    Channels(#[from] ChannelError),
    /// Threads.
    #[error("a thread could not be started: raise the limit on threads (`ulimit -u`)")]
    Thread(#[source] io::Error),
    /// No randomness for the first key.
    #[error("the operating system gave no randomness for an API key")]
    Randomness,
    /// The first entry.
    #[error("the start could not be recorded")]
    Record(#[source] super::CommitError),
}

/// A daemon that runs.
pub struct Started {
    /// Its state.
    pub app: Arc<App>,
    /// The key that was made because there was no other way in. It is shown once.
    pub first_key: Option<ApiKey>,
    commits: JoinHandle<()>,
    publication: Option<Publication>,
    deliverer: Option<Deliverer>,
}

/// The store that the configuration names.
///
/// # Errors
///
/// Where it cannot be used.
pub fn open_store(config: &Config) -> Result<Arc<dyn Backend>, StoreError> {
    Ok(match &config.store {
        StoreConfig::Memory => Arc::new(Sqlite::temporary()?),
        StoreConfig::Embedded => Arc::new(Sqlite::open(&config.home)?),
        StoreConfig::Postgres(url) => Arc::new(Postgres::open(url.expose())?),
    })
}

impl App {
    /// Opens everything. To be called where blocking is allowed.
    ///
    /// # Errors
    ///
    /// Where something cannot be used: then nothing runs.
    pub fn start(config: Config) -> Result<Started, StartError> {
        let destination = config.bucket.as_ref().map(Destination::bucket).transpose()?;
        let backend = open_store(&config)?;
        let mut writer = backend.writer()?;
        let readers = Readers::new(Arc::clone(&backend));
        let (head, generation) =
            readers.read_blocking(|reader| Ok((reader.head()?, reader.generation()?)))?;
        if !matches!(config.store, StoreConfig::Embedded) {
            std::fs::create_dir_all(&config.home).map_err(|error| StoreError::Unavailable {
                reason: format!("`{}`: {error}", config.home.display()),
            })?;
        }
        let signer = Signer::open(&config.ledger_key_file, &config.ledger_origin, &head.key, true)?;
        let authenticator = Authenticator::open(&config.auth)?;
        let pool = Arc::new(Pool::new(Engine::embedded()?, config.workers.get()));
        let first_key = first_key(&config, &readers)?;
        if let Some((_, record)) = &first_key {
            writer.add_key(record)?;
        }
        let size = watch::Sender::new(head.tree.size());
        let is_store_well = Arc::new(AtomicBool::new(true));
        let (committer, commits) =
            Committer::start(writer, signer.clone(), size.clone(), Arc::clone(&is_store_well))
                .map_err(StartError::Thread)?;
        let redact_keys = config.redact_keys.iter().map(String::as_str);
        let app = Arc::new(Self {
            pool,
            catalog: Catalog::default(),
            keys: KeyRing::default(),
            authenticator,
            redactor: Redactor::new(redact_keys),
            digest_key: signer.digest_key(),
            logins: Logins::new(signer.seal_key(), Arc::clone(&backend)),
            committer,
            readers,
            signer,
            size,
            is_store_well,
            problems: RwLock::default(),
            documents: RwLock::default(),
            directory: Arc::default(),
            published: RwLock::default(),
            filed: channels::Filed::default(),
            config,
        });
        follow::renew(&app)?;
        app.committer.commit_blocking(Note::new(EntryKind::DaemonStart, &app)).map_err(StartError::Record)?;
        let mut definitions = Definitions::new(&app.config.definitions_dir);
        definitions.scan(&app);
        let weak = Arc::downgrade(&app);
        vital("sentinel-definitions", move || definitions.watch(&weak)).map_err(StartError::Thread)?;
        let publication = destination
            .map(|to| publish::start(&app, to, Readers::new(Arc::clone(&backend))))
            .transpose()
            .map_err(StartError::Thread)?;
        follow::start(&app, backend, generation).map_err(StartError::Thread)?;
        let deliverer = channels::start(&app)?;
        Ok(Started { app, first_key: first_key.map(|(key, _)| key), commits, publication, deliverer })
    }
}

impl Started {
    /// Records the end, and waits until everything is durable. Whoever answers has to have
    /// stopped before. To be called where blocking is allowed.
    ///
    /// # Errors
    ///
    /// Where the end could not be recorded.
    pub fn stop(self) -> Result<(), super::CommitError> {
        if let Some(deliverer) = self.deliverer {
            deliverer.finish();
        }
        let recorded = self.app.committer.commit_blocking(Note::new(EntryKind::DaemonStop, &self.app));
        // What was just recorded, too.
        if let Some(publication) = self.publication {
            publication.finish();
        }
        drop(self.app);
        // A thread that follows holds the state for a moment at a time; the one that commits ends
        // when the last of them is gone. It has nothing left to do, so nobody has to wait long.
        drop(self.commits);
        recorded.map(drop)
    }
}

/// A key for the first use, where nothing else would let anybody in.
fn first_key(config: &Config, readers: &Readers) -> Result<Option<(ApiKey, KeyRecord)>, StartError> {
    let AuthConfig::Required(accepted) = &config.auth else { return Ok(None) };
    let has_key = readers.read_blocking(|reader| Ok(!reader.keys()?.is_empty()))?;
    if accepted.api_key.is_some() || accepted.tokens.is_some() || has_key {
        return Ok(None);
    }
    let key = ApiKey::generate().map_err(|_| StartError::Randomness)?;
    let now = u64::try_from(clock::now().seconds()).unwrap_or_default();
    let roles = RoleSet::from_iter([Role::Admin]);
    let record = KeyRecord::new(&key, FIRST_KEY_SUBJECT, roles, AgentScope::Any, now, None);
    Ok(Some((key, record)))
}

/// The daemon starts or stops. What it enforces is on record, so that a loosened mode is, too.
struct Note {
    kind: EntryKind,
    mode: &'static str,
    environment: String,
    auth: &'static str,
}

#[derive(Serialize)]
struct NoteEntry<'a> {
    at: String,
    auth: &'a str,
    engine: &'a str,
    environment: &'a str,
    id: String,
    kind: &'static str,
    mode: &'a str,
    version: &'a str,
}

impl Note {
    fn new(kind: EntryKind, app: &App) -> Self {
        Self {
            kind,
            mode: app.config.mode.map_or("policy", mode_word),
            environment: app.config.environment.clone(),
            auth: match app.config.auth {
                AuthConfig::Disabled => "disabled",
                AuthConfig::Required(_) => "required",
            },
        }
    }
}

impl Operation for Note {
    fn keys(&self, _now: Millis, _keys: &mut Keys) {}

    fn apply(&mut self, page: &mut Page) -> Result<(), OperationError> {
        let body = json(&NoteEntry {
            at: clock::text(page.now),
            auth: self.auth,
            engine: COMPONENT_DIGEST,
            environment: &self.environment,
            id: record::id(page.next_seq()),
            kind: self.kind.as_str(),
            mode: self.mode,
            version: env!("CARGO_PKG_VERSION"),
        })?;
        page.append(NewEntry { kind: self.kind, agent: String::new(), decision: "", body })?;
        Ok(())
    }
}
