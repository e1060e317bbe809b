//! What do the policy's own rules say of the call, and which labels does its record get?
//!
//! Rules are asked in document order, and the first that holds ends it. One that cannot be
//! answered adds its reason, and the next ones are asked all the same: what denies must not hide
//! behind what nobody knows.

use crate::call::Call;
use crate::condition::{Lacking, Spent, Truth, Work};
use crate::decision::{Layer, Outcome, Reason};
use crate::limits::{RULE_REASONS_MAX, TAGS_MAX};
use crate::policy::{Action, OnUnknown, Policy, Rule};
use crate::wire::excerpt;

/// What the rules say.
#[derive(Default)]
pub(super) struct Said {
    /// What raises the outcome.
    pub(super) raises: Vec<Reason>,
    /// The rule that allows, if one does. It allows tools by name; the tools of the tool map stay
    /// with the layers that know their arguments.
    pub(super) allows: Option<Reason>,
    /// Whether a rule lets the tool through, itself or by way of a person.
    pub(super) lets_through: bool,
}

pub(super) fn decide(policy: &Policy, call: &Call<'_>) -> Said {
    let mut said = Said::default();
    let mut work = Work::new();
    let Ok(rules) = policy.rules.asked(call, &mut work) else {
        said.raises.push(unread());
        return said;
    };
    for rule in rules {
        let truth = match &rule.when {
            None => Ok(Truth::True),
            Some(when) => when.ask(call, &mut work),
        };
        match truth {
            Ok(Truth::False) => {}
            Ok(Truth::True) => {
                said.hold(rule);
                break;
            }
            Ok(Truth::Unknown(lacking)) => said.unknown(rule, lacking),
            Err(Spent) => {
                let message = format!(
                    "Rule \"{}\" cannot be answered: the call has more text than rules may look at.",
                    rule.written.pattern
                );
                said.raises.push(reason(rule, Outcome::Deny, "rule-limit", message));
                break;
            }
        }
    }
    said
}

impl Said {
    /// The rule holds.
    fn hold(&mut self, rule: &Rule) {
        let name = &rule.written.pattern;
        let message = |own: String| rule.message.clone().unwrap_or(own);
        match rule.action {
            Action::Allow => {
                let message = message(format!("Rule \"{name}\" allows the call."));
                self.allows = Some(reason(rule, Outcome::Allow, "rule-allow", message));
                self.lets_through = true;
            }
            Action::RequireApproval => {
                let message = message(format!("Rule \"{name}\" asks a person."));
                self.raises.push(reason(rule, Outcome::Escalate, "rule-approval", message));
                self.lets_through = true;
            }
            Action::Block => {
                let message = message(format!("Rule \"{name}\" blocks the call."));
                self.raises.push(reason(rule, Outcome::Deny, "rule-block", message));
            }
        }
    }

    /// The rule cannot be answered: its author said what follows.
    fn unknown(&mut self, rule: &Rule, lacking: Lacking<'_>) {
        let name = &rule.written.pattern;
        let missing = lacking.missing.map(|path| (rule.on_missing, "rule-missing-argument", path));
        let mistyped = lacking.mistyped.map(|path| (rule.on_mismatch, "rule-mistyped-argument", path));
        // The stricter of two words; the missing one of equals.
        let Some((word, code, path)) = mistyped.into_iter().chain(missing).max_by_key(|(word, _, _)| *word)
        else {
            return;
        };
        let outcome = match word {
            OnUnknown::Skip => return,
            OnUnknown::Escalate => Outcome::Escalate,
            OnUnknown::Block => Outcome::Deny,
        };
        // A rule that would let the tool through leaves it to a person; one that would block it
        // has not allowed anything.
        self.lets_through |= rule.action != Action::Block;
        let worst = self.raises.iter().map(|reason| reason.outcome).max();
        if self.raises.len() >= RULE_REASONS_MAX && Some(outcome) <= worst {
            return;
        }
        let path = excerpt(path);
        let message = if code == "rule-missing-argument" {
            format!("Rule \"{name}\" needs \"{path}\", and the call does not have it.")
        } else {
            format!("Rule \"{name}\" cannot compare \"{path}\": the call has another type there.")
        };
        self.raises.push(reason(rule, outcome, code, message));
    }
}

fn reason(rule: &Rule, outcome: Outcome, code: &'static str, message: String) -> Reason {
    Reason {
        outcome,
        layer: Layer::Deterministic,
        code: code.into(),
        message,
        rule: Some(rule.written.clone()),
        part: None,
    }
}

/// Which rules speak of the tool cannot be found out.
fn unread() -> Reason {
    Reason {
        outcome: Outcome::Deny,
        layer: Layer::Deterministic,
        code: "rule-limit".into(),
        message: "Rules cannot be found: the name of the tool is too long for so many patterns.".to_owned(),
        rule: None,
        part: None,
    }
}

/// The labels of the call, sorted, each once. What cannot be answered labels nothing.
pub(super) fn tags(policy: &Policy, call: &Call<'_>) -> Vec<String> {
    let mut work = Work::new();
    let mut labels: Vec<&String> = Vec::new();
    let tags = policy.tags.of(&call.tool_name, &mut work).ok();
    for tag in tags.into_iter().flatten() {
        let holds = match &tag.when {
            None => true,
            Some(when) => matches!(when.ask(call, &mut work), Ok(Truth::True)),
        };
        if holds {
            labels.extend(&tag.add);
        }
    }
    labels.sort_unstable();
    labels.dedup();
    labels.into_iter().take(TAGS_MAX).cloned().collect()
}
