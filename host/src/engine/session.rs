//! One instance with one compiled policy, which answers every call.
//!
//! A guest that trapped or was stopped may have left its memory half changed. It is never
//! asked again: the store goes away at once, and the next call gets a fresh instance in which
//! the policy is compiled anew.

use std::sync::atomic::{AtomicU64, Ordering};

use wasmtime::component::ResourceAny;

use super::worker::{Facts, Worker};
use super::{
    Circumstances, Decision, Diagnostic, Effect, EffectOutcome, Engine, EngineError, Format, LoadError, Mode,
    Verdict, fault,
};
use crate::limits::CALL_BYTES_MAX;

/// What the engine says of a call, and the end of it.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// Every finding and every effect.
    pub decision: Decision,
    /// What follows.
    pub verdict: Verdict,
}

/// Meter of the risk points of a session.
pub const RISK_METER: &str = "risk";

/// Meter of the risk points of an agent in the last 24 hours.
pub const RISK_DAY_METER: &str = "risk/day";

/// Answers effects where nobody keeps meters.
pub fn unmetered(effects: &[Effect]) -> Vec<EffectOutcome> {
    vec![EffectOutcome::Unmetered; effects.len()]
}

/// Answers effects for a look at one call on its own: no session is there whose points were
/// counted, nothing has been charged to any other meter, and nothing was learned.
pub fn fresh(effects: &[Effect]) -> Vec<EffectOutcome> {
    let answer = |effect: &Effect| match effect {
        Effect::Debit(debit) => match debit.meter.as_str() {
            RISK_METER | RISK_DAY_METER => EffectOutcome::Unmetered,
            _ => EffectOutcome::Reading(0),
        },
        Effect::Baseline(_) => EffectOutcome::Baseline(Vec::new()),
    };
    effects.iter().map(answer).collect()
}

/// No two instances have the same.
fn next_generation() -> u64 {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// A policy that can be asked about calls.
pub struct Session {
    engine: Engine,
    document: String,
    format: Format,
    /// `None` from a fault to the next call.
    pub(super) live: Option<Live>,
    /// Grows with every new instance, so that nothing of an older one is looked for in it.
    pub(super) generation: u64,
    facts: Facts,
    description: String,
}

/// The instance, and the policy in it.
pub(super) struct Live {
    pub(super) worker: Worker,
    pub(super) policy: ResourceAny,
}

impl Session {
    /// Compiles a policy document in an instance of its own.
    ///
    /// # Errors
    ///
    /// Where the document is refused, or the engine failed on it.
    pub fn open(engine: &Engine, document: String, format: Format) -> Result<Self, LoadError> {
        let mut live = Live::start(engine, &document, format)?;
        let facts = live.worker.facts(live.policy).map_err(EngineError::fault)?;
        let description = live.worker.describe(live.policy).map_err(EngineError::fault)?;
        let (engine, live, generation) = (engine.clone(), Some(live), next_generation());
        Ok(Self { engine, document, format, live, generation, facts, description })
    }

    /// Decides a call given as JSON, lets `settle` answer its effects one for one, and concludes.
    ///
    /// `settle` is not called where the engine failed to decide. What the verdict charges is for
    /// the caller to add to its meters.
    pub fn evaluate(
        &mut self,
        call: &[u8],
        circumstances: Circumstances,
        settle: impl FnOnce(&[Effect]) -> Vec<EffectOutcome>,
    ) -> Verdict {
        self.ask(call, |live| live.evaluate(call, circumstances, settle))
            .unwrap_or_else(|fault| fault.verdict)
    }

    /// The same, with every finding.
    pub fn explain(
        &mut self,
        call: &[u8],
        circumstances: Circumstances,
        settle: impl FnOnce(&[Effect]) -> Vec<EffectOutcome>,
    ) -> Evaluation {
        self.ask(call, |live| live.explain(call, circumstances, settle)).unwrap_or_else(|fault| *fault)
    }

    /// Every path that the policy would look at for this call, as the call spells it.
    ///
    /// `None` where the engine failed: then nobody knows, and the call has to be denied.
    pub fn paths(&mut self, call: &[u8]) -> Option<Vec<String>> {
        self.ask(call, |live| live.paths(call)).ok()
    }

    /// The state of a session that has used so many points: `normal`, `warn`, `throttle`,
    /// `critical` or `exhausted`; `None` where the engine failed.
    pub fn risk_status(&mut self, used: u64) -> Option<String> {
        self.ask(&[], |live| live.worker.risk_status(live.policy, used)).ok()
    }

    /// What is known under a key once one more call was executed; `None` where the engine failed.
    pub fn learn(&mut self, baseline: &[u8], observation: &[u8]) -> Option<Vec<u8>> {
        self.ask(&[], |live| live.worker.learn(baseline, observation)).ok()
    }

    /// Asks the instance, and throws it away if it fails. The error is what to answer instead.
    pub(super) fn ask<T>(
        &mut self,
        call: &[u8],
        question: impl FnOnce(&mut Live) -> wasmtime::Result<T>,
    ) -> Result<T, Box<Evaluation>> {
        if call.len() > CALL_BYTES_MAX {
            return Err(Box::new(fault::oversize(CALL_BYTES_MAX)));
        }
        // Taken, not borrowed: whatever happens below, only a call that went well puts it back.
        let Some(mut live) = self.live.take().or_else(|| self.restart()) else {
            return Err(Box::new(fault::fault()));
        };
        match question(&mut live) {
            Ok(answer) => {
                self.live = Some(live);
                Ok(answer)
            }
            Err(_trap) => Err(Box::new(fault::fault())),
        }
    }

    /// A document that compiled once compiles again, unless memory has run out since.
    fn restart(&mut self) -> Option<Live> {
        self.generation = next_generation();
        Live::start(&self.engine, &self.document, self.format).ok()
    }

    /// The agent that the policy governs.
    pub fn agent_id(&self) -> &str {
        &self.facts.agent_id
    }

    /// Version text of the document.
    pub fn version(&self) -> &str {
        &self.facts.version
    }

    /// What the policy is about, as a JSON object for people and APIs.
    pub fn describe(&self) -> &str {
        &self.description
    }

    /// Rollout mode of the document.
    pub const fn mode(&self) -> Mode {
        self.facts.mode
    }

    /// `sha256:` and 64 hex digits, over the text of the document.
    pub fn digest(&self) -> &str {
        &self.facts.digest
    }

    /// The most risk points of a session, where the document sets a budget.
    pub const fn risk_max(&self) -> Option<u64> {
        self.facts.risk_max
    }

    /// Findings that did not stop the document from loading.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.facts.warnings
    }
}

impl Live {
    fn start(engine: &Engine, document: &str, format: Format) -> Result<Self, LoadError> {
        let mut worker = Worker::start(engine)?;
        let policy = worker.compile(document, format)?;
        Ok(Self { worker, policy })
    }

    fn evaluate(
        &mut self,
        call: &[u8],
        circumstances: Circumstances,
        settle: impl FnOnce(&[Effect]) -> Vec<EffectOutcome>,
    ) -> wasmtime::Result<Verdict> {
        let decided = self.worker.decide(self.policy, call)?;
        let verdict = self.worker.conclude(decided.pending, &settle(&decided.effects), circumstances)?;
        self.worker.forget(decided.pending)?;
        Ok(verdict)
    }

    fn explain(
        &mut self,
        call: &[u8],
        circumstances: Circumstances,
        settle: impl FnOnce(&[Effect]) -> Vec<EffectOutcome>,
    ) -> wasmtime::Result<Evaluation> {
        let decided = self.worker.decide(self.policy, call)?;
        let decision = self.worker.decision(decided.pending)?;
        let verdict = self.worker.conclude(decided.pending, &settle(&decided.effects), circumstances)?;
        self.worker.forget(decided.pending)?;
        Ok(Evaluation { decision, verdict })
    }

    fn paths(&mut self, call: &[u8]) -> wasmtime::Result<Vec<String>> {
        let decided = self.worker.decide(self.policy, call)?;
        self.worker.forget(decided.pending)?;
        Ok(decided.paths)
    }
}
