//! Does each meter bear its charge? And what is charged in the end. Readings in, numbers out.

use super::Raise;
use crate::decision::{Access, Decision, Layer, Outcome, Rule};
use crate::effect::{Debit, Effect, EffectOutcome, RISK_DAY_METER, RISK_METER, Window};
use crate::meters::{Kind, Meter};
use crate::policy::{Budget, Policy};
use crate::wire;

/// An effect with its answer.
pub(super) type Pair<'d> = (&'d Effect, &'d EffectOutcome);

/// Each effect of a decision with its answer, or nothing if the numbers or the kinds differ.
pub(super) fn pairs<'d>(decision: &'d Decision, outcomes: &'d [EffectOutcome]) -> Option<Vec<Pair<'d>>> {
    let is_answer = |effect: &Effect, outcome: &EffectOutcome| match (effect, outcome) {
        (Effect::Debit(_), EffectOutcome::Baseline(_))
        | (Effect::Baseline { .. }, EffectOutcome::Reading(_)) => false,
        (Effect::Debit(_), EffectOutcome::Reading(_))
        | (Effect::Baseline { .. }, EffectOutcome::Baseline(_))
        | (_, EffectOutcome::Unmetered | EffectOutcome::Refused(_) | EffectOutcome::Failed(_)) => true,
    };
    let is_whole = outcomes.len() == decision.effects.len();
    let pairs: Vec<_> = decision.effects.iter().zip(outcomes).collect();
    (is_whole && pairs.iter().all(|(effect, outcome)| is_answer(effect, outcome))).then_some(pairs)
}

/// What the answers say.
pub(super) fn raises(
    policy: &Policy,
    decision: &Decision,
    pairs: Option<&[Pair<'_>]>,
    is_paid: bool,
) -> Vec<Raise> {
    let Some(pairs) = pairs else {
        let message = "The effects of the decision were not all tried.".to_owned();
        return vec![engine("effects-unanswered", message)];
    };
    // What could not be done comes first: no other finding would be a whole one.
    let broken = pairs.iter().find_map(|(_, outcome)| match outcome {
        EffectOutcome::Reading(_) | EffectOutcome::Unmetered | EffectOutcome::Baseline(_) => None,
        EffectOutcome::Refused(why) => Some(Raise {
            outcome: Outcome::Deny,
            layer: Layer::RiskBudget,
            code: "effect-refused",
            message: wire::excerpt(why).into_owned(),
            rule: None,
        }),
        EffectOutcome::Failed(why) => {
            Some(engine("effect-failed", format!("State could not be kept: {}.", wire::excerpt(why))))
        }
    });
    if let Some(broken) = broken {
        return vec![broken];
    }
    pairs.iter().filter_map(|(effect, outcome)| bears(policy, decision, effect, outcome, is_paid)).collect()
}

pub(super) fn engine(code: &'static str, message: String) -> Raise {
    Raise { outcome: Outcome::Deny, layer: Layer::Engine, code, message, rule: None }
}

/// What one meter says of its charge. Points that are paid already are not counted twice.
fn bears(
    policy: &Policy,
    decision: &Decision,
    effect: &Effect,
    outcome: &EffectOutcome,
    is_paid: bool,
) -> Option<Raise> {
    let debit = effect.debit()?;
    let reading = match outcome {
        EffectOutcome::Reading(reading) => Some(*reading),
        EffectOutcome::Unmetered => None,
        EffectOutcome::Refused(_) | EffectOutcome::Failed(_) | EffectOutcome::Baseline(_) => return None,
    };
    // What was paid when the question was asked stands on the meter: it is not used *before* the call.
    let own = if is_paid { debit.amount } else { 0 };
    match debit.meter.as_ref() {
        RISK_METER => session(policy.budget?, decision, debit.amount, reading?.saturating_sub(own)),
        RISK_DAY_METER => day(debit, reading?.saturating_sub(own)),
        name => match policy.meters.iter().find(|meter| meter.name == name) {
            Some(meter) => meter_bears(meter, debit, reading),
            // The decision was made with another policy.
            None => Some(engine("meter-unknown", "Policy has no such meter.".to_owned())),
        },
    }
}

/// The thresholds of a session, from the points that it has used before.
fn session(budget: Budget, decision: &Decision, points: u64, used: u64) -> Option<Raise> {
    let raise = |outcome, code, message: &str| {
        let message = format!("{message} ({used} of {} points used).", budget.max);
        Some(Raise { outcome, layer: Layer::RiskBudget, code, message, rule: None })
    };
    let heavy = is_heavy(decision, points);
    if used >= budget.exhausted {
        raise(Outcome::Deny, "risk-exhausted", "Risk budget is exhausted; the session has to be reset")
    } else if used >= budget.critical && decision.access != Access::Read {
        raise(Outcome::Deny, "risk-critical", "Risk budget is critical; only reads are allowed")
    } else if decision.outcome != Outcome::Deny && passes(used, points, budget.max) {
        raise(Outcome::Deny, "risk-exceeded", "Risk budget does not cover this call")
    } else if used >= budget.throttle && heavy {
        raise(Outcome::Escalate, "risk-throttle", "Risk budget is throttled; this call needs a person")
    } else {
        None
    }
}

/// Whether a throttled session needs a person for a call of so many points.
fn is_heavy(decision: &Decision, points: u64) -> bool {
    matches!(decision.access, Access::Write | Access::Execute | Access::Tool) && points >= 5
}

/// Whether a meter may make an allowed call one for a person.
pub(super) fn may_escalate(policy: &Policy, decision: &Decision) -> bool {
    // Where nothing lies between the two, a call is denied before anybody is asked.
    let throttles = |own: Budget| own.throttle < own.critical.min(own.exhausted);
    let asks = |debit: &Debit| {
        let mut meters = policy.meters.iter();
        meters.any(|meter| meter.name == debit.meter && meter.exceeded == Outcome::Escalate)
    };
    policy.budget.is_some_and(throttles) && is_heavy(decision, super::asked(decision))
        || decision.effects.iter().filter_map(Effect::debit).any(asks)
}

/// The points of an agent in the last 24 hours.
fn day(debit: &Debit, used: u64) -> Option<Raise> {
    passes(used, debit.amount, debit.limit).then(|| Raise {
        outcome: Outcome::Deny,
        layer: Layer::RiskBudget,
        code: "risk-day-exceeded",
        message: format!(
            "Risk budget of the agent does not cover this call ({used} of {} points used in 24 hours).",
            debit.limit
        ),
        rule: None,
    })
}

/// Whether the charge would pass the limit. A sum that is no number passes every limit.
fn passes(reading: u64, amount: u64, limit: u64) -> bool {
    reading.checked_add(amount).is_none_or(|sum| sum > limit)
}

/// A budget or a rate limit.
fn meter_bears(meter: &Meter, debit: &Debit, reading: Option<u64>) -> Option<Raise> {
    let name = &meter.rule.pattern;
    let raise = |outcome, code, message| {
        let rule: Option<Rule> = Some(meter.rule.clone());
        Some(Raise { outcome, layer: meter.layer(), code, message, rule })
    };
    let deny = |code, message| raise(Outcome::Deny, code, message);
    let Some(reading) = reading else {
        let message =
            format!("{} needs a meter, and nobody keeps one here: it needs the daemon.", meter.title());
        return deny("meter-missing", message);
    };
    // What counts denials does not bound the call itself, but who keeps on being denied.
    let is_spent = match meter.kind {
        Kind::Budget | Kind::Rate => passes(reading, debit.amount, debit.limit),
        Kind::Denials => reading >= debit.limit,
    };
    if !is_spent {
        return None;
    }
    let seconds = match debit.window {
        Window::Sliding(seconds) | Window::Fixed(seconds) => seconds,
        Window::Lifetime => 0,
    };
    let show = |amount| crate::decide::show(debit.unit, amount);
    match meter.kind {
        Kind::Budget => {
            let (cost, limit) = (show(debit.amount), show(debit.limit));
            let left = show(debit.limit.saturating_sub(reading));
            let (code, person) = crate::decide::over(meter.exceeded, "budget-exceeded");
            let message =
                format!("Budget \"{name}\" does not cover {cost}: {left} of {limit} is left{person}.");
            raise(meter.exceeded, code, message)
        }
        Kind::Rate => deny(
            "rate-limited",
            format!("Rate limit \"{name}\" is reached: {} calls in {seconds} seconds.", debit.limit),
        ),
        Kind::Denials => deny(
            "denials-limited",
            format!(
                "Too many calls were denied: {} in {seconds} seconds. Wait, and ask for less.",
                debit.limit
            ),
        ),
    }
}

/// What the verdict adds to each meter, in the order of the effects.
///
/// Points are the price of the attempt, whatever becomes of it; everything else is charged for
/// what goes ahead. No charge takes a meter past its limit, and a meter that nobody read is
/// charged nothing.
pub(super) fn charges(
    policy: &Policy,
    decision: &Decision,
    pairs: Option<&[Pair<'_>]>,
    end: End,
) -> Vec<u64> {
    let none = || vec![0; decision.effects.len()];
    let Some(pairs) = pairs else { return none() };
    if pairs.iter().any(|(_, outcome)| matches!(outcome, EffectOutcome::Failed(_))) {
        return none();
    }
    let charge = |(effect, outcome): &Pair<'_>| {
        let (Some(debit), EffectOutcome::Reading(reading)) = (effect.debit(), outcome) else { return 0 };
        let amount = match debit.meter.as_ref() {
            RISK_METER | RISK_DAY_METER => end.risk_points,
            name => {
                let meter = policy.meters.iter().find(|meter| meter.name == name);
                let is_charged = match meter.map(|meter| meter.kind) {
                    Some(Kind::Denials) => end.outcome == Outcome::Deny,
                    Some(Kind::Budget | Kind::Rate) | None => end.permitted,
                };
                if is_charged { debit.amount } else { 0 }
            }
        };
        amount.min(debit.limit.saturating_sub(*reading))
    };
    pairs.iter().map(charge).collect()
}

/// How the call ended, as far as charges depend on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) outcome: Outcome,
    pub(super) permitted: bool,
    pub(super) risk_points: u64,
}
