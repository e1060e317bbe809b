//! What an agent gets instead of the answer that it wanted: one place for every refusal.

use sentinel_engine::{Outcome, ProtocolReply, Reason, Told, Verdict};
use serde::Serialize;

use crate::daemon::{Approval, Ruling};

/// A response of the filter's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u32,
    pub(crate) content_type: &'static str,
    pub(crate) decision: &'static str,
    pub(crate) code: String,
    pub(crate) body: String,
}

const JSON: &str = "application/json";

/// The body of SEEDS' sidecar, and what a person needs to find the record.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    error: &'static str,
    decision: &'static str,
    reason: &'a str,
    code: &'a str,
    layer: &'a str,
    verdict_id: Option<&'a str>,
    agent_id: &'a str,
    policy_digest: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval: Option<&'a Approval>,
}

/// Why the filter itself, without any policy, lets nothing through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// There is no policy yet.
    PolicyMissing,
    /// A header is no text.
    HeaderNotText,
    /// Pseudo-headers that make no request.
    RequestMalformed,
    /// The proxy did not hand over what it should.
    HostFailed,
    /// More body than is looked at.
    BodyTooLarge,
    /// The call needs the daemon, and there is none.
    DaemonMissing,
    /// The daemon could not be asked.
    DaemonUnreachable,
    /// The daemon did not answer in time.
    DaemonTimeout,
    /// The daemon answered, and not with a verdict.
    DaemonRefused,
    /// The daemon says that somebody approved a request whose body nobody has seen.
    BodyUnseen,
    /// The daemon permits without a person what needs one here.
    DaemonDiffers,
    /// The connection has no address that could be decided.
    AddressUnknown,
    /// The verdict has to be recorded, and there is no room for records.
    RecordsFull,
    /// The answer could not be read to its end.
    AnswerRefused,
}

impl Fault {
    const fn status(self) -> u32 {
        match self {
            Self::HeaderNotText | Self::RequestMalformed => 400,
            Self::BodyTooLarge => 413,
            Self::AnswerRefused => 502,
            Self::PolicyMissing
            | Self::HostFailed
            | Self::DaemonMissing
            | Self::DaemonUnreachable
            | Self::DaemonTimeout
            | Self::DaemonRefused
            | Self::BodyUnseen
            | Self::DaemonDiffers
            | Self::AddressUnknown
            | Self::RecordsFull => 503,
        }
    }

    /// Stable, kebab-case.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::PolicyMissing => "policy-missing",
            Self::HeaderNotText => "header-not-text",
            Self::RequestMalformed => "request-malformed",
            Self::HostFailed => "proxy-failed",
            Self::BodyTooLarge => "body-too-large",
            Self::DaemonMissing => "daemon-missing",
            Self::DaemonUnreachable => "daemon-unreachable",
            Self::DaemonTimeout => "daemon-timeout",
            Self::DaemonRefused => "daemon-refused",
            Self::BodyUnseen => "body-missing",
            Self::DaemonDiffers => "daemon-differs",
            Self::AddressUnknown => "addresses-unknown",
            Self::RecordsFull => "records-full",
            Self::AnswerRefused => "answer-refused",
        }
    }

    /// For people.
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::PolicyMissing => "No policy is loaded, so nothing goes out.",
            Self::HeaderNotText => "A header of the request is not UTF-8.",
            Self::RequestMalformed => "The request's pseudo-headers make no request.",
            Self::HostFailed => "The proxy did not hand over the request.",
            Self::BodyTooLarge => "The body is larger than what may be looked at.",
            Self::DaemonMissing => "The policy needs meters or a person, and no daemon is configured.",
            Self::DaemonUnreachable => "The daemon that keeps meters and approvals cannot be reached.",
            Self::DaemonTimeout => "The daemon that keeps meters and approvals did not answer in time.",
            Self::DaemonRefused => "The daemon did not answer with a verdict.",
            Self::BodyUnseen => {
                "A person approved a request whose body was not shown to them. Send it again."
            }
            Self::DaemonDiffers => "The daemon permits without a person what needs one by the policy here.",
            Self::AddressUnknown => "The address of the connection is not known.",
            Self::RecordsFull => "The request has to be recorded, and the daemon takes no records.",
            Self::AnswerRefused => "The answer cannot be read, so it is not passed on.",
        }
    }
}

/// Whom a refusal names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Governed<'a> {
    pub(crate) agent_id: &'a str,
    pub(crate) policy_digest: Option<&'a str>,
}

/// Whether it is the host that is refused, or its address.
pub(crate) fn is_egress(code: &str) -> bool {
    ["host-", "address-", "addresses-"].iter().any(|prefix| code.starts_with(prefix))
}

fn kind(code: &str) -> &'static str {
    if is_egress(code) { "egress_denied" } else { "blocked_by_soe" }
}

fn write(status: u32, body: &Body<'_>) -> Reply {
    // Texts and options of texts: there is nothing that could fail.
    let json = serde_json::to_string(body).unwrap_or_else(|_| r#"{"error":"blocked_by_soe"}"#.to_owned());
    Reply { status, content_type: JSON, decision: body.decision, code: body.code.to_owned(), body: json }
}

/// The filter's own refusal.
pub(crate) fn fault(fault: Fault, governed: Governed<'_>) -> Reply {
    let body = Body {
        error: "blocked_by_soe",
        decision: "deny",
        reason: fault.sentence(),
        code: fault.code(),
        layer: "engine",
        verdict_id: None,
        agent_id: governed.agent_id,
        policy_digest: governed.policy_digest,
        approval: None,
    };
    write(fault.status(), &body)
}

/// One finding about the address of a connection.
pub(crate) fn reason(reason: &Reason, verdict_id: Option<&str>, governed: Governed<'_>) -> Reply {
    let body = Body {
        error: kind(&reason.code),
        decision: reason.outcome.as_str(),
        reason: &reason.message,
        code: &reason.code,
        layer: reason.layer.as_str(),
        verdict_id,
        agent_id: governed.agent_id,
        policy_digest: governed.policy_digest,
        approval: None,
    };
    write(403, &body)
}

/// A verdict that was reached here.
pub(crate) fn verdict(verdict: &Verdict, verdict_id: Option<&str>, governed: Governed<'_>) -> Reply {
    let status = if verdict.code == Fault::BodyTooLarge.code() { 413 } else { 403 };
    let body = Body {
        error: kind(&verdict.code),
        decision: verdict.decision.as_str(),
        reason: &verdict.reason,
        code: &verdict.code,
        layer: verdict.layer.as_str(),
        verdict_id,
        agent_id: governed.agent_id,
        policy_digest: governed.policy_digest,
        approval: None,
    };
    write(status, &body)
}

/// A verdict of the daemon.
pub(crate) fn ruling(ruling: &Ruling, governed: Governed<'_>) -> Reply {
    let body = Body {
        error: kind(&ruling.code),
        decision: ruling.outcome().map_or("deny", Outcome::as_str),
        reason: &ruling.reason,
        code: &ruling.code,
        layer: &ruling.layer,
        verdict_id: ruling.verdict_id.as_deref(),
        agent_id: governed.agent_id,
        policy_digest: ruling.policy_digest.as_deref().or(governed.policy_digest),
        approval: ruling.approval.as_ref(),
    };
    write(403, &body)
}

/// What a reader of the protocol is told of a verdict that was reached here.
pub(crate) fn told<'a>(
    verdict: &'a Verdict,
    verdict_id: Option<&'a str>,
    policy_digest: Option<&'a str>,
) -> Told<'a> {
    Told { reason: &verdict.reason, code: &verdict.code, verdict_id, policy_digest, approval: None }
}

/// A refusal in the words of the protocol that the request speaks.
pub(crate) fn protocol(own: ProtocolReply, decision: Outcome, code: &str) -> Reply {
    Reply {
        status: u32::from(own.status),
        content_type: own.content_type,
        decision: decision.as_str(),
        code: code.to_owned(),
        body: own.body,
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Governed, fault, kind};

    #[test]
    fn a_refused_host_has_its_own_word() {
        assert_eq!(kind("host-not-allowed"), "egress_denied");
        assert_eq!(kind("address-private"), "egress_denied");
        assert_eq!(kind("path-denied"), "blocked_by_soe");
    }

    #[test]
    fn a_fault_is_a_denial_with_its_own_code() {
        let governed = Governed { agent_id: "a", policy_digest: None };
        for (own, status) in [
            (Fault::PolicyMissing, 503),
            (Fault::HeaderNotText, 400),
            (Fault::RequestMalformed, 400),
            (Fault::HostFailed, 503),
            (Fault::BodyTooLarge, 413),
            (Fault::DaemonMissing, 503),
            (Fault::DaemonUnreachable, 503),
            (Fault::DaemonTimeout, 503),
            (Fault::DaemonRefused, 503),
            (Fault::AddressUnknown, 503),
            (Fault::RecordsFull, 503),
            (Fault::AnswerRefused, 502),
        ] {
            let reply = fault(own, governed);
            assert_eq!(reply.status, status, "{own:?}");
            assert!(reply.body.contains(&format!(r#""code":"{}""#, own.code())), "{}", reply.body);
            assert!(reply.body.contains(r#""decision":"deny""#));
        }
    }
}
