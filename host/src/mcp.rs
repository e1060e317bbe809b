//! Between a client of the Model Context Protocol and its server: every call of a tool is decided
//! before the server sees it, and lists lose the tools that may not be called.
//!
//! ```text
//! client ─ message ─▶ Gate::client ─ pass ────────────────────────────▶ server
//!                          │ call ─ Judge::decide ─ permitted ────────▶ server
//!                          └ refused, denied, or asked of a person ──▶ answered in its stead
//! client ◀─ Answer::push ─ the same, without what may not be seen ──── server
//! ```
//!
//! What a message means, which tools may be seen and how a denial is put is the engine's to say. Here
//! are two ways for bytes to travel: [`stdio`], in front of a program, and [`http`], in front of an
//! address. Nothing is passed on that the engine has not read whole.

mod daemon;
mod gate;
pub mod http;
mod judge;
pub mod stdio;

pub use daemon::{Daemon, DaemonError};
pub use gate::{Answer, Gate, Headers, Passage, Told};
pub use judge::Judge;

use std::path::PathBuf;

use thiserror::Error;

use crate::settings::Settings;

/// Characters of the name of a server.
const SERVER_CHARS_MAX: usize = 64;

/// Whose calls these are, and where they would run.
#[derive(Clone, Debug)]
pub struct Place {
    /// The name of the server, as part of the names of its tools.
    pub server: ServerName,
    /// Who calls; without one it is whom the policy governs.
    pub agent: Option<String>,
    /// A session that the daemon minted.
    pub session: Option<String>,
    /// The directory that relative patterns speak of.
    pub workspace: Option<PathBuf>,
    /// The policy file, which no tool may write.
    pub policy: Option<PathBuf>,
    /// What the environment says.
    pub settings: Settings,
}

/// The name of a server, such that `mcp__NAME__TOOL` has one reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerName(String);

/// A name that would make the names of tools ambiguous.
#[derive(Debug, Error)]
#[error(
    "a server's name has letters, digits, `-`, `.` and single `_` inside, {SERVER_CHARS_MAX} at most: try `files`"
)]
pub struct ServerNameError;

impl ServerName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for ServerName {
    type Err = ServerNameError;

    fn from_str(name: &str) -> Result<Self, ServerNameError> {
        let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let is_name = (1..=SERVER_CHARS_MAX).contains(&name.len())
            && name.bytes().all(is_good)
            && !name.contains("__")
            && !name.starts_with('_')
            && !name.ends_with('_');
        if is_name { Ok(Self(name.to_owned())) } else { Err(ServerNameError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_belongs_to_one_server() {
        for good in ["files", "my-server", "a.b_c", "A1"] {
            assert_eq!(good.parse::<ServerName>().unwrap().as_str(), good);
        }
        // With these, `mcp__a__b__c` would be the tool of two servers.
        for wrong in ["", "a__b", "_a", "a_", "a b", "ä", "a/b", &"a".repeat(65)] {
            assert!(wrong.parse::<ServerName>().is_err(), "{wrong}");
        }
    }
}
