//! Everything that only looks: agents, their risk and budgets, entries, receipts.
//!
//! Reading is done on connections of its own, in threads that may block, so it waits for no
//! commit and no commit waits for it.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

use sentinel_ledger::{Hash, Hashes, Receipt, consistency_proof, inclusion_proof};
use serde_json::Value;
use thiserror::Error;
use tokio::sync::Semaphore;

use super::catalog::{Governing, Labels};
use super::sessions::risk_meter;
use super::{App, clock};
use crate::limits::READERS_MAX;
use crate::state::{Agent, Entry, Head, Meter, MeterKey, Millis};
use crate::store::{Backend, EntryFilter, Order, Reader, StoreError};

/// Something could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no such thing.
    #[error("{what} is not known")]
    Unknown {
        /// What was asked for.
        what: String,
    },
    /// The ledger in the store does not prove what it should.
    #[error("the ledger cannot prove this: {reason}; verify it with `sentinel ledger verify`")]
    Unproven {
        /// Why not.
        reason: String,
    },
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] crate::engine::EngineError),
    /// The thread that read is gone.
    #[error("the read was not finished: try again")]
    Lost,
}

/// Connections that read.
pub struct Readers {
    backend: Arc<dyn Backend>,
    idle: Arc<Mutex<Vec<Box<dyn Reader>>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    /// Connections are made when they are needed.
    pub fn new(backend: Arc<dyn Backend>) -> Self {
        Self { backend, idle: Arc::default(), permits: Arc::new(Semaphore::new(READERS_MAX)) }
    }

    /// What the store is called.
    pub fn store_name(&self) -> &'static str {
        self.backend.name()
    }

    /// Reads, on a thread that may block.
    ///
    /// # Errors
    ///
    /// Where the store failed, or what was read says so.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn Reader) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| ReadError::Lost)?;
        let (backend, idle) = (Arc::clone(&self.backend), Arc::clone(&self.idle));
        let reading = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            read_with(&*backend, &idle, read)
        });
        reading.await.map_err(|_| ReadError::Lost)?
    }

    /// Reads on this thread, which may block.
    ///
    /// # Errors
    ///
    /// Where the store failed, or what was read says so.
    pub fn read_blocking<T>(
        &self,
        read: impl FnOnce(&mut dyn Reader) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        read_with(&*self.backend, &self.idle, read)
    }
}

/// Takes a connection, and gives it back if all went well.
fn read_with<T>(
    backend: &dyn Backend,
    idle: &Mutex<Vec<Box<dyn Reader>>>,
    read: impl FnOnce(&mut dyn Reader) -> Result<T, ReadError>,
) -> Result<T, ReadError> {
    let idle_reader = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let mut reader = match idle_reader {
        Some(reader) => reader,
        None => backend.reader()?,
    };
    let result = read(&mut *reader);
    if !matches!(result, Err(ReadError::Store(_))) {
        idle.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
    }
    result
}

/// The risk of one session.
#[derive(Clone, Debug)]
pub struct Risk {
    /// Points that are used.
    pub used: u64,
    /// The most that may be used, where the policy sets a budget.
    pub max: Option<u64>,
    /// `normal`, `warn`, `throttle`, `critical` or `exhausted`.
    pub status: String,
    /// The session; `None` for the agent's own.
    pub session: Option<String>,
    /// What the agent did, in all of its sessions.
    pub agent: Agent,
}

/// The risk of an agent: of the session named, else of the one that it used last.
///
/// # Errors
///
/// Where the agent is not known, or nothing can be read.
pub async fn risk(app: &App, agent: &str, session: Option<String>) -> Result<Risk, ReadError> {
    let (id, asked) = (agent.to_owned(), session);
    let (row, session, used) = app
        .readers
        .read(move |reader| {
            let row = reader.agent(&id)?;
            let last = row.as_ref().map(|row| row.session.clone()).filter(|last| !last.is_empty());
            let session = asked.or(last);
            let used = reader.meter(&risk_meter(&id, session.as_deref()))?.map_or(0, |meter| meter.total());
            Ok((row, session, used))
        })
        .await?;
    let policy = app.catalog.get(agent);
    if row.is_none() && !app.catalog.knows(agent) {
        return Err(ReadError::Unknown { what: format!("agent `{agent}`") });
    }
    let (max, status) = match &policy {
        Some(policy) => (risk_max(&*describe(app, policy)?), app.pool.risk_status(&policy.text, used)?),
        None => (None, "exhausted".to_owned()),
    };
    Ok(Risk { used, max, status, session, agent: row.unwrap_or_default() })
}

/// What a policy says of itself. Read once for each policy.
///
/// # Errors
///
/// Where the engine failed.
pub fn describe(app: &App, policy: &Governing) -> Result<Arc<Value>, ReadError> {
    if let Some(known) = policy.description.get() {
        return Ok(Arc::clone(known));
    }
    let text = app.pool.describe(&policy.text)?;
    let value: Value =
        serde_json::from_str(&text).map_err(|error| ReadError::Unproven { reason: error.to_string() })?;
    Ok(Arc::clone(policy.description.get_or_init(|| Arc::new(value))))
}

/// What a policy says for the record. Read once for each policy; `None` where the engine failed:
/// then nobody knows what has to be hidden.
pub fn labels<'p>(app: &App, policy: &'p Governing) -> Option<&'p Labels> {
    if let Some(known) = policy.labels.get() {
        return Some(known);
    }
    let description = describe(app, policy).ok()?;
    Some(policy.labels.get_or_init(|| read_labels(app, &description)))
}

fn read_labels(app: &App, description: &Value) -> Labels {
    let metadata = description.get("metadata").and_then(Value::as_object).filter(|own| !own.is_empty());
    // Its keys are in order: that is what the map of this library is.
    let metadata = metadata.and_then(|own| serde_json::value::to_raw_value(own).ok());
    let names = description.get("redact").and_then(Value::as_array);
    let names: Vec<_> = names.into_iter().flatten().filter_map(Value::as_str).collect();
    let redactor = (!names.is_empty()).then(|| app.redactor.clone().with(names));
    Labels { metadata, redactor }
}

fn risk_max(description: &Value) -> Option<u64> {
    description.pointer("/riskBudget/max")?.as_u64()
}

/// Agents that have a policy, had one, or called at least once, with what they did, in order.
///
/// # Errors
///
/// Where nothing can be read.
pub async fn agents(app: &App) -> Result<Vec<(String, Option<Arc<Governing>>, Agent)>, ReadError> {
    let rows = app.readers.read(|reader| Ok(reader.agents()?)).await?;
    let mut all: std::collections::BTreeMap<String, (Option<Arc<Governing>>, Agent)> =
        rows.into_iter().map(|(id, row)| (id, (None, row))).collect();
    for agent in app.catalog.known() {
        all.entry(agent).or_default();
    }
    for policy in app.catalog.all() {
        let agent = policy.agent.clone();
        all.entry(agent).or_default().0 = Some(policy);
    }
    Ok(all.into_iter().map(|(id, (policy, row))| (id, policy, row)).collect())
}

/// A meter that has a limit in the policy, and where it stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Which meter, and whose.
    pub key: MeterKey,
    /// What the policy says of it: `meter`, `unit`, `scope`, `by`, `window`, `limit`, `tools`.
    pub rule: Value,
    /// Charged for good.
    pub used: u64,
    /// Held for calls whose outcome is not known.
    pub held: u64,
}

/// Where the meters of an agent stand. Windows that are over are left out.
///
/// # Errors
///
/// Where the agent has no policy, or nothing can be read.
pub async fn budgets(app: &App, agent: &str) -> Result<Vec<Standing>, ReadError> {
    let policy = app
        .catalog
        .get(agent)
        .ok_or_else(|| ReadError::Unknown { what: format!("the policy of agent `{agent}`") })?;
    let description = describe(app, &policy)?;
    let id = agent.to_owned();
    let rows = app.readers.read(move |reader| Ok(reader.meters(&id)?)).await?;
    let now = clock::now();
    let mut standings = Vec::new();
    for rule in description.get("meters").and_then(Value::as_array).into_iter().flatten() {
        let name = rule.get("meter").and_then(Value::as_str).unwrap_or_default();
        let before = standings.len();
        let of_rule = rows.iter().filter(|(key, _)| matches!(key.parts(), [_, own, ..] if own == name));
        standings.extend(of_rule.filter_map(|(key, meter)| standing(key, meter, rule, now)));
        if standings.len() == before {
            let key = MeterKey::new(agent, name, "", 0, "");
            standings.push(Standing { key, rule: rule.clone(), used: 0, held: 0 });
        }
    }
    Ok(standings)
}

fn standing(key: &MeterKey, meter: &Meter, rule: &Value, now: Millis) -> Option<Standing> {
    let window = rule.get("window")?;
    let seconds = window.get("seconds").and_then(Value::as_u64).and_then(|own| u32::try_from(own).ok());
    let used = match (window.get("kind").and_then(Value::as_str), seconds) {
        (Some("sliding"), Some(seconds)) => {
            let [.., length, _] = key.parts();
            (length == seconds.to_string())
                .then(|| meter.sliding(now.0, seconds).saturating_sub(meter.held))?
        }
        (Some("fixed"), Some(seconds)) => {
            let current = now.seconds().div_euclid(i64::from(seconds.max(1)));
            let [.., number, _] = key.parts();
            (number == current.to_string()).then_some(meter.used)?
        }
        _ => meter.used,
    };
    Some(Standing { key: key.clone(), rule: rule.clone(), used, held: meter.held })
}

/// Entries, newest first, below a place if one is given.
///
/// # Errors
///
/// Where nothing can be read.
pub async fn newest(
    app: &App,
    filter: EntryFilter,
    below: Option<u64>,
    limit: u32,
) -> Result<Vec<Entry>, ReadError> {
    let from = below.unwrap_or(i64::MAX.unsigned_abs());
    app.readers.read(move |reader| Ok(reader.entries(from, Order::NewestFirst, &filter, limit)?)).await
}

/// One entry.
///
/// # Errors
///
/// Where there is none.
pub async fn entry(app: &App, seq: u64) -> Result<Entry, ReadError> {
    app.readers.read(move |reader| one(reader, seq)).await
}

fn one(reader: &mut dyn Reader, seq: u64) -> Result<Entry, ReadError> {
    let found = reader.entries(seq, Order::OldestFirst, &EntryFilter::default(), 1)?.pop();
    found.filter(|entry| entry.seq == seq).ok_or_else(|| ReadError::Unknown { what: format!("entry {seq}") })
}

/// What a stranger needs to check an entry.
///
/// # Errors
///
/// Where there is no such entry, or the ledger is damaged.
pub async fn receipt(app: &App, seq: u64) -> Result<Receipt, ReadError> {
    app.readers.read(move |reader| receipt_of(reader, seq)).await
}

/// The same, with a reader at hand.
///
/// # Errors
///
/// Where there is no such entry, or the ledger is damaged.
pub fn receipt_of(reader: &mut dyn Reader, seq: u64) -> Result<Receipt, ReadError> {
    let entry = one(reader, seq)?;
    // Read after the entry, so that it covers it.
    let head: Head = reader.head()?;
    let hashes = StoredHashes::new(reader);
    let proof = inclusion_proof(&hashes, seq, head.tree.size()).map_err(unproven)?;
    Ok(Receipt { entry: entry.entry.body.into_bytes(), index: seq, proof, checkpoint: head.checkpoint })
}

/// Shows that the ledger of one size is the beginning of the ledger of another.
///
/// # Errors
///
/// Where the sizes are not of this ledger, or it is damaged.
pub async fn consistency(app: &App, old_size: u64, new_size: u64) -> Result<Vec<Hash>, ReadError> {
    app.readers
        .read(move |reader| {
            let size = reader.head()?.tree.size();
            if old_size > new_size || new_size > size {
                let what = format!("a ledger that grew from {old_size} to {new_size} entries");
                return Err(ReadError::Unknown { what });
            }
            consistency_proof(&StoredHashes::new(reader), old_size, new_size).map_err(unproven)
        })
        .await
}

/// The signed end of the ledger.
///
/// # Errors
///
/// Where nothing can be read, or nothing is recorded yet.
pub async fn head(app: &App) -> Result<Head, ReadError> {
    app.readers.read(|reader| Ok(reader.head()?)).await
}

fn unproven<E: std::fmt::Debug>(error: E) -> ReadError {
    ReadError::Unproven { reason: format!("{error:?}") }
}

/// The hashes of a store, for proofs.
pub struct StoredHashes<'a> {
    reader: RefCell<&'a mut dyn Reader>,
}

impl<'a> StoredHashes<'a> {
    /// Reads through this connection.
    pub fn new(reader: &'a mut dyn Reader) -> Self {
        Self { reader: RefCell::new(reader) }
    }
}

impl Hashes for StoredHashes<'_> {
    type Error = StoreError;

    fn hashes(&self, level: u8, start: u64, count: u32) -> Result<Vec<Hash>, StoreError> {
        self.reader.borrow_mut().hashes(level, start, count)
    }
}
