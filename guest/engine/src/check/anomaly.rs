//! What the types cannot say of `anomaly`: thresholds that rise, and signals that never act.

use super::member;
use crate::anomaly::show;
use crate::diagnostic::{Severity, Span};
use crate::document::Document;
use crate::document::anomaly::{Anomaly, BLOCK_AT, ESCALATE_AT, Score};
use crate::document::meters::DEFAULT_UNIT;
use crate::document::shape::Reading;
use crate::effect::Unit;
use crate::syntax::Node;

/// `escalateAt` ≤ `blockAt`, the defaults included.
pub(super) fn check(root: &Node<'_>, cx: &mut Reading<'_>) {
    let Some(anomaly) = member(root, "anomaly") else { return };
    let score = |name: &str, absent: u64| match member(anomaly, name) {
        None => Some((absent, None)),
        // Another kind of value was reported where it was read.
        Some(node) => Some((Score::parse(node.as_number()?)?, Some(node.span))),
    };
    let (Some((low, low_span)), Some((high, high_span))) =
        (score("escalateAt", ESCALATE_AT), score("blockAt", BLOCK_AT))
    else {
        return;
    };
    if low <= high {
        return;
    }
    let (name, span, label) = match (low_span, high_span) {
        (Some(span), _) => ("escalateAt", span, "too high"),
        (None, span) => ("blockAt", span.unwrap_or_default(), "too low"),
    };
    let message = format!("`escalateAt` is {} but `blockAt` is {}", show(low), show(high));
    let help = format!(
        "the order is 0 ≤ escalateAt ≤ blockAt ≤ 10; without a number of their own they are {} and {}",
        show(ESCALATE_AT),
        show(BLOCK_AT)
    );
    let pointer = format!("/anomaly/{name}");
    cx.report(Severity::Error, "threshold-order", span, pointer, message, label, Some(help));
}

/// What is legal and probably not meant.
pub(super) fn warn(document: &Document, root: &Node<'_>, cx: &mut Reading<'_>) {
    let (Some(anomaly), Some(node)) = (&document.anomaly, member(root, "anomaly")) else { return };
    signals(anomaly, node, cx);
    if anomaly.spike.is_some() && !asks_for_costs(document) {
        let message = "nothing makes a call say what it costs, and a call that does not is no spike";
        let help = "add a budget in `usd` that lists the tools which cost money";
        note(cx, "/anomaly/spike", span(node, "spike"), "costs-unstated", message.to_owned(), help);
    }
}

fn span(node: &Node<'_>, name: &str) -> Span {
    member(node, name).map(|node| node.span).unwrap_or_default()
}

fn signals(anomaly: &Anomaly, node: &Node<'_>, cx: &mut Reading<'_>) {
    let Some(signals) = anomaly.signals.as_ref().map(|list| &list.0) else { return };
    let entries = member(node, "signals").and_then(Node::as_array).unwrap_or_default();
    if signals.is_empty() && anomaly.spike.is_none() {
        let message = "anomaly looks at nothing".to_owned();
        let help = "name signals, set `spike`, or remove the section";
        note(cx, "/anomaly/signals", span(node, "signals"), "dead-rule", message, help);
    }
    let escalate_at = anomaly.escalate_at.map_or(ESCALATE_AT, |score| score.value);
    for (index, (signal, entry)) in signals.iter().zip(entries).enumerate() {
        let pointer = format!("/anomaly/signals/{index}");
        if signals.iter().take(index).any(|earlier| earlier == signal) {
            let message = format!("`{}` stands in this list twice", signal.as_str());
            note(cx, &pointer, entry.span, "repeated", message, "remove one of them");
        } else if signal.score_max() < escalate_at {
            let (name, most) = (signal.as_str(), show(signal.score_max()));
            let message = format!(
                "`{name}` scores {most} at most, and a person is asked from {} on",
                show(escalate_at)
            );
            note(
                cx,
                &pointer,
                entry.span,
                "unreachable",
                message,
                "lower `escalateAt`, or remove the signal",
            );
        }
    }
}

/// Whether some calls are denied if they do not say what they cost in dollars.
fn asks_for_costs(document: &Document) -> bool {
    document
        .budgets
        .iter()
        .flat_map(|list| &list.0)
        .any(|budget| budget.tools.is_some() && budget.unit.unwrap_or(DEFAULT_UNIT) == Unit::UsdMicros)
}

fn note(cx: &mut Reading<'_>, pointer: &str, span: Span, code: &'static str, message: String, help: &str) {
    let (pointer, help) = (pointer.to_owned(), Some(help.to_owned()));
    cx.report(Severity::Warning, code, span, pointer, message, "this entry", help);
}
