//! Conditions on a call, compiled: what `when` of a rule or a label asks, and the answer.
//!
//! The answer has three values. What a condition needs and the call does not have makes it
//! unknown, and whoever asked says what that means. How a condition is written is for
//! `document/condition.rs`.

mod decimal;
mod operator;
mod path;
mod regex;
mod work;

pub(crate) use decimal::Decimal;
pub(crate) use operator::{Comparison, Kind, Literal, Operator, Scalar};
pub(crate) use path::{Path, Step};
pub(crate) use regex::Pattern;
pub(crate) use work::{Spent, Work};

use std::borrow::Cow;

use crate::call::{Call, DEFAULT_ENVIRONMENT, HTTP_TOOL};
use crate::diagnostic::Span;
use crate::limits::LEAF_STEPS;
use crate::syntax::{Node, Value};

/// What has to hold of a call.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Test(Test),
}

/// One question: a piece of the call and what is asked of it.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    /// The piece as its author wrote it, for messages.
    pub(crate) written: String,
    pub(crate) subject: Subject,
    pub(crate) operator: Operator,
}

/// The piece of a call that a test looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Argument(Path),
    ToolName,
    CostUsd,
    CostTokens,
    Endpoint,
    Payee,
    Environment,
}

/// The pieces of the call itself, by the names that documents use.
pub(crate) const SUBJECTS: &[(&str, Subject)] = &[
    ("@toolName", Subject::ToolName),
    ("@cost.usd", Subject::CostUsd),
    ("@cost.tokens", Subject::CostTokens),
    ("@endpoint", Subject::Endpoint),
    ("@payee", Subject::Payee),
    ("@environment", Subject::Environment),
];

/// The answer to a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth<'p> {
    True,
    False,
    Unknown(Lacking<'p>),
}

/// Why an answer is unknown: the first piece of each kind, as its author wrote it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lacking<'p> {
    /// The call does not have it, or has null.
    pub(crate) missing: Option<&'p str>,
    /// It has a type that the operator does not compare.
    pub(crate) mistyped: Option<&'p str>,
}

impl Lacking<'_> {
    fn and(self, other: Self) -> Self {
        Self { missing: self.missing.or(other.missing), mistyped: self.mistyped.or(other.mistyped) }
    }
}

impl From<bool> for Truth<'_> {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

impl Condition {
    /// Asks the condition of a call. The error is that the call has more than may be looked at.
    pub(crate) fn ask<'p>(&'p self, call: &Call<'_>, work: &mut Work) -> Result<Truth<'p>, Spent> {
        match self {
            Self::All(parts) => Ok(negate(fold(parts.iter().map(|part| Ok(negate(part.ask(call, work)?))))?)),
            Self::Any(parts) => fold(parts.iter().map(|part| part.ask(call, work))),
            Self::Not(part) => Ok(negate(part.ask(call, work)?)),
            Self::Test(test) => test.ask(call, work),
        }
    }

    /// Every test of the condition, and whether it stands under an odd number of `not`s.
    pub(crate) fn tests<'c>(&'c self, negated: bool, visit: &mut impl FnMut(&'c Test, bool)) {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().for_each(|part| part.tests(negated, visit));
            }
            Self::Not(part) => part.tests(!negated, visit),
            Self::Test(test) => visit(test, negated),
        }
    }
}

fn negate(truth: Truth<'_>) -> Truth<'_> {
    match truth {
        Truth::True => Truth::False,
        Truth::False => Truth::True,
        Truth::Unknown(lacking) => Truth::Unknown(lacking),
    }
}

/// Kleene's `or`: one that holds decides, whatever is unknown beside it.
fn fold<'p>(parts: impl Iterator<Item = Result<Truth<'p>, Spent>>) -> Result<Truth<'p>, Spent> {
    let mut unknown: Option<Lacking<'p>> = None;
    for part in parts {
        match part? {
            Truth::True => return Ok(Truth::True),
            Truth::False => {}
            Truth::Unknown(lacking) => unknown = Some(unknown.unwrap_or_default().and(lacking)),
        }
    }
    Ok(unknown.map_or(Truth::False, Truth::Unknown))
}

impl Test {
    fn ask(&self, call: &Call<'_>, work: &mut Work) -> Result<Truth<'_>, Spent> {
        work.spend(LEAF_STEPS)?;
        let text = |text: Option<&str>, work: &mut Work| {
            let value = text.map(|text| Value::String(Cow::Borrowed(text)));
            self.compare(value.as_ref(), work)
        };
        let number = |number: Option<u64>, work: &mut Work| {
            let value = number.map(|number| Value::Number(Cow::Owned(number.to_string())));
            self.compare(value.as_ref(), work)
        };
        match &self.subject {
            Subject::Argument(path) => match path.steps() {
                [Step::Name(name), ..] if name == "body" && has_bytes(call) => Ok(self.of_bytes()),
                // Nearly every path, without the walk.
                [Step::Name(name)] => {
                    work.spend(call.tool_input.len() as u64 / 4)?;
                    let found = call.tool_input.iter().find(|member| member.key == *name);
                    self.compare(found.map(|member| &member.value.value), work)
                }
                steps => self.walk(steps, Place::Members(&call.tool_input), work),
            },
            Subject::ToolName => text(Some(&call.tool_name), work),
            Subject::Endpoint => text(call.endpoint.as_deref(), work),
            Subject::Payee => text(call.payee.as_deref(), work),
            Subject::Environment => {
                text(Some(call.environment.as_deref().unwrap_or(DEFAULT_ENVIRONMENT)), work)
            }
            Subject::CostUsd => number(call.cost.usd_micros, work),
            Subject::CostTokens => number(call.cost.tokens, work),
        }
    }

    /// Follows a path to its end, or to its ends where it says `[*]`: one that holds is enough.
    fn walk(&self, steps: &[Step], at: Place<'_, '_>, work: &mut Work) -> Result<Truth<'_>, Spent> {
        let Some((step, rest)) = steps.split_first() else {
            return match at {
                Place::Node(node) => self.compare(Some(&node.value), work),
                Place::Members(members) => self.operator_on_members(members, work),
            };
        };
        let found = match (step, at.items(), at.members()) {
            (Step::Name(name), _, Some(members)) => {
                work.spend(members.len() as u64 / 4)?;
                members.iter().find(|member| member.key == *name).map(|member| &member.value)
            }
            (Step::Index(index), Some(items), _) => index.of(items.len()).and_then(|at| items.get(at)),
            (Step::Each, Some(items), _) => {
                return fold(items.iter().map(|item| {
                    work.spend(LEAF_STEPS)?;
                    self.walk(rest, Place::Node(item), work)
                }));
            }
            (Step::Each, None, _) if !at.is_null() => return Ok(self.mistyped()),
            (Step::Name(_) | Step::Index(_) | Step::Each, _, _) => None,
        };
        match found {
            Some(node) => self.walk(rest, Place::Node(node), work),
            None => self.compare(None, work),
        }
    }

    /// Applies the operator; null is missing.
    fn compare(&self, value: Option<&Value<'_>>, work: &mut Work) -> Result<Truth<'_>, Spent> {
        let value = value.filter(|value| !matches!(value, Value::Null));
        if let Operator::Exists(wanted) = self.operator {
            return Ok((value.is_some() == wanted).into());
        }
        let Some(value) = value else {
            return Ok(Truth::Unknown(Lacking { missing: Some(&self.written), mistyped: None }));
        };
        Ok(self.operator.apply(value, work)?.map_or_else(|| self.mistyped(), Truth::from))
    }

    fn operator_on_members(
        &self,
        members: &[crate::syntax::Member<'_>],
        work: &mut Work,
    ) -> Result<Truth<'_>, Spent> {
        if let Operator::Exists(wanted) = self.operator {
            return Ok(wanted.into());
        }
        Ok(self.operator.apply_to_object(members, work)?.map_or_else(|| self.mistyped(), Truth::from))
    }

    /// The body of a request that is no text: it cannot be compared with one, and it is there.
    fn of_bytes(&self) -> Truth<'_> {
        if let Operator::Exists(wanted) = self.operator { wanted.into() } else { self.mistyped() }
    }

    fn mistyped(&self) -> Truth<'_> {
        match self.operator {
            // Nothing is there that could exist.
            Operator::Exists(wanted) => (!wanted).into(),
            Operator::Equal { .. }
            | Operator::Order { .. }
            | Operator::Contains { .. }
            | Operator::OneOf { .. }
            | Operator::Within { .. }
            | Operator::Matches { .. }
            | Operator::StartsWith(_)
            | Operator::EndsWith(_)
            | Operator::Type(_)
            | Operator::Length { .. }
            | Operator::Url(_) => Truth::Unknown(Lacking { missing: None, mistyped: Some(&self.written) }),
        }
    }

    /// Whether it looks at each element of a list.
    pub(crate) fn is_of_each(&self) -> bool {
        match &self.subject {
            Subject::Argument(path) => path.steps().contains(&Step::Each),
            Subject::ToolName
            | Subject::CostUsd
            | Subject::CostTokens
            | Subject::Endpoint
            | Subject::Payee
            | Subject::Environment => false,
        }
    }
}

/// Whether the call is a request whose body stands there as base64. One byte that is no text must not be
/// a way around what a rule says of `body`.
fn has_bytes(call: &Call<'_>) -> bool {
    call.tool_name == HTTP_TOOL && call.argument("bodyBase64").is_some()
}

/// Where a path has come to: the arguments as a whole, which are no node of their own, or a value.
#[derive(Clone, Copy)]
enum Place<'n, 'a> {
    Members(&'n [crate::syntax::Member<'a>]),
    Node(&'n Node<'a>),
}

impl<'n, 'a> Place<'n, 'a> {
    fn items(self) -> Option<&'n [Node<'a>]> {
        match self {
            Self::Members(_) => None,
            Self::Node(node) => node.as_array(),
        }
    }

    fn members(self) -> Option<&'n [crate::syntax::Member<'a>]> {
        match self {
            Self::Members(members) => Some(members),
            Self::Node(node) => node.as_object(),
        }
    }

    fn is_null(self) -> bool {
        matches!(self, Self::Node(Node { value: Value::Null, .. }))
    }
}

/// A condition with its place in the document.
#[derive(Clone, Debug)]
pub(crate) struct When {
    pub(crate) condition: Condition,
    pub(crate) span: Span,
}
