//! Conditions that nothing can meet. What it finds is certain; it does not find everything.

use std::cmp::Ordering;

use crate::condition::{Comparison, Condition, Literal, Operator, Scalar, Test};

/// Whether the condition never holds.
pub(super) fn holds(condition: &Condition) -> bool {
    match condition {
        Condition::Any(parts) => parts.iter().all(holds),
        Condition::Not(_) => false,
        Condition::Test(test) => {
            matches!(&test.operator, Operator::OneOf { list, negated: false } if list.is_empty())
        }
        Condition::All(parts) => {
            let tests: Vec<&Test> = parts.iter().filter_map(alone).collect();
            parts.iter().any(holds) || pairs(&tests).any(|(a, b)| a.subject == b.subject && exclude(a, b))
        }
    }
}

/// A part that is one test of one value.
fn alone(part: &Condition) -> Option<&Test> {
    match part {
        Condition::Test(test) => Some(test).filter(|test| !test.is_of_each()),
        Condition::All(_) | Condition::Any(_) | Condition::Not(_) => None,
    }
}

fn pairs<'t>(tests: &'t [&'t Test]) -> impl Iterator<Item = (&'t Test, &'t Test)> {
    let ordered = tests.iter().enumerate();
    ordered.flat_map(|(at, a)| tests.iter().skip(at + 1).map(|b| (*a, *b)))
}

/// Whether two tests of one value never hold together.
fn exclude(a: &Test, b: &Test) -> bool {
    let is_absent = |test: &Test| matches!(test.operator, Operator::Exists(false));
    if is_absent(a) || is_absent(b) {
        return is_absent(a) != is_absent(b);
    }
    match (&a.operator, &b.operator) {
        (Operator::Equal { to: a, negated: false }, Operator::Equal { to: b, negated }) => {
            (a == b) == *negated
        }
        (Operator::Equal { to: a, negated: true }, Operator::Equal { to: b, negated: false }) => a == b,
        (Operator::Type(a), Operator::Type(b)) => {
            use crate::condition::Kind::{Integer, Number};
            a != b && !matches!((a, b), (Integer, Number) | (Number, Integer))
        }
        (
            Operator::OneOf { list, negated: false },
            Operator::Equal { to: Literal::Scalar(to), negated: false },
        )
        | (
            Operator::Equal { to: Literal::Scalar(to), negated: false },
            Operator::OneOf { list, negated: false },
        ) => !list.contains(to),
        (
            Operator::Order { .. } | Operator::Equal { .. },
            Operator::Order { .. } | Operator::Equal { .. },
        ) => bound(a).zip(bound(b)).is_some_and(|(a, b)| apart(a, b) || apart(b, a)),
        _ => false,
    }
}

/// A value that the test compares with, and how.
fn bound(test: &Test) -> Option<(&Scalar, Comparison)> {
    if let Operator::Order { to, comparison } = &test.operator {
        return Some((to, *comparison));
    }
    if let Operator::Equal { to: Literal::Scalar(to), negated: false } = &test.operator {
        return Some((to, Comparison::Equal));
    }
    None
}

/// Whether everything under the first bound is below everything above the second, types included.
fn apart((high, upper): (&Scalar, Comparison), (low, lower): (&Scalar, Comparison)) -> bool {
    let ordering = match (high, low) {
        (Scalar::Number(high), Scalar::Number(low)) => high.cmp(low),
        (Scalar::Text(high), Scalar::Text(low)) => high.cmp(low),
        (Scalar::Bool(high), Scalar::Bool(low)) => high.cmp(low),
        _ => return true,
    };
    let is_upper = matches!(upper, Comparison::Less | Comparison::LessOrEqual | Comparison::Equal);
    let is_lower = matches!(lower, Comparison::Greater | Comparison::GreaterOrEqual | Comparison::Equal);
    let touches = |comparison| {
        matches!(comparison, Comparison::LessOrEqual | Comparison::GreaterOrEqual | Comparison::Equal)
    };
    match ordering {
        Ordering::Less => is_upper && is_lower,
        Ordering::Equal => is_upper && is_lower && !(touches(upper) && touches(lower)),
        Ordering::Greater => false,
    }
}
