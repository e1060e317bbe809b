//! Approvals: what a person is asked about, and what their answers come to. Pure: who has said
//! what is an argument, and whether an approval belongs to a call is for whoever keeps them.

use crate::decision::Rule;
use crate::meters::ToolPattern;

/// `approvals` of a policy, compiled.
#[derive(Debug)]
pub(crate) struct ApprovalRules {
    /// Subjects that may answer; empty: everybody who holds the role.
    pub(crate) approvers: Vec<String>,
    pub(crate) quorum: u32,
    pub(crate) seconds: u32,
    /// In micro-dollars.
    pub(crate) above: Option<(u64, Rule)>,
    pub(crate) tools: Vec<(ToolPattern, Rule)>,
}

/// How many have to say yes if a policy does not say.
const QUORUM: u32 = 1;

/// How long a question lives if a policy does not say: a person has a quarter of an hour.
const SECONDS: u32 = 900;

impl Default for ApprovalRules {
    fn default() -> Self {
        Self { approvers: Vec::new(), quorum: QUORUM, seconds: SECONDS, above: None, tools: Vec::new() }
    }
}

/// What a person is asked, apart from the call itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Subjects that may answer; empty: everybody who holds the role.
    pub approvers: Vec<String>,
    /// How many have to say yes.
    pub quorum: u32,
    /// For how long the question can be answered and its answer be used, in seconds.
    pub seconds: u32,
    /// Stands for everything that needs a person: a yes is for that and for nothing that comes to it
    /// later.
    pub grounds: u64,
}

impl ApprovalRules {
    pub(crate) fn question(&self, grounds: u64) -> Question {
        Question { approvers: self.approvers.clone(), quorum: self.quorum, seconds: self.seconds, grounds }
    }
}

/// Whether somebody can answer an escalation, and whether somebody did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Approval {
    /// Nobody can be asked: an escalation is enforced as a deny.
    #[default]
    Nobody,
    /// Somebody can be asked.
    Possible,
    /// Somebody was asked about this very call, and it is not settled.
    Waiting,
    /// As many as the policy wants have said yes to this very call, asked for these [grounds], and
    /// it is used now.
    ///
    /// [grounds]: Question::grounds
    Granted(u64),
    /// The approval for this call, or the one that came with it, does not allow it.
    Refused(Refusal),
}

impl Approval {
    /// Whether the points of the call were paid when it was asked about.
    pub(crate) const fn is_paid(self) -> bool {
        matches!(self, Self::Waiting | Self::Granted(_))
    }
}

/// Why an approval does not allow a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A person said no.
    Denied,
    /// Its time is over.
    Expired,
    /// It was used, and is good for one call.
    Used,
    /// Whoever asked took it back.
    Cancelled,
    /// It is for another call: another agent, session, sender, tool, input or place.
    OtherCall,
    /// The policy is not the one that asked.
    OtherPolicy,
    /// There is no such approval, or it is not what was recorded.
    Unknown,
    /// People were asked about too many calls of the agent lately.
    TooMany,
}

impl Refusal {
    /// Code and sentence.
    pub(crate) const fn reason(self) -> (&'static str, &'static str) {
        match self {
            Self::Denied => ("approval-denied", "A person denied this call."),
            Self::Expired => ("approval-expired", "The approval has expired; ask again without it."),
            Self::Used => {
                ("approval-used", "The approval was used, and it is good for one call; ask again without it.")
            }
            Self::Cancelled => ("approval-cancelled", "The question was taken back; ask again without it."),
            Self::OtherCall => {
                ("approval-mismatch", "The approval is for another call: this is not what was approved.")
            }
            Self::OtherPolicy => {
                ("approval-policy-changed", "The policy changed since the question; ask again without it.")
            }
            Self::Unknown => ("approval-unknown", "There is no such approval; ask again without it."),
            Self::TooMany => (
                "approval-too-many",
                "People were asked about too many calls of this agent; wait, and ask for less.",
            ),
        }
    }
}

/// What somebody said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Who.
    pub subject: String,
    /// Yes or no.
    pub is_yes: bool,
}

/// What the answers to a question come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// More have to say yes.
    Pending,
    /// The call may be sent once.
    Approved,
    /// The call is denied.
    Denied,
}

/// Why an answer does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerRefusal {
    /// Nobody answers for their own call.
    OwnCall,
    /// The policy names others.
    NotAnApprover,
    /// One answer from each.
    Repeated,
    /// It is settled.
    Settled,
}

/// What one more answer makes of a question. One no denies; as many yes as the quorum approve.
///
/// # Errors
///
/// Where the answer does not count.
pub fn answer(
    question: &Question,
    requester: &str,
    given: &[Answer],
    new: &Answer,
) -> Result<Standing, AnswerRefusal> {
    let yes = given.iter().filter(|own| own.is_yes).count();
    let quorum = usize::try_from(question.quorum.max(1)).unwrap_or(usize::MAX);
    if given.iter().any(|own| !own.is_yes) || yes >= quorum {
        return Err(AnswerRefusal::Settled);
    }
    if new.subject == requester || vouched(&new.subject) == requester {
        return Err(AnswerRefusal::OwnCall);
    }
    if !question.approvers.is_empty() && !question.approvers.contains(&new.subject) {
        return Err(AnswerRefusal::NotAnApprover);
    }
    if given.iter().any(|own| vouched(&own.subject) == vouched(&new.subject)) {
        return Err(AnswerRefusal::Repeated);
    }
    Ok(match new.is_yes {
        false => Standing::Denied,
        true if yes + 1 >= quorum => Standing::Approved,
        true => Standing::Pending,
    })
}

/// The name that a channel vouches for: what follows its own name.
fn vouched(subject: &str) -> &str {
    subject.split_once(':').map_or(subject, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<Answer> {
        text.split_whitespace()
            .map(|word| Answer {
                subject: word.trim_start_matches('!').to_owned(),
                is_yes: !word.starts_with('!'),
            })
            .collect()
    }

    #[test]
    fn answers_come_to_what_they_should() {
        use AnswerRefusal::{NotAnApprover, OwnCall, Repeated, Settled};
        use Standing::{Approved, Denied, Pending};
        for (approvers, quorum, given, new, expect) in [
            ("", 1, "", "alice", Ok(Approved)),
            ("", 1, "", "!alice", Ok(Denied)),
            ("", 2, "", "alice", Ok(Pending)),
            ("", 2, "alice", "bob", Ok(Approved)),
            ("", 2, "alice", "!bob", Ok(Denied)),
            ("", 2, "alice", "alice", Err(Repeated)),
            ("", 2, "alice", "!alice", Err(Repeated)),
            ("", 2, "alice", "webhook:alice", Err(Repeated)),
            ("", 2, "webhook:alice", "slack:alice", Err(Repeated)),
            ("", 1, "alice", "bob", Err(Settled)),
            ("", 2, "!alice", "bob", Err(Settled)),
            ("", 1, "", "agent", Err(OwnCall)),
            ("", 1, "", "!agent", Err(OwnCall)),
            ("agent", 1, "", "agent", Err(OwnCall)),
            ("", 1, "", "webhook:agent", Err(OwnCall)),
            ("", 1, "", "webhook:alice", Ok(Approved)),
            ("alice bob", 1, "", "bob", Ok(Approved)),
            ("alice bob", 1, "", "carol", Err(NotAnApprover)),
            ("alice bob", 1, "", "Bob", Err(NotAnApprover)),
            ("alice bob", 1, "", "!carol", Err(NotAnApprover)),
            // A quorum of nought would be a yes by nobody.
            ("", 0, "", "alice", Ok(Approved)),
        ] {
            let approvers = approvers.split_whitespace().map(str::to_owned).collect();
            let question = Question { approvers, quorum, seconds: 900, grounds: 0 };
            let new = said(new).remove(0);
            assert_eq!(answer(&question, "agent", &said(given), &new), expect, "{quorum} {given} {new:?}");
        }
    }
}
