//! Asks a daemon about calls. What it does not answer in time, and in words that are understood, is
//! denied.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH};
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use serde::Deserialize;
use thiserror::Error;

use super::judge::Ruling;
use crate::engine::{Engine, Format, LoadError, Outcome, Session};
use crate::limits::{MCP_DAEMON_TIMEOUT, POLICY_BYTES_MAX};

/// Most bytes of an answer: a policy inside of JSON, where each byte may be escaped.
const ANSWER_BYTES_MAX: usize = 8 * POLICY_BYTES_MAX as usize;

/// A daemon, and as whom it is asked.
pub struct Daemon {
    http: Client,
    base: Url,
    agent: String,
    credential: Option<HeaderValue>,
    engine: Engine,
    /// What the policy that was fetched last is told by.
    tag: Mutex<Option<HeaderValue>>,
}

/// The daemon could not be asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DaemonError {
    /// Nobody there, or too late.
    #[error(
        "the daemon at `{server}` does not answer ({why}): start it with `sentinel serve`, or name another with --daemon"
    )]
    Unreachable {
        /// Its address.
        server: String,
        /// What happened.
        why: String,
    },
    /// It does not do that.
    #[error("the daemon at `{server}` refuses ({code}): {why}")]
    Refused {
        /// Its address.
        server: String,
        /// Its code.
        code: String,
        /// Its words.
        why: String,
    },
    /// It is something else.
    #[error("`{server}` answers with something that no daemon says: is it one?")]
    Strange {
        /// Its address.
        server: String,
    },
    /// Its policy does not load here.
    #[error("the policy of the daemon cannot be used here: are both of one version?")]
    Policy(#[from] LoadError),
}

impl DaemonError {
    /// A code as calls are denied with it.
    const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "daemon-unreachable",
            Self::Refused { .. } | Self::Strange { .. } | Self::Policy(_) => "daemon-refused",
        }
    }
}

/// A verdict, as far as it matters here. All of this has to be there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verdict {
    decision: Word,
    permitted: bool,
    code: String,
    reason: String,
    verdict_id: String,
    policy_digest: Option<String>,
    approval: Option<Question>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Allow,
    Escalate,
    Deny,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Question {
    id: String,
    expires_at: String,
}

#[derive(Deserialize)]
struct Policy {
    document: String,
    format: String,
}

#[derive(Deserialize)]
struct Problem {
    code: String,
    detail: String,
}

impl Daemon {
    /// At this address, for this agent.
    pub fn new(
        engine: Engine,
        http: Client,
        base: Url,
        agent: String,
        credential: Option<HeaderValue>,
    ) -> Self {
        Self { http, base, agent, credential, engine, tag: Mutex::default() }
    }

    /// The policy that governs the agent, if it is not the one that was fetched last.
    ///
    /// # Errors
    ///
    /// Where it cannot be had.
    pub async fn newer_policy(&self) -> Result<Option<Session>, DaemonError> {
        let mut request = self.http.get(self.url(&["agents", &self.agent, "policy"]));
        let known = self.tag.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known {
            request = request.header(IF_NONE_MATCH, known);
        }
        let (status, tag, bytes) = self.send(request).await?;
        if status == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        let policy: Policy = self.read(status, &bytes)?;
        let format = match policy.format.as_str() {
            "json" => Format::Json,
            "yaml" => Format::Yaml,
            _ => return Err(self.strange()),
        };
        let session = Session::open(&self.engine, policy.document, format)?;
        *self.tag.lock().unwrap_or_else(PoisonError::into_inner) = tag;
        Ok(Some(session))
    }

    pub(super) async fn decide(&self, call: &[u8]) -> Ruling {
        self.evaluate(call).await.unwrap_or_else(|error| {
            Ruling::denied(error.code(), format!("No daemon has decided this call: {error}."))
        })
    }

    async fn evaluate(&self, call: &[u8]) -> Result<Ruling, DaemonError> {
        let request = self.http.post(self.url(&["evaluate"]));
        let request = request.header(CONTENT_TYPE, "application/json").body(call.to_vec());
        let (status, _, bytes) = self.send(request).await?;
        let verdict: Verdict = self.read(status, &bytes)?;
        let waiting = verdict.approval.filter(|_| !verdict.permitted).map(|question| {
            let left = |end: Timestamp| end.as_second() - Timestamp::now().as_second();
            let left = question.expires_at.parse().ok().map(left);
            (question.id, left.and_then(|left| u64::try_from(left).ok()))
        });
        let decision = match verdict.decision {
            Word::Allow => Outcome::Allow,
            Word::Escalate => Outcome::Escalate,
            Word::Deny => Outcome::Deny,
        };
        Ok(Ruling {
            decision,
            permitted: verdict.permitted,
            code: verdict.code,
            reason: verdict.reason,
            verdict_id: Some(verdict.verdict_id),
            policy_digest: verdict.policy_digest,
            waiting: waiting.filter(|_| decision == Outcome::Escalate),
        })
    }

    async fn send(
        &self,
        request: RequestBuilder,
    ) -> Result<(StatusCode, Option<HeaderValue>, Vec<u8>), DaemonError> {
        let request = match &self.credential {
            Some(credential) => request.header(AUTHORIZATION, credential),
            None => request,
        };
        let asked = async {
            let mut response = request.send().await.map_err(|error| self.unreachable(&error))?;
            let tag = response.headers().get(ETAG).cloned();
            let mut bytes = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
                if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
                    return Err(self.strange());
                }
                bytes.extend_from_slice(&chunk);
            }
            Ok((response.status(), tag, bytes))
        };
        match tokio::time::timeout(MCP_DAEMON_TIMEOUT, asked).await {
            Ok(answered) => answered,
            Err(_) => Err(DaemonError::Unreachable {
                server: self.name(),
                why: format!("not within {} s", MCP_DAEMON_TIMEOUT.as_secs()),
            }),
        }
    }

    fn read<T: for<'a> Deserialize<'a>>(&self, status: StatusCode, bytes: &[u8]) -> Result<T, DaemonError> {
        if status == StatusCode::OK {
            return serde_json::from_slice(bytes).map_err(|_| self.strange());
        }
        match serde_json::from_slice::<Problem>(bytes) {
            Ok(problem) => Err(DaemonError::Refused {
                server: self.name(),
                code: printable(&problem.code),
                why: printable(&problem.detail),
            }),
            Err(_) => Err(self.strange()),
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> DaemonError {
        let mut why = "the connection broke".to_owned();
        let mut source: Option<&dyn std::error::Error> = Some(error);
        while let Some(cause) = source {
            why = cause.to_string();
            source = cause.source();
        }
        DaemonError::Unreachable { server: self.name(), why: printable(&why) }
    }

    fn strange(&self) -> DaemonError {
        DaemonError::Strange { server: self.name() }
    }

    fn name(&self) -> String {
        printable(self.base.as_str().trim_end_matches('/'))
    }

    fn url(&self, below: &[&str]) -> Url {
        let mut url = self.base.clone();
        // A base with a host has segments; whoever made it has looked.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("v1").extend(below);
        }
        url
    }
}

/// Somebody else's words: one line, not long, nothing that moves a cursor.
fn printable(text: &str) -> String {
    text.chars().take(300).flat_map(char::escape_debug).collect()
}
