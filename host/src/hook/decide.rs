//! From a harness's event to an answer: the same steps for every harness.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use super::{Answer, Event, HookError};
use crate::call::Call;
use crate::engine::{
    Approval, Circumstances, Effect, EffectOutcome, FAULT_CODE, Mode, Outcome, Session, Verdict,
};
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

/// What is known about where an event comes from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ground<'a> {
    /// The directory that the agent works on; without one it is where the agent runs.
    pub workspace: Option<&'a Path>,
    /// The policy file, which the agent must not write.
    pub policy: Option<&'a Path>,
    /// Who calls; without one it is whom the policy governs.
    pub agent: Option<&'a str>,
    /// Whether a daemon decides, which knows the environment itself.
    pub is_for_daemon: bool,
}

/// Decides the call of an event.
///
/// 1. The engine says which paths it would look at.
/// 2. Links in them are resolved here, where there is a disk.
/// 3. The engine decides both spellings, and `settle` answers what it asks of meters.
///
/// # Errors
///
/// Where the call cannot be described to the engine in full. Callers deny.
pub fn decide(
    session: &mut Session,
    event: &Event,
    settings: &Settings,
    ground: Ground<'_>,
    settle: impl FnOnce(&[Effect]) -> Vec<EffectOutcome>,
) -> Result<Decided, HookError> {
    let bytes = call(session, event, settings, ground)?;
    let circumstances = Circumstances {
        mode: settings.mode,
        approval: Approval::before_asking(event.approver),
        // Nothing that is remembered here has a time.
        now: Some(0),
    };
    let verdict = session.evaluate(&bytes, circumstances, settle);
    Ok(Decided { answer: answer(&verdict, event.approver), verdict })
}

/// The call of an event as the engine reads it, with links resolved.
///
/// # Errors
///
/// Where it cannot be described in full. Callers deny.
pub fn call(
    session: &mut Session,
    event: &Event,
    settings: &Settings,
    ground: Ground<'_>,
) -> Result<Vec<u8>, HookError> {
    let cwd = match &event.cwd {
        Some(cwd) => cwd.clone(),
        None => env::current_dir().map_err(HookError::Call)?,
    };
    let cwd = real(&cwd)?;
    let workspace = ground.workspace.map_or_else(|| Ok(cwd.clone()), real)?;
    let home = settings.home.as_deref();
    let agent_id = ground.agent.unwrap_or(session.agent_id()).to_owned();
    let protected = protected(ground.policy)?;
    let home_text = home.map(paths::text).transpose()?;
    let (workspace_text, cwd_text) = (paths::text(&workspace)?, paths::text(&cwd)?);
    let mut call = Call {
        agent_id: &agent_id,
        tool_name: &event.tool_name,
        tool_input: &event.tool_input,
        session_id: event.session_id.as_deref(),
        environment: (!ground.is_for_daemon).then_some(settings.environment.as_str()),
        workspace: Some(&workspace_text),
        home: home_text.as_deref(),
        cwd: Some(&cwd_text),
        resolved_paths: BTreeMap::new(),
        protected_paths: &protected,
    };
    let given = session.paths(&call.to_bytes().map_err(HookError::Call)?).ok_or(HookError::Engine)?;
    call.resolved_paths = paths::resolve_all(&given, &cwd, home)?;
    call.to_bytes().map_err(HookError::Call)
}

/// The policy file and this binary, as they are spelled and where they really are.
fn protected(policy: Option<&Path>) -> Result<Vec<String>, HookError> {
    let mut found = Vec::new();
    for path in policy.map(Path::to_owned).into_iter().chain(env::current_exe().ok()) {
        let path = std::path::absolute(path).map_err(HookError::Call)?;
        let real = paths::resolve(&path)?;
        for path in [path, real] {
            let text = paths::text(&path)?;
            if !text.split('/').any(|segment| segment == "..") && !found.contains(&text) {
                found.push(text);
            }
        }
    }
    Ok(found)
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
