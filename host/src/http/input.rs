//! What comes in, bounded before it is looked at: the body, the query, the path.
//!
//! Bodies are read once and borrowed from then on. The credential was checked before, so nobody
//! fills our memory without one.

mod path;

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

pub(super) use path::{Named, Place, Within};

use super::front::IDEMPOTENCY_KEY;
use super::problem::{Code, Problem};
use super::shared::Shared;
use crate::state::EntryKind;

/// How deeply arrays and objects of a body may be nested. What reads them deeper down gives up
/// earlier or later, and not all of it in an orderly way.
const DEPTH_MAX: usize = 128;

/// Bytes of a body that is read before anybody knows whose it is: the longest credential, and what
/// is around it.
const SMALL_BYTES_MAX: usize = 64 << 10;

/// Characters of an idempotency key.
const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;

/// The body of a request: a JSON object of a bearable size and depth, not yet read.
pub(super) struct JsonBody(Bytes);

impl FromRequest<Arc<Shared>> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let body = OptionalBody::from_request(request, shared).await?.0;
        if body.is_empty() {
            return Err(Problem::new(Code::BadJson, "the body is empty: send a JSON object"));
        }
        Ok(Self(body))
    }
}

/// The same, or nothing.
pub(super) struct OptionalBody(Bytes);

impl FromRequest<Arc<Shared>> for OptionalBody {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, Problem> {
        check_type(request.headers())?;
        let body = read(request, shared.app().config.body_bytes_max).await?;
        check_depth(&body)?;
        Ok(Self(body))
    }
}

/// A small JSON object of somebody who is not known yet.
pub(super) struct SmallBody(Bytes);

impl SmallBody {
    /// Reads it. It has to say that it is JSON: then no page of others can send it without asking.
    pub(super) async fn read(request: Request) -> Result<Self, Problem> {
        if !request.headers().contains_key(CONTENT_TYPE) {
            return Err(Problem::new(Code::UnsupportedMediaType, "send `Content-Type: application/json`"));
        }
        check_type(request.headers())?;
        let body = read(request, SMALL_BYTES_MAX).await?;
        check_depth(&body)?;
        Ok(Self(body))
    }

    /// What is in it. What is wrong with it is not repeated: it may hold a credential.
    pub(super) fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Problem> {
        serde_json::from_slice(&self.0).map_err(|error| {
            let code = if error.is_data() { Code::BadRequest } else { Code::BadJson };
            Problem::new(code, "the body is not what this route takes")
        })
    }
}

impl JsonBody {
    /// What is in it, borrowed from it.
    pub(super) fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Problem> {
        parse(&self.0)
    }

    /// The bytes as they came.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// What is wrong with a body that could not be read as what it should be.
    pub(super) fn problem(&self, detail: impl Into<String>) -> Problem {
        let is_json = serde_json::from_slice::<IgnoredAny>(&self.0).is_ok();
        Problem::new(if is_json { Code::BadRequest } else { Code::BadJson }, detail.into())
    }
}

impl OptionalBody {
    /// What is in it; the default where there is nothing.
    pub(super) fn parse<'a, T: Deserialize<'a> + Default>(&'a self) -> Result<T, Problem> {
        if self.0.is_empty() { Ok(T::default()) } else { parse(&self.0) }
    }
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| {
        let code = if error.is_data() { Code::BadRequest } else { Code::BadJson };
        Problem::new(code, format!("the body is not what this route takes: {error}"))
    })
}

/// JSON in UTF-8, as it is. No other type can be sent by a page without asking first.
fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let refused = |detail: &'static str| Err(Problem::new(Code::UnsupportedMediaType, detail));
    let is_plain = |value: &axum::http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(CONTENT_ENCODING).iter().all(is_plain) {
        return refused("compressed bodies are not taken: send it as it is");
    }
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let is_good = match (types.next(), types.next()) {
        (None, _) => true,
        (Some(one), None) => one.to_str().is_ok_and(is_json),
        (Some(_), Some(_)) => false,
    };
    if is_good { Ok(()) } else { refused("send `Content-Type: application/json`") }
}

fn is_json(text: &str) -> bool {
    if text == "application/json" {
        return true;
    }
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let name = essence.strip_prefix("application/");
    name.is_some_and(|name| name == "json" || name.strip_suffix("+json").is_some_and(|name| !name.is_empty()))
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
                value.trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            Some(_) => true,
            None => parameter.is_empty(),
        })
}

async fn read(request: Request, bytes_max: usize) -> Result<Bytes, Problem> {
    let too_large = || {
        let detail = format!("the body is larger than {bytes_max} bytes");
        Problem::new(Code::BodyTooLarge, detail)
    };
    let said =
        request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if said.is_some_and(|said| said > bytes_max) {
        return Err(too_large());
    }
    let broken = |_| Problem::bad_request("the body ended early");
    let mut chunks = request.into_body().into_data_stream();
    let Some(first) = chunks.next().await.transpose().map_err(broken)? else { return Ok(Bytes::new()) };
    if said == Some(first.len()) {
        return Ok(first);
    }
    let mut body = BytesMut::from(first);
    while let Some(chunk) = chunks.next().await.transpose().map_err(broken)? {
        if body.len().saturating_add(chunk.len()) > bytes_max {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    if body.len() > bytes_max { Err(too_large()) } else { Ok(body.freeze()) }
}

/// Looks at brackets and strings only, so it costs nothing. Whether it is JSON is seen later.
fn check_depth(body: &[u8]) -> Result<(), Problem> {
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for byte in body {
        if is_text {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => is_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => is_text = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err(Problem::new(
                Code::TooDeep,
                format!("the body is nested deeper than {DEPTH_MAX} levels"),
            ));
        }
    }
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    // Without this, an array of the right values would be taken for the object.
    match first {
        Some(b'{') | None => Ok(()),
        Some(_) => Err(Problem::bad_request("the body has to be a JSON object")),
    }
}

/// The query, as a type. Which names there are is in the table of routes.
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<Shared>> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Shared>) -> Result<Self, Problem> {
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(query)) => Ok(Self(query)),
            Err(error) => Err(Problem::bad_request(error.body_text())),
        }
    }
}

/// The key of a request that may be repeated.
pub(super) struct IdempotencyKey(pub(super) Option<String>);

impl FromRequestParts<Arc<Shared>> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Shared>) -> Result<Self, Problem> {
        let mut keys = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
        let key = match (keys.next(), keys.next()) {
            (None, _) => None,
            (Some(key), None) => {
                let text = key
                    .to_str()
                    .map_err(|_| Problem::bad_request("`Idempotency-Key` is not visible ASCII"))?;
                Some(text.to_owned())
            }
            (Some(_), Some(_)) => return Err(Problem::bad_request("more than one `Idempotency-Key`")),
        };
        Ok(Self(key))
    }
}

/// A key that somebody can choose.
pub(super) fn check_idempotency_key(key: &str) -> Result<(), Problem> {
    if key.is_empty() || key.chars().count() > IDEMPOTENCY_KEY_CHARS_MAX || key.chars().any(char::is_control)
    {
        let detail = format!(
            "an idempotency key has 1 to {IDEMPOTENCY_KEY_CHARS_MAX} characters, none of them control characters"
        );
        return Err(Problem::bad_request(detail));
    }
    Ok(())
}

/// A number within its bounds, or the default.
pub(super) fn bounded(name: &str, asked: Option<u32>, default: u32, most: u32) -> Result<u32, Problem> {
    match asked {
        None => Ok(default.min(most)),
        Some(asked) if (1..=most).contains(&asked) => Ok(asked),
        Some(_) => Err(Problem::bad_request(format!("`{name}` is a whole number from 1 to {most}"))),
    }
}

/// A place in the ledger, from the query: one that a store can count to.
pub(super) fn place(asked: Option<u64>) -> Result<Option<u64>, Problem> {
    match asked {
        Some(place) if i64::try_from(place).is_err() => Err(Problem::bad_request("there is no such place")),
        Some(_) | None => Ok(asked),
    }
}

/// A kind of entry, by its word.
pub(super) fn kind(word: Option<&str>) -> Result<Option<EntryKind>, Problem> {
    let Some(word) = word else { return Ok(None) };
    match EntryKind::from_word(word) {
        Some(kind) => Ok(Some(kind)),
        None => {
            let words: Vec<_> = EntryKind::ALL.iter().map(|kind| kind.as_str()).collect();
            Err(Problem::bad_request(format!("`kind` is one of {}", words.join(", "))))
        }
    }
}

/// A decision, by its word.
pub(super) fn decision(word: Option<String>) -> Result<Option<String>, Problem> {
    match word.as_deref() {
        None | Some("allow" | "deny" | "escalate") => Ok(word),
        Some(_) => Err(Problem::bad_request("`decision` is `allow`, `deny` or `escalate`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_of_strings() {
        let deep = |count: usize| format!("{{\"a\":{}{}}}", "[".repeat(count), "]".repeat(count));
        assert!(check_depth(deep(DEPTH_MAX - 1).as_bytes()).is_ok());
        assert_eq!(check_depth(deep(DEPTH_MAX).as_bytes()).unwrap_err().code(), Code::TooDeep);
        let text = format!(r#"{{"a":"{}\"{}\\"}}"#, "[".repeat(200), "{".repeat(200));
        assert!(check_depth(text.as_bytes()).is_ok());
        let after = format!(r#"{{"a":"\\",b:{}"#, "[".repeat(200));
        assert_eq!(check_depth(after.as_bytes()).unwrap_err().code(), Code::TooDeep);
        // Closing what was never opened buys nothing.
        let closed = format!("{{{}{}", "]".repeat(200), "[".repeat(200));
        assert_eq!(check_depth(closed.as_bytes()).unwrap_err().code(), Code::TooDeep);
    }

    #[test]
    fn only_an_object_is_a_body() {
        for bad in ["[]", " [1]", "\"x\"", "1", "null"] {
            assert_eq!(check_depth(bad.as_bytes()).unwrap_err().code(), Code::BadRequest, "{bad}");
        }
        assert!(check_depth(b" \n{}").is_ok());
    }

    #[test]
    fn types_of_json() {
        for good in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/cloudevents+json",
            "application/json; profile=x",
        ] {
            assert!(is_json(good), "{good}");
        }
        for bad in [
            "",
            "text/plain",
            "text/json",
            "application/x-www-form-urlencoded",
            "application/json; charset=utf-16",
            "application/+json",
            "application/jsonp",
            "application/json; nonsense",
            "text/plain; application/json",
        ] {
            assert!(!is_json(bad), "{bad}");
        }
    }

    #[test]
    fn every_kind_has_its_word() {
        for own in EntryKind::ALL {
            assert_eq!(kind(Some(own.as_str())).unwrap(), Some(own));
        }
        assert!(kind(Some("verdicts")).is_err());
    }
}
