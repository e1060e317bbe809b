//! The operators of conditions: what each one says of a value, or that it cannot compare it.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use memchr::memmem::Finder;

use super::decimal::Decimal;
use super::regex::Pattern;
use super::work::{Spent, Work};
use crate::syntax::{Member, Node, Value};
use crate::url::{Url, UrlGlob};

/// An operator with what it compares to. `negated` turns its answer round, never what is unknown.
#[derive(Clone, Debug)]
pub(crate) enum Operator {
    Equal { to: Literal, negated: bool },
    Order { to: Scalar, comparison: Comparison },
    Contains { what: Literal, negated: bool },
    OneOf { list: BTreeSet<Scalar>, negated: bool },
    Within { text: String, negated: bool },
    Matches { pattern: Pattern, any_scalar: bool },
    StartsWith(String),
    EndsWith(String),
    Exists(bool),
    Type(Kind),
    Length { to: u64, comparison: Comparison },
    Url(Vec<UrlGlob>),
}

/// A value without parts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scalar {
    Bool(bool),
    Number(Decimal),
    Text(String),
}

/// Any value of a document, as something to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Literal {
    Null,
    Scalar(Scalar),
    Array(Vec<Literal>),
    Object(Vec<(String, Literal)>),
}

/// How two values that have an order stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Comparison {
    pub(crate) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
        }
    }
}

/// The types of `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    String,
    Number,
    Integer,
    Boolean,
    Array,
    Object,
}

/// What an operator finds; `None` where it cannot compare the value.
type Found = Result<Option<bool>, Spent>;

impl Operator {
    /// Asks the operator of a value that is there and is not null.
    pub(crate) fn apply(&self, value: &Value<'_>, work: &mut Work) -> Found {
        match (self, value) {
            (Self::Exists(wanted), _) => Ok(Some(*wanted)),
            (Self::Equal { to, negated }, _) => Ok(to.equals(value, work)?.map(|same| same != *negated)),
            (Self::Type(kind), _) => Ok(Some(kind.is(value))),
            (Self::Order { to: Scalar::Text(to), comparison }, Value::String(text)) => {
                spend(work, text.len(), 16)?;
                Ok(Some(comparison.holds(text.as_ref().cmp(to.as_str()))))
            }
            (Self::Order { to: Scalar::Number(to), comparison }, Value::Number(text)) => {
                Ok(decimal(text, work)?.map(|number| comparison.holds(number.cmp(to))))
            }
            (Self::OneOf { list, negated }, _) => Ok(match scalar(value, work)? {
                Some(Ok(scalar)) => Some(list.contains(&scalar) != *negated),
                // A list is no member of a list of texts and numbers; a number past all bounds
                // is not compared.
                Some(Err(NotCompared)) => None,
                None => Some(*negated),
            }),
            (Self::Contains { what, negated }, _) => {
                Ok(contains(what, value, work)?.map(|found| found != *negated))
            }
            (Self::Within { text, negated }, Value::String(part)) => {
                spend(work, text.len() + part.len(), 4)?;
                Ok(Some(found(text, part) != *negated))
            }
            (Self::Matches { pattern, .. }, Value::String(text)) => pattern.is_match(text, work).map(Some),
            (Self::Matches { pattern, any_scalar: true }, Value::Number(text)) => {
                pattern.is_match(text, work).map(Some)
            }
            (Self::Matches { pattern, any_scalar: true }, Value::Bool(holds)) => {
                pattern.is_match(if *holds { "true" } else { "false" }, work).map(Some)
            }
            (Self::StartsWith(start), Value::String(text)) => Ok(Some(text.starts_with(start.as_str()))),
            (Self::EndsWith(end), Value::String(text)) => Ok(Some(text.ends_with(end.as_str()))),
            (Self::Length { to, comparison }, _) => {
                Ok(length(value, work)?.map(|length| comparison.holds(length.cmp(to))))
            }
            (Self::Url(globs), Value::String(text)) => {
                spend(work, text.len(), 1)?;
                let Some(url) = Url::parse(text).filter(|url| !url.has_user) else { return Ok(None) };
                for glob in globs {
                    work.spend(glob.steps(&url))?;
                    if glob.matches(&url) {
                        return Ok(Some(true));
                    }
                }
                Ok(Some(false))
            }
            (
                Self::Order { .. }
                | Self::Within { .. }
                | Self::Matches { .. }
                | Self::StartsWith(_)
                | Self::EndsWith(_)
                | Self::Url(_),
                _,
            ) => Ok(None),
        }
    }

    /// The same of the arguments as a whole, which are an object.
    pub(crate) fn apply_to_object(&self, members: &[Member<'_>], work: &mut Work) -> Found {
        match self {
            Self::Exists(wanted) => Ok(Some(*wanted)),
            Self::Equal { to, negated } => Ok(to.equals_object(members, work)?.map(|same| same != *negated)),
            Self::Type(kind) => Ok(Some(*kind == Kind::Object)),
            Self::OneOf { negated, .. } => Ok(Some(*negated)),
            Self::Contains { what, negated } => Ok(has_key(what, members, work)?.map(|has| has != *negated)),
            Self::Length { to, comparison } => Ok(Some(comparison.holds((members.len() as u64).cmp(to)))),
            Self::Order { .. }
            | Self::Within { .. }
            | Self::Matches { .. }
            | Self::StartsWith(_)
            | Self::EndsWith(_)
            | Self::Url(_) => Ok(None),
        }
    }
}

/// A number whose exponent does not fit: it equals nothing, and differs from nothing.
struct NotCompared;

/// Takes the steps of looking at so many bytes, so many of them at once.
fn spend(work: &mut Work, bytes: usize, at_once: usize) -> Result<(), Spent> {
    work.spend((bytes / at_once) as u64)
}

fn decimal(text: &str, work: &mut Work) -> Result<Option<Decimal>, Spent> {
    spend(work, text.len(), 1)?;
    Ok(Decimal::parse(text))
}

fn found(text: &str, part: &str) -> bool {
    Finder::new(part).find(text.as_bytes()).is_some()
}

/// The value as one without parts, if it is one.
fn scalar(value: &Value<'_>, work: &mut Work) -> Result<Option<Result<Scalar, NotCompared>>, Spent> {
    Ok(match value {
        Value::Bool(value) => Some(Ok(Scalar::Bool(*value))),
        Value::Number(text) => Some(decimal(text, work)?.map(Scalar::Number).ok_or(NotCompared)),
        Value::String(text) => {
            spend(work, text.len(), 4)?;
            Some(Ok(Scalar::Text(text.to_string())))
        }
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    })
}

fn contains(what: &Literal, value: &Value<'_>, work: &mut Work) -> Found {
    match (value, what) {
        (Value::String(text), Literal::Scalar(Scalar::Text(part))) => {
            spend(work, text.len(), 4)?;
            Ok(Some(found(text, part)))
        }
        (Value::Array(items), _) => any(items, work, |item, work| what.equals(&item.value, work)),
        (Value::Object(members), _) => has_key(what, members, work),
        (Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_), _) => Ok(None),
    }
}

fn has_key(what: &Literal, members: &[Member<'_>], work: &mut Work) -> Found {
    let Literal::Scalar(Scalar::Text(key)) = what else { return Ok(None) };
    work.spend(members.len() as u64)?;
    Ok(Some(members.iter().any(|member| member.key == *key)))
}

/// Whether one element will do; not compared if only an element that is not could.
fn any(items: &[Node<'_>], work: &mut Work, mut will_do: impl FnMut(&Node<'_>, &mut Work) -> Found) -> Found {
    let mut answer = Some(false);
    for item in items {
        work.spend(4)?;
        match will_do(item, work)? {
            Some(true) => return Ok(Some(true)),
            Some(false) => {}
            None => answer = None,
        }
    }
    Ok(answer)
}

fn length(value: &Value<'_>, work: &mut Work) -> Result<Option<u64>, Spent> {
    Ok(match value {
        Value::String(text) => {
            spend(work, text.len(), 4)?;
            Some(text.chars().count() as u64)
        }
        Value::Array(items) => Some(items.len() as u64),
        Value::Object(members) => Some(members.len() as u64),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    })
}

impl Kind {
    fn is(self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Self::String, Value::String(_))
            | (Self::Number, Value::Number(_))
            | (Self::Boolean, Value::Bool(_))
            | (Self::Array, Value::Array(_))
            | (Self::Object, Value::Object(_)) => true,
            (Self::Integer, Value::Number(text)) => !text.contains(['.', 'e', 'E']),
            (Self::String | Self::Number | Self::Integer | Self::Boolean | Self::Array | Self::Object, _) => {
                false
            }
        }
    }
}

impl Literal {
    /// Reads a value of a document. `None` for a number that is not compared.
    pub(crate) fn of(value: &Value<'_>) -> Option<Self> {
        Some(match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Scalar(Scalar::Bool(*value)),
            Value::Number(text) => Self::Scalar(Scalar::Number(Decimal::parse(text)?)),
            Value::String(text) => Self::Scalar(Scalar::Text(text.to_string())),
            Value::Array(items) => {
                Self::Array(items.iter().map(|item| Self::of(&item.value)).collect::<Option<_>>()?)
            }
            Value::Object(members) => Self::Object(
                members
                    .iter()
                    .map(|member| Some((member.key.to_string(), Self::of(&member.value.value)?)))
                    .collect::<Option<_>>()?,
            ),
        })
    }

    /// Whether a value is this one: numbers by value, members in any order, types apart.
    fn equals(&self, value: &Value<'_>, work: &mut Work) -> Found {
        work.spend(1)?;
        match (self, value) {
            (Self::Null, Value::Null) => Ok(Some(true)),
            (Self::Scalar(Scalar::Bool(own)), Value::Bool(value)) => Ok(Some(own == value)),
            (Self::Scalar(Scalar::Text(own)), Value::String(text)) => {
                spend(work, text.len(), 16)?;
                Ok(Some(own == text))
            }
            (Self::Scalar(Scalar::Number(own)), Value::Number(text)) => {
                Ok(decimal(text, work)?.map(|number| number == *own))
            }
            (Self::Array(own), Value::Array(items)) => {
                if own.len() != items.len() {
                    return Ok(Some(false));
                }
                all(own.iter().zip(items), |(own, item)| own.equals(&item.value, work))
            }
            (Self::Object(_), Value::Object(members)) => self.equals_object(members, work),
            (Self::Null | Self::Scalar(_) | Self::Array(_) | Self::Object(_), _) => Ok(Some(false)),
        }
    }

    fn equals_object(&self, members: &[Member<'_>], work: &mut Work) -> Found {
        let Self::Object(own) = self else { return Ok(Some(false)) };
        if own.len() != members.len() {
            return Ok(Some(false));
        }
        all(own, |(key, own)| {
            work.spend(members.len() as u64)?;
            match members.iter().find(|member| member.key == *key) {
                Some(member) => own.equals(&member.value.value, work),
                None => Ok(Some(false)),
            }
        })
    }
}

/// Whether all are: one that is not decides.
fn all<T>(items: impl IntoIterator<Item = T>, mut is: impl FnMut(T) -> Found) -> Found {
    let mut answer = Some(true);
    for item in items {
        match is(item)? {
            Some(true) => {}
            Some(false) => return Ok(Some(false)),
            None => answer = None,
        }
    }
    Ok(answer)
}
