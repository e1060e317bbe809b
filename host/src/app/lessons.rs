//! What is learned of calls that were executed. The engine says what; here it is kept.

use super::OperationError;
use crate::engine::Pool;
use crate::state::{Hold, Page};

/// Learns from what was held back until the call was executed.
pub(super) fn learn(pool: &Pool, hold: &Hold, page: &mut Page) -> Result<(), OperationError> {
    for lesson in &hold.observations {
        let key = (hold.agent.clone(), lesson.key.clone());
        let known = page.baselines.get(&key)?.cloned().unwrap_or_default();
        match pool.learn(&known, &lesson.bytes) {
            Ok(bytes) => page.baselines.put(key, bytes),
            // What is known stays: a call less in a statistic is no reason to lose its record.
            Err(error) => tracing::error!(%error, "the engine did not learn from a call"),
        }
    }
    Ok(())
}
