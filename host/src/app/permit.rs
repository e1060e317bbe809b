//! Answers, and the permission that only a recorded, permitting verdict gives.
//!
//! Whoever lets an action happen asks for a [`Permit`]. There is one way to get it: an
//! [`Answer`], which needs the place of its entry in the ledger, and is handed out when that
//! entry is durable. So "record before effect" is a matter of types.

use serde::Serialize;

use super::{clock, record};
use crate::engine::{Outcome, Verdict};
use crate::state::{Appended, ApprovalState, Millis, Remembered};

/// A verdict with its place in the ledger.
#[derive(Clone, Debug)]
pub struct Answer {
    json: String,
    verdict_id: String,
    permit: Option<Permit>,
    verdict: Option<Summary>,
}

/// What answers in other words than JSON need.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What was decided.
    pub decision: Outcome,
    /// Whether it binds the caller.
    pub enforced: bool,
    /// One sentence.
    pub reason: String,
    /// Stable code.
    pub code: String,
    /// The question that it waits for, or was allowed by.
    pub approval_id: Option<String>,
    /// The mode, as a word.
    pub mode: crate::engine::Mode,
}

/// The action may happen. Made here and nowhere else.
#[derive(Clone, Debug)]
pub struct Permit {
    verdict_id: String,
}

impl Permit {
    /// The verdict that permits it.
    pub fn verdict_id(&self) -> &str {
        &self.verdict_id
    }
}

/// What the daemon adds to the engine's verdict.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Additions<'a> {
    timestamp: String,
    verdict_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold_ends_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval: Option<ApprovalPart>,
    ledger: Place,
}

/// The question that a call waits for, or was allowed by.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) approval_id: String,
    pub(super) status: ApprovalState,
    pub(super) quorum: u32,
    pub(super) ends_at: Millis,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct ApprovalPart {
    id: String,
    status: &'static str,
    quorum: u32,
    expires_at: String,
}

impl From<Asked> for ApprovalPart {
    fn from(asked: Asked) -> Self {
        let expires_at = clock::text(asked.ends_at);
        Self { id: asked.approval_id, status: asked.status.as_str(), quorum: asked.quorum, expires_at }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    index: u64,
    leaf: String,
}

impl Answer {
    pub(super) fn new(
        verdict: &Verdict,
        id: String,
        place: Appended,
        now: Millis,
        session: Option<&str>,
        hold_ends_at: Option<Millis>,
        asked: Option<Asked>,
    ) -> Self {
        let approval = asked.map(ApprovalPart::from);
        let additions = Additions {
            timestamp: clock::text(now),
            verdict_id: &id,
            session_id: session,
            hold_ends_at: hold_ends_at.map(clock::text),
            approval: approval.clone(),
            ledger: Place { index: place.seq, leaf: place.leaf.to_string() },
        };
        let summary = Summary {
            decision: verdict.decision,
            enforced: verdict.enforced,
            reason: verdict.reason.clone(),
            code: verdict.code.clone(),
            approval_id: approval.as_ref().map(|own| own.id.clone()),
            mode: verdict.mode,
        };
        Self {
            json: join(&verdict.json, &additions),
            permit: verdict.permitted.then(|| Permit { verdict_id: id.clone() }),
            verdict_id: id,
            verdict: Some(summary),
        }
    }

    /// The answer of a request that was answered before. It permits nothing anew: whoever
    /// repeats a request has the first answer's permission or lost it.
    pub(super) fn again(row: &Remembered) -> Self {
        let own = row.answer.strip_suffix('}').unwrap_or(&row.answer);
        let (json, verdict_id) = (format!("{own},\"replayed\":true}}"), record::id(row.seq));
        Self { json, verdict_id, permit: None, verdict: None }
    }

    /// The answer on the wire.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The same, given away.
    pub fn into_json(self) -> String {
        self.json
    }

    /// The id of its verdict.
    pub fn verdict_id(&self) -> &str {
        &self.verdict_id
    }

    /// The permission, if there is one.
    pub const fn permit(&self) -> Option<&Permit> {
        self.permit.as_ref()
    }

    /// The verdict in short; `None` for the answer of a repeated request.
    pub const fn summary(&self) -> Option<&Summary> {
        self.verdict.as_ref()
    }

    /// Whether this is the answer of a request that was answered before.
    pub const fn is_repeated(&self) -> bool {
        self.verdict.is_none()
    }
}

/// Adds fields to the engine's own bytes, which stay as they are.
fn join(verdict: &str, additions: &Additions<'_>) -> String {
    let own = verdict.strip_suffix('}').unwrap_or(verdict);
    // There is nothing in it that cannot be written.
    let more = serde_json::to_string(additions).unwrap_or_else(|_| "{}".to_owned());
    format!("{own},{}", more.strip_prefix('{').unwrap_or("}"))
}
