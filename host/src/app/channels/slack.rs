//! Messages to a Slack-compatible incoming webhook: blocks with the question, and links that lead
//! to a page which answers. Pure.

use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::links::Link;
use super::message::{Message, visible_up_to};
use super::signature;
use super::target::{Reply, SendError};
use super::webhook::Outgoing;
use crate::app::approvals::words;
use crate::app::clock;
use crate::config::Slack;
use crate::state::Millis;

const SLACK_SIGNATURE: HeaderName = HeaderName::from_static("x-slack-signature");
const SLACK_TIMESTAMP: HeaderName = HeaderName::from_static("x-slack-request-timestamp");

/// Characters of a field. Slack takes 2,000, and one that is escaped may be five.
const FIELD_CHARS_MAX: usize = 300;

/// Characters of the call. Slack takes 3,000 with its fence.
const CALL_CHARS_MAX: usize = 2_400;

/// The most that escaping may add to a text.
const TEXT_CHARS_MAX: usize = 2_900;

/// Characters of the reasons. Slack takes 3,000, and what is missing is said behind them.
const LIST_CHARS_MAX: usize = 2_900;

/// Ends a code span or a fence, wherever it stands.
const FENCE: &[char] = &['`'];

pub(super) fn request(own: &Slack, message: &Message, now: Millis) -> Result<Outgoing, SendError> {
    let body = serde_json::to_vec(&body(own, message))
        .map_err(|_| SendError::NotUnderstood("the message could not be written"))?;
    let seconds = now.seconds();
    let signed = signature::slack(own.signing_secret.expose(), seconds, &body);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, text) in [(SLACK_TIMESTAMP, seconds.to_string()), (SLACK_SIGNATURE, signed)] {
        let value = HeaderValue::from_str(&text)
            .map_err(|_| SendError::NotUnderstood("a header could not be written"))?;
        headers.insert(name, value);
    }
    Ok(Outgoing { headers, body })
}

pub(super) fn accepted(reply: &Reply) -> Result<(), SendError> {
    if reply.status.is_success() { Ok(()) } else { Err(SendError::Status(reply.status)) }
}

fn body(own: &Slack, message: &Message) -> Value {
    let row = message.row();
    let mut fields = vec![
        field("Agent", &row.agent),
        field("Tool", &row.tool),
        field("Answer until", &clock::text(row.ends_at)),
    ];
    fields.extend(message.value().map(|value| field("Cost", &format!("{value} USD"))));
    if row.quorum > 1 {
        fields.push(field("Needs", &format!("{} people", row.quorum)));
    }
    let reasons = words::reasons(row);
    // One is a field as the others are; several have a place of their own, above the call.
    let several = match &*reasons {
        [one] => {
            fields.insert(2, field("Reason", one));
            None
        }
        all => Some(json!({ "type": "section", "text": mrkdwn(&listed(all)) })),
    };
    if !message.seen.governs {
        fields.push(field("Replaced", words::REPLACED));
    }
    let call = fenced(row.call.as_deref().unwrap_or_default());
    let mut blocks = vec![
        json!({ "type": "header", "text": { "type": "plain_text", "text": "Approval needed", "emoji": false } }),
        json!({ "type": "section", "fields": fields }),
    ];
    blocks.extend(several);
    blocks.extend([
        json!({ "type": "section", "text": mrkdwn(&call) }),
        json!({ "type": "actions", "elements": [
            button(own, message, true),
            button(own, message, false),
        ] }),
        json!({ "type": "context", "elements": [mrkdwn(&format!(
            "Each link opens a page that asks once more. Question {}",
            code(&message.seen.id),
        ))] }),
    ]);
    json!({
        "text": format!("Approval needed: agent {} wants to use {}", code(&row.agent), code(&row.tool)),
        "unfurl_links": false,
        "unfurl_media": false,
        "blocks": blocks,
    })
}

fn button(own: &Slack, message: &Message, is_yes: bool) -> Value {
    let link = Link { id: message.seen.id.clone(), is_yes, ends_at: message.row().ends_at };
    let url = format!("{}/approve/{}", own.public_url, link.token(&own.signing_secret));
    let (text, style) = if is_yes { ("Approve…", "primary") } else { ("Deny…", "danger") };
    json!({
        "type": "button",
        "text": { "type": "plain_text", "text": text, "emoji": false },
        "style": style,
        "url": url,
        "action_id": if is_yes { "approve" } else { "deny" },
    })
}

/// Text in which names and addresses become nothing else.
fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text, "verbatim": true })
}

fn field(name: &str, text: &str) -> Value {
    mrkdwn(&format!("*{name}*\n{}", code(text)))
}

/// Every reason on a line of its own, as far as Slack takes them; the page behind the links has all.
fn listed(reasons: &[String]) -> String {
    let mut text = "*Reasons, all of them*".to_owned();
    for (place, own) in reasons.iter().enumerate() {
        let line = format!("\n{}. {}", place + 1, code(own));
        // What says that something is missing has its room.
        if text.chars().count() + line.chars().count() > LIST_CHARS_MAX {
            text.push_str(&format!("\n… and {} more: open a link to read them", reasons.len() - place));
            break;
        }
        text.push_str(&line);
    }
    text
}

/// Somebody's text as a code span: nothing in it means anything.
fn code(text: &str) -> String {
    format!("`{}`", escaped(&visible_up_to(text, FIELD_CHARS_MAX, FENCE)))
}

/// The exact call. What escaping adds is taken from what is shown, until it fits.
fn fenced(call: &str) -> String {
    let mut chars_max = CALL_CHARS_MAX;
    loop {
        let text = escaped(&visible_up_to(call, chars_max, FENCE));
        if text.chars().count() <= TEXT_CHARS_MAX || chars_max == 0 {
            return format!("```{text}```");
        }
        chars_max /= 2;
    }
}

/// The three characters that Slack gives a meaning in every text.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_means_anything() {
        assert_eq!(
            code("a`*b*` <!channel> & <https://x|y>"),
            r"`a\u{60}*b*\u{60} &lt;!channel&gt; &amp; &lt;https://x|y&gt;`"
        );
        assert_eq!(code("a\n> b\u{202e}"), r"`a\n&gt; b\u{202e}`");
    }

    #[test]
    fn every_reason_is_listed_or_counted() {
        let all = |count| (0..count).map(|own| format!("{own} <`{}", "&".repeat(120))).collect::<Vec<_>>();
        let text = listed(&all(2));
        assert!(text.starts_with("*Reasons, all of them*\n1. `0 &lt;\\u{60}&amp;"), "{text}");
        assert!(text.contains("\n2. `1 ") && !text.contains("more"), "{text}");
        let text = listed(&all(40));
        assert!(text.chars().count() <= 3_000, "{}", text.chars().count());
        let lines = text.lines().count() - 2;
        assert!(text.ends_with(&format!("\n… and {} more: open a link to read them", 40 - lines)), "{text}");
    }

    #[test]
    fn a_call_fits_and_says_what_is_missing() {
        assert_eq!(fenced(r#"{"a":1}"#), "```{\"a\":1}```");
        for call in ["x".repeat(64 << 10), "<".repeat(64 << 10), "\u{202e}".repeat(20_000), "&".repeat(2_401)]
        {
            let text = fenced(&call);
            assert!(text.chars().count() <= 3_000, "{}", text.chars().count());
            assert!(text.contains("more characters are not shown]```"), "{text}");
        }
        assert!(fenced(&"y".repeat(CALL_CHARS_MAX)).ends_with("yyy```"));
    }
}
