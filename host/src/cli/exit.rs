//! Exit codes: part of the interface, listed in `--help`.

use std::process::ExitCode;

use sentinel::engine::Outcome;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Allowed, or everything is in order.
    Ok = 0,
    /// An error.
    Error = 1,
    /// The call is denied, or a ledger is not verified.
    Deny = 2,
    /// A person has to decide.
    Escalate = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Allow => Self::Ok,
            Outcome::Escalate => Self::Escalate,
            Outcome::Deny => Self::Deny,
        }
    }
}
