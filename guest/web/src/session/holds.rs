//! What waits for the outcome of a call: amounts on meters, and what a baseline would learn.

use std::collections::BTreeMap;

use sentinel_engine::Observation;
use serde::{Deserialize, Serialize};

use super::limits::{HOLD_MS, HOLDS_MAX};
use super::meters::{Key, UnitWord};

/// An amount on a meter.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Charge {
    pub(super) meter: Key,
    pub(super) unit: UnitWord,
    pub(super) amount: u64,
}

/// Something to learn.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lesson {
    pub(super) key: String,
    #[serde(with = "super::saved::base64")]
    pub(super) bytes: Vec<u8>,
}

/// What is held for one call.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Hold {
    pub(super) ends_at: u64,
    pub(super) charges: Vec<Charge>,
    pub(super) observations: Vec<Lesson>,
}

/// All that is held, by the number of the verdict.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Holds {
    #[serde(with = "super::saved::pairs")]
    open: BTreeMap<u64, Hold>,
}

/// What a call really cost, as far as somebody says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) usd_micros: Option<u64>,
    pub(crate) tokens: Option<u64>,
}

impl Cost {
    /// What really goes on a meter: what was reported in its unit, else what was held.
    pub(super) fn spent(&self, charge: &Charge) -> u64 {
        let told = match charge.unit {
            UnitWord::UsdMicros => self.usd_micros,
            UnitWord::Tokens => self.tokens,
            UnitWord::Points | UnitWord::Calls => None,
        };
        told.unwrap_or(charge.amount)
    }
}

const PREFIX: &str = "vrd_";

/// The id of a verdict.
pub(super) fn id(number: u64) -> String {
    format!("{PREFIX}{number}")
}

/// The number of an id. Each has one spelling.
fn number(id: &str) -> Option<u64> {
    let number = id.strip_prefix(PREFIX)?.parse().ok()?;
    (self::id(number) == id).then_some(number)
}

/// Whether a verdict has this id.
pub(super) fn was_given(id: &str, verdicts: u64) -> bool {
    number(id).is_some_and(|number| (1..=verdicts).contains(&number))
}

impl Holds {
    pub(super) fn is_full(&self) -> bool {
        self.open.len() >= HOLDS_MAX
    }

    /// Keeps what waits for the outcome of a call, if anything does.
    pub(super) fn keep(&mut self, id: &str, charges: Vec<Charge>, observations: &[Observation], now: u64) {
        if charges.is_empty() && observations.is_empty() {
            return;
        }
        let lesson = |own: &Observation| Lesson { key: own.key.clone(), bytes: own.bytes.clone() };
        let observations = observations.iter().map(lesson).collect();
        let hold = Hold { ends_at: now.saturating_add(HOLD_MS), charges, observations };
        if let Some(number) = number(id) {
            self.open.insert(number, hold);
        }
    }

    /// The hold of a verdict, which ends.
    pub(super) fn end(&mut self, id: &str) -> Option<Hold> {
        self.open.remove(&number(id)?)
    }

    /// Everything that nobody resolved in time. What ends first was asked first.
    pub(super) fn expire(&mut self, now: u64) -> Vec<Hold> {
        let mut over = Vec::new();
        while let Some(first) = self.open.first_entry() {
            if first.get().ends_at > now {
                break;
            }
            over.push(first.remove());
        }
        over
    }

    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (u64, &Hold)> {
        self.open.iter().map(|(number, hold)| (*number, hold))
    }
}
