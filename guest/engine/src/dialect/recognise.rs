//! Which product a document is written for, from the keys at its top.

use super::{Dialect, words};
use crate::diagnostic::Span;
use crate::document::shape::Reading;
use crate::syntax::Node;

/// Keys that only a callguard file has.
const CALLGUARD: &[&str] = &[
    "denied_actions",
    "allowed_actions",
    "rate_limits",
    "strict_mode",
    "evidence",
    "require_approval",
    "approval_actions",
    "approval_tags",
    "approval_risk_levels",
    "approval_threshold_usd",
    "approval_timeout_seconds",
    "pii_rules",
    "moderation_rules",
    "loop_rules",
];

/// Keys that only a configuration or a budget policy of x402 Sentinel has.
const X402: &[&str] = &[
    "budget",
    "audit",
    "humanSponsor",
    "team",
    "hooks",
    "preset",
    "maxPerCall",
    "maxPerHour",
    "maxPerDay",
    "maxTotal",
    "spikeThreshold",
    "allowedEndpoints",
    "blockedEndpoints",
    "requireApproval",
];

/// The dialect of a document that is not ours.
pub(super) fn recognise(root: &Node<'_>) -> Option<Dialect> {
    if let Some(items) = root.as_array() {
        // Refused later, in the words of the product.
        return items.iter().any(is_foreign_rule).then_some(Dialect::RulesJson);
    }
    let members = root.as_object()?;
    let value = |name: &str| members.iter().find(|member| member.key == name).map(|member| &member.value);
    let has = |names: &[&str]| members.iter().any(|member| names.contains(&member.key.as_ref()));
    if has(&["identity", "dataAccess", "toolActions"]) {
        return None;
    }
    let is_rules = |rules: &Node<'_>| match rules.as_array() {
        None => true,
        Some(rules) => rules.is_empty() || rules.iter().any(is_foreign_rule),
    };
    if !has(&["agentId"]) {
        if has(&["default_action"]) || value("rules").is_some_and(is_rules) {
            return Some(Dialect::RulesJson);
        }
        if has(CALLGUARD) || value("budgets").is_some_and(|budgets| budgets.as_object().is_some()) {
            return Some(Dialect::Callguard);
        }
    }
    has(X402).then_some(Dialect::X402)
}

fn is_foreign_rule(rule: &Node<'_>) -> bool {
    rule.as_object().is_some_and(|members| members.iter().any(|member| member.key == "function_pattern"))
}

/// The first character of a document stands for all of it.
fn beginning(root: &Node<'_>) -> Span {
    Span { start: root.span.start, end: root.span.end.min(root.span.start + 1) }
}

/// Says to the author of a document that was taken for ours whose it is.
pub(crate) fn hint(root: &Node<'_>, cx: &mut Reading<'_>) {
    let Some(dialect) = recognise(root) else { return };
    let message = format!("this is {}, not a policy of Sentinel", dialect.noun());
    let help = "run `sentinel convert FILE --agent ID`".to_owned();
    cx.error("foreign-policy", beginning(root), message, "in this document", Some(help));
}

/// Says that nobody knows whose document it is.
pub(super) fn refuse(root: &Node<'_>, cx: &mut Reading<'_>) {
    let is_ours = root.as_object().is_some_and(|members| {
        members.iter().any(|member| matches!(member.key.as_ref(), "agentId" | "identity"))
    });
    let (message, help) = if is_ours {
        ("this looks like a policy of Sentinel already", "run `sentinel validate FILE`".to_owned())
    } else {
        let help = format!("name its dialect: {}", words());
        ("this is a policy of no product that is known", help)
    };
    cx.error("unknown-dialect", beginning(root), message.to_owned(), "in this document", Some(help));
}
