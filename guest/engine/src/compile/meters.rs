//! `budgets` and `rateLimits` to meters.

use crate::check::{CALLS_PER_MINUTE, DENIALS_PER_MINUTE};
use crate::decision::{Outcome, Rule};
use crate::document::leaves::Points;
use crate::document::meters::{
    Budget, BudgetList, DEFAULT_UNIT, Exceeded, Per, RateLimits, RateWindow, Tools,
};
use crate::document::shape::Few;
use crate::effect::{Scope, Unit, Window};
use crate::meters::{By, Kind, Meter, ToolPattern};

const HOUR: u32 = 3_600;
const DAY: u32 = 86_400;
const MINUTE: u32 = 60;

/// All meters of a policy, apart from its points: budgets in document order, then rate limits.
pub(super) fn meters(budgets: Option<BudgetList>, limits: Option<RateLimits>) -> Vec<Meter> {
    let budgets = entries(budgets).into_iter().enumerate().map(|(index, budget)| self::budget(index, budget));
    budgets.chain(limits.into_iter().flat_map(rate_limits)).collect()
}

fn entries<T, const MAX: usize>(list: Option<Few<T, MAX>>) -> Vec<T> {
    list.map_or_else(Vec::new, |list| list.0)
}

fn tools(list: Option<Tools>) -> Option<Vec<ToolPattern>> {
    list.map(|list| list.0)
}

fn budget(index: usize, budget: Budget) -> Meter {
    let unit = budget.unit.unwrap_or(DEFAULT_UNIT);
    let name = budget.name.0.value;
    Meter {
        name: format!("budgets/{name}"),
        kind: Kind::Budget,
        unit,
        span: match budget.per {
            Per::Call => None,
            Per::Run => Some((Scope::Run, Window::Lifetime)),
            Per::Session => Some((Scope::Session, Window::Lifetime)),
            Per::Hour => Some((Scope::Agent, Window::Fixed(HOUR))),
            Per::Day => Some((Scope::Agent, Window::Fixed(DAY))),
            Per::Lifetime => Some((Scope::Agent, Window::Lifetime)),
        },
        by: budget.by.unwrap_or(By::Agent),
        // Checked; were it not, nothing would pass.
        limit: budget.limit.units(unit).unwrap_or(0),
        exceeded: budget.on_exceeded.map_or(Outcome::Deny, Exceeded::outcome),
        tools: tools(budget.tools),
        rule: Rule { pattern: name, pointer: format!("/budgets/{index}") },
    }
}

fn rate_limits(limits: RateLimits) -> Vec<Meter> {
    let per_minute = |name: &str, kind: Kind, limit: Option<Points>| {
        let rule = Rule { pattern: name.to_owned(), pointer: format!("/rateLimits/{name}") };
        limit.map(|limit| rate(kind, rule, limit.value, MINUTE))
    };
    let calls = per_minute(CALLS_PER_MINUTE, Kind::Rate, limits.max_calls_per_minute);
    let denials = per_minute(DENIALS_PER_MINUTE, Kind::Denials, limits.max_denials_per_minute);
    let windows = entries(limits.windows).into_iter().enumerate().map(|(index, window)| {
        let RateWindow { name, max_calls, seconds, by, tools: own } = window;
        let rule = Rule { pattern: name.0.value, pointer: format!("/rateLimits/windows/{index}") };
        // Bounded by the document's own type; a longer window would only be stricter.
        let seconds = u32::try_from(seconds.value).unwrap_or(u32::MAX);
        Meter {
            by: by.unwrap_or(By::Agent),
            tools: tools(own),
            ..rate(Kind::Rate, rule, max_calls.value, seconds)
        }
    });
    calls.into_iter().chain(denials).chain(windows).collect()
}

fn rate(kind: Kind, rule: Rule, limit: u64, seconds: u32) -> Meter {
    Meter {
        name: format!("rateLimits/{}", rule.pattern),
        kind,
        unit: Unit::Calls,
        span: Some((Scope::Agent, Window::Sliding(seconds))),
        by: By::Agent,
        limit,
        exceeded: Outcome::Deny,
        tools: None,
        rule,
    }
}
