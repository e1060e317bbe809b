//! Evidence: what has to have happened before an action, how fresh, and which argument comes from
//! it. A decision here sees one call, so a person checks what their memory of a run would.

use std::collections::BTreeMap;

use super::super::draft::Draft;
use super::super::leaves::{Place, is_exact_name};
use super::super::rule::{Action, NewRule};
use super::constraints::Schema;
use crate::document::leaves::{Text, Whole};
use crate::document::shape::{Map, shape_enum, shape_struct};

shape_struct! {
    /// What has to be known before an action.
    pub(super) struct Evidence {
        /// Actions that have to come first, by action.
        requirements: Option<Map<Vec<Text>>> = "requirements",
        /// How old their evidence may be, by action.
        max_age_seconds: Option<Map<Whole<0, 1_000_000_000>>> = "max_age_seconds",
        /// Actions that cannot be taken back.
        commit_actions: Option<Vec<Text>> = "commit_actions",
        /// Actions whose results are evidence.
        evidence_actions: Option<Vec<Text>> = "evidence_actions",
        /// What the arguments have to be, by action.
        argument_constraints: Option<Map<Schema>> = "argument_constraints",
        /// Where arguments have to come from, by action and argument.
        grounding_rules: Option<Map<Map<Grounding>>> = "grounding_rules",
    }
}

shape_struct! {
    /// Where an argument has to come from.
    pub(super) struct Grounding {
        /// The action whose evidence holds it.
        source_action: Text = "source_action",
        /// The field there, with dots.
        source_field: Text = "source_field",
        /// What of that action is looked at.
        source_from: Option<SourceFrom> = "source_from",
    }
}

/// What of an action is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SourceFrom {
    Result,
    Arguments,
}

shape_enum! {
    /// What of an action is looked at.
    SourceFrom {
        "result" => Self::Result,
        "kwargs" => Self::Arguments,
    }
}

/// What a person has to check, and where that stands.
type Checks = BTreeMap<String, (Place, Vec<String>)>;

impl Evidence {
    pub(super) fn constraints(&self) -> &[(Text, Schema)] {
        self.argument_constraints.as_ref().map_or(&[], |map| &map.0)
    }

    /// Writes a rule that asks for each action with such demands. Those that are not allowed are
    /// blocked anyway.
    pub(super) fn convert(&self, allowed: Option<&[String]>, draft: &mut Draft<'_, '_>) -> bool {
        if let Some(first) = self.evidence_actions.iter().flatten().next() {
            let message = "`evidence_actions` is looked at by nothing there, and is not carried over";
            draft.note(&Place::from(first), "dropped-setting", message, "nothing to do");
        }
        let checks = self.checks(draft);
        let mut is_asking = false;
        for (action, (place, checks)) in checks {
            if allowed.is_some_and(|allowed| !allowed.contains(&action)) {
                continue;
            }
            draft.note(
                &place,
                "asks-a-person",
                format!(
                    "`{}` asks a person: what happened before cannot be looked up here",
                    action.escape_debug()
                ),
                "the rule's message says what to check",
            );
            draft.note_mapped(&action, &place);
            let message = format!("Please check: {}.", checks.join("; "));
            draft.note_message(&message, &place);
            draft.add_rule(NewRule {
                message: Some(message),
                ..NewRule::new(&format!("evidence-{action}"), vec![action], Action::RequireApproval)
            });
            is_asking = true;
        }
        is_asking
    }

    /// What is to be checked, by action, each list in the order of the keys above.
    fn checks(&self, draft: &mut Draft<'_, '_>) -> Checks {
        let mut checks = Checks::new();
        let mut add = |action: &Text, check: Option<String>| {
            if is_exact_name(action, draft.cx)
                && let Some(check) = check
            {
                let entry = checks.entry(action.value.clone());
                entry.or_insert_with(|| (Place::from(action), Vec::new())).1.push(check);
            }
        };
        for (action, before) in self.requirements.iter().flat_map(|map| &map.0) {
            let before: Vec<&str> = before.iter().map(|text| text.value.as_str()).collect();
            add(action, (!before.is_empty()).then(|| format!("it comes after {}", before.join(", "))));
        }
        for (action, age) in self.max_age_seconds.iter().flat_map(|map| &map.0) {
            add(action, Some(format!("what it relies on is at most {} seconds old", age.value)));
        }
        for action in self.commit_actions.iter().flatten() {
            add(action, Some("it cannot be taken back".to_owned()));
        }
        for (action, fields) in self.grounding_rules.iter().flat_map(|map| &map.0) {
            for (field, rule) in &fields.0 {
                let of = match rule.source_from {
                    Some(SourceFrom::Arguments) => "the arguments",
                    Some(SourceFrom::Result) | None => "the result",
                };
                let (from, source) = (&rule.source_field.value, &rule.source_action.value);
                let line: String =
                    field.value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
                add(action, Some(format!("{line} is {from} in {of} of {source}")));
            }
        }
        checks
    }
}
