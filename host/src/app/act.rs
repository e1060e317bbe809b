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

use super::permit::Answer;
use super::record::{self, CallRecord};
use super::settle::{self, Owner};
use super::{Operation, OperationError};
use crate::engine::{Circumstances, Mode, Outcome, Proposal, Verdict};
use crate::state::{Agent, EntryKind, Hold, HoldState, Keys, Millis, NewEntry, Page, Remembered};

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
                keys.meters.extend(settle::keys(effect, &self.owner, now));
            }
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
        let verdict = match &self.decided {
            // Nobody can be asked yet, so an escalation is enforced as a denial.
            Decided::Proposed(proposal) => {
                proposal.conclude(&readings, Circumstances { mode: self.mode, approver: false })
            }
            Decided::Denied(verdict) => (**verdict).clone(),
        };
        let effects = match &self.decided {
            Decided::Proposed(proposal) => proposal.effects(),
            Decided::Denied(_) => &[],
        };
        let charges = settle::charges(effects, &verdict, &self.owner, page.now)?;
        // Everything that can fail comes before the first change.
        settle::check(&charges, page)?;
        page.agents.get(&self.owner.agent)?;
        let id = record::id(page.next_seq());
        let body =
            record::verdict(&id, page.now, &self.owner, &self.subject, &self.record, &verdict, &charges)?;
        let decision = record::word(verdict.decision);
        let agent = self.owner.agent.clone();
        let place = page.append(NewEntry { kind: EntryKind::Verdict, agent, decision, body })?;

        let held = settle::charge(&charges, page)?;
        let ends_at = (!held.is_empty()).then(|| page.now.plus(self.hold_ms));
        if let Some(ends_at) = ends_at {
            let hold =
                Hold { agent: self.owner.agent.clone(), state: HoldState::Open, ends_at, charges: held };
            page.holds.put(id.clone(), hold);
        }
        let session = self.owner.session.as_deref();
        let is_of_session = settle::session_refusal(&self.owner, &self.subject, page).is_none();
        count(page.agents.edit(&self.owner.agent)?, &verdict, page.now, session.filter(|_| is_of_session));
        let answer = Answer::new(&verdict, id, place, page.now, self.owner.session.as_deref(), ends_at);
        if let Some(own) = &self.idempotency {
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
