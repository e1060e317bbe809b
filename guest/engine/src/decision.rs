//! What comes out of a decision: outcome, reasons, effects.
//!
//! All of it is data. Whether the action happens is for [`crate::conclude`] to say, and for
//! whoever holds the verdict to do.

use std::borrow::Cow;
use std::fmt;

use crate::anomaly::Features;
use crate::effect::Effect;
use crate::http::Forward;

/// The verdict lattice, from best to worst: `allow < escalate < deny`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The call may go ahead.
    Allow,
    /// A person has to decide. Where nobody can, this is a deny.
    Escalate,
    /// The call must not go ahead.
    Deny,
}

impl Outcome {
    /// The word used on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Escalate => "escalate",
            Self::Deny => "deny",
        }
    }
}

/// The part of the policy that decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// Who the agent is: agent id, environment scope, authority level.
    Identity,
    /// Tool lists, paths and commands.
    Deterministic,
    /// Hosts, methods, paths and headers of a request over HTTP.
    Network,
    /// The points of a session, and of an agent's day.
    RiskBudget,
    /// Money, tokens, calls or points that `budgets` bounds.
    Budget,
    /// How often something may happen, as `rateLimits` says.
    RateLimit,
    /// What is unusual beside the calls that went before.
    Anomaly,
    /// What a person answered.
    Approval,
    /// The call never reached a policy: malformed, over a limit, or the engine failed.
    Engine,
}

impl Layer {
    /// The word used on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Deterministic => "deterministic",
            Self::Network => "network",
            Self::RiskBudget => "risk-budget",
            Self::Budget => "budget",
            Self::RateLimit => "rate-limit",
            Self::Anomaly => "anomaly",
            Self::Approval => "approval",
            Self::Engine => "engine",
        }
    }
}

/// How far a policy is rolled out, from loosest to strictest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Mode {
    /// The answer is returned to the caller, who is not bound by it.
    DryRun,
    /// Decided silently, with the least possible record.
    Shadow,
    /// Everything is decided and recorded, nothing is blocked.
    Audit,
    /// Denied calls are blocked.
    #[default]
    Enforce,
}

impl Mode {
    /// The word used on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DryRun => "dry-run",
            Self::Shadow => "shadow",
            Self::Audit => "audit",
            Self::Enforce => "enforce",
        }
    }
}

/// What kind of access a call needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Looks at data.
    Read,
    /// Changes data.
    Write,
    /// Runs commands.
    Execute,
    /// A named tool, which the policy knows by name only.
    Tool,
}

impl Access {
    /// The word used on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Execute => "execute",
            Self::Tool => "tool",
        }
    }
}

/// The line of a policy document that decided.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    /// The pattern as its author wrote it.
    pub pattern: String,
    /// RFC 6901 JSON pointer into the document.
    pub pointer: String,
}

/// The part of a call that a reason speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Part {
    /// The simple command or path as understood, non-printables escaped.
    pub text: String,
    /// First byte of it in the command, if it stands there literally.
    pub start: u32,
    /// One past its last byte; equal to `start` where it does not stand there literally.
    pub end: u32,
}

/// One finding of one layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What this finding alone would say.
    pub outcome: Outcome,
    /// Where it comes from.
    pub layer: Layer,
    /// Stable, kebab-case.
    pub code: Cow<'static, str>,
    /// One sentence for a person; never a value that may be secret.
    pub message: String,
    /// The line of the policy, if one decided.
    pub rule: Option<Rule>,
    /// The part of the call, if it has several.
    pub part: Option<Part>,
}

/// What a policy says of a call on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The worst outcome among the reasons.
    pub outcome: Outcome,
    /// What kind of access the call needs.
    pub access: Access,
    /// Every finding, the one that decided first. Never empty.
    pub reasons: Vec<Reason>,
    /// Asked of the caller, in the order in which `conclude` expects their outcomes.
    pub effects: Vec<Effect>,
    /// What of the call is compared with past calls, if the policy wants that.
    pub(crate) features: Option<Features>,
    /// Every path that was looked at, as the call spells it. Whoever can resolve links resolves
    /// these, and decides again with `resolvedPaths`.
    pub paths: Vec<String>,
    /// Millionths of a dollar that are at stake, where the call says so.
    pub value: Option<u64>,
    /// The agent that called; empty if the call could not be read.
    pub agent_id: String,
    /// The tool it called; empty if the call could not be read.
    pub tool_name: String,
    /// Over the exact bytes of the call.
    pub call_digest: Digest,
    /// Labels for the record of the call, sorted, each once. Nothing is decided by them.
    pub tags: Vec<String>,
    /// What to forward instead of what was received, if the call is a request over HTTP that could be
    /// read. Whether it may be forwarded is the outcome's to say.
    pub forward: Option<Forward>,
    /// What is not known of the body of a request.
    pub(crate) unseen: Unseen,
}

/// A body that a request has or may have, and the call has not: nobody who is asked would see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unseen {
    /// Whether the headers announce one.
    pub(crate) is_announced: bool,
    /// Whether they announce more than anybody reads.
    pub(crate) is_too_long: bool,
    /// The longest that is worth waiting for; `None` where none can come, or it is too long or has no end.
    pub(crate) longest: Option<u64>,
}

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of nothing that was ever bytes.
    pub(crate) const NONE: Self = Self([0; 32]);

    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Its first eight bytes, as a number.
    pub(crate) fn start(self) -> u64 {
        self.0.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// Its first 64 bits, to tell texts apart that nobody should read.
    pub(crate) fn prefix(&self) -> u64 {
        self.0.first_chunk().copied().map_or(0, u64::from_le_bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
        let mut text = String::with_capacity(71);
        text.push_str("sha256:");
        for byte in self.0 {
            text.push(digit(byte >> 4));
            text.push(digit(byte & 15));
        }
        f.write_str(&text)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
