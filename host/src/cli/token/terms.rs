//! What a credential is good for, as it is said on the command line.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use sentinel::auth::principal::is_subject;
use sentinel::auth::{AgentScope, Role, RoleSet};

/// Who may do what, for which agent.
#[derive(Debug, clap::Args)]
pub(super) struct Terms {
    /// What the holder may do: evaluate, approve, audit or admin; several with commas between
    #[arg(long = "role", value_name = "ROLE", required = true, value_delimiter = ',')]
    roles: Vec<Role>,
    /// Which agent the holder may act for and look at; `*` for every agent
    #[arg(long, value_name = "AGENT")]
    agent: Option<AgentScope>,
    /// Who holds it, for the records [default: the agent]
    #[arg(long, value_name = "NAME")]
    subject: Option<String>,
}

/// The same, checked.
pub(super) struct Grant {
    pub(super) subject: String,
    pub(super) roles: RoleSet,
    pub(super) agent: AgentScope,
}

impl Terms {
    pub(super) fn grant(self) -> anyhow::Result<Grant> {
        let roles: RoleSet = self.roles.into_iter().collect();
        let agent = self.agent.unwrap_or(AgentScope::None);
        if roles.contains(Role::Evaluate) && agent == AgentScope::None && !roles.contains(Role::Admin) {
            bail!("the role `evaluate` needs an agent to act for: give --agent NAME, or --agent '*' for all");
        }
        let subject = match (self.subject, &agent) {
            (Some(subject), _) => subject,
            (None, AgentScope::One(name)) => name.clone(),
            (None, AgentScope::None | AgentScope::Any) => bail!("say who holds it: give --subject NAME"),
        };
        if !is_subject(&subject) {
            bail!(
                "`{}` is no subject: use up to 256 bytes without control characters",
                subject.escape_debug()
            );
        }
        Ok(Grant { subject, roles, agent })
    }
}

/// The agents of a scope in words.
pub(super) fn agents_word(agent: &AgentScope) -> String {
    match agent {
        AgentScope::None => "none".to_owned(),
        AgentScope::One(name) => name.clone(),
        AgentScope::Any => "every agent".to_owned(),
    }
}

/// The agents of a scope for programs: a name, `*`, or null.
pub(super) fn agent_json(agent: &AgentScope) -> Option<String> {
    (*agent != AgentScope::None).then(|| agent.to_string())
}

/// A length of time: a number and `s`, `m`, `h` or `d`.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let usage = || "use a number and a unit, for example 15m, 24h or 90d".to_owned();
    let (number, unit) =
        text.char_indices().next_back().map(|(last, _)| text.split_at(last)).ok_or_else(usage)?;
    let seconds: u64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(usage()),
    };
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit());
    let count: u64 = number.parse().ok().filter(|count| is_plain && *count > 0).ok_or_else(usage)?;
    count.checked_mul(seconds).map(Duration::from_secs).ok_or_else(usage)
}

/// Seconds since 1970.
pub(super) fn now() -> anyhow::Result<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970: set it")?;
    Ok(since.as_secs())
}

/// A moment for people and programs, RFC 3339 in UTC.
pub(super) fn moment(unix: u64) -> String {
    i64::try_from(unix)
        .ok()
        .and_then(|unix| jiff::Timestamp::from_second(unix).ok())
        .map_or_else(|| format!("{unix} seconds after 1970"), |moment| moment.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, seconds) in [("1s", 1), ("15m", 900), ("24h", 86_400), ("90d", 7_776_000)] {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for bad in
            ["", "h", "0h", "24", "-1h", "+1h", "1.5h", "1w", "1 h", "24H", "99999999999999999999d", "9ä"]
        {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn moments() {
        assert_eq!(moment(1_896_091_200), "2030-01-31T12:00:00Z");
        assert!(moment(u64::MAX).contains("seconds"));
    }
}
