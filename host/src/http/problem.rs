//! Every error as an answer: one code, one status, one sentence (RFC 9457). Nothing else turns
//! errors into statuses.
//!
//! What a client is told and what the log is told are two things: a store's own words can hold
//! addresses and paths.

use std::borrow::Cow;

use axum::http::StatusCode;
use axum::http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::app::evaluate::{EvaluateError, RequestError};
use crate::app::outcome::ReportError;
use crate::app::reads::ReadError;
use crate::app::{CommitError, OperationError};
use crate::auth::AuthError;
use crate::causes;
use crate::engine::EngineError;
use crate::store::StoreError;

/// What is wrong, for programs. The words do not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// 401, with the code of the credential's error.
    Unauthenticated(&'static str),
    Forbidden,
    ForeignAgent,
    BadHost,
    BadOrigin,
    BadCsrf,
    TooManyAttempts,
    NotFound,
    MethodNotAllowed,
    BadRequest,
    BadJson,
    TooDeep,
    BodyTooLarge,
    UnsupportedMediaType,
    Conflict,
    VersionNotNewer,
    PolicyChanged,
    IdempotencyConflict,
    PolicyRefused,
    Timeout,
    Busy,
    Stopping,
    StoreUnavailable,
    Internal,
}

impl Code {
    /// The word, the status, and what it is called.
    const fn parts(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::Unauthenticated(word) => (word, StatusCode::UNAUTHORIZED, "Not authenticated"),
            Self::Forbidden => ("forbidden", StatusCode::FORBIDDEN, "Not permitted"),
            Self::ForeignAgent => ("foreign-agent", StatusCode::FORBIDDEN, "Another agent's"),
            Self::BadHost => ("bad-host", StatusCode::FORBIDDEN, "Not asked as localhost"),
            Self::BadOrigin => ("bad-origin", StatusCode::FORBIDDEN, "Asked by a web page"),
            Self::BadCsrf => ("bad-csrf", StatusCode::FORBIDDEN, "Not asked by a page of ours"),
            Self::TooManyAttempts => {
                ("too-many-attempts", StatusCode::TOO_MANY_REQUESTS, "Too many attempts")
            }
            Self::NotFound => ("not-found", StatusCode::NOT_FOUND, "Not found"),
            Self::MethodNotAllowed => {
                ("method-not-allowed", StatusCode::METHOD_NOT_ALLOWED, "Method not allowed")
            }
            Self::BadRequest => ("bad-request", StatusCode::BAD_REQUEST, "Bad request"),
            Self::BadJson => ("bad-json", StatusCode::BAD_REQUEST, "Not JSON"),
            Self::TooDeep => ("too-deep", StatusCode::BAD_REQUEST, "Nested too deeply"),
            Self::BodyTooLarge => ("body-too-large", StatusCode::PAYLOAD_TOO_LARGE, "Body too large"),
            Self::UnsupportedMediaType => {
                ("unsupported-media-type", StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported media type")
            }
            Self::Conflict => ("conflict", StatusCode::CONFLICT, "Conflict"),
            Self::VersionNotNewer => ("version-not-newer", StatusCode::CONFLICT, "Version not newer"),
            Self::PolicyChanged => ("policy-changed", StatusCode::CONFLICT, "Policy changed"),
            Self::IdempotencyConflict => {
                ("idempotency-conflict", StatusCode::CONFLICT, "Idempotency key used before")
            }
            Self::PolicyRefused => ("policy-refused", StatusCode::UNPROCESSABLE_ENTITY, "Policy refused"),
            Self::Timeout => ("timeout", StatusCode::GATEWAY_TIMEOUT, "Timeout"),
            Self::Busy => ("busy", StatusCode::SERVICE_UNAVAILABLE, "Busy"),
            Self::Stopping => ("stopping", StatusCode::SERVICE_UNAVAILABLE, "Stopping"),
            Self::StoreUnavailable => {
                ("store-unavailable", StatusCode::SERVICE_UNAVAILABLE, "Store not available")
            }
            Self::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR, "Internal error"),
        }
    }

    pub(super) const fn word(self) -> &'static str {
        self.parts().0
    }
}

/// Why a request is not answered as it hoped to be.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    code: Code,
    detail: Cow<'static, str>,
    more: Option<Box<Map<String, Value>>>,
}

impl Problem {
    pub(super) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), more: None }
    }

    pub(super) fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::BadRequest, detail)
    }

    pub(super) fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::NotFound, detail)
    }

    /// Something that cannot happen did; the log knows what.
    pub(super) fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(error = %causes::in_one_line(error), "a request failed");
        Self::new(Code::Internal, "internal error: the daemon's log says more")
    }

    /// With a member of its own.
    pub(super) fn with(mut self, name: &str, value: Value) -> Self {
        self.more.get_or_insert_default().insert(name.to_owned(), value);
        self
    }

    pub(super) const fn code(&self) -> Code {
        self.code
    }

    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    /// The status line and the headers; the body depends on who asked.
    pub(super) fn head(&self) -> Response {
        let mut response = self.code.parts().1.into_response();
        let headers = response.headers_mut();
        match self.code {
            Code::Unauthenticated(_) => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"sentinel\""));
            }
            Code::Busy | Code::Stopping | Code::StoreUnavailable => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Code::TooManyAttempts => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("6"));
            }
            Code::Forbidden
            | Code::ForeignAgent
            | Code::BadHost
            | Code::BadOrigin
            | Code::BadCsrf
            | Code::NotFound
            | Code::MethodNotAllowed
            | Code::BadRequest
            | Code::BadJson
            | Code::TooDeep
            | Code::BodyTooLarge
            | Code::UnsupportedMediaType
            | Code::Conflict
            | Code::VersionNotNewer
            | Code::PolicyChanged
            | Code::IdempotencyConflict
            | Code::PolicyRefused
            | Code::Timeout
            | Code::Internal => {}
        }
        response
    }

    /// The body. Where a decision was asked for it is a denial as well, for clients that look at
    /// nothing else.
    pub(super) fn body(&self, is_denial: bool) -> Value {
        let (word, status, title) = self.code.parts();
        let mut body = Map::new();
        body.insert("type".to_owned(), format!("urn:sentinel:problem:{word}").into());
        body.insert("title".to_owned(), title.into());
        body.insert("status".to_owned(), status.as_u16().into());
        body.insert("detail".to_owned(), self.detail.as_ref().into());
        body.insert("code".to_owned(), word.into());
        if is_denial {
            body.insert("decision".to_owned(), "deny".into());
            body.insert("permitted".to_owned(), false.into());
            body.insert("enforced".to_owned(), true.into());
            body.insert("reason".to_owned(), self.detail.as_ref().into());
        }
        body.extend(self.more.iter().flat_map(|more| (**more).clone()));
        body.into()
    }
}

/// Handlers leave their problem to `front`, which knows who asked.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.head();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        tracing::debug!(%error, code = error.code(), "somebody was not let in");
        Self::new(Code::Unauthenticated(error.code()), error.external())
    }
}

impl From<RequestError> for Problem {
    fn from(error: RequestError) -> Self {
        match &error {
            RequestError::Shape(_) | RequestError::Agent | RequestError::Environment { .. } => {
                Self::bad_request(error.to_string())
            }
            RequestError::Write => Self::internal(&error),
        }
    }
}

impl From<EvaluateError> for Problem {
    fn from(error: EvaluateError) -> Self {
        match error {
            EvaluateError::Request(error) => error.into(),
            EvaluateError::Commit(error) => error.into(),
            EvaluateError::Unanswered => Self::internal(&error),
        }
    }
}

impl From<CommitError> for Problem {
    fn from(error: CommitError) -> Self {
        match &error {
            CommitError::Busy => Self::new(Code::Busy, error.to_string()),
            CommitError::Stopping => Self::new(Code::Stopping, error.to_string()),
            // It was logged where it happened.
            CommitError::Store(_) => {
                Self::new(Code::StoreUnavailable, "it could not be recorded, so it did not happen: try again")
            }
            CommitError::Operation(operation) => operation.into(),
        }
    }
}

impl From<ReportError> for Problem {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Commit(error) => error.into(),
            ReportError::Read(error) => error.into(),
        }
    }
}

impl From<&OperationError> for Problem {
    fn from(error: &OperationError) -> Self {
        match error {
            OperationError::IdempotencyConflict => Self::new(Code::IdempotencyConflict, error.to_string()),
            OperationError::Unknown { .. } => Self::not_found(error.to_string()),
            OperationError::PolicyChanged { governing } => {
                Self::new(Code::PolicyChanged, error.to_string()).with("governing", json!(governing))
            }
            OperationError::Conflict { .. } => Self::new(Code::Conflict, error.to_string()),
            OperationError::NotYours { .. } => Self::new(Code::Forbidden, error.to_string()),
            OperationError::Page(_) | OperationError::Charges | OperationError::Record => {
                Self::internal(error)
            }
        }
    }
}

impl From<OperationError> for Problem {
    fn from(error: OperationError) -> Self {
        Self::from(&error)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = %causes::in_one_line(&error), "the store could not be read");
        Self::new(Code::StoreUnavailable, "the store does not answer: try again")
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(error) => error.into(),
            ReadError::Unknown { .. } => Self::not_found(error.to_string()),
            ReadError::Lost => Self::new(Code::StoreUnavailable, error.to_string()),
            ReadError::Unproven { .. } | ReadError::Engine(_) => Self::internal(&error),
        }
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        Self::internal(&error)
    }
}
