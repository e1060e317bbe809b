//! An answer on its way back, where the engine reads it: lists of tools that lose the forbidden ones,
//! tool calls of a model that are decided before the agent sees them.

use std::rc::Rc;

use sentinel_engine::{
    AnswerPlan, AnswerReader, AnswerRefused, Decision, Exchange, Outcome, Policy, conclude_stateless,
    decide_bytes,
};

use crate::daemon::{Asked, Ruling};
use crate::governor::Governor;
use crate::reply::Fault;

/// An answer that is being read.
#[derive(Debug)]
pub(crate) struct Answering {
    reader: AnswerReader,
    /// The policy that let the request go also reads its answer.
    policy: Rc<Policy>,
    asked: Option<Asked>,
}

/// What the head of an answer says.
#[derive(Debug)]
pub(crate) enum Begun {
    /// Nothing in it is decided.
    Passes,
    /// Its body is read.
    Read(Box<Answering>),
    /// It cannot be read, so nobody gets it.
    Refused,
}

/// What more of an answer came to.
#[derive(Debug, Default)]
pub(crate) struct Fed {
    /// May go to the agent now.
    pub(crate) out: Vec<u8>,
    /// A call that the daemon has to decide before more may.
    pub(crate) ask: Option<Vec<u8>>,
    /// The daemon was asked before, and has not answered.
    pub(crate) is_waiting: bool,
    /// Nothing more may, and the answer ends broken.
    pub(crate) is_refused: bool,
}

impl Answering {
    pub(crate) fn begin(
        exchange: &Exchange,
        policy: Rc<Policy>,
        status: u16,
        header: &dyn Fn(&str) -> Option<String>,
    ) -> Begun {
        match exchange.answer(status, header) {
            AnswerPlan::Pass => Begun::Passes,
            AnswerPlan::Read(reader) => Begun::Read(Box::new(Self { reader: *reader, policy, asked: None })),
            AnswerPlan::Refuse => Begun::Refused,
        }
    }

    /// More of the answer is there.
    pub(crate) fn feed(&mut self, governor: &mut Governor, bytes: &[u8], is_end: bool) -> Fed {
        if self.reader.push(&self.policy, bytes, is_end).is_err() {
            return self.refused();
        }
        if self.asked.is_some() {
            return Fed { out: self.reader.take(), is_waiting: true, ..Fed::default() };
        }
        self.go_on(governor)
    }

    /// The daemon answered, or did not.
    pub(crate) fn ruled(&mut self, governor: &mut Governor, answer: Result<Vec<u8>, Fault>) -> Fed {
        let Some(asked) = self.asked.take() else {
            return Fed { is_refused: true, ..Fed::default() };
        };
        let ruling = answer.and_then(|body| Ruling::read(&body, &asked).ok_or(Fault::DaemonRefused));
        let ruled = match ruling {
            Ok(ruling) => self.reader.ruled(ruling.permitted, &withheld(&ruling)),
            Err(fault) => self.reader.ruled(false, &refusal(fault.code(), fault.sentence())),
        };
        match ruled {
            Ok(()) => self.go_on(governor),
            Err(AnswerRefused) => self.refused(),
        }
    }

    /// Decides what can be decided here, until the daemon is needed or nothing is left.
    fn go_on(&mut self, governor: &mut Governor) -> Fed {
        while let Some(call) = self.reader.asked(&governor.actor()) {
            let decision = decide_bytes(&self.policy, &call);
            let is_for_daemon = governor.is_for_daemon(&self.policy, &decision);
            if is_for_daemon && governor.config.daemon.is_some() {
                self.asked = Some(Asked { agent_id: decision.agent_id, tool_name: decision.tool_name });
                return Fed { out: self.reader.take(), ask: Some(call), ..Fed::default() };
            }
            let (is_permitted, text) = if is_for_daemon {
                (false, refusal(Fault::DaemonMissing.code(), Fault::DaemonMissing.sentence()))
            } else {
                self.conclude(governor, &decision, &call)
            };
            if self.reader.ruled(is_permitted, &text).is_err() {
                return self.refused();
            }
        }
        Fed { out: self.reader.take(), ..Fed::default() }
    }

    /// Decides a call that needs no state; what the agent reads if it is not permitted.
    fn conclude(&self, governor: &mut Governor, decision: &Decision, call: &[u8]) -> (bool, String) {
        let verdict = conclude_stateless(&self.policy, decision);
        match governor.record(&self.policy, &verdict, call) {
            Ok(_) => (verdict.permitted, refusal(&verdict.code, &verdict.reason)),
            Err(_) => (false, refusal(Fault::RecordsFull.code(), Fault::RecordsFull.sentence())),
        }
    }

    /// Nothing more may go to the agent.
    fn refused(&mut self) -> Fed {
        self.asked = None;
        Fed { out: self.reader.take(), is_refused: true, ..Fed::default() }
    }
}

/// What an agent reads in the place of a tool call that the daemon did not permit.
fn withheld(ruling: &Ruling) -> String {
    let Some(approval) = ruling.approval.as_ref().filter(|_| ruling.outcome() == Some(Outcome::Escalate))
    else {
        return refusal(&ruling.code, &ruling.reason);
    };
    format!(
        "A tool call needs a person ({}): {} Its approval is {} ({}): call the tool again with the same arguments \
         once it is approved.",
        ruling.code, ruling.reason, approval.id, approval.status
    )
}

/// What an agent reads in the place of a tool call.
fn refusal(code: &str, reason: &str) -> String {
    format!("A tool call was denied by policy ({code}): {reason}")
}
