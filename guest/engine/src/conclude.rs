//! The end of a decision: what became of its effects, how far the policy is rolled out, whether
//! somebody can answer. Pure, and able only to raise the outcome.

mod anomaly;
mod meters;

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::approval::{Approval, Question};
use crate::decide::network::BODY_MISSING;
use crate::decision::{Decision, Digest, Layer, Mode, Outcome, Reason, Rule, Unseen};
use crate::effect::{Effect, EffectOutcome, RISK_METER};
use crate::http::Forward;
use crate::policy::Policy;
use crate::wire;
use meters::{End, Pair};

/// What the caller knows and the engine cannot.
#[derive(Clone, Copy, Debug, Default)]
pub struct Circumstances {
    /// Mode set for the whole installation; the stricter of it and the policy's counts.
    pub mode: Option<Mode>,
    /// Whether somebody can answer an escalation, and whether somebody did.
    pub approval: Approval,
    /// Milliseconds since the epoch; needed by what depends on the time of day.
    pub now: Option<u64>,
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
    /// What to ask a person, where the call waits for one.
    pub question: Option<Question>,
    /// Everything that needs that person, the reason that decided first: a yes is for all of it. Empty
    /// where nobody is asked.
    pub grounds: Vec<Reason>,
    /// Whether it was allowed because a person approved it: the approval is used up.
    pub redeemed: bool,
    /// Points that this call costs its session.
    pub risk_points: u64,
    /// Millionths of a dollar that are at stake, where the call says so.
    pub value: Option<u64>,
    /// What to add to the meter of each effect, in the order of the effects; 0 for nothing.
    pub charges: Vec<u64>,
    /// To be learned once the call was executed; empty unless the call is permitted.
    pub observations: Vec<Observation>,
    /// Labels for the record of the call, sorted, each once.
    pub tags: Vec<String>,
    /// What to forward instead of what was received, of a request over HTTP that could be read.
    pub forward: Option<Forward>,
    /// Canonical JSON: the same bytes in every shell.
    pub json: String,
}

/// What is worth remembering of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The key of the baseline that learns it.
    pub key: String,
    /// For [`crate::learn`].
    pub bytes: Vec<u8>,
}

impl Decision {
    /// Whether the conclusion may be an escalation: whoever keeps approvals has to look then.
    pub fn may_ask(&self, policy: &Policy) -> bool {
        match self.outcome {
            Outcome::Deny => false,
            Outcome::Escalate => true,
            Outcome::Allow => {
                meters::may_escalate(policy, self)
                    || self.effects.iter().any(|effect| effect.debit().is_none())
            }
        }
    }

    /// How much of the body has to come with the request before it is decided, because somebody may be
    /// asked about it: they would approve what nobody has seen. `None`: it is decided as it is.
    pub(crate) fn body_awaited(&self, policy: &Policy) -> Option<u64> {
        let is_unseen = |reason: &Reason| reason.code == BODY_MISSING;
        let denies = |reason: &Reason| reason.outcome == Outcome::Deny && !is_unseen(reason);
        let may_ask = || self.may_ask(policy) || self.reasons.iter().any(is_unseen);
        self.unseen.longest.filter(|_| !self.reasons.iter().any(denies) && may_ask())
    }

    /// Whether its end depends on what somebody keeps: meters that have a limit, what was learned, the
    /// answers of people. Whoever keeps nothing can conclude all other decisions.
    pub fn needs_state(&self, policy: &Policy) -> bool {
        let is_bounded = |effect: &Effect| effect.debit().is_none_or(|debit| debit.limit < u64::MAX);
        self.may_ask(policy) || self.effects.iter().any(is_bounded)
    }
}

/// A reason that outdoes the decision's own.
#[derive(Clone)]
struct Raise {
    outcome: Outcome,
    layer: Layer,
    code: &'static str,
    message: String,
    rule: Option<Rule>,
}

/// Concludes a decision. `outcomes` answers its effects one for one.
pub fn conclude(
    policy: &Policy,
    decision: &Decision,
    outcomes: &[EffectOutcome],
    circumstances: &Circumstances,
) -> Verdict {
    let pairs = meters::pairs(decision, outcomes);
    let mut verdict = end(policy, decision, pairs.as_deref(), circumstances);
    verdict.forward = decision.forward.clone();
    verdict.json = json(&verdict, policy, decision, risk_used(pairs.as_deref()));
    verdict
}

/// The same where nobody keeps meters, baselines or approvals, for whoever writes no JSON of it: `json` and
/// `forward` are empty. A decision that [needs state](Decision::needs_state) is not for this.
pub fn conclude_stateless(policy: &Policy, decision: &Decision) -> Verdict {
    let outcomes = vec![EffectOutcome::Unmetered; decision.effects.len()];
    let pairs = meters::pairs(decision, &outcomes);
    end(policy, decision, pairs.as_deref(), &Circumstances::default())
}

fn end(
    policy: &Policy,
    decision: &Decision,
    pairs: Option<&[Pair<'_>]>,
    circumstances: &Circumstances,
) -> Verdict {
    let unusual = anomaly::raises(policy, decision, pairs, circumstances.now);
    let raises = |is_paid| {
        let mut raises = meters::raises(policy, decision, pairs, is_paid);
        raises.extend(unusual.iter().cloned());
        if decision.unseen.is_announced && outcome_of(decision, &raises) == Outcome::Escalate {
            raises.push(unseen(decision.unseen));
        }
        raises
    };
    let mut approval = circumstances.approval;
    let mut found = raises(approval.is_paid());
    if matches!(approval, Approval::Granted(asked) if asked != grounds(decision, &found)) {
        // Something came to it, or went away, that nobody was asked about.
        approval = Approval::Possible;
    }
    // A call that waits for its answer, or was given one, paid when it was asked about. One that
    // needs no person any more is a call like any other.
    let is_paid = approval.is_paid() && outcome_of(decision, &found) == Outcome::Escalate;
    if circumstances.approval.is_paid() && !is_paid {
        found = raises(false);
    }
    // Nobody is asked about anything else, and a digest costs more than most decisions.
    let needs_person = outcome_of(decision, &found) == Outcome::Escalate;
    let grounds = if needs_person { grounds(decision, &found) } else { 0 };
    let mode = circumstances.mode.map_or(policy.mode, |mode| mode.max(policy.mode));
    let enforced = mode == Mode::Enforce;
    let is_asked = needs_person && enforced && matches!(approval, Approval::Possible | Approval::Waiting);
    let asked_for = if is_asked { everything(decision, &found) } else { Vec::new() };
    let raise = worst(found).filter(|raise| raise.outcome > decision.outcome);
    let first = decision.reasons.first();
    let (mut outcome, mut layer, mut code, mut reason, rule) = match (raise, first) {
        (Some(raise), _) => (raise.outcome, raise.layer, raise.code.into(), raise.message, raise.rule),
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
    // Where nothing is enforced nobody waits for a person.
    let (mut question, mut redeemed) = (None, false);
    if outcome == Outcome::Escalate && enforced {
        match approval {
            Approval::Nobody => reason.push_str(" Nobody can approve it here, so it is denied."),
            Approval::Possible => question = Some(policy.approvals.question(grounds)),
            Approval::Waiting => {
                question = Some(policy.approvals.question(grounds));
                reason.push_str(" A person was asked and has not answered yet.");
            }
            // The one way in which an outcome gets better: a person was asked about this very call.
            Approval::Granted(_) => {
                redeemed = true;
                (outcome, layer, code) = (Outcome::Allow, Layer::Approval, "approved".into());
                reason = format!("A person approved this call. It was asked because: {reason}");
            }
            Approval::Refused(why) => {
                let (own, sentence) = why.reason();
                (outcome, layer, code) = (Outcome::Deny, Layer::Approval, own.into());
                reason = format!("{sentence} It was asked because: {reason}");
            }
        }
    }
    let risk_points = if outcome == Outcome::Deny && decision.outcome != Outcome::Deny {
        policy.points.denied
    } else if is_paid {
        0
    } else {
        asked(decision)
    };
    let permitted = outcome == Outcome::Allow || !enforced;
    Verdict {
        decision: outcome,
        enforced,
        permitted,
        reason,
        code,
        layer,
        mode,
        rule,
        question,
        grounds: asked_for,
        redeemed,
        risk_points,
        value: decision.value,
        charges: meters::charges(policy, decision, pairs, End { outcome, permitted, risk_points }),
        observations: anomaly::observations(decision, pairs, permitted, circumstances.now),
        tags: decision.tags.clone(),
        forward: None,
        json: String::new(),
    }
}

/// Nobody is asked about a request whose body they cannot see.
fn unseen(what: Unseen) -> Raise {
    let (code, message) = crate::decide::network::unseen(what);
    Raise { outcome: Outcome::Deny, layer: Layer::Network, code, message: message.to_owned(), rule: None }
}

/// The worst of them, the first of equals.
fn worst(raises: Vec<Raise>) -> Option<Raise> {
    raises.into_iter().reduce(|worst, next| if next.outcome > worst.outcome { next } else { worst })
}

/// The outcome with what was found.
fn outcome_of(decision: &Decision, found: &[Raise]) -> Outcome {
    found.iter().map(|raise| raise.outcome).fold(decision.outcome, Outcome::max)
}

/// Stands for everything that needs a person: codes, and the lines of the policy that they come from.
/// The order in which they were found does not matter.
fn grounds(decision: &Decision, found: &[Raise]) -> u64 {
    let reasons = decision.reasons.iter().map(|own| (own.outcome, own.code.as_ref(), own.rule.as_ref()));
    let raises = found.iter().map(|own| (own.outcome, own.code, own.rule.as_ref()));
    let texts: BTreeSet<String> = reasons
        .chain(raises)
        .filter(|(outcome, _, _)| *outcome == Outcome::Escalate)
        .map(|(_, code, rule)| {
            let (pointer, pattern) = rule.map_or(("", ""), |own| (&*own.pointer, &*own.pattern));
            format!("{}:{code}{}:{pointer}{}:{pattern}", code.len(), pointer.len(), pattern.len())
        })
        .collect();
    let all: String = texts.into_iter().collect();
    Digest::of(all.as_bytes()).start()
}

/// Every reason that needs a person, the one that decided first: those of the decision come before what
/// was found in its end, as [`worst`] has it.
fn everything(decision: &Decision, found: &[Raise]) -> Vec<Reason> {
    let reasons = decision.reasons.iter().filter(|own| own.outcome == Outcome::Escalate).cloned();
    let raises = found.iter().filter(|own| own.outcome == Outcome::Escalate).map(|own| Reason {
        outcome: own.outcome,
        layer: own.layer,
        code: own.code.into(),
        message: own.message.clone(),
        rule: own.rule.clone(),
        part: None,
    });
    reasons.chain(raises).collect()
}

/// The points that the decision asks for.
fn asked(decision: &Decision) -> u64 {
    let debits = decision.effects.iter().filter_map(Effect::debit);
    debits.filter(|debit| debit.meter == RISK_METER).map(|debit| debit.amount).fold(0, u64::saturating_add)
}

/// Points that the session used before this call, where somebody keeps count.
fn risk_used(pairs: Option<&[Pair<'_>]>) -> Option<u64> {
    pairs?.iter().find_map(|(effect, outcome)| match outcome {
        EffectOutcome::Reading(reading) if effect.debit()?.meter == RISK_METER => Some(*reading),
        EffectOutcome::Reading(_)
        | EffectOutcome::Baseline(_)
        | EffectOutcome::Unmetered
        | EffectOutcome::Refused(_)
        | EffectOutcome::Failed(_) => None,
    })
}

/// The verdict on the wire. Field order is fixed, and nothing depends on a map's order.
fn json(verdict: &Verdict, policy: &Policy, decision: &Decision, risk_used: Option<u64>) -> String {
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
    if let (Some(used), Some(max)) = (risk_used, policy.risk_max()) {
        out.push_str(&format!(",\"riskUsed\":{used},\"riskMax\":{max}"));
    }
    if !verdict.tags.is_empty() {
        out.push_str(",\"tags\":");
        wire::push_json_list(&mut out, &verdict.tags);
    }
    if let Some(forward) = &verdict.forward {
        text(&mut out, ",\"http\":{\"authority\":", &forward.authority);
        text(&mut out, ",\"path\":", &forward.path);
        out.push('}');
    }
    text(&mut out, ",\"agentId\":", &decision.agent_id);
    text(&mut out, ",\"toolName\":", &decision.tool_name);
    text(&mut out, ",\"callDigest\":", &decision.call_digest.to_string());
    text(&mut out, ",\"policyDigest\":", &policy.digest.to_string());
    out.push('}');
    out
}
