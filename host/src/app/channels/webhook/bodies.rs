//! Messages in the words of other systems: agentic-sentinel and agentsentinel-sdk. Nothing here
//! knows how they are sent.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::app::approvals::context::amount_text;
use crate::app::approvals::words;
use crate::app::channels::message::Message;
use crate::app::clock;

#[derive(Serialize)]
pub(super) struct Agentic<'a> {
    action_id: &'a str,
    agent_id: &'a str,
    function_name: &'a str,
    rule_id: &'a str,
    parameters: Option<Box<RawValue>>,
    reason: String,
    timestamp: String,
    timeout_at: String,
    timeout_seconds: i64,
    context: Value,
}

pub(super) fn agentic(message: &Message) -> Agentic<'_> {
    let row = message.row();
    Agentic {
        action_id: &message.seen.id,
        agent_id: &row.agent,
        function_name: &row.tool,
        rule_id: &message.rule,
        parameters: message.tool_input(),
        reason: words::reasons(row).join(" "),
        timestamp: clock::text(row.asked_at),
        timeout_at: clock::text(row.ends_at),
        timeout_seconds: message.seconds(),
        context: context(message),
    }
}

/// What is known beside the call, flat, as dashboards show it.
fn context(message: &Message) -> Value {
    let row = message.row();
    let mut all = Map::new();
    all.insert("call_digest".to_owned(), json!(row.call_digest));
    all.insert("code".to_owned(), json!(row.code));
    all.insert("requested_by".to_owned(), json!(row.requester));
    all.insert("verdict_id".to_owned(), json!(row.verdict_id));
    if let Some(session) = &row.session {
        all.insert("session_id".to_owned(), json!(session));
    }
    if !message.seen.governs {
        all.insert("replaced".to_owned(), json!(words::REPLACED));
    }
    if let Some(value) = message.value() {
        all.insert("value_usd".to_owned(), json!(value));
    }
    for own in &row.meters {
        let show = |amount| amount_text(&own.unit, amount);
        let limit = own.limit.map_or(String::new(), |limit| format!(" of {}", show(limit)));
        let text =
            format!("{}{limit} {} used, this call adds {}", show(own.used), own.unit, show(own.amount));
        all.insert(format!("meter {}", own.meter), json!(text));
    }
    all.into()
}

#[derive(Serialize)]
pub(super) struct Agent<'a> {
    action_name: &'a str,
    action_description: String,
    agent_id: &'a str,
    run_id: Option<&'a str>,
    task_id: Option<&'a str>,
    mission_id: Option<&'a str>,
    estimated_cost: Option<Box<RawValue>>,
    risk_level: &'static str,
    priority: &'static str,
    timeout_seconds: i64,
    action_inputs: Inputs,
    context: AgentContext,
    callback_url: Option<&'a str>,
}

#[derive(Serialize)]
struct Inputs {
    args: Vec<String>,
    kwargs: Map<String, Value>,
}

#[derive(Serialize)]
struct AgentContext {
    tags: Vec<String>,
    risk_level: &'static str,
    #[serde(flatten)]
    more: Value,
}

/// A person was asked, so it is no small thing. More is not known.
const RISK_LEVEL: &str = "high";

pub(super) fn agent(message: &Message) -> Agent<'_> {
    let row = message.row();
    Agent {
        action_name: &row.tool,
        action_description: words::reasons(row).join(" "),
        agent_id: &row.agent,
        run_id: None,
        task_id: None,
        mission_id: None,
        // A number, with no floating point on the way.
        estimated_cost: message.value().and_then(|text| RawValue::from_string(text).ok()),
        risk_level: RISK_LEVEL,
        priority: RISK_LEVEL,
        timeout_seconds: message.seconds(),
        action_inputs: inputs(message.tool_input().as_deref()),
        context: AgentContext { tags: Vec::new(), risk_level: RISK_LEVEL, more: context(message) },
        callback_url: None,
    }
}

/// Named arguments as texts: those that are texts as they are, others as JSON.
fn inputs(input: Option<&RawValue>) -> Inputs {
    let Some(input) = input else { return Inputs { args: Vec::new(), kwargs: Map::new() } };
    match serde_json::from_str::<BTreeMap<String, &RawValue>>(input.get()) {
        Ok(fields) => {
            let text =
                |own: &RawValue| serde_json::from_str(own.get()).unwrap_or_else(|_| own.get().to_owned());
            let kwargs = fields.into_iter().map(|(name, own)| (name, Value::String(text(own)))).collect();
            Inputs { args: Vec::new(), kwargs }
        }
        // Nothing is left out, whatever it is.
        Err(_) => Inputs { args: vec![input.get().to_owned()], kwargs: Map::new() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_texts_and_all_of_them() {
        let input = |text: &str| {
            let own = inputs(Some(&RawValue::from_string(text.to_owned()).unwrap()));
            serde_json::to_value(own).unwrap()
        };
        assert_eq!(
            input(r#"{"to":"x","amount":1.50,"deep":{"a":[1]}}"#),
            json!({"args":[],"kwargs":{"amount":"1.50","deep":"{\"a\":[1]}","to":"x"}})
        );
        assert_eq!(input("[1, 2]"), json!({"args":["[1, 2]"],"kwargs":{}}));
    }
}
