//! What whoever has to decide should know beside the call: what the agent did lately, and where its
//! meters stand.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{id, is_genuine};
use crate::app::reads::ReadError;
use crate::app::{App, clock, outcome, record, tally};
use crate::state::{
    Approval, ApprovalAnswer, ApprovalMeter, ApprovalReason, ApprovalState, EntryKind, Millis,
};
use crate::store::{ApprovalFilter, EntryFilter, Order};

/// Decisions about the agent that are shown.
const HISTORY: u32 = 5;

/// A question, for people and programs.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its id.
    pub id: String,
    /// All of it.
    pub row: Approval,
    /// Whether the policy that asked still governs its agent: else a yes is worth nothing.
    pub governs: bool,
}

impl Seen {
    /// A row that is genuine, as it is seen now.
    pub fn new(app: &App, id: String, row: Approval) -> Self {
        let governing = app.catalog.get(&row.agent);
        let governs = governing.is_some_and(|own| own.reference.digest == row.policy_digest);
        Self { id, row, governs }
    }

    /// Where it stands now: time ends a question before anybody writes so.
    pub fn status(&self, now: Millis) -> ApprovalState {
        if self.row.state.is_open() && now >= self.row.ends_at {
            ApprovalState::Expired
        } else {
            self.row.state
        }
    }
}

/// One question.
///
/// # Errors
///
/// Where there is none, or it is not what was recorded.
pub async fn find(app: &App, text: &str) -> Result<Seen, ReadError> {
    let unknown = || ReadError::Unknown { what: "this approval".to_owned() };
    let (key, round) = super::parse(text).ok_or_else(unknown)?;
    let row = app.readers.read({
        let key = key.clone();
        move |reader| Ok(reader.approval(&key)?)
    });
    let row = row.await?.filter(|row| row.round == round).ok_or_else(unknown)?;
    genuine(app, &key, row)
        .ok_or_else(|| ReadError::Unproven { reason: "an approval was changed".to_owned() })
}

/// The place of a question in the order of all, to go on after it. A question that a newer one has
/// replaced has the place of that one.
///
/// # Errors
///
/// Where there is none.
pub async fn place(app: &App, text: &str) -> Result<(Millis, String), ReadError> {
    let unknown = || ReadError::Unknown { what: "the approval to go on after".to_owned() };
    let (key, _) = super::parse(text).ok_or_else(unknown)?;
    let asked = key.clone();
    let row = app.readers.read(move |reader| Ok(reader.approval(&asked)?)).await?;
    Ok((row.ok_or_else(unknown)?.asked_at, key))
}

/// Questions; those that are open and not over, oldest first, or all of them, newest first.
///
/// # Errors
///
/// Where nothing can be read.
pub async fn list(app: &App, wanted: ApprovalFilter) -> Result<Vec<Seen>, ReadError> {
    let is_open = wanted.open;
    let rows = app.readers.read(move |reader| Ok(reader.approvals(&wanted)?)).await?;
    let now = clock::now();
    let seen = rows.into_iter().filter_map(|(key, row)| genuine(app, &key, row));
    Ok(seen.filter(|own| !is_open || own.status(now).is_open()).collect())
}

/// What nobody but us could have written.
fn genuine(app: &App, key: &str, row: Approval) -> Option<Seen> {
    let is_ours = is_genuine(key, &row, &app.digest_key);
    if !is_ours {
        tracing::error!(key, "an approval in the store is not what was recorded, and is left out");
    }
    is_ours.then(|| Seen::new(app, id(key, row.round), row))
}

/// A question on the wire. The call is shown to approvers only.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown<'a> {
    id: &'a str,
    status: ApprovalState,
    agent_id: &'a str,
    tool_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
    requested_by: &'a str,
    reason: &'a str,
    code: &'a str,
    reasons: &'a [ApprovalReason],
    #[serde(skip_serializing_if = "Option::is_none")]
    more_reasons: Option<u32>,
    asked_at: String,
    expires_at: String,
    quorum: u32,
    approvals: usize,
    approvers: &'a [String],
    answers: Vec<ShownAnswer<'a>>,
    verdict_id: &'a str,
    call_digest: &'a str,
    policy_digest: &'a str,
    governs: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_usd: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<&'a RawValue>,
    /// For who may see the call: its bytes as a text, and SHA-256 over them; null once it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    call_text: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_sha256: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<Context>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownAnswer<'a> {
    subject: &'a str,
    answer: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    channel: &'a str,
    at: String,
}

impl<'a> From<&'a ApprovalAnswer> for ShownAnswer<'a> {
    fn from(own: &'a ApprovalAnswer) -> Self {
        Self {
            subject: &own.subject,
            answer: if own.is_yes { "approve" } else { "deny" },
            note: own.note.as_deref(),
            channel: &own.channel,
            at: clock::text(own.at),
        }
    }
}

/// What whoever has to decide should know beside the call.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Context {
    meters: Vec<ShownMeter>,
    recent: Vec<Recent>,
    tool: tally::Totals,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownMeter {
    meter: String,
    unit: String,
    used: String,
    amount: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Recent {
    verdict_id: String,
    tool_name: String,
    decision: &'static str,
    at: String,
}

impl From<&ApprovalMeter> for ShownMeter {
    fn from(own: &ApprovalMeter) -> Self {
        let show = |amount: u64| amount_text(&own.unit, amount);
        Self {
            meter: own.meter.clone(),
            unit: own.unit.clone(),
            used: show(own.used),
            amount: show(own.amount),
            limit: own.limit.map(show),
            left: own.limit.map(|limit| show(limit.saturating_sub(own.used))),
        }
    }
}

/// An amount as people write it: dollars with their decimals, everything else whole.
pub fn amount_text(unit: &str, amount: u64) -> String {
    if unit == "usd" {
        format!("{}.{:06}", amount / 1_000_000, amount % 1_000_000)
    } else {
        amount.to_string()
    }
}

impl<'a> Shown<'a> {
    /// Shows a question; with the call and its surroundings to whoever may oversee it.
    pub fn new(seen: &'a Seen, now: Millis, overseer: bool, context: Option<Context>) -> Self {
        let row = &seen.row;
        let call = row.call.as_deref().filter(|_| overseer);
        Self {
            id: &seen.id,
            status: seen.status(now),
            agent_id: &row.agent,
            tool_name: &row.tool,
            session_id: row.session.as_deref(),
            requested_by: &row.requester,
            reason: &row.reason,
            code: &row.code,
            reasons: &row.reasons,
            more_reasons: Some(row.more_reasons).filter(|more| *more > 0),
            asked_at: clock::text(row.asked_at),
            expires_at: clock::text(row.ends_at),
            quorum: row.quorum,
            approvals: row.answers.iter().filter(|own| own.is_yes).count(),
            approvers: &row.approvers,
            answers: row.answers.iter().map(ShownAnswer::from).collect(),
            verdict_id: &row.verdict_id,
            call_digest: &row.call_digest,
            policy_digest: &row.policy_digest,
            governs: seen.governs,
            value_usd: row.value.map(|value| amount_text("usd", value)),
            // Its bytes as they were hashed. What is no JSON was never a call.
            call: call.and_then(|text| serde_json::from_str(text).ok()),
            call_text: context.is_some().then_some(call),
            call_sha256: context.is_some().then(|| call.map(|text| record::digest(text.as_bytes()))),
            context,
        }
    }
}

/// Gathers what whoever has to decide should know.
///
/// # Errors
///
/// Where nothing can be read.
pub async fn context(app: &App, row: &Approval) -> Result<Context, ReadError> {
    let (agent, tool) = (row.agent.clone(), row.tool.clone());
    let (entries, totals) = app
        .readers
        .read(move |reader| {
            let filter =
                EntryFilter { agent: Some(agent.clone()), kind: Some(EntryKind::Verdict), decision: None };
            let newest = i64::MAX.unsigned_abs();
            Ok((
                reader.entries(newest, Order::NewestFirst, &filter, HISTORY)?,
                tally::of_tool(reader, &agent, &tool)?,
            ))
        })
        .await?;
    let recent = entries.iter().map(|own| Recent {
        verdict_id: crate::app::record::id(own.seq),
        tool_name: outcome::tool_name(&own.entry.body),
        decision: own.entry.decision,
        at: outcome::time(&own.entry.body),
    });
    Ok(Context {
        meters: row.meters.iter().map(ShownMeter::from).collect(),
        recent: recent.collect(),
        tool: totals,
    })
}
