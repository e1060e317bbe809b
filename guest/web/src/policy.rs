//! A compiled policy, and what it says of one call on its own.

use std::rc::Rc;

use sentinel_engine::{
    Decision, Effect, EffectOutcome, Format, Mode, Outcome, Policy, RISK_DAY_METER, RISK_METER, conclude,
    decide_bytes,
};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::circumstances::circumstances;
use crate::{diagnostics, explain};

/// A policy.
#[wasm_bindgen]
pub struct WebPolicy {
    pub(crate) policy: Rc<Policy>,
    pub(crate) document: Rc<str>,
    pub(crate) format: Format,
}

pub(crate) const fn format(is_json: bool) -> Format {
    if is_json { Format::Json } else { Format::Yaml }
}

#[wasm_bindgen]
impl WebPolicy {
    /// Compiles a document. The error lists every finding, as a JSON array.
    ///
    /// # Errors
    ///
    /// Where the document has mistakes.
    pub fn compile(document: String, is_json: bool) -> Result<WebPolicy, String> {
        let format = format(is_json);
        match Policy::load(&document, format) {
            Ok(policy) => Ok(Self { policy: Rc::new(policy), document: document.into(), format }),
            Err(found) => Err(diagnostics::json(&document, &found)),
        }
    }

    /// The agent that it governs.
    #[wasm_bindgen(getter, js_name = agentId)]
    #[must_use]
    pub fn agent_id(&self) -> String {
        self.policy.agent_id().to_owned()
    }

    /// Version text of the document.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn version(&self) -> String {
        self.policy.version().to_owned()
    }

    /// Rollout mode of the document.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn mode(&self) -> String {
        let mode: Mode = self.policy.mode();
        mode.as_str().to_owned()
    }

    /// Over the exact text of the document.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn digest(&self) -> String {
        self.policy.digest().to_string()
    }

    /// Findings that did not stop the document from loading, as a JSON array.
    #[must_use]
    pub fn warnings(&self) -> String {
        diagnostics::json(&self.document, self.policy.warnings())
    }

    /// What the policy is about, as a JSON object.
    #[must_use]
    pub fn describe(&self) -> String {
        self.policy.describe()
    }

    /// The state of a session that has used so many points.
    #[wasm_bindgen(js_name = riskStatus)]
    #[must_use]
    pub fn risk_status(&self, used: f64) -> String {
        // What is no number of points is more than any.
        let used = crate::circumstances::whole(used).unwrap_or(u64::MAX);
        self.policy.risk_status(used).to_owned()
    }

    /// The verdict about a call of which nobody keeps meters, as the engine's own JSON.
    #[must_use]
    pub fn decide(&self, call: &[u8], mode: u8, can_ask: bool, now: f64) -> String {
        let decision = decide_bytes(&self.policy, call);
        conclude(&self.policy, &decision, &fresh(&decision), &circumstances(mode, can_ask, now)).json
    }

    /// The same where it needs no memory: no meter that has a limit, nobody's answer, nothing that was
    /// learned. Nothing where it does; then somebody who keeps state has to say.
    #[must_use]
    #[wasm_bindgen(js_name = decideAlone)]
    pub fn decide_alone(&self, call: &[u8], mode: u8, now: f64) -> Option<String> {
        let decision = decide_bytes(&self.policy, call);
        if decision.outcome != Outcome::Deny && decision.needs_state(&self.policy) {
            return None;
        }
        Some(conclude(&self.policy, &decision, &fresh(&decision), &circumstances(mode, false, now)).json)
    }

    /// The same with everything that was found on the way, as JSON.
    #[must_use]
    pub fn explain(&self, call: &[u8], mode: u8, can_ask: bool, now: f64) -> String {
        explain::json(self, call, &circumstances(mode, can_ask, now))
    }
}

/// The answers of a world without sessions, in which nothing was charged to any other meter and
/// nothing was learned.
pub(crate) fn fresh(decision: &Decision) -> Vec<EffectOutcome> {
    let answer = |effect: &Effect| match effect {
        Effect::Debit(debit) => match debit.meter.as_ref() {
            RISK_METER | RISK_DAY_METER => EffectOutcome::Unmetered,
            _ => EffectOutcome::Reading(0),
        },
        Effect::Baseline { .. } => EffectOutcome::Baseline(Vec::new()),
    };
    decision.effects.iter().map(answer).collect()
}
