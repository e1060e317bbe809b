//! Answers to questions, questions that are taken back, and word that a channel was told.

use serde::Serialize;

use super::{id, is_genuine, parse, seal};
use crate::app::record::{self, json};
use crate::app::{Operation, OperationError, clock};
use crate::engine::{self, AnswerRefusal, Question, Standing};
use crate::state::{self, ApprovalAnswer, ApprovalState, EntryKind, Keys, Millis, NewEntry, Page};

use std::sync::Arc;

/// Somebody says yes or no.
pub struct Answer {
    /// Which question.
    pub id: String,
    /// Who says so; may be one that somebody else vouches for, with the name of the channel in front.
    pub subject: String,
    /// Yes or no.
    pub is_yes: bool,
    /// What they note, without secrets.
    pub note: Option<String>,
    /// How it reached us.
    pub channel: &'static str,
    /// Says what answers come to.
    pub pool: Arc<engine::Pool>,
    /// Key of the codes of rows.
    pub digest_key: [u8; 32],
    /// What the question came to.
    pub row: Option<state::Approval>,
}

/// Whoever asked takes the question back.
pub struct Cancel {
    /// Which question.
    pub id: String,
    /// Who says so.
    pub subject: String,
    /// Whether that one may do so for others.
    pub is_admin: bool,
    /// Key of the codes of rows.
    pub digest_key: [u8; 32],
    /// What the question came to.
    pub row: Option<state::Approval>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AnswerEntry<'a> {
    agent_id: &'a str,
    answer: &'static str,
    approval_id: &'a str,
    at: String,
    call_digest: &'a str,
    channel: &'a str,
    id: String,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    policy_digest: &'a str,
    state: ApprovalState,
    subject: &'a str,
    verdict_id: &'a str,
}

/// The row of a question, if it is the newest of its call and genuine.
fn find(page: &Page, text: &str, digest_key: &[u8]) -> Result<(String, state::Approval), OperationError> {
    let unknown = || OperationError::Unknown { what: "this approval".to_owned() };
    let (key, round) = parse(text).ok_or_else(unknown)?;
    let row = page.approvals.get(&key)?.filter(|row| row.round == round).ok_or_else(unknown)?;
    if !is_genuine(&key, row, digest_key) {
        return Err(OperationError::Conflict {
            why: "this approval is not what was recorded: it cannot be used".to_owned(),
        });
    }
    Ok((key, row.clone()))
}

/// Says why nothing can be answered any more.
fn settled(row: &state::Approval, now: Millis) -> Option<OperationError> {
    let by = row.answers.last().map_or(String::new(), |own| format!(" by {}", own.subject));
    let why = match row.state {
        ApprovalState::Pending if now >= row.ends_at => "this question has expired".to_owned(),
        ApprovalState::Pending => return None,
        ApprovalState::Approved | ApprovalState::Used => format!("this call was approved already{by}"),
        ApprovalState::Denied => format!("this call was denied already{by}"),
        ApprovalState::Expired => "this question has expired".to_owned(),
        ApprovalState::Cancelled => "this question was taken back".to_owned(),
    };
    Some(OperationError::Conflict { why })
}

impl Operation for Answer {
    fn keys(&self, _now: Millis, keys: &mut Keys) {
        if let Some((key, _)) = parse(&self.id) {
            keys.approvals.insert(key);
        }
    }

    fn apply(&mut self, page: &mut Page) -> Result<(), OperationError> {
        let (key, mut row) = find(page, &self.id, &self.digest_key)?;
        let said = |own: &ApprovalAnswer| own.subject == self.subject && own.is_yes == self.is_yes;
        if row.answers.iter().any(said) {
            // The same again changes nothing: a person may press a button twice.
            self.row = Some(row);
            return Ok(());
        }
        if let Some(error) = settled(&row, page.now) {
            return Err(error);
        }
        row.state = self.tally(&row)?;
        let note = self.note.clone();
        row.answers.push(ApprovalAnswer {
            subject: self.subject.clone(),
            is_yes: self.is_yes,
            note,
            channel: self.channel.to_owned(),
            at: page.now,
        });
        if row.state == ApprovalState::Denied {
            row.forget_call();
        }
        row.mac = seal(&key, &row, &self.digest_key);
        let body = json(&AnswerEntry {
            agent_id: &row.agent,
            answer: if self.is_yes { "approve" } else { "deny" },
            approval_id: &self.id,
            at: clock::text(page.now),
            call_digest: &row.call_digest,
            channel: self.channel,
            id: record::id(page.next_seq()),
            kind: EntryKind::ApprovalAnswer.as_str(),
            note: self.note.as_deref(),
            policy_digest: &row.policy_digest,
            state: row.state,
            subject: &self.subject,
            verdict_id: &row.verdict_id,
        })?;
        let agent = row.agent.clone();
        page.append(NewEntry { kind: EntryKind::ApprovalAnswer, agent, decision: "", body })?;
        page.approvals.put(key, row.clone());
        self.row = Some(row);
        Ok(())
    }
}

impl Answer {
    /// What the engine makes of this answer.
    fn tally(&self, row: &state::Approval) -> Result<ApprovalState, OperationError> {
        let question = Question {
            approvers: row.approvers.clone(),
            quorum: row.quorum,
            seconds: 0,
            grounds: row.grounds,
        };
        let given: Vec<_> = row
            .answers
            .iter()
            .map(|own| engine::Answer { subject: own.subject.clone(), is_yes: own.is_yes })
            .collect();
        let new = engine::Answer { subject: self.subject.clone(), is_yes: self.is_yes };
        let conflict = |why: &str| OperationError::Conflict { why: why.to_owned() };
        match self.pool.tally(&question, &row.requester, &given, &new) {
            Ok(Ok(Standing::Pending)) => Ok(ApprovalState::Pending),
            Ok(Ok(Standing::Approved)) => Ok(ApprovalState::Approved),
            Ok(Ok(Standing::Denied)) => Ok(ApprovalState::Denied),
            Ok(Err(AnswerRefusal::OwnCall)) => Err(OperationError::NotYours {
                why: "you sent this call: somebody else has to answer".to_owned(),
            }),
            Ok(Err(AnswerRefusal::NotAnApprover)) => Err(OperationError::NotYours {
                why: format!("the policy names who may answer: {}", row.approvers.join(", ")),
            }),
            Ok(Err(AnswerRefusal::Repeated)) => Err(conflict("you have answered already")),
            Ok(Err(AnswerRefusal::Settled)) => Err(conflict("this question is settled")),
            Err(error) => Err(conflict(&error.to_string())),
        }
    }
}

/// What is recorded of a question that came to nothing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EndEntry<'a> {
    agent_id: &'a str,
    approval_id: &'a str,
    at: String,
    id: String,
    kind: &'static str,
    state: ApprovalState,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    verdict_id: &'a str,
}

/// A question ends without having been used: it expired, or was taken back.
pub(in crate::app) fn end(
    page: &mut Page,
    key: String,
    row: &state::Approval,
    state: ApprovalState,
    subject: Option<&str>,
    digest_key: &[u8],
) -> Result<state::Approval, OperationError> {
    let mut row = state::Approval { state, ..row.clone() };
    row.forget_call();
    row.mac = seal(&key, &row, digest_key);
    let body = json(&EndEntry {
        agent_id: &row.agent,
        approval_id: &id(&key, row.round),
        at: clock::text(page.now),
        id: record::id(page.next_seq()),
        kind: EntryKind::ApprovalEnd.as_str(),
        state,
        subject,
        verdict_id: &row.verdict_id,
    })?;
    page.append(NewEntry { kind: EntryKind::ApprovalEnd, agent: row.agent.clone(), decision: "", body })?;
    page.approvals.put(key, row.clone());
    Ok(row)
}

impl Operation for Cancel {
    fn keys(&self, _now: Millis, keys: &mut Keys) {
        if let Some((key, _)) = parse(&self.id) {
            keys.approvals.insert(key);
        }
    }

    fn apply(&mut self, page: &mut Page) -> Result<(), OperationError> {
        let (key, row) = find(page, &self.id, &self.digest_key)?;
        if row.requester != self.subject && !self.is_admin {
            return Err(OperationError::Unknown { what: "this approval".to_owned() });
        }
        if row.state == ApprovalState::Cancelled {
            self.row = Some(row);
            return Ok(());
        }
        let is_open = row.state.is_open() && page.now < row.ends_at;
        if let Some(error) = settled(&row, page.now).filter(|_| !is_open) {
            return Err(error);
        }
        let subject = self.subject.clone();
        self.row = Some(end(page, key, &row, ApprovalState::Cancelled, Some(&subject), &self.digest_key)?);
        Ok(())
    }
}
