//! What rules may look at: a bound on the work of one decision, so that no call is slow.

use crate::limits::RULE_STEPS_MAX;

/// The work that is left.
#[derive(Debug)]
pub(crate) struct Work {
    left: u64,
}

/// No work is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spent;

impl Work {
    pub(crate) fn new() -> Self {
        Self { left: RULE_STEPS_MAX }
    }

    /// Takes so many steps from what is left, before they are done.
    pub(crate) fn spend(&mut self, steps: u64) -> Result<(), Spent> {
        self.left = self.left.checked_sub(steps).ok_or(Spent)?;
        Ok(())
    }
}
