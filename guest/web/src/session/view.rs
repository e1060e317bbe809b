//! A session for people: steps, meters, risk and questions as JSON.

use sentinel_engine::RISK_METER;
use serde_json::{Value, json};

use super::meters::{Due, Key, Row};
use super::questions;
use super::{Session, Step};
use crate::explain::{exact, window};

impl Step {
    /// The verdict's own bytes travel as a text.
    pub(super) fn json(&self) -> String {
        json!({
            "verdictId": self.verdict_id,
            "approvalId": self.approval_id,
            "charges": self.charges.iter().map(charge).collect::<Vec<_>>(),
            "text": self.verdict.json,
        })
        .to_string()
    }
}

fn charge(own: &Due) -> Value {
    json!({
        "meter": own.debit.meter,
        "unit": own.debit.unit.as_str(),
        "key": own.debit.key,
        "amount": exact(own.amount),
        "held": own.debit.held,
    })
}

impl Session {
    /// What everything stands at.
    pub(super) fn state(&mut self, now: Option<u64>) -> String {
        let now = self.pass(now);
        let kept = &self.kept;
        let used = kept.meters.of_session(RISK_METER, now);
        let questions = kept.questions.all();
        json!({
            "meters": kept.meters.current(now).map(|(key, row)| meter(key, row, now)).collect::<Vec<_>>(),
            "risk": {
                "used": exact(used),
                "max": self.policy.risk_max().map(exact),
                "status": self.policy.risk_status(used),
            },
            "questions": questions.into_iter().map(|(digest, row)| question(digest, row)).collect::<Vec<_>>(),
        })
        .to_string()
    }
}

fn meter(key: &Key, row: &Row, now: u64) -> Value {
    json!({
        "meter": key.meter,
        "unit": row.unit,
        "scope": key.scope,
        "run": (!key.run.is_empty()).then_some(&key.run),
        "key": key.key,
        "used": exact(row.reading(key.window, now).saturating_sub(row.meter.held)),
        "held": exact(row.meter.held),
        "limit": (row.limit != u64::MAX).then_some(exact(row.limit)),
        "window": window(key.window.into()),
    })
}

fn question(digest: &str, row: &questions::Row) -> Value {
    let answers: Vec<_> =
        row.answers.iter().map(|own| json!({"subject": own.subject, "yes": own.is_yes})).collect();
    json!({
        "approvalId": questions::id(row.number),
        "verdictId": row.verdict_id,
        "reason": row.reason,
        "code": row.code,
        "state": row.state,
        "callDigest": digest,
        "endsAt": exact(row.ends_at),
        "approvers": row.approvers,
        "quorum": row.quorum,
        "answers": answers,
    })
}
