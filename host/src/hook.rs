//! Answers coding agents that ask before they call a tool.
//!
//! A harness is an entry of [`HARNESSES`]: how it writes a call, and how it wants its answer.
//! Everything between is the same for all of them:
//!
//! 1. the harness's event becomes an [`Event`],
//! 2. the event becomes a call: links resolved, environment and workspace added,
//! 3. the engine decides it,
//! 4. the verdict becomes an [`Answer`], and the answer the harness's own [`Reply`].
//!
//! Harnesses take a crash, a timeout or bad output for "no opinion" and go ahead. So every
//! error ends as [`Answer::Fail`]: an explicit denial *and* the exit code that blocks
//! (E1).

mod claude_code;
mod codex;
mod decide;
mod gemini_cli;
mod parse;

use std::path::PathBuf;

use serde_json::value::RawValue;
use thiserror::Error;

pub use decide::{Decided, Ground, call, decide};

use crate::paths::PathError;
use crate::settings::Settings;

/// Exit code that every known harness takes as "blocked", if there is text on stderr as well.
pub const EXIT_BLOCK: u8 = 2;

/// One kind of coding agent.
#[derive(Debug)]
pub struct Harness {
    /// Name on the command line.
    pub name: &'static str,
    /// Its event, understood.
    pub read: fn(&[u8]) -> Result<Event, HookError>,
    /// The answer, in its words.
    pub answer: fn(&Answer) -> Reply,
    /// The directory that its session belongs to, if it says so outside of events.
    pub workspace: fn(&Settings) -> Option<PathBuf>,
}

/// Every harness that is known.
pub const HARNESSES: [&Harness; 3] = [&claude_code::HARNESS, &codex::HARNESS, &gemini_cli::HARNESS];

/// A call that a harness asks about.
#[derive(Debug)]
pub struct Event {
    /// The tool, in the harness's own words.
    pub tool_name: String,
    /// What it is called with, byte for byte.
    pub tool_input: Box<RawValue>,
    /// The session.
    pub session_id: Option<String>,
    /// Directory that relative paths start from.
    pub cwd: Option<PathBuf>,
    /// Whether a person can answer an escalation.
    pub approver: bool,
}

/// What a harness is told, before it is put in its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The call may go ahead.
    Allow(String),
    /// The call must not go ahead, for this reason.
    Deny(String),
    /// A person has to be asked, for this reason.
    Ask(String),
    /// No opinion, and what would have been decided if somebody should hear of it.
    Watch(Option<String>),
    /// Something went wrong: the call must not go ahead.
    Fail(String),
}

/// What the process does to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// JSON, one line.
    pub stdout: String,
    /// Text for people, if any.
    pub stderr: Option<String>,
    /// Exit code.
    pub exit_code: u8,
}

impl Reply {
    /// An answer that the harness reads from standard output.
    fn json(value: &serde_json::Value) -> Self {
        Self { stdout: value.to_string(), stderr: None, exit_code: 0 }
    }

    /// The same answer, and the one signal that every harness honours.
    fn blocking(self, reason: &str) -> Self {
        Self { stderr: Some(format!("sentinel: {reason}")), exit_code: EXIT_BLOCK, ..self }
    }
}

/// A hook could not decide.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HookError {
    /// The event is not what the harness documents.
    #[error("the event is not a call of a tool that this hook understands: {reason}")]
    Event {
        /// What is wrong with it.
        reason: String,
    },
    /// A path cannot be resolved.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The directories of the event are not usable.
    #[error("`{}` is not an absolute path: the event's `cwd` and --workspace have to be", path.display())]
    NotAbsolute {
        /// The path.
        path: PathBuf,
    },
    /// The engine did not say which paths it would look at.
    #[error("engine fault")]
    Engine,
    /// The call could not be written.
    #[error("the call could not be written")]
    Call(#[source] std::io::Error),
}

/// The harness of that name.
pub fn harness(name: &str) -> Option<&'static Harness> {
    HARNESSES.into_iter().find(|harness| harness.name == name)
}

#[cfg(test)]
mod tests;
