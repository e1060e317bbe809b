//! A call's command line as a tree of what would run, for whoever shows it. It is made from the same
//! readings that decide, and decides nothing.

use crate::call::Call;
use crate::command;
pub use crate::command::{CommandNode, Relation};
use crate::decide::command_line;
use crate::policy::Policy;

/// What a command line would run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// The command line, which parts of reasons are parts of.
    pub line: String,
    /// Every node behind its parent, each with its depth. `None` where the line cannot be read: the
    /// decision has a reason then that says so.
    pub nodes: Option<Vec<CommandNode>>,
}

/// Outlines the command line of a call. `None` where the call has none.
pub fn outline(policy: &Policy, call: &[u8]) -> Option<Outline> {
    let call = Call::parse(call).ok()?;
    let line = command_line(policy, &call)?;
    Some(Outline { line: line.to_owned(), nodes: command::outline(line) })
}
