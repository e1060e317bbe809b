//! Converting, loading and asking, in one line each.

use sentinel_engine::{
    Circumstances, Conversion, ConvertOptions, Diagnostic, Dialect, EffectOutcome, Format, Policy, Severity,
    conclude, convert, decide_bytes,
};
use serde_json::{Value, json};

pub(crate) const OPTIONS: ConvertOptions<'static> =
    ConvertOptions { agent_id: "a", version: "1.0.0", environments: &[] };

/// A text is JSON if it begins like JSON.
fn format(text: &str) -> Format {
    if text.starts_with(['{', '[', '"']) { Format::Json } else { Format::Yaml }
}

pub(crate) fn converted(dialect: Dialect, text: &str) -> Conversion {
    convert(text, format(text), Some(dialect), &OPTIONS).unwrap_or_else(|found| panic!("{text}\n{found:#?}"))
}

/// The document as JSON. It has to load, and to be laid out.
pub(crate) fn document(dialect: Dialect, text: &str) -> Value {
    let document = converted(dialect, text).document;
    Policy::load(&document, Format::Json).unwrap_or_else(|found| panic!("{document}\n{found:#?}"));
    assert!(document.starts_with("{\n  \"agentId\": ") && document.ends_with("}\n"), "{document}");
    serde_json::from_str(&document).expect("JSON")
}

/// Codes and places of the notes.
pub(crate) fn notes(dialect: Dialect, text: &str) -> Vec<String> {
    let notes = converted(dialect, text).notes;
    assert!(notes.iter().all(|note| note.severity == Severity::Warning && note.help.is_some()), "{notes:?}");
    shown(&notes)
}

/// Codes and places of the mistakes.
pub(crate) fn mistakes(dialect: Dialect, text: &str) -> Vec<String> {
    match convert(text, format(text), Some(dialect), &OPTIONS) {
        Ok(own) => panic!("{text} is converted:\n{}", own.document),
        Err(found) => {
            let errors = found.into_iter().filter(|one| one.severity == Severity::Error);
            shown(&errors.collect::<Vec<_>>())
        }
    }
}

fn shown(findings: &[Diagnostic]) -> Vec<String> {
    findings.iter().map(|one| format!("{} {}", one.code, one.pointer)).collect()
}

/// A converted policy that can be asked.
pub(crate) struct Asked(Policy);

impl Asked {
    pub(crate) fn of(dialect: Dialect, text: &str) -> Self {
        let document = converted(dialect, text).document;
        Self(Policy::load(&document, Format::Json).unwrap_or_else(|found| panic!("{document}\n{found:#?}")))
    }

    /// What becomes of a call of this tool, with further fields of the call. Nothing was spent yet.
    pub(crate) fn call(&self, tool: &str, input: &Value, more: &Value) -> &'static str {
        self.call_at(tool, input, more, 0)
    }

    /// The same with every meter at so much.
    pub(crate) fn call_at(&self, tool: &str, input: &Value, more: &Value, meter: u64) -> &'static str {
        let mut call = json!({
            "agentId": self.0.agent_id(), "toolName": tool, "toolInput": input, "sessionId": "s", "runId": "r",
        });
        let members = more.as_object().expect("fields of a call").clone();
        call.as_object_mut().expect("an object").extend(members);
        let decision = decide_bytes(&self.0, call.to_string().as_bytes());
        let outcomes: Vec<EffectOutcome> = decision
            .effects
            .iter()
            .map(|effect| match effect {
                sentinel_engine::Effect::Debit(_) => EffectOutcome::Reading(meter),
                sentinel_engine::Effect::Baseline { .. } => EffectOutcome::Baseline(Vec::new()),
            })
            .collect();
        let circumstances = Circumstances { now: Some(1_800_000_000_000), ..Circumstances::default() };
        conclude(&self.0, &decision, &outcomes, &circumstances).decision.as_str()
    }

    /// A call with arguments only.
    pub(crate) fn input(&self, tool: &str, input: &Value) -> &'static str {
        self.call(tool, input, &json!({}))
    }

    /// A call that costs something.
    pub(crate) fn costs(&self, tool: &str, usd: &str) -> &'static str {
        self.call(tool, &json!({}), &json!({"cost": {"usd": usd}}))
    }
}
