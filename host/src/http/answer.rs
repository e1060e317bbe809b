//! What goes out: JSON, text and bytes, with their headers.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderValue, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::problem::Problem;
use crate::state::Entry;

/// What a handler returns.
pub(super) type Reply = Result<Response, Problem>;

/// Characters of somebody's text that an error repeats.
const SHOWN_CHARS_MAX: usize = 64;

/// JSON that was written already.
pub(super) fn raw_json(json: impl Into<Body>) -> Response {
    typed("application/json", json)
}

/// A value as JSON.
pub(super) fn json(value: &impl Serialize) -> Reply {
    match serde_json::to_vec(value) {
        Ok(bytes) => Ok(raw_json(bytes)),
        Err(error) => Err(Problem::internal(&error)),
    }
}

/// The same, with another status than 200.
pub(super) fn json_with(status: StatusCode, value: &impl Serialize) -> Reply {
    let mut response = json(value)?;
    *response.status_mut() = status;
    Ok(response)
}

/// The fields of an object, to add more of them.
pub(super) fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

/// Plain text.
pub(super) fn text(text: impl Into<Body>) -> Response {
    typed("text/plain; charset=utf-8", text)
}

/// A body of some type.
pub(super) fn typed(content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// Whether the caller has it (RFC 9110, 13.1.2).
pub(super) fn is_known(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let texts = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = texts.flat_map(|text| text.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == etag.as_bytes())
}

/// An entry of the ledger with its place.
#[derive(Serialize)]
pub(super) struct EntryLine {
    index: u64,
    leaf: String,
    entry: Box<RawValue>,
}

impl EntryLine {
    pub(super) fn new(own: Entry) -> Result<Self, Problem> {
        Ok(Self { index: own.seq, leaf: own.leaf.to_string(), entry: recorded(own.entry.body)? })
    }
}

/// The recorded object with `index` as its first field.
pub(super) fn indexed(own: &Entry) -> Result<Box<RawValue>, Problem> {
    let rest = own.entry.body.strip_prefix('{').unwrap_or_default();
    let comma = if rest.starts_with('}') { "" } else { "," };
    recorded(format!("{{\"index\":{}{comma}{rest}", own.seq))
}

fn recorded(body: String) -> Result<Box<RawValue>, Problem> {
    RawValue::from_string(body).map_err(|error| Problem::internal(&error))
}

/// Somebody's text, short and without control characters.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS_MAX).flat_map(char::escape_debug).collect()
}
