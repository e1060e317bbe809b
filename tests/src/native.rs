//! The engine as a library, in the few words that suites need.

use sentinel_engine::{
    Circumstances, Decision, EffectOutcome, Format, Policy, Verdict, conclude, decide_bytes,
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

/// Decides and concludes with every effect settled, somebody to approve and no session.
pub fn ask(policy: &Policy, call: &[u8]) -> (Decision, Verdict) {
    let decision = decide_bytes(policy, call);
    let settled = vec![EffectOutcome::Settled; decision.effects.len()];
    let circumstances = Circumstances { approver: true, ..Circumstances::default() };
    let verdict = conclude(policy, &decision, &settled, &circumstances);
    (decision, verdict)
}

/// Whether the call is allowed.
pub fn allows(policy: &Policy, call: &[u8]) -> bool {
    decide_bytes(policy, call).outcome == sentinel_engine::Outcome::Allow
}
