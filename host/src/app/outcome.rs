//! What became of a call: its outcome is recorded, and what was held for it is settled.
//!
//! The states of a hold: *open*, then *posted* with the actual cost, *voided* where the action did
//! not happen, or *expired* where nobody said anything. Expired counts as spent.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

use super::reads::{self, ReadError};
use super::record::{self, json};
use super::tally::{Place, Sample};
use super::{App, CommitError, Operation, OperationError, clock, lessons};
use crate::engine::Pool;
use crate::state::{Charge, EntryKind, Hold, HoldState, Keys, Millis, NewEntry, Page};

/// The outcome of a call that was tried and did not succeed.
pub const FAILED: &str = "failed";

/// The outcome of a call that was not tried after all.
pub const NOT_EXECUTED: &str = "not-executed";

/// A report.
pub struct Report {
    /// The agent whose call it was.
    pub agent: String,
    /// Who reports.
    pub subject: String,
    /// Whether that one may report for others.
    pub is_admin: bool,
    /// The verdict that the call got; without it the report is only recorded.
    pub verdict_id: Option<String>,
    /// Whether the action happened.
    pub happened: bool,
    /// What it really cost, by unit: `usd` in millionths, `tokens`. Without it, what was held.
    pub cost: BTreeMap<String, u64>,
    /// What is recorded, redacted.
    pub record: ReportRecord,
    /// The session and the run of the call, as its verdict has them.
    pub place: Option<CallPlace>,
    /// Learns from executed calls.
    pub pool: Arc<Pool>,
    /// What became of the hold, if there was one.
    pub hold: Option<HoldState>,
    /// Id of the entry.
    pub id: String,
}

/// Records a report, and settles what was held for its call.
///
/// # Errors
///
/// Where the verdict is not one of this agent, or nothing was committed.
pub async fn report(app: &App, mut report: Report) -> Result<Report, ReportError> {
    if let Some(id) = &report.verdict_id {
        let unknown = || OperationError::Unknown { what: "this verdict of this agent".to_owned() };
        let seq = record::seq(id).ok_or_else(|| CommitError::Operation(unknown()))?;
        let known = reads::entry(app, seq).await;
        let is_own = match known {
            Ok(own) => {
                report.place = serde_json::from_str(&own.entry.body).ok();
                let subject = report.place.as_ref().map(|own| own.subject.as_str());
                own.entry.kind == EntryKind::Verdict
                    && own.entry.agent == report.agent
                    && (report.is_admin || subject == Some(report.subject.as_str()))
            }
            Err(ReadError::Unknown { .. }) => false,
            Err(error) => return Err(error.into()),
        };
        if !is_own {
            return Err(CommitError::Operation(unknown()).into());
        }
    }
    Ok(app.committer.commit(report).await?)
}

/// What the entry of a verdict says of its call.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallPlace {
    /// Who asked: only that one can say what became of it.
    subject: String,
    tool_name: String,
    session_id: Option<String>,
    run_id: Option<String>,
}

/// The tool that an entry is about; empty if none.
pub(super) fn tool_name(body: &str) -> String {
    field(body, "toolName")
}

/// When an entry was recorded.
pub(super) fn time(body: &str) -> String {
    field(body, "at")
}

fn field(body: &str, name: &str) -> String {
    // Numbers of a call may be larger than any that we read, so nothing but texts is looked at.
    let fields: BTreeMap<String, &RawValue> = serde_json::from_str(body).unwrap_or_default();
    let text = fields.get(name).and_then(|own| serde_json::from_str(own.get()).ok());
    text.unwrap_or_default()
}

/// A report was not recorded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReportError {
    /// It was not committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// Its verdict could not be looked at.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// What is recorded of a report. Everything is redacted and canonical.
#[derive(Clone, Debug, Default)]
pub struct ReportRecord {
    /// The tool.
    pub tool_name: String,
    /// Its input.
    pub tool_input: Option<Box<RawValue>>,
    /// Its output.
    pub tool_output: Option<Box<RawValue>>,
    /// What the reporter says was decided.
    pub decision: Option<String>,
    /// The reporter's name for the session.
    pub session_id: Option<String>,
    /// How long the action took.
    pub duration_ms: Option<u64>,
    /// `executed`, `failed` or `not-executed`.
    pub outcome: String,
    /// What went wrong.
    pub error: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OutcomeEntry<'a> {
    agent_id: &'a str,
    at: String,
    cost: &'a BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    hold: Option<HoldState>,
    id: &'a str,
    kind: &'static str,
    outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reported_decision: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
    subject: &'a str,
    tool_input: Option<&'a RawValue>,
    tool_name: &'a str,
    tool_output: Option<&'a RawValue>,
    verdict_id: Option<&'a str>,
}

impl Operation for Report {
    fn keys(&self, _now: Millis, keys: &mut Keys) {
        keys.holds.extend(self.verdict_id.clone().filter(|id| record::seq(id).is_some()));
        self.tally().keys(keys);
    }

    fn apply(&mut self, page: &mut Page) -> Result<(), OperationError> {
        let unknown = || OperationError::Unknown { what: "this verdict of this agent".to_owned() };
        if self.verdict_id.as_ref().is_some_and(|id| record::seq(id).is_none()) {
            return Err(unknown());
        }
        let hold = match &self.verdict_id {
            Some(id) => page.holds.get(id)?.cloned(),
            None => None,
        };
        if hold.as_ref().is_some_and(|own| own.agent != self.agent) {
            return Err(unknown());
        }
        let next = hold
            .as_ref()
            .filter(|own| own.state == HoldState::Open)
            .map(|_| if self.happened { HoldState::Posted } else { HoldState::Voided });
        // A report is told from its repetition by the hold of its verdict.
        let is_first = hold.as_ref().is_none_or(is_unreported);
        let held = hold.as_ref().filter(|own| next.is_some() || !own.charges.is_empty());
        self.hold = next.or_else(|| held.map(|own| own.state));
        self.id = record::id(page.next_seq());
        let body = json(&OutcomeEntry {
            agent_id: &self.agent,
            at: clock::text(page.now),
            cost: &self.cost,
            duration_ms: self.record.duration_ms,
            error: self.record.error.as_deref(),
            hold: self.hold,
            id: &self.id,
            kind: EntryKind::Outcome.as_str(),
            outcome: &self.record.outcome,
            reported_decision: self.record.decision.as_deref(),
            session_id: self.record.session_id.as_deref(),
            subject: &self.subject,
            tool_input: self.record.tool_input.as_deref(),
            tool_name: &self.record.tool_name,
            tool_output: self.record.tool_output.as_deref(),
            verdict_id: self.verdict_id.as_deref(),
        })?;
        let agent = self.agent.clone();
        page.append(NewEntry { kind: EntryKind::Outcome, agent, decision: "", body })?;
        if let Some(id) = self.verdict_id.as_ref().filter(|_| is_first && next.is_none()) {
            page.holds.put(id.clone(), reported(hold.as_ref(), &self.agent, page.now));
        }
        if let (Some(id), Some(hold), Some(state)) = (&self.verdict_id, hold, next) {
            for charge in &hold.charges {
                let spent = if self.happened { self.spent(charge) } else { 0 };
                page.meters.edit(&charge.meter)?.resolve(charge.amount, spent);
            }
            if self.happened {
                lessons::learn(&self.pool, &hold, page)?;
            }
            page.holds.put(id.clone(), Hold { state, observations: Vec::new(), ..hold });
        }
        if self.happened && is_first {
            self.tally().add(self.sample(), page)?;
        }
        Ok(())
    }
}

/// Whether nobody said what became of the call. One that was reported after its time keeps no
/// charges.
fn is_unreported(hold: &Hold) -> bool {
    match hold.state {
        HoldState::Open => true,
        HoldState::Expired => !hold.charges.is_empty(),
        HoldState::Posted | HoldState::Voided => false,
    }
}

/// What says that a call was reported where nothing is held for it, or no longer.
fn reported(hold: Option<&Hold>, agent: &str, now: Millis) -> Hold {
    Hold {
        agent: agent.to_owned(),
        state: hold.map_or(HoldState::Posted, |own| own.state),
        ends_at: hold.map_or(now, |own| own.ends_at),
        charges: Vec::new(),
        observations: Vec::new(),
    }
}

impl Report {
    /// Where the call is counted.
    fn tally(&self) -> Place {
        let place = self.place.as_ref();
        Place {
            agent: self.agent.clone(),
            tool: place.map_or_else(|| self.record.tool_name.clone(), |own| own.tool_name.clone()),
            session: place.and_then(|own| own.session_id.clone()),
            run: place.and_then(|own| own.run_id.clone()),
        }
    }

    fn sample(&self) -> Sample {
        let cost = |unit: &str| self.cost.get(unit).copied().unwrap_or_default();
        Sample {
            failed: self.record.outcome == FAILED,
            usd: cost("usd"),
            tokens: cost("tokens"),
            millis: self.record.duration_ms.unwrap_or_default(),
        }
    }

    /// What really goes on a meter: what was reported in its unit, else what was held.
    fn spent(&self, charge: &Charge) -> u64 {
        self.cost.get(&charge.unit).copied().unwrap_or(charge.amount)
    }
}
