//! What a daemon keeps in its store, for one page: meters, holds, questions to people, and what was
//! learned. [`Session::step`] is the way of one call, in one go: nothing comes between the reading of a
//! meter and its charge, so two payments can never both take the last cent.
//!
//! Only numbers and facts are kept here. Whether a meter bears a charge, what an answer is worth and
//! what a baseline becomes is for the engine to say.

mod call;
mod export;
mod holds;
mod limits;
mod meters;
mod questions;
mod saved;
#[cfg(test)]
mod tests;
mod view;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use sentinel_engine::{
    Approval, Circumstances, Effect, EffectOutcome, Mode, Policy, Refusal, Verdict, conclude, decide_bytes,
};
use serde::{Deserialize, Serialize};

pub use export::WebSession;
use holds::Holds;
use meters::{Due, Meters};
use questions::Questions;

/// Who would answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Approver {
    /// Nobody can be asked.
    Nobody,
    /// Somebody can be asked, and answers in their own time.
    Possible,
    /// Somebody says no to everything.
    No,
}

/// What is kept of one page's calls.
pub(crate) struct Session {
    policy: Rc<Policy>,
    mode: Option<Mode>,
    approver: Approver,
    /// Of calls that do not say where they run.
    environment: Option<String>,
    /// The moment that was told last; earlier than `kept.now` where the clock was put back.
    told: u64,
    /// How long the text was when it was saved last.
    saved_bytes: Cell<usize>,
    kept: Kept,
}

/// What is saved.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Kept {
    agent_id: String,
    /// The latest moment that was ever told. Time does not go back.
    now: u64,
    /// Verdicts so far.
    verdicts: u64,
    meters: Meters,
    holds: Holds,
    questions: Questions,
    #[serde(with = "saved::bytes")]
    baselines: BTreeMap<String, Vec<u8>>,
}

/// What came of a call.
pub(crate) struct Step {
    pub(crate) verdict_id: String,
    pub(crate) verdict: Verdict,
    /// The question that it asks, waits for, or was permitted by.
    pub(crate) approval_id: Option<String>,
    pub(crate) charges: Vec<Due>,
}

/// What a call comes with, beside its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct With<'a> {
    /// Milliseconds since the epoch; without it, time stands still.
    pub(crate) now: Option<u64>,
    pub(crate) run: Option<&'a str>,
    pub(crate) approval: Option<&'a str>,
}

impl Session {
    pub(crate) fn new(
        policy: Rc<Policy>,
        mode: Option<Mode>,
        approver: Approver,
        environment: Option<String>,
    ) -> Self {
        let kept = Kept { agent_id: policy.agent_id().to_owned(), ..Kept::default() };
        Self::of(policy, mode, approver, environment, kept)
    }

    fn of(
        policy: Rc<Policy>,
        mode: Option<Mode>,
        approver: Approver,
        environment: Option<String>,
        kept: Kept,
    ) -> Self {
        Self { policy, mode, approver, environment, told: kept.now, saved_bytes: Cell::new(0), kept }
    }

    /// Decides a call, reads the meters, concludes, and charges: all of it or nothing. Refuses a clock
    /// that is far behind: either it is wrong now, or it was, and then nobody knows which windows are over.
    pub(crate) fn step(&mut self, call: &[u8], with: With<'_>) -> Result<Step, String> {
        if with.now.is_some_and(|now| now.saturating_add(limits::CLOCK_BEHIND_MS) < self.kept.now) {
            return Err(limits::CLOCK_BEHIND.to_owned());
        }
        let now = self.pass(with.now);
        let completed = self.environment.as_deref().and_then(|own| call::complete(call, own));
        let call = completed.as_deref().unwrap_or(call);
        let decision = decide_bytes(&self.policy, call);
        let run = call::run(with.run, &decision.effects, call);
        let readings = self.settle(&decision.effects, &run, now);
        let digest = decision.call_digest.to_string();
        // Where no person can be needed, no answer counts.
        let approval = match decision.may_ask(&self.policy) {
            true => self.approval(&digest, with.approval),
            false => Approval::Nobody,
        };
        let circumstances = Circumstances { mode: self.mode, approval, now: Some(now) };
        let verdict = conclude(&self.policy, &decision, &readings, &circumstances);
        self.kept.verdicts = self.kept.verdicts.saturating_add(1);
        let verdict_id = holds::id(self.kept.verdicts);
        let policy = self.policy.digest().to_string();
        let clock = questions::Clock { now, told: self.told };
        let approval_id =
            self.kept.questions.follow(&verdict, approval, &digest, &policy, (&verdict_id, clock));
        let charges = self.kept.meters.due(&decision.effects, &verdict, &run, now);
        let held = self.kept.meters.charge(&charges, now);
        self.kept.holds.keep(&verdict_id, held, &verdict.observations, now);
        Ok(Step { verdict_id, verdict, approval_id, charges })
    }

    /// Answers the effects of a decision.
    fn settle(&self, effects: &[Effect], run: &str, now: u64) -> Vec<EffectOutcome> {
        let is_full = self.kept.holds.is_full();
        let is_large = self.is_large();
        let answer = |effect: &Effect| match effect {
            Effect::Debit(debit) if debit.held && is_full => {
                EffectOutcome::Failed(limits::HOLDS_FULL.to_owned())
            }
            Effect::Debit(debit) => self.kept.meters.read(debit, run, now, is_large),
            Effect::Baseline { .. } if is_full => EffectOutcome::Failed(limits::HOLDS_FULL.to_owned()),
            Effect::Baseline { .. } if is_large => EffectOutcome::Failed(limits::LARGE.to_owned()),
            Effect::Baseline { key } => match self.kept.baselines.get(key) {
                Some(bytes) => EffectOutcome::Baseline(bytes.clone()),
                None if self.kept.baselines.len() >= limits::BASELINES_MAX => {
                    EffectOutcome::Failed("this page remembers too many tools".to_owned())
                }
                None => EffectOutcome::Baseline(Vec::new()),
            },
        };
        effects.iter().map(answer).collect()
    }

    /// What is known of an answer to this call.
    fn approval(&self, digest: &str, brought: Option<&str>) -> Approval {
        let policy = self.policy.digest().to_string();
        match (self.kept.questions.standing(digest, &policy, brought, self.told), self.approver) {
            (Approval::Possible, Approver::Nobody) => Approval::Nobody,
            (Approval::Possible, Approver::No) => Approval::Refused(Refusal::Denied),
            (Approval::Possible, Approver::Possible) => self.kept.questions.may_ask(self.kept.now),
            (
                found @ (Approval::Nobody | Approval::Waiting | Approval::Granted(_) | Approval::Refused(_)),
                _,
            ) => found,
        }
    }

    /// Records what a person answered.
    pub(crate) fn answer(
        &mut self,
        id: &str,
        subject: &str,
        is_yes: bool,
        now: Option<u64>,
    ) -> Result<(), String> {
        self.pass(now);
        self.kept.questions.answer(id, subject, is_yes, self.told)
    }

    /// Answers a question in the name of everybody who may: for trying a policy out.
    pub(crate) fn pretend(&mut self, id: &str, is_yes: bool) -> Result<(), String> {
        self.kept.questions.pretend(id, is_yes, self.told)
    }

    /// Says what became of a call: holds end, and baselines learn.
    pub(crate) fn settled(
        &mut self,
        verdict_id: &str,
        happened: bool,
        cost: &holds::Cost,
        now: Option<u64>,
    ) -> Result<(), String> {
        self.pass(now);
        if !holds::was_given(verdict_id, self.kept.verdicts) {
            return Err(format!("`{}` is no verdict of this session", sentinel_engine::visible(verdict_id)));
        }
        let Some(hold) = self.kept.holds.end(verdict_id) else { return Ok(()) };
        for charge in &hold.charges {
            let spent = if happened { cost.spent(charge) } else { 0 };
            self.kept.meters.resolve(&charge.meter, charge.amount, spent);
        }
        for own in hold.observations.iter().filter(|_| happened) {
            let known = self.kept.baselines.get(&own.key).map(Vec::as_slice);
            // Several calls may have found the last place.
            if known.is_none() && self.kept.baselines.len() >= limits::BASELINES_MAX {
                continue;
            }
            let learned = sentinel_engine::learn(known.unwrap_or_default(), &own.bytes);
            self.kept.baselines.insert(own.key.clone(), learned);
        }
        Ok(())
    }

    /// Lets time go on, and what it ends, end.
    fn pass(&mut self, now: Option<u64>) -> u64 {
        self.told = now.unwrap_or(self.told);
        let is_large = self.is_large();
        let kept = &mut self.kept;
        kept.now = kept.now.max(self.told);
        // A hold that nobody resolves counts as spent.
        for hold in kept.holds.expire(kept.now) {
            for charge in &hold.charges {
                kept.meters.resolve(&charge.meter, charge.amount, charge.amount);
            }
        }
        kept.meters.sweep(kept.now, is_large);
        kept.questions.expire(self.told);
        kept.now
    }

    /// Whether what is kept is so much that it could soon not be restored any more. What was saved last
    /// says so; only then is it looked at again.
    fn is_large(&self) -> bool {
        let most = limits::SAVED_BYTES_MAX / 2;
        self.saved_bytes.get() > most && self.save().len() > most
    }
}
