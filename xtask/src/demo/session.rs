//! The recorded session once more, this time over HTTP, with a budget that runs out.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::daemon::Daemon;
use super::{REASON_CHARS_MAX, SESSION, SESSION_POLICY, text};
use crate::run::say;

/// The session's own policy, with a budget of 120 points.
pub(super) fn policy(workspace: &Path) -> Result<Value> {
    let mut policy: Value = serde_json::from_str(&fs::read_to_string(workspace.join(SESSION_POLICY))?)?;
    let thresholds = json!({ "warn": 60, "throttle": 90, "critical": 110, "exhausted": 120 });
    let budget = json!({ "maxPerSession": 120, "thresholds": thresholds });
    policy.as_object_mut().context("the policy is no object")?.insert("riskBudget".to_owned(), budget);
    Ok(policy)
}

pub(super) fn show(daemon: &Daemon, workspace: &Path, agent: &str) -> Result<()> {
    say(&format!("\nthe same session, over HTTP to {}, with a budget of 120 points\n", daemon.address));
    say(&format!("{:>3}  {:<9} {:>4}  {:<10} {}", "#", "decision", "risk", "tool", "reason"));
    let session = fs::read_to_string(workspace.join(SESSION))?;
    for (number, line) in (1..).zip(session.lines()) {
        let event: Value = serde_json::from_str(line)?;
        let body = json!({
            "agentId": agent,
            "toolName": event.get("tool_name"),
            "toolInput": event.get("tool_input"),
            "workspace": event.get("cwd"),
            "cwd": event.get("cwd"),
        });
        let verdict = daemon.post("/v1/evaluate", &body)?;
        let risk = daemon.get(&format!("/v1/agents/{agent}/risk"))?;
        let used = risk.get("riskUsed").and_then(Value::as_u64).context("no riskUsed in the answer")?;
        let reason: String = text(&verdict, "reason").chars().take(REASON_CHARS_MAX).collect();
        let (decision, tool) = (text(&verdict, "decision"), text(&verdict, "toolName"));
        let tool: String = tool.chars().take(10).collect();
        say(&format!("{number:>3}  {decision:<9} {used:>4}  {tool:<10} {reason}"));
    }
    let risk = daemon.get(&format!("/v1/agents/{agent}/risk"))?;
    say(&format!("\nrisk budget: {risk}\n"));
    ensure!(text(&risk, "status") == "exhausted", "the budget did not run out: {risk}");
    Ok(())
}
