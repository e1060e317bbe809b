//! What the types cannot say of budgets and rate limits: names that are unique, limits that fit
//! their unit, and limits that nothing ever reaches.

use std::collections::BTreeSet;

use super::member;
use crate::diagnostic::{Severity, Span};
use crate::document::Document;
use crate::document::meters::{Budget, DEFAULT_UNIT, Limit, Per, RateWindow, Tools};
use crate::document::shape::Reading;
use crate::effect::Unit;
use crate::limits::BUDGET_LIMIT_MAX;
use crate::meters::By;
use crate::syntax::Node;

/// Names of rate limits that a window may not take: they are meters of their own.
pub(crate) const CALLS_PER_MINUTE: &str = "maxCallsPerMinute";
pub(crate) const DENIALS_PER_MINUTE: &str = "maxDenialsPerMinute";

/// Reports mistakes, in whatever of the two sections could be read.
pub(super) fn check(root: &Node<'_>, cx: &mut Reading<'_>) {
    let budgets = member(root, "budgets").and_then(Node::as_array).unwrap_or_default();
    let windows = member(root, "rateLimits").and_then(|own| member(own, "windows"));
    let windows = windows.and_then(Node::as_array).unwrap_or_default();
    unique(budgets, "/budgets", &[], FOUND_BY_IT, cx);
    unique(windows, "/rateLimits/windows", &[CALLS_PER_MINUTE, DENIALS_PER_MINUTE], FOUND_BY_IT, cx);
    for (index, budget) in budgets.iter().enumerate() {
        limit(budget, &format!("/budgets/{index}/limit"), cx);
    }
    points_per_call(root, cx);
}

/// Warns of a limit per call that the limit of the session makes useless.
fn points_per_call(root: &Node<'_>, cx: &mut Reading<'_>) {
    let Some(budget) = member(root, "riskBudget") else { return };
    let points = |name| member(budget, name).and_then(|node| node.as_number()?.parse::<u64>().ok());
    let span = member(budget, "maxPerCall").map(|node| node.span).unwrap_or_default();
    if let (Some(call), Some(session)) = (points("maxPerCall"), points("maxPerSession"))
        && call > session
    {
        let message = format!("`maxPerCall` is {call}, and a whole session may use {session}");
        note(cx, "/riskBudget/maxPerCall", span, "unreachable", message, "lower it below `maxPerSession`");
    }
}

fn error(
    cx: &mut Reading<'_>,
    code: &'static str,
    span: Span,
    pointer: String,
    message: String,
    label: &str,
    help: &str,
) {
    cx.report(Severity::Error, code, span, pointer, message, label, Some(help.to_owned()));
}

const FOUND_BY_IT: &str = "give each its own name; the meter is found by it";

/// Two entries of a list must not share a name.
pub(super) fn unique(entries: &[Node<'_>], list: &str, taken: &[&str], help: &str, cx: &mut Reading<'_>) {
    let mut seen: BTreeSet<&str> = taken.iter().copied().collect();
    for (index, entry) in entries.iter().enumerate() {
        let Some(node) = member(entry, "name") else { continue };
        let Some(name) = node.as_str() else { continue };
        if !seen.insert(name) {
            let message = format!("the name `{}` is taken", name.escape_debug());
            error(
                cx,
                "duplicate-name",
                node.span,
                format!("{list}/{index}/name"),
                message,
                "this name",
                help,
            );
        }
    }
}

/// Money is a text, and everything else a number.
fn limit(budget: &Node<'_>, pointer: &str, cx: &mut Reading<'_>) {
    let Some(node) = member(budget, "limit") else { return };
    let unit = match member(budget, "unit") {
        None => DEFAULT_UNIT,
        Some(unit) => match unit.as_str() {
            Some("usd") => Unit::UsdMicros,
            Some("tokens") => Unit::Tokens,
            Some("calls") => Unit::Calls,
            Some("points") => Unit::Points,
            // Reported where it was read.
            Some(_) | None => return,
        },
    };
    // Another kind of value was reported where it was read.
    let Some(written) = node.as_str().or_else(|| node.as_number()) else { return };
    let limit = match node.as_str() {
        Some(text) => Limit::Text(text.to_owned()),
        None => Limit::Number(written.to_owned()),
    };
    if limit.units(unit).is_some() {
        return;
    }
    let (code, wanted, help) = match unit {
        Unit::UsdMicros => (
            "bad-money",
            "an amount of dollars".to_owned(),
            "write dollars as a text with at most 6 decimals, such as \"25.00\": numbers lose cents",
        ),
        Unit::Tokens | Unit::Calls | Unit::Points => (
            "bad-number",
            format!("a whole number from 0 to {BUDGET_LIMIT_MAX}"),
            "write a plain whole number; only `usd` is written as a text",
        ),
    };
    let message = format!("`{}` is not {wanted}", written.escape_debug());
    error(cx, code, node.span, pointer.to_owned(), message, "this limit", help);
}

/// What is legal and probably not meant.
pub(super) fn warn(document: &Document, cx: &mut Reading<'_>) {
    let budgets = document.budgets.as_ref().map_or(&[] as &[Budget], |list| &list.0);
    for budget in budgets {
        let unit = budget.unit.unwrap_or(DEFAULT_UNIT);
        if budget.per == Per::Call {
            let wider = budgets.iter().find(|other| never_reached(budget, other, unit));
            if let Some(other) = wider {
                let message = format!(
                    "budget `{}` allows more per call than `{}` allows altogether",
                    budget.name.0.value, other.name.0.value
                );
                note(
                    cx,
                    &budget.name.0.pointer,
                    budget.name.0.span,
                    "unreachable",
                    message,
                    "lower the limit per call",
                );
            }
        } else if matches!(unit, Unit::Calls | Unit::Points) {
            keyed(&budget.name.0, budget.by, budget.tools.as_ref(), cx);
        }
    }
    let windows = document.rate_limits.as_ref().and_then(|own| own.windows.as_ref());
    for RateWindow { name, by, tools, .. } in windows.map_or(&[] as &[RateWindow], |list| &list.0) {
        keyed(&name.0, *by, tools.as_ref(), cx);
    }
}

/// Whether the other budget is used up before one call could reach the limit of this one.
fn never_reached(budget: &Budget, other: &Budget, unit: Unit) -> bool {
    other.per != Per::Call
        && other.unit.unwrap_or(DEFAULT_UNIT) == unit
        && other.tools.as_ref().is_none_or(|own| budget.tools.as_ref().is_some_and(|tools| tools.0 == own.0))
        && budget.limit.units(unit) > other.limit.units(unit)
}

/// Every call counts here, so every call has to name its endpoint or payee.
fn keyed(name: &crate::document::leaves::Text, by: Option<By>, tools: Option<&Tools>, cx: &mut Reading<'_>) {
    let Some(by) = by.filter(|by| matches!(by, By::Endpoint | By::Payee) && tools.is_none()) else { return };
    let message = format!("`{}` denies every call that names no {}", name.value, by.as_str());
    note(
        cx,
        &name.pointer,
        name.span,
        "denies-unnamed",
        message,
        "list the tools that it speaks of in `tools`",
    );
}

fn note(cx: &mut Reading<'_>, pointer: &str, span: Span, code: &'static str, message: String, help: &str) {
    let (pointer, help) = (pointer.to_owned(), Some(help.to_owned()));
    cx.report(Severity::Warning, code, span, pointer, message, "this entry", help);
}
