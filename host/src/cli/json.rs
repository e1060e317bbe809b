//! What `--json` prints: the types of the engine in the field names of the wire.

use sentinel::engine::{Access, Decision, Diagnostic, Effect, Part, Reason, Rule, Unit, layer_word};
use serde::Serialize;

use super::page::outcome_word;

/// A finding about a policy document.
#[derive(Serialize)]
pub(crate) struct Finding<'a> {
    code: &'a str,
    message: &'a str,
    help: Option<&'a str>,
    pointer: &'a str,
    line: u32,
    column: u32,
    start: u32,
    end: u32,
}

impl<'a> From<&'a Diagnostic> for Finding<'a> {
    fn from(finding: &'a Diagnostic) -> Self {
        Self {
            code: &finding.code,
            message: &finding.message,
            help: finding.help.as_deref(),
            pointer: &finding.pointer,
            line: finding.line,
            column: finding.column,
            start: finding.start,
            end: finding.end,
        }
    }
}

/// Everything that the engine found about a call.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Findings<'a> {
    outcome: &'static str,
    access: &'static str,
    agent_id: &'a str,
    tool_name: &'a str,
    call_digest: &'a str,
    findings: Vec<ReasonLine<'a>>,
    effects: Vec<EffectLine<'a>>,
}

#[derive(Serialize)]
struct ReasonLine<'a> {
    outcome: &'static str,
    layer: &'static str,
    code: &'a str,
    message: &'a str,
    rule: Option<RuleLine<'a>>,
    part: Option<PartLine<'a>>,
}

#[derive(Serialize)]
struct RuleLine<'a> {
    pattern: &'a str,
    pointer: &'a str,
}

#[derive(Serialize)]
struct PartLine<'a> {
    text: &'a str,
    start: u32,
    end: u32,
}

#[derive(Serialize)]
#[serde(tag = "effect", rename_all = "lowercase")]
enum EffectLine<'a> {
    Debit {
        meter: &'a str,
        amount: u64,
        /// Points where it does not say.
        #[serde(skip_serializing_if = "Option::is_none")]
        unit: Option<&'static str>,
        /// Nothing is kept apart where it does not say.
        #[serde(skip_serializing_if = "str::is_empty")]
        key: &'a str,
    },
    Baseline {
        key: &'a str,
    },
}

impl<'a> From<&'a Decision> for Findings<'a> {
    fn from(decision: &'a Decision) -> Self {
        Self {
            outcome: outcome_word(decision.outcome),
            access: access_word(decision.access),
            agent_id: &decision.agent_id,
            tool_name: &decision.tool_name,
            call_digest: &decision.call_digest,
            findings: decision.reasons.iter().map(ReasonLine::from).collect(),
            effects: decision.effects.iter().map(EffectLine::from).collect(),
        }
    }
}

impl<'a> From<&'a Reason> for ReasonLine<'a> {
    fn from(reason: &'a Reason) -> Self {
        let rule = |rule: &'a Rule| RuleLine { pattern: &rule.pattern, pointer: &rule.pointer };
        let part = |part: &'a Part| PartLine { text: &part.text, start: part.start, end: part.end };
        Self {
            outcome: outcome_word(reason.outcome),
            layer: layer_word(reason.layer),
            code: &reason.code,
            message: &reason.message,
            rule: reason.rule.as_ref().map(rule),
            part: reason.part.as_ref().map(part),
        }
    }
}

impl<'a> From<&'a Effect> for EffectLine<'a> {
    fn from(effect: &'a Effect) -> Self {
        match effect {
            Effect::Debit(debit) => Self::Debit {
                meter: &debit.meter,
                amount: debit.amount,
                unit: unit_word(debit.unit),
                key: &debit.key,
            },
            Effect::Baseline(key) => Self::Baseline { key },
        }
    }
}

/// The word used on the wire.
const fn access_word(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::Write => "write",
        Access::Execute => "execute",
        Access::Tool => "tool",
    }
}

/// The word used on the wire; none for points, which most policies have and nothing else.
const fn unit_word(unit: Unit) -> Option<&'static str> {
    match unit {
        Unit::Points => None,
        Unit::UsdMicros => Some("usd-micros"),
        Unit::Tokens => Some("tokens"),
        Unit::Calls => Some("calls"),
    }
}
