//! Effects and meters: which meter an effect means, what it stands at, what goes on it.
//!
//! Whether a meter bears a charge is the engine's to say. Here are only numbers.

use std::borrow::Cow;

use super::{OperationError, record};
use crate::engine::{Debit, Effect, EffectOutcome, Scope, Unit, Verdict, Window};
use crate::limits::RUN_BYTES_MAX;
use crate::state::{self, Keys, MeterKey, Millis, Page};

/// Whose meters a call moves.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The agent.
    pub agent: String,
    /// The session that the caller named; without one it is the agent's own.
    pub session: Option<String>,
    /// The run that the caller named.
    pub run: Option<String>,
}

/// A charge, and the meter it goes on.
#[derive(Clone, Debug)]
pub(super) struct Due {
    pub(super) key: MeterKey,
    pub(super) debit: Debit,
    pub(super) amount: u64,
}

impl Owner {
    /// What a scope is, for this owner.
    fn scope(&self, scope: Scope) -> String {
        let session = self.session.as_deref().unwrap_or_default();
        match scope {
            Scope::Agent => String::new(),
            Scope::Session => session.to_owned(),
            Scope::Run => format!("{session}/{}", run(self.run.as_deref().unwrap_or_default())),
        }
    }
}

/// A run as part of a key: the name that the agent chose, unless it is longer than any index takes.
fn run(name: &str) -> Cow<'_, str> {
    if name.len() <= RUN_BYTES_MAX { name.into() } else { record::digest(name.as_bytes()).into() }
}

/// What an effect may look at. The time of the transaction is not known exactly before it
/// begins, and a fixed window may end in between: then it is the next one.
pub(super) fn keys(effect: &Effect, owner: &Owner, now: Millis, keys: &mut Keys) {
    let debit = match effect {
        Effect::Debit(debit) => debit,
        Effect::Baseline(key) => {
            keys.baselines.insert((owner.agent.clone(), key.clone()));
            return;
        }
    };
    let window = window_number(debit, now);
    let numbers = match debit.window {
        Window::Fixed(_) => window..=window + 1,
        Window::Lifetime | Window::Sliding(_) => window..=window,
    };
    keys.meters.extend(numbers.map(|number| key(debit, owner, number)));
}

fn key(debit: &Debit, owner: &Owner, window: i64) -> MeterKey {
    MeterKey::new(&owner.agent, &debit.meter, &owner.scope(debit.scope), window, &debit.key)
}

/// The number of the current window. One that slides has its length instead: its slots mean nothing
/// to a window of another length.
fn window_number(debit: &Debit, now: Millis) -> i64 {
    match debit.window {
        Window::Fixed(seconds) => now.seconds().div_euclid(i64::from(seconds.max(1))),
        Window::Sliding(seconds) => i64::from(seconds),
        Window::Lifetime => 0,
    }
}

/// What each meter stands at.
pub(super) fn read(effects: &[Effect], owner: &Owner, subject: &str, page: &Page) -> Vec<EffectOutcome> {
    let refusal = session_refusal(owner, subject, page);
    effects
        .iter()
        .map(|effect| {
            let debit = match effect {
                Effect::Debit(debit) => debit,
                Effect::Baseline(key) => return baseline(key, owner, page),
            };
            // What counts for the agent as a whole does so whatever session it names.
            match (debit.scope, &refusal) {
                (Scope::Session | Scope::Run, Some(refusal)) => {
                    return EffectOutcome::Refused(refusal.clone());
                }
                (Scope::Session | Scope::Run, None) | (Scope::Agent, _) => {}
            }
            match page.meters.get(&key(debit, owner, window_number(debit, page.now))) {
                Ok(meter) => EffectOutcome::Reading(meter.map_or(0, |meter| reading(debit, meter, page.now))),
                Err(error) => EffectOutcome::Failed(error.to_string()),
            }
        })
        .collect()
}

/// What was learned under a key.
fn baseline(key: &str, owner: &Owner, page: &Page) -> EffectOutcome {
    match page.baselines.get(&(owner.agent.clone(), key.to_owned())) {
        Ok(bytes) => EffectOutcome::Baseline(bytes.cloned().unwrap_or_default()),
        Err(error) => EffectOutcome::Failed(error.to_string()),
    }
}

fn reading(debit: &Debit, meter: &state::Meter, now: Millis) -> u64 {
    match debit.window {
        Window::Sliding(seconds) => meter.sliding(now.0, seconds),
        Window::Lifetime | Window::Fixed(_) => meter.total(),
    }
}

/// A session has to be one of ours, of this agent, of this subject, and not over.
pub(super) fn session_refusal(owner: &Owner, subject: &str, page: &Page) -> Option<String> {
    let id = owner.session.as_ref()?;
    match page.sessions.get(id) {
        Err(error) => Some(error.to_string()),
        Ok(None) => Some(format!("Session `{id}` is not known; start one with POST /v1/sessions.")),
        Ok(Some(own)) if own.agent != owner.agent || own.subject != subject => {
            Some(format!("Session `{id}` belongs to somebody else."))
        }
        Ok(Some(own)) if own.ended_at.is_some() => {
            Some(format!("Session `{id}` has ended; start another with POST /v1/sessions."))
        }
        Ok(Some(_)) => None,
    }
}

/// What has to go on which meter. The engine answers one charge for each effect; anything else
/// is a fault.
pub(super) fn charges(
    effects: &[Effect],
    verdict: &Verdict,
    owner: &Owner,
    now: Millis,
) -> Result<Vec<Due>, OperationError> {
    let charges = &verdict.charges;
    // A verdict that was not the engine's charges nothing.
    if charges.is_empty() {
        return Ok(Vec::new());
    }
    if charges.len() != effects.len() {
        return Err(OperationError::Charges);
    }
    let due = effects.iter().zip(charges).filter_map(|(effect, amount)| {
        let Effect::Debit(debit) = effect else { return None };
        // A cost that was said to be nought is held as well: what is reported later finds it.
        let is_due = *amount > 0 || debit.held && verdict.permitted;
        let key = || key(debit, owner, window_number(debit, now));
        is_due.then(|| Due { key: key(), debit: debit.clone(), amount: *amount })
    });
    Ok(due.collect())
}

/// Whether the meters of all charges are there.
pub(super) fn check(due: &[Due], page: &Page) -> Result<(), OperationError> {
    due.iter().try_for_each(|own| Ok(page.meters.get(&own.key).map(drop)?))
}

/// Puts charges on their meters, and says what is held.
pub(super) fn charge(due: &[Due], page: &mut Page) -> Result<Vec<state::Charge>, OperationError> {
    let now = page.now;
    let mut held = Vec::new();
    for own in due {
        let meter = page.meters.edit(&own.key)?;
        match own.debit.window {
            Window::Sliding(seconds) => meter.charge_sliding(now.0, seconds, own.amount),
            Window::Lifetime | Window::Fixed(_) if own.debit.held => {
                meter.hold(own.amount);
                held.push(state::Charge {
                    meter: own.key.clone(),
                    unit: unit_word(own.debit.unit).to_owned(),
                    amount: own.amount,
                });
            }
            Window::Lifetime | Window::Fixed(_) => meter.charge(own.amount),
        }
    }
    Ok(held)
}

/// The word used on the wire.
pub const fn unit_word(unit: Unit) -> &'static str {
    match unit {
        Unit::Points => "points",
        Unit::UsdMicros => "usd",
        Unit::Tokens => "tokens",
        Unit::Calls => "calls",
    }
}
