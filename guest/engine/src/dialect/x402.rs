//! The configuration of x402 Sentinel, whole or its budget policy alone.
//!
//! There, prices are read from responses, and what has none counts as 0. Here a call says what it
//! is about to pay, before it does.

mod audit;
mod budget;

use super::draft::Draft;
use super::json::Json;
use super::leaves::{Any, Place, Placed};
use super::rule::Action;
use crate::document::leaves::{AgentId, Text};
use crate::document::rules::{Message, Metadata};
use crate::document::shape::{Shape as _, shape_struct};
use crate::limits::METADATA_MAX;
use crate::syntax::Node;
use audit::Audit;
use budget::BudgetPolicy;

shape_struct! {
    /// The configuration.
    struct Config {
        /// The agent.
        agent_id: Option<Text> = "agentId",
        /// Who it belongs to.
        team: Option<Placed<Message>> = "team",
        /// Who answers for it.
        human_sponsor: Option<Placed<Message>> = "humanSponsor",
        /// What it may pay.
        budget: Option<BudgetPolicy> = "budget",
        /// What is recorded.
        audit: Option<Audit> = "audit",
        /// Code of theirs.
        hooks: Option<Any> = "hooks",
        /// For records.
        metadata: Option<Placed<Metadata>> = "metadata",
    }
}

/// Keys that only the whole configuration has.
const CONFIG: &[&str] = &["agentId", "team", "humanSponsor", "budget", "audit", "hooks", "metadata"];

/// Converts the configuration. `wanted` is the agent that the caller names, if any.
pub(super) fn convert(root: &Node<'_>, wanted: &str, draft: &mut Draft<'_, '_>) {
    let is_config = root
        .as_object()
        .is_some_and(|members| members.iter().any(|member| CONFIG.contains(&member.key.as_ref())));
    if !is_config {
        let Some(policy) = BudgetPolicy::read(root, draft.cx) else { return };
        policy.convert(draft);
        draft.push_default(Action::Allow, &Place::default());
        return;
    }
    let Some(config) = Config::read(root, draft.cx) else { return };
    agent(config.agent_id.as_ref(), wanted, draft);
    records(&config, draft);
    match &config.budget {
        Some(policy) => policy.convert(draft),
        None => allows_everything(&Place::default(), draft),
    }
    if let Some(audit) = &config.audit {
        audit.convert(draft);
    }
    if let Some(hooks) = &config.hooks {
        let message = "`hooks` are code, and are not carried over";
        draft.note(
            &hooks.place,
            "dropped-setting",
            message,
            "events and approvals of the daemon take their place",
        );
    }
    draft.push_default(Action::Allow, &Place::default());
}

/// The agent of the file, unless the caller names another one.
fn agent(own: Option<&Text>, wanted: &str, draft: &mut Draft<'_, '_>) {
    let Some(own) = own else { return };
    if wanted.is_empty() {
        if !AgentId::is_valid(&own.value) {
            let message = format!("`{}` is not an agent id", own.value.escape_debug());
            let help = "name the agent with `--agent ID`: 1 to 64 letters, digits, `.`, `_` or `-`";
            draft.error(&Place::from(own), "bad-agent-id", message, help);
        }
        draft.agent_id = Some(own.value.clone());
    } else if wanted != own.value {
        let message =
            format!("the policy is for `{}`, not for `{}`", wanted.escape_debug(), own.value.escape_debug());
        draft.note(
            &Place::from(own),
            "other-agent",
            message,
            "leave `--agent` out to keep the agent of the file",
        );
    }
}

/// `team`, `humanSponsor` and `metadata`.
fn records(config: &Config, draft: &mut Draft<'_, '_>) {
    let add = |name: &str, text: &str, place: &Place, draft: &mut Draft<'_, '_>| {
        if draft.metadata.iter().any(|(taken, _)| taken == name) {
            let message = format!("`{}` is already said at the top", name.escape_debug());
            draft.error(place, "duplicate-name", message, "keep one of the two");
        }
        draft.metadata.push((name.to_owned(), Json::from(text)));
    };
    for (name, text) in [("team", &config.team), ("humanSponsor", &config.human_sponsor)] {
        if let Some(text) = text {
            add(name, &text.value.0, &text.place, draft);
        }
    }
    if let Some(metadata) = &config.metadata {
        for (name, text) in &metadata.value.0 {
            add(name, text, &metadata.place, draft);
        }
    }
    if draft.metadata.len() > METADATA_MAX {
        let message = format!("{} entries; records hold at most {METADATA_MAX}", draft.metadata.len());
        draft.error(&Place::default(), "too-many", message, "keep those that are searched for");
    }
}

fn allows_everything(place: &Place, draft: &mut Draft<'_, '_>) {
    let message = "this policy allows every call of every named tool, at any price";
    draft.note(
        place,
        "allows-everything",
        message,
        "set limits: `maxPerCall`, `maxPerHour`, `maxPerDay`, `maxTotal`",
    );
}
