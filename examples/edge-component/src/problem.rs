//! Every error as an answer: one code, one status, one sentence (RFC 9457), in the words of the daemon.
//! Where a decision was asked for, it is a denial as well.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::wire::Reply;

/// What is wrong, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    NoCredentials,
    ConflictingCredentials,
    MalformedCredentials,
    UnknownKey,
    NotFound,
    MethodNotAllowed,
    BadRequest,
    BadJson,
    TooDeep,
    BodyTooLarge,
    UnsupportedMediaType,
    DaemonMissing,
    DaemonUnreachable,
    DaemonTimeout,
    DaemonRefused,
    Internal,
}

impl Code {
    /// The word, the status, and what it is called.
    const fn parts(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::NoCredentials => ("no-credentials", 401, "Not authenticated"),
            Self::ConflictingCredentials => ("conflicting-credentials", 401, "Not authenticated"),
            Self::MalformedCredentials => ("malformed-credentials", 401, "Not authenticated"),
            Self::UnknownKey => ("unknown-key", 401, "Not authenticated"),
            Self::NotFound => ("not-found", 404, "Not found"),
            Self::MethodNotAllowed => ("method-not-allowed", 405, "Method not allowed"),
            Self::BadRequest => ("bad-request", 400, "Bad request"),
            Self::BadJson => ("bad-json", 400, "Not JSON"),
            Self::TooDeep => ("too-deep", 400, "Nested too deeply"),
            Self::BodyTooLarge => ("body-too-large", 413, "Body too large"),
            Self::UnsupportedMediaType => ("unsupported-media-type", 415, "Unsupported media type"),
            Self::DaemonMissing => ("daemon-missing", 503, "No daemon"),
            Self::DaemonUnreachable => ("daemon-unreachable", 503, "Daemon not reachable"),
            Self::DaemonTimeout => ("daemon-timeout", 503, "Daemon too slow"),
            Self::DaemonRefused => ("daemon-refused", 503, "Daemon gave no verdict"),
            Self::Internal => ("internal", 500, "Internal error"),
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        self.parts().0
    }

    pub(crate) const fn status(self) -> u16 {
        self.parts().1
    }
}

/// In which words a caller is told that nothing is permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denial {
    /// No decision was asked for.
    None,
    /// `"decision":"deny"`.
    Soe,
    /// `"decision":false`: there, every text would be true.
    Authzen,
}

/// Why a request is not answered as it hoped to be.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    pub(crate) detail: Cow<'static, str>,
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into() }
    }

    pub(crate) fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::BadRequest, detail)
    }

    /// The response.
    pub(crate) fn reply(&self, denial: Denial) -> Reply {
        let (word, status, title) = self.code.parts();
        let mut body = Map::new();
        let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
        put("type", format!("urn:sentinel:problem:{word}").into());
        put("title", title.into());
        put("status", status.into());
        put("detail", self.detail.as_ref().into());
        put("code", word.into());
        match denial {
            Denial::None => {}
            Denial::Soe => {
                put("decision", "deny".into());
                put("permitted", false.into());
                put("enforced", true.into());
                put("reason", self.detail.as_ref().into());
            }
            Denial::Authzen => {
                put("decision", false.into());
            }
        }
        let mut reply = Reply::new(status, "application/problem+json", Value::from(body).to_string());
        if status == 401 {
            reply.headers.push(("www-authenticate", "Bearer realm=\"sentinel\"".to_owned()));
        }
        if status == 503 && self.code != Code::DaemonMissing {
            reply.headers.push(("retry-after", "1".to_owned()));
        }
        reply
    }
}
