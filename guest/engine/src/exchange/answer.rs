//! The answer to a request: which ones are read, and the reading.

use std::fmt;

use super::{Actor, Speaks};
use crate::decide::{may_see, mcp_tool};
use crate::policy::Policy;
use crate::protocol::llm::{LlmAnswer, Ruling};
use crate::protocol::mcp;
use crate::wire::push_json_string;

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
pub struct AnswerReader {
    body: Body,
    out: Vec<u8>,
}

enum Body {
    Mcp { server: String, answer: mcp::Answer },
    Llm(Box<LlmAnswer>),
}

/// Nothing more of the answer may go to the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerRefused;

impl fmt::Debug for AnswerReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.body {
            Body::Mcp { .. } => "mcp",
            Body::Llm(_) => "llm",
        };
        f.debug_struct("AnswerReader").field("kind", &kind).field("out", &self.out.len()).finish()
    }
}

pub(super) fn plan(speaks: &Speaks, status: u16, header: &dyn Fn(&str) -> Option<String>) -> AnswerPlan {
    let encoding = header("content-encoding").unwrap_or_default();
    let body = match speaks {
        Speaks::Plain => return AnswerPlan::Pass,
        // Answers without a body: accepted, no content, not modified.
        Speaks::Mcp(_) if matches!(status, 202 | 204 | 304) => return AnswerPlan::Pass,
        Speaks::Mcp(server) => {
            if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity") {
                return AnswerPlan::Refuse;
            }
            let content_type = header("content-type").unwrap_or_default();
            Body::Mcp { server: server.clone(), answer: mcp::Answer::new(&content_type) }
        }
        // Errors have no tool calls.
        Speaks::Llm(_) if !(200..300).contains(&status) => return AnswerPlan::Pass,
        Speaks::Llm(api) => match LlmAnswer::new(*api, header("content-type").as_deref(), Some(&encoding)) {
            Ok(answer) => Body::Llm(Box::new(answer)),
            Err(_) => return AnswerPlan::Refuse,
        },
    };
    AnswerPlan::Read(Box::new(AnswerReader { body, out: Vec::new() }))
}

impl AnswerReader {
    /// More of the answer, and whether it is the end.
    ///
    /// # Errors
    ///
    /// Where it cannot be read: what was taken before is all that there is.
    pub fn push(&mut self, policy: &Policy, bytes: &[u8], is_end: bool) -> Result<(), AnswerRefused> {
        match &mut self.body {
            Body::Mcp { server, answer } => {
                let may_see = |tool: &str| may_see(policy, &mcp_tool(server, tool), None, None);
                let pushed = answer.push(bytes, is_end, &may_see).map_err(|_| AnswerRefused)?;
                self.out.extend(pushed);
                Ok(())
            }
            Body::Llm(answer) => answer.push(bytes, is_end).map_err(|_| AnswerRefused),
        }
    }

    /// A call that has to be decided before the rest may go on, as JSON.
    pub fn asked(&self, actor: &Actor<'_>) -> Option<Vec<u8>> {
        let Body::Llm(answer) = &self.body else { return None };
        let asked = answer.asked()?;
        let mut call = String::with_capacity(128 + asked.arguments.len());
        actor.open(&mut call);
        call.push_str(",\"toolName\":");
        push_json_string(&mut call, asked.name);
        call.push_str(",\"toolInput\":");
        call.push_str(asked.arguments);
        call.push('}');
        Some(call.into_bytes())
    }

    /// What was decided about it, and what the agent reads in its place if it is not permitted.
    ///
    /// # Errors
    ///
    /// Where the rest of the answer cannot be read.
    pub fn ruled(&mut self, is_permitted: bool, text: &str) -> Result<(), AnswerRefused> {
        match &mut self.body {
            Body::Mcp { .. } => Ok(()),
            Body::Llm(answer) => {
                answer.answer(Ruling { permitted: is_permitted, text }).map_err(|_| AnswerRefused)
            }
        }
    }

    /// What may go to the agent now.
    pub fn take(&mut self) -> Vec<u8> {
        if let Body::Llm(answer) = &mut self.body {
            self.out.extend(answer.take());
        }
        std::mem::take(&mut self.out)
    }
}
