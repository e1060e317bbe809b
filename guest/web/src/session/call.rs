//! What a session looks at in a call: where it runs, and which run it belongs to. The call itself is
//! read by the engine, and by nobody else.

use std::borrow::Cow;

use sentinel_engine::{Digest, Effect, Scope};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::limits::RUN_BYTES_MAX;

/// The same call with an environment, where it is an object and names none. Whatever it says stays,
/// byte for byte.
pub(super) fn complete(call: &[u8], environment: &str) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(call).ok()?;
    let fields: Map<String, Value> = serde_json::from_str(text).ok()?;
    if fields.contains_key("environment") {
        return None;
    }
    let rest = text.trim_start().strip_prefix('{')?;
    let comma = if fields.is_empty() { "" } else { "," };
    Some(format!("{{\"environment\":{}{comma}{rest}", Value::from(environment)).into_bytes())
}

/// The run of a call: the one that its sender names, or the call itself. Read only where a meter is
/// kept for each run.
pub(super) fn run<'c>(told: Option<&'c str>, effects: &[Effect], call: &[u8]) -> Cow<'c, str> {
    let is_asked = effects.iter().filter_map(Effect::debit).any(|debit| debit.scope == Scope::Run);
    if !is_asked {
        return Cow::Borrowed("");
    }
    let name = match told {
        Some(told) => Cow::Borrowed(told),
        None => Cow::Owned(named(call).unwrap_or_default()),
    };
    if name.len() > RUN_BYTES_MAX { Cow::Owned(Digest::of(name.as_bytes()).to_string()) } else { name }
}

fn named(call: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "runId")]
        run: Option<String>,
    }
    serde_json::from_slice::<Named>(call).ok()?.run
}
