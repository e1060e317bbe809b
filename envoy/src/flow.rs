//! One request on its way out, as phases. What happens next is a value; the proxy is told by
//! `stream.rs`.
//!
//! There is no phase in which a request that was not permitted goes on, and none in which somebody is
//! asked about a request whose body is still to come.

use std::borrow::Cow;
use std::rc::Rc;

use sentinel_engine::{
    BodyWanted, Exchange, HttpRequest, Objection, Opened, Outcome, Policy, Resolved, Verdict,
    conclude_stateless,
};

use crate::config::{Position, Record};
use crate::daemon::{Asked, Ruling};
use crate::governor::Governor;
use crate::head::{Head, HeadError};
use crate::reply::{self, Fault, Reply};

/// What the proxy has to do now.
#[derive(Debug)]
pub(crate) enum Step {
    /// Hold the request until more of it is there.
    Wait,
    /// Ask the daemon this, and hold the request until it answers.
    Ask(Vec<u8>),
    /// Let it go, to this target.
    Pass(Target),
    /// It was let go before: let the rest of it go.
    Go,
    /// Answer it.
    Refuse(Reply),
}

/// Where a permitted request goes: what was decided, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) authority: String,
    pub(crate) path: String,
    /// What goes in place of the body, where something in it was meant for us.
    pub(crate) body: Option<String>,
    /// Whether the answer is read, so that it must not be compressed.
    pub(crate) reads_answer: bool,
}

/// For logs and metrics: how it ended.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    pub(crate) decision: &'static str,
    pub(crate) code: Cow<'static, str>,
    pub(crate) reason: String,
    pub(crate) verdict_id: Option<String>,
    /// Which policy it was, where it was one.
    pub(crate) policy_digest: Option<String>,
    pub(crate) tool: String,
}

/// Whether more than the tool is told of it: each value costs a call of the proxy, and requests that are
/// allowed and not recorded come by the thousand.
pub(crate) fn is_told(decision: Outcome, verdict_id: Option<&str>) -> bool {
    decision != Outcome::Allow || verdict_id.is_some()
}

/// One request.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    phase: Phase,
    /// How it ended, once it has.
    pub(crate) ending: Option<Ending>,
}

#[derive(Debug, Default)]
enum Phase {
    /// Nothing was seen.
    #[default]
    Start,
    /// The head is known, the body is awaited.
    Body { head: Rc<Head>, resolved: Vec<String>, most: u64 },
    /// The daemon was asked.
    Asking { exchange: Box<Exchange>, policy: Rc<Policy>, asked: Asked, is_whole: bool },
    /// It was permitted.
    Passed { exchange: Box<Exchange>, policy: Rc<Policy> },
    /// The address of its connection was.
    Addressed,
    /// It was not.
    Refused,
}

impl Flow {
    /// The head of the request is there.
    pub(crate) fn head(
        &mut self,
        governor: &mut Governor,
        head: Result<Rc<Head>, HeadError>,
        resolved: Vec<String>,
        is_end: bool,
    ) -> Step {
        let head = match head {
            Ok(head) => head,
            Err(HeadError::NotText) => return self.fault(governor, Fault::HeaderNotText),
            Err(HeadError::Pseudo) => return self.fault(governor, Fault::RequestMalformed),
        };
        let Some(policy) = governor.policy() else {
            return self.fault(governor, Fault::PolicyMissing);
        };
        if governor.config.position == Position::Upstream {
            return self.address(governor, &policy, &head, &resolved);
        }
        let headers = head.headers();
        let opened = Opened::new(head.view(&headers));
        let most = match opened.body_wanted(&policy) {
            BodyWanted::UpTo(most) if !is_end => most,
            BodyWanted::UpTo(_) | BodyWanted::None => {
                let exchange = decided(governor, &policy, opened, &resolved, None);
                match exchange.body_awaited(&policy) {
                    BodyWanted::UpTo(most) if !is_end => most,
                    BodyWanted::UpTo(_) | BodyWanted::None => {
                        return self.decide(governor, policy, exchange, is_end);
                    }
                }
            }
        };
        drop(headers);
        self.phase = Phase::Body { head, resolved, most };
        Step::Wait
    }

    /// More of the body is there: so many bytes in all. `whole` is asked for once it has ended.
    pub(crate) fn body(
        &mut self,
        governor: &mut Governor,
        size: usize,
        is_end: bool,
        whole: impl FnOnce() -> Option<Vec<u8>>,
    ) -> Step {
        match std::mem::take(&mut self.phase) {
            Phase::Body { most, .. } if size as u64 > most => self.fault(governor, Fault::BodyTooLarge),
            Phase::Body { head, resolved, most } => {
                if !is_end {
                    self.phase = Phase::Body { head, resolved, most };
                    return Step::Wait;
                }
                match whole() {
                    Some(body) if body.len() == size => {
                        let Some(policy) = governor.policy() else {
                            return self.fault(governor, Fault::PolicyMissing);
                        };
                        let headers = head.headers();
                        let opened = Opened::new(head.view(&headers));
                        let exchange = decided(governor, &policy, opened, &resolved, Some(&body));
                        self.decide(governor, policy, exchange, true)
                    }
                    Some(_) | None => self.fault(governor, Fault::HostFailed),
                }
            }
            Phase::Start => self.fault(governor, Fault::HostFailed),
            other @ (Phase::Asking { .. } | Phase::Passed { .. } | Phase::Addressed | Phase::Refused) => {
                self.rest(other)
            }
        }
    }

    /// Trailers are there. A request whose body is read has none: what they say is not decided.
    pub(crate) fn trailers(&mut self, governor: &Governor) -> Step {
        match std::mem::take(&mut self.phase) {
            Phase::Start | Phase::Body { .. } => self.fault(governor, Fault::RequestMalformed),
            other @ (Phase::Asking { .. } | Phase::Passed { .. } | Phase::Addressed | Phase::Refused) => {
                self.rest(other)
            }
        }
    }

    /// The rest of a request that was decided, or is being decided.
    fn rest(&mut self, phase: Phase) -> Step {
        let is_passed = matches!(phase, Phase::Passed { .. } | Phase::Addressed);
        self.phase = phase;
        if is_passed { Step::Go } else { Step::Wait }
    }

    /// The daemon answered, or did not.
    pub(crate) fn answered(&mut self, governor: &mut Governor, answer: Result<Vec<u8>, Fault>) -> Step {
        let Phase::Asking { exchange, policy, asked, is_whole } = std::mem::take(&mut self.phase) else {
            return self.fault(governor, Fault::HostFailed);
        };
        let ruling = match answer {
            Ok(body) => Ruling::read(&body, &asked),
            Err(fault) => return self.fault(governor, fault),
        };
        let Some(ruling) = ruling else {
            return self.fault(governor, Fault::DaemonRefused);
        };
        let objection = exchange.objection(&policy, ruling.is_approved(), is_whole);
        match objection.filter(|_| ruling.permitted) {
            None => {}
            Some(Objection::BodyUnseen) => return self.fault(governor, Fault::BodyUnseen),
            Some(Objection::Stricter) => return self.fault(governor, Fault::DaemonDiffers),
        }
        self.ending = Some(Ending {
            decision: ruling.outcome().map_or("deny", Outcome::as_str),
            code: ruling.code.clone().into(),
            reason: ruling.reason.clone(),
            verdict_id: ruling.verdict_id.clone(),
            policy_digest: ruling.policy_digest.clone(),
            tool: asked.tool_name,
        });
        if ruling.permitted {
            return self.pass(governor, exchange, policy);
        }
        self.phase = Phase::Refused;
        let transport = reply::ruling(&ruling, governor.governed());
        let outcome = ruling.outcome().unwrap_or(Outcome::Deny);
        let denial = exchange.denial(outcome, &ruling.told());
        Step::Refuse(denial.map_or(transport, |own| reply::protocol(own, outcome, &ruling.code)))
    }

    /// The request that went out, and the policy that let it.
    pub(crate) fn passed(&self) -> Option<(&Exchange, &Rc<Policy>)> {
        match &self.phase {
            Phase::Passed { exchange, policy } => Some((exchange, policy)),
            Phase::Start | Phase::Body { .. } | Phase::Asking { .. } | Phase::Addressed | Phase::Refused => {
                None
            }
        }
    }

    /// Decides the address of a connection to the host that was decided in front of the router.
    fn address(
        &mut self,
        governor: &mut Governor,
        policy: &Policy,
        head: &Head,
        resolved: &[String],
    ) -> Step {
        if resolved.is_empty() {
            return self.fault(governor, Fault::AddressUnknown);
        }
        let headers = head.headers();
        let request = HttpRequest { head: head.view(&headers), body: None, resolved: Resolved::To(resolved) };
        let is_recorded = governor.config.record != Record::None;
        let exchange = Exchange::of_request(policy, &governor.actor(), &request, is_recorded);
        let decision = exchange.decision();
        // Of a request that cannot be read nobody looked at the address.
        if decision.forward.is_none() {
            return self.fault(governor, Fault::RequestMalformed);
        }
        let is_refusal =
            |own: &&sentinel_engine::Reason| own.outcome == Outcome::Deny && reply::is_egress(&own.code);
        let refusal = decision.reasons.iter().find(is_refusal);
        // A policy that holds nothing back holds no address back either.
        let Some(reason) = refusal.filter(|_| !conclude_stateless(policy, decision).permitted) else {
            self.phase = Phase::Addressed;
            return Step::Go;
        };
        self.phase = Phase::Refused;
        // In front of the router it was allowed, and that is in the ledger: so is this, then.
        let id = governor.record_denial(policy, &reason.code, exchange.call().unwrap_or_default());
        let reply = reply::reason(reason, id.as_deref(), governor.governed());
        self.ending = Some(Ending {
            decision: Outcome::Deny.as_str(),
            code: reason.code.clone(),
            reason: reason.message.clone(),
            verdict_id: id,
            policy_digest: Some(policy.digest().to_string()),
            tool: decision.tool_name.clone(),
        });
        Step::Refuse(reply)
    }

    /// Goes on with a decision. `is_whole`: nothing of the request is still to come.
    fn decide(
        &mut self,
        governor: &mut Governor,
        policy: Rc<Policy>,
        exchange: Box<Exchange>,
        is_whole: bool,
    ) -> Step {
        let decision = exchange.decision();
        if governor.is_for_daemon(&policy, decision) {
            if governor.config.daemon.is_none() {
                return self.fault(governor, Fault::DaemonMissing);
            }
            let asked = Asked { agent_id: decision.agent_id.clone(), tool_name: decision.tool_name.clone() };
            let Some(body) = exchange.call().map(<[u8]>::to_vec) else {
                return self.fault(governor, Fault::HostFailed);
            };
            self.phase = Phase::Asking { exchange, policy, asked, is_whole };
            return Step::Ask(body);
        }
        let verdict = conclude_stateless(&policy, decision);
        self.conclude(governor, exchange, policy, &verdict)
    }

    fn conclude(
        &mut self,
        governor: &mut Governor,
        exchange: Box<Exchange>,
        policy: Rc<Policy>,
        verdict: &Verdict,
    ) -> Step {
        let Ok(id) = governor.record(&policy, verdict, exchange.call().unwrap_or_default()) else {
            return self.fault(governor, Fault::RecordsFull);
        };
        self.ending = Some(Ending {
            decision: verdict.decision.as_str(),
            code: verdict.code.clone(),
            reason: verdict.reason.clone(),
            policy_digest: is_told(verdict.decision, id.as_deref()).then(|| policy.digest().to_string()),
            verdict_id: id.clone(),
            tool: exchange.decision().tool_name.clone(),
        });
        if verdict.permitted {
            return self.pass(governor, exchange, policy);
        }
        self.phase = Phase::Refused;
        let transport = reply::verdict(verdict, id.as_deref(), governor.governed());
        let told = reply::told(verdict, id.as_deref(), governor.digest());
        let denial = exchange.denial(verdict.decision, &told);
        Step::Refuse(denial.map_or(transport, |own| reply::protocol(own, verdict.decision, &verdict.code)))
    }

    fn pass(&mut self, governor: &Governor, mut exchange: Box<Exchange>, policy: Rc<Policy>) -> Step {
        // A request that could not be read has no target, and no mode lets it through.
        let Some(forward) = exchange.take_forward() else {
            return self.fault(governor, Fault::RequestMalformed);
        };
        let target = Target {
            authority: forward.authority,
            path: forward.path,
            body: exchange.body().map(str::to_owned),
            reads_answer: exchange.reads_answer(),
        };
        self.phase = Phase::Passed { exchange, policy };
        Step::Pass(target)
    }

    /// Ends it with a refusal of the filter's own.
    pub(crate) fn fault(&mut self, governor: &Governor, fault: Fault) -> Step {
        self.phase = Phase::Refused;
        let reply = reply::fault(fault, governor.governed());
        self.ending = Some(Ending {
            decision: "deny",
            code: fault.code().into(),
            reason: String::new(),
            verdict_id: None,
            policy_digest: governor.digest().map(str::to_owned),
            tool: String::new(),
        });
        Step::Refuse(reply)
    }
}

/// What the policy says of a request, as far as it is there.
fn decided(
    governor: &Governor,
    policy: &Policy,
    opened: Opened<'_>,
    resolved: &[String],
    body: Option<&[u8]>,
) -> Box<Exchange> {
    let known = match resolved {
        [] if governor.config.resolves_later => Resolved::Later,
        [] => Resolved::Unknown,
        addresses => Resolved::To(addresses),
    };
    let keeps_call = matches!(governor.config.record, Record::Durable | Record::All);
    Box::new(Exchange::of_opened(policy, &governor.actor(), opened, body, known, keeps_call))
}

#[cfg(test)]
mod tests;
