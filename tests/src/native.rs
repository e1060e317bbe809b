//! The engine as a library, in the few words that suites need.

use sentinel_engine::{
    Circumstances, Decision, Effect, EffectOutcome, Format, Policy, RISK_DAY_METER, RISK_METER, Verdict,
    conclude, decide_bytes,
};
use serde_json::{Value, json};

/// A policy that has to load.
pub fn load(text: &str) -> Policy {
    Policy::load(text, Format::Json)
        .unwrap_or_else(|found| panic!("the policy does not load: {found:?}\n{text}"))
}

/// A call of this tool, in the workspace `/workspace`.
pub fn call(agent: &str, tool: &str, input: &Value) -> Vec<u8> {
    json!({"agentId": agent, "toolName": tool, "toolInput": input, "workspace": "/workspace"})
        .to_string()
        .into_bytes()
}

/// A command line of this agent.
pub fn command(agent: &str, line: &str) -> Vec<u8> {
    call(agent, "Bash", &json!({"command": line}))
}

/// Decides and concludes with somebody to approve, no session, and meters that nobody has used.
pub fn ask(policy: &Policy, call: &[u8]) -> (Decision, Verdict) {
    let decision = decide_bytes(policy, call);
    let circumstances = Circumstances { approver: true, ..Circumstances::default() };
    let verdict = conclude(policy, &decision, &fresh(&decision), &circumstances);
    (decision, verdict)
}

/// The answers of a world without sessions, in which nothing was charged to any other meter.
pub fn fresh(decision: &Decision) -> Vec<EffectOutcome> {
    let answer = |Effect::Debit(debit): &Effect| match debit.meter.as_ref() {
        RISK_METER | RISK_DAY_METER => EffectOutcome::Unmetered,
        _ => EffectOutcome::Reading(0),
    };
    decision.effects.iter().map(answer).collect()
}

/// Whether the call is allowed.
pub fn allows(policy: &Policy, call: &[u8]) -> bool {
    decide_bytes(policy, call).outcome == sentinel_engine::Outcome::Allow
}
