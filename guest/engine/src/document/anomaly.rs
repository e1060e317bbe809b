//! `anomaly` of a document, as types.

use super::meters::{Exceeded, Tools};
use super::shape::{Few, Reading, Shape, shape_enum, shape_struct};
use crate::anomaly::{Signal, show};
use crate::limits::SPIKE_TIMES_MAX;
use crate::syntax::Node;

/// A score from 0 to 10.
pub(crate) type Score = Hundredths<0, 1_000>;

/// How many times the mean: more than once.
pub(crate) type Times = Hundredths<101, { SPIKE_TIMES_MAX * 100 }>;

/// `signals`: each one once.
pub(crate) type Signals = Few<Signal, 4>;

/// Where a person is asked, in hundredths, if the document does not say.
pub(crate) const ESCALATE_AT: u64 = 700;
/// Where a call is denied, in hundredths, if the document does not say.
pub(crate) const BLOCK_AT: u64 = 900;

shape_struct! {
    /// What to do about calls that are unusual beside the agent's earlier ones.
    pub(crate) struct Anomaly {
        /// Tools whose calls are looked at, `*` for any text; every tool if absent.
        tools: Option<Tools> = "tools",
        /// The score, of 10, from which on a person is asked; 7 if absent.
        escalate_at: Option<Score> = "escalateAt",
        /// The score, of 10, from which on a call is denied; 9 if absent. At least `escalateAt`.
        block_at: Option<Score> = "blockAt",
        /// What is looked at; all of it if absent.
        signals: Option<Signals> = "signals",
        /// Amounts that are out of proportion to the ones before.
        spike: Option<Spike> = "spike",
    }
}

shape_struct! {
    /// Amounts that are out of proportion to the ones before.
    pub(crate) struct Spike {
        /// How many times the mean of the last 20 amounts a call may cost: more than 1, with at most
        /// 2 decimals.
        times: Times = "times",
        /// What becomes of a call that costs more: `block` (the default), or a person decides.
        action: Option<Exceeded> = "action",
    }
}

shape_enum! {
    /// What is looked at.
    Signal {
        "numbers" => Self::Numbers,
        "frequency" => Self::Frequency,
        "hours" => Self::Hours,
        "values" => Self::Values,
    }
}

/// A number with at most two decimals, between two bounds in hundredths, both included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hundredths<const MIN: u64, const MAX: u64> {
    pub(crate) value: u64,
}

impl<const MIN: u64, const MAX: u64> Hundredths<MIN, MAX> {
    /// Reads plain digits: no sign, no exponent.
    pub(crate) fn parse(text: &str) -> Option<u64> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let hundredths = match decimals.as_bytes() {
            [tenths @ b'0'..=b'9'] => u64::from(tenths - b'0') * 10,
            [tenths @ b'0'..=b'9', last @ b'0'..=b'9'] => {
                u64::from(tenths - b'0') * 10 + u64::from(last - b'0')
            }
            _ => return None,
        };
        let value = crate::money::digits(whole)?.checked_mul(100)?.checked_add(hundredths)?;
        (MIN..=MAX).contains(&value).then_some(value)
    }
}

impl<const MIN: u64, const MAX: u64> Shape for Hundredths<MIN, MAX> {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let Some(text) = node.as_number() else {
            cx.wrong_type(node, "a number");
            return None;
        };
        let value = Self::parse(text);
        if value.is_none() {
            let message = format!(
                "`{text}` is not a number from {} to {} with at most 2 decimals",
                show(MIN),
                show(MAX)
            );
            cx.error("bad-number", node.span, message, "this number", None);
        }
        value.map(|value| Self { value })
    }

    fn schema() -> String {
        format!(r#"{{"type":"number","minimum":{},"maximum":{}}}"#, show(MIN), show(MAX))
    }
}
