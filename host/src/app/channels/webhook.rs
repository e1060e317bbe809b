//! A service that is told of questions, in one of three formats; with two of them it is asked for
//! the answer. Pure: it makes requests and reads answers, and sends nothing. The words of other
//! systems are in `bodies`.

mod bodies;

use std::borrow::Cow;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;

use super::message::{Message, event};
use super::signature;
use super::target::{Reply, SendError};
use crate::config::{Webhook, WebhookFormat};
use crate::state::Millis;

const SOE_SIGNATURE: HeaderName = HeaderName::from_static("x-soe-signature");
const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const SENTINEL_TOKEN: HeaderName = HeaderName::from_static("x-sentinel-token");
const SENTINEL_ACTION_ID: HeaderName = HeaderName::from_static("x-sentinel-action-id");

/// Characters of an id that a service may give us: it becomes a part of a path.
const REFERENCE_CHARS_MAX: usize = 128;

/// What is to be sent.
pub(super) struct Outgoing {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// What a service says of a question.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Polled {
    /// Nobody has answered.
    Waiting,
    /// Somebody has.
    Answered { is_yes: bool, by: Option<String>, note: Option<String> },
    /// Nobody will.
    Ended,
}

/// How often an answer is asked for; `None` where none comes this way.
pub(super) const fn poll_every(format: WebhookFormat) -> Option<Duration> {
    match format {
        WebhookFormat::Sentinel => None,
        WebhookFormat::AgenticSentinel => Some(Duration::from_secs(2)),
        WebhookFormat::AgentSentinel => Some(Duration::from_secs(5)),
    }
}

/// Whether the service gives a question a name of its own.
pub(super) const fn gives_reference(format: WebhookFormat) -> bool {
    match format {
        WebhookFormat::Sentinel | WebhookFormat::AgenticSentinel => false,
        WebhookFormat::AgentSentinel => true,
    }
}

/// Makes the message about a question.
pub(super) fn request(own: &Webhook, message: &Message, now: Millis) -> Result<Outgoing, SendError> {
    let broken = |_| SendError::NotUnderstood("the message could not be written");
    let body = match own.format {
        WebhookFormat::Sentinel => event(message, now),
        WebhookFormat::AgenticSentinel => serde_json::to_vec(&bodies::agentic(message)),
        WebhookFormat::AgentSentinel => serde_json::to_vec(&bodies::agent(message)),
    }
    .map_err(broken)?;
    let mut headers = credentials(own, &message.seen.id)?;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(secret) = &own.secret {
        let (id, seconds) = (message.event_id(), now.seconds());
        let standard = signature::standard(secret.expose(), &id, seconds, &body);
        headers.insert(SOE_SIGNATURE, value(&signature::soe(secret.expose(), seconds, &body))?);
        headers.insert(WEBHOOK_ID, value(&id)?);
        headers.insert(WEBHOOK_TIMESTAMP, value(&seconds.to_string())?);
        headers.insert(WEBHOOK_SIGNATURE, value(&standard)?);
    }
    Ok(Outgoing { headers, body })
}

/// What the service knows us and the question by.
pub(super) fn credentials(own: &Webhook, id: &str) -> Result<HeaderMap, SendError> {
    let mut headers = HeaderMap::new();
    let mut put = |name: HeaderName, text: &str| {
        let mut value = value(text)?;
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok::<_, SendError>(())
    };
    match (own.format, &own.token) {
        (WebhookFormat::AgenticSentinel, Some(token)) => put(SENTINEL_TOKEN, token.expose())?,
        (WebhookFormat::AgentSentinel, Some(token)) => {
            put(AUTHORIZATION, &format!("Bearer {}", token.expose()))?;
        }
        (WebhookFormat::Sentinel | WebhookFormat::AgenticSentinel | WebhookFormat::AgentSentinel, _) => {}
    }
    if own.format == WebhookFormat::AgenticSentinel {
        headers.insert(SENTINEL_ACTION_ID, value(id)?);
    }
    Ok(headers)
}

fn value(text: &str) -> Result<HeaderValue, SendError> {
    HeaderValue::from_str(text).map_err(|_| SendError::NotUnderstood("a header could not be written"))
}

/// What the service calls the question, where it has a name of its own; an error where it did not
/// take it.
pub(super) fn accepted(format: WebhookFormat, reply: &Reply) -> Result<Option<String>, SendError> {
    let status = reply.status;
    match format {
        WebhookFormat::Sentinel if status.is_success() => Ok(None),
        WebhookFormat::AgenticSentinel if matches!(status.as_u16(), 200..=202) => Ok(None),
        WebhookFormat::AgentSentinel if matches!(status.as_u16(), 200 | 201) => {
            reference(&reply.body).map(Some)
        }
        WebhookFormat::Sentinel | WebhookFormat::AgenticSentinel | WebhookFormat::AgentSentinel => {
            Err(SendError::Status(status))
        }
    }
}

fn reference(body: &[u8]) -> Result<String, SendError> {
    #[derive(Deserialize)]
    struct Created {
        id: Value,
    }
    let refused = || SendError::NotUnderstood("it answered without an id that can be asked for");
    let id = match serde_json::from_slice::<Created>(body).map_err(|_| refused())?.id {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return Err(refused()),
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let is_good = (1..=REFERENCE_CHARS_MAX).contains(&id.len()) && id.chars().all(is_plain);
    if is_good { Ok(id) } else { Err(refused()) }
}

/// Where the answer is asked for.
pub(super) fn status_url(own: &Webhook, id: &str, reference: Option<&str>) -> Option<String> {
    match own.format {
        WebhookFormat::Sentinel => None,
        WebhookFormat::AgenticSentinel => {
            let template = own.status_url.as_deref()?;
            Some(template.replace("{action_id}", id).replace("{id}", id))
        }
        WebhookFormat::AgentSentinel => {
            let mut url = Url::parse(&own.url).ok()?;
            url.path_segments_mut().ok()?.pop_if_empty().extend([reference?, "poll"]);
            Some(url.into())
        }
    }
}

/// What the service says. Whatever is not understood means that nobody has answered.
pub(super) fn polled(format: WebhookFormat, reply: &Reply) -> Polled {
    #[derive(Deserialize)]
    struct Status<'a> {
        #[serde(borrow)]
        status: Cow<'a, str>,
        approved_by: Option<String>,
        decided_by: Option<String>,
        decided_by_email: Option<String>,
        reason: Option<String>,
        decision_notes: Option<String>,
    }
    if !reply.status.is_success() {
        return Polled::Waiting;
    }
    let Ok(said) = serde_json::from_slice::<Status<'_>>(&reply.body) else { return Polled::Waiting };
    let (by, note) = match format {
        WebhookFormat::Sentinel | WebhookFormat::AgenticSentinel => {
            (said.approved_by.or(said.decided_by), said.reason)
        }
        WebhookFormat::AgentSentinel => (said.decided_by_email, said.decision_notes),
    };
    let answered = |is_yes| Polled::Answered { is_yes, by, note };
    match (format, &*said.status) {
        (WebhookFormat::AgenticSentinel | WebhookFormat::AgentSentinel, "approved") => answered(true),
        (WebhookFormat::AgenticSentinel, "denied") | (WebhookFormat::AgentSentinel, "rejected") => {
            answered(false)
        }
        (WebhookFormat::AgentSentinel, "expired" | "cancelled") => Polled::Ended,
        (WebhookFormat::Sentinel | WebhookFormat::AgenticSentinel | WebhookFormat::AgentSentinel, _) => {
            Polled::Waiting
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Secret;
    use http::StatusCode;

    fn reply(status: u16, body: &str) -> Reply {
        Reply { status: StatusCode::from_u16(status).unwrap(), body: body.as_bytes().to_vec() }
    }

    fn webhook(url: &str, status_url: Option<&str>, format: WebhookFormat) -> Webhook {
        let token = Some(Secret::new("t"));
        Webhook {
            url: url.to_owned(),
            status_url: status_url.map(str::to_owned),
            format,
            token,
            secret: None,
        }
    }

    fn answered(is_yes: bool, by: &str, note: &str) -> Polled {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Polled::Answered { is_yes, by: text(by), note: text(note) }
    }

    #[test]
    fn answers_are_read_in_the_words_of_their_format() {
        use WebhookFormat::{AgentSentinel, AgenticSentinel, Sentinel};
        for (format, status, body, expect) in [
            (
                AgenticSentinel,
                200,
                r#"{"status":"approved","approved_by":"ann","reason":"ok"}"#,
                answered(true, "ann", "ok"),
            ),
            (
                AgenticSentinel,
                200,
                r#"{"status":"denied","approved_by":null,"decided_by":"bob","x":1}"#,
                answered(false, "bob", ""),
            ),
            (AgenticSentinel, 200, r#"{"status":"approved"}"#, answered(true, "", "")),
            (AgenticSentinel, 200, r#"{"status":"pending"}"#, Polled::Waiting),
            (AgenticSentinel, 200, r#"{"status":"rejected"}"#, Polled::Waiting),
            (AgenticSentinel, 200, r#"{"status":"Approved"}"#, Polled::Waiting),
            (AgenticSentinel, 200, r#"{"status":true}"#, Polled::Waiting),
            (AgenticSentinel, 200, r#"{"status":"approved","approved_by":7}"#, Polled::Waiting),
            (AgenticSentinel, 200, r#"{"status":"denied","status":"approved"}"#, Polled::Waiting),
            (AgenticSentinel, 404, r#"{"status":"approved"}"#, Polled::Waiting),
            (AgenticSentinel, 302, r#"{"status":"approved"}"#, Polled::Waiting),
            (AgenticSentinel, 500, r#"{"status":"approved"}"#, Polled::Waiting),
            (AgenticSentinel, 200, "<html>approved", Polled::Waiting),
            (AgenticSentinel, 200, "", Polled::Waiting),
            (
                AgentSentinel,
                200,
                r#"{"status":"approved","decided_by_email":"a@b.c","decision_notes":"n"}"#,
                answered(true, "a@b.c", "n"),
            ),
            (AgentSentinel, 200, r#"{"status":"rejected","approved_by":"x"}"#, answered(false, "", "")),
            (AgentSentinel, 200, r#"{"status":"denied"}"#, Polled::Waiting),
            (AgentSentinel, 200, r#"{"status":"info_requested"}"#, Polled::Waiting),
            (AgentSentinel, 200, r#"{"status":"expired"}"#, Polled::Ended),
            (AgentSentinel, 200, r#"{"status":"cancelled"}"#, Polled::Ended),
            (Sentinel, 200, r#"{"status":"approved"}"#, Polled::Waiting),
        ] {
            assert_eq!(polled(format, &reply(status, body)), expect, "{format:?} {status} {body}");
        }
    }

    #[test]
    fn who_took_a_question_says_so() {
        use WebhookFormat::{AgentSentinel, AgenticSentinel, Sentinel};
        for (format, status, body, expect) in [
            (Sentinel, 204, "", Some(None)),
            (Sentinel, 302, "", None),
            (Sentinel, 500, "", None),
            (AgenticSentinel, 202, "", Some(None)),
            (AgenticSentinel, 204, "", None),
            (AgentSentinel, 201, r#"{"id":"a-1_B"}"#, Some(Some("a-1_B"))),
            (AgentSentinel, 201, r#"{"id":17}"#, Some(Some("17"))),
            (AgentSentinel, 201, r#"{"id":"../other"}"#, None),
            (AgentSentinel, 201, r#"{"id":"a/b"}"#, None),
            (AgentSentinel, 201, r#"{"id":""}"#, None),
            (AgentSentinel, 201, "{}", None),
            (AgentSentinel, 403, r#"{"id":"a"}"#, None),
        ] {
            let found = accepted(format, &reply(status, body)).ok();
            assert_eq!(found, expect.map(|id| id.map(str::to_owned)), "{format:?} {status} {body}");
        }
    }

    #[test]
    fn the_place_of_an_answer() {
        let url = "https://x.example/api/v1/approvals";
        let own = webhook(url, None, WebhookFormat::AgentSentinel);
        assert_eq!(status_url(&own, "apr_1", Some("7")).unwrap(), format!("{url}/7/poll"));
        let own = webhook(&format!("{url}/"), None, WebhookFormat::AgentSentinel);
        assert_eq!(status_url(&own, "apr_1", Some("7")).unwrap(), format!("{url}/7/poll"));
        assert_eq!(status_url(&own, "apr_1", None), None);
        let own = webhook(
            url,
            Some("https://x.example/approval/{action_id}/status"),
            WebhookFormat::AgenticSentinel,
        );
        assert_eq!(status_url(&own, "apr_1", None).unwrap(), "https://x.example/approval/apr_1/status");
    }
}
