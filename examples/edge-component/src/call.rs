//! What has to be known of a call before the engine reads it: whose it is, and whether it speaks of
//! something that somebody has to remember. Everything else about it is the engine's to read.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::problem::{Code, Problem};

/// Longest id of an agent; the daemon takes no longer one.
const AGENT_BYTES_MAX: usize = 64;

/// Members beside those of a call.
const BESIDE: [&str; 2] = ["approvalId", "idempotencyKey"];

/// A call, seen from the outside.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Seen<'a> {
    #[serde(borrow)]
    pub(crate) agent_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) tool_name: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) environment: Option<Cow<'a, str>>,
    session_id: Option<IgnoredAny>,
    approval_id: Option<IgnoredAny>,
    idempotency_key: Option<IgnoredAny>,
}

impl<'a> Seen<'a> {
    /// Looks at a call.
    pub(crate) fn read(body: &'a [u8]) -> Result<Self, Problem> {
        let seen: Self = serde_json::from_slice(body).map_err(|error| {
            let is_json = serde_json::from_slice::<IgnoredAny>(body).is_ok();
            let code = if is_json { Code::BadRequest } else { Code::BadJson };
            Problem::new(code, format!("the request is not a call: {error}"))
        })?;
        if !is_agent_id(&seen.agent_id) {
            return Err(Problem::bad_request(
                "`agentId` is no agent id: use letters, digits, `.`, `_` and `-`, 64 characters at most",
            ));
        }
        Ok(seen)
    }

    /// Whether it has members that are no part of a call, which the engine does not know.
    fn has_more(&self) -> bool {
        self.approval_id.is_some() || self.idempotency_key.is_some()
    }

    /// Whether it names something that only a daemon knows: a session that it minted, an answer that it
    /// keeps, a request that it answered before.
    pub(crate) fn names_state(&self) -> bool {
        self.session_id.is_some() || self.approval_id.is_some() || self.idempotency_key.is_some()
    }
}

/// Whether a text can name an agent, and so a file.
fn is_agent_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    text.len() <= AGENT_BYTES_MAX
        && text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
        && text.bytes().all(allowed)
        && !text.contains("..")
}

/// A call, as it is decided here and as others are told of it.
#[derive(Debug)]
pub(crate) struct Placed<'a> {
    /// What the engine reads here.
    pub(crate) call: Cow<'a, [u8]>,
    /// With the environment that this place is in, so that a daemon of another one refuses it.
    pub(crate) told: Cow<'a, [u8]>,
}

/// The call with the environment that this place is in.
pub(crate) fn placed<'a>(body: &'a [u8], seen: &Seen<'_>, own: Option<&str>) -> Result<Placed<'a>, Problem> {
    let as_it_came = || Placed { call: Cow::Borrowed(body), told: Cow::Borrowed(body) };
    let Some(own) = own else { return Ok(as_it_came()) };
    match &seen.environment {
        Some(named) if named == own => Ok(as_it_came()),
        Some(_) => Err(Problem::bad_request(format!(
            "this place decides for the environment `{own}`: leave `environment` out, or ask where the other one is"
        ))),
        None => {
            let start = body.iter().position(|byte| *byte == b'{').map_or(0, |at| at + 1);
            let (before, after) = body.split_at(start.min(body.len()));
            let name = serde_json::Value::from(own);
            let told = [before, format!("\"environment\":{name},").as_bytes(), after].concat();
            // To leave it out means `development` to the engine, which digests what it was given.
            let call = if own == "development" { Cow::Borrowed(body) } else { Cow::Owned(told.clone()) };
            Ok(Placed { call, told: Cow::Owned(told) })
        }
    }
}

/// The call without members that the engine does not know. What is left stays as it was sent.
pub(crate) fn bare<'a>(call: &'a [u8], seen: &Seen<'_>) -> Cow<'a, [u8]> {
    if !seen.has_more() {
        return Cow::Borrowed(call);
    }
    // It was read before, so it can be read.
    let members: BTreeMap<String, &RawValue> = serde_json::from_slice(call).unwrap_or_default();
    let wanted = members.iter().filter(|(name, _)| !BESIDE.contains(&name.as_str()));
    let texts: Vec<_> =
        wanted.map(|(name, own)| format!("{}:{own}", serde_json::Value::from(name.as_str()))).collect();
    Cow::Owned(format!("{{{}}}", texts.join(",")).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::{Seen, bare, is_agent_id, placed};
    use crate::problem::Code;

    #[test]
    fn an_id_of_an_agent_names_one_file() {
        for good in ["a", "my-agent", "a.b_c-1"] {
            assert!(is_agent_id(good), "{good}");
        }
        for bad in ["", ".a", "a/b", "a..b", "../a", "a b", "ä", &"a".repeat(65)] {
            assert!(!is_agent_id(bad), "{bad}");
        }
    }

    #[test]
    fn what_is_no_call_is_told_apart() {
        assert_eq!(Seen::read(b"{").unwrap_err().code, Code::BadJson);
        assert_eq!(Seen::read(b"{}").unwrap_err().code, Code::BadRequest);
        assert_eq!(Seen::read(br#"{"agentId":"../x","toolName":"t"}"#).unwrap_err().code, Code::BadRequest);
        let twice = br#"{"agentId":"a","agentId":"b","toolName":"t"}"#;
        assert_eq!(Seen::read(twice).unwrap_err().code, Code::BadRequest);
    }

    #[test]
    fn the_environment_is_that_of_the_place() {
        let call = br#" {"agentId":"a","toolName":"t"}"#;
        let seen = Seen::read(call).unwrap();
        let own = |environment: &str| placed(call, &seen, Some(environment)).unwrap();
        let named = |environment: &str| {
            format!(r#" {{"environment":"{environment}","agentId":"a","toolName":"t"}}"#).into_bytes()
        };
        assert_eq!(*own("development").call, *call, "that is what it means to leave it out");
        assert_eq!(*own("development").told, *named("development"), "and a daemon is told");
        let any = placed(call, &seen, None).unwrap();
        assert_eq!((&*any.call, &*any.told), (&call[..], &call[..]));
        assert_eq!(*own("production").call, *named("production"));
        assert_eq!(*own("production").told, *named("production"));
        let other = br#"{"agentId":"a","toolName":"t","environment":"staging"}"#;
        let seen = Seen::read(other).unwrap();
        assert!(placed(other, &seen, Some("production")).is_err());
        assert!(placed(other, &seen, Some("staging")).is_ok());
    }

    #[test]
    fn what_is_no_part_of_a_call_is_taken_out() {
        let call = br#"{"agentId":"a","idempotencyKey":"k","toolName":"t","toolInput":{"n": 1.10},"approvalId":"x"}"#;
        let seen = Seen::read(call).unwrap();
        let left = r#"{"agentId":"a","toolInput":{"n": 1.10},"toolName":"t"}"#;
        assert_eq!(std::str::from_utf8(&bare(call, &seen)).unwrap(), left);
        let own = br#"{"agentId":"a", "sessionId":"s","toolName":"t"}"#;
        assert_eq!(*bare(own, &Seen::read(own).unwrap()), *own);
    }
}
