//! What is answered when the engine cannot answer: a denial, enforced whatever the mode.
//!
//! The engine writes every other verdict. This one is written here because there is nobody
//! else left to write it.

use serde::Serialize;

use super::{Access, Approval, Circumstances, Decision, Evaluation, Layer, Mode, Outcome, Reason, Verdict};

/// Code of a call that the engine failed on.
pub const FAULT_CODE: &str = "engine-fault";

/// Reason of a call that the engine failed on.
pub const FAULT_REASON: &str = "engine fault";

/// Code of a call that is too large to be handed to the engine.
pub const OVERSIZE_CODE: &str = "call-too-large";

/// The verdict as the engine would write it, in the order in which it does.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    decision: &'a str,
    reason: &'a str,
    layer: &'a str,
    mode: &'a str,
    rule: Option<()>,
    code: &'a str,
    enforced: bool,
    permitted: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    agent_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    tool_name: &'a str,
}

/// The engine trapped, ran past its deadline, or asked for too much memory.
pub(super) fn fault() -> Evaluation {
    evaluation(FAULT_CODE, FAULT_REASON)
}

/// The call never reached the engine.
pub(super) fn oversize(bytes_max: usize) -> Evaluation {
    evaluation(OVERSIZE_CODE, &format!("the call is larger than {bytes_max} bytes"))
}

fn evaluation(code: &str, message: &str) -> Evaluation {
    let reason = Reason {
        outcome: Outcome::Deny,
        layer: Layer::Engine,
        code: code.to_owned(),
        message: message.to_owned(),
        rule: None,
        part: None,
    };
    let decision = Decision {
        outcome: Outcome::Deny,
        access: Access::Tool,
        reasons: vec![reason],
        effects: Vec::new(),
        paths: Vec::new(),
        agent_id: String::new(),
        tool_name: String::new(),
        call_digest: String::new(),
    };
    Evaluation { decision, verdict: denial(code, message, ("", "")) }
}

/// A verdict that no engine made: a call of this agent and this tool is denied.
pub fn denial(code: &str, message: &str, (agent_id, tool_name): (&str, &str)) -> Verdict {
    let wire = Wire {
        decision: "deny",
        reason: message,
        layer: "engine",
        mode: "enforce",
        rule: None,
        code,
        enforced: true,
        permitted: false,
        agent_id,
        tool_name,
    };
    // There is nothing in it that cannot be written; were there, no decision would be a denial.
    let json = serde_json::to_string(&wire).unwrap_or_else(|_| r#"{"decision":"deny"}"#.to_owned());
    Verdict {
        decision: Outcome::Deny,
        enforced: true,
        permitted: false,
        reason: message.to_owned(),
        code: code.to_owned(),
        layer: Layer::Engine,
        mode: Mode::Enforce,
        rule: None,
        tags: Vec::new(),
        question: None,
        grounds: Vec::new(),
        redeemed: false,
        value: None,
        observations: Vec::new(),
        risk_points: 0,
        charges: Vec::new(),
        json,
    }
}

/// Circumstances in which nothing is known and nobody can be asked.
impl Default for Circumstances {
    fn default() -> Self {
        Self { mode: None, approval: Approval::Nobody, now: None }
    }
}

impl Approval {
    /// What is known before anybody was asked.
    pub const fn before_asking(somebody_can_be_asked: bool) -> Self {
        if somebody_can_be_asked { Self::Possible } else { Self::Nobody }
    }
}
