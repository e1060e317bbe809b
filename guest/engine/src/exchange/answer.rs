//! The answer to a request: which ones are read, and the reading.

use super::Speaks;
use crate::policy::Policy;
use crate::protocol::mcp;

/// What is to be done with an answer.
#[derive(Debug)]
pub enum AnswerPlan {
    /// It goes on as it is.
    Pass,
    /// Its body goes through this.
    Read(Box<AnswerReader>),
    /// Nobody can read it, so nobody gets it.
    Refuse,
}

/// Reads one answer: bytes in, bytes for the agent out.
///
/// Whoever owns it pushes what comes, answers what is [`AnswerReader::asked`] until nothing is, and
/// passes on what can be taken.
#[derive(Debug)]
pub struct AnswerReader {
    answer: Answer,
    out: Vec<u8>,
}

#[derive(Debug)]
enum Answer {
    Mcp { server: String, answer: mcp::Answer },
}

/// Nothing more of the answer may go to the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerRefused;

pub(super) fn plan(speaks: &Speaks, status: u16, header: &dyn Fn(&str) -> Option<String>) -> AnswerPlan {
    let answer = match speaks {
        Speaks::Plain => return AnswerPlan::Pass,
        Speaks::Mcp(server) => {
            // Answers without a body: accepted, no content, not modified.
            if matches!(status, 202 | 204 | 304) {
                return AnswerPlan::Pass;
            }
            let content_type = header("content-type").unwrap_or_default();
            Answer::Mcp { server: server.clone(), answer: mcp::Answer::new(&content_type) }
        }
    };
    let is_plain = |encoding: String| encoding.is_empty() || encoding.eq_ignore_ascii_case("identity");
    if !header("content-encoding").is_none_or(is_plain) {
        return AnswerPlan::Refuse;
    }
    AnswerPlan::Read(Box::new(AnswerReader { answer, out: Vec::new() }))
}

impl AnswerReader {
    /// More of the answer, and whether it is the end.
    ///
    /// # Errors
    ///
    /// Where it cannot be read: what was taken before is all that there is.
    pub fn push(&mut self, policy: &Policy, bytes: &[u8], is_end: bool) -> Result<(), AnswerRefused> {
        match &mut self.answer {
            Answer::Mcp { server, answer } => {
                let may_see = |tool: &str| policy.may_see(server, tool);
                let pushed = answer.push(bytes, is_end, &may_see).map_err(|_| AnswerRefused)?;
                self.out.extend(pushed);
            }
        }
        Ok(())
    }

    /// A call that has to be decided before the rest may go on: JSON.
    pub fn asked(&self, _actor: &super::Actor<'_>) -> Option<Vec<u8>> {
        match &self.answer {
            Answer::Mcp { .. } => None,
        }
    }

    /// What was decided about it.
    pub fn ruled(&mut self, _is_permitted: bool, _reason: &str) {
        match &self.answer {
            Answer::Mcp { .. } => {}
        }
    }

    /// What may go to the agent now.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }
}
