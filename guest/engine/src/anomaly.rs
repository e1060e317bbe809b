//! What is usual for an agent's calls, and how far one call is from it.
//!
//! A baseline is a few hundred bytes that somebody else keeps: sums, not a history, so what a call
//! costs does not grow with the calls before it. It learns from calls that were executed and from
//! no others: an outlier that is stopped never becomes usual by being tried again.
//!
//! Nothing here knows where baselines are kept, or when a call was executed.

mod bytes;
mod features;
mod habits;
mod score;
mod spend;

pub(crate) use features::{Features, TooMany};
pub(crate) use habits::Habits;
pub(crate) use score::score;
pub(crate) use spend::Amounts;

use crate::decision::Outcome;
use crate::meters::ToolPattern;
use bytes::Reader;

/// The key under which amounts are remembered.
pub(crate) const SPEND_KEY: &str = "spend";

/// Format of baselines and observations. Bytes of another format are not read.
const VERSION: u8 = 1;
/// Second byte: of a tool's calls.
const CALLS: u8 = b'c';
/// Second byte: of amounts.
const SPEND: u8 = b's';

/// `anomaly`
#[derive(Debug)]
pub(crate) struct Anomaly {
    /// `None`: every tool.
    pub(crate) tools: Option<Vec<ToolPattern>>,
    /// The score, in hundredths, from which on a person is asked.
    pub(crate) escalate_at: u64,
    /// The score, in hundredths, from which on the call is denied.
    pub(crate) block_at: u64,
    /// In the order of the table.
    pub(crate) signals: Vec<Signal>,
    pub(crate) spike: Option<Spike>,
}

/// `anomaly.spike`
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spike {
    /// How many times the mean an amount may be, in hundredths.
    pub(crate) times: u64,
    pub(crate) outcome: Outcome,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Signal {
    Numbers,
    Frequency,
    Hours,
    Values,
}

impl Signal {
    /// All of them, in the order in which they are looked at.
    pub(crate) const ALL: [Self; 4] = [Self::Numbers, Self::Frequency, Self::Hours, Self::Values];

    /// The word used in documents.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Numbers => "numbers",
            Self::Frequency => "frequency",
            Self::Hours => "hours",
            Self::Values => "values",
        }
    }

    /// The most that it can score, in hundredths.
    pub(crate) const fn score_max(self) -> u64 {
        match self {
            Self::Numbers => score::MAX,
            Self::Frequency => score::FREQUENT,
            Self::Hours => score::NEW_HOUR,
            Self::Values => score::NEW_VALUE,
        }
    }

    /// Whether it needs to know what time it is.
    const fn needs_time(self) -> bool {
        matches!(self, Self::Frequency | Self::Hours)
    }
}

impl Anomaly {
    /// Whether a score cannot be given without the time.
    pub(crate) fn needs_time(&self) -> bool {
        self.signals.iter().any(|signal| signal.needs_time())
    }
}

/// A number of hundredths as people write it.
pub(crate) fn show(hundredths: u64) -> String {
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What a baseline is after one more executed call.
///
/// A baseline that cannot be read is started anew, so that bytes of an older format do not stop an
/// agent for good; an observation that cannot be read teaches nothing.
pub fn learn(baseline: &[u8], observation: &[u8]) -> Vec<u8> {
    let mut reader = Reader::new(observation);
    let learned = match reader.head() {
        Some(CALLS) => features::Seen::read(&mut reader).map(|seen| {
            let mut habits = Habits::read(baseline).unwrap_or_default();
            habits.learn(&seen);
            habits.write()
        }),
        Some(SPEND) => spend::amount(&mut reader).map(|amount| {
            let mut amounts = Amounts::read(baseline).unwrap_or_default();
            amounts.learn(amount);
            amounts.write()
        }),
        Some(_) | None => None,
    };
    learned.unwrap_or_else(|| baseline.to_vec())
}
