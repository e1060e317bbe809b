//! What of a call is compared with past ones: numbers, and digests of texts. No text is kept.

use super::bytes::{Reader, record};
use super::{Anomaly, CALLS, SPEND, spend};
use crate::call::Call;
use crate::decision::Digest;
use crate::limits::{COMPARED_ARGUMENTS_MAX, COMPARED_NUMBER_MAX, COMPARED_TEXT_CHARS};
use crate::syntax::{Node, Value};

/// What of a call is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Features {
    /// The key of the tool's baseline, where a signal needs it.
    pub(crate) tool: Option<String>,
    /// The arguments of the tool that are not null, in the order of the call.
    pub(crate) arguments: Vec<Argument>,
    /// What the call costs in micro-dollars, where spikes are looked for and it says so.
    pub(crate) amount: Option<u64>,
}

/// The call has more arguments than are compared.
#[derive(Debug)]
pub(crate) struct TooMany;

/// An argument of the tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Argument {
    pub(crate) name: String,
    pub(crate) seen: SeenArgument,
}

/// An argument without its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeenArgument {
    /// Digest of the name.
    pub(crate) id: u64,
    pub(crate) value: Trace,
}

/// What is kept of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trace {
    Number(Number),
    /// Digest of a short text.
    Text(u64),
    /// A long text, a boolean, an array or an object.
    Other,
}

/// A number that is finite, and whose square is: huge ones are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number(u64);

impl Number {
    fn new(number: f64) -> Self {
        // Adding nought makes one of the two noughts.
        Self((number.clamp(-COMPARED_NUMBER_MAX, COMPARED_NUMBER_MAX) + 0.0).to_bits())
    }

    pub(crate) const fn get(self) -> f64 {
        f64::from_bits(self.0)
    }
}

/// The first bytes of a digest.
fn id(text: &str) -> u64 {
    Digest::of(text.as_bytes()).prefix()
}

impl Trace {
    /// Nothing for null, which is as good as absent.
    fn of(node: &Node<'_>) -> Option<Self> {
        Some(match &node.value {
            Value::Null => return None,
            // Not a number cannot be written in JSON, and what is too large parses as infinite.
            Value::Number(text) => {
                text.parse().map_or(Self::Other, |number| Self::Number(Number::new(number)))
            }
            Value::String(text) if text.chars().nth(COMPARED_TEXT_CHARS - 1).is_none() => {
                Self::Text(id(text))
            }
            Value::String(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Self::Other,
        })
    }
}

impl Features {
    /// What of this call is compared, if anything is.
    pub(crate) fn of(anomaly: &Anomaly, call: &Call<'_>) -> Result<Self, TooMany> {
        let mut features =
            Self { tool: None, arguments: Vec::new(), amount: anomaly.spike.and(call.cost.usd_micros) };
        if anomaly.signals.is_empty() {
            return Ok(features);
        }
        if call.tool_input.len() > COMPARED_ARGUMENTS_MAX {
            return Err(TooMany);
        }
        features.tool = Some(format!("tool/{}", crate::meters::key(&call.tool_name)));
        let arguments = call.tool_input.iter().filter_map(|member| {
            let seen = SeenArgument { id: id(&member.key), value: Trace::of(&member.value)? };
            Some(Argument { name: member.key.to_string(), seen })
        });
        features.arguments = arguments.collect();
        Ok(features)
    }

    /// What the baseline of the tool learns.
    pub(crate) fn observe_call(&self, now: Option<u64>) -> Vec<u8> {
        let mut out = record(CALLS, 16 + 17 * self.arguments.len());
        out.push(u8::from(now.is_some()));
        out.extend(now.unwrap_or_default().to_le_bytes());
        out.extend(u16::try_from(self.arguments.len()).unwrap_or(u16::MAX).to_le_bytes());
        for Argument { seen, .. } in &self.arguments {
            out.extend(seen.id.to_le_bytes());
            let (kind, value) = match seen.value {
                Trace::Number(Number(bits)) => (0, bits),
                Trace::Text(digest) => (1, digest),
                Trace::Other => (2_u8, 0),
            };
            out.push(kind);
            out.extend(value.to_le_bytes());
        }
        out
    }

    /// What the baseline of amounts learns; a call that costs nothing is no amount.
    pub(crate) fn observe_amount(&self) -> Option<Vec<u8>> {
        let amount = self.amount.filter(|amount| *amount > 0)?;
        let mut out = record(SPEND, spend::OBSERVATION_BYTES);
        out.extend(amount.to_le_bytes());
        Some(out)
    }
}

/// An observation of a call, read back.
pub(super) struct Seen {
    /// Milliseconds since the epoch.
    pub(super) time: Option<u64>,
    pub(super) arguments: Vec<SeenArgument>,
}

impl Seen {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let is_timed = match reader.u8()? {
            0 => false,
            1 => true,
            _ => return None,
        };
        let time = reader.u64()?;
        let count = usize::from(reader.u16()?);
        if count > COMPARED_ARGUMENTS_MAX {
            return None;
        }
        let mut arguments = Vec::with_capacity(count);
        for _ in 0..count {
            let id = reader.u64()?;
            let value = match reader.u8()? {
                0 => Trace::Number(Number::new(reader.f64()?)),
                1 => Trace::Text(reader.u64()?),
                2 => reader.u64().map(|_| Trace::Other)?,
                _ => return None,
            };
            arguments.push(SeenArgument { id, value });
        }
        reader.end()?;
        Some(Self { time: is_timed.then_some(time), arguments })
    }
}
