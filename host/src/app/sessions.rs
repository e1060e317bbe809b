//! Sessions: minted here, bound to whoever asked for them, ended or reset.
//!
//! A session is what a risk budget counts by, so nobody brings their own. An agent that names none
//! uses its own, which never ends. Harnesses have names of their own for sessions; such a name
//! leads to a session minted for it, and the agent's daily ceiling bounds all of them together.

use serde::Serialize;

use super::record::{self, json};
use super::{Operation, OperationError, clock};
use crate::state::{EntryKind, Keys, Meter, MeterKey, Millis, NewEntry, Page, Session};

/// Name of the meter that a reset sets to nought.
const RISK_METER: &str = "risk";

/// A session begins.
pub struct Start {
    /// Its id.
    pub id: String,
    /// Whose.
    pub agent: String,
    /// Who asks for it.
    pub subject: String,
    /// The name that a harness has for it.
    pub external: Option<String>,
    /// When it began: later than asked for, where it was there already.
    pub started_at: Millis,
}

/// A session ends.
pub struct End {
    /// Which.
    pub id: String,
    /// Who asks.
    pub subject: String,
    /// Whether that one may end sessions of others.
    pub is_admin: bool,
    /// When.
    pub ended_at: Millis,
}

/// The points of a session are set to nought.
pub struct Reset {
    /// Whose.
    pub agent: String,
    /// Which; without one, the agent's own.
    pub session: Option<String>,
    /// Who resets.
    pub subject: String,
    /// Points that were used.
    pub risk_used: u64,
}

/// What is recorded of a session. Fields in order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionEntry<'a> {
    agent_id: &'a str,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_session: Option<&'a str>,
    id: String,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    risk_used: Option<u64>,
    session_id: Option<&'a str>,
    subject: &'a str,
}

fn append(page: &mut Page, kind: EntryKind, entry: &SessionEntry<'_>) -> Result<(), OperationError> {
    let agent = entry.agent_id.to_owned();
    let entry = SessionEntry {
        at: clock::text(page.now),
        id: record::id(page.next_seq()),
        kind: kind.as_str(),
        ..*entry
    };
    page.append(NewEntry { kind, agent, decision: "", body: json(&entry)? })?;
    Ok(())
}

impl<'a> SessionEntry<'a> {
    const fn new(agent_id: &'a str, session_id: Option<&'a str>, subject: &'a str) -> Self {
        Self {
            agent_id,
            at: String::new(),
            external_session: None,
            id: String::new(),
            kind: "",
            risk_used: None,
            session_id,
            subject,
        }
    }
}

/// A new id: nobody can guess one.
///
/// # Errors
///
/// Where the operating system gives no randomness.
pub fn mint() -> Result<String, OperationError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|_| OperationError::Conflict { why: "no randomness for an id".to_owned() })?;
    Ok(format!("ses_{}", hex::encode(bytes)))
}

/// The id itself if it has the form of ours, else one that no session has. What is asked of a
/// store is never what somebody made up.
pub fn known_form(id: &str) -> &str {
    let is_ours = id.strip_prefix("ses_").is_some_and(|rest| {
        rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    });
    if is_ours { id } else { "ses_malformed" }
}

/// The id of the session that a harness has a name for: always the same for the same agent,
/// subject and name.
pub fn id_for(agent: &str, subject: &str, external: &str) -> String {
    let mut text = String::new();
    for part in [agent, subject, external] {
        text.push_str(&format!("{}:{part}", part.len()));
    }
    let digest = sentinel_ledger::leaf_hash(text.as_bytes()).to_string();
    format!("ses_x{}", digest.get(..31).unwrap_or_default())
}

impl Operation for Start {
    fn keys(&self, _now: Millis, keys: &mut Keys) {
        keys.sessions.insert(self.id.clone());
    }

    fn apply(&mut self, page: &mut Page) -> Result<(), OperationError> {
        if let Some(own) = page.sessions.get(&self.id)? {
            self.started_at = own.started_at;
            return Ok(());
        }
        let entry = SessionEntry {
            external_session: self.external.as_deref(),
            ..SessionEntry::new(&self.agent, Some(&self.id), &self.subject)
        };
        append(page, EntryKind::SessionStart, &entry)?;
        self.started_at = page.now;
        let row = Session {
            agent: self.agent.clone(),
            subject: self.subject.clone(),
            external: self.external.clone(),
            started_at: page.now,
            ended_at: None,
        };
        page.sessions.put(self.id.clone(), row);
        Ok(())
    }
}

impl Operation for End {
    fn keys(&self, _now: Millis, keys: &mut Keys) {
        keys.sessions.insert(known_form(&self.id).to_owned());
    }

    fn apply(&mut self, page: &mut Page) -> Result<(), OperationError> {
        self.id = known_form(&self.id).to_owned();
        let unknown = || OperationError::Unknown { what: "this session".to_owned() };
        let own = page.sessions.get(&self.id)?.ok_or_else(unknown)?.clone();
        if own.subject != self.subject && !self.is_admin {
            return Err(unknown());
        }
        if let Some(ended_at) = own.ended_at {
            self.ended_at = ended_at;
            return Ok(());
        }
        append(page, EntryKind::SessionEnd, &SessionEntry::new(&own.agent, Some(&self.id), &self.subject))?;
        self.ended_at = page.now;
        page.sessions.put(self.id.clone(), Session { ended_at: Some(page.now), ..own });
        Ok(())
    }
}

/// The meter of a session's points.
pub fn risk_meter(agent: &str, session: Option<&str>) -> MeterKey {
    MeterKey::new(agent, RISK_METER, session.unwrap_or_default(), 0, "")
}

impl Operation for Reset {
    fn keys(&self, _now: Millis, keys: &mut Keys) {
        keys.meters.insert(risk_meter(&self.agent, self.session.as_deref()));
        keys.sessions.extend(self.session.as_deref().map(|id| known_form(id).to_owned()));
    }

    fn apply(&mut self, page: &mut Page) -> Result<(), OperationError> {
        if let Some(id) = &mut self.session {
            *id = known_form(id).to_owned();
            let is_of_agent = page.sessions.get(&*id)?.is_some_and(|own| own.agent == self.agent);
            if !is_of_agent {
                return Err(OperationError::Unknown { what: "this session of this agent".to_owned() });
            }
        }
        let key = risk_meter(&self.agent, self.session.as_deref());
        self.risk_used = page.meters.get(&key)?.map_or(0, Meter::total);
        let entry = SessionEntry {
            risk_used: Some(self.risk_used),
            ..SessionEntry::new(&self.agent, self.session.as_deref(), &self.subject)
        };
        append(page, EntryKind::SessionReset, &entry)?;
        page.meters.put(key, Meter::default());
        Ok(())
    }
}
