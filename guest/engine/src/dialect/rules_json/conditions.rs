//! Conditions of agentic-sentinel, in our operators.
//!
//! They compare as Python does, where `True` is the number 1, and a comparison that makes no sense
//! is false. Here it asks a person: an amount that arrives as a text must not pass a limit.

use super::super::draft::Draft;
use super::super::json::Json;
use super::super::leaves::{Any, Placed, millionths};
use super::super::regex::{Flavour, Sense};
use super::super::rule::{Action, argument, joined, leaf, not};
use crate::condition::{Pattern, Work};
use crate::document::leaves::Text;
use crate::document::shape::{Reading, Shape, list, shape_struct};
use crate::syntax::Node;

shape_struct! {
    /// What has to hold of one parameter.
    pub(super) struct Condition {
        /// Name of the parameter.
        param: Text = "param",
        /// How it is compared.
        operator: Placed<Operator> = "operator",
        /// With what.
        value: Any = "value",
    }
}

/// How a parameter is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Eq,
    Ne,
    Gt,
    Gte,
    Lt,
    Lte,
    Contains,
    NotContains,
    In,
    NotIn,
    Matches,
}

/// Their words, most of which are ours.
const OPERATORS: &[(&str, Operator)] = &[
    ("eq", Operator::Eq),
    ("ne", Operator::Ne),
    ("gt", Operator::Gt),
    ("gte", Operator::Gte),
    ("lt", Operator::Lt),
    ("lte", Operator::Lte),
    ("contains", Operator::Contains),
    ("not_contains", Operator::NotContains),
    ("matches", Operator::Matches),
    ("in", Operator::In),
    ("not_in", Operator::NotIn),
];

/// What people write instead.
const ALIASES: &[(&str, &str)] = &[
    ("=", "eq"),
    ("==", "eq"),
    ("equals", "eq"),
    ("!=", "ne"),
    ("not_equals", "ne"),
    (">", "gt"),
    ("greater_than", "gt"),
    (">=", "gte"),
    ("ge", "gte"),
    ("<", "lt"),
    ("less_than", "lt"),
    ("<=", "lte"),
    ("le", "lte"),
    ("regex", "matches"),
    ("startswith", "matches"),
    ("starts_with", "matches"),
    ("endswith", "matches"),
    ("ends_with", "matches"),
];

impl Operator {
    fn as_str(self) -> &'static str {
        OPERATORS.iter().find(|(_, own)| *own == self).map_or("eq", |(word, _)| word)
    }
}

impl Shape for Operator {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let Some(text) = node.as_str() else {
            cx.wrong_type(node, "a string");
            return None;
        };
        if let Some((_, own)) = OPERATORS.iter().find(|(word, _)| *word == text) {
            return Some(*own);
        }
        let plain = text.trim().to_lowercase();
        let words: Vec<&str> = OPERATORS.iter().map(|(word, _)| *word).collect();
        let alias = ALIASES.iter().find(|(alias, _)| *alias == plain).map(|(_, word)| *word);
        // No word is so long; the comparison takes the product of both lengths.
        let close = |word: &&str| {
            plain.len() <= 2 * word.len()
                && strsim::damerau_levenshtein(word, &plain) <= word.len().min(3) / 2
        };
        let meant = alias.or_else(|| words.iter().copied().find(close));
        let mut help = meant.map_or(String::new(), |word| format!("did you mean `{word}`? "));
        help.push_str(&format!("there, such a rule never holds; operators: {}", list(&words)));
        let message = format!("unknown operator `{}`", text.escape_debug());
        cx.error("unknown-operator", node.span, message, "not one of their operators", Some(help));
        None
    }

    fn schema() -> String {
        r#"{"type":"string"}"#.to_owned()
    }
}

impl Condition {
    /// The condition in our notation; `None` if it was reported as a mistake.
    pub(super) fn convert(self, action: Action, draft: &mut Draft<'_, '_>) -> Option<Json> {
        let Self { param, operator, value: Any { value, place } } = self;
        let (path, operator) = (argument(&param.value), operator.value);
        let mut refuse = |message: &str, help: &str| {
            draft.error(&place, "bad-value", message, help);
            None
        };
        let word = operator.as_str();
        let converted = match (operator, value) {
            // Absent and null are one there, and a condition on either is false.
            (Operator::Ne, Json::Null) => {
                Json::object([("param", path.as_str().into()), ("operator", "exists".into())])
            }
            (_, Json::Null) => {
                return refuse(
                    "a condition with the value null never holds there",
                    "remove the rule; `exists` with `value: false` is for the converted one",
                );
            }
            (Operator::Contains | Operator::NotContains, Json::List(_) | Json::Object(_)) => {
                return refuse(
                    "lists and objects are not looked for inside of others here",
                    "compare with a text",
                );
            }
            (Operator::Eq | Operator::Contains, value) => either("any", &path, word, value)?,
            (Operator::Ne | Operator::NotContains, value) => either("all", &path, word, value)?,
            (Operator::In | Operator::NotIn, Json::List(entries)) => {
                if entries.iter().any(|entry| matches!(entry, Json::List(_) | Json::Object(_))) {
                    return refuse(
                        "lists and objects are not members of a list here",
                        "list texts and numbers",
                    );
                }
                leaf(&path, word, Json::List(with_twins(entries)))
            }
            (Operator::In | Operator::NotIn, Json::Object(members)) => {
                let keys: Vec<String> = members.into_iter().map(|(key, _)| key).collect();
                leaf(&path, word, Json::texts(&keys))
            }
            (Operator::In | Operator::NotIn, value @ Json::Text(_)) => leaf(&path, word, value),
            (Operator::In | Operator::NotIn, Json::Bool(_) | Json::Number(_)) => {
                return refuse(
                    "nothing is inside of a number or a boolean, so the condition never holds",
                    "write a list of values, or a text",
                );
            }
            (
                Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte,
                value @ (Json::Number(_) | Json::Text(_)),
            ) => leaf(&path, word, value),
            (
                Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte,
                Json::Bool(_) | Json::List(_) | Json::Object(_),
            ) => {
                return refuse("this value has no order that is followed here", "write a number or a text");
            }
            (Operator::Matches, Json::Text(text)) => {
                let sense = if action == Action::Allow { Sense::Permits } else { Sense::Catches };
                let how = (Flavour::Python, sense);
                let pattern = draft.regex(&text, how, ("^(?:", ")"), &place)?;
                matched(&path, &pattern)?
            }
            (Operator::Matches, Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_)) => {
                return refuse("`matches` compares with an expression", "write it as a text");
            }
        };
        let message = "an argument of the wrong type asks a person; there, the rule was skipped";
        draft.note_once(
            &place,
            "mistyped-asks",
            message,
            "set `onMismatch` to `block` where nobody should be asked",
        );
        Some(converted)
    }
}

/// A text, or the text of a number or a truth, is matched. Python writes truths as `True` and `False`,
/// and where the expression tells that from ours, it is asked here, once and for all.
fn matched(path: &str, pattern: &str) -> Option<Json> {
    let own = Pattern::parse(pattern).ok()?;
    let holds = |text: &str| own.is_match(text, &mut Work::new()) == Ok(true);
    let truths = [(true, "true", "True"), (false, "false", "False")];
    let found = leaf(path, "text_matches", pattern.into());
    if truths.iter().all(|(_, ours, theirs)| holds(ours) == holds(theirs)) {
        return Some(found);
    }
    let others = joined("all", vec![not(leaf(path, "type", "boolean".into())), found]);
    let truths = truths.into_iter().filter(|(_, _, theirs)| holds(theirs));
    let truths = truths.map(|(truth, ..)| leaf(path, "eq", Json::Bool(truth)));
    joined("any", others.into_iter().chain(truths).collect())
}

/// A condition that holds for either spelling of a truth: Python's `True` is 1.
fn either(word: &str, path: &str, operator: &str, value: Json) -> Option<Json> {
    let values = twin(&value).into_iter().collect::<Vec<_>>();
    let values = [value].into_iter().chain(values);
    joined(word, values.map(|value| leaf(path, operator, value)).collect())
}

/// The values without null, which no parameter equals, and with the other spelling of truths.
fn with_twins(values: Vec<Json>) -> Vec<Json> {
    let mut values: Vec<Json> = values.into_iter().filter(|value| *value != Json::Null).collect();
    for twin in values.iter().filter_map(twin).collect::<Vec<_>>() {
        if !values.contains(&twin) {
            values.push(twin);
        }
    }
    values
}

/// What else Python takes for the same value.
fn twin(value: &Json) -> Option<Json> {
    match value {
        Json::Bool(truth) => Some(Json::from(u64::from(*truth))),
        Json::Number(text) => match millionths(text.trim_start_matches('-'), true) {
            Some(0) => Some(Json::Bool(false)),
            Some(1_000_000) if !text.starts_with('-') => Some(Json::Bool(true)),
            Some(_) | None => None,
        },
        Json::Null | Json::Text(_) | Json::List(_) | Json::Object(_) => None,
    }
}
