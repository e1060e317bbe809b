//! The meters of a policy, compiled: what each one counts, for which calls, and up to where.
//!
//! Nothing here knows what a meter stands at.

use crate::call::Call;
use crate::decision::{Digest, Layer, Outcome, Rule};
use crate::effect::{Debit, Scope, Unit, Window};
use crate::limits::METER_KEY_BYTES_MAX;
use crate::url::Url;

/// An entry of `budgets` or `rateLimits`.
#[derive(Debug)]
pub(crate) struct Meter {
    /// Name on the wire, `budgets/<name>`.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) unit: Unit,
    /// `None`: each call on its own, which needs no meter.
    pub(crate) span: Option<(Scope, Window)>,
    pub(crate) by: By,
    pub(crate) limit: u64,
    /// What becomes of a call that it does not cover.
    pub(crate) exceeded: Outcome,
    /// `None`: every tool.
    pub(crate) tools: Option<Vec<ToolPattern>>,
    /// The author's own name of it, and where it stands.
    pub(crate) rule: Rule,
}

/// What a meter is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `budgets`
    Budget,
    /// `rateLimits`, apart from denials: what goes ahead is counted.
    Rate,
    /// `rateLimits.maxDenialsPerMinute`: what is denied is counted.
    Denials,
}

/// What a meter is kept apart by, beside its scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Agent,
    Action,
    Endpoint,
    Payee,
}

impl By {
    /// The word used in documents.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Action => "action",
            Self::Endpoint => "endpoint",
            Self::Payee => "payee",
        }
    }

    /// What the call says of it. The error is the reason's code and what is missing.
    pub(crate) fn key(self, call: &Call<'_>) -> Result<String, (&'static str, &'static str)> {
        match self {
            Self::Agent => Ok(String::new()),
            Self::Action => Ok(key(&call.tool_name)),
            Self::Endpoint => {
                let endpoint = call.endpoint.as_deref().ok_or(("endpoint-missing", "endpoint"))?;
                // Spellings of one URL share a meter, and so do its users.
                Ok(Url::parse(endpoint).map_or_else(|| key(endpoint), |url| key(url.as_str())))
            }
            Self::Payee => call.payee.as_deref().map(key).ok_or(("payee-missing", "payee")),
        }
    }
}

/// Whether a list of tools, or its absence, speaks of this tool.
pub(crate) fn concerns(tools: Option<&[ToolPattern]>, tool: &str) -> bool {
    // A name that nobody could mean is everybody's: that it is long must not make it free.
    tools.is_none_or(|tools| {
        tool.len() > METER_KEY_BYTES_MAX || tools.iter().any(|pattern| pattern.matches(tool))
    })
}

/// A text as a key of whoever keeps the meters: long ones become digests.
pub(crate) fn key(text: &str) -> String {
    if text.len() <= METER_KEY_BYTES_MAX { text.to_owned() } else { Digest::of(text.as_bytes()).to_string() }
}

impl Meter {
    /// The part of the policy that it belongs to.
    pub(crate) const fn layer(&self) -> Layer {
        match self.kind {
            Kind::Budget => Layer::Budget,
            Kind::Rate | Kind::Denials => Layer::RateLimit,
        }
    }

    /// What it is called in messages.
    pub(crate) fn title(&self) -> String {
        let what = match self.kind {
            Kind::Budget => "Budget",
            Kind::Rate | Kind::Denials => "Rate limit",
        };
        format!("{what} \"{}\"", self.rule.pattern)
    }

    /// Whether it speaks of this tool.
    pub(crate) fn concerns(&self, tool: &str) -> bool {
        concerns(self.tools.as_deref(), tool)
    }

    /// The charge of a call, where a meter is needed.
    pub(crate) fn debit(&self, key: String, amount: u64) -> Option<Debit> {
        let (scope, window) = self.span?;
        Some(Debit {
            meter: self.name.clone().into(),
            unit: self.unit,
            scope,
            key,
            window,
            amount,
            limit: self.limit,
            held: matches!(self.unit, Unit::UsdMicros | Unit::Tokens),
        })
    }
}

/// The name of a tool, in which `*` stands for any text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ToolPattern(String);

impl ToolPattern {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the whole name matches. Each piece is looked for once, so it takes linear time.
    pub(crate) fn matches(&self, name: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else { return self.0 == name };
        let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
        let Some(name) = name.strip_prefix(first).and_then(|name| name.strip_suffix(last)) else {
            return false;
        };
        let mut left = name;
        for piece in middle.split('*') {
            let Some((_, after)) = left.split_once(piece) else { return false };
            left = after;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_in_the_name_of_a_tool_is_any_text() {
        let check = |pattern: &str, name: &str, expect: bool| {
            assert_eq!(ToolPattern::new(pattern).matches(name), expect, "{pattern} {name}");
        };
        for (pattern, name) in [
            ("pay", "pay"),
            ("*", ""),
            ("*", "pay"),
            ("pay*", "pay"),
            ("*pay", "prepay"),
            ("mcp__*__pay", "mcp__x__pay"),
            ("a*b*c", "abc"),
            ("a*b*c", "a-b-b-c"),
            ("a**c", "ac"),
            ("*a*b*", "xaxbx"),
        ] {
            check(pattern, name, true);
        }
        for (pattern, name) in [
            ("pay", "Pay"),
            ("pay", "pay "),
            ("pay*", "repay"),
            ("a*a", "a"),
            ("ab*bc", "abc"),
            ("a*b*c", "acb"),
            ("a*b*b*c", "abc"),
            ("", "a"),
        ] {
            check(pattern, name, false);
        }
    }
}
