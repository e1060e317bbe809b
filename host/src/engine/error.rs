//! Why there is no policy to ask. A call that has one is always answered, so there are no
//! errors of deciding.

use std::io;

use thiserror::Error;

use super::Diagnostic;

/// The engine cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The runtime did not start.
    #[error(
        "the wasm runtime did not start: raise the address space limit (`ulimit -v`) of this process ({reason})"
    )]
    Start {
        /// What wasmtime said.
        reason: String,
    },
    /// The component was not accepted.
    #[error("the policy component was not accepted: reinstall sentinel ({reason})")]
    Load {
        /// What wasmtime said.
        reason: String,
    },
    /// The clock that stops guests did not start.
    #[error("the thread that bounds decisions did not start: raise the limit on threads (`ulimit -u`)")]
    Ticker(#[source] io::Error),
    /// The engine trapped or ran past its deadline, with no call to deny.
    #[error("engine fault: please report it with the policy that caused it ({reason})")]
    Fault {
        /// What wasmtime said.
        reason: String,
    },
}

impl EngineError {
    pub(super) fn start(error: wasmtime::Error) -> Self {
        Self::Start { reason: sentence(error) }
    }

    pub(super) fn load(error: wasmtime::Error) -> Self {
        Self::Load { reason: sentence(error) }
    }

    pub(super) fn fault(error: wasmtime::Error) -> Self {
        Self::Fault { reason: sentence(error) }
    }
}

/// One line: wasmtime's messages can hold a backtrace of the guest.
#[expect(clippy::needless_pass_by_value, reason = "used as a function of `map_err`")]
fn sentence(error: wasmtime::Error) -> String {
    let causes: Vec<_> =
        error.chain().map(|cause| cause.to_string().lines().collect::<Vec<_>>().join(" ")).collect();
    causes.join(": ")
}

/// A policy document could not be loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The document is refused, for these reasons.
    #[error("the policy is refused: {}", summary(.0))]
    Refused(Vec<Diagnostic>),
    /// The engine failed on it.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// The first error and how many there are: for places with a single line to say it.
fn summary(findings: &[Diagnostic]) -> String {
    let mut errors = findings.iter().filter(|finding| finding.severity == super::Severity::Error);
    match (errors.next(), errors.count()) {
        (Some(first), 0) => format!("{}:{}: {}", first.line, first.column, first.message),
        (Some(first), more) => {
            format!("{}:{}: {} (and {more} more)", first.line, first.column, first.message)
        }
        (None, _) => "no reason was given".to_owned(),
    }
}
