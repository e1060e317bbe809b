//! One instance with one compiled policy, which answers every call.
//!
//! A guest that trapped or was stopped may have left its memory half changed. It is never
//! asked again: the store goes away at once, and the next call gets a fresh instance in which
//! the policy is compiled anew.

use wasmtime::Store;
use wasmtime::component::ResourceAny;

use super::bindings::PolicyEngine;
use super::bindings::exports::sentinel::policy::engine::Decided;
use super::{
    Circumstances, Decision, Diagnostic, Effect, EffectOutcome, Engine, EngineError, Format, Limits,
    LoadError, Mode, Verdict, fault,
};
use crate::limits::{CALL_BYTES_MAX, TICKS_MAX};

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
/// counted, and nothing has been charged to any other meter.
pub fn fresh(effects: &[Effect]) -> Vec<EffectOutcome> {
    let answer = |Effect::Debit(debit): &Effect| match debit.meter.as_str() {
        RISK_METER | RISK_DAY_METER => EffectOutcome::Unmetered,
        _ => EffectOutcome::Reading(0),
    };
    effects.iter().map(answer).collect()
}

/// A policy that can be asked about calls.
pub struct Session {
    engine: Engine,
    document: String,
    format: Format,
    /// `None` from a fault to the next call.
    live: Option<Live>,
    facts: Facts,
}

/// The instance, and the policy in it.
struct Live {
    store: Store<Limits>,
    instance: PolicyEngine,
    policy: ResourceAny,
}

/// What a policy says of itself; read once.
struct Facts {
    agent_id: String,
    mode: Mode,
    digest: String,
    version: String,
    description: String,
    risk_max: Option<u64>,
    warnings: Vec<Diagnostic>,
}

impl Session {
    /// Compiles a policy document in an instance of its own.
    ///
    /// # Errors
    ///
    /// Where the document is refused, or the engine failed on it.
    pub fn open(engine: &Engine, document: String, format: Format) -> Result<Self, LoadError> {
        let mut live = Live::start(engine, &document, format)?;
        let facts = live.facts().map_err(EngineError::fault)?;
        Ok(Self { engine: engine.clone(), document, format, live: Some(live), facts })
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
        self.ask(&[], |live| live.risk_status(used)).ok()
    }

    /// Asks the instance, and throws it away if it fails. The error is what to answer instead.
    fn ask<T>(
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
    fn restart(&self) -> Option<Live> {
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
        &self.facts.description
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
        let mut store = engine.store();
        let instance = engine.pre.instantiate(&mut store).map_err(EngineError::fault)?;
        let policy = instance
            .sentinel_policy_engine()
            .policy()
            .call_compile(&mut store, document, format)
            .map_err(EngineError::fault)?
            .map_err(LoadError::Refused)?;
        Ok(Self { store, instance, policy })
    }

    fn evaluate(
        &mut self,
        call: &[u8],
        circumstances: Circumstances,
        settle: impl FnOnce(&[Effect]) -> Vec<EffectOutcome>,
    ) -> wasmtime::Result<Verdict> {
        let decided = self.decide(call)?;
        let verdict = self.conclude(&decided, circumstances, settle)?;
        self.forget(decided.pending)?;
        Ok(verdict)
    }

    fn explain(
        &mut self,
        call: &[u8],
        circumstances: Circumstances,
        settle: impl FnOnce(&[Effect]) -> Vec<EffectOutcome>,
    ) -> wasmtime::Result<Evaluation> {
        let decided = self.decide(call)?;
        let pending = self.instance.sentinel_policy_engine().pending();
        let decision = pending.call_decision(&mut self.store, decided.pending)?;
        let verdict = self.conclude(&decided, circumstances, settle)?;
        self.forget(decided.pending)?;
        Ok(Evaluation { decision, verdict })
    }

    fn paths(&mut self, call: &[u8]) -> wasmtime::Result<Vec<String>> {
        let mut decided = self.decide(call)?;
        let paths = std::mem::take(&mut decided.paths);
        self.forget(decided.pending)?;
        Ok(paths)
    }

    fn decide(&mut self, call: &[u8]) -> wasmtime::Result<Decided> {
        self.store.set_epoch_deadline(TICKS_MAX);
        let policy = self.instance.sentinel_policy_engine().policy();
        policy.call_decide(&mut self.store, self.policy, call)
    }

    fn conclude(
        &mut self,
        decided: &Decided,
        circumstances: Circumstances,
        settle: impl FnOnce(&[Effect]) -> Vec<EffectOutcome>,
    ) -> wasmtime::Result<Verdict> {
        let outcomes = settle(&decided.effects);
        // Whoever keeps the meters may have waited for them; that time is not the guest's.
        self.store.set_epoch_deadline(TICKS_MAX);
        let pending = self.instance.sentinel_policy_engine().pending();
        pending.call_conclude(&mut self.store, decided.pending, &outcomes, circumstances)
    }

    fn risk_status(&mut self, used: u64) -> wasmtime::Result<String> {
        self.store.set_epoch_deadline(TICKS_MAX);
        let policy = self.instance.sentinel_policy_engine().policy();
        policy.call_risk_status(&mut self.store, self.policy, used)
    }

    fn forget(&mut self, pending: ResourceAny) -> wasmtime::Result<()> {
        pending.resource_drop(&mut self.store)
    }

    fn facts(&mut self) -> wasmtime::Result<Facts> {
        let policy = self.instance.sentinel_policy_engine().policy();
        self.store.set_epoch_deadline(TICKS_MAX);
        Ok(Facts {
            agent_id: policy.call_agent_id(&mut self.store, self.policy)?,
            mode: policy.call_mode(&mut self.store, self.policy)?,
            digest: policy.call_digest(&mut self.store, self.policy)?,
            version: policy.call_version(&mut self.store, self.policy)?,
            description: policy.call_describe(&mut self.store, self.policy)?,
            risk_max: policy.call_risk_max(&mut self.store, self.policy)?,
            warnings: policy.call_warnings(&mut self.store, self.policy)?,
        })
    }
}
