//! Calls that an enforcement point decided with the same engine and policy, before anybody asked
//! here: recorded, counted and charged, and no longer to be prevented.
//!
//! Each takes the way of any call ([`Act`]), so the engine decides it again. What
//! the point did is the truth of what happened; what is decided here is a check of it. Where the two
//! differ, the entry says so.

use std::borrow::Cow;

use futures_util::future::join_all;

use super::App;
use super::act::{Act, Idempotency};
use super::evaluate::{self, EvaluateError, Request, RequestError, Sender};
use super::record::{self, CallRecord};
use crate::engine::{Effect, EffectOutcome, Outcome, Unit, Verdict};
use crate::state::Millis;

/// What an enforcement point says that it decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Which point.
    pub point: String,
    /// The point's name for this record: the same is recorded once.
    pub id: String,
    /// When.
    pub decided_at: Millis,
    /// What.
    pub decision: Outcome,
    /// Whether it let the call go ahead, if it says so.
    pub permitted: Option<bool>,
    /// Why.
    pub code: String,
    /// The policy that it has.
    pub policy_digest: String,
}

/// A record that was made.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The verdict of the daemon, whose entry holds the record.
    pub verdict_id: String,
    /// What that is; `None` if it was recorded before.
    pub decision: Option<Outcome>,
    /// Whether the point decided something else, let something else happen, or went by another policy.
    pub differs: bool,
}

impl Observed {
    /// The key of a record is one that no sender of calls can choose, because of the line break.
    pub(super) fn idempotency(&self, call: &[u8]) -> Idempotency {
        let (digest, at) = (record::digest(call), self.decided_at.0.to_string());
        let mut parts =
            vec![digest.as_str(), record::word(self.decision), &self.code, &self.policy_digest, &at];
        parts.extend(self.permitted.map(|own| if own { "permitted" } else { "held back" }));
        Idempotency {
            key: format!("{}\n{}", self.point, self.id),
            request_digest: record::digest(parts.join("\n").as_bytes()),
        }
    }

    /// Whether something else is decided here, or by another policy; or whether the same was denied, and
    /// only one of the two has a mode that holds it back.
    pub(super) fn differs(&self, verdict: &Verdict, call: &CallRecord) -> bool {
        let own = call.policy.as_ref().map(|policy| policy.digest.as_str());
        verdict.decision != self.decision
            || own != Some(self.policy_digest.as_str())
            || self.permitted.is_some_and(|own| own != verdict.permitted)
    }

    /// Whether the point let the call go ahead: it was allowed, or not held back by the mode. One that
    /// does not say it has the mode that is here.
    fn happened(&self, verdict: &Verdict) -> bool {
        match (self.permitted, self.decision) {
            (Some(permitted), _) => permitted,
            (None, Outcome::Allow) => true,
            (None, Outcome::Escalate | Outcome::Deny) => {
                verdict.decision != Outcome::Allow && verdict.permitted
            }
        }
    }

    /// The verdict with the charges of what happened.
    ///
    /// What went ahead although it would not from here is charged what it costs where every meter
    /// stands at nought, as far as the meters go. What did not go ahead is charged as an attempt is:
    /// points alone.
    pub(super) fn settled<'v>(
        &self,
        verdict: &'v Verdict,
        readings: &[EffectOutcome],
        effects: &[Effect],
        conclude: impl FnOnce(&[EffectOutcome]) -> Verdict,
    ) -> Cow<'v, Verdict> {
        match (self.happened(verdict), verdict.permitted) {
            (true, true) | (false, false) => Cow::Borrowed(verdict),
            (true, false) => {
                let empty: Vec<_> = readings.iter().map(emptied).collect();
                let bare = conclude(&empty);
                if !bare.permitted {
                    return Cow::Borrowed(verdict);
                }
                let charges = effects.iter().zip(readings).zip(&bare.charges).map(up_to_limit).collect();
                Cow::Owned(Verdict { charges, ..bare })
            }
            (false, true) => {
                let charges = effects.iter().zip(&verdict.charges).map(points).collect();
                let observations = Vec::new();
                Cow::Owned(Verdict { charges, observations, permitted: false, ..verdict.clone() })
            }
        }
    }
}

fn emptied(reading: &EffectOutcome) -> EffectOutcome {
    match reading {
        EffectOutcome::Reading(_) => EffectOutcome::Reading(0),
        EffectOutcome::Unmetered
        | EffectOutcome::Refused(_)
        | EffectOutcome::Failed(_)
        | EffectOutcome::Baseline(_) => reading.clone(),
    }
}

fn up_to_limit(((effect, reading), charge): ((&Effect, &EffectOutcome), &u64)) -> u64 {
    match (effect, reading) {
        (Effect::Debit(debit), EffectOutcome::Reading(reading)) => {
            (*charge).min(debit.limit.saturating_sub(*reading))
        }
        (Effect::Debit(_) | Effect::Baseline(_), _) => 0,
    }
}

fn points((effect, charge): (&Effect, &u64)) -> u64 {
    match effect {
        Effect::Debit(debit) if debit.unit == Unit::Points => *charge,
        Effect::Debit(_) | Effect::Baseline(_) => 0,
    }
}

/// Decides a record again: everything that needs no transaction.
///
/// # Errors
///
/// Where it is no call.
pub fn prepare(
    app: &App,
    request: &Request<'_>,
    observed: Observed,
    sender: Sender<'_>,
) -> Result<Act, RequestError> {
    evaluate::act(app, request, sender, Some(observed))
}

/// Records calls, each for itself, in the order in which they came.
///
/// # Errors
///
/// In its place, where one was not recorded.
pub async fn record(app: &App, acts: Vec<Act>) -> Vec<Result<Recorded, EvaluateError>> {
    let all = acts.into_iter().map(|act| async {
        let done = app.committer.commit(act).await?;
        let answer = done.answer.ok_or(EvaluateError::Unanswered)?;
        Ok(Recorded {
            verdict_id: answer.verdict_id().to_owned(),
            decision: answer.summary().map(|own| own.decision),
            differs: done.differs,
        })
    });
    join_all(all).await
}
