//! What every message passes: [`Gate::client`] on its way to the server, [`Answer`] on the way back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use serde_json::value::RawValue;

use super::Place;
use super::judge::{Judge, Ruling};
use crate::engine::{
    McpCall, McpHeader, McpReply, McpRequest, McpTold, McpWaiting, Outcome, Passing, Session,
};
use crate::hook::{self, Event, Ground};

/// Headers of a request, as names and values; `None` where the transport has none.
pub type Headers<'a> = Option<&'a [McpHeader]>;

/// Code of a call that could not be described to the engine.
const UNREADABLE_CODE: &str = "call-incomplete";

/// One proxy: a server, a policy, and who decides.
pub struct Gate {
    /// The policy. Answers that began under an earlier one end under it.
    session: RwLock<Arc<Mutex<Session>>>,
    place: Place,
    judge: Judge,
    log: Box<dyn Fn(&Told<'_>) + Send + Sync>,
}

/// What becomes of a message of the client.
#[derive(Debug)]
pub enum Passage {
    /// These bytes go to the server.
    Pass(Vec<u8>),
    /// The server does not see it; the client gets this. Nothing, where the body is empty.
    Answer(McpReply),
}

/// A decision, for whoever watches.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// `allow`, `escalate`, `deny`; `refuse` for what is no message.
    pub decision: &'a str,
    /// Whether it goes ahead.
    pub permitted: bool,
    /// The tool as policies name it; empty for what is no call.
    pub tool: &'a str,
    /// Stable.
    pub code: &'a str,
    /// One sentence.
    pub reason: &'a str,
    /// The verdict's id, where a daemon recorded it.
    pub verdict_id: Option<&'a str>,
}

impl Gate {
    /// A gate with a policy that says which tools may be seen, and a judge of calls.
    pub fn new(
        session: Session,
        place: Place,
        judge: Judge,
        log: impl Fn(&Told<'_>) + Send + Sync + 'static,
    ) -> Self {
        Self { session: RwLock::new(share(session)), place, judge, log: Box::new(log) }
    }

    /// A message of the client. Whatever goes wrong, the server does not see it.
    pub async fn client(&self, message: &[u8], headers: Headers<'_>) -> Passage {
        let read = lock(&self.session()).read_mcp(self.place.server.as_str(), message, headers);
        match read {
            None => Passage::Answer(fault()),
            Some(McpRequest::Pass(method)) => {
                if method.as_deref() == Some("tools/list") {
                    self.refresh().await;
                }
                Passage::Pass(message.to_vec())
            }
            Some(McpRequest::Call(call)) => self.call(message, headers, call).await,
            Some(McpRequest::Refuse(refused)) => {
                self.refused(&refused.code, &refused.message);
                Passage::Answer(refused.reply)
            }
        }
    }

    async fn call(&self, message: &[u8], headers: Headers<'_>, call: McpCall) -> Passage {
        let tool = call.tool;
        let ruling = match self.describe(&tool, &call.arguments) {
            Ok(bytes) => self.judge.decide(&bytes, &self.session(), self.place.settings.mode).await,
            Err(reason) => Ruling::denied(UNREADABLE_CODE, reason),
        };
        self.tell(&Told {
            decision: word(ruling.decision),
            permitted: ruling.permitted,
            tool: &tool,
            code: &ruling.code,
            reason: &ruling.reason,
            verdict_id: ruling.verdict_id.as_deref(),
        });
        if ruling.permitted {
            return Passage::Pass(call.forward.map_or_else(|| message.to_vec(), String::into_bytes));
        }
        let told = McpTold {
            reason: ruling.reason,
            code: ruling.code,
            verdict_id: ruling.verdict_id,
            policy_digest: ruling.policy_digest,
        };
        let waiting = ruling.waiting.map(|(id, seconds)| McpWaiting { id, seconds });
        let reply = lock(&self.session()).refuse_mcp(message, headers, &told, waiting.as_ref());
        Passage::Answer(reply.unwrap_or_else(fault))
    }

    /// The call as the engine reads it; the error is a sentence.
    fn describe(&self, tool: &str, arguments: &str) -> Result<Vec<u8>, String> {
        let input: Box<RawValue> =
            RawValue::from_string(arguments.to_owned()).map_err(|error| format!("{error}."))?;
        let event = Event {
            tool_name: tool.to_owned(),
            tool_input: input,
            session_id: self.place.session.clone(),
            cwd: None,
            approver: false,
        };
        let ground = Ground {
            workspace: self.place.workspace.as_deref(),
            policy: self.place.policy.as_deref(),
            agent: self.place.agent.as_deref(),
            is_for_daemon: self.judge.is_daemon(),
        };
        hook::call(&mut lock(&self.session()), &event, &self.place.settings, ground)
            .map_err(|error| format!("The call cannot be decided: {error}."))
    }

    /// An answer of the server, of this content type.
    pub fn answer(self: &Arc<Self>, content_type: &str) -> Answer {
        let session = self.session();
        let handle = lock(&session).mcp_answer(
            content_type,
            self.place.server.as_str(),
            // A daemon knows its environment, and we do not: then none hides a tool.
            (!self.judge.is_daemon()).then_some(self.place.settings.environment.as_str()),
            self.place.settings.mode,
        );
        Answer { gate: Arc::clone(self), session, handle }
    }

    /// A newer policy of the daemon, if there is one. Which tools are shown hangs on it, and nothing
    /// that is decided.
    async fn refresh(&self) {
        let Some(newer) = self.judge.newer_policy().await else { return };
        match newer {
            Ok(session) => {
                *self.session.write().unwrap_or_else(PoisonError::into_inner) = share(session);
            }
            Err(error) => self.refused("policy-not-fetched", &error.to_string()),
        }
    }

    /// Something was not passed on that was no call.
    pub(super) fn refused(&self, code: &str, reason: &str) {
        let (decision, permitted, tool, verdict_id) = ("refuse", false, "", None);
        self.tell(&Told { decision, permitted, tool, code, reason, verdict_id });
    }

    fn tell(&self, told: &Told<'_>) {
        (self.log)(told);
    }

    fn session(&self) -> Arc<Mutex<Session>> {
        Arc::clone(&self.session.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn share(session: Session) -> Arc<Mutex<Session>> {
    Arc::new(Mutex::new(session))
}

/// A session whose user panicked has thrown its instance away: it can be used.
fn lock(session: &Mutex<Session>) -> MutexGuard<'_, Session> {
    session.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One answer of the server on its way to the client.
pub struct Answer {
    gate: Arc<Gate>,
    session: Arc<Mutex<Session>>,
    handle: Option<Passing>,
}

impl Answer {
    /// Takes the next bytes and whether they are the last. What comes back may go to the client now.
    ///
    /// # Errors
    ///
    /// Where the answer must end here: why, in one line.
    pub fn push(&mut self, bytes: &[u8], end: bool) -> Result<Vec<u8>, String> {
        let fault = || "engine fault".to_owned();
        let handle = self.handle.as_ref().ok_or_else(fault)?;
        let pushed = lock(&self.session).push(handle, bytes, end);
        match pushed {
            None => {
                self.handle = None;
                Err(fault())
            }
            Some(Err(found)) => Err(found.message),
            Some(Ok(shown)) => {
                if let Some(found) = &shown.replaced {
                    self.gate.refused(&found.code, &found.message);
                }
                Ok(shown.bytes)
            }
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            lock(&self.session).forget(&handle);
        }
    }
}

/// What a client is told when the engine failed: it waits for something, and we do not know its id.
fn fault() -> McpReply {
    let body = r#"{"jsonrpc":"2.0","error":{"code":-32603,"message":"engine fault: the message was not passed on"}}"#;
    McpReply { status: 500, body: body.to_owned() }
}

const fn word(outcome: Outcome) -> &'static str {
    crate::app::record::word(outcome)
}
