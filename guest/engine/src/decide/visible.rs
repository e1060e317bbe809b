//! May a tool be called at all? What is asked before anybody calls: lists of tools lose those that the
//! policy denies by their name alone. A tool whose arguments matter stays.

use super::{identity, tools};
use crate::call::Call;
use crate::condition::Work;
use crate::decision::{Mode, Outcome};
use crate::network::McpTool;
use crate::policy::{Action, Policy};
use crate::wire::json_string;

/// A tool of an MCP server as policies name it.
pub fn mcp_tool(server: &str, tool: &str) -> String {
    format!("mcp__{server}__{tool}")
}

/// Whether some call of the tool may be permitted. Without an environment, none is out of scope.
pub fn may_see(policy: &Policy, tool: &str, environment: Option<&str>, mode: Option<Mode>) -> bool {
    let mode = mode.map_or(policy.mode, |mode| mode.max(policy.mode));
    if mode != Mode::Enforce {
        // Nothing is held back, so nothing is hidden.
        return true;
    }
    if policy.denied.names.contains_key(tool) {
        return false;
    }
    let environment = environment.or(policy.environments.first().map(String::as_str)).unwrap_or_default();
    let call = format!(
        r#"{{"agentId":{},"toolName":{},"toolInput":{{}},"environment":{}}}"#,
        json_string(&policy.agent_id),
        json_string(tool),
        json_string(environment)
    );
    let Ok(call) = Call::parse(call.as_bytes()) else { return false };
    let listed = tools::listed(policy, tool, None);
    if matches!(listed, McpTool::Denied(_) | McpTool::NotAllowed) {
        return false;
    }
    let row = tools::resolve(policy, &call, None);
    let mut reasons = Vec::new();
    identity::decide(policy, &call, row.access(), &mut reasons);
    if reasons.iter().any(|reason| reason.outcome == Outcome::Deny) {
        return false;
    }
    let Ok(rules) = policy.rules.of(tool, &mut Work::new()) else { return false };
    let mut is_let_through = false;
    for rule in rules {
        match (&rule.when, rule.action) {
            // Some arguments may meet it.
            (_, Action::Allow | Action::RequireApproval) => is_let_through = true,
            (None, Action::Block) if !is_let_through => return false,
            (_, Action::Block) => {}
        }
        if rule.when.is_none() {
            break;
        }
    }
    let is_listed = matches!(listed, McpTool::Allowed(_));
    is_let_through || is_listed || row.is_mapped() || policy.allowed.names.contains_key(tool)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Format;

    const POLICY: &str = r#"{
        "agentId": "a", "version": "1",
        "identity": { "role": "r", "authorityLevel": "read-only", "environmentScope": ["staging"] },
        "dataAccess": { "readAllow": ["src/**"] },
        "toolActions": {
            "allowed": ["mcp__s__plain", "mcp__s__blocked", "mcp__s__both"], "denied": ["mcp__s__both"],
            "toolMap": { "mcp__s__read": { "read": ["path"] }, "mcp__s__write": { "write": ["path"] } }
        },
        "network": { "rules": [
            { "hosts": ["u.example"], "mcp": { "server": "u", "allowTools": ["listed", "gone"], "denyTools": ["gone"] } },
            { "hosts": ["host.example"], "mcp": { "allowTools": ["plain"] } }
        ] },
        "rules": [
            { "name": "small", "tools": ["mcp__s__pay", "mcp__s__first"], "action": "allow",
              "when": { "param": "amount", "operator": "lt", "value": 5 } },
            { "name": "no", "tools": ["mcp__s__blocked", "mcp__s__first"], "action": "block" },
            { "name": "ask", "tools": ["mcp__s__ask"], "action": "require_approval" }
        ]
    }"#;

    #[test]
    fn what_is_denied_by_its_name_is_not_seen() {
        let policy = Policy::load(POLICY, Format::Json).unwrap();
        for (tool, expect) in [
            ("mcp__s__plain", true),
            ("mcp__s__read", true),
            ("mcp__s__pay", true),
            ("mcp__s__ask", true),
            ("mcp__s__first", true),
            ("mcp__s__blocked", false),
            ("mcp__s__both", false),
            ("mcp__s__unknown", false),
            ("mcp__t__plain", false),
            ("mcp__s__Plain", false),
            ("", false),
            // Of a server whose tools are listed.
            ("mcp__u__listed", true),
            ("mcp__u__other", false),
            ("mcp__u__gone", false),
            ("mcp__host.example__plain", true),
            ("mcp__host.example__other", false),
            // Writing is above the authority.
            ("mcp__s__write", false),
        ] {
            assert_eq!(may_see(&policy, tool, Some("staging"), None), expect, "{tool}");
            assert_eq!(may_see(&policy, tool, None, None), expect, "{tool}");
        }
        assert!(!may_see(&policy, "mcp__s__plain", Some("production"), None));
    }

    #[test]
    fn where_nothing_is_held_back_all_is_seen() {
        let text = POLICY.replace("\"version\": \"1\"", "\"version\": \"1\", \"mode\": \"audit\"");
        let policy = Policy::load(&text, Format::Json).unwrap();
        assert!(may_see(&policy, "mcp__s__unknown", None, None));
        assert!(!may_see(&policy, "mcp__s__unknown", None, Some(Mode::Enforce)));
    }
}
