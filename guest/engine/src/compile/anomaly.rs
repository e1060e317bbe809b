//! `anomaly`, with its defaults.

use crate::anomaly::{Anomaly, Signal, Spike};
use crate::decision::Outcome;
use crate::document::anomaly::{self as document, BLOCK_AT, ESCALATE_AT};
use crate::document::meters::Exceeded;

pub(super) fn anomaly(own: document::Anomaly) -> Anomaly {
    let signals = own.signals.map(|list| list.0);
    Anomaly {
        tools: own.tools.map(|list| list.0),
        escalate_at: own.escalate_at.map_or(ESCALATE_AT, |score| score.value),
        block_at: own.block_at.map_or(BLOCK_AT, |score| score.value),
        signals: Signal::ALL
            .into_iter()
            .filter(|signal| signals.as_ref().is_none_or(|signals| signals.contains(signal)))
            .collect(),
        spike: own.spike.map(|spike| Spike {
            times: spike.times.value,
            outcome: spike.action.map_or(Outcome::Deny, Exceeded::outcome),
        }),
    }
}
