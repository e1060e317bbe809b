//! The page behind the links of messages: shows a question, and answers it when its button is
//! pressed. Nobody is asked who they are: whoever has the link may use it once.
//!
//! Looking changes nothing, because programs look at links before people do. The page has no
//! scripts, is kept nowhere, and everything on it that somebody else wrote is escaped.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use axum::body::{Body, to_bytes};
use axum::extract::{Form, FromRequest as _, Request};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderValue, X_FRAME_OPTIONS};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::answer::{self, Reply};
use super::caller::Anyone;
use super::input::Named;
use super::problem::{Code, Problem};
use crate::app::approvals::answer::Answer;
use crate::app::approvals::context::{Seen, amount_text, find};
use crate::app::approvals::words;
use crate::app::channels::links::{Link, LinkError};
use crate::app::channels::{visible, visible_up_to};
use crate::app::evaluate::cut;
use crate::app::reads::ReadError;
use crate::app::{App, CommitError, OperationError, clock};
use crate::state::ApprovalState;

/// Who answers. A link proves the channel and not the person.
const SUBJECT: &str = "slack:link";

/// How this route is called in records.
const CHANNEL: &str = "slack";

/// A form with one field, in bytes.
const FORM_BYTES_MAX: usize = 4096;

/// Characters of a name.
const NAME_CHARS_MAX: usize = 100;

/// Characters of the call on the page: more than any call has that asks a person.
const CALL_CHARS_MAX: usize = 1_000_000;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;\
color:#1a1a1a;background:#fff}dt{font-weight:600}dd{margin:0 0 .6rem;overflow-wrap:anywhere}\
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f3f3f3;padding:1rem;border-radius:.3rem}\
label{display:block;font-weight:600}input,button{font:inherit;padding:.5rem .8rem;margin:.3rem 0 1rem}\
button{color:#fff;background:#1a1a1a;border:0;border-radius:.3rem}";

/// Nothing but this style, and forms that lead back here.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let digest = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    )
});

#[derive(Deserialize)]
struct Filled {
    #[serde(default)]
    name: String,
}

/// A link that is good, and its question.
struct Good {
    link: Link,
    seen: Seen,
}

/// Why there is nothing to answer: a status, and what a person is told.
struct Refused(StatusCode, String);

/// GET /approve/{token}
pub(super) async fn show(anyone: Anyone, Named(token): Named) -> Reply {
    match good(anyone.public().app(), &token).await? {
        Ok(good) => page(StatusCode::OK, "Approval needed", &question(&good)),
        Err(refused) => refused.page(),
    }
}

/// POST /approve/{token}
pub(super) async fn respond(anyone: Anyone, Named(token): Named, request: Request) -> Reply {
    let app = anyone.public().app();
    let good = match good(app, &token).await? {
        Ok(good) => good,
        Err(refused) => return refused.page(),
    };
    let name = filled(request).await?.name;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        let why = format!("Say who you are, in 1 to {NAME_CHARS_MAX} characters. Go back and try again.");
        return Refused(StatusCode::BAD_REQUEST, why).page();
    }
    let Good { link, seen } = good;
    let done = app
        .committer
        .commit(Answer {
            id: link.id,
            subject: SUBJECT.to_owned(),
            is_yes: link.is_yes,
            note: Some(cut(&app.redactor.redact_text(name).text)),
            channel: CHANNEL,
            pool: Arc::clone(&app.pool),
            digest_key: app.digest_key,
            row: None,
        })
        .await;
    let row = match done {
        Ok(done) => done.row.unwrap_or(seen.row),
        Err(CommitError::Operation(OperationError::Conflict { why })) => {
            return Refused(StatusCode::CONFLICT, format!("Nothing was changed: {why}.")).page();
        }
        Err(CommitError::Operation(OperationError::NotYours { why })) => {
            return Refused(StatusCode::FORBIDDEN, format!("Nothing was changed: {why}.")).page();
        }
        Err(error) => return Err(error.into()),
    };
    let said = if link.is_yes { "approved" } else { "denied" };
    let more = match row.state {
        ApprovalState::Pending => {
            format!(" {} people have to approve it; others are still asked.", row.quorum)
        }
        ApprovalState::Approved
        | ApprovalState::Denied
        | ApprovalState::Used
        | ApprovalState::Expired
        | ApprovalState::Cancelled => String::new(),
    };
    page(StatusCode::OK, "Answered", &format!("<p>You {said} this call. It is on record.{more}</p>"))
}

/// What a link leads to, if it can be used.
async fn good(app: &App, token: &str) -> Result<Result<Good, Refused>, Problem> {
    let Some(slack) = app.config.channels.as_ref().and_then(|own| own.slack.as_ref()) else {
        let why = "This daemon sends no messages with links.";
        return Ok(Err(Refused(StatusCode::NOT_FOUND, why.to_owned())));
    };
    let now = clock::now();
    let refused = |status, why: &str| Ok(Err(Refused(status, why.to_owned())));
    let link = match Link::read(token, &slack.signing_secret, now) {
        Ok(link) => link,
        Err(LinkError::Forged) => {
            return refused(
                StatusCode::FORBIDDEN,
                "This link is not genuine. Open it from the message itself.",
            );
        }
        Err(LinkError::Expired) => {
            return refused(
                StatusCode::GONE,
                "This link has expired: nobody answered in time, and the call was not made.",
            );
        }
    };
    let seen = match find(app, &link.id).await {
        Ok(seen) => seen,
        Err(ReadError::Unknown { .. }) => {
            return refused(StatusCode::GONE, "This question is over: the same call was asked about anew.");
        }
        Err(error) => return Err(error.into()),
    };
    if seen.row.answers.iter().any(|own| own.subject == SUBJECT) {
        return refused(StatusCode::CONFLICT, "A link of this message was used already. It works once.");
    }
    let why = match seen.status(now) {
        ApprovalState::Pending => return Ok(Ok(Good { link, seen })),
        ApprovalState::Approved | ApprovalState::Used => "This call was approved already.",
        ApprovalState::Denied => "This call was denied already.",
        ApprovalState::Expired => "This question has expired.",
        ApprovalState::Cancelled => "This question was taken back.",
    };
    refused(StatusCode::CONFLICT, why)
}

async fn filled(request: Request) -> Result<Filled, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, FORM_BYTES_MAX).await.map_err(|_| {
        Problem::new(Code::BodyTooLarge, format!("the form is larger than {FORM_BYTES_MAX} bytes"))
    })?;
    let request = Request::from_parts(parts, Body::from(bytes));
    let Form(filled) = Form::<Filled>::from_request(request, &()).await.map_err(|error| {
        let code = match error.status() {
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
            _ => Code::BadRequest,
        };
        Problem::new(code, error.body_text())
    })?;
    Ok(filled)
}

fn question(Good { link, seen }: &Good) -> String {
    let row = &seen.row;
    let mut rows = String::new();
    let mut add = |name: &str, text: &str| {
        // Writing to a string cannot fail.
        let _ = write!(rows, "<dt>{name}</dt><dd>{}</dd>", escaped(&visible(text, &[])));
    };
    add("Agent", &row.agent);
    add("Tool", &row.tool);
    for reason in words::reasons(row) {
        add("Why a person is asked", &reason);
    }
    if !seen.governs {
        add("Nothing comes of a yes", &format!("{}.", words::REPLACED));
    }
    if let Some(value) = row.value {
        add("At stake", &format!("{} USD", amount_text("usd", value)));
    }
    for own in &row.meters {
        let show = |amount| amount_text(&own.unit, amount);
        let limit = own.limit.map_or(String::new(), |limit| format!(" of {}", show(limit)));
        let text =
            format!("{}{limit} {} used, this call adds {}", show(own.used), own.unit, show(own.amount));
        add(&format!("Meter {}", escaped(&visible(&own.meter, &[]))), &text);
    }
    add("Asked by", &row.requester);
    add("Answer until", &clock::text(row.ends_at));
    let call = escaped(&visible_up_to(row.call.as_deref().unwrap_or_default(), CALL_CHARS_MAX, &[]));
    let word = if link.is_yes { "Approve" } else { "Deny" };
    // Without an address the form comes back to this one.
    format!(
        "<dl>{rows}</dl><h2>The exact call</h2><pre>{call}</pre>\
         <form method=\"post\"><label for=\"name\">Your name</label>\
         <input id=\"name\" name=\"name\" maxlength=\"{NAME_CHARS_MAX}\" autocomplete=\"name\" required><br>\
         <button>{word} this call</button></form>"
    )
}

impl Refused {
    fn page(&self) -> Reply {
        page(self.0, "Nothing to answer", &format!("<p>{}</p>", escaped(&visible(&self.1, &[]))))
    }
}

fn page(status: StatusCode, title: &str, body: &str) -> Reply {
    let html = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} - Sentinel</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"robots\" content=\"noindex\">\
         <style>{STYLE}</style></head><body><h1>{title}</h1>{body}</body></html>"
    );
    let mut response: Response = answer::typed("text/html; charset=utf-8", html);
    *response.status_mut() = status;
    let policy = HeaderValue::from_str(&POLICY)
        .map_err(|_| Problem::new(Code::Internal, "internal error: the page has no policy"))?;
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    response.headers_mut().insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    Ok(response)
}

/// Text as HTML, for elements and for quoted attributes.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_text() {
        assert_eq!(
            escaped(r#"</pre><script>alert("1")</script>&amp;'x'"#),
            "&lt;/pre&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;amp;&#39;x&#39;"
        );
        assert_eq!(escaped(&visible("a\u{202e}b", &[])), r"a\u{202e}b");
    }
}
