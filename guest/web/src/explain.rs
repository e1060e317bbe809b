//! A decision in full: every reason with its place in the policy and in the call, as JSON.

use sentinel_engine::{
    Circumstances, CommandNode, Decision, Effect, Reason, Rule, SyntaxTree, Window, conclude, decide_bytes,
    outline, parse,
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
    let outline = outline(&own.policy, call);
    let line = outline.as_ref().map(|own| Places::new(&own.line));
    let reasons = decision.reasons.iter();
    let reasons = reasons.map(|reason| found(reason, tree.as_ref(), &document, line.as_ref())).collect();
    let nodes = outline.as_ref().and_then(|own| own.nodes.as_deref());
    let commands = nodes.zip(line.as_ref()).map(|(nodes, line)| nested(nodes, line));
    let explanation = Explanation {
        verdict: verdict.as_deref(),
        outcome: decision.outcome.as_str(),
        access: decision.access.as_str(),
        call_digest: decision.call_digest.to_string(),
        reasons,
        paths: &decision.paths,
        commands,
        effects: effects(&decision),
    };
    // Texts and numbers always have a JSON form.
    serde_json::to_string(&explanation).unwrap_or_default()
}

fn found<'d>(
    reason: &'d Reason,
    tree: Option<&SyntaxTree<'_>>,
    document: &Places<'_>,
    command: Option<&Places<'_>>,
) -> Found<'d> {
    // Of a command that is not the call's own there are no places in it.
    let units = |byte: u32| command.map_or(0, |line| line.units(usize::try_from(byte).unwrap_or(usize::MAX)));
    Found {
        outcome: reason.outcome.as_str(),
        layer: reason.layer.as_str(),
        code: &reason.code,
        message: &reason.message,
        rule: reason.rule.as_ref().map(|rule| line(rule, tree, document)),
        part: reason.part.as_ref().map(|part| Part {
            text: &part.text,
            start: units(part.start),
            end: units(part.end),
        }),
    }
}

fn line<'d>(rule: &'d Rule, tree: Option<&SyntaxTree<'_>>, document: &Places<'_>) -> Line<'d> {
    let span = tree.and_then(|tree| tree.find(&rule.pointer));
    Line { pattern: &rule.pattern, pointer: &rule.pointer, range: span.map(|span| document.range(span)) }
}

/// Nodes that stand one behind the other, each below its parent. From the last one back: what is one
/// level deeper and was met since belongs below.
fn nested(nodes: &[CommandNode], line: &Places<'_>) -> Vec<Value> {
    let mut levels: Vec<Vec<Value>> = Vec::new();
    for node in nodes.iter().rev() {
        levels.resize_with(levels.len().max(node.depth + 2), Vec::new);
        let mut below = levels.get_mut(node.depth + 1).map(std::mem::take).unwrap_or_default();
        below.reverse();
        let own = json!({
            "kind": node.relation.as_str(),
            "text": node.text,
            "start": line.units(node.start),
            "end": line.units(node.end),
            "program": node.program,
            "note": node.note,
            "children": below,
        });
        if let Some(level) = levels.get_mut(node.depth) {
            level.push(own);
        }
    }
    let mut roots = levels.into_iter().next().unwrap_or_default();
    roots.reverse();
    roots
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
