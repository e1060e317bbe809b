//! A call that needs a person: it waits, somebody approves it, and it is let through once.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::daemon::Daemon;
use super::text;
use crate::run::say;

/// The agent of this part, and its policy.
pub(super) const AGENT: &str = "payments-agent";

/// How long the demo's person takes.
const READING: Duration = Duration::from_secs(1);

/// Payments above 50 dollars need somebody who is not the agent.
pub(super) fn policy() -> Value {
    json!({
        "agentId": AGENT,
        "version": "1.0.0",
        "identity": { "authorityLevel": "limited-ops", "environmentScope": ["development"] },
        "rules": [{ "name": "payments", "tools": ["pay"], "action": "allow" }],
        "budgets": [{ "name": "day", "limit": "500.00", "per": "day", "tools": ["pay"] }],
        "approvals": { "above": "50.00", "expiresSeconds": 3600 },
    })
}

/// Sends the call, approves it in a second thread over HTTP while the first one waits, sends it
/// again, and once more.
pub(super) fn show(daemon: &Daemon, approver_key: &str) -> Result<()> {
    let mut call = json!({
        "agentId": AGENT,
        "toolName": "pay",
        "toolInput": { "to": "ACME Ltd", "invoice": "2026-117" },
        "cost": { "usd": "180.00" },
    });
    say("\na payment that needs a person\n");
    let asked = daemon.post("/v1/evaluate", &call)?;
    tell("asks", &asked);
    let id = asked.pointer("/approval/id").and_then(Value::as_str).context("nobody was asked")?.to_owned();
    ensure!(text(&asked, "decision") == "escalate", "the payment was not escalated: {asked}");

    let answered: Result<Value> = thread::scope(|scope| {
        let person = scope.spawn(|| {
            thread::sleep(READING);
            let note = json!({ "note": "invoice checked" });
            daemon.post_with(approver_key, &format!("/v1/approvals/{id}/approve"), &note)
        });
        // The agent waits in one request, and hears of the answer when it is there.
        let heard = daemon.get(&format!("/v1/approvals/{id}?wait=9s"))?;
        person.join().map_err(|_| anyhow::anyhow!("the approver panicked"))??;
        Ok(heard)
    });
    let heard = answered?;
    let by = heard.pointer("/answers/0/subject").and_then(Value::as_str).unwrap_or_default();
    say(&format!("  waits      {} by {by}", text(&heard, "status")));
    ensure!(text(&heard, "status") == "approved", "the payment was not approved: {heard}");

    call.as_object_mut().context("no call")?.insert("approvalId".to_owned(), id.into());
    let permitted = daemon.post("/v1/evaluate", &call)?;
    tell("runs", &permitted);
    ensure!(is_permitted(&permitted), "the approved payment was not permitted: {permitted}");
    let again = daemon.post("/v1/evaluate", &call)?;
    tell("once", &again);
    ensure!(!is_permitted(&again), "an approval was used twice: {again}");
    Ok(())
}

fn is_permitted(verdict: &Value) -> bool {
    verdict.get("permitted").and_then(Value::as_bool) == Some(true)
}

fn tell(step: &str, verdict: &Value) {
    say(&format!("  {step:<10} {:<9} {}", text(verdict, "decision"), text(verdict, "reason")));
}

/// Leaves a second payment waiting, for whoever looks.
pub(super) fn leave_one(daemon: &Daemon) -> Result<String> {
    let call = json!({
        "agentId": AGENT,
        "toolName": "pay",
        "toolInput": { "to": "Globex", "invoice": "2026-204" },
        "cost": { "usd": "75.50" },
    });
    let asked = daemon.post("/v1/evaluate", &call)?;
    Ok(asked.pointer("/approval/id").and_then(Value::as_str).context("nobody was asked")?.to_owned())
}
