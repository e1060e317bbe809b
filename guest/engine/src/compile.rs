//! Checked document to policy: lists become sets, absent things become their closed defaults.

mod anomaly;
mod approvals;
mod meters;
mod network;
mod rules;
pub(crate) mod x402;

use crate::call::HTTP_TOOL;
use crate::check::CheckedPolicy;
use crate::command::{AllowedEnv, CommandSet};
use crate::data::risk;
use crate::data::tools::Use;
use crate::decision::Rule;
use crate::document::leaves::{CommandRule, PathRule, Points, Text};
use crate::document::shape::Map;
use crate::document::{Bash, DataAccess, DataClassification, Identity, PointTable, RiskBudget, ToolFields};
use crate::path::{PathSet, Sense};
use crate::policy::{
    About, Authority, BashRules, Budget, FileRules, NameRules, PointRules, Policy, RequestLooks, Rules,
};

/// Compiles a checked document. It cannot fail: what could is checked.
pub fn compile(checked: CheckedPolicy) -> Policy {
    let CheckedPolicy { document, digest, warnings } = checked;
    let tools = document.tool_actions;
    let files = document.data_access.map(|data: DataAccess| FileRules {
        read_allow: paths(Sense::Allow, data.read_allow),
        read_deny: paths(Sense::Deny, data.read_deny),
        write_allow: paths(Sense::Allow, data.write_allow),
        write_deny: paths(Sense::Deny, data.write_deny),
    });
    let (allowed, denied, bash, tool_map) = tools
        .map_or((None, None, None, None), |tools| (tools.allowed, tools.denied, tools.bash, tools.tool_map));
    let bash = bash.map(|bash: Bash| BashRules {
        allow: commands(bash.allow),
        deny: commands(bash.deny),
        env: AllowedEnv::new(bash.allow_env.into_iter().flatten().map(|rule| rule.0).collect()),
    });
    let about = about(&document.identity, document.compliance_frameworks, document.description.as_ref());
    let points = document.risk_budget.as_ref().and_then(|budget| budget.points.as_ref());
    let mut policy = Policy {
        agent_id: document.agent_id.0,
        version: document.version.value,
        mode: document.mode.unwrap_or_default(),
        digest,
        authority: document.identity.authority_level.as_ref().map(|text| authority(&text.value)),
        environments: document
            .identity
            .environment_scope
            .into_iter()
            .flatten()
            .map(|text| text.value)
            .collect(),
        files,
        allowed: names(allowed),
        denied: names(denied),
        bash,
        tool_map: tool_map
            .map_or_else(Vec::new, |map| map.0)
            .into_iter()
            .map(|(name, fields)| (name.value, arguments(fields)))
            .collect(),
        points: point_rules(points),
        budget: document.risk_budget.as_ref().map(budget),
        passthrough: network::passthrough(document.network.as_ref(), document.transport.as_ref()),
        network: network::network(document.network, document.transport),
        meters: meters::meters(document.budgets, document.rate_limits),
        anomaly: document.anomaly.map(anomaly::anomaly),
        approvals: approvals::rules(document.approvals),
        rules: rules::rules(document.rules),
        tags: rules::tags(document.tags),
        metadata: document.metadata.map_or_else(Vec::new, |map| map.0),
        redact: document.redact.map_or_else(Vec::new, |list| list.0).into_iter().map(|name| name.0).collect(),
        reads_requests: true,
        looks: RequestLooks::default(),
        about,
        warnings,
    };
    policy.reads_requests = policy.looks_at(HTTP_TOOL);
    policy.looks = rules::looks(&policy.rules);
    policy
}

fn authority(label: &str) -> Authority {
    match label {
        "read-only" => Authority::Read,
        "advisory-only" => Authority::Write,
        _ => Authority::Execute,
    }
}

fn written(text: Text) -> Rule {
    Rule { pattern: text.value, pointer: text.pointer }
}

fn paths(sense: Sense, rules: Option<Vec<PathRule>>) -> Rules<PathSet> {
    let (patterns, written) =
        rules.into_iter().flatten().map(|rule| (rule.pattern, written(rule.text))).unzip();
    Rules { set: PathSet::new(sense, patterns), written }
}

fn commands(rules: Option<Vec<CommandRule>>) -> Rules<CommandSet> {
    let (patterns, written) =
        rules.into_iter().flatten().map(|rule| (rule.pattern, written(rule.text))).unzip();
    Rules { set: CommandSet::new(patterns), written }
}

fn names(texts: Option<Vec<Text>>) -> NameRules {
    // The first of several equal names is the one to point at.
    let rules = texts.into_iter().flatten().map(written).rev();
    NameRules { names: rules.map(|rule| (rule.pattern.clone(), rule)).collect() }
}

fn arguments(fields: ToolFields) -> Vec<(String, Use)> {
    let list =
        |texts: Option<Vec<Text>>, what: Use| texts.into_iter().flatten().map(move |text| (text.value, what));
    list(fields.read, Use::Read)
        .chain(list(fields.write, Use::Write))
        .chain(fields.command.map(|text| (text.value, Use::Command)))
        .collect()
}

fn point_rules(table: Option<&PointTable>) -> PointRules {
    let pick = |own: fn(&PointTable) -> Option<Points>, built_in: u64| {
        table.and_then(own).map_or(built_in, |points| points.value)
    };
    let bash =
        table.and_then(|table| table.bash.as_ref()).map_or(&[] as &[(Text, Points)], |Map(entries)| entries);
    let commands = bash
        .iter()
        .filter(|(name, _)| name.value != "*")
        .map(|(name, points)| (name.value.clone(), points.value))
        .collect();
    let others = bash.iter().find(|(name, _)| name.value == "*").map(|(_, points)| points.value);
    PointRules {
        read: pick(|table| table.read, risk::READ),
        search: pick(|table| table.search, risk::SEARCH),
        edit: pick(|table| table.edit, risk::EDIT),
        write: pick(|table| table.write, risk::WRITE),
        tool: pick(|table| table.tool, risk::TOOL),
        denied: pick(|table| table.denied, risk::DENIED),
        command: others.unwrap_or(risk::COMMAND),
        commands,
    }
}

/// Sessions whose points an agent may use in a day if its policy does not say: one per hour.
const SESSIONS_PER_DAY: u64 = 24;

fn about(identity: &Identity, frameworks: Option<Vec<Text>>, description: Option<&Text>) -> About {
    let value = |text: Option<&Text>| text.map(|text| text.value.clone());
    About {
        role: value(identity.role.as_ref()),
        authority: value(identity.authority_level.as_ref()),
        data_classification: identity.data_classification.map(DataClassification::as_str),
        compliance_frameworks: frameworks.into_iter().flatten().map(|text| text.value).collect(),
        description: value(description),
    }
}

/// A threshold that is not set is the next one.
fn budget(own: &RiskBudget) -> Budget {
    let max = own.max_per_session.value;
    let thresholds = own.thresholds.as_ref();
    let exhausted = thresholds.and_then(|own| own.exhausted).map_or(max, |points| points.value);
    let critical = thresholds.and_then(|own| own.critical).map_or(exhausted, |points| points.value);
    let throttle = thresholds.and_then(|own| own.throttle).map_or(critical, |points| points.value);
    let warn = thresholds.and_then(|own| own.warn).map_or(throttle, |points| points.value);
    let max_per_day = own.max_per_day.map_or_else(|| max.saturating_mul(SESSIONS_PER_DAY), |own| own.value);
    let max_per_call = own.max_per_call.map(|points| points.value);
    Budget { max, warn, throttle, critical, exhausted, max_per_day, max_per_call }
}
