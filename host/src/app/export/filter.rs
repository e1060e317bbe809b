//! Which calls are wanted.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::row::Verdict;
use crate::state::Millis;

/// What somebody has to write where a time is asked for.
pub const TIME_HELP: &str = "write a time as `2026-03-09T10:15:30Z`, or a day as `2026-03-09`";

/// Which calls are wanted. Whatever is empty or `None` asks for nothing.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of one of these agents.
    pub agents: Vec<String>,
    /// With one of these decisions: `allow`, `deny`, `escalate`.
    pub decisions: Vec<String>,
    /// With at least one of these labels.
    pub tags: Vec<String>,
    /// Of the team that the policy names in its metadata.
    pub team: Option<String>,
    /// From here on.
    pub from: Option<Bound>,
    /// Up to here, which is left out.
    pub to: Option<Bound>,
    /// So many at most, the newest.
    pub limit: Option<u64>,
}

/// A place in the ledger, said in one of two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The first entry from this moment on.
    At(Millis),
    /// This entry.
    Index(u64),
}

impl Bound {
    /// Whether an entry is before it.
    pub const fn is_after(self, index: u64, at: Millis) -> bool {
        match self {
            Self::At(own) => at.0 < own.0,
            Self::Index(own) => index < own,
        }
    }
}

impl Filter {
    /// Whether everything from here on backwards is older than what is wanted: time in the ledger
    /// never goes back.
    pub(super) fn is_before(&self, index: u64, at: Millis) -> bool {
        self.from.is_some_and(|from| from.is_after(index, at))
    }

    pub(super) fn wants(&self, index: u64, at: Millis, own: &Verdict) -> bool {
        let is_one = |wanted: &[String], own: &String| wanted.is_empty() || wanted.contains(own);
        self.to.is_none_or(|to| to.is_after(index, at))
            && is_one(&self.agents, &own.agent_id)
            && is_one(&self.decisions, &own.decision)
            && (self.tags.is_empty() || own.tags.iter().any(|tag| self.tags.contains(tag)))
            && self.team.as_ref().is_none_or(|team| own.metadata.get("team") == Some(team))
    }
}

/// A moment: RFC 3339, or a day, which begins at midnight in UTC.
pub fn moment(text: &str) -> Option<Millis> {
    // Other notations of ISO 8601, such as `20260309`, could be something else.
    let is_plain = text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
    let at = match text.len() {
        _ if !is_plain => return None,
        10 => text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp(),
        _ => text.parse::<Timestamp>().ok()?,
    };
    // Entries have milliseconds, so the first one from there on is at the next whole one.
    let rest = i64::from(at.as_nanosecond().rem_euclid(1_000_000) > 0);
    Some(Millis(
        at.as_nanosecond()
            .div_euclid(1_000_000)
            .try_into()
            .ok()
            .and_then(|own: i64| own.checked_add(rest))?,
    ))
}

/// The time of an entry.
pub fn recorded(text: &str) -> Option<Millis> {
    text.parse::<Timestamp>().ok().map(|at| Millis(at.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_two_spellings() {
        for (text, millis) in [
            ("1970-01-01", 0),
            ("1970-01-02", 86_400_000),
            ("1970-01-01T00:00:01Z", 1_000),
            ("1970-01-01T01:00:00+01:00", 0),
            ("1970-01-01T00:00:00.0005Z", 1),
            ("1970-01-01T00:00:00.001Z", 1),
            ("1969-12-31T23:59:59.9995Z", 0),
        ] {
            assert_eq!(moment(text), Some(Millis(millis)), "{text}");
        }
        let wrong =
            ["", "17", "1970", "19700101", "1970-13-01", "1970-01-01T00:00:00", "yesterday", "1970-1-1"];
        for text in wrong {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn the_first_moment_is_in_and_the_last_is_out() {
        let bound = Bound::At(Millis(10));
        assert_eq!([9, 10, 11].map(|at| bound.is_after(0, Millis(at))), [true, false, false]);
        assert_eq!([6, 7, 8].map(|index| Bound::Index(7).is_after(index, Millis(0))), [true, false, false]);
    }
}
