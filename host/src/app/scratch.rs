//! Meters for as long as a process lives: on a page that no store saves. For whoever decides without a
//! daemon and sees more than one call.

use super::settle::{self, Owner};
use super::{OperationError, clock};
use crate::engine::{Effect, EffectOutcome, Verdict};
use crate::state::{Head, Page};

/// What the calls of one process add up to.
pub struct Scratch {
    page: Page,
    owner: Owner,
}

impl Scratch {
    /// Nothing was called yet. There is one session: that of the process.
    pub fn new(agent: String) -> Self {
        let owner = Owner { agent, session: None, run: None };
        Self { page: Page::scratch(Head::empty(), clock::now()), owner }
    }

    /// What each meter stands at now.
    pub fn read(&mut self, effects: &[Effect]) -> Vec<EffectOutcome> {
        self.page.now = clock::now().max(self.page.now);
        settle::read(effects, &self.owner, "", &self.page)
    }

    /// Puts what a verdict charges on its meters, for good: nobody reports what a call came to.
    ///
    /// # Errors
    ///
    /// Where the verdict does not belong to the effects. The call must not go ahead then.
    pub fn charge(&mut self, effects: &[Effect], verdict: &Verdict) -> Result<(), OperationError> {
        let due = settle::charges(effects, verdict, &self.owner, self.page.now)?;
        settle::charge(&due, &mut self.page).map(drop)
    }

    /// Learns from a call that went ahead.
    pub fn learn(&mut self, verdict: &Verdict, mut learn: impl FnMut(&[u8], &[u8]) -> Option<Vec<u8>>) {
        for own in &verdict.observations {
            let key = (self.owner.agent.clone(), own.key.clone());
            let known = self.page.baselines.get(&key).ok().flatten().cloned().unwrap_or_default();
            if let Some(learned) = learn(&known, &own.bytes) {
                self.page.baselines.put(key, learned);
            }
        }
    }
}
