//! When a person is asked: named actions, from a cost on, or always.

use super::super::draft::Draft;
use super::super::leaves::{Dollars, Place};
use super::super::rule::{Action, NewRule, leaf};
use super::{File, Timeout, names};
use crate::limits::{APPROVAL_SECONDS_MAX, APPROVAL_SECONDS_MIN};

/// Their default, in seconds.
const TIMEOUT_SECONDS: u64 = 3_600;

/// What people are asked about.
pub(super) struct Asks {
    is_on: bool,
    actions: Vec<(String, Place)>,
    threshold: Option<Dollars>,
}

impl Asks {
    /// Reads what the file says of it.
    pub(super) fn new(file: &File, draft: &mut Draft<'_, '_>) -> Self {
        let list = file.approval_actions.as_deref().unwrap_or_default();
        let actions = names(list, draft).into_iter().zip(list.iter().map(Place::from)).collect::<Vec<_>>();
        let threshold = file.approval_threshold_usd.clone();
        let criterion =
            list.first().map(Place::from).or_else(|| threshold.as_ref().map(|own| own.place.clone()));
        let is_on = match (&file.require_approval, &criterion) {
            (Some(own), Some(place)) if !own.value => {
                let message = "`require_approval` is off, so nobody is asked";
                draft.note(place, "approval-off", message, "set `require_approval` to `true`");
                false
            }
            (Some(own), _) => own.value,
            (None, Some(place)) => {
                let message = "somebody is asked, although `require_approval` is not set";
                let help = "there, the criteria do nothing without it; remove them if nobody should be asked";
                draft.note(place, "approval-on", message, help);
                true
            }
            (None, None) => false,
        };
        Self { is_on, actions, threshold }
    }

    /// Whether each call asks, without any criterion.
    pub(super) fn about_everything(&self) -> bool {
        self.is_on && self.actions.is_empty() && self.threshold.as_ref().is_none_or(|own| own.micros == 0)
            || self.is_on && self.threshold.as_ref().is_some_and(|own| own.micros == 0)
    }

    /// Writes the rules. `allowed` are the only actions that may happen, if there is such a list.
    pub(super) fn convert(&self, allowed: Option<&[String]>, draft: &mut Draft<'_, '_>) -> bool {
        if !self.is_on {
            return false;
        }
        let everything = || allowed.map_or_else(|| vec!["*".to_owned()], <[String]>::to_vec);
        if self.about_everything() {
            let rule = NewRule::new("approval", everything(), Action::RequireApproval);
            draft.add_rule(rule);
            return true;
        }
        let mut actions = Vec::new();
        for (action, place) in &self.actions {
            draft.note_mapped(action, place);
            if allowed.is_none_or(|allowed| allowed.contains(action)) {
                actions.push(action.clone());
            } else {
                let message =
                    format!("`{}` is not in `allowed_actions`, so nobody is asked", action.escape_debug());
                draft.note(place, "unreachable", message, "add it there, or remove it here");
            }
        }
        let mut is_asking = !actions.is_empty();
        if is_asking {
            draft.add_rule(NewRule::new("approval-actions", actions, Action::RequireApproval));
        }
        if let Some(threshold) = &self.threshold {
            is_asking = true;
            draft.add_rule(NewRule {
                when: Some(leaf("@cost.usd", "gte", threshold.text().into())),
                on_missing: Some("skip"),
                ..NewRule::new("approval-threshold", everything(), Action::RequireApproval)
            });
            let message = "a call that does not say what it costs is below the threshold, as there";
            let help = "give the action a budget: then its calls have to say what they cost";
            draft.note_once(&threshold.place, "cost-unknown", message, help);
        }
        is_asking
    }
}

/// Writes how long an answer may take, where somebody is asked.
pub(super) fn timeout(own: Option<&Timeout>, is_asking: bool, draft: &mut Draft<'_, '_>) {
    if !is_asking {
        return;
    }
    let wanted = own.map_or(TIMEOUT_SECONDS, |own| own.value.value);
    let seconds = wanted.clamp(APPROVAL_SECONDS_MIN, APPROVAL_SECONDS_MAX);
    if let Some(own) = own.filter(|_| seconds != wanted) {
        let message = format!("an answer may take {seconds} seconds here, not {wanted}");
        draft.note(&own.place, "clamped", message, "10 seconds to 7 days are possible");
    }
    draft.approvals.push(("expiresSeconds".to_owned(), seconds.into()));
}
