//! How a condition is written: `all`, `any`, `not`, or one test of a piece of the call.

mod patterns;

use std::collections::BTreeSet;

use super::leaves::{Text, visible};
use super::shape::Field;
use super::shape::{Reading, Shape, expect_object, field, object_schema, unknown_fields, word};
use crate::condition::{
    Comparison, Condition, Kind, Literal, Operator, Path, SUBJECTS, Scalar, Subject, Test, When,
};
use crate::limits::{CONDITION_DEPTH_MAX, CONDITION_TESTS_MAX, PATTERN_BYTES_MAX};
use crate::money;
use crate::syntax::{Node, Value};
use patterns::{glob, regex};

/// The operators, in the order of the reference.
const OPERATORS: &[&str] = &[
    "eq",
    "ne",
    "gt",
    "gte",
    "lt",
    "lte",
    "contains",
    "not_contains",
    "in",
    "not_in",
    "matches",
    "text_matches",
    "starts_with",
    "ends_with",
    "exists",
    "type",
    "length_eq",
    "length_gt",
    "length_gte",
    "length_lt",
    "length_lte",
    "url_matches",
];

const KINDS: &[(&str, Kind)] = &[
    ("string", Kind::String),
    ("number", Kind::Number),
    ("integer", Kind::Integer),
    ("boolean", Kind::Boolean),
    ("array", Kind::Array),
    ("object", Kind::Object),
];

impl Shape for When {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let condition = condition(node, 1, cx)?;
        let mut tests = 0;
        condition.tests(false, &mut |_, _| tests += 1);
        if tests > CONDITION_TESTS_MAX {
            let message =
                format!("{tests} tests in one condition; at most {CONDITION_TESTS_MAX} are allowed");
            let help = Some("split the rule, or use `in` with a list".to_owned());
            cx.error("too-many", node.span, message, "this condition", help);
            return None;
        }
        Some(Self { condition, span: node.span })
    }

    fn schema() -> String {
        r##"{"$ref":"#/$defs/condition"}"##.to_owned()
    }
}

/// The JSON Schema of a condition, which speaks of itself.
pub(crate) fn condition_schema() -> String {
    let own = When::schema();
    let list = format!(r#"{{"type":"array","minItems":1,"items":{own}}}"#);
    let form = |name: &'static str, doc: &str, schema: String| {
        object_schema(&[Field { name, doc: doc.to_owned(), required: true, schema }])
    };
    let operators = OPERATORS.iter().map(|name| crate::wire::json_string(name)).collect::<Vec<_>>().join(",");
    let test = object_schema(&[
        Field {
            name: "param",
            doc: "The piece of the call: an argument's name, a query such as `$.items[0].price`, or \
                  `@toolName`, `@cost.usd`, `@cost.tokens`, `@endpoint`, `@payee`, `@environment`."
                .to_owned(),
            required: true,
            schema: format!(r#"{{"type":"string","minLength":1,"maxLength":{PATTERN_BYTES_MAX}}}"#),
        },
        Field {
            name: "operator",
            doc: "What is asked of it.".to_owned(),
            required: true,
            schema: format!(r#"{{"type":"string","enum":[{operators}]}}"#),
        },
        Field {
            name: "value",
            doc: "What it is compared with; only `exists` goes without.".to_owned(),
            required: false,
            schema: r#"{"type":["string","number","boolean","array","object"]}"#.to_owned(),
        },
    ]);
    format!(
        r#"{{"oneOf":[{},{},{},{test}]}}"#,
        form("all", "Every one of them holds.", list.clone()),
        form("any", "One of them holds.", list),
        form("not", "It does not hold.", own),
    )
}

fn condition(node: &Node<'_>, depth: usize, cx: &mut Reading<'_>) -> Option<Condition> {
    if !expect_object(node, cx) {
        return None;
    }
    if depth > CONDITION_DEPTH_MAX {
        let message = format!("conditions are nested deeper than {CONDITION_DEPTH_MAX} levels");
        cx.error("too-deep", node.span, message, "this one", Some("write it flatter".to_owned()));
        return None;
    }
    let members = node.as_object().unwrap_or_default();
    let form = members.iter().find(|member| matches!(member.key.as_ref(), "all" | "any" | "not"));
    let Some(form) = form else {
        unknown_fields(node, &["param", "operator", "value", "all", "any", "not"], cx);
        return test(node, cx);
    };
    if members.len() > 1 {
        let message = format!("a condition has one form, and this has `{}` and more", form.key);
        let help = Some("put what belongs together into `all`".to_owned());
        cx.error("bad-condition", node.span, message, "this condition", help);
        return None;
    }
    cx.at(&form.key, |cx| match form.key.as_ref() {
        "not" => condition(&form.value, depth + 1, cx).map(|part| Condition::Not(Box::new(part))),
        key => {
            let parts = parts(&form.value, depth, cx)?;
            Some(if key == "all" { Condition::All(parts) } else { Condition::Any(parts) })
        }
    })
}

fn parts(node: &Node<'_>, depth: usize, cx: &mut Reading<'_>) -> Option<Vec<Condition>> {
    let Some(items) = node.as_array() else {
        cx.wrong_type(node, "an array");
        return None;
    };
    if items.is_empty() {
        let help = Some("write conditions, or leave `when` out: then the rule always holds".to_owned());
        cx.error("empty-list", node.span, "the list is empty".to_owned(), "this list", help);
        return None;
    }
    let mut parts = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        parts.extend(cx.at(&index.to_string(), |cx| condition(item, depth + 1, cx)));
    }
    (parts.len() == items.len()).then_some(parts)
}

/// The piece of the call that a test is about.
struct Param {
    written: String,
    subject: Subject,
}

impl Shape for Param {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let text = visible(Text::read(node, cx)?, cx)?.value;
        let bad = |help: String, cx: &mut Reading<'_>| {
            let message = format!("`{}` is not a path to an argument", text.escape_debug());
            cx.error("bad-path", node.span, message, "this path", Some(help));
            None
        };
        if text.len() > PATTERN_BYTES_MAX {
            return bad(format!("a path has at most {PATTERN_BYTES_MAX} bytes"), cx);
        }
        if text.starts_with('@') {
            let found = SUBJECTS.iter().find(|(name, _)| *name == text);
            return match found {
                Some((_, subject)) => Some(Self { written: text, subject: subject.clone() }),
                None => {
                    let names: Vec<&str> = SUBJECTS.iter().map(|(name, _)| *name).collect();
                    bad(format!("of the call itself there are {}", super::shape::list(&names)), cx)
                }
            };
        }
        match Path::parse(&text) {
            Ok(path) => Some(Self { written: text, subject: Subject::Argument(path) }),
            Err(error) => bad(error.0.to_owned(), cx),
        }
    }

    fn schema() -> String {
        r#"{"type":"string","minLength":1}"#.to_owned()
    }
}

/// The name of an operator.
struct Name(&'static str);

impl Shape for Name {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let found = word(node, OPERATORS, cx)?;
        OPERATORS.iter().find(|name| **name == found).map(|name| Self(name))
    }

    fn schema() -> String {
        r#"{"type":"string"}"#.to_owned()
    }
}

fn test(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Condition> {
    let param = field::<Param>(node, "param", cx);
    let name = field::<Name>(node, "operator", cx);
    let (Param { written, subject }, Name(name)) = (param?, name?);
    let value = node.as_object().unwrap_or_default().iter().find(|member| member.key == "value");
    let operator = match value {
        Some(value) => cx.at("value", |cx| operator(&subject, name, &value.value, cx))?,
        None if name == "exists" => Operator::Exists(true),
        None => {
            let message = format!("operator `{name}` needs a `value`");
            cx.error("missing-field", node.span, message, "in this object", None);
            return None;
        }
    };
    Some(Condition::Test(Test { written, subject, operator }))
}

/// Reads the value of an operator, in the notation of what it is compared with.
fn operator(subject: &Subject, name: &str, node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Operator> {
    match subject {
        Subject::CostUsd | Subject::CostTokens => {
            let known = ["eq", "ne", "gt", "gte", "lt", "lte", "in", "not_in", "exists"];
            if !known.contains(&name) {
                let message = format!("operator `{name}` does not compare what a call costs");
                let help = format!("use one of {}", super::shape::list(&known));
                cx.error("bad-value", node.span, message, "for this", Some(help));
                return None;
            }
            // What it costs is compared in whole units, so its values are read as such.
            match &node.value {
                Value::Bool(_) if name == "exists" => general(name, node, cx),
                Value::Array(items) if matches!(name, "in" | "not_in") => {
                    let units: Option<Vec<_>> = items.iter().map(|item| cost(subject, item, cx)).collect();
                    general(name, &Node { value: Value::Array(units?), span: node.span }, cx)
                }
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_)
                | Value::Object(_) => general(name, &cost(subject, node, cx)?, cx),
            }
        }
        Subject::Argument(_)
        | Subject::ToolName
        | Subject::Endpoint
        | Subject::Payee
        | Subject::Environment => general(name, node, cx),
    }
}

/// What a call costs, in micro-dollars or tokens, as a number.
fn cost(subject: &Subject, node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Node<'static>> {
    let (units, wanted) = if *subject == Subject::CostUsd {
        (node.as_str().and_then(money::parse), "dollars as a text with at most 6 decimals, such as \"25.00\"")
    } else {
        (node.as_number().and_then(money::digits), "a whole number")
    };
    let Some(units) = units else {
        cx.error("bad-value", node.span, format!("this is not {wanted}"), "this value", None);
        return None;
    };
    Some(Node { value: Value::Number(units.to_string().into()), span: node.span })
}

fn general(name: &str, node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Operator> {
    let negated = name.starts_with("not_") || name == "ne";
    let comparison = match name.strip_prefix("length_").unwrap_or(name) {
        "eq" => Comparison::Equal,
        "gt" => Comparison::Greater,
        "gte" => Comparison::GreaterOrEqual,
        "lt" => Comparison::Less,
        _ => Comparison::LessOrEqual,
    };
    match (name, &node.value) {
        ("exists", Value::Bool(wanted)) => Some(Operator::Exists(*wanted)),
        (
            "eq" | "ne",
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_),
        ) => Some(Operator::Equal { to: literal(node, cx)?, negated }),
        ("gt" | "gte" | "lt" | "lte", Value::Number(_) | Value::String(_)) => {
            Some(Operator::Order { to: scalar(node, cx)?, comparison })
        }
        ("contains" | "not_contains", Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            Some(Operator::Contains { what: literal(node, cx)?, negated })
        }
        ("in" | "not_in", Value::Array(items)) => {
            let list: Option<BTreeSet<Scalar>> = items.iter().map(|item| scalar(item, cx)).collect();
            Some(Operator::OneOf { list: list?, negated })
        }
        ("in" | "not_in", Value::String(text)) => Some(Operator::Within { text: text.to_string(), negated }),
        ("matches" | "text_matches", Value::String(text)) => {
            Some(Operator::Matches { pattern: regex(text, node, cx)?, any_scalar: name == "text_matches" })
        }
        ("starts_with", Value::String(text)) => Some(Operator::StartsWith(text.to_string())),
        ("ends_with", Value::String(text)) => Some(Operator::EndsWith(text.to_string())),
        ("type", Value::String(_)) => {
            let words: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
            let found = word(node, &words, cx)?;
            KINDS.iter().find(|(name, _)| *name == found).map(|(_, kind)| Operator::Type(*kind))
        }
        (length, Value::Number(text)) if length.starts_with("length_") && money::digits(text).is_some() => {
            money::digits(text).map(|to| Operator::Length { to, comparison })
        }
        ("url_matches", Value::String(_)) => Some(Operator::Url(vec![glob(node, cx)?])),
        ("url_matches", Value::Array(items)) if !items.is_empty() => {
            items.iter().map(|item| glob(item, cx)).collect::<Option<Vec<_>>>().map(Operator::Url)
        }
        _ => {
            let message = format!("operator `{name}` takes {}, found {}", wanted(name), node.kind());
            let help = match node.value {
                Value::Null => "whether something is there is asked by `exists`",
                Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                    "a value is never converted; write it in the type that is compared"
                }
            };
            cx.error("bad-value", node.span, message, "this value", Some(help.to_owned()));
            None
        }
    }
}

/// What an operator takes, in words.
fn wanted(name: &str) -> &'static str {
    match name {
        "exists" => "true or false",
        "eq" | "ne" => "any value but null",
        "gt" | "gte" | "lt" | "lte" => "a number or a string",
        "contains" | "not_contains" => "a string, a number or a boolean",
        "in" | "not_in" => "an array or a string",
        "matches" | "text_matches" => "a regular expression as a string",
        "type" => "the name of a type",
        "url_matches" => "a URL pattern, or an array of them that is not empty",
        "starts_with" | "ends_with" => "a string",
        _ => "a whole number",
    }
}

fn literal(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Literal> {
    let literal = Literal::of(&node.value);
    if literal.is_none() {
        let message = "a number whose exponent is too large to compare".to_owned();
        cx.error("bad-value", node.span, message, "in here", None);
    }
    literal
}

fn scalar(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Scalar> {
    match literal(node, cx)? {
        Literal::Scalar(scalar) => Some(scalar),
        Literal::Null | Literal::Array(_) | Literal::Object(_) => {
            let message = format!("expected a string, a number or a boolean, found {}", node.kind());
            cx.error("bad-value", node.span, message, "this entry", None);
            None
        }
    }
}
