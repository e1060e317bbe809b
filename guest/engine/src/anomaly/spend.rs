//! The last amounts of an agent, and whether a further one is out of proportion.

use super::SPEND;
use super::bytes::{Reader, record};

/// How many amounts are remembered.
const REMEMBERED: usize = 20;
/// How many have to be, before one can be out of proportion to them.
const NEEDED: usize = 3;

/// Size of an observation.
pub(super) const OBSERVATION_BYTES: usize = 10;

/// The last amounts in micro-dollars, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Amounts(Vec<u64>);

/// An observation, behind its head.
pub(super) fn amount(reader: &mut Reader<'_>) -> Option<u64> {
    let amount = reader.u64()?;
    reader.end()?;
    Some(amount)
}

impl Amounts {
    /// No bytes are no amounts; bytes that are none of ours are nothing.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self::default());
        }
        let mut reader = Reader::new(bytes);
        let count = (reader.head()? == SPEND).then(|| reader.u8())??;
        if usize::from(count) > REMEMBERED {
            return None;
        }
        let amounts = (0..count).map(|_| reader.u64()).collect::<Option<_>>()?;
        reader.end()?;
        Some(Self(amounts))
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut out = record(SPEND, 3 + 8 * REMEMBERED);
        out.push(u8::try_from(self.0.len()).unwrap_or(u8::MAX));
        for amount in &self.0 {
            out.extend(amount.to_le_bytes());
        }
        out
    }

    pub(super) fn learn(&mut self, amount: u64) {
        if self.0.len() >= REMEMBERED {
            self.0.remove(0);
        }
        self.0.push(amount);
    }

    /// How many amounts this one is more than `times` hundredths the mean of; nothing, if it is not.
    pub(crate) fn exceeded(&self, amount: u64, times: u64) -> Option<usize> {
        let count = self.0.len();
        if count < NEEDED {
            return None;
        }
        // amount / (sum / count) > times / 100, without a division. 2^64 × 20 × 100 fits.
        let sum: u128 = self.0.iter().copied().map(u128::from).sum();
        let own = u128::from(amount) * u128::try_from(count).unwrap_or(u128::MAX) * 100;
        (own > sum.saturating_mul(u128::from(times))).then_some(count)
    }
}
