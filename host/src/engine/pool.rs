//! Several instances, each with many policies, for a daemon that answers many calls at once.
//!
//! A call is decided in whichever instance is free, and concluded later in the same one, since
//! its decision stays there ([`Proposal`]). A fault costs the instance, and with it every call
//! that waits in it: all of them are denied.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime::component::ResourceAny;

use super::bindings::exports::sentinel::policy::engine::Decided;
use super::worker::{Facts, Worker};
use super::{
    Answer, AnswerRefusal, Circumstances, Effect, EffectOutcome, Engine, EngineError, Evaluation, Format,
    LoadError, Question, Standing, Verdict, fault,
};
use crate::limits::{CALL_BYTES_MAX, COMPILED_POLICIES_MAX};

/// A policy document. Each has a number of its own, so that instances know it again.
#[derive(Debug)]
pub struct PolicyText {
    number: u64,
    document: String,
    format: Format,
}

impl PolicyText {
    /// Gives a document its number. It was accepted by [`Pool::check`] before.
    pub fn new(document: String, format: Format) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        Self { number: NUMBER.fetch_add(1, Ordering::Relaxed), document, format }
    }

    /// The document.
    pub fn document(&self) -> &str {
        &self.document
    }
}

/// Instances, ready.
pub struct Pool {
    engine: Engine,
    slots: Vec<Mutex<Slot>>,
    next: AtomicUsize,
    /// Documents are tried out here, where no call waits.
    bench: Mutex<Slot>,
}

/// One instance; `None` from a fault to the next use.
#[derive(Default)]
struct Slot {
    worker: Option<Worker>,
    /// Grows with every new instance, so that nothing of an older one is looked for in it.
    generation: u64,
    policies: HashMap<u64, Compiled>,
    uses: u64,
}

struct Compiled {
    policy: ResourceAny,
    used: u64,
}

impl Slot {
    /// Asks the instance; after an error there is none.
    fn ask<T>(
        &mut self,
        engine: &Engine,
        question: impl FnOnce(&mut Worker) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        // Taken, not borrowed: whatever happens below, only what went well puts it back.
        let mut worker = match self.worker.take() {
            Some(worker) => worker,
            None => {
                self.generation += 1;
                self.policies.clear();
                Worker::start(engine)?
            }
        };
        let answer = question(&mut worker)?;
        self.worker = Some(worker);
        Ok(answer)
    }

    /// The policy, compiled in this instance.
    fn policy(&mut self, engine: &Engine, text: &PolicyText) -> Result<ResourceAny, EngineError> {
        self.uses += 1;
        let used = self.uses;
        if self.worker.is_some()
            && let Some(own) = self.policies.get_mut(&text.number)
        {
            own.used = used;
            return Ok(own.policy);
        }
        if self.policies.len() >= COMPILED_POLICIES_MAX {
            self.evict(engine)?;
        }
        let policy = self.ask(engine, |worker| match worker.compile(&text.document, text.format) {
            Ok(policy) => Ok(policy),
            Err(LoadError::Engine(error)) => Err(error),
            // It was accepted before by the same engine, so this is a fault as well.
            Err(error @ LoadError::Refused(_)) => Err(EngineError::Fault { reason: error.to_string() }),
        })?;
        self.policies.insert(text.number, Compiled { policy, used });
        Ok(policy)
    }

    /// Gives back the older half. Decisions that wait keep what they need.
    fn evict(&mut self, engine: &Engine) -> Result<(), EngineError> {
        let mut by_use: Vec<(u64, u64)> =
            self.policies.iter().map(|(number, own)| (own.used, *number)).collect();
        by_use.sort_unstable();
        for (_, number) in by_use.into_iter().take(COMPILED_POLICIES_MAX / 2) {
            if let Some(own) = self.policies.remove(&number) {
                self.ask(engine, |worker| worker.forget(own.policy).map_err(EngineError::fault))?;
            }
        }
        Ok(())
    }
}

impl Pool {
    /// So many instances. They start when they are first used.
    pub fn new(engine: Engine, instances: usize) -> Self {
        let slots = (0..instances.max(1)).map(|_| Mutex::default()).collect();
        Self { engine, slots, next: AtomicUsize::new(0), bench: Mutex::default() }
    }

    /// Tries a document out: what it says of itself, or what is wrong with it.
    ///
    /// # Errors
    ///
    /// Where it is refused, or the engine failed on it.
    pub fn check(&self, document: &str, format: Format) -> Result<Facts, LoadError> {
        let mut bench = lock(&self.bench);
        let compiled = bench.ask(&self.engine, |worker| match worker.compile(document, format) {
            Ok(policy) => {
                let facts = worker.facts(policy).map_err(EngineError::fault)?;
                worker.forget(policy).map_err(EngineError::fault)?;
                Ok(Ok(facts))
            }
            Err(LoadError::Refused(findings)) => Ok(Err(findings)),
            Err(LoadError::Engine(error)) => Err(error),
        })?;
        compiled.map_err(LoadError::Refused)
    }

    /// Decides a call.
    ///
    /// # Errors
    ///
    /// Where the engine failed, or the call is too large for it: what to answer instead, a
    /// denial.
    pub fn decide(self: &Arc<Self>, policy: &PolicyText, call: &[u8]) -> Result<Proposal, Box<Evaluation>> {
        if call.len() > CALL_BYTES_MAX {
            return Err(Box::new(fault::oversize(CALL_BYTES_MAX)));
        }
        let (number, mut slot) = self.free();
        let decided = slot.policy(&self.engine, policy).and_then(|compiled| {
            slot.ask(&self.engine, |worker| worker.decide(compiled, call).map_err(EngineError::fault))
        });
        let generation = slot.generation;
        drop(slot);
        match decided {
            Ok(decided) => Ok(Proposal { pool: Arc::clone(self), slot: number, generation, decided }),
            Err(_) => Err(Box::new(fault::fault())),
        }
    }

    /// What a policy says of itself, as JSON.
    ///
    /// # Errors
    ///
    /// Where the engine failed.
    pub fn describe(&self, policy: &PolicyText) -> Result<String, EngineError> {
        self.ask_policy(policy, |worker, compiled| worker.describe(compiled))
    }

    /// The state of a session that has used so many points.
    ///
    /// # Errors
    ///
    /// Where the engine failed.
    pub fn risk_status(&self, policy: &PolicyText, used: u64) -> Result<String, EngineError> {
        self.ask_policy(policy, |worker, compiled| worker.risk_status(compiled, used))
    }

    /// What one more answer makes of a question.
    ///
    /// # Errors
    ///
    /// Where the engine failed.
    pub fn tally(
        &self,
        question: &Question,
        requester: &str,
        given: &[Answer],
        new: &Answer,
    ) -> Result<Result<Standing, AnswerRefusal>, EngineError> {
        self.ask_any(|worker| worker.tally(question, requester, given, new))
    }

    /// What is known under a key once one more call was executed.
    ///
    /// # Errors
    ///
    /// Where the engine failed.
    pub fn learn(&self, baseline: &[u8], observation: &[u8]) -> Result<Vec<u8>, EngineError> {
        self.ask_any(|worker| worker.learn(baseline, observation))
    }

    fn ask_any<T>(
        &self,
        question: impl FnOnce(&mut Worker) -> wasmtime::Result<T>,
    ) -> Result<T, EngineError> {
        let (_, mut slot) = self.free();
        slot.ask(&self.engine, |worker| question(worker).map_err(EngineError::fault))
    }

    fn ask_policy<T>(
        &self,
        policy: &PolicyText,
        question: impl FnOnce(&mut Worker, ResourceAny) -> wasmtime::Result<T>,
    ) -> Result<T, EngineError> {
        let (_, mut slot) = self.free();
        let compiled = slot.policy(&self.engine, policy)?;
        slot.ask(&self.engine, |worker| question(worker, compiled).map_err(EngineError::fault))
    }

    /// An instance that nobody uses at the moment; if all are used, the next in turn.
    fn free(&self) -> (usize, MutexGuard<'_, Slot>) {
        let count = self.slots.len();
        let start = self.next.fetch_add(1, Ordering::Relaxed) % count;
        let idle = self.slots.iter().enumerate().cycle().skip(start).take(count);
        for (number, slot) in idle {
            if let Ok(slot) = slot.try_lock() {
                return (number, slot);
            }
        }
        let mut waiting = self.slots.iter().enumerate().cycle().skip(start);
        // INVARIANT: there is at least one slot, so a cycle of them does not end.
        let (number, slot) = waiting.next().unwrap_or((0, &self.bench));
        (number, lock(slot))
    }
}

/// A decision that waits in its instance for its end.
pub struct Proposal {
    pool: Arc<Pool>,
    slot: usize,
    generation: u64,
    decided: Decided,
}

impl Proposal {
    /// What it asks of the caller's world.
    pub fn effects(&self) -> &[Effect] {
        &self.decided.effects
    }

    /// Whether a person may have to be asked in the end.
    pub const fn may_ask(&self) -> bool {
        self.decided.may_ask
    }

    /// Millionths of a dollar that are at stake, where the call says so.
    pub const fn value(&self) -> Option<u64> {
        self.decided.value
    }

    /// The end of it. May be asked more than once, with other outcomes.
    pub fn conclude(&self, outcomes: &[EffectOutcome], circumstances: Circumstances) -> Verdict {
        self.ask(|worker| worker.conclude(self.decided.pending, outcomes, circumstances))
            .unwrap_or_else(|_| fault::fault().verdict)
    }

    fn ask<T>(&self, question: impl FnOnce(&mut Worker) -> wasmtime::Result<T>) -> Result<T, EngineError> {
        let gone = || EngineError::Fault { reason: "the instance of this decision is gone".to_owned() };
        let mut slot = lock(self.pool.slots.get(self.slot).ok_or_else(gone)?);
        if slot.generation != self.generation || slot.worker.is_none() {
            return Err(gone());
        }
        slot.ask(&self.pool.engine, |worker| question(worker).map_err(EngineError::fault))
    }
}

impl Drop for Proposal {
    fn drop(&mut self) {
        // An instance that is gone took the decision with it.
        let _ = self.ask(|worker| worker.forget(self.decided.pending));
    }
}

/// A slot whose user panicked holds no instance, since users take it out: it can be used.
fn lock<T>(slot: &Mutex<T>) -> MutexGuard<'_, T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
