//! What has to be known of a call before the engine reads it: whose it is, and whether it speaks of
//! something that somebody has to remember. Everything else about it is the engine's to read.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::problem::{Code, Problem};

/// Longest id of an agent; the daemon takes no longer one.
const AGENT_BYTES_MAX: usize = 64;

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

/// The call as it is decided here, with the environment that this place is in.
pub(crate) fn placed<'a>(
    body: &'a [u8],
    seen: &Seen<'_>,
    own: Option<&str>,
) -> Result<Cow<'a, [u8]>, Problem> {
    let Some(own) = own else { return Ok(Cow::Borrowed(body)) };
    match &seen.environment {
        Some(named) if named == own => Ok(Cow::Borrowed(body)),
        Some(_) => Err(Problem::bad_request(format!(
            "this place decides for the environment `{own}`: leave `environment` out, or ask where the other one is"
        ))),
        // That is what it means to leave it out.
        None if own == "development" => Ok(Cow::Borrowed(body)),
        None => {
            let start = body.iter().position(|byte| *byte == b'{').map_or(0, |at| at + 1);
            let (before, after) = body.split_at(start.min(body.len()));
            let name = serde_json::Value::from(own);
            let whole = [before, format!("\"environment\":{name},").as_bytes(), after].concat();
            Ok(Cow::Owned(whole))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Seen, is_agent_id, placed};
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
        assert_eq!(*placed(call, &seen, Some("development")).unwrap(), *call);
        assert_eq!(*placed(call, &seen, None).unwrap(), *call);
        let own = br#" {"environment":"production","agentId":"a","toolName":"t"}"#;
        assert_eq!(*placed(call, &seen, Some("production")).unwrap(), *own);
        let named = br#"{"agentId":"a","toolName":"t","environment":"staging"}"#;
        let seen = Seen::read(named).unwrap();
        assert!(placed(named, &seen, Some("production")).is_err());
        assert!(placed(named, &seen, Some("staging")).is_ok());
    }
}
