//! What a transaction has to load: known before it begins, so that a store on the network answers
//! in few round trips.

use std::collections::BTreeSet;
use std::fmt;

use super::Millis;

/// Names a meter: whose, which, and which part of time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MeterKey(String);

impl MeterKey {
    /// The meter `name` of an agent. `owner` is what the scope is (a session, a run, or nothing
    /// for the agent itself), `window` the number of a fixed window, `key` what it is kept apart
    /// by.
    pub fn new(agent: &str, name: &str, owner: &str, window: i64, key: &str) -> Self {
        // INVARIANT: none of the parts holds a line feed. The engine reads them as texts of one
        // line, and the rest is ours.
        Self(format!("{agent}\n{name}\n{owner}\n{window}\n{key}"))
    }

    /// A key as a store keeps it.
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text that a store keeps.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Agent, name, owner, window, key.
    pub fn parts(&self) -> [&str; 5] {
        let mut parts = self.0.splitn(5, '\n');
        std::array::from_fn(|_| parts.next().unwrap_or_default())
    }
}

impl fmt::Display for MeterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_debug())
    }
}

/// Everything that a batch of operations will look at.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// Meters.
    pub meters: BTreeSet<MeterKey>,
    /// Sessions by id.
    pub sessions: BTreeSet<String>,
    /// Agents by id.
    pub agents: BTreeSet<String>,
    /// Holds by the id of their verdict, each with the meters that it holds on and the baselines that
    /// it will teach.
    pub holds: BTreeSet<String>,
    /// Idempotency keys, each with its agent.
    pub remembered: BTreeSet<(String, String)>,
    /// Newest policy revision of these agents.
    pub policies: BTreeSet<String>,
    /// Also open holds that ended before this moment, and their meters.
    pub holds_ended_before: Option<Millis>,
    /// Questions by their key.
    pub approvals: BTreeSet<String>,
    /// Also open questions that ended before this moment.
    pub approvals_ended_before: Option<Millis>,
    /// What was learned, by agent and key.
    pub baselines: BTreeSet<(String, String)>,
}
