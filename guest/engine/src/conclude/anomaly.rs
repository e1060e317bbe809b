//! Is the call unusual beside the calls that went before? And what is to be remembered of it.

use super::meters::{Pair, engine};
use super::{Observation, Raise};
use crate::anomaly::{Amounts, Anomaly, Features, Habits, SPEND_KEY, Spike, score, show};
use crate::decision::{Decision, Layer, Outcome, Rule};
use crate::effect::{Effect, EffectOutcome};
use crate::policy::Policy;

/// What the baselines say.
pub(super) fn raises(
    policy: &Policy,
    decision: &Decision,
    pairs: Option<&[Pair<'_>]>,
    now: Option<u64>,
) -> Vec<Raise> {
    let raises = pairs.unwrap_or_default().iter().filter_map(|(effect, outcome)| match effect {
        Effect::Debit(_) => None,
        Effect::Baseline { key } => match outcome {
            EffectOutcome::Baseline(bytes) => one(policy, decision, key, bytes, now),
            EffectOutcome::Unmetered => Some(unkept()),
            // Said of the effects as a whole.
            EffectOutcome::Reading(_) | EffectOutcome::Refused(_) | EffectOutcome::Failed(_) => None,
        },
    });
    raises.collect()
}

fn raised(outcome: Outcome, code: &'static str, message: String, rule: (&str, &str)) -> Raise {
    let rule = Some(Rule { pattern: rule.0.to_owned(), pointer: rule.1.to_owned() });
    Raise { outcome, layer: Layer::Anomaly, code, message, rule }
}

fn unkept() -> Raise {
    let message = "Anomaly detection needs a memory of past calls, and nobody keeps one here: it needs the \
                   daemon.";
    raised(Outcome::Deny, "meter-missing", message.to_owned(), ("anomaly", "/anomaly"))
}

/// What one baseline says.
fn one(policy: &Policy, decision: &Decision, key: &str, bytes: &[u8], now: Option<u64>) -> Option<Raise> {
    let (Some(anomaly), Some(features)) = (&policy.anomaly, &decision.features) else {
        // The decision was made with another policy.
        return Some(engine("meter-unknown", "Policy looks for no anomalies.".to_owned()));
    };
    let failed = |what: &str| Some(engine("effect-failed", format!("State could not be kept: {what}.")));
    if key == SPEND_KEY {
        return match Amounts::read(bytes) {
            Some(amounts) => spike(anomaly.spike?, &amounts, features.amount?),
            None => failed("the memory of amounts cannot be read"),
        };
    }
    match Habits::read(bytes) {
        _ if now.is_none() && anomaly.needs_time() => failed("the time is not known"),
        Some(habits) => unusual(anomaly, &habits, features, now),
        None => failed("the memory of past calls cannot be read"),
    }
}

fn unusual(anomaly: &Anomaly, habits: &Habits, features: &Features, now: Option<u64>) -> Option<Raise> {
    let found = score(anomaly, habits, features, now);
    let points = found.as_ref().map_or(0, |found| found.score);
    let (outcome, code) = if points >= anomaly.block_at {
        (Outcome::Deny, "anomaly-blocked")
    } else if points >= anomaly.escalate_at {
        (Outcome::Escalate, "anomaly-unusual")
    } else {
        return None;
    };
    Some(found.map_or_else(
        || {
            let message = "Nothing about the call is unusual, and the policy acts on that, too.".to_owned();
            raised(outcome, code, message, ("anomaly", "/anomaly"))
        },
        |found| raised(outcome, code, found.message(), (found.signal.as_str(), "/anomaly")),
    ))
}

fn spike(spike: Spike, amounts: &Amounts, amount: u64) -> Option<Raise> {
    let count = amounts.exceeded(amount, spike.times)?;
    let times = show(spike.times);
    let message = format!(
        "Call costs {}, more than {times} times the mean of the last {count} amounts.",
        crate::money::show(amount)
    );
    Some(raised(spike.outcome, "spend-spike", message, (&times, "/anomaly/spike")))
}

/// What is to be learned once the call was executed. A call that is stopped teaches nothing, nor
/// does one whose baseline could not be had: it would be lost.
pub(super) fn observations(
    decision: &Decision,
    pairs: Option<&[Pair<'_>]>,
    permitted: bool,
    now: Option<u64>,
) -> Vec<Observation> {
    let Some(features) = decision.features.as_ref().filter(|_| permitted) else { return Vec::new() };
    let observe = |(effect, outcome): &Pair<'_>| match (effect, outcome) {
        (Effect::Baseline { key }, EffectOutcome::Baseline(_)) => {
            let bytes =
                if key == SPEND_KEY { features.observe_amount()? } else { features.observe_call(now) };
            Some(Observation { key: key.clone(), bytes })
        }
        (Effect::Debit(_) | Effect::Baseline { .. }, _) => None,
    };
    pairs.unwrap_or_default().iter().filter_map(observe).collect()
}
