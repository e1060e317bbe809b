//! The engine, as the tables see it.

use sentinel_engine::{Decision, Diagnostic, Format, Outcome, Policy, decide_bytes};

/// A policy of agent `a` with these further sections.
pub(crate) fn document(sections: &str) -> String {
    format!(
        r#"{{"agentId":"a","version":"1","identity":{{"authorityLevel":"full-ops","environmentScope":["development","production"]}},{sections}}}"#
    )
}

pub(crate) fn load(sections: &str) -> Policy {
    Policy::load(&document(sections), Format::Json).unwrap_or_else(|found| panic!("{sections}\n{found:#?}"))
}

/// Every finding about a document with these sections.
pub(crate) fn findings(sections: &str) -> Vec<Diagnostic> {
    match Policy::load(&document(sections), Format::Json) {
        Ok(policy) => policy.warnings().to_vec(),
        Err(findings) => findings,
    }
}

/// Decides a call of a tool; `more` are further fields of the call, with a comma in front.
pub(crate) fn decide(policy: &Policy, tool: &str, input: &str, more: &str) -> Decision {
    let call = format!(r#"{{"agentId":"a","toolName":"{tool}","toolInput":{input}{more}}}"#);
    decide_bytes(policy, call.as_bytes())
}

/// Outcome and code of the reason that decided.
pub(crate) fn outcome(policy: &Policy, tool: &str, input: &str) -> (Outcome, String) {
    let decision = decide(policy, tool, input, "");
    let first = decision.reasons.first().expect("a decision has a reason");
    (decision.outcome, first.code.to_string())
}

/// What a condition is of a call with this input: `true`, `false`, `missing`, `mistyped`, `limit`.
pub(crate) fn truth(when: &str, input: &str, more: &str) -> &'static str {
    let policy = load(&format!(
        r#""rules":[{{"name":"asked","tools":["t"],"when":{when},"action":"block"}},{{"name":"rest","tools":["*"],"action":"allow"}}]"#
    ));
    let decision = decide(&policy, "t", input, more);
    let first = decision.reasons.first().expect("a decision has a reason");
    match first.code.as_ref() {
        "rule-block" => "true",
        "rule-allow" => "false",
        "rule-missing-argument" => "missing",
        "rule-mistyped-argument" => "mistyped",
        "rule-limit" => "limit",
        other => panic!("{when} {input}: {other}: {}", first.message),
    }
}
