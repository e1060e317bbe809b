//! A rule of ours to be written, and the conditions it is made of.

use super::json::Json;
pub(super) use crate::policy::Action;

/// A rule to be written. What is `None` is left out.
#[derive(Debug)]
pub(super) struct NewRule {
    pub(super) name: String,
    pub(super) tools: Vec<String>,
    pub(super) when: Option<Json>,
    pub(super) action: Action,
    pub(super) message: Option<String>,
    pub(super) on_missing: Option<&'static str>,
    pub(super) on_mismatch: Option<&'static str>,
    pub(super) enabled: bool,
}

impl NewRule {
    /// A rule for these tools that asks nothing else.
    pub(super) fn new(name: &str, tools: Vec<String>, action: Action) -> Self {
        Self {
            name: name.to_owned(),
            tools,
            when: None,
            action,
            message: None,
            on_missing: None,
            on_mismatch: None,
            enabled: true,
        }
    }
}

/// A condition on one value.
pub(super) fn leaf(path: &str, operator: &str, value: Json) -> Json {
    Json::object([("param", path.into()), ("operator", operator.into()), ("value", value)])
}

/// All of the conditions, or the one.
pub(super) fn joined(word: &str, mut conditions: Vec<Json>) -> Option<Json> {
    if conditions.len() > 1 {
        return Some(Json::object([(word, Json::List(conditions))]));
    }
    conditions.pop()
}

/// The opposite of a condition.
pub(super) fn not(condition: Json) -> Json {
    Json::object([("not", condition)])
}

/// An argument by its name, whatever characters that has.
pub(super) fn argument(name: &str) -> String {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    if is_plain {
        return name.to_owned();
    }
    format!("$['{}']", name.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_an_argument_means_that_one_key() {
        for (name, path) in [
            ("amount", "amount"),
            ("_x1", "_x1"),
            ("1x", "$['1x']"),
            ("a.b", "$['a.b']"),
            ("$", "$['$']"),
            ("@toolName", "$['@toolName']"),
            ("kebab-case", "$['kebab-case']"),
            ("it's", r"$['it\'s']"),
            (r"a\b", r"$['a\\b']"),
            ("größe", "$['größe']"),
        ] {
            assert_eq!(argument(name), path);
        }
    }
}
