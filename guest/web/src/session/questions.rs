//! Questions to people: which call was asked about, what was answered, and that a yes is used once.
//!
//! What an answer is worth is the engine's to say; here are only facts.

use std::collections::BTreeMap;

use sentinel_engine::{
    Answer, AnswerRefusal, Approval, Question, Refusal, Standing, Verdict, answer, visible,
};
use sentinel_meter::Meter;
use serde::{Deserialize, Serialize};

use super::limits::{ASKED_SECONDS, QUESTIONS_KEPT, QUESTIONS_MAX, SUBJECT_BYTES_MAX};
use super::meters::millis;

/// Who sends the calls of a page, and so may not answer for them.
pub(super) const REQUESTER: &str = "page";

/// What time it is for questions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// The latest moment that was ever told: people are not asked more often because a clock was put back.
    pub(super) now: u64,
    /// The moment that was told now. Questions end by it: by the other one, a clock that was once far ahead
    /// would keep an answer alive until then.
    pub(super) told: u64,
}

/// The newest question about one call.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Row {
    /// Counts the questions of the session, from 1.
    pub(super) number: u64,
    pub(super) policy_digest: String,
    pub(super) state: State,
    pub(super) ends_at: u64,
    pub(super) approvers: Vec<String>,
    pub(super) quorum: u32,
    pub(super) grounds: u64,
    pub(super) answers: Vec<Said>,
    pub(super) reason: String,
    pub(super) code: String,
    pub(super) verdict_id: String,
}

/// What a person said.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Said {
    pub(super) subject: String,
    pub(super) is_yes: bool,
}

/// Where a question stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Pending,
    Approved,
    Denied,
    Used,
    Expired,
}

/// All questions, by the digest of their call.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Questions {
    rows: BTreeMap<String, Row>,
    asked: u64,
    /// How many people were asked lately.
    lately: Meter,
}

const PREFIX: &str = "apr_";

/// The id of a question.
pub(super) fn id(number: u64) -> String {
    format!("{PREFIX}{number}")
}

impl Questions {
    /// What is known of a call.
    pub(super) fn standing(&self, digest: &str, policy: &str, brought: Option<&str>, now: u64) -> Approval {
        if let Some(brought) = brought {
            match self.rows.iter().find(|(_, row)| id(row.number) == brought) {
                None => return Approval::Refused(Refusal::Unknown),
                Some((own, _)) if own != digest => return Approval::Refused(Refusal::OtherCall),
                Some((_, row)) if row.policy_digest != policy => {
                    return Approval::Refused(Refusal::OtherPolicy);
                }
                Some(_) => {}
            }
        }
        let Some(row) = self.rows.get(digest).filter(|row| row.policy_digest == policy) else {
            return Approval::Possible;
        };
        let is_over = now >= row.ends_at;
        // Without an id, what came to nothing may be asked about again.
        let ended = |why| if brought.is_some() { Approval::Refused(why) } else { Approval::Possible };
        match row.state {
            State::Pending if !is_over => Approval::Waiting,
            State::Approved if !is_over => Approval::Granted(row.grounds),
            // A no holds for as long as a yes would have: asking again and again is no way around it.
            State::Denied if !is_over => Approval::Refused(Refusal::Denied),
            State::Denied => ended(Refusal::Denied),
            State::Pending | State::Approved | State::Expired => ended(Refusal::Expired),
            State::Used => ended(Refusal::Used),
        }
    }

    /// Whether people may be asked about one more call.
    pub(super) fn may_ask(&self, now: u64) -> Approval {
        let is_full = self.rows.len() >= QUESTIONS_KEPT && self.oldest_ended().is_none();
        if is_full || self.lately.sliding(millis(now), ASKED_SECONDS) >= QUESTIONS_MAX {
            return Approval::Refused(Refusal::TooMany);
        }
        Approval::Possible
    }

    /// Follows a verdict: asks its question, or uses up its yes. Says which question it is about.
    pub(super) fn follow(
        &mut self,
        verdict: &Verdict,
        approval: Approval,
        digest: &str,
        policy: &str,
        (verdict_id, clock): (&str, Clock),
    ) -> Option<String> {
        if verdict.redeemed {
            let row = self.rows.get_mut(digest)?;
            row.state = State::Used;
            return Some(id(row.number));
        }
        let question = verdict.question.as_ref()?;
        if let (Approval::Waiting, Some(row)) = (approval, self.rows.get(digest)) {
            return Some(id(row.number));
        }
        self.asked = self.asked.saturating_add(1);
        self.lately.charge_sliding(millis(clock.now), ASKED_SECONDS, 1);
        while self.rows.len() >= QUESTIONS_KEPT
            && let Some(oldest) = self.oldest_ended()
        {
            self.rows.remove(&oldest);
        }
        let row = Row {
            number: self.asked,
            policy_digest: policy.to_owned(),
            state: State::Pending,
            ends_at: clock.told.saturating_add(u64::from(question.seconds) * 1000),
            approvers: question.approvers.clone(),
            quorum: question.quorum,
            grounds: question.grounds,
            answers: Vec::new(),
            reason: verdict.reason.clone(),
            code: verdict.code.clone().into_owned(),
            verdict_id: verdict_id.to_owned(),
        };
        self.rows.insert(digest.to_owned(), row);
        Some(id(self.asked))
    }

    fn oldest_ended(&self) -> Option<String> {
        let ended =
            self.rows.iter().filter(|(_, row)| !matches!(row.state, State::Pending | State::Approved));
        ended.min_by_key(|(_, row)| row.number).map(|(digest, _)| digest.clone())
    }

    /// Records what a person said.
    pub(super) fn answer(&mut self, id: &str, subject: &str, is_yes: bool, now: u64) -> Result<(), String> {
        if subject.is_empty() || subject.len() > SUBJECT_BYTES_MAX {
            return Err(format!("who answers has a name of 1 to {SUBJECT_BYTES_MAX} bytes"));
        }
        let row = self.open(id, now)?;
        let question = Question {
            approvers: row.approvers.clone(),
            quorum: row.quorum,
            seconds: 0,
            grounds: row.grounds,
        };
        let given = |own: &Said| Answer { subject: own.subject.clone(), is_yes: own.is_yes };
        let given: Vec<_> = row.answers.iter().map(given).collect();
        let new = Answer { subject: subject.to_owned(), is_yes };
        let standing =
            answer(&question, REQUESTER, &given, &new).map_err(|why| refused(why, &row.approvers))?;
        row.answers.push(Said { subject: new.subject, is_yes });
        row.state = match standing {
            Standing::Pending => State::Pending,
            Standing::Approved => State::Approved,
            Standing::Denied => State::Denied,
        };
        Ok(())
    }

    /// Answers in the name of everybody who may.
    pub(super) fn pretend(&mut self, id: &str, is_yes: bool, now: u64) -> Result<(), String> {
        self.open(id, now)?.state = if is_yes { State::Approved } else { State::Denied };
        Ok(())
    }

    /// A question that can be answered.
    fn open(&mut self, id: &str, now: u64) -> Result<&mut Row, String> {
        let row = self.rows.values_mut().find(|row| self::id(row.number) == id);
        let row = row.ok_or_else(|| format!("`{}` is no question of this session", visible(id)))?;
        match row.state {
            State::Pending if now < row.ends_at => Ok(row),
            State::Pending | State::Expired => Err(format!("`{id}` has expired")),
            State::Approved | State::Denied | State::Used => Err(format!("`{id}` is settled")),
        }
    }

    /// Ends what is over.
    pub(super) fn expire(&mut self, now: u64) {
        for row in self.rows.values_mut() {
            if matches!(row.state, State::Pending | State::Approved) && now >= row.ends_at {
                row.state = State::Expired;
            }
        }
    }

    /// All of them, the newest last.
    pub(super) fn all(&self) -> Vec<(&String, &Row)> {
        let mut all: Vec<_> = self.rows.iter().collect();
        all.sort_by_key(|(_, row)| row.number);
        all
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) const fn asked(&self) -> u64 {
        self.asked
    }
}

fn refused(why: AnswerRefusal, approvers: &[String]) -> String {
    match why {
        AnswerRefusal::OwnCall => format!("`{REQUESTER}` asked, and nobody answers for their own call"),
        AnswerRefusal::NotAnApprover => {
            let names: Vec<_> = approvers.iter().map(|own| format!("`{}`", visible(own))).collect();
            format!("the policy lets these answer: {}", names.join(", "))
        }
        AnswerRefusal::Repeated => "the same person answered before".to_owned(),
        AnswerRefusal::Settled => "the question is settled".to_owned(),
    }
}
