//! What a decision asks of the caller's world, and what can become of it.
//!
//! An effect is data, never an act. Most are charges on meters: whoever holds the meters tells what
//! they stand at, and whether a meter bears the charge is for [`crate::conclude`]. The others ask
//! what is remembered of past calls.

use std::borrow::Cow;

/// Something that a decision asks of the caller's world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Tell what a meter stands at; [`crate::Verdict::charges`] says what to add to it.
    Debit(Debit),
    /// Tell what is known of this agent's executed calls under a key.
    Baseline {
        /// `tool/<toolName>`, or `spend`.
        key: String,
    },
}

impl Effect {
    /// The charge, if it is one.
    pub const fn debit(&self) -> Option<&Debit> {
        match self {
            Self::Debit(debit) => Some(debit),
            Self::Baseline { .. } => None,
        }
    }
}

/// A charge that a call would put on a meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debit {
    /// Name of the meter, unique in its policy: `risk`, `risk/day`, `budgets/<name>`,
    /// `rateLimits/<name>`.
    pub meter: Cow<'static, str>,
    /// What it counts.
    pub unit: Unit,
    /// Whose use it adds up.
    pub scope: Scope,
    /// What it is kept apart by beside the scope: a tool, an endpoint, a payee. Empty if by nothing.
    pub key: String,
    /// Which stretch of time it adds up.
    pub window: Window,
    /// What the call would add, in whole units.
    pub amount: u64,
    /// The most that the meter may stand at; the largest number where there is no limit.
    pub limit: u64,
    /// Whether the charge is reserved until the outcome of the call is known.
    pub held: bool,
}

/// Name of the meter that counts the risk points of a session.
pub const RISK_METER: &str = "risk";

/// Name of the meter that counts the risk points of an agent in the last 24 hours.
pub const RISK_DAY_METER: &str = "risk/day";

/// What a meter counts, in whole units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// Risk points.
    Points,
    /// Millionths of a US dollar.
    UsdMicros,
    /// Tokens of a language model.
    Tokens,
    /// Calls of tools.
    Calls,
}

impl Unit {
    /// The word used on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Points => "points",
            Self::UsdMicros => "usd-micros",
            Self::Tokens => "tokens",
            Self::Calls => "calls",
        }
    }
}

/// Whose use a meter adds up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// One session of the agent.
    Session,
    /// One run inside of a session.
    Run,
    /// The agent, across all of its sessions.
    Agent,
}

impl Scope {
    /// The word used on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Run => "run",
            Self::Agent => "agent",
        }
    }
}

/// Which stretch of time a meter adds up, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// All of it, for as long as its scope lives.
    Lifetime,
    /// The current one of windows of this length, in UTC, aligned to the epoch.
    Fixed(u32),
    /// The last so many seconds.
    Sliding(u32),
}

/// What became of an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EffectOutcome {
    /// The meter stands at so much before this call, reservations included.
    Reading(u64),
    /// Nobody keeps this meter, or this memory, here.
    Unmetered,
    /// The caller's world refused, with a reason for people.
    Refused(String),
    /// It could not be done.
    Failed(String),
    /// Bytes that [`crate::learn`] made; empty where nothing was learned yet.
    Baseline(Vec<u8>),
}
