//! From a harness's event to an answer: the same steps for every harness.

use std::env;
use std::path::{Path, PathBuf};

use super::{Answer, Event, HookError};
use crate::call::Call;
use crate::engine::{Circumstances, FAULT_CODE, Mode, Outcome, Session, Verdict};
use crate::paths;
use crate::settings::{Settings, mode_word};

/// A verdict, and what the harness is told of it.
#[derive(Debug)]
pub struct Decided {
    /// The engine's verdict.
    pub verdict: Verdict,
    /// The answer.
    pub answer: Answer,
}

/// Decides the call of an event.
///
/// `workspace` is the directory that the agent works on; without one it is where the agent
/// runs. `risk_used` is what the session has used before, if somebody keeps count.
///
/// # Errors
///
/// Where the call cannot be described to the engine in full. Callers deny.
pub fn decide(
    session: &mut Session,
    event: &Event,
    settings: &Settings,
    workspace: Option<&Path>,
    risk_used: Option<u64>,
) -> Result<Decided, HookError> {
    let bytes = call_bytes(session.agent_id(), event, settings, workspace)?;
    let circumstances = Circumstances { mode: settings.mode, approver: event.approver, risk_used };
    let verdict = session.evaluate(&bytes, circumstances).verdict;
    Ok(Decided { answer: answer(&verdict, event.approver), verdict })
}

fn call_bytes(
    agent_id: &str,
    event: &Event,
    settings: &Settings,
    workspace: Option<&Path>,
) -> Result<Vec<u8>, HookError> {
    let cwd = match &event.cwd {
        Some(cwd) => cwd.clone(),
        None => env::current_dir().map_err(HookError::Call)?,
    };
    let cwd = real(&cwd)?;
    let workspace = workspace.map_or_else(|| Ok(cwd.clone()), real)?;
    let input = serde_json::from_str(event.tool_input.get())
        .map_err(|error| HookError::Event { reason: error.to_string() })?;
    let home = settings.home.as_deref();
    Call {
        agent_id,
        tool_name: &event.tool_name,
        tool_input: &event.tool_input,
        session_id: event.session_id.as_deref(),
        environment: &settings.environment,
        workspace: Some(&paths::text(&workspace)?),
        home: home.map(paths::text).transpose()?.as_deref(),
        cwd: Some(&paths::text(&cwd)?),
        resolved_paths: paths::resolve_input(&input, &cwd, home)?,
    }
    .to_bytes()
    .map_err(HookError::Call)
}

fn real(path: &Path) -> Result<PathBuf, HookError> {
    if !path.is_absolute() {
        return Err(HookError::NotAbsolute { path: path.to_owned() });
    }
    Ok(paths::resolve(path)?)
}

/// Puts a verdict as a harness understands it. Where nobody can answer an escalation it is a
/// denial; the engine knows that too, and its reason says so.
fn answer(verdict: &Verdict, approver: bool) -> Answer {
    let reason = verdict.reason.clone();
    if verdict.code == FAULT_CODE {
        return Answer::Fail(reason);
    }
    if !verdict.enforced {
        return Answer::Watch(note(verdict));
    }
    match verdict.decision {
        Outcome::Allow => Answer::Allow(reason),
        Outcome::Escalate if approver => Answer::Ask(reason),
        Outcome::Escalate | Outcome::Deny => Answer::Deny(reason),
    }
}

/// `audit` and `dry-run` say what would have been held back; `shadow` is silent.
fn note(verdict: &Verdict) -> Option<String> {
    let word = match verdict.decision {
        Outcome::Allow => return None,
        Outcome::Deny => "denied",
        Outcome::Escalate => "escalated",
    };
    match verdict.mode {
        Mode::Enforce | Mode::Audit | Mode::DryRun => {
            let mode = mode_word(verdict.mode);
            Some(format!("sentinel ({mode}): this call would have been {word}. {}", verdict.reason))
        }
        Mode::Shadow => None,
    }
}
