//! How people hear of questions. Whatever is said half, or would let a question go where it should
//! not, stops the start.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;

use super::super::address::may_be_public;
use super::super::catalog::{self as of, Setting};
use super::super::{Channels, Slack, Webhook, WebhookFormat};
use super::reader::Reader;
use crate::auth::Secret;

/// What a service is sent has a port of its own nowhere.
const PORT: u16 = 443;

/// Least characters of the secret that signs for a webhook.
const WEBHOOK_SECRET_CHARS_MIN: usize = 24;

/// Least characters of the secret that signs messages and links: as many as those of Slack have.
const SIGNING_SECRET_CHARS_MIN: usize = 32;

/// What stands in a template for the id of a question.
const PLACEHOLDERS: [&str; 2] = ["{action_id}", "{id}"];

/// Where people reach this daemon, and how they hear of questions.
pub(super) fn check(reader: &mut Reader, is_open_to_all: bool) -> (Option<String>, Option<Channels>) {
    let allow_private = reader.switch(&of::WEBHOOK_ALLOW_PRIVATE);
    let webhook = webhook(reader, allow_private);
    let public_url = reader.parsed(&of::PUBLIC_URL, |text| public(text, allow_private));
    let slack = slack(reader, allow_private, is_open_to_all, public_url.clone());
    let is_any = reader.is_set(&of::APPROVAL_WEBHOOK_URL) || reader.is_set(&of::SLACK_WEBHOOK_URL);
    if allow_private {
        let name = reader.name(&of::WEBHOOK_ALLOW_PRIVATE);
        if is_any {
            reader
                .warnings
                .push(format!("{name} is true: questions may go to private addresses, and unencrypted"));
        } else {
            reader.contradiction(format!("{name} is true, but nothing is told of questions: unset it"));
        }
    }
    let channels =
        (webhook.is_some() || slack.is_some()).then_some(Channels { webhook, slack, allow_private });
    (public_url, channels)
}

fn webhook(reader: &mut Reader, allow_private: bool) -> Option<Webhook> {
    let formats = [
        ("sentinel", WebhookFormat::Sentinel),
        ("agentic-sentinel", WebhookFormat::AgenticSentinel),
        ("agent-sentinel", WebhookFormat::AgentSentinel),
    ];
    let format = reader.word(&of::APPROVAL_WEBHOOK_FORMAT, &formats);
    let url = reader.parsed(&of::APPROVAL_WEBHOOK_URL, |text| target(text, allow_private));
    let status_url = reader.parsed(&of::APPROVAL_WEBHOOK_STATUS_URL, |text| template(text, allow_private));
    let token = token(reader);
    let secret = webhook_secret(reader);
    if !reader.is_set(&of::APPROVAL_WEBHOOK_URL) {
        let others = [
            &of::APPROVAL_WEBHOOK_FORMAT,
            &of::APPROVAL_WEBHOOK_STATUS_URL,
            &of::APPROVAL_WEBHOOK_TOKEN,
            &of::APPROVAL_WEBHOOK_SECRET,
        ];
        refuse_alone(reader, &others, &of::APPROVAL_WEBHOOK_URL);
        return None;
    }
    let format = format?;
    let (has_status, has_token) =
        (reader.is_set(&of::APPROVAL_WEBHOOK_STATUS_URL), reader.is_set(&of::APPROVAL_WEBHOOK_TOKEN));
    let (status_name, token_name) =
        (reader.name(&of::APPROVAL_WEBHOOK_STATUS_URL), reader.name(&of::APPROVAL_WEBHOOK_TOKEN));
    match format {
        WebhookFormat::Sentinel => {
            if has_status {
                reader.contradiction(format!(
                    "{status_name} is set, but with the format `sentinel` answers come over the API: unset it"
                ));
            }
            if has_token {
                reader.contradiction(format!(
                    "{token_name} is set, but the format `sentinel` has none: use SENTINEL_APPROVAL_WEBHOOK_SECRET"
                ));
            }
        }
        WebhookFormat::AgenticSentinel => {
            if !has_status {
                reader.contradiction(format!(
                    "the format `agentic-sentinel` needs {status_name}: answers are asked for there"
                ));
            }
        }
        WebhookFormat::AgentSentinel => {
            if has_status {
                reader.contradiction(format!(
                    "{status_name} is set, but the format `agent-sentinel` asks below its own URL: unset it"
                ));
            }
            if !has_token {
                reader.contradiction(format!("the format `agent-sentinel` needs {token_name}"));
            }
            if url.as_deref().is_some_and(|url| url.contains('?')) {
                reader.refuse(&of::APPROVAL_WEBHOOK_URL, "with the format `agent-sentinel` it has no query");
            }
        }
    }
    Some(Webhook { url: url?, status_url, format, token, secret })
}

fn slack(
    reader: &mut Reader,
    allow_private: bool,
    is_open_to_all: bool,
    public_url: Option<String>,
) -> Option<Slack> {
    let url = reader.secret(&of::SLACK_WEBHOOK_URL);
    let signing_secret = reader.secret(&of::SLACK_SIGNING_SECRET);
    if let Some(secret) = &signing_secret
        && secret.expose().len() < SIGNING_SECRET_CHARS_MIN
    {
        let problem = format!("use at least {SIGNING_SECRET_CHARS_MIN} characters");
        reader.refuse(&of::SLACK_SIGNING_SECRET, problem);
    }
    let Some(url) = url else {
        refuse_alone(reader, &[&of::SLACK_SIGNING_SECRET], &of::SLACK_WEBHOOK_URL);
        return None;
    };
    if let Err(problem) = target(url.expose(), allow_private) {
        reader.refuse(&of::SLACK_WEBHOOK_URL, problem);
    }
    for setting in [&of::SLACK_SIGNING_SECRET, &of::PUBLIC_URL] {
        if !reader.is_set(setting) {
            let name = reader.name(setting);
            reader.contradiction(format!("SENTINEL_SLACK_WEBHOOK_URL needs {name}: links are made with it"));
        }
    }
    if is_open_to_all {
        let name = reader.name(&of::AUTH_DISABLED);
        reader.contradiction(format!(
            "{name} is true, but SENTINEL_SLACK_WEBHOOK_URL is set: links are not answered without authentication"
        ));
    }
    Some(Slack { url, signing_secret: signing_secret?, public_url: public_url? })
}

/// Settings that mean nothing without another.
fn refuse_alone(reader: &mut Reader, settings: &[&Setting], needed: &Setting) {
    for setting in settings {
        if reader.is_set(setting) {
            let name = reader.name(setting);
            reader.contradiction(format!("{name} is set, but {} is not", needed.variable));
        }
    }
}

fn token(reader: &mut Reader) -> Option<Secret> {
    let token = reader.secret(&of::APPROVAL_WEBHOOK_TOKEN)?;
    // Nothing else can stand in a header.
    if !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        reader.refuse(&of::APPROVAL_WEBHOOK_TOKEN, "use visible ASCII characters without spaces");
    }
    Some(token)
}

fn webhook_secret(reader: &mut Reader) -> Option<Secret> {
    let secret = reader.secret(&of::APPROVAL_WEBHOOK_SECRET)?;
    let text = secret.expose();
    if text.len() < WEBHOOK_SECRET_CHARS_MIN {
        let problem = format!("use at least {WEBHOOK_SECRET_CHARS_MIN} characters");
        reader.refuse(&of::APPROVAL_WEBHOOK_SECRET, problem);
    }
    if text.strip_prefix("whsec_").is_some_and(|rest| STANDARD.decode(rest).is_err()) {
        reader.refuse(&of::APPROVAL_WEBHOOK_SECRET, "what follows `whsec_` is no base64");
    }
    Some(secret)
}

/// A URL of any of these settings.
fn parse(text: &str, allow_private: bool) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "use a URL like https://example.com/path".to_owned())?;
    match url.scheme() {
        "https" => {}
        "http" if allow_private => {}
        "http" => return Err("use https: what is sent says what an agent wants to do".to_owned()),
        _ => return Err("use a URL that begins with https://".to_owned()),
    }
    if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
        return Err("it names a user: set a token or a secret instead".to_owned());
    }
    if url.fragment().is_some() {
        return Err("it has a fragment, which is never sent: leave out `#` and what follows".to_owned());
    }
    Ok(url)
}

/// Where something is sent to.
fn target(text: &str, allow_private: bool) -> Result<String, String> {
    let url = parse(text, allow_private)?;
    if allow_private {
        return Ok(url.into());
    }
    if !url.host_str().is_some_and(may_be_public) {
        return Err("its address is private: set SENTINEL_WEBHOOK_ALLOW_PRIVATE if that is meant".to_owned());
    }
    if url.port_or_known_default() != Some(PORT) {
        return Err(format!("use port {PORT}, or set SENTINEL_WEBHOOK_ALLOW_PRIVATE"));
    }
    Ok(url.into())
}

/// The same with the place of an id, which is not in the host.
fn template(text: &str, allow_private: bool) -> Result<String, String> {
    let usage = || "put `{action_id}` once into its path or query, where the id belongs".to_owned();
    let places: usize = PLACEHOLDERS.iter().map(|word| text.matches(word).count()).sum();
    if places != 1 {
        return Err(usage());
    }
    // An id has letters, digits and underscores; one that is in the host makes another host.
    let filled = |id: &str| PLACEHOLDERS.iter().fold(text.to_owned(), |text, word| text.replace(word, id));
    let (one, other) = (parse(&filled("a"), allow_private)?, parse(&filled("b"), allow_private)?);
    if one.host_str() != other.host_str() || one.port() != other.port() {
        return Err(usage());
    }
    target(&filled("a"), allow_private)?;
    Ok(text.to_owned())
}

/// Where people come from a link.
fn public(text: &str, allow_private: bool) -> Result<String, String> {
    let url = parse(text, allow_private)?;
    if url.query().is_some() {
        return Err("leave out `?` and what follows: links go on behind the path".to_owned());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}
