//! What is said to the daemon, and what its answers mean. An answer that is not exactly a verdict
//! is none.

use sentinel_engine::{Outcome, Told};
use serde::{Deserialize, Serialize};

use crate::reply::Fault;

/// Longest verdict, or answer to a batch, that is read, in bytes.
pub(crate) const ANSWER_BYTES_MAX: usize = 5 << 20;

/// Longest answer with a policy. A document has up to 4 MiB, and as a string of JSON each of its bytes takes
/// up to six.
pub(crate) const POLICY_BYTES_MAX: usize = 25 << 20;

/// A verdict of the daemon. It says more; this is what the filter acts on.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ruling {
    decision: String,
    pub(crate) permitted: bool,
    /// `false` where the mode holds nothing back.
    enforced: Option<bool>,
    pub(crate) reason: String,
    pub(crate) code: String,
    pub(crate) layer: String,
    pub(crate) verdict_id: Option<String>,
    pub(crate) policy_digest: Option<String>,
    pub(crate) approval: Option<Approval>,
    agent_id: String,
    tool_name: String,
}

/// A question that a person has to answer.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Approval {
    pub(crate) id: String,
    pub(crate) status: String,
}

/// Which call was asked about.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) agent_id: String,
    pub(crate) tool_name: String,
}

impl Ruling {
    /// Reads an answer to `POST /v1/evaluate`. One about another call, or one that permits what it
    /// says is denied and enforced, is none.
    pub(crate) fn read(body: &[u8], asked: &Asked) -> Option<Self> {
        let ruling: Self = serde_json::from_slice(body).ok()?;
        let is_ours = ruling.agent_id == asked.agent_id && ruling.tool_name == asked.tool_name;
        let outcome = ruling.outcome()?;
        let contradicts = outcome == Outcome::Deny && ruling.permitted && ruling.enforced != Some(false);
        (is_ours && !contradicts).then_some(ruling)
    }

    /// Whether it permits because somebody said yes.
    pub(crate) fn is_approved(&self) -> bool {
        self.layer == "approval"
    }

    /// What a reader of the protocol is told.
    pub(crate) fn told(&self) -> Told<'_> {
        Told {
            reason: &self.reason,
            code: &self.code,
            verdict_id: self.verdict_id.as_deref(),
            policy_digest: self.policy_digest.as_deref(),
            approval: self.approval.as_ref().map(|own| own.id.as_str()),
        }
    }

    /// What was decided; `None` for a word that nobody knows.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        [Outcome::Allow, Outcome::Escalate, Outcome::Deny]
            .into_iter()
            .find(|outcome| outcome.as_str() == self.decision)
    }
}

/// What the proxy says of a call that it made to the daemon.
///
/// # Errors
///
/// Everything but a verdict, told apart for people.
pub(crate) fn status(status: &[u8]) -> Result<(), Fault> {
    match status {
        b"200" => Ok(()),
        // No answer at all, or the proxy's own words for a daemon that is not there.
        b"" | b"502" | b"503" => Err(Fault::DaemonUnreachable),
        b"504" => Err(Fault::DaemonTimeout),
        _ => Err(Fault::DaemonRefused),
    }
}

/// A policy as the daemon hands it out.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document {
    /// The exact text, over which the digest is.
    pub(crate) document: String,
    pub(crate) digest: String,
    pub(crate) format: String,
    /// `active`, unless it was removed.
    pub(crate) state: String,
}

#[cfg(test)]
mod tests {
    use super::{Asked, Ruling, status};
    use crate::reply::Fault;

    const ANSWER: &str = r#"{"decision":"allow","permitted":true,"reason":"r","code":"c","layer":"network","verdictId":"v","agentId":"a","toolName":"http","callDigest":"sha256:0","mode":"enforce"}"#;

    fn read(body: &str, tool: &str) -> Option<Ruling> {
        let asked = Asked { agent_id: "a".to_owned(), tool_name: tool.to_owned() };
        Ruling::read(body.as_bytes(), &asked)
    }

    #[test]
    fn a_verdict_is_read() {
        assert!(read(ANSWER, "http").is_some_and(|ruling| ruling.permitted));
        let audit = ANSWER.replace("allow", "deny").replace("\"mode\":\"enforce\"", "\"enforced\":false");
        assert!(read(&audit, "http").is_some_and(|ruling| ruling.permitted));
    }

    #[test]
    fn only_200_can_carry_a_verdict() {
        assert_eq!(status(b"200"), Ok(()));
        assert_eq!(status(b""), Err(Fault::DaemonUnreachable));
        assert_eq!(status(b"503"), Err(Fault::DaemonUnreachable));
        assert_eq!(status(b"504"), Err(Fault::DaemonTimeout));
        assert_eq!(status(b"401"), Err(Fault::DaemonRefused));
        assert_eq!(status(b"200 "), Err(Fault::DaemonRefused));
    }

    #[test]
    fn what_is_no_verdict_permits_nothing() {
        for (body, tool) in [
            ("", "http"),
            (r#"{"permitted":true}"#, "http"),
            (ANSWER, "other"),
            (&ANSWER.replace("allow", "maybe"), "http"),
            (&ANSWER.replace("allow", "deny"), "http"),
            (&ANSWER.replace("\"a\"", "\"b\""), "http"),
        ] {
            assert!(read(body, tool).is_none(), "{body} {tool}");
        }
    }
}
