//! **The way of one call through the daemon**, in one function: [`Act::apply`].
//!
//! A call was decided by the engine before it gets here ([`Act`] holds the decision). What is
//! left happens in one transaction, together with the other calls of its batch:
//!
//! 1. the meters are read: `settle`,
//! 2. the engine concludes: the verdict, and what to charge,
//! 3. the verdict joins the ledger,
//! 4. the charges go on the meters, as holds where the outcome has to be waited for.
//!
//! The batch commits, and only then is anything answered. So a process that dies has either
//! answered and recorded, or not answered; the caller of an unanswered call was not permitted.

use std::borrow::Cow;

use super::approvals::{self, Asking, Binding};
use super::permit::{Answer, Asked};
use super::protected;
use super::record::{self, CallRecord};
use super::records::Observed;
use super::settle::{self, Owner};
use super::{Operation, OperationError};
use crate::engine::{Approval, Circumstances, EffectOutcome, Mode, Observation, Outcome, Proposal, Verdict};
use crate::state::{
    self, Agent, ApprovalState, EntryKind, Hold, HoldState, Keys, Lesson, Millis, NewEntry, Page, Remembered,
};

/// A decided call, on its way to its verdict.
pub struct Act {
    /// The engine's decision, or a denial that needed none.
    pub decided: Decided,
    /// Whose meters it moves.
    pub owner: Owner,
    /// Who sent it.
    pub subject: String,
    /// What is recorded of it.
    pub record: CallRecord,
    /// The key under which a repetition gets the same answer, and the digest of the request.
    pub idempotency: Option<Idempotency>,
    /// Mode of the installation.
    pub mode: Option<Mode>,
    /// How long its charges are held for its outcome, in milliseconds.
    pub hold_ms: i64,
    /// What an approval has to be bound to; `None` where no person can be needed.
    pub binding: Option<Binding>,
    /// The approval that the call brought along.
    pub approval_id: Option<String>,
    /// Whether anybody but its sender can answer a question.
    pub can_ask: bool,
    /// Key of the codes of approvals.
    pub digest_key: [u8; 32],
    /// What an enforcement point decided already; then this only records it.
    pub observed: Option<Observed>,
    /// Whether something else is decided here than there.
    pub differs: bool,
    /// What came of it.
    pub answer: Option<Answer>,
}

/// What is known of a call before its transaction.
pub enum Decided {
    /// The engine looked at it.
    Proposed(Proposal),
    /// It cannot be looked at: no policy, or a fault.
    Denied(Box<Verdict>),
}

/// A request that may be repeated.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// The key that its sender chose.
    pub key: String,
    /// `sha256:` and 64 hex digits over the request.
    pub request_digest: String,
}

impl Operation for Act {
    fn keys(&self, now: Millis, keys: &mut Keys) {
        keys.agents.insert(self.owner.agent.clone());
        if let Some(session) = &self.owner.session {
            keys.sessions.insert(session.clone());
        }
        if let Some(own) = &self.idempotency {
            keys.remembered.insert((self.owner.agent.clone(), own.key.clone()));
        }
        if let Decided::Proposed(proposal) = &self.decided {
            for effect in proposal.effects() {
                settle::keys(effect, &self.owner, now, keys);
            }
            if proposal.value().is_some() {
                protected::keys(&self.owner.agent, keys);
            }
        }
        if let Some(binding) = &self.binding {
            keys.approvals.insert(binding.key.clone());
            keys.meters.insert(approvals::asked_meter(&self.owner.agent));
            let brought = self.approval_id.as_deref().and_then(approvals::parse);
            keys.approvals.extend(brought.map(|(key, _)| key));
        }
    }

    fn apply(&mut self, page: &mut Page) -> Result<(), OperationError> {
        if let Some(answer) = self.before(page)? {
            self.answer = Some(answer);
            return Ok(());
        }
        let readings = match &self.decided {
            Decided::Proposed(proposal) => settle::read(proposal.effects(), &self.owner, &self.subject, page),
            Decided::Denied(_) => Vec::new(),
        };
        let approval = self.approval(page)?;
        let verdict = match &self.decided {
            Decided::Proposed(proposal) => {
                let now = u64::try_from(page.now.0).ok();
                proposal.conclude(&readings, Circumstances { mode: self.mode, approval, now })
            }
            Decided::Denied(verdict) => (**verdict).clone(),
        };
        let effects = match &self.decided {
            Decided::Proposed(proposal) => proposal.effects(),
            Decided::Denied(_) => &[],
        };
        let settled = self.settled(&verdict, &readings, page.now);
        self.differs = self.observed.as_ref().is_some_and(|own| own.differs(&verdict, &self.record));
        let charges = settle::charges(effects, &settled, &self.owner, page.now)?;
        // Everything that can fail comes before the first change.
        settle::check(&charges, page)?;
        page.agents.get(&self.owner.agent)?;
        let value = self.value().filter(|value| *value > 0);
        if value.is_some() {
            protected::check(page, &self.owner.agent)?;
        }
        let nonce = verdict.question.is_some().then(approvals::nonce).transpose()?;
        self.end_replaced(approval, &verdict, page)?;
        let id = record::id(page.next_seq());
        let question = self.question(approval, &verdict, &readings, (&id, nonce), page)?;
        let is_new = question.as_ref().is_some_and(|(_, row)| row.verdict_id == id);
        let asked = question.as_ref().map(|(key, row)| Asked {
            approval_id: approvals::id(key, row.round),
            status: row.state,
            quorum: row.quorum,
            ends_at: row.ends_at,
        });
        let body = record::verdict(&record::Decided {
            id: &id,
            now: page.now,
            owner: &self.owner,
            subject: &self.subject,
            call: &self.record,
            verdict: &verdict,
            charges: &charges,
            approval_id: asked.as_ref().map(|own| &*own.approval_id),
            observed: self.observed.as_ref().map(|own| (own, self.differs)),
        })?;
        let decision = record::word(verdict.decision);
        let agent = self.owner.agent.clone();
        let place = page.append(NewEntry { kind: EntryKind::Verdict, agent, decision, body })?;

        if let Some((key, row)) = question {
            if is_new {
                approvals::count_question(page, &self.owner.agent)?;
            }
            page.approvals.put(key, row);
        }
        if let Some(value) = value {
            self.protect(&settled, value, page)?;
        }
        let held = settle::charge(&charges, page)?;
        let observations: Vec<_> = settled.observations.iter().map(lesson).collect();
        let waits = !held.is_empty() || !observations.is_empty();
        let ends_at = waits.then(|| page.now.plus(self.hold_ms));
        if let Some(ends_at) = ends_at {
            let (agent, state) = (self.owner.agent.clone(), HoldState::Open);
            page.holds.put(id.clone(), Hold { agent, state, ends_at, charges: held, observations });
        }
        let session = self.owner.session.as_deref();
        let is_of_session = settle::session_refusal(&self.owner, &self.subject, page).is_none();
        count(page.agents.edit(&self.owner.agent)?, &verdict, page.now, session.filter(|_| is_of_session));
        let answer =
            Answer::new(&verdict, id, place, page.now, self.owner.session.as_deref(), ends_at, asked);
        // A question is no end: the same request again hears what became of it.
        if let Some(own) = self.idempotency.as_ref().filter(|_| verdict.question.is_none()) {
            let row = Remembered {
                request_digest: own.request_digest.clone(),
                answer: answer.json().to_owned(),
                seq: place.seq,
                at: page.now,
            };
            page.remembered.put((self.owner.agent.clone(), own.key.clone()), row);
        }
        self.answer = Some(answer);
        Ok(())
    }
}

impl Act {
    /// The verdict as far as meters and baselines go by it: what an enforcement point let happen did
    /// happen, whatever is decided here.
    fn settled<'v>(&self, verdict: &'v Verdict, readings: &[EffectOutcome], now: Millis) -> Cow<'v, Verdict> {
        match (&self.observed, &self.decided) {
            (Some(own), Decided::Proposed(proposal)) => {
                own.settled(verdict, readings, proposal.effects(), |readings| {
                    let (approval, now) = (Approval::Nobody, u64::try_from(now.0).ok());
                    proposal.conclude(readings, Circumstances { mode: self.mode, approval, now })
                })
            }
            (None, _) | (Some(_), Decided::Denied(_)) => Cow::Borrowed(verdict),
        }
    }

    /// What is known of an approval for this call.
    fn approval(&self, page: &Page) -> Result<Approval, OperationError> {
        let Some(binding) = &self.binding else { return Ok(Approval::Nobody) };
        let brought = self.approval_id.as_deref();
        let found = approvals::standing(page, binding, brought, &self.subject, &self.digest_key)?;
        Ok(match found {
            Approval::Possible if self.can_ask => approvals::may_ask(page, &self.owner.agent)?,
            Approval::Possible => Approval::Nobody,
            found @ (Approval::Nobody | Approval::Waiting | Approval::Granted(_) | Approval::Refused(_)) => {
                found
            }
        })
    }

    /// The question that this verdict asks, repeats or uses up, as it will be from now on.
    fn question(
        &self,
        approval: Approval,
        verdict: &Verdict,
        readings: &[EffectOutcome],
        (verdict_id, nonce): (&str, Option<String>),
        page: &Page,
    ) -> Result<Option<(String, state::Approval)>, OperationError> {
        let Some(binding) = &self.binding else { return Ok(None) };
        let row = page.approvals.get(&binding.key)?;
        if verdict.redeemed {
            let Some(row) = row else { return Err(OperationError::Record) };
            let mut row = state::Approval { state: ApprovalState::Used, ..row.clone() };
            row.forget_call();
            row.mac = approvals::seal(&binding.key, &row, &self.digest_key);
            return Ok(Some((binding.key.clone(), row)));
        }
        let Some(question) = &verdict.question else { return Ok(None) };
        // Asked before, and not answered.
        if let (Approval::Waiting, Some(row)) = (approval, row) {
            return Ok(Some((binding.key.clone(), row.clone())));
        }
        let effects = match &self.decided {
            Decided::Proposed(proposal) => proposal.effects(),
            Decided::Denied(_) => &[],
        };
        let asking = Asking {
            binding,
            owner: &self.owner,
            subject: &self.subject,
            tool: &self.record.tool_name,
            question,
            verdict,
            verdict_id,
            meters: approvals::meters(effects, readings),
            nonce: nonce.unwrap_or_default(),
        };
        // A number that has no next one is none of ours.
        let round = row.and_then(|row| row.round.checked_add(1)).unwrap_or(1);
        Ok(Some((binding.key.clone(), asking.row(round, page.now, &self.digest_key))))
    }

    /// A question that a new one about the same call takes the place of ends, and that is on record.
    fn end_replaced(
        &self,
        approval: Approval,
        verdict: &Verdict,
        page: &mut Page,
    ) -> Result<(), OperationError> {
        let Some(binding) = self.binding.as_ref().filter(|_| verdict.question.is_some()) else {
            return Ok(());
        };
        let (key, digest_key) = (&binding.key, &self.digest_key);
        let row = page.approvals.get(key)?.filter(|row| row.state.is_open()).cloned();
        let Some(row) = row.filter(|_| !matches!(approval, Approval::Waiting)) else { return Ok(()) };
        if approvals::is_genuine(key, &row, digest_key) {
            let is_over = page.now >= row.ends_at;
            let state = if is_over { ApprovalState::Expired } else { ApprovalState::Cancelled };
            approvals::answer::end(page, key.clone(), &row, state, None, digest_key)?;
        }
        Ok(())
    }

    fn value(&self) -> Option<u64> {
        match &self.decided {
            Decided::Proposed(proposal) => proposal.value(),
            Decided::Denied(_) => None,
        }
    }

    /// Counts what is at stake where the call is held back, once; and takes it back where the same
    /// call goes ahead after all.
    fn protect(&self, verdict: &Verdict, value: u64, page: &mut Page) -> Result<(), OperationError> {
        let (agent, digest) = (&self.owner.agent, &self.record.call_digest);
        if verdict.permitted {
            protected::withdraw(page, agent, digest)
        } else {
            protected::count(page, agent, digest, value)
        }
    }

    /// The answer that the same request got before.
    fn before(&self, page: &Page) -> Result<Option<Answer>, OperationError> {
        let Some(own) = &self.idempotency else { return Ok(None) };
        let key = (self.owner.agent.clone(), own.key.clone());
        match page.remembered.get(&key)? {
            None => Ok(None),
            Some(row) if row.request_digest == own.request_digest => Ok(Some(Answer::again(row))),
            Some(_) => Err(OperationError::IdempotencyConflict),
        }
    }
}

fn lesson(own: &Observation) -> Lesson {
    Lesson { key: own.key.clone(), bytes: own.bytes.clone() }
}

fn count(agent: &mut Agent, verdict: &Verdict, now: Millis, session: Option<&str>) {
    agent.calls += 1;
    match verdict.decision {
        Outcome::Allow => {}
        Outcome::Escalate => agent.escalated += 1,
        Outcome::Deny => agent.denied += 1,
    }
    agent.last_at = now.0;
    session.unwrap_or_default().clone_into(&mut agent.session);
}
