//! A world for tests: it keeps baselines the way a daemon does, and executes what is permitted.

use std::collections::BTreeMap;

use sentinel_engine::{
    Approval, Circumstances, Decision, Effect, EffectOutcome, Format, Mode, Outcome, Policy, Verdict,
    conclude, decide_bytes, learn,
};

/// Noon, some day in 2025.
pub(crate) const NOON: u64 = 1_750_000_000_000 / DAY * DAY + 12 * HOUR;
pub(crate) const MINUTE: u64 = 60_000;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;

/// A policy that allows every tool of the tests, with these further sections.
pub(crate) fn document(sections: &str) -> String {
    format!(
        r#"{{"agentId":"a","version":"1",
            "identity":{{"authorityLevel":"limited-ops","environmentScope":["development"]}},
            "toolActions":{{"allowed":["pay","look"]}}{}{sections}}}"#,
        if sections.is_empty() { "" } else { "," }
    )
}

pub(crate) fn policy(sections: &str) -> Policy {
    let text = document(sections);
    Policy::load(&text, Format::Json).unwrap_or_else(|found| panic!("{found:?}\n{text}"))
}

/// A call of the tool `pay`; what costs nothing does not say so.
pub(crate) fn call(input: &str, usd: &str) -> Vec<u8> {
    let cost = if usd.is_empty() { String::new() } else { format!(r#","cost":{{"usd":"{usd}"}}"#) };
    format!(r#"{{"agentId":"a","toolName":"pay","toolInput":{input}{cost}}}"#).into_bytes()
}

pub(crate) fn amount(number: &str) -> Vec<u8> {
    call(&format!(r#"{{"amount":{number}}}"#), "")
}

pub(crate) struct World {
    pub(crate) policy: Policy,
    pub(crate) baselines: BTreeMap<String, Vec<u8>>,
    pub(crate) now: u64,
    pub(crate) mode: Option<Mode>,
}

impl World {
    pub(crate) fn new(sections: &str) -> Self {
        Self { policy: policy(sections), baselines: BTreeMap::new(), now: NOON, mode: None }
    }

    /// The same world, governed by these sections.
    pub(crate) fn under(&self, sections: &str) -> Self {
        Self { policy: policy(sections), baselines: self.baselines.clone(), now: self.now, mode: self.mode }
    }

    /// The answers of this world to the effects of a decision.
    pub(crate) fn answers(&self, decision: &Decision) -> Vec<EffectOutcome> {
        let answer = |effect: &Effect| match effect {
            Effect::Debit(_) => EffectOutcome::Reading(0),
            Effect::Baseline { key } => {
                EffectOutcome::Baseline(self.baselines.get(key).cloned().unwrap_or_default())
            }
        };
        decision.effects.iter().map(answer).collect()
    }

    /// Asks, and does nothing.
    pub(crate) fn ask(&self, call: &[u8]) -> Verdict {
        let decision = decide_bytes(&self.policy, call);
        let circumstances =
            Circumstances { mode: self.mode, approval: Approval::Possible, now: Some(self.now) };
        conclude(&self.policy, &decision, &self.answers(&decision), &circumstances)
    }

    /// Asks, and does what is permitted.
    pub(crate) fn run(&mut self, call: &[u8]) -> Verdict {
        let verdict = self.ask(call);
        for observation in &verdict.observations {
            let baseline = self.baselines.entry(observation.key.clone()).or_default();
            *baseline = learn(baseline, &observation.bytes);
        }
        verdict
    }

    /// A call that has to be allowed.
    pub(crate) fn allowed(&mut self, call: &[u8]) {
        let verdict = self.run(call);
        assert_eq!(verdict.decision, Outcome::Allow, "{} {}", String::from_utf8_lossy(call), verdict.reason);
    }

    /// Calls with these amounts, a minute apart, all of which have to be allowed.
    pub(crate) fn amounts(&mut self, numbers: &[&str]) {
        for number in numbers {
            self.now += MINUTE;
            self.allowed(&amount(number));
        }
    }
}

/// The score that a reason names, or nothing.
pub(crate) fn score(verdict: &Verdict) -> String {
    let score = verdict.reason.split_once(": ").and_then(|(_, rest)| rest.split_once(" of 10"));
    score.map_or("", |(score, _)| score).to_owned()
}
