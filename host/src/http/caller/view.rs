//! What somebody may see: everything, or what is about one agent.

use super::super::problem::{Code, Problem};
use crate::auth::principal::is_agent_id;

/// What somebody may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum View {
    /// All of it.
    Everything,
    /// What is about one agent.
    Agent(String),
}

impl View {
    /// Whether what belongs to an agent is in it. What belongs to no agent is everybody's who sees
    /// everything.
    pub(in super::super) fn shows(&self, agent: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Agent(own) => own == agent,
        }
    }

    /// Refuses what belongs to an agent outside of it.
    pub(in super::super) fn check(&self, agent: &str) -> Result<(), Problem> {
        if self.shows(agent) {
            Ok(())
        } else {
            Err(Problem::new(Code::ForeignAgent, "this is not about your agent"))
        }
    }

    /// The agent to look for, given the one that was asked for.
    pub(in super::super) fn narrow(&self, asked: Option<&str>) -> Result<Option<String>, Problem> {
        match (self, asked) {
            (_, Some(asked)) if !is_agent_id(asked) => {
                Err(Problem::bad_request(format!("`{}` is no agent", super::super::answer::shown(asked))))
            }
            (Self::Everything, asked) => Ok(asked.map(str::to_owned)),
            (Self::Agent(own), None) => Ok(Some(own.clone())),
            (Self::Agent(own), Some(asked)) if own == asked => Ok(Some(own.clone())),
            (Self::Agent(_), Some(asked)) => {
                Err(Problem::new(Code::ForeignAgent, format!("this credential is not for agent `{asked}`")))
            }
        }
    }
}
