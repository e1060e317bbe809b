//! `callguard.yaml` of agentsentinel-sdk: budgets, lists, rates, approvals, evidence.
//!
//! Their order is deny list, constraints, allow list, then approval. The first true rule ends ours,
//! so approvals come before what allows, and speak only of actions that are allowed.

mod approval;
mod constraints;
mod evidence;

use super::draft::Draft;
use super::leaves::{Any, Dollars, Flag, Place, is_exact_name};
use super::rule::{Action, NewRule};
use crate::document::leaves::{Text, Whole};
use crate::document::meters::Seconds;
use crate::document::shape::{Map, Shape as _, shape_struct};
use crate::syntax::Node;
use evidence::Evidence;

shape_struct! {
    /// The file, and what their code can be told beside it.
    struct File {
        /// Dollars that may be spent.
        budgets: Option<Budgets> = "budgets",
        /// Actions that may not happen.
        denied_actions: Option<Vec<Text>> = "denied_actions",
        /// Actions that may happen, and no others.
        allowed_actions: Option<Allowed> = "allowed_actions",
        /// How often actions may happen.
        rate_limits: Option<Map<Rate>> = "rate_limits",
        /// Read by nothing there.
        strict_mode: Option<Flag> = "strict_mode",
        /// What has to be known before an action.
        evidence: Option<Evidence> = "evidence",
        /// Whether people are asked.
        require_approval: Option<Flag> = "require_approval",
        /// Actions that people are asked about.
        approval_actions: Option<Vec<Text>> = "approval_actions",
        /// Cost from which people are asked.
        approval_threshold_usd: Option<Dollars> = "approval_threshold_usd",
        /// How long an answer may take.
        approval_timeout_seconds: Option<Timeout> = "approval_timeout_seconds",
        /// Labels of actions that people are asked about.
        approval_tags: Option<Any> = "approval_tags",
        /// Levels of actions that people are asked about.
        approval_risk_levels: Option<Any> = "approval_risk_levels",
        /// Searches arguments for personal data.
        pii_rules: Option<Any> = "pii_rules",
        /// Searches arguments for words.
        moderation_rules: Option<Any> = "moderation_rules",
        /// Counts equal calls.
        loop_rules: Option<Any> = "loop_rules",
        /// Whether the first of these is on without rules.
        pii_default_enabled: Option<Flag> = "pii_default_enabled",
        /// The same for the second one.
        moderation_default_enabled: Option<Flag> = "moderation_default_enabled",
        /// The same for the third one.
        loop_default_enabled: Option<Flag> = "loop_default_enabled",
        /// Where spending is reported.
        budget_warning_thresholds: Option<Any> = "budget_warning_thresholds",
    }
}

shape_struct! {
    /// Dollars that may be spent.
    struct Budgets {
        /// In a session.
        session: Option<Dollars> = "session",
        /// In a run.
        run: Option<Dollars> = "run",
        /// For single actions, in a session.
        actions: Option<Map<Dollars>> = "actions",
    }
}

shape_struct! {
    /// How often an action may happen.
    struct Rate {
        /// Most calls.
        max_count: Whole<0, 1_000_000_000> = "max_count",
        /// Length of the stretch of time.
        window_seconds: Seconds = "window_seconds",
    }
}

/// The allow list, with its place.
type Allowed = super::leaves::Placed<Vec<Text>>;

/// Seconds that an answer may take.
type Timeout = super::leaves::Placed<Whole<1, 1_000_000_000>>;

/// Converts the file.
pub(super) fn convert(root: &Node<'_>, draft: &mut Draft<'_, '_>) {
    if root.as_object().is_some_and(<[_]>::is_empty) {
        let help = "there, the engine stays unconfigured; write at least one of their keys";
        draft.error(&Place::default(), "empty-policy", "the file says nothing", help);
        return;
    }
    let Some(file) = File::read(root, draft.cx) else { return };
    refuse_guards(&file, draft);
    if let Some(strict) = &file.strict_mode {
        let message = "`strict_mode` is read by nothing there, and everything is strict here";
        draft.note(&strict.place, "strict-mode", message, "nothing to do");
    }
    if let Some(thresholds) = &file.budget_warning_thresholds {
        let message = "warnings on the way to a budget are not carried over";
        draft.note(&thresholds.place, "dropped-setting", message, "watch what the daemon says of budgets");
    }
    budgets(file.budgets.as_ref(), draft);
    for (name, rate) in file.rate_limits.as_ref().map_or(&[] as &[_], |map| &map.0) {
        if is_exact_name(name, draft.cx) {
            draft.push_window(&name.value, rate.max_count.value, rate.window_seconds.value, &name.value);
        }
    }
    let denied = names(file.denied_actions.as_deref().unwrap_or_default(), draft);
    if !denied.is_empty() {
        draft.add_rule(NewRule::new("denied-actions", denied, Action::Block));
    }
    let allowed = file.allowed_actions.as_ref().map(|list| allow_list(list, draft));
    if let Some(evidence) = &file.evidence {
        constraints::convert(evidence.constraints(), draft);
    }
    let asks = approval::Asks::new(&file, draft);
    let mut is_asking = false;
    if let Some(evidence) = &file.evidence {
        is_asking |= evidence.convert(allowed.as_deref(), draft);
    }
    is_asking |= asks.convert(allowed.as_deref(), draft);
    approval::timeout(file.approval_timeout_seconds.as_ref(), is_asking, draft);
    // Where everything asks, nothing comes after.
    let place = file.allowed_actions.as_ref().map(|list| list.place.clone()).unwrap_or_default();
    match allowed {
        Some(allowed) => {
            if !asks.about_everything() && !allowed.is_empty() {
                draft.add_rule(NewRule::new("allowed-actions", allowed, Action::Allow));
            }
            draft.push_default(Action::Block, &place);
        }
        None if asks.about_everything() => {}
        None => draft.push_default(Action::Allow, &place),
    }
}

fn allow_list(list: &Allowed, draft: &mut Draft<'_, '_>) -> Vec<String> {
    if list.value.is_empty() {
        let message = "an empty allow list restricts nothing there, and would allow nothing here";
        let help = "name the actions, or leave `allowed_actions` out";
        draft.error(&list.place, "empty-list", message, help);
    }
    for name in &list.value {
        draft.note_mapped(&name.value, &Place::from(name));
    }
    names(&list.value, draft)
}

/// Exact names of actions; others are reported.
fn names(list: &[Text], draft: &mut Draft<'_, '_>) -> Vec<String> {
    list.iter().filter(|name| is_exact_name(name, draft.cx)).map(|name| name.value.clone()).collect()
}

fn budgets(budgets: Option<&Budgets>, draft: &mut Draft<'_, '_>) {
    let Some(budgets) = budgets else { return };
    for (limit, name) in [(&budgets.session, "session"), (&budgets.run, "run")] {
        if let Some(limit) = limit {
            draft.push_budget(name, &limit.text(), name, None);
        }
    }
    for (action, limit) in budgets.actions.as_ref().map_or(&[] as &[_], |map| &map.0) {
        if is_exact_name(action, draft.cx) {
            let name = format!("action-{}", action.value);
            draft.push_budget(&name, &limit.text(), "session", Some(&action.value));
            draft.note_once(
                &Place::from(action),
                "cost-required",
                "a call of an action with a budget has to say what it costs, or is denied",
                "send `cost.usd` with it; there, an unknown cost counts as 0",
            );
        }
    }
}

/// What watches arguments there and has no counterpart here: to leave it out has to be a decision.
fn refuse_guards(file: &File, draft: &mut Draft<'_, '_>) {
    let words = "name the actions in `approval_actions`: calls carry neither tags nor risk levels here";
    let guards = "remove the key; add rules on the arguments that matter after the conversion";
    let repeats = "remove the key; `rate_limits` bounds how often an action happens";
    for (key, own, help) in [
        ("approval_tags", &file.approval_tags, words),
        ("approval_risk_levels", &file.approval_risk_levels, words),
        ("pii_rules", &file.pii_rules, guards),
        ("moderation_rules", &file.moderation_rules, guards),
        ("loop_rules", &file.loop_rules, repeats),
    ] {
        if let Some(own) = own {
            let message = format!("`{key}` has no counterpart here");
            draft.error(&own.place, "no-counterpart", message, help);
        }
    }
    for (key, own, help) in [
        ("pii_default_enabled", &file.pii_default_enabled, guards),
        ("moderation_default_enabled", &file.moderation_default_enabled, guards),
        ("loop_default_enabled", &file.loop_default_enabled, repeats),
    ] {
        if let Some(own) = own.as_ref().filter(|own| own.value) {
            let message = format!("`{key}` has no counterpart here");
            draft.error(&own.place, "no-counterpart", message, help);
        }
    }
}
