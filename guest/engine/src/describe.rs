//! What a policy is about, as JSON for people and APIs, and what state a session is in.

mod network;

use std::fmt::Write as _;

use crate::anomaly::show;
use crate::decide::risk_debits;
use crate::decision::Outcome;
use crate::effect::{Effect, Scope, Unit, Window};
use crate::meters::{By, ToolPattern};
use crate::policy::Policy;
use crate::wire::{json_string, push_json_string};

impl Policy {
    /// What the policy is about, as a JSON object.
    pub fn describe(&self) -> String {
        let about = &self.about;
        let mut out = String::with_capacity(1_024);
        let mut field = |name: &str, value: &str| {
            out.push(if out.is_empty() { '{' } else { ',' });
            push_json_string(&mut out, name);
            out.push(':');
            out.push_str(value);
        };
        field("agentId", &json_string(&self.agent_id));
        field("version", &json_string(&self.version));
        field("mode", &json_string(self.mode.as_str()));
        field("digest", &json_string(&self.digest.to_string()));
        field("role", &optional(about.role.as_deref()));
        field("authority", &optional(about.authority.as_deref()));
        field("environments", &list(self.environments.iter().map(String::as_str)));
        field("dataClassification", &optional(about.data_classification));
        field("complianceFrameworks", &list(about.compliance_frameworks.iter().map(String::as_str)));
        field("description", &optional(about.description.as_deref()));
        field("riskBudget", &self.risk_budget());
        field("meters", &self.meter_list());
        field("approvals", &self.approval_terms());
        if let Some(own) = &self.network {
            field("network", &network::section(own));
        }
        if !self.passthrough.is_empty() {
            field("tlsPassthrough", &network::passthrough(&self.passthrough));
        }
        field("rules", &self.rules.rules.len().to_string());
        field("metadata", &object(&self.metadata));
        field("redact", &list(self.redact.iter().map(String::as_str)));
        field("anomaly", &self.anomaly_section());
        out.push('}');
        out
    }

    /// The state of a session that has used so many points: `normal`, `warn`, `throttle`,
    /// `critical` or `exhausted`.
    pub fn risk_status(&self, used: u64) -> &'static str {
        let Some(budget) = self.budget else { return "normal" };
        let states = [
            (budget.exhausted, "exhausted"),
            (budget.critical, "critical"),
            (budget.throttle, "throttle"),
            (budget.warn, "warn"),
        ];
        states.iter().find(|(from, _)| used >= *from).map_or("normal", |(_, state)| state)
    }

    fn risk_budget(&self) -> String {
        self.budget.map_or_else(
            || "null".to_owned(),
            |own| {
                format!(
                    r#"{{"max":{},"warn":{},"throttle":{},"critical":{},"exhausted":{},"maxPerDay":{}}}"#,
                    own.max, own.warn, own.throttle, own.critical, own.exhausted, own.max_per_day
                )
            },
        )
    }

    fn anomaly_section(&self) -> String {
        let Some(own) = &self.anomaly else { return "null".to_owned() };
        let spike = own.spike.map_or_else(
            || "null".to_owned(),
            |spike| {
                let action = match spike.outcome {
                    Outcome::Deny => "block",
                    Outcome::Allow | Outcome::Escalate => "require_approval",
                };
                format!(r#"{{"times":{},"action":"{action}"}}"#, show(spike.times))
            },
        );
        format!(
            r#"{{"tools":{},"escalateAt":{},"blockAt":{},"signals":{},"spike":{spike}}}"#,
            tools(own.tools.as_deref()),
            show(own.escalate_at),
            show(own.block_at),
            list(own.signals.iter().map(|signal| signal.as_str())),
        )
    }

    /// Who is asked, and on which terms.
    fn approval_terms(&self) -> String {
        let own = &self.approvals;
        let approvers = list(own.approvers.iter().map(String::as_str));
        format!(r#"{{"approvers":{approvers},"quorum":{},"expiresSeconds":{}}}"#, own.quorum, own.seconds)
    }

    /// Every meter with a limit.
    fn meter_list(&self) -> String {
        let mut out = String::from("[");
        if self.budget.is_some() {
            for debit in risk_debits(self, 0).iter().filter_map(Effect::debit) {
                let span = (debit.scope, debit.window);
                push_meter(&mut out, &debit.meter, debit.unit, span, By::Agent, debit.limit, "null");
            }
        }
        for meter in &self.meters {
            let Some(span) = meter.span else { continue };
            let tools = tools(meter.tools.as_deref());
            push_meter(&mut out, &meter.name, meter.unit, span, meter.by, meter.limit, &tools);
        }
        out.push(']');
        out
    }
}

fn push_meter(
    out: &mut String,
    name: &str,
    unit: Unit,
    (scope, window): (Scope, Window),
    by: By,
    limit: u64,
    tools: &str,
) {
    if out.len() > 1 {
        out.push(',');
    }
    out.push_str("{\"meter\":");
    push_json_string(out, name);
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        r#","unit":"{}","scope":"{}","by":"{}","window":{},"limit":{limit},"tools":{tools}}}"#,
        unit.as_str(),
        scope.as_str(),
        by.as_str(),
        self::window(window)
    );
}

fn window(window: Window) -> String {
    match window {
        Window::Lifetime => r#"{"kind":"lifetime"}"#.to_owned(),
        Window::Fixed(seconds) => format!(r#"{{"kind":"fixed","seconds":{seconds}}}"#),
        Window::Sliding(seconds) => format!(r#"{{"kind":"sliding","seconds":{seconds}}}"#),
    }
}

/// The tools that something speaks of, or null for every tool.
fn tools(own: Option<&[ToolPattern]>) -> String {
    own.map_or_else(|| "null".to_owned(), |own| list(own.iter().map(ToolPattern::as_str)))
}

fn optional(text: Option<&str>) -> String {
    text.map_or_else(|| "null".to_owned(), json_string)
}

fn list<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    format!("[{}]", texts.map(json_string).collect::<Vec<_>>().join(","))
}

fn object(entries: &[(String, String)]) -> String {
    let members = entries.iter().map(|(key, value)| format!("{}:{}", json_string(key), json_string(value)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}
