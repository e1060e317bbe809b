//! A decision in full: every reason with its place in the policy and in the call, as JSON.

use sentinel_engine::{
    Circumstances, Decision, Effect, Reason, Rule, SyntaxTree, Window, conclude, decide_bytes, parse,
};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::policy::{WebPolicy, fresh};
use crate::text::{Places, Range};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Explanation<'d> {
    verdict: Option<&'d RawValue>,
    outcome: &'static str,
    access: &'static str,
    call_digest: String,
    reasons: Vec<Found<'d>>,
    paths: &'d [String],
    commands: Option<Vec<Value>>,
    effects: Vec<Value>,
}

#[derive(Serialize)]
struct Found<'d> {
    outcome: &'static str,
    layer: &'static str,
    code: &'d str,
    message: &'d str,
    rule: Option<Line<'d>>,
    part: Option<Part<'d>>,
}

/// The line of the policy.
#[derive(Serialize)]
struct Line<'d> {
    pattern: &'d str,
    pointer: &'d str,
    range: Option<Range>,
}

/// The part of the call.
#[derive(Serialize)]
struct Part<'d> {
    text: &'d str,
    start: usize,
    end: usize,
}

/// Explains what a policy says of a call on its own.
pub(crate) fn json(own: &WebPolicy, call: &[u8], circumstances: &Circumstances) -> String {
    let decision = decide_bytes(&own.policy, call);
    let verdict = conclude(&own.policy, &decision, &fresh(&decision), circumstances);
    let verdict = RawValue::from_string(verdict.json).ok();
    // It was parsed once, so it can be parsed again; without places the reasons are the same.
    let tree = parse(&own.document, own.format).ok();
    let document = Places::new(&own.document);
    let reasons = decision.reasons.iter().map(|reason| found(reason, tree.as_ref(), &document)).collect();
    let explanation = Explanation {
        verdict: verdict.as_deref(),
        outcome: decision.outcome.as_str(),
        access: decision.access.as_str(),
        call_digest: decision.call_digest.to_string(),
        reasons,
        paths: &decision.paths,
        commands: None,
        effects: effects(&decision),
    };
    // Texts and numbers always have a JSON form.
    serde_json::to_string(&explanation).unwrap_or_default()
}

fn found<'d>(reason: &'d Reason, tree: Option<&SyntaxTree<'_>>, document: &Places<'_>) -> Found<'d> {
    Found {
        outcome: reason.outcome.as_str(),
        layer: reason.layer.as_str(),
        code: &reason.code,
        message: &reason.message,
        rule: reason.rule.as_ref().map(|rule| line(rule, tree, document)),
        part: reason.part.as_ref().map(|part| Part {
            text: &part.text,
            start: usize::try_from(part.start).unwrap_or_default(),
            end: usize::try_from(part.end).unwrap_or_default(),
        }),
    }
}

fn line<'d>(rule: &'d Rule, tree: Option<&SyntaxTree<'_>>, document: &Places<'_>) -> Line<'d> {
    let span = tree.and_then(|tree| tree.find(&rule.pointer));
    Line { pattern: &rule.pattern, pointer: &rule.pointer, range: span.map(|span| document.range(span)) }
}

/// What the decision asks of whoever keeps meters.
fn effects(decision: &Decision) -> Vec<Value> {
    let effect = |effect: &Effect| match effect {
        Effect::Debit(own) => json!({
            "kind": "debit",
            "meter": own.meter,
            "unit": own.unit.as_str(),
            "scope": own.scope.as_str(),
            "key": own.key,
            "window": window(own.window),
            "amount": exact(own.amount),
            "limit": (own.limit != u64::MAX).then_some(exact(own.limit)),
            "held": own.held,
        }),
        Effect::Baseline { key } => json!({"kind": "baseline", "key": key}),
    };
    decision.effects.iter().map(effect).collect()
}

/// The stretch of time that a meter adds up.
pub(crate) fn window(window: Window) -> Value {
    match window {
        Window::Lifetime => json!({"kind": "lifetime"}),
        Window::Fixed(seconds) => json!({"kind": "fixed", "seconds": seconds}),
        Window::Sliding(seconds) => json!({"kind": "sliding", "seconds": seconds}),
    }
}

/// The number, or the largest that JavaScript has exactly.
pub(crate) fn exact(number: u64) -> u64 {
    const EXACT_MAX: u64 = (1 << 53) - 1;
    number.min(EXACT_MAX)
}
