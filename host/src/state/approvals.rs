//! Questions to people, as rows: what was asked about one call, and what was answered.

use serde::{Deserialize, Serialize};

use super::Millis;

/// The newest question about one call. Calls that are not equal in every respect have rows of
/// their own, so the key of a row says what was asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Counts the questions about this call, from 1.
    pub round: u64,
    /// Whose call.
    pub agent: String,
    /// Who sent it, and so may not answer.
    pub requester: String,
    /// The session that it named.
    pub session: Option<String>,
    /// The tool.
    pub tool: String,
    /// `sha256:` and 64 hex digits over the call.
    pub call_digest: String,
    /// The same over the policy that asked.
    pub policy_digest: String,
    /// Where it stands.
    pub state: ApprovalState,
    /// When it was asked.
    pub asked_at: Millis,
    /// When it ends, whether or not somebody answered.
    pub ends_at: Millis,
    /// Subjects that may answer; empty: everybody who holds the role.
    pub approvers: Vec<String>,
    /// How many have to say yes.
    pub quorum: u32,
    /// Stands for everything that needed a person.
    pub grounds: u64,
    /// What was said, in order.
    pub answers: Vec<ApprovalAnswer>,
    /// Why a person was asked.
    pub reason: String,
    /// Stable code of it.
    pub code: String,
    /// Everything that needed a person, the one above first; none in rows of versions that kept only
    /// that one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<ApprovalReason>,
    /// Further places for which one of these holds, too.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub more_reasons: u32,
    /// The entry that asked.
    pub verdict_id: String,
    /// The exact call, for whoever has to decide; gone when there is nothing left to decide.
    pub call: Option<String>,
    /// What the meters of the call stood at.
    pub meters: Vec<ApprovalMeter>,
    /// Millionths of a dollar at stake, where the call says so.
    pub value: Option<u64>,
    /// Random, so that no two questions are equal.
    pub nonce: String,
    /// Channels that were told.
    pub notified: Vec<String>,
    /// Over all of the above, with a key that the store does not have.
    pub mac: String,
}

impl Approval {
    /// What stands for a row that nobody of ours wrote: it carries no code, and its time is over.
    pub const fn unreadable() -> Self {
        Self {
            round: 0,
            agent: String::new(),
            requester: String::new(),
            session: None,
            tool: String::new(),
            call_digest: String::new(),
            policy_digest: String::new(),
            state: ApprovalState::Pending,
            asked_at: Millis(0),
            ends_at: Millis(0),
            approvers: Vec::new(),
            quorum: 1,
            grounds: 0,
            answers: Vec::new(),
            reason: String::new(),
            code: String::new(),
            reasons: Vec::new(),
            more_reasons: 0,
            verdict_id: String::new(),
            call: None,
            meters: Vec::new(),
            value: None,
            nonce: String::new(),
            notified: Vec::new(),
            mac: String::new(),
        }
    }

    /// Forgets the call, and what reasons quote of it: there is nothing left to decide.
    pub fn forget_call(&mut self) {
        self.call = None;
        self.reasons.iter_mut().for_each(|own| own.part = None);
    }
}

/// One reason why a person was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalReason {
    /// One sentence.
    pub message: String,
    /// Stable code of it.
    pub code: String,
    /// The part of the policy that it comes from.
    pub layer: String,
    /// The line of the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<ApprovalRule>,
    /// What of the call it speaks of; gone with the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<ApprovalPart>,
}

/// A line of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRule {
    /// As its author wrote it.
    pub pattern: String,
    /// Where it stands.
    pub pointer: String,
}

/// A part of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalPart {
    /// As the engine understood it.
    pub text: String,
    /// First byte of it in the command, if it stands there literally.
    pub start: u32,
    /// One past its last byte; equal to `start` where it does not.
    pub end: u32,
}

/// By reference, as serde asks.
const fn is_nought(number: &u32) -> bool {
    *number == 0
}

/// What a person said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalAnswer {
    /// Who.
    pub subject: String,
    /// Yes or no.
    pub is_yes: bool,
    /// What they noted.
    pub note: Option<String>,
    /// How it reached us: `http`, `webhook`, `slack`.
    pub channel: String,
    /// When.
    pub at: Millis,
}

/// A meter that the call would charge, for whoever has to decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalMeter {
    /// Its name in the policy.
    pub meter: String,
    /// What it counts.
    pub unit: String,
    /// What it stood at.
    pub used: u64,
    /// What the call would add.
    pub amount: u64,
    /// The most it may stand at; `None` without a limit.
    pub limit: Option<u64>,
}

/// Where a question stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApprovalState {
    /// It waits for answers.
    Pending,
    /// Enough have said yes; the call may be sent once.
    Approved,
    /// Somebody said no.
    Denied,
    /// The call was sent, and permitted.
    Used,
    /// It ended before it came to anything.
    Expired,
    /// Whoever asked took it back.
    Cancelled,
}

impl ApprovalState {
    /// The word on the wire and in a store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Used => "used",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether something can still become of it.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Approved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code of a row is over its text: a row of a version that kept one reason must not change it.
    #[test]
    fn a_row_without_reasons_is_written_as_ever() {
        let text = serde_json::to_string(&Approval::unreadable()).unwrap();
        assert!(!text.contains("reasons"), "{text}");
        assert_eq!(serde_json::from_str::<Approval>(&text).unwrap(), Approval::unreadable());
    }

    #[test]
    fn nothing_of_a_call_is_kept_in_the_end() {
        let part = Some(ApprovalPart { text: "rm secret".to_owned(), start: 0, end: 9 });
        let (message, code, layer) = ("Why.".to_owned(), "c".to_owned(), "l".to_owned());
        let reasons = vec![ApprovalReason { message, code, layer, rule: None, part }];
        let call = Some("rm secret".to_owned());
        let mut row = Approval { call, reasons, ..Approval::unreadable() };
        let text = serde_json::to_string(&row).unwrap();
        assert_eq!(serde_json::from_str::<Approval>(&text).unwrap(), row);
        row.forget_call();
        let text = serde_json::to_string(&row).unwrap();
        assert!(text.contains("Why.") && !text.contains("secret"), "{text}");
    }
}
