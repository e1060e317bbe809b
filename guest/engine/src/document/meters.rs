//! `budgets` and `rateLimits` of a document, as types.

use super::leaves::{self, AgentId, Points, Text, Whole};
use super::shape::{Few, Filled, Reading, Shape, shape_enum, shape_struct};
use crate::decision::Outcome;
use crate::effect::Unit;
use crate::limits::{BUDGET_LIMIT_MAX, METER_TOOLS_MAX, METERS_MAX, PATTERN_BYTES_MAX, WINDOW_SECONDS_MAX};
use crate::meters::{By, ToolPattern};
use crate::money;
use crate::syntax::{Node, Value};

/// `budgets`
pub(crate) type BudgetList = Few<Budget, METERS_MAX>;

/// `tools` of a budget or a rate limit.
pub(crate) type Tools = Filled<ToolPattern, METER_TOOLS_MAX>;

/// Points of a day: those of many sessions.
pub(crate) type DayPoints = Whole<0, 24_000_000_000>;

/// Seconds of a window.
pub(crate) type Seconds = Whole<1, WINDOW_SECONDS_MAX>;

shape_struct! {
    /// What the agent may use of one thing, and where that starts anew.
    pub(crate) struct Budget {
        /// Name of the budget, unique in this list.
        name: MeterName = "name",
        /// What is counted: `usd` (the default), `tokens`, `calls` or `points`.
        unit: Option<Unit> = "unit",
        /// The most of it: dollars as a text, such as "25.00", with at most 6 decimals; a whole
        /// number for every other unit.
        limit: Limit = "limit",
        /// What the limit is for: one call, one run, one session, one hour or day (UTC), or all
        /// of the agent's life.
        per: Per = "per",
        /// What is counted apart: nothing (`agent`, the default), each tool (`action`), each
        /// `endpoint` or each `payee` of the calls.
        by: Option<By> = "by",
        /// What becomes of a call that it does not cover: `block` (the default), or a person decides.
        on_exceeded: Option<Exceeded> = "onExceeded",
        /// Tools that it speaks of, `*` for any text; every tool if absent. A call of a tool that
        /// is listed here has to say what it costs.
        tools: Option<Tools> = "tools",
    }
}

shape_struct! {
    /// How often something may happen in a stretch of time.
    pub(crate) struct RateLimits {
        /// Most calls of the agent that go ahead in 60 seconds.
        max_calls_per_minute: Option<Points> = "maxCallsPerMinute",
        /// Most denied calls of the agent in 60 seconds. Where they are reached, all are denied.
        max_denials_per_minute: Option<Points> = "maxDenialsPerMinute",
        /// Further limits.
        windows: Option<Few<RateWindow, METERS_MAX>> = "windows",
    }
}

shape_struct! {
    /// Most calls in a stretch of time.
    pub(crate) struct RateWindow {
        /// Name of the limit, unique in this list.
        name: MeterName = "name",
        /// Most calls that go ahead.
        max_calls: Points = "maxCalls",
        /// Length of the stretch of time, which ends now.
        seconds: Seconds = "seconds",
        /// What is counted apart: nothing (`agent`, the default), each tool (`action`), each
        /// `endpoint` or each `payee` of the calls.
        by: Option<By> = "by",
        /// Tools that it speaks of, `*` for any text; every tool if absent.
        tools: Option<Tools> = "tools",
    }
}

/// The unit of a budget that does not say.
pub(crate) const DEFAULT_UNIT: Unit = Unit::UsdMicros;

shape_enum! {
    /// What is counted.
    Unit {
        "usd" => Self::UsdMicros,
        "tokens" => Self::Tokens,
        "calls" => Self::Calls,
        "points" => Self::Points,
    }
}

/// What the limit of a budget is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Per {
    Call,
    Run,
    Session,
    Hour,
    Day,
    Lifetime,
}

shape_enum! {
    /// What the limit is for.
    Per {
        "call" => Self::Call,
        "run" => Self::Run,
        "session" => Self::Session,
        "hour" => Self::Hour,
        "day" => Self::Day,
        "lifetime" => Self::Lifetime,
    }
}

shape_enum! {
    /// What is counted apart.
    By {
        "agent" => Self::Agent,
        "action" => Self::Action,
        "endpoint" => Self::Endpoint,
        "payee" => Self::Payee,
    }
}

/// What becomes of a call that is over a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exceeded {
    Block,
    RequireApproval,
}

shape_enum! {
    /// What becomes of a call that is over a limit.
    Exceeded {
        "block" => Self::Block,
        "require_approval" => Self::RequireApproval,
    }
}

impl Exceeded {
    /// What it comes down to.
    pub(crate) const fn outcome(self) -> Outcome {
        match self {
            Self::Block => Outcome::Deny,
            Self::RequireApproval => Outcome::Escalate,
        }
    }
}

/// The name of a meter, with its place: a column of a table and a label of a metric.
#[derive(Clone, Debug)]
pub(crate) struct MeterName(pub(crate) Text);

impl Shape for MeterName {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        leaves::name(node, "meter", cx).map(Self)
    }

    fn schema() -> String {
        AgentId::schema()
    }
}

/// A limit as it is written. Which notation is the right one depends on the unit beside it, so it
/// is checked there.
#[derive(Clone, Debug)]
pub(crate) enum Limit {
    Text(String),
    Number(String),
}

impl Limit {
    /// The limit in whole units; `None` if this unit is not written so.
    pub(crate) fn units(&self, unit: Unit) -> Option<u64> {
        match (self, unit) {
            (Self::Text(text), Unit::UsdMicros) => money::parse(text),
            (Self::Number(text), Unit::Tokens | Unit::Calls | Unit::Points) => {
                money::digits(text).filter(|limit| *limit <= BUDGET_LIMIT_MAX)
            }
            (Self::Text(_), Unit::Tokens | Unit::Calls | Unit::Points)
            | (Self::Number(_), Unit::UsdMicros) => None,
        }
    }
}

/// Dollars, written as a text.
#[derive(Clone, Debug)]
pub(crate) struct Dollars {
    pub(crate) micros: u64,
    pub(crate) text: Text,
}

impl Shape for Dollars {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let text = Text::read(node, cx)?;
        let Some(micros) = money::parse(&text.value) else {
            let message = format!("`{}` is not an amount of dollars", text.value.escape_debug());
            let help = "write dollars as a text with at most 6 decimals, such as \"25.00\"";
            cx.error("bad-money", node.span, message, "this amount", Some(help.to_owned()));
            return None;
        };
        Some(Self { micros, text })
    }

    fn schema() -> String {
        format!(r#"{{"type":"string","pattern":"{}"}}"#, money::PATTERN)
    }
}

impl Shape for Limit {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        match &node.value {
            Value::String(text) => Some(Self::Text(text.to_string())),
            Value::Number(text) => Some(Self::Number(text.to_string())),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                cx.wrong_type(node, "dollars as a string, or a whole number");
                None
            }
        }
    }

    fn schema() -> String {
        format!(
            r#"{{"anyOf":[{{"type":"string","pattern":"{}"}},{{"type":"integer","minimum":0,"maximum":{BUDGET_LIMIT_MAX}}}]}}"#,
            money::PATTERN
        )
    }
}

impl Shape for ToolPattern {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let text = leaves::visible(Text::read(node, cx)?, cx)?;
        if text.value.len() > PATTERN_BYTES_MAX {
            let message = format!("name is longer than {PATTERN_BYTES_MAX} bytes");
            cx.error("bad-name", node.span, message, "this entry", None);
            return None;
        }
        Some(Self::new(&text.value))
    }

    fn schema() -> String {
        format!(r#"{{"type":"string","minLength":1,"maxLength":{PATTERN_BYTES_MAX}}}"#)
    }
}
