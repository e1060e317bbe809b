//! The end of a decision: what became of its effects, how far the policy is rolled out, whether
//! somebody can answer. Pure, and able only to raise the outcome.

use std::borrow::Cow;

use crate::decision::{Access, Decision, Effect, EffectOutcome, Layer, Mode, Outcome, RISK_METER, Rule};
use crate::policy::{Budget, Policy};
use crate::wire;

/// What the caller knows and the engine cannot.
#[derive(Clone, Copy, Debug, Default)]
pub struct Circumstances {
    /// Mode set for the whole installation; the stricter of it and the policy's counts.
    pub mode: Option<Mode>,
    /// Whether somebody can answer an escalation. If not, it is enforced as a deny.
    pub approver: bool,
    /// Risk points used by this session before this call, where a session is kept.
    pub risk_used: Option<u64>,
}

/// The end of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What was decided.
    pub decision: Outcome,
    /// False in the modes that only watch.
    pub enforced: bool,
    /// Whether the action may be performed now: allowed, or not enforced.
    pub permitted: bool,
    /// One sentence.
    pub reason: String,
    /// Stable code of the reason.
    pub code: Cow<'static, str>,
    /// Where the reason comes from.
    pub layer: Layer,
    /// The effective mode.
    pub mode: Mode,
    /// The line of the policy.
    pub rule: Option<Rule>,
    /// Points that this call costs its session.
    pub risk_points: u64,
    /// Canonical JSON: the same bytes in every shell.
    pub json: String,
}

/// A reason that outdoes the decision's own.
struct Raise {
    outcome: Outcome,
    layer: Layer,
    code: &'static str,
    message: String,
}

/// Concludes a decision. `outcomes` answers its effects one for one.
pub fn conclude(
    policy: &Policy,
    decision: &Decision,
    outcomes: &[EffectOutcome],
    circumstances: &Circumstances,
) -> Verdict {
    let asked: u64 = decision.effects.iter().map(risk_points).fold(0, u64::saturating_add);
    let raise = effects(decision, outcomes)
        .or_else(|| {
            policy.budget.and_then(|budget| risk_budget(budget, decision, asked, circumstances.risk_used?))
        })
        .filter(|raise| raise.outcome > decision.outcome);
    let mode = circumstances.mode.map_or(policy.mode, |mode| mode.max(policy.mode));
    let enforced = mode == Mode::Enforce;
    let first = decision.reasons.first();
    let (outcome, layer, code, reason, rule) = match (raise, first) {
        (Some(raise), _) => (raise.outcome, raise.layer, raise.code.into(), raise.message, None),
        (None, Some(first)) => {
            (decision.outcome, first.layer, first.code.clone(), first.message.clone(), first.rule.clone())
        }
        (None, None) => (
            Outcome::Deny,
            Layer::Engine,
            "no-reason".into(),
            "The decision gives no reason.".to_owned(),
            None,
        ),
    };
    let risk_points = if outcome == Outcome::Deny && decision.outcome != Outcome::Deny {
        policy.points.denied
    } else {
        asked
    };
    let mut verdict = Verdict {
        decision: outcome,
        enforced,
        permitted: outcome == Outcome::Allow || !enforced,
        reason,
        code,
        layer,
        mode,
        rule,
        risk_points,
        json: String::new(),
    };
    if outcome == Outcome::Escalate && !circumstances.approver {
        verdict.reason.push_str(" Nobody can approve it here, so it is denied.");
    }
    verdict.json = json(&verdict, policy, decision, circumstances);
    verdict
}

fn risk_points(effect: &Effect) -> u64 {
    match effect {
        Effect::Debit { meter, amount } if meter == RISK_METER => *amount,
        Effect::Debit { .. } => 0,
    }
}

/// An effect that was not settled denies the call.
fn effects(decision: &Decision, outcomes: &[EffectOutcome]) -> Option<Raise> {
    let deny = |layer, code, message| Some(Raise { outcome: Outcome::Deny, layer, code, message });
    if outcomes.len() != decision.effects.len() {
        return deny(
            Layer::Engine,
            "effects-unanswered",
            "The effects of the decision were not all tried.".to_owned(),
        );
    }
    outcomes.iter().find_map(|outcome| match outcome {
        EffectOutcome::Settled => None,
        EffectOutcome::Refused(why) => {
            deny(Layer::RiskBudget, "effect-refused", wire::excerpt(why).into_owned())
        }
        EffectOutcome::Failed(why) => {
            deny(Layer::Engine, "effect-failed", format!("State could not be kept: {}.", wire::excerpt(why)))
        }
    })
}

/// The thresholds of a session, from the points that it has used before.
fn risk_budget(budget: Budget, decision: &Decision, asked: u64, used: u64) -> Option<Raise> {
    let raise = |outcome, code, message: &str| {
        let message = format!("{message} ({used} of {} points used).", budget.max);
        Some(Raise { outcome, layer: Layer::RiskBudget, code, message })
    };
    let heavy = matches!(decision.access, Access::Write | Access::Execute | Access::Tool) && asked >= 5;
    if used >= budget.exhausted {
        raise(Outcome::Deny, "risk-exhausted", "Risk budget is exhausted; the session has to be reset")
    } else if used >= budget.critical && decision.access != Access::Read {
        raise(Outcome::Deny, "risk-critical", "Risk budget is critical; only reads are allowed")
    } else if decision.outcome != Outcome::Deny && used.saturating_add(asked) > budget.max {
        raise(Outcome::Deny, "risk-exceeded", "Risk budget does not cover this call")
    } else if used >= budget.throttle && heavy {
        raise(Outcome::Escalate, "risk-throttle", "Risk budget is throttled; this call needs a person")
    } else {
        None
    }
}

/// The verdict on the wire. Field order is fixed, and nothing depends on a map's order.
fn json(verdict: &Verdict, policy: &Policy, decision: &Decision, circumstances: &Circumstances) -> String {
    let mut out = String::with_capacity(512);
    let text = |out: &mut String, key: &str, value: &str| {
        out.push_str(key);
        wire::push_json_string(out, value);
    };
    text(&mut out, "{\"decision\":", verdict.decision.as_str());
    text(&mut out, ",\"reason\":", &verdict.reason);
    text(&mut out, ",\"layer\":", verdict.layer.as_str());
    text(&mut out, ",\"mode\":", verdict.mode.as_str());
    match &verdict.rule {
        Some(rule) => {
            text(&mut out, ",\"rule\":{\"pattern\":", &rule.pattern);
            text(&mut out, ",\"pointer\":", &rule.pointer);
            out.push('}');
        }
        None => out.push_str(",\"rule\":null"),
    }
    text(&mut out, ",\"code\":", &verdict.code);
    out.push_str(if verdict.enforced { ",\"enforced\":true" } else { ",\"enforced\":false" });
    out.push_str(if verdict.permitted { ",\"permitted\":true" } else { ",\"permitted\":false" });
    out.push_str(",\"riskPoints\":");
    out.push_str(&verdict.risk_points.to_string());
    if let (Some(used), Some(max)) = (circumstances.risk_used, policy.risk_max()) {
        out.push_str(&format!(",\"riskUsed\":{used},\"riskMax\":{max}"));
    }
    text(&mut out, ",\"agentId\":", &decision.agent_id);
    text(&mut out, ",\"toolName\":", &decision.tool_name);
    text(&mut out, ",\"callDigest\":", &decision.call_digest.to_string());
    text(&mut out, ",\"policyDigest\":", &policy.digest.to_string());
    out.push('}');
    out
}
