//! Statistics of executed calls: how many, what they cost, how long they took; for each tool, each
//! session and each run. They are meters like all others, without a limit.

use serde::Serialize;

use super::OperationError;
use crate::state::{Keys, Meter, MeterKey, Page};
use crate::store::{Reader, StoreError};

/// What is counted, with the names of the meters.
const EXECUTED: &str = "tally/executed";
const FAILED: &str = "tally/failed";
const USD: &str = "tally/usd";
const TOKENS: &str = "tally/tokens";
const MILLIS: &str = "tally/ms";

const ALL: [&str; 5] = [EXECUTED, FAILED, USD, TOKENS, MILLIS];

/// What one executed call adds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sample {
    pub(super) failed: bool,
    pub(super) usd: u64,
    pub(super) tokens: u64,
    pub(super) millis: u64,
}

/// What calls add up for.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) agent: String,
    pub(super) tool: String,
    pub(super) session: Option<String>,
    pub(super) run: Option<String>,
}

impl Place {
    /// Owner and key of its three sums.
    fn sums(&self) -> impl Iterator<Item = (String, &str)> {
        let session = self.session.as_deref();
        let run = self.run.as_deref().map(|run| (run_owner(session, run), ""));
        let session = session.map(|session| (session.to_owned(), ""));
        [Some((String::new(), self.tool.as_str())), session, run].into_iter().flatten()
    }

    pub(super) fn keys(&self, keys: &mut Keys) {
        for (owner, key) in self.sums() {
            keys.meters.extend(ALL.map(|name| MeterKey::new(&self.agent, name, &owner, 0, key)));
        }
    }

    /// Adds a call to all three.
    pub(super) fn add(&self, sample: Sample, page: &mut Page) -> Result<(), OperationError> {
        let amounts = [
            (EXECUTED, 1),
            (FAILED, u64::from(sample.failed)),
            (USD, sample.usd),
            (TOKENS, sample.tokens),
            (MILLIS, sample.millis),
        ];
        for (owner, key) in self.sums() {
            for (name, amount) in amounts {
                let key = MeterKey::new(&self.agent, name, &owner, 0, key);
                if amount > 0 {
                    page.meters.edit(&key)?.charge(amount);
                }
            }
        }
        Ok(())
    }
}

/// The owner of a run's sums.
fn run_owner(session: Option<&str>, run: &str) -> String {
    format!("{}/{run}", session.unwrap_or_default())
}

/// What executed calls add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// How many were executed, failed ones included.
    pub count: u64,
    /// How many of them failed.
    pub errors: u64,
    /// Millionths of a dollar.
    #[serde(skip)]
    pub usd_micros: u64,
    /// Tokens of a language model.
    pub tokens: u64,
    /// Milliseconds.
    pub duration_ms: u64,
}

impl Totals {
    fn add(&mut self, name: &str, meter: &Meter) {
        match name {
            EXECUTED => self.count += meter.used,
            FAILED => self.errors += meter.used,
            USD => self.usd_micros += meter.used,
            TOKENS => self.tokens += meter.used,
            MILLIS => self.duration_ms += meter.used,
            _ => {}
        }
    }
}

/// Everything that was counted of an agent.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    /// All of its calls.
    pub total: Totals,
    /// By tool.
    pub tools: std::collections::BTreeMap<String, Totals>,
    /// By session.
    pub sessions: std::collections::BTreeMap<String, Totals>,
    /// By session and run, joined by a slash.
    pub runs: std::collections::BTreeMap<String, Totals>,
}

impl Statistics {
    /// From all meters of an agent.
    pub fn new(meters: &[(MeterKey, Meter)]) -> Self {
        let mut own = Self::default();
        for (key, meter) in meters {
            let [_, name, owner, _, tool] = key.parts();
            if !ALL.contains(&name) {
                continue;
            }
            if owner.is_empty() {
                own.total.add(name, meter);
                own.tools.entry(tool.to_owned()).or_default().add(name, meter);
            } else if owner.contains('/') {
                own.runs.entry(owner.to_owned()).or_default().add(name, meter);
            } else {
                own.sessions.entry(owner.to_owned()).or_default().add(name, meter);
            }
        }
        own
    }
}

/// What the executed calls of one tool add up to.
///
/// # Errors
///
/// Where nothing can be read.
pub fn of_tool(reader: &mut dyn Reader, agent: &str, tool: &str) -> Result<Totals, StoreError> {
    let mut totals = Totals::default();
    for name in ALL {
        if let Some(meter) = reader.meter(&MeterKey::new(agent, name, "", 0, tool))? {
            totals.add(name, &meter);
        }
    }
    Ok(totals)
}
