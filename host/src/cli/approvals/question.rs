//! A question as the daemon tells it. What it does not tell is absent, not guessed.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A question about one call.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Question {
    pub(super) id: String,
    pub(super) status: Status,
    pub(super) agent_id: String,
    pub(super) tool_name: String,
    pub(super) session_id: Option<String>,
    pub(super) requested_by: String,
    pub(super) reason: String,
    pub(super) code: String,
    /// All of them, the one above first; none from a daemon that tells one only.
    #[serde(default)]
    pub(super) reasons: Vec<Reason>,
    #[serde(default)]
    pub(super) more_reasons: u32,
    /// Whether the policy that asked governs still.
    pub(super) governs: Option<bool>,
    #[serde(deserialize_with = "moment")]
    pub(super) asked_at: Timestamp,
    #[serde(deserialize_with = "moment")]
    pub(super) expires_at: Timestamp,
    pub(super) quorum: u32,
    pub(super) approvals: u32,
    #[serde(default)]
    pub(super) approvers: Vec<String>,
    #[serde(default)]
    pub(super) answers: Vec<Said>,
    pub(super) verdict_id: String,
    pub(super) call_digest: String,
    pub(super) policy_digest: String,
    pub(super) value_usd: Option<String>,
    /// Its own bytes: what is approved is what is read.
    pub(super) call: Option<Box<RawValue>>,
    pub(super) context: Option<Surroundings>,
    /// All of it in the daemon's words.
    #[serde(skip, default = "nothing")]
    pub(super) source: Box<RawValue>,
}

/// One reason why a person is asked.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Reason {
    pub(super) message: String,
    pub(super) code: String,
    pub(super) rule: Option<Rule>,
    pub(super) part: Option<Part>,
}

/// The line of the policy.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Rule {
    pub(super) pointer: String,
}

/// What of the call a reason speaks of.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Part {
    pub(super) text: String,
}

/// Where a question stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Pending,
    Approved,
    Denied,
    Used,
    Expired,
    Cancelled,
    /// A word of a newer daemon. Nothing can be answered there.
    #[serde(other)]
    Unknown,
}

/// What somebody said.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Said {
    pub(super) subject: String,
    pub(super) answer: String,
    pub(super) note: Option<String>,
    pub(super) channel: String,
    #[serde(deserialize_with = "moment")]
    pub(super) at: Timestamp,
}

/// What is known beside the call.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Surroundings {
    #[serde(default)]
    pub(super) meters: Vec<Meter>,
    #[serde(default)]
    pub(super) recent: Vec<Recent>,
    pub(super) tool: Option<Totals>,
}

/// A meter that the call would charge.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Meter {
    pub(super) meter: String,
    pub(super) unit: String,
    pub(super) used: String,
    pub(super) amount: String,
    pub(super) limit: Option<String>,
    pub(super) left: Option<String>,
}

/// A decision about the same agent.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Recent {
    pub(super) verdict_id: String,
    pub(super) tool_name: String,
    pub(super) decision: String,
    pub(super) at: String,
}

/// What the agent did with this tool so far.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Totals {
    #[serde(default)]
    pub(super) count: u64,
    #[serde(default)]
    pub(super) errors: u64,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Used => "used",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        })
    }
}

impl Question {
    /// Reads a question, and keeps its words.
    pub(super) fn read(source: Box<RawValue>) -> serde_json::Result<Self> {
        let own: Self = serde_json::from_str(source.get())?;
        Ok(Self { source, ..own })
    }

    /// Whether an answer still counts, at the daemon's time.
    pub(super) fn is_open(&self, now: Timestamp) -> bool {
        self.status == Status::Pending && now < self.expires_at
    }

    /// What the call is worth, for people.
    pub(super) fn value(&self) -> Option<String> {
        self.value_usd.as_deref().map(dollars)
    }

    /// Whether a yes is worth nothing, because another policy governs by now.
    pub(super) fn is_replaced(&self) -> bool {
        self.governs == Some(false)
    }

    /// Whole seconds until nobody can answer any more.
    pub(super) fn seconds_left(&self, now: Timestamp) -> i64 {
        let millis = self.expires_at.as_millisecond().saturating_sub(now.as_millisecond());
        millis.max(0).saturating_add(999) / 1000
    }

    /// Where it stands: the time that is left, or how it ended.
    pub(super) fn standing(&self, now: Timestamp) -> String {
        match self.status {
            Status::Pending if now < self.expires_at => {
                let left = format!("{} left", span(self.seconds_left(now)));
                if self.is_replaced() { format!("{left}, policy replaced") } else { left }
            }
            Status::Pending | Status::Expired => "expired".to_owned(),
            Status::Approved => format!("approved{}", self.last_word()),
            Status::Denied => format!("denied{}", self.last_word()),
            Status::Used => "approved and used".to_owned(),
            Status::Cancelled => "taken back".to_owned(),
            Status::Unknown => "unknown state".to_owned(),
        }
    }

    fn last_word(&self) -> String {
        self.answers.last().map_or(String::new(), |said| format!(" by {}", said.subject))
    }
}

impl Meter {
    /// One line: what is left, and what this call takes.
    pub(super) fn line(&self) -> String {
        let show = |amount: &str| if self.unit == "usd" { dollars(amount) } else { amount.to_owned() };
        let unit = if self.unit == "usd" { String::new() } else { format!(" {}", self.unit) };
        let takes = format!("{}: this call takes {}{unit}", self.meter, show(&self.amount));
        match (&self.left, &self.limit) {
            (Some(left), Some(limit)) => format!("{takes}; left {} of {}", show(left), show(limit)),
            _ => format!("{takes}; used {}, without a limit", show(&self.used)),
        }
    }
}

/// `12.500000` as `$12.50`. Cents stay, and so does everything below them that is not nought.
pub(super) fn dollars(amount: &str) -> String {
    let Some((whole, part)) = amount.split_once('.') else { return format!("${amount}") };
    let part = part.trim_end_matches('0');
    format!("${whole}.{part:0<2}")
}

/// A time span as somebody reads it who has little of it.
pub(super) fn span(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    if seconds < 3600 {
        format!("{minutes}:{:02}", seconds % 60)
    } else if hours < 48 {
        format!("{hours}h {:02}m", minutes % 60)
    } else {
        format!("{}d {:02}h", hours / 24, hours % 24)
    }
}

fn nothing() -> Box<RawValue> {
    RawValue::NULL.to_owned()
}

fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::json;

    /// A question that is open for a minute after [`NOW`].
    pub(in crate::cli::approvals) fn question(id: &str, tool: &str) -> Question {
        let value = json!({
            "id": id, "status": "pending", "agentId": "buyer", "toolName": tool, "requestedBy": "ci",
            "reason": "The policy asks a person about `deploy`.", "code": "approval-required",
            "askedAt": "2030-01-01T00:00:00Z", "expiresAt": "2030-01-01T00:01:00Z", "quorum": 2,
            "approvals": 0, "approvers": [], "answers": [], "verdictId": "main-7",
            "callDigest": "sha256:ca11", "policyDigest": "sha256:b01", "valueUsd": "12.500000",
            "call": { "agentId": "buyer", "toolName": tool, "toolInput": { "to": "production" } },
        });
        Question::read(RawValue::from_string(value.to_string()).unwrap()).unwrap()
    }

    pub(in crate::cli::approvals) const NOW: &str = "2030-01-01T00:00:18Z";

    #[test]
    fn amounts_are_exact() {
        for (amount, shown) in
            [("12.500000", "$12.50"), ("0.000001", "$0.000001"), ("7", "$7"), ("1.000000", "$1.00")]
        {
            assert_eq!(dollars(amount), shown);
        }
    }

    #[test]
    fn time_left_is_short() {
        for (seconds, shown) in
            [(0, "0:00"), (9, "0:09"), (605, "10:05"), (3600, "1h 00m"), (200_000, "2d 07h")]
        {
            assert_eq!(span(seconds), shown);
        }
    }

    #[test]
    fn what_is_over_cannot_be_answered() {
        let mut own = question("apr_1", "deploy");
        assert!(own.is_open(NOW.parse().unwrap()));
        assert_eq!(own.standing(NOW.parse().unwrap()), "0:42 left");
        assert!(!own.is_open("2030-01-01T00:01:00Z".parse().unwrap()));
        own.governs = Some(false);
        assert_eq!(own.standing(NOW.parse().unwrap()), "0:42 left, policy replaced");
        own.status = serde_json::from_str("\"postponed\"").unwrap();
        assert_eq!(own.status, Status::Unknown);
        assert!(!own.is_open(NOW.parse().unwrap()));
    }
}
