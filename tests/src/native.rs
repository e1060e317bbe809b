//! The engine as a library, in the few words that suites need.

use sentinel_engine::{
    Approval, Circumstances, Decision, Effect, EffectOutcome, Format, Policy, RISK_DAY_METER, RISK_METER,
    Verdict, conclude, decide_bytes,
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

/// Somebody can be asked, at the beginning of time.
pub const SOMEBODY: Circumstances = Circumstances { mode: None, approval: Approval::Possible, now: Some(0) };

/// Decides and concludes with somebody to approve, no session, meters that nobody has used,
/// and nothing learned.
pub fn ask(policy: &Policy, call: &[u8]) -> (Decision, Verdict) {
    let decision = decide_bytes(policy, call);
    let verdict = conclude(policy, &decision, &fresh(&decision), &SOMEBODY);
    (decision, verdict)
}

/// The answers of a world without sessions, in which nothing was charged to any other meter.
pub fn fresh(decision: &Decision) -> Vec<EffectOutcome> {
    let answer = |effect: &Effect| match effect {
        Effect::Debit(debit) => match debit.meter.as_ref() {
            RISK_METER | RISK_DAY_METER => EffectOutcome::Unmetered,
            _ => EffectOutcome::Reading(0),
        },
        Effect::Baseline { .. } => EffectOutcome::Baseline(Vec::new()),
    };
    decision.effects.iter().map(answer).collect()
}

/// Whether the call is allowed.
pub fn allows(policy: &Policy, call: &[u8]) -> bool {
    decide_bytes(policy, call).outcome == sentinel_engine::Outcome::Allow
}
