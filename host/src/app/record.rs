//! What the ledger records: one canonical JSON object for each entry.
//!
//! Canonical as RFC 8785 has it: keys in order, no white space, whole numbers only. The structs
//! below name their fields in that order. Secrets are gone before anything here is hashed; what
//! was redacted leaves a keyed digest, so that equal inputs can still be found.

use std::borrow::Cow;
use std::sync::LazyLock;

use sentinel_ledger::Redactor;
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::records::Observed;
use super::settle::{Due, Owner, unit_word};
use super::{OperationError, clock};
use crate::engine::{COMPONENT_DIGEST, Outcome, Verdict};
use crate::limits::RECORDED_KEY_BYTES_MAX;
use crate::state::Millis;
use crate::store::LOG;

/// The id of the entry at a place.
pub fn id(seq: u64) -> String {
    format!("{LOG}-{seq}")
}

/// The place of an id.
pub fn seq(id: &str) -> Option<u64> {
    let digits = id.strip_prefix(LOG)?.strip_prefix('-')?;
    // One spelling for each place.
    (digits == "0" || !digits.starts_with('0')).then_some(())?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// The word used on the wire.
pub const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allow => "allow",
        Outcome::Escalate => "escalate",
        Outcome::Deny => "deny",
    }
}

/// `sha256:` and 64 hex digits.
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

/// What is recorded of a call, redacted.
#[derive(Clone, Debug)]
pub struct CallRecord {
    /// The tool.
    pub tool_name: String,
    /// Its input, redacted and canonical; `None` where it could not be recorded.
    pub tool_input: Option<Box<RawValue>>,
    /// The HTTP request that carried it, redacted and canonical.
    pub http: Option<Box<RawValue>>,
    /// Digest of the call: the plain one where nothing was secret, else a keyed one.
    pub call_digest: String,
    /// Where it would run, and what it would cost, so that it can be decided again.
    pub context: Option<Box<RawValue>>,
    /// The service that it reaches.
    pub endpoint: Option<String>,
    /// Who is paid by it.
    pub payee: Option<String>,
    /// The run.
    pub run_id: Option<String>,
    /// The name that a harness has for its session.
    pub external_session: Option<String>,
    /// Its policy.
    pub policy: Option<PolicyReference>,
    /// What the policy says for the record: a JSON object of texts in the order of their names.
    pub metadata: Option<Box<RawValue>>,
}

/// Which policy decided.
#[derive(Clone, Debug, Serialize)]
pub struct PolicyReference {
    /// `sha256:` and 64 hex digits.
    pub digest: String,
    /// Counts deployments.
    pub revision: u64,
    /// As the document has it.
    pub version: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VerdictEntry<'a> {
    agent_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval_id: Option<&'a str>,
    at: String,
    call_digest: &'a str,
    charges: Vec<ChargeRecord<'a>>,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<String>,
    decision: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    differs: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<&'a str>,
    enforced: bool,
    engine: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_session: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<&'a RawValue>,
    id: &'a str,
    kind: &'static str,
    layer: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a RawValue>,
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payee: Option<&'a str>,
    permitted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    point: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    point_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    point_decision: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    point_permitted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    point_policy: Option<&'a str>,
    policy: Option<&'a PolicyReference>,
    reason: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record_id: Option<&'a str>,
    risk_points: u64,
    rule: Option<RuleRecord<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
    subject: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
    tool_input: Option<&'a RawValue>,
    tool_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<u64>,
}

#[derive(Serialize)]
struct ChargeRecord<'a> {
    amount: u64,
    held: bool,
    key: Cow<'a, str>,
    meter: &'a str,
    unit: &'static str,
}

impl<'a> From<&'a Due> for ChargeRecord<'a> {
    fn from(due: &'a Due) -> Self {
        Self {
            amount: due.amount,
            held: due.debit.held,
            key: short(&due.debit.key),
            meter: &due.debit.meter,
            unit: unit_word(due.debit.unit),
        }
    }
}

/// What a meter is kept apart by, as far as anybody reads it: a call may charge many meters.
fn short(key: &str) -> Cow<'_, str> {
    if key.is_empty() {
        return Cow::Borrowed(key);
    }
    if key.len() > RECORDED_KEY_BYTES_MAX {
        return Cow::Owned(digest(key.as_bytes()));
    }
    Cow::Owned(REDACTOR.redact_text(key).text)
}

/// For texts that quote a call. What a policy author wants gone beside that is for the input.
static REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::default);

#[derive(Serialize)]
struct RuleRecord<'a> {
    pattern: &'a str,
    pointer: &'a str,
}

/// All that is recorded of a call that was decided.
pub(super) struct Decided<'a> {
    pub(super) id: &'a str,
    pub(super) now: Millis,
    pub(super) owner: &'a Owner,
    pub(super) subject: &'a str,
    pub(super) call: &'a CallRecord,
    pub(super) verdict: &'a Verdict,
    pub(super) charges: &'a [Due],
    pub(super) approval_id: Option<&'a str>,
    /// What an enforcement point decided before, and whether that was something else.
    pub(super) observed: Option<(&'a Observed, bool)>,
}

/// The entry of a verdict.
pub(super) fn verdict(own: &Decided<'_>) -> Result<String, OperationError> {
    let Decided { id, now, owner, subject, call, verdict, charges, approval_id, observed } = *own;
    let point = observed.map(|(point, _)| point);
    json(&VerdictEntry {
        agent_id: &owner.agent,
        approval_id,
        at: clock::text(now),
        call_digest: &call.call_digest,
        charges: charges.iter().map(ChargeRecord::from).collect(),
        code: &verdict.code,
        context: call.context.as_deref(),
        decided_at: point.map(|own| clock::text(own.decided_at)),
        decision: word(verdict.decision),
        differs: observed.is_some_and(|(_, differs)| differs),
        endpoint: call.endpoint.as_deref(),
        enforced: verdict.enforced,
        engine: COMPONENT_DIGEST,
        external_session: call.external_session.as_deref(),
        http: call.http.as_deref(),
        id,
        kind: "verdict",
        layer: crate::engine::layer_word(verdict.layer),
        metadata: call.metadata.as_deref(),
        mode: crate::settings::mode_word(verdict.mode),
        payee: call.payee.as_deref(),
        permitted: verdict.permitted,
        point: point.map(|own| &*own.point),
        point_code: point.map(|own| &*own.code),
        point_decision: point.map(|own| word(own.decision)),
        point_permitted: point.and_then(|own| own.permitted),
        point_policy: point.map(|own| &*own.policy_digest),
        policy: call.policy.as_ref(),
        reason: reason(verdict),
        record_id: point.map(|own| &*own.id),
        risk_points: verdict.risk_points,
        rule: verdict.rule.as_ref().map(|rule| RuleRecord { pattern: &rule.pattern, pointer: &rule.pointer }),
        run_id: call.run_id.as_deref(),
        session_id: owner.session.as_deref(),
        subject,
        tags: &verdict.tags,
        tool_input: call.tool_input.as_deref(),
        tool_name: &call.tool_name,
        value: verdict.value,
    })
}

/// A reason may quote the call. The one of an allowed call names the rule alone.
fn reason(verdict: &Verdict) -> Cow<'_, str> {
    match verdict.decision {
        Outcome::Allow => Cow::Borrowed(&verdict.reason),
        Outcome::Escalate | Outcome::Deny => Cow::Owned(REDACTOR.redact_text(&verdict.reason).text),
    }
}

/// Canonical bytes of an entry whose fields are declared in order.
pub(super) fn json(entry: &impl Serialize) -> Result<String, OperationError> {
    serde_json::to_string(entry).map_err(|_| OperationError::Record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_one_id() {
        for place in [0, 7, 10, u64::MAX] {
            assert_eq!(seq(&id(place)), Some(place));
        }
        for wrong in
            ["main-", "main-01", "main--1", "main-+1", "other-1", "1", "main-1 ", "main-99999999999999999999"]
        {
            assert_eq!(seq(wrong), None, "{wrong}");
        }
    }
}
