//! Which meters does the call charge, and how much; and what needs no meter to be said.

use crate::call::Call;
use crate::decision::{Layer, Outcome, Reason, Rule};
use crate::effect::{Debit, Effect, RISK_DAY_METER, RISK_METER, Scope, Unit, Window};
use crate::meters::{Kind, Meter};
use crate::money;
use crate::policy::Policy;

/// The window of `maxPerDay` in seconds.
const DAY: u32 = 86_400;

/// What denies the call before any meter is read: limits per call, and calls that do not say what
/// they cost or whom they pay. The answer is what is left to charge.
pub(super) fn decide<'p>(
    policy: &'p Policy,
    call: &Call<'_>,
    points: u64,
    reasons: &mut Vec<Reason>,
) -> Vec<Charge<'p>> {
    if let Some(max) = policy.budget.and_then(|budget| budget.max_per_call).filter(|max| points > *max) {
        reasons.push(Reason {
            outcome: Outcome::Deny,
            layer: Layer::RiskBudget,
            code: "risk-per-call".into(),
            message: format!("Call costs {points} risk points, and one call may cost {max}."),
            rule: Some(Rule { pattern: max.to_string(), pointer: "/riskBudget/maxPerCall".to_owned() }),
            part: None,
        });
    }
    let mut charges = Vec::new();
    for meter in policy.meters.iter().filter(|meter| meter.concerns(&call.tool_name)) {
        match price(meter, call, points) {
            Ok(None) => {}
            Ok(Some((key, amount))) => charges.push(Charge { meter, key, amount }),
            Err((outcome, code, message)) => reasons.push(reason(meter, outcome, code, message)),
        }
    }
    charges
}

/// A charge on a meter of the policy.
pub(super) struct Charge<'p> {
    meter: &'p Meter,
    key: String,
    amount: u64,
}

type Refusal = (Outcome, &'static str, String);

/// What the call would add to a meter, and under which key; `None` if nothing.
fn price(meter: &Meter, call: &Call<'_>, points: u64) -> Result<Option<(String, u64)>, Refusal> {
    let name = &meter.rule.pattern;
    let cost = match meter.unit {
        Unit::UsdMicros => call.cost.usd_micros,
        Unit::Tokens => call.cost.tokens,
        Unit::Points => Some(points),
        Unit::Calls => Some(1),
    };
    let Some(amount) = cost else {
        // Only the tools that a budget lists are known to cost something.
        return if meter.tools.is_some() {
            let message =
                format!("Budget \"{name}\" needs to know what the call costs, and it does not say.");
            Err((Outcome::Deny, "cost-missing", message))
        } else {
            Ok(None)
        };
    };
    if meter.span.is_none() {
        return if amount > meter.limit {
            let (cost, limit) = (show(meter.unit, amount), show(meter.unit, meter.limit));
            let (code, person) = over(meter.exceeded, "budget-per-call");
            let message =
                format!("Call costs {cost}, and budget \"{name}\" allows {limit} per call{person}.");
            Err((meter.exceeded, code, message))
        } else {
            Ok(None)
        };
    }
    let missing = |(code, what)| {
        (Outcome::Deny, code, format!("{} is kept apart by {what}, and the call names none.", meter.title()))
    };
    let key = meter.by.key(call).map_err(missing)?;
    Ok(Some((key, amount)))
}

/// An amount for people.
pub(crate) fn show(unit: Unit, amount: u64) -> String {
    match unit {
        Unit::UsdMicros => money::show(amount),
        Unit::Tokens => format!("{amount} tokens"),
        Unit::Calls => format!("{amount} calls"),
        Unit::Points => format!("{amount} points"),
    }
}

/// The code of a call over a budget, and what a message says of the person who is asked.
pub(crate) const fn over(exceeded: Outcome, code: &'static str) -> (&'static str, &'static str) {
    match exceeded {
        Outcome::Escalate => ("budget-approval", "; more needs a person"),
        Outcome::Allow | Outcome::Deny => (code, ""),
    }
}

fn reason(meter: &Meter, outcome: Outcome, code: &'static str, message: String) -> Reason {
    Reason {
        outcome,
        layer: meter.layer(),
        code: code.into(),
        message,
        rule: Some(meter.rule.clone()),
        part: None,
    }
}

/// The effects of a decision, in the order in which `conclude` expects their outcomes.
pub(super) fn effects(policy: &Policy, points: u64, charges: Vec<Charge<'_>>) -> Vec<Effect> {
    let mut effects = risk_debits(policy, points);
    let charged = charges.into_iter().filter_map(|charge| charge.meter.debit(charge.key, charge.amount));
    effects.extend(charged.map(Effect::Debit));
    effects
}

/// The charges of risk points.
pub(crate) fn risk_debits(policy: &Policy, points: u64) -> Vec<Effect> {
    let risk = |meter: &'static str, scope, window, limit| {
        Effect::Debit(Debit {
            meter: meter.into(),
            unit: Unit::Points,
            scope,
            key: String::new(),
            window,
            amount: points,
            limit,
            held: false,
        })
    };
    // Without a budget the points are counted all the same: people want to see them.
    let limit = policy.budget.map_or(u64::MAX, |budget| budget.max);
    let mut debits = Vec::with_capacity(2 + policy.meters.len());
    debits.push(risk(RISK_METER, Scope::Session, Window::Lifetime, limit));
    let day = policy.budget.map(|budget| budget.max_per_day);
    debits.extend(day.map(|limit| risk(RISK_DAY_METER, Scope::Agent, Window::Sliding(DAY), limit)));
    debits
}

/// A call that cannot be read charges what counts denials, and nothing else.
pub(super) fn unread(policy: &Policy) -> Vec<Charge<'_>> {
    let denials = policy.meters.iter().filter(|meter| meter.kind == Kind::Denials);
    denials.map(|meter| Charge { meter, key: String::new(), amount: 1 }).collect()
}
