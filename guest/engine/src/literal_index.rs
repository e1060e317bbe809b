//! Rules that want an argument to be one of some texts: of ten thousand, the few that may hold, by one
//! look at each argument.

use std::collections::BTreeMap;

use crate::call::Call;
use crate::condition::{Condition, Literal, Operator, Scalar, Spent, Step, Subject, Test, Work};
use crate::limits::LEAF_STEPS;
use crate::syntax::Value;

/// The texts that entries want, by argument.
#[derive(Debug, Default)]
pub(crate) struct LiteralIndex {
    arguments: BTreeMap<String, Wanted>,
    /// By number of the entry, that of the argument at which it wants one of its texts.
    of_entry: Vec<Option<u32>>,
}

/// What is wanted of one argument.
#[derive(Debug)]
struct Wanted {
    number: u32,
    /// For each text the numbers of the entries that want it, rising.
    texts: BTreeMap<String, Vec<u32>>,
}

/// Arguments of a call that are texts, by their number, which rises, each with the entries that want just this one.
#[derive(Debug)]
pub(crate) struct Seen<'s>(Vec<(u32, &'s [u32])>);

impl LiteralIndex {
    /// Of conditions in the order of their numbers.
    pub(crate) fn new<'c>(conditions: impl Iterator<Item = Option<&'c Condition>>) -> Self {
        let mut index = Self::default();
        for (condition, entry) in conditions.zip(0..) {
            let argument = condition.and_then(needed).map(|(name, texts)| index.add(entry, name, texts));
            index.of_entry.push(argument);
        }
        index
    }

    fn add(&mut self, entry: u32, name: &str, texts: Vec<&str>) -> u32 {
        let number = u32::try_from(self.arguments.len()).unwrap_or(u32::MAX);
        let new = || Wanted { number, texts: BTreeMap::new() };
        let wanted = self.arguments.entry(name.to_owned()).or_insert_with(new);
        for text in texts {
            wanted.texts.entry(text.to_owned()).or_default().push(entry);
        }
        wanted.number
    }

    /// Looks at the arguments of a call, once for all entries.
    pub(crate) fn look(&self, call: &Call<'_>, work: &mut Work) -> Result<Seen<'_>, Spent> {
        let mut seen = Vec::new();
        if self.arguments.is_empty() {
            return Ok(Seen(seen));
        }
        work.spend(call.tool_input.len() as u64)?;
        for member in &call.tool_input {
            let Some(wanted) = self.arguments.get(member.key.as_ref()) else { continue };
            // Whoever wants a text of something else has to say what follows.
            let Value::String(text) = &member.value.value else { continue };
            work.spend(LEAF_STEPS + text.len() as u64 / 16)?;
            seen.push((wanted.number, wanted.texts.get(text.as_ref()).map_or(&[][..], Vec::as_slice)));
        }
        seen.sort_unstable_by_key(|(number, _)| *number);
        Ok(Seen(seen))
    }

    /// Whether the condition of an entry is false, and nothing else, for what was seen.
    pub(crate) fn excludes(&self, entry: u32, seen: &Seen<'_>) -> bool {
        let argument = usize::try_from(entry).ok().and_then(|entry| *self.of_entry.get(entry)?);
        argument.is_some_and(|argument| {
            let found = seen.0.binary_search_by_key(&argument, |(number, _)| *number);
            let found = found.ok().and_then(|at| seen.0.get(at));
            found.is_some_and(|(_, entries)| entries.binary_search(&entry).is_err())
        })
    }
}

/// The argument that has to be one of these texts for a condition to hold, if there is one. Where it is another
/// text, the condition is false whatever its other parts are.
fn needed(condition: &Condition) -> Option<(&str, Vec<&str>)> {
    match condition {
        Condition::All(parts) => parts.iter().find_map(needed),
        Condition::Test(Test { subject: Subject::Argument(path), operator, .. }) => match path.steps() {
            // A body may stand elsewhere in other bytes.
            [Step::Name(name)] if name != "body" => Some((name, texts(operator)?)),
            _ => None,
        },
        Condition::Test(_) | Condition::Any(_) | Condition::Not(_) => None,
    }
}

fn texts(operator: &Operator) -> Option<Vec<&str>> {
    if let Operator::Equal { to: Literal::Scalar(Scalar::Text(text)), negated: false } = operator {
        return Some(vec![text]);
    }
    let Operator::OneOf { list, negated: false } = operator else { return None };
    let texts = list.iter().filter_map(|scalar| match scalar {
        Scalar::Text(text) => Some(text.as_str()),
        Scalar::Bool(_) | Scalar::Number(_) => None,
    });
    Some(texts.collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use crate::call::Call;
    use crate::condition::{Truth, Work};
    use crate::{Format, Policy};

    fn policy(conditions: &[Json]) -> Policy {
        let rules: Vec<Json> = conditions
            .iter()
            .enumerate()
            .map(|(number, when)| {
                json!({ "name": format!("r{number}"), "tools": ["t"], "when": when, "action": "block" })
            })
            .collect();
        let document = json!({
            "agentId": "a",
            "version": "1",
            "identity": { "authorityLevel": "full-ops", "environmentScope": ["development"] },
            "rules": rules,
        });
        Policy::load(&document.to_string(), Format::Json).expect("a policy")
    }

    /// The numbers of the rules that are excluded for these arguments, each of which must be false.
    fn excluded(policy: &Policy, input: &Json) -> Vec<u32> {
        let text = json!({ "agentId": "a", "toolName": "t", "toolInput": input }).to_string();
        let call = Call::parse(text.as_bytes()).expect("a call");
        let literals = &policy.rules.literals;
        let seen = literals.look(&call, &mut Work::new()).expect("little work");
        let excluded: Vec<u32> =
            (0..).take(policy.rules.rules.len()).filter(|number| literals.excludes(*number, &seen)).collect();
        for number in &excluded {
            let when = policy.rules.rules[*number as usize].when.as_ref().expect("a condition");
            assert_eq!(when.ask(&call, &mut Work::new()), Ok(Truth::False), "rule {number} for {input}");
        }
        excluded
    }

    #[test]
    fn what_wants_another_text_is_excluded() {
        let test = |param: &str, operator: &str, value: Json| json!({ "param": param, "operator": operator, "value": value });
        let policy = policy(&[
            test("to", "eq", json!("x")),
            test("to", "eq", json!("y")),
            test("to", "in", json!(["y", "z", 1])),
            json!({ "all": [test("n", "gt", json!(1)), test("to", "eq", json!("x"))] }),
            json!({ "any": [test("n", "gt", json!(1)), test("to", "eq", json!("x"))] }),
            test("to", "ne", json!("x")),
            test("other", "eq", json!("x")),
            test("body", "eq", json!("x")),
        ]);
        assert_eq!(excluded(&policy, &json!({ "to": "x" })), [1, 2]);
        assert_eq!(excluded(&policy, &json!({ "to": "y" })), [0, 3]);
        assert_eq!(excluded(&policy, &json!({ "to": "w", "other": "w", "body": "w" })), [0, 1, 2, 3, 6]);
        assert_eq!(excluded(&policy, &json!({ "other": "w", "to": "x" })), [1, 2, 6]);
        // It is for the rule to say what follows.
        assert_eq!(excluded(&policy, &json!({ "to": 1 })), [0; 0]);
        assert_eq!(excluded(&policy, &json!({ "to": null })), [0; 0]);
        assert_eq!(excluded(&policy, &json!({})), [0; 0]);
    }

    fn condition() -> impl Strategy<Value = Json> {
        let param = prop_oneof![Just("a"), Just("b"), Just("body"), Just("$.a.b"), Just("@toolName")];
        let value = prop_oneof![Just(json!("x")), Just(json!("y")), Just(json!(1)), Just(json!(["x"]))];
        let operator = prop_oneof![Just("eq"), Just("ne"), Just("in"), Just("not_in"), Just("contains")];
        let test = (param, operator, value).prop_map(|(param, operator, value)| {
            let value = match operator {
                "in" | "not_in" => json!(["x", value.as_str().unwrap_or("y")]),
                "contains" => json!(value.as_str().unwrap_or("y")),
                _ => value,
            };
            json!({ "param": param, "operator": operator, "value": value })
        });
        test.prop_recursive(3, 12, 3, |inner| {
            let several = prop::collection::vec(inner.clone(), 1..3);
            prop_oneof![
                several.clone().prop_map(|parts| json!({ "all": parts })),
                several.prop_map(|parts| json!({ "any": parts })),
                inner.prop_map(|part| json!({ "not": part })),
            ]
        })
    }

    proptest! {
        #[test]
        fn nothing_is_excluded_that_is_not_false(
            conditions in prop::collection::vec(condition(), 1..6),
            a in prop_oneof![Just(json!("x")), Just(json!("z")), Just(json!(1)), Just(json!({ "b": "x" })), Just(Json::Null)],
            b in prop_oneof![Just(json!("y")), Just(json!(["x"])), Just(json!(true))],
            is_there in any::<bool>(),
        ) {
            let input = if is_there { json!({ "a": a, "b": b, "body": "x" }) } else { json!({ "b": b }) };
            excluded(&policy(&conditions), &input);
        }
    }
}
