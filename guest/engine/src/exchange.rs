//! A request and its answer, as an enforcement point sees them: what is to be decided, how a refusal
//! is worded in the protocol of the request, and what has to be read in the answer.
//!
//! ```text
//! request ─ Exchange::of_request ─▶ decision; the call that goes to whoever keeps state
//!                                       │ denial ─▶ what the agent gets instead
//!                                       │ answer ─▶ AnswerPlan ─ push, asked, ruled, take ─▶ bytes for the agent
//! ```

mod answer;
mod call;
mod opened;
mod secret;

pub use answer::{AnswerPlan, AnswerReader, AnswerRefused};
pub(crate) use call::Hiding;
pub use call::{Actor, HttpRequest, Resolved, http_call};
pub use opened::Opened;
pub use secret::Secret;

use std::borrow::Cow;

use crate::call::Call;
use crate::carried;
use crate::decide::{Looked, decide_and, decide_bytes, decide_request};
use crate::decision::{Decision, Mode, Outcome};
use crate::http::{Authority, BodyWanted, Forward, Scheme};
use crate::policy::Policy;
use crate::protocol::llm::Api;
use crate::protocol::mcp::{self, Message, Pending};
use crate::protocol::x402;

/// One request that was decided.
#[derive(Debug)]
pub struct Exchange {
    /// As it was sent, where somebody may want to know.
    sent: Option<Vec<u8>>,
    decision: Decision,
    found: Found,
}

/// What was found in a request beside the decision.
#[derive(Debug, Default)]
struct Found {
    /// What it stands for, where that is another call and somebody may want to know.
    derived: Option<Vec<u8>>,
    speaks: Speaks,
    /// What goes to the server in place of the body.
    body: Option<String>,
    /// The host, where it may be paid.
    payee: Option<Authority>,
}

/// What the answer will be.
#[derive(Clone, Debug, Default)]
enum Speaks {
    /// Something that nobody reads.
    #[default]
    Plain,
    /// MCP, from the server of this name.
    Mcp(String),
    /// A model, whose tool calls are decided.
    Llm(Api),
}

/// A refusal in the words of the request's protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtocolReply {
    /// Status of HTTP.
    pub status: u16,
    /// Its media type.
    pub content_type: &'static str,
    /// May be empty.
    pub body: String,
}

/// Why a permission that somebody else gave is worth nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objection {
    /// A person said yes to a request whose body they have not seen.
    BodyUnseen,
    /// The policy here denies it, or wants a person, and nobody was asked.
    Stricter,
}

/// What an agent is told of a verdict.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// One sentence.
    pub reason: &'a str,
    /// Stable code of the reason.
    pub code: &'a str,
    /// Where the verdict is recorded, if it is.
    pub verdict_id: Option<&'a str>,
    /// Which policy it was.
    pub policy_digest: Option<&'a str>,
    /// The question that a person has to answer, if one does.
    pub approval: Option<&'a str>,
}

impl Exchange {
    /// Decides a request. Its call is kept where it has to be told: where the request is not simply
    /// allowed, and where the caller says so.
    pub fn of_request(
        policy: &Policy,
        actor: &Actor<'_>,
        request: &HttpRequest<'_>,
        keeps_call: bool,
    ) -> Self {
        let HttpRequest { head, body, resolved } = *request;
        Self::of_opened(policy, actor, Opened::new(head), body, resolved, keeps_call)
    }

    /// The same of a request whose head was read before.
    pub fn of_opened<'a>(
        policy: &Policy,
        actor: &Actor<'a>,
        mut opened: Opened<'a>,
        body: Option<&'a [u8]>,
        resolved: Resolved<'a>,
        keeps_call: bool,
    ) -> Self {
        let request = opened.request(body, resolved);
        let (call, read, said) = opened.decide(policy, actor, &request);
        let is_told = |decision: &Decision| {
            keeps_call || decision.outcome != Outcome::Allow || decision.needs_state(policy)
        };
        let (decision, found) = decide_request(policy, &call, Some((&read, said)), |own, looked| {
            Found::new(looked, is_told(own))
        });
        let sent = is_told(&decision).then(|| http_call(actor, &request));
        Self { sent, decision, found }
    }

    /// Decides a call, and keeps what its answer needs. Bytes that are not a call are a decision to deny.
    pub fn open(policy: &Policy, call: Vec<u8>) -> Self {
        let (decision, found) = match Call::parse(&call) {
            Ok(read) => decide_and(policy, &read, |_, looked| Found::new(looked, true)),
            Err(_) => (decide_bytes(policy, &call), Found::default()),
        };
        Self { sent: Some(call), decision, found }
    }

    /// What the policy says of it on its own.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// How much of the body has to come before this decision is worth something, where the request was
    /// decided without: somebody may be asked about it, and nobody approves what they have not seen. Whoever
    /// asks waits for the whole body and decides again, or denies.
    pub fn body_awaited(&self, policy: &Policy) -> BodyWanted {
        self.decision.body_awaited(policy).map_or(BodyWanted::None, BodyWanted::UpTo)
    }

    /// Why a permission that somebody else gave is worth nothing here; `None` where it holds. They may have another
    /// policy, and have the call, where some things are hidden. `is_approved`: a person said yes; `is_whole`: they
    /// were shown all of the request.
    pub fn objection(&self, policy: &Policy, is_approved: bool, is_whole: bool) -> Option<Objection> {
        if policy.mode != Mode::Enforce {
            return None;
        }
        match (self.decision.outcome, is_approved) {
            (Outcome::Deny, _) | (Outcome::Escalate, false) => Some(Objection::Stricter),
            (Outcome::Allow | Outcome::Escalate, true) => (!is_whole).then_some(Objection::BodyUnseen),
            (Outcome::Allow, false) => None,
        }
    }

    /// The call for whoever keeps meters, approvals and records. It is decided as the request was, where that is
    /// not denied: how a request came is not in a call that it stands for. `None` if it was not kept.
    pub fn call(&self) -> Option<&[u8]> {
        self.found.derived.as_deref().or(self.sent.as_deref())
    }

    /// What has to be forwarded, which is then known to whoever asked and not here any more.
    pub fn take_forward(&mut self) -> Option<Forward> {
        self.decision.forward.take()
    }

    /// What goes to the server in place of the body, where something in it was meant for us.
    pub fn body(&self) -> Option<&str> {
        self.found.body.as_deref()
    }

    /// Whether the answer has to be read. It must not be compressed then.
    pub fn reads_answer(&self) -> bool {
        match self.found.speaks {
            Speaks::Plain => false,
            Speaks::Mcp(_) | Speaks::Llm(_) => true,
        }
    }

    /// Whether the answer may ask for a payment that the policy has a word about.
    pub fn may_ask_for_payment(&self) -> bool {
        self.found.payee.is_some()
    }

    /// Why the policy lets nobody pay what an answer with status 402 asks for, as a code; `None` where
    /// somebody may. `challenge` is its header `PAYMENT-REQUIRED`: the offers of version 1 stand in the
    /// body, which is not read.
    pub fn unpayable(&self, policy: &Policy, challenge: &str) -> Option<Cow<'static, str>> {
        let rules = policy.network.as_ref()?.governing(self.found.payee.as_ref()?)?.x402();
        let offers = match x402::challenge(402, &[("payment-required", challenge)], b"") {
            Err(malformed) => return Some(malformed.code.into()),
            Ok(offers) => offers?,
        };
        let mut refused = offers.iter().map(|offer| x402::judge(rules, offer));
        let first = refused.next()?.into_iter().next()?;
        refused.all(|reasons| !reasons.is_empty()).then_some(first.code)
    }

    /// What the agent gets instead of an answer; `None` where its protocol has no words of its own, or nobody read
    /// its message.
    pub fn denial(&self, outcome: Outcome, told: &Told<'_>) -> Option<ProtocolReply> {
        if self.decision.unseen.is_announced {
            return None;
        }
        let call = Call::parse(self.sent.as_deref()?).ok()?;
        carried::with_message(&call, |message| {
            let reply = match message {
                Err(malformed) => mcp::refusal(malformed),
                Ok(message) => worded(message, outcome, told),
            };
            ProtocolReply { status: reply.status, content_type: "application/json", body: reply.body }
        })
        .filter(|_| matches!(self.found.speaks, Speaks::Mcp(_)))
    }

    /// What is to be done with the answer, by its head.
    pub fn answer(&self, status: u16, header: &dyn Fn(&str) -> Option<String>) -> AnswerPlan {
        answer::plan(&self.found.speaks, status, header)
    }
}

impl Found {
    fn new(looked: Option<Looked<'_>>, is_told: bool) -> Self {
        let Some(looked) = looked else { return Self::default() };
        let (speaks, body) = (speaks(&looked), looked.carried.body().map(str::to_owned));
        let payee = looked.governing.x402().and_then(|_| {
            Authority::parse(&looked.forward.authority, Scheme::parse(looked.request.scheme)?).ok()
        });
        Self { speaks, body, payee, derived: if is_told { looked.derive() } else { None } }
    }
}

fn worded(message: &Message<'_>, outcome: Outcome, told: &Told<'_>) -> mcp::Reply {
    let own = mcp::Told {
        reason: told.reason,
        code: told.code,
        verdict_id: told.verdict_id,
        policy_digest: told.policy_digest,
    };
    match (outcome, told.approval) {
        (Outcome::Escalate, Some(id)) => mcp::escalation(message, &own, &Pending { id, seconds: None }),
        (Outcome::Allow | Outcome::Escalate | Outcome::Deny, _) => mcp::denial(message, &own),
    }
}

fn speaks(looked: &Looked<'_>) -> Speaks {
    let Looked { governing, forward, request, .. } = looked;
    if let Some(server) = governing.mcp_server(&forward.authority) {
        return Speaks::Mcp(server);
    }
    let of_model = governing.rule.llm.then(|| Api::of_request(request.method, &forward.path));
    of_model.flatten().map_or(Speaks::Plain, Speaks::Llm)
}
