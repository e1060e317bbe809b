//! Who is asking, and what that one may do.
//!
//! A [`Principal`] says nothing of how it was authenticated. What is not granted is refused:
//! there is no role and no agent by default.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The only tenant, until there are more.
pub const TENANT: &str = "default";

/// Most bytes of a subject. It goes into every record of what somebody did.
pub const SUBJECT_BYTES_MAX: usize = 256;

/// Most characters of an agent's name. It becomes part of file names, URLs and metric labels.
pub const AGENT_CHARS_MAX: usize = 64;

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Ask for decisions, as an agent.
    Evaluate,
    /// Answer escalations.
    Approve,
    /// Read the records.
    Audit,
    /// Everything, for every agent.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Evaluate, Self::Approve, Self::Audit, Self::Admin];

    /// The word used in tokens and on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Evaluate => "evaluate",
            Self::Approve => "approve",
            Self::Audit => "audit",
            Self::Admin => "admin",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Evaluate => 1,
            Self::Approve => 2,
            Self::Audit => 4,
            Self::Admin => 8,
        }
    }
}

/// A word that names no role.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{}` is no role: use evaluate, approve, audit or admin", .0.escape_debug())]
pub struct UnknownRole(String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|role| role.word() == word)
            .ok_or_else(|| UnknownRole(word.chars().take(32).collect()))
    }
}

/// Some roles. It prints as their words with commas between, and reads the same.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct RoleSet(u8);

impl RoleSet {
    /// No role at all.
    pub const NONE: Self = Self(0);

    /// Every role.
    pub const ALL: Self = Self(15);

    /// Whether a role is in the set, by its own name: `admin` does not stand for the others here.
    pub const fn contains(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    /// Whether there is no role in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The roles, in their order.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.contains(*role))
    }
}

impl FromIterator<Role> for RoleSet {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().fold(0, |bits, role| bits | role.bit()))
    }
}

impl fmt::Display for RoleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.iter().map(Role::word).collect();
        f.write_str(&words.join(","))
    }
}

impl fmt::Debug for RoleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl FromStr for RoleSet {
    type Err = UnknownRole;

    fn from_str(words: &str) -> Result<Self, Self::Err> {
        words.split(',').filter(|word| !word.is_empty()).map(str::parse).collect()
    }
}

/// Which agents somebody may act for and look at. It prints as the agent's name, as `*`, or as
/// nothing, and reads the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentScope {
    /// No agent: somebody who is no agent and looks after none.
    None,
    /// This one.
    One(String),
    /// Every agent.
    Any,
}

/// A name that no agent can have.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{}` is no agent: use a letter or digit, then letters, digits, `.`, `_`, `-`, at most 64 characters and no `..`",
    .0.escape_debug()
)]
pub struct BadAgent(String);

impl FromStr for AgentScope {
    type Err = BadAgent;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "" => Ok(Self::None),
            "*" => Ok(Self::Any),
            name if is_agent_id(name) => Ok(Self::One(name.to_owned())),
            _ => Err(BadAgent(text.chars().take(AGENT_CHARS_MAX).collect())),
        }
    }
}

impl fmt::Display for AgentScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::One(name) => f.write_str(name),
            Self::Any => f.write_str("*"),
        }
    }
}

/// Whether a text can name an agent: it can stand in a file name, a URL and a label as it is.
pub fn is_agent_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    text.len() <= AGENT_CHARS_MAX
        && text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
        && text.bytes().all(allowed)
        && !text.contains("..")
}

/// Whether a text can name whoever holds a credential.
pub fn is_subject(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= SUBJECT_BYTES_MAX && !text.chars().any(char::is_control)
}

/// Somebody who was authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    subject: String,
    roles: RoleSet,
    agent: AgentScope,
}

impl Principal {
    /// Somebody with these roles. Whoever calls this has checked who is asking.
    pub fn new(subject: impl Into<String>, roles: RoleSet, agent: AgentScope) -> Self {
        Self { subject: subject.into(), roles, agent }
    }

    /// A name, for the records.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// What was granted, as it was granted.
    pub const fn roles(&self) -> RoleSet {
        self.roles
    }

    /// Which agents it was granted for.
    pub const fn agent(&self) -> &AgentScope {
        &self.agent
    }

    /// Whose installation this is.
    pub const fn tenant(&self) -> &'static str {
        TENANT
    }

    /// Whether this one may do what the role is for. `admin` may do everything.
    pub const fn may(&self, role: Role) -> bool {
        self.roles.contains(role) || self.roles.contains(Role::Admin)
    }

    /// Whether this one may look at what belongs to an agent. It does not replace [`Self::may`].
    pub fn may_see_agent(&self, agent_id: &str) -> bool {
        self.covers(agent_id)
    }

    /// Whether this one may send calls of an agent. It does not replace [`Self::may`].
    pub fn may_act_for(&self, agent_id: &str) -> bool {
        self.covers(agent_id)
    }

    fn covers(&self, agent_id: &str) -> bool {
        match &self.agent {
            AgentScope::Any => true,
            // Names are compared byte for byte: `Alice` is not `alice`.
            AgentScope::One(name) if name == agent_id => true,
            AgentScope::One(_) | AgentScope::None => self.roles.contains(Role::Admin),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(roles: &str, agent: &str) -> Principal {
        Principal::new("somebody", roles.parse().unwrap(), agent.parse().unwrap())
    }

    #[test]
    fn only_granted_roles_and_admin_may() {
        for granted in Role::ALL {
            for wanted in Role::ALL {
                let may = principal(granted.word(), "*").may(wanted);
                assert_eq!(may, granted == wanted || granted == Role::Admin, "{granted:?} {wanted:?}");
            }
        }
        assert!(Role::ALL.into_iter().all(|role| !principal("", "*").may(role)));
    }

    #[test]
    fn an_agent_acts_for_itself_only() {
        for (roles, agent, asked, may) in [
            ("evaluate", "alice", "alice", true),
            ("evaluate", "alice", "bob", false),
            ("evaluate", "alice", "Alice", false),
            ("evaluate", "alice", "", false),
            ("evaluate", "alice", "*", false),
            ("evaluate", "", "alice", false),
            ("evaluate,approve,audit", "", "alice", false),
            ("evaluate", "*", "bob", true),
            ("admin", "", "bob", true),
            ("admin", "alice", "bob", true),
        ] {
            let principal = principal(roles, agent);
            assert_eq!(principal.may_act_for(asked), may, "{roles} {agent} {asked}");
            assert_eq!(principal.may_see_agent(asked), may, "{roles} {agent} {asked}");
        }
    }

    #[test]
    fn names_that_could_be_paths_are_refused() {
        let long = "a".repeat(AGENT_CHARS_MAX);
        for good in ["a", "A1", "coding-agent.v2_x", long.as_str()] {
            assert!(is_agent_id(good), "{good}");
        }
        let longer = "a".repeat(AGENT_CHARS_MAX + 1);
        for bad in ["", ".a", "-a", "../x", "a..b", "a/b", "a b", "ä", "a\n", "a*", longer.as_str()] {
            assert!(!is_agent_id(bad), "{bad}");
        }
        assert!("a*".parse::<AgentScope>().is_err());
    }

    #[test]
    fn sets_print_as_they_read() {
        for words in ["", "evaluate", "approve,audit", "evaluate,approve,audit,admin"] {
            assert_eq!(words.parse::<RoleSet>().unwrap().to_string(), words);
        }
        assert_eq!("evaluate,approve,audit,admin".parse(), Ok(RoleSet::ALL));
        assert!("evaluate,Admin".parse::<RoleSet>().is_err());
    }
}
