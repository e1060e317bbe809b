//! What holds of every source: a conversion answers, and what comes out loads.

use super::support::OPTIONS;
use proptest::prelude::*;
use sentinel_engine::{Dialect, Format, Policy, Severity, convert};
use serde_json::{Value, json};

const SAMPLES: &[&str] = &[
    include_str!("../testdata/rules.json"),
    include_str!("../testdata/x402.json"),
    r#"{"budgets": {"run": 1.5, "actions": {"a": 1}}, "denied_actions": ["b"], "rate_limits": {"c": {"max_count": 1, "window_seconds": 2}}, "require_approval": true, "approval_threshold_usd": 5, "evidence": {"argument_constraints": {"d": {"required": ["x"], "properties": {"x": {"enum": [1], "pattern": "a"}}}}, "requirements": {"e": ["f"]}}}"#,
    r#"{"blockedEndpoints": ["https://a.com/*"], "requireApproval": {"above": "1"}, "spikeThreshold": 2}"#,
];

/// What stands in place of a value.
fn other() -> impl Strategy<Value = Value> {
    const NUMBERS: &[&str] = &["0", "1", "-1", "1e400", "0.1234567", "99999999999999999999999"];
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        proptest::sample::select(NUMBERS).prop_map(|text| serde_json::from_str(text).unwrap_or(json!(7))),
        "[a-z*?\\[\\](){}|^$.+'\"\\\\\\PC]{0,12}".prop_map(Value::String),
        Just(json!([])),
        Just(json!({})),
        Just(json!(["*", 1, {"a": [null]}])),
        Just(json!("x".repeat(3_000))),
    ]
}

/// Every value of a document, in order, until `at` is counted down: that one is replaced.
fn replace(value: &mut Value, at: &mut usize, new: &Value) {
    if *at == 0 {
        *value = new.clone();
    }
    *at = at.wrapping_sub(1);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, at, new)),
        Value::Object(members) => members.values_mut().for_each(|item| replace(item, at, new)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn answers(text: &str, format: Format, dialect: Option<Dialect>) {
    match convert(text, format, dialect, &OPTIONS) {
        Ok(own) => {
            let loaded = Policy::load(&own.document, Format::Json);
            assert!(loaded.is_ok(), "{text}\n{}\n{loaded:?}", own.document);
            assert!(own.notes.iter().all(|note| note.severity == Severity::Warning));
        }
        Err(found) => assert!(found.iter().any(|one| one.severity == Severity::Error), "{text}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn what_is_converted_loads(sample in 0..SAMPLES.len(), at in 0..40_usize, new in other(), dialect in 0..3_usize) {
        let mut value: Value = serde_json::from_str(SAMPLES[sample]).expect("a sample");
        replace(&mut value, &mut at.clone(), &new);
        let text = value.to_string();
        answers(&text, Format::Json, None);
        answers(&text, Format::Yaml, Some(Dialect::ALL[dialect]));
    }

    #[test]
    fn any_text_is_answered(text in "\\PC{0,80}", dialect in 0..3_usize) {
        answers(&text, Format::Json, Some(Dialect::ALL[dialect]));
        answers(&text, Format::Yaml, None);
    }
}
