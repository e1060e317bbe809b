//! The rows of the stores, as types.

use sentinel_ledger::Hash;
use serde::{Deserialize, Serialize};

use super::{MeterKey, Millis};
use crate::engine::Format;

/// An agent that called at least once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agent {
    /// Calls decided.
    pub calls: u64,
    /// Of these, denied.
    pub denied: u64,
    /// Of these, escalated.
    pub escalated: u64,
    /// When the last of them was decided, in milliseconds since the epoch.
    pub last_at: i64,
    /// The session that it used last; empty for its own.
    pub session: String,
}

/// A session, minted by the daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Whose it is.
    pub agent: String,
    /// Who asked for it: only the same subject may use it.
    pub subject: String,
    /// The name that a harness has for it, if one asked.
    pub external: Option<String>,
    /// When it began.
    pub started_at: Millis,
    /// When it ended, if it did.
    pub ended_at: Option<Millis>,
}

/// An amount on a meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Which meter.
    pub meter: MeterKey,
    /// Whether it counts money, tokens or something else: the wire's word.
    pub unit: String,
    /// How much.
    pub amount: u64,
}

/// What was held for a call: `reserved`, then one of the three ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HoldState {
    /// Nobody reported the outcome yet.
    Open,
    /// The actual cost was charged.
    Posted,
    /// The action did not happen, and nothing was charged.
    Voided,
    /// Nobody reported in time: what was held counts as spent.
    Expired,
}

impl HoldState {
    /// The word in a store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Posted => "posted",
            Self::Voided => "voided",
            Self::Expired => "expired",
        }
    }

    /// The state of a word; one that nobody knows is one that is over.
    pub fn from_stored(word: &str) -> Self {
        match word {
            "open" => Self::Open,
            "posted" => Self::Posted,
            "voided" => Self::Voided,
            _ => Self::Expired,
        }
    }
}

/// What is held for a call until its outcome is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Whose call.
    pub agent: String,
    /// Where it stands.
    pub state: HoldState,
    /// When it ends by itself.
    pub ends_at: Millis,
    /// What is held.
    pub charges: Vec<Charge>,
    /// What is learned of the call once it was executed.
    pub observations: Vec<Lesson>,
}

/// Something to be learned of an executed call. What the bytes mean is the engine's business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// Under which key of the agent.
    pub key: String,
    /// What.
    pub bytes: Vec<u8>,
}

/// The answer to a call with an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Digest of the call as it was sent: another call with the same key is a mistake.
    pub request_digest: String,
    /// The answer.
    pub answer: String,
    /// Its entry.
    pub seq: u64,
    /// When.
    pub at: Millis,
}

/// Whether a policy governs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyState {
    /// It does.
    Active,
    /// It was taken away: its agent is denied everything.
    Removed,
}

/// One revision of an agent's policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRevision {
    /// The agent.
    pub agent: String,
    /// Counts deployments and removals of this agent's policy, from 1.
    pub revision: u64,
    /// Version as the document has it.
    pub version: String,
    /// `sha256:` and 64 hex digits over the document.
    pub digest: String,
    /// Notation of the document.
    pub format: Format,
    /// The document.
    pub document: String,
    /// Who deployed it: a subject, or `file:` and a name.
    pub deployed_by: String,
    /// When.
    pub deployed_at: Millis,
    /// Whether it governs.
    pub state: PolicyState,
}

/// What an entry of the ledger records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// A call was decided.
    Verdict,
    /// What became of a call.
    Outcome,
    /// A hold ended by itself.
    HoldExpired,
    /// A session began.
    SessionStart,
    /// A session ended.
    SessionEnd,
    /// An administrator set a session's points to nought.
    SessionReset,
    /// A policy was deployed.
    PolicyDeploy,
    /// A policy was removed.
    PolicyRemove,
    /// The signing key changed.
    KeyRotation,
    /// A daemon started, with what it enforces.
    DaemonStart,
    /// A daemon stopped in order.
    DaemonStop,
    /// The store takes entries again, after it did not.
    StoreRecovered,
    /// A person answered a question.
    ApprovalAnswer,
    /// A question ended without having been used.
    ApprovalEnd,
    /// A channel was told of a question, or could not be.
    ApprovalNotify,
}

impl EntryKind {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Verdict,
        Self::Outcome,
        Self::HoldExpired,
        Self::SessionStart,
        Self::SessionEnd,
        Self::SessionReset,
        Self::PolicyDeploy,
        Self::PolicyRemove,
        Self::KeyRotation,
        Self::DaemonStart,
        Self::DaemonStop,
        Self::StoreRecovered,
        Self::ApprovalAnswer,
        Self::ApprovalEnd,
        Self::ApprovalNotify,
    ];

    /// The kind of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The word on the wire and in a store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verdict => "verdict",
            Self::Outcome => "outcome",
            Self::HoldExpired => "hold-expired",
            Self::SessionStart => "session-start",
            Self::SessionEnd => "session-end",
            Self::SessionReset => "session-reset",
            Self::PolicyDeploy => "policy-deploy",
            Self::PolicyRemove => "policy-remove",
            Self::KeyRotation => "key-rotation",
            Self::DaemonStart => "daemon-start",
            Self::DaemonStop => "daemon-stop",
            Self::StoreRecovered => "store-recovered",
            Self::ApprovalAnswer => "approval-answer",
            Self::ApprovalEnd => "approval-end",
            Self::ApprovalNotify => "approval-notify",
        }
    }
}

/// An entry before it has its place.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// What it records.
    pub kind: EntryKind,
    /// Whom it concerns, if an agent.
    pub agent: String,
    /// What was decided, if something was: `allow`, `deny`, `escalate`.
    pub decision: &'static str,
    /// The recorded bytes: canonical JSON.
    pub body: String,
}

/// An entry as it is stored.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its place, from 0.
    pub seq: u64,
    /// Hash of its leaf in the tree.
    pub leaf: Hash,
    /// The rest.
    pub entry: NewEntry,
}
