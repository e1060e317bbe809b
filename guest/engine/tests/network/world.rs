//! A policy with a network section, and requests to decide by it.

use sentinel_engine::{
    Circumstances, Decision, EffectOutcome, Format, Outcome, Policy, Verdict, conclude, decide_bytes,
};
use serde_json::{Value, json};

/// A policy of an agent that may do everything but what `network` says.
pub(crate) fn policy(network: &Value) -> Policy {
    with(&json!({ "network": network }))
}

/// The same with these sections.
pub(crate) fn with(sections: &Value) -> Policy {
    Policy::load(&text(sections), Format::Json).unwrap_or_else(|found| panic!("{found:#?}"))
}

/// Its text.
pub(crate) fn text(sections: &Value) -> String {
    let mut document = json!({
        "agentId": "a",
        "version": "1",
        "identity": { "authorityLevel": "full-ops", "environmentScope": ["development"] },
    });
    for (key, value) in sections.as_object().expect("sections") {
        document[key] = value.clone();
    }
    document.to_string()
}

/// A request with members added or replaced; `null` removes one.
pub(crate) fn request(url: &str, more: &Value) -> Value {
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let mut input =
        json!({ "method": "GET", "scheme": scheme, "authority": authority, "path": path, "headers": [] });
    for (key, value) in more.as_object().expect("members") {
        if value.is_null() {
            input.as_object_mut().expect("an object").remove(key);
        } else {
            input[key] = value.clone();
        }
    }
    input
}

/// The call of a tool.
pub(crate) fn call(tool: &str, input: &Value) -> Vec<u8> {
    json!({ "agentId": "a", "toolName": tool, "toolInput": input }).to_string().into_bytes()
}

/// A decision about a request.
pub(crate) fn ask(policy: &Policy, input: &Value) -> Decision {
    decide_bytes(policy, &call("http", input))
}

/// The code of the reason that decided.
pub(crate) fn code(decision: &Decision) -> &str {
    decision.reasons.first().map_or("", |reason| reason.code.as_ref())
}

/// Decides a request to a URL, and says the code.
pub(crate) fn said(policy: &Policy, url: &str, more: &Value) -> String {
    let decision = ask(policy, &request(url, more));
    let expected = if code(&decision) == "host-allowed" { Outcome::Allow } else { Outcome::Deny };
    assert_eq!(decision.outcome, expected, "{url} {more}: {:?}", decision.reasons);
    code(&decision).to_owned()
}

/// Each URL with the members that are added, and the code that is expected.
pub(crate) fn table(policy: &Policy, rows: &[(&str, Value, &str)]) {
    for (url, more, expect) in rows {
        assert_eq!(said(policy, url, more), *expect, "{url} {more}");
    }
}

/// The verdict on a decision.
pub(crate) fn verdict(policy: &Policy, decision: &Decision) -> Verdict {
    let outcomes = vec![EffectOutcome::Unmetered; decision.effects.len()];
    conclude(policy, decision, &outcomes, &Circumstances::default())
}
