//! "Total value protected": what was at stake in calls that were held back, each call counted once,
//! however often it was sent.

use super::OperationError;
use crate::state::{Keys, Meter, MeterKey, Page};

/// Millionths of a dollar, of all calls of an agent.
pub const TOTAL: &str = "protected/usd";

/// How many calls these were.
pub const CALLS: &str = "protected/calls";

/// One call, so that it is counted once.
const CALL: &str = "protected/call";

fn call(agent: &str, call_digest: &str) -> MeterKey {
    MeterKey::new(agent, CALL, "", 0, call_digest)
}

/// The meter of a sum.
pub fn sum(agent: &str, name: &str) -> MeterKey {
    MeterKey::new(agent, name, "", 0, "")
}

/// What was protected from the calls of an agent.
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

/// What has to be loaded.
pub(super) fn keys(agent: &str, call_digest: &str, keys: &mut Keys) {
    keys.meters.extend([call(agent, call_digest), sum(agent, TOTAL), sum(agent, CALLS)]);
}

/// Whether it was: everything that can fail comes before the first change.
pub(super) fn check(page: &Page, agent: &str, call_digest: &str) -> Result<(), OperationError> {
    for key in [call(agent, call_digest), sum(agent, TOTAL), sum(agent, CALLS)] {
        page.meters.get(&key)?;
    }
    Ok(())
}

/// Counts a call that was held back, the first time.
pub(super) fn count(
    page: &mut Page,
    agent: &str,
    call_digest: &str,
    value: u64,
) -> Result<(), OperationError> {
    let own = page.meters.edit(&call(agent, call_digest))?;
    if own.used > 0 {
        return Ok(());
    }
    own.charge(value);
    page.meters.edit(&sum(agent, TOTAL))?.charge(value);
    page.meters.edit(&sum(agent, CALLS))?.charge(1);
    Ok(())
}

/// A call that was held back before goes ahead now, so nothing was protected from it.
pub(super) fn withdraw(page: &mut Page, agent: &str, call_digest: &str) -> Result<(), OperationError> {
    let key = call(agent, call_digest);
    // Most calls were never held back, and leave no row.
    let counted = page.meters.get(&key)?.map_or(0, |own| own.used);
    if counted > 0 {
        page.meters.edit(&key)?.used = 0;
        let total = page.meters.edit(&sum(agent, TOTAL))?;
        total.used = total.used.saturating_sub(counted);
        let calls = page.meters.edit(&sum(agent, CALLS))?;
        calls.used = calls.used.saturating_sub(1);
    }
    Ok(())
}
