//! What the ledger says of one call: entries, read and joined. What it does not say is `None`.

use std::collections::BTreeMap;

use sentinel_ledger::Redactor;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::prove::changed;
use crate::app::reads::ReadError;
use crate::state::{Entry, EntryKind};

/// Columns that are arguments of the call, or fields of what it came to, and their names there.
const FACTS: &[(&str, &[&str])] = &[
    ("amount_raw", &["amount_raw", "amountRaw", "maxAmountRequired"]),
    ("asset", &["asset"]),
    ("network", &["network"]),
    ("scheme", &["scheme"]),
    ("tx_hash", &["tx_hash", "txHash", "transaction"]),
    ("payer_address", &["payer_address", "payerAddress", "payer"]),
    ("payee_address", &["payee_address", "payeeAddress", "payTo", "payee"]),
    ("facilitator", &["facilitator"]),
    ("endpoint", &["endpoint", "url"]),
    ("method", &["method"]),
    ("status_code", &["status_code", "statusCode"]),
    ("task_id", &["task_id", "taskId"]),
];

/// Those of them that only what it came to can say.
const RESULTS: &[&str] = &["tx_hash", "status_code"];

/// The unit of money.
const USD: &str = "usd";

/// The entry of a verdict, as far as a row shows it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    kind: String,
    /// Whose call.
    pub agent_id: String,
    /// When it was decided.
    pub at: String,
    /// `allow`, `escalate` or `deny`.
    pub decision: String,
    /// Its id.
    pub id: String,
    /// The question that it asked, or whose answer it used.
    pub approval_id: Option<String>,
    pub(super) call_digest: Option<String>,
    #[serde(default)]
    charges: Vec<Charge>,
    pub(super) code: Option<String>,
    pub(super) endpoint: Option<String>,
    pub(super) enforced: Option<bool>,
    pub(super) external_session: Option<String>,
    pub(super) layer: Option<String>,
    /// What the policy says for the record.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    pub(super) mode: Option<String>,
    pub(super) payee: Option<String>,
    pub(super) permitted: Option<bool>,
    pub(super) policy: Option<Policy>,
    pub(super) reason: Option<String>,
    pub(super) risk_points: Option<u64>,
    pub(super) run_id: Option<String>,
    pub(super) session_id: Option<String>,
    pub(super) subject: Option<String>,
    /// Labels.
    #[serde(default)]
    pub tags: Vec<String>,
    tool_input: Option<Box<RawValue>>,
    pub(super) tool_name: Option<String>,
    value: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
struct Charge {
    amount: u64,
    unit: String,
}

/// Which policy decided.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Policy {
    pub(super) digest: String,
    pub(super) version: String,
}

/// What was reported of a call.
#[derive(Clone, Debug)]
pub(super) struct Reported {
    pub(super) at: String,
    pub(super) outcome: String,
    pub(super) duration_ms: Option<u64>,
    pub(super) error: Option<String>,
    usd: Option<u64>,
    facts: BTreeMap<&'static str, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OutcomeBody {
    kind: String,
    agent_id: String,
    at: String,
    #[serde(default)]
    cost: BTreeMap<String, u64>,
    duration_ms: Option<u64>,
    error: Option<String>,
    outcome: String,
    tool_output: Option<Box<RawValue>>,
    verdict_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnswerBody {
    kind: String,
    agent_id: String,
    answer: String,
    approval_id: String,
    subject: String,
}

/// Everything about one call.
#[derive(Debug)]
pub struct Row {
    pub(super) index: u64,
    pub(super) leaf_text: String,
    pub(super) verdict: Verdict,
    pub(super) reported: Option<Reported>,
    pub(super) approvers: Vec<String>,
    pub(super) tool_input: Option<Box<RawValue>>,
    facts: BTreeMap<&'static str, String>,
}

impl Row {
    pub(super) fn new(
        entry: &Entry,
        mut verdict: Verdict,
        reported: Option<Reported>,
        approvers: Vec<String>,
        redactor: Option<&Redactor>,
    ) -> Result<Self, ReadError> {
        let tool_input = hidden(verdict.tool_input.take(), redactor, entry.seq)?;
        let facts = facts(tool_input.as_deref(), |name| !RESULTS.contains(&name));
        Ok(Self {
            index: entry.seq,
            leaf_text: entry.leaf.to_string(),
            verdict,
            reported,
            approvers,
            tool_input,
            facts,
        })
    }

    /// Millionths of a dollar: what was reported, else what was at stake, else what was charged.
    pub(super) fn usd_micros(&self) -> Option<u64> {
        let charges = self.verdict.charges.iter().filter(|own| own.unit == USD).map(|own| own.amount);
        // Several meters count the same money.
        self.reported.as_ref().and_then(|own| own.usd).or(self.verdict.value).or_else(|| charges.max())
    }

    /// What the call, or what it came to, says under one of the names of a column.
    pub(super) fn fact(&self, column: &str) -> Option<&str> {
        let told = self.reported.as_ref().and_then(|own| own.facts.get(column));
        self.facts.get(column).or(told).map(String::as_str)
    }

    /// What the policy says for the record.
    pub(super) fn metadata(&self, name: &str) -> Option<&str> {
        self.verdict.metadata.get(name).map(String::as_str)
    }
}

/// Reads the entry of a verdict.
pub(super) fn verdict(entry: &Entry) -> Result<Verdict, ReadError> {
    let own: Verdict = read(entry)?;
    demand(entry, EntryKind::Verdict, &own.kind, &own.agent_id)?;
    // The store has a column of its own for it, to look by.
    if own.decision == entry.entry.decision { Ok(own) } else { Err(changed(entry.seq)) }
}

/// Reads a report, and of which verdict it is.
pub(super) fn reported(
    entry: &Entry,
    redactor: Option<&Redactor>,
) -> Result<(Option<String>, Reported), ReadError> {
    let own: OutcomeBody = read(entry)?;
    demand(entry, EntryKind::Outcome, &own.kind, &own.agent_id)?;
    let output = hidden(own.tool_output, redactor, entry.seq)?;
    let reported = Reported {
        at: own.at,
        outcome: own.outcome,
        duration_ms: own.duration_ms,
        error: own.error,
        usd: own.cost.get(USD).copied(),
        facts: facts(output.as_deref(), |_| true),
    };
    Ok((own.verdict_id, reported))
}

/// Who said yes, and to which question.
pub(super) fn approver(entry: &Entry) -> Result<Option<(String, String)>, ReadError> {
    let own: AnswerBody = read(entry)?;
    demand(entry, EntryKind::ApprovalAnswer, &own.kind, &own.agent_id)?;
    Ok((own.answer == "approve").then_some((own.approval_id, own.subject)))
}

fn read<'a, T: Deserialize<'a>>(entry: &'a Entry) -> Result<T, ReadError> {
    serde_json::from_str(&entry.entry.body).map_err(|_| unreadable(entry.seq))
}

/// What is said where an entry is what was signed, and not what it should be.
pub(super) fn unreadable(index: u64) -> ReadError {
    ReadError::Unproven { reason: format!("entry {index} is not what this version writes") }
}

/// The columns by which a store looks are not signed: they have to say what the entry says.
fn demand(entry: &Entry, kind: EntryKind, said: &str, agent: &str) -> Result<(), ReadError> {
    let is_same = said == kind.as_str() && agent == entry.entry.agent;
    if is_same { Ok(()) } else { Err(changed(entry.seq)) }
}

/// The same without the arguments that somebody wants gone.
fn hidden(
    json: Option<Box<RawValue>>,
    redactor: Option<&Redactor>,
    index: u64,
) -> Result<Option<Box<RawValue>>, ReadError> {
    let (Some(own), Some(redactor)) = (&json, redactor) else { return Ok(json) };
    let clean = redactor.redact_json(own.get()).map_err(|_| unreadable(index))?;
    RawValue::from_string(clean.text).map(Some).map_err(|_| unreadable(index))
}

/// What an object says of columns.
fn facts(json: Option<&RawValue>, is_wanted: impl Fn(&str) -> bool) -> BTreeMap<&'static str, String> {
    let object: Value = json.and_then(|own| serde_json::from_str(own.get()).ok()).unwrap_or_default();
    let of = |names: &[&str]| names.iter().find_map(|name| text(object.get(name)?));
    let wanted = FACTS.iter().filter(|(column, _)| is_wanted(column));
    wanted.filter_map(|(column, names)| Some((*column, of(names)?))).collect()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
