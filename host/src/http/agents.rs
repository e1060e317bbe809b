//! Agents: who they are, what they did, what they may still spend.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::answer::{self, Reply};
use super::caller::{Caller, Grant, Watcher};
use super::input::{self, Named, Params, bounded};
use super::money;
use super::problem::Problem;
use crate::app::catalog::Governing;
use crate::app::clock;
use crate::app::reads::{self, Risk, Standing};
use crate::engine::Mode;
use crate::settings::mode_word;
use crate::state::{Agent, Millis};
use crate::store::EntryFilter;

/// Agents of one page, unless asked otherwise.
const PAGE_DEFAULT: u32 = 20;

/// Most agents of one page: each costs a look at its meters.
const PAGE_MAX: u32 = 100;

/// Entries of one answer, unless asked otherwise.
const AUDIT_DEFAULT: u32 = 50;

/// Most entries of one answer.
const AUDIT_MAX: u32 = 1_000;

#[derive(Deserialize)]
pub(super) struct PageQuery {
    q: Option<String>,
    page: Option<u32>,
    limit: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RiskQuery {
    session_id: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct AuditQuery {
    limit: Option<u32>,
    before: Option<u64>,
    kind: Option<String>,
    decision: Option<String>,
}

/// An agent, its policy if it has one, and what it did.
pub(super) type Known = (String, Option<Arc<Governing>>, Agent);

/// GET /v1/agents
pub(super) async fn list(caller: Caller<Watcher>, Params(query): Params<PageQuery>) -> Reply {
    let (view, grant) = caller.view()?;
    let limit = bounded("limit", query.limit, PAGE_DEFAULT, PAGE_MAX)? as usize;
    let page = bounded("page", query.page, 1, u32::MAX)? as usize;
    let mut all = reads::agents(grant.app()).await?;
    let wanted = query.q.unwrap_or_default().to_ascii_lowercase();
    all.retain(|(id, _, _)| view.shows(id) && id.to_ascii_lowercase().contains(&wanted));
    let total = all.len();
    let mut agents = Vec::with_capacity(limit);
    for known in all.into_iter().skip((page - 1).saturating_mul(limit)).take(limit) {
        agents.push(about(grant, &known).await?);
    }
    answer::json(&json!({
        "agents": agents,
        "total": total,
        "page": page,
        "pages": total.div_ceil(limit).max(1),
    }))
}

/// One line of the list, and of the dashboard.
pub(super) async fn about(
    grant: Grant<'_>,
    (id, policy, own): &Known,
) -> Result<Map<String, Value>, Problem> {
    let app = grant.app();
    let risk = reads::risk(app, id, None).await?;
    let description = policy.as_ref().map(|policy| reads::describe(app, policy)).transpose()?;
    let said =
        |name: &str| description.as_ref().and_then(|own| own.get(name)).cloned().unwrap_or(Value::Null);
    let reference = policy.as_ref().map(|policy| &policy.reference);
    Ok(answer::fields(json!({
        "agentId": id,
        "role": said("role"),
        "authority": said("authority"),
        "environments": said("environments"),
        "mode": said("mode"),
        "effectiveMode": stricter(said("mode").as_str(), app.config.mode),
        "version": reference.map(|own| &own.version),
        "revision": reference.map(|own| own.revision),
        "digest": reference.map(|own| &own.digest),
        "totalCalls": own.calls,
        "deniedCalls": own.denied,
        "escalatedCalls": own.escalated,
        "lastCallAt": (own.calls > 0).then(|| clock::text(Millis(own.last_at))),
        "riskState": { "riskUsed": risk.used, "riskMax": risk.max, "status": risk.status },
    })))
}

/// The mode that holds: the stricter one of the policy's and the installation's. None where no policy
/// says one.
fn stricter(own: Option<&str>, installed: Option<Mode>) -> Option<&'static str> {
    let own = own?;
    let from_strictest = [Mode::Enforce, Mode::Audit, Mode::Shadow, Mode::DryRun];
    let holds = |mode: &Mode| mode_word(*mode) == own || installed == Some(*mode);
    from_strictest.into_iter().find(holds).map(mode_word)
}

/// GET /v1/agents/{id}/risk
pub(super) async fn risk(
    caller: Caller<Watcher>,
    Named(agent): Named,
    Params(query): Params<RiskQuery>,
) -> Reply {
    let grant = caller.seeing(&agent)?;
    let risk = reads::risk(grant.app(), &agent, query.session_id).await?;
    answer::json(&json!({
        "agentId": agent,
        "riskUsed": risk.used,
        "riskMax": risk.max,
        "status": status(&risk),
        "totalCalls": risk.agent.calls,
        "deniedCalls": risk.agent.denied,
        "timestamp": clock::text(clock::now()),
        "sessionId": risk.session,
    }))
}

/// Here, and only here, the usual state is called nominal.
fn status(risk: &Risk) -> &str {
    match risk.status.as_str() {
        "normal" => "nominal",
        other => other,
    }
}

/// GET /v1/agents/{id}/budgets
pub(super) async fn budgets(caller: Caller<Watcher>, Named(agent): Named) -> Reply {
    let grant = caller.seeing(&agent)?;
    let standings = reads::budgets(grant.app(), &agent).await?;
    answer::json(&json!({
        "agentId": agent,
        "budgets": standings.iter().map(budget).collect::<Vec<_>>(),
        "timestamp": clock::text(clock::now()),
    }))
}

fn budget(own: &Standing) -> Value {
    let said = |name: &str| own.rule.get(name).cloned().unwrap_or(Value::Null);
    let word = |name: &str| own.rule.get(name).and_then(Value::as_str).unwrap_or_default();
    let is_money = word("unit").starts_with("usd");
    // The largest number means that there is no limit.
    let limit = own.rule.get("limit").and_then(Value::as_u64).filter(|limit| *limit != u64::MAX);
    let amount = |amount: u64| if is_money { money::format(amount).into() } else { Value::from(amount) };
    let [_, _, owner, _, key] = own.key.parts();
    let (session, run) = match word("scope") {
        "session" => (Some(owner), None),
        "run" => owner.split_once('/').map_or((None, None), |(session, run)| (Some(session), Some(run))),
        _ => (None, None),
    };
    let named = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    json!({
        "meter": said("meter"),
        "unit": if is_money { "usd".into() } else { said("unit") },
        "scope": said("scope"),
        "by": said("by"),
        "key": named(Some(key)),
        "sessionId": named(session),
        "runId": named(run),
        "window": said("window"),
        "limit": limit.map(amount),
        "used": amount(own.used),
        "held": amount(own.held),
        "remaining": limit.map(|limit| amount(limit.saturating_sub(own.used.saturating_add(own.held)))),
    })
}

/// GET /v1/agents/{id}/audit
pub(super) async fn audit(
    caller: Caller<Watcher>,
    Named(agent): Named,
    Params(query): Params<AuditQuery>,
) -> Reply {
    let grant = caller.seeing(&agent)?;
    let limit = bounded("limit", query.limit, AUDIT_DEFAULT, AUDIT_MAX)?;
    let filter = EntryFilter {
        agent: Some(agent.clone()),
        kind: input::kind(query.kind.as_deref())?,
        decision: input::decision(query.decision)?,
    };
    let entries = reads::newest(grant.app(), filter, input::place(query.before)?, limit).await?;
    let last = entries.last().map(|own| own.seq);
    let is_full = entries.len() == limit as usize;
    answer::json(&Trail {
        agent_id: &agent,
        entries: entries.iter().map(answer::indexed).collect::<Result<_, _>>()?,
        next_before: last.filter(|last| is_full && *last > 0),
    })
}

/// Entries as they were recorded: a tree in between could not hold every number of a call.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Trail<'a> {
    agent_id: &'a str,
    entries: Vec<Box<RawValue>>,
    next_before: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stricter_mode_holds() {
        for (own, installed, expect) in [
            (None, Some(Mode::Enforce), None),
            (Some("audit"), None, Some("audit")),
            (Some("audit"), Some(Mode::Enforce), Some("enforce")),
            (Some("enforce"), Some(Mode::Shadow), Some("enforce")),
            (Some("dry-run"), Some(Mode::Shadow), Some("shadow")),
            (Some("dry-run"), None, Some("dry-run")),
        ] {
            assert_eq!(stricter(own, installed), expect, "{own:?} {installed:?}");
        }
    }
}
