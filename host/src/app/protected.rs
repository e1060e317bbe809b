//! "Total value protected": what was at stake in calls that were held back, each call counted once,
//! however often it was sent.
//!
//! Which calls were counted is remembered for the last 512 of an agent, in one row: a row
//! for each would grow for ever.

use sha2::{Digest as _, Sha256};

use super::OperationError;
use crate::state::{Keys, Meter, MeterKey, Page};

/// Millionths of a dollar, of all calls of an agent.
pub const TOTAL: &str = "protected/usd";

/// How many calls these were.
pub const CALLS: &str = "protected/calls";

/// Under what the counted calls are remembered, beside what the engine learns.
const COUNTED: &str = "host/protected";

/// Calls that are remembered.
const REMEMBERED: usize = 512;

/// What was held back for an agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Protected {
    /// Millionths of a dollar.
    pub usd_micros: u64,
    /// How many calls.
    pub calls: u64,
}

impl Protected {
    /// From all meters of an agent.
    pub fn new(agent: &str, meters: &[(MeterKey, Meter)]) -> Self {
        let used = |name: &str| {
            let own = sum(agent, name);
            meters.iter().find(|(key, _)| *key == own).map_or(0, |(_, meter)| meter.used)
        };
        Self { usd_micros: used(TOTAL), calls: used(CALLS) }
    }
}

/// The meter of a sum.
pub fn sum(agent: &str, name: &str) -> MeterKey {
    MeterKey::new(agent, name, "", 0, "")
}

fn counted(agent: &str) -> (String, String) {
    (agent.to_owned(), COUNTED.to_owned())
}

/// What has to be loaded.
pub(super) fn keys(agent: &str, keys: &mut Keys) {
    keys.meters.extend([sum(agent, TOTAL), sum(agent, CALLS)]);
    keys.baselines.insert(counted(agent));
}

/// Whether it was: everything that can fail comes before the first change.
pub(super) fn check(page: &Page, agent: &str) -> Result<(), OperationError> {
    page.meters.get(&sum(agent, TOTAL))?;
    page.meters.get(&sum(agent, CALLS))?;
    page.baselines.get(&counted(agent))?;
    Ok(())
}

/// A counted call: the start of its digest, and what was at stake.
type Counted = (u64, u64);

/// Calls that were counted, the oldest first.
fn read(page: &Page, agent: &str) -> Result<Vec<Counted>, OperationError> {
    let bytes = page.baselines.get(&counted(agent))?.map_or(&[][..], Vec::as_slice);
    let (chunks, _) = bytes.as_chunks::<16>();
    let number = |half: &[u8]| half.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
    Ok(chunks
        .iter()
        .map(|chunk| {
            let (call, value) = chunk.split_at(8);
            (number(call), number(value))
        })
        .collect())
}

fn write(page: &mut Page, agent: &str, calls: &[Counted]) {
    let last = calls.get(calls.len().saturating_sub(REMEMBERED)..).unwrap_or_default();
    let bytes = last.iter().flat_map(|(call, value)| [call.to_le_bytes(), value.to_le_bytes()].concat());
    page.baselines.put(counted(agent), bytes.collect());
}

/// A call among those that were counted.
fn place(call_digest: &str) -> u64 {
    Sha256::digest(call_digest.as_bytes())
        .iter()
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Counts a call that was held back, the first time.
pub(super) fn count(
    page: &mut Page,
    agent: &str,
    call_digest: &str,
    value: u64,
) -> Result<(), OperationError> {
    let (mut calls, own) = (read(page, agent)?, place(call_digest));
    if calls.iter().any(|(call, _)| *call == own) {
        return Ok(());
    }
    calls.push((own, value));
    write(page, agent, &calls);
    page.meters.edit(&sum(agent, TOTAL))?.charge(value);
    page.meters.edit(&sum(agent, CALLS))?.charge(1);
    Ok(())
}

/// A call that was held back before goes ahead now, so nothing was protected from it.
pub(super) fn withdraw(page: &mut Page, agent: &str, call_digest: &str) -> Result<(), OperationError> {
    let (mut calls, own) = (read(page, agent)?, place(call_digest));
    let Some(index) = calls.iter().position(|(call, _)| *call == own) else { return Ok(()) };
    let (_, value) = calls.remove(index);
    write(page, agent, &calls);
    let total = page.meters.edit(&sum(agent, TOTAL))?;
    total.used = total.used.saturating_sub(value);
    let count = page.meters.edit(&sum(agent, CALLS))?;
    count.used = count.used.saturating_sub(1);
    Ok(())
}
