//! Writes calls for the engine, which reads them strictly (`docs/policy-reference.md`, "Calls").
//!
//! The tool's input is never parsed and printed again: its bytes are spliced in as they came,
//! so that what is decided is what was asked (D5).

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A call of a tool, and what is known about where it would run.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Call<'a> {
    /// Who calls.
    pub agent_id: &'a str,
    /// The tool, in the harness's own words.
    pub tool_name: &'a str,
    /// What it is called with, byte for byte.
    pub tool_input: &'a RawValue,
    /// The session that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<&'a str>,
    /// The environment that it would run in; `None` where whoever decides knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<&'a str>,
    /// Directory that the agent works on, absolute and without links.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace: Option<&'a str>,
    /// Home directory of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home: Option<&'a str>,
    /// Directory that relative paths start from, absolute and without links.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<&'a str>,
    /// Each path of the input as given, and where it really leads.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub resolved_paths: BTreeMap<String, String>,
    /// What governs the agent on this machine: it is never written, whatever the policy says.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub protected_paths: &'a [String],
}

impl Call<'_> {
    /// The bytes to decide.
    ///
    /// # Errors
    ///
    /// Where memory runs out; there is nothing else to go wrong.
    pub fn to_bytes(&self) -> io::Result<Vec<u8>> {
        Ok(serde_json::to_vec(self)?)
    }
}

/// A call as a person types it: where it does not say who calls and where, it gets the policy's
/// agent and this environment. Whatever it says itself stays, byte for byte.
///
/// What is not a JSON object is returned as it is: saying what is wrong with it is the engine's
/// part.
pub fn complete(call: &str, agent_id: &str, environment: &str) -> String {
    let Ok(Value::Object(fields)) = serde_json::from_str(call) else {
        return call.to_owned();
    };
    let missing: Vec<String> = [("agentId", agent_id), ("environment", environment)]
        .into_iter()
        .filter(|(name, _)| !fields.contains_key(*name))
        .map(|(name, value)| format!("{}:{}", Value::from(name), Value::from(value)))
        .collect();
    let rest = call.trim_start().strip_prefix('{').unwrap_or_default();
    match (missing.is_empty(), fields.is_empty()) {
        (true, _) => call.to_owned(),
        (false, true) => format!("{{{}}}", missing.join(",")),
        (false, false) => format!("{{{},{rest}", missing.join(",")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_added_and_the_rest_keeps_its_bytes() {
        let check = |call: &str, expect: &str| assert_eq!(complete(call, "a\"b", "dev"), expect);
        check(
            r#"{"toolName": "Bash",  "toolInput": {"command": "\u0041 "}}"#,
            r#"{"agentId":"a\"b","environment":"dev","toolName": "Bash",  "toolInput": {"command": "\u0041 "}}"#,
        );
        check(r#" {"agentId":"x"}"#, r#"{"environment":"dev","agentId":"x"}"#);
        check(r#" {"agentId":"x","environment":1}"#, r#" {"agentId":"x","environment":1}"#);
        check("{ }", r#"{"agentId":"a\"b","environment":"dev"}"#);
        check("[1]", "[1]");
        check("not json", "not json");
    }

    #[test]
    fn the_input_is_spliced_in_as_it_came() {
        let input = RawValue::from_string(r#"{"command" : "\u0041",  "n":1.0}"#.to_owned()).unwrap();
        let call = Call {
            agent_id: "a",
            tool_name: "Bash",
            tool_input: &input,
            session_id: None,
            environment: Some("development"),
            workspace: Some("/w"),
            home: None,
            cwd: None,
            resolved_paths: BTreeMap::new(),
            protected_paths: &[],
        };
        assert_eq!(
            String::from_utf8(call.to_bytes().unwrap()).unwrap(),
            r#"{"agentId":"a","toolName":"Bash","toolInput":{"command" : "\u0041",  "n":1.0},"environment":"development","workspace":"/w"}"#
        );
    }
}
