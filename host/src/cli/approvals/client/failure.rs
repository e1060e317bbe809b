//! Why the daemon did not do as asked, in one line that says what to do next.
//!
//! Some of the words come from the other side, which may be anybody: they are made visible here.

use std::error::Error;
use std::io;

use reqwest::StatusCode;
use serde::Deserialize;
use thiserror::Error;

use super::ANSWER_TIMEOUT;
use crate::cli::approvals::text;

/// Characters of somebody else's words.
const WORDS_CHARS_MAX: usize = 300;

/// The daemon did not do as asked.
#[derive(Clone, Debug, Error)]
pub(in crate::cli::approvals) enum Failure {
    #[error(
        "no daemon answers at `{server}`: start one with `sentinel serve`, or name another with --server ({why})"
    )]
    Absent { server: String, why: String },
    #[error(
        "the certificate of `{server}` cannot be trusted ({why}): name the file of your authority with SSL_CERT_FILE"
    )]
    Certificate { server: String, why: String },
    #[error("`{server}` did not answer within {} s: try again, nothing is done twice", ANSWER_TIMEOUT.as_secs())]
    Slow { server: String },
    #[error("the connection to `{server}` broke ({why}): try again, nothing is done twice")]
    Broken { server: String, why: String },
    #[error("`{server}` asks who you are: set SENTINEL_TOKEN, or use --token-file")]
    Anonymous { server: String },
    #[error(
        "`{server}` does not accept this credential ({why}): make another with `sentinel token mint --role approve`"
    )]
    Unknown { server: String, why: String },
    #[error("{why}{}", help(code))]
    Refused { status: StatusCode, code: String, why: String },
    #[error(
        "`{server}` sends you on to `{to}`: the credential stays here; if that is your daemon, name it with --server"
    )]
    Redirected { server: String, to: String },
    #[error("`{server}` is no Sentinel daemon, or one of another version: it answered with {what}")]
    Other { server: String, what: String },
    #[error("`{id}` is no id of a question: `sentinel approvals list` shows them")]
    BadId { id: String },
}

/// A problem of the daemon (RFC 9457).
#[derive(Deserialize)]
struct Problem {
    code: String,
    detail: String,
}

fn help(code: &str) -> &'static str {
    match code {
        "not-found" => ": `sentinel approvals list --all` shows those that are known",
        "busy" | "stopping" | "store-unavailable" | "timeout" => ": try again in a moment",
        _ => "",
    }
}

impl Failure {
    pub(super) fn transport(server: &str, error: &reqwest::Error) -> Self {
        let server = server.to_owned();
        let why = text::line(&root(error), WORDS_CHARS_MAX);
        if let Some(tls) = tls(error) {
            let why = text::line(&tls.to_string(), WORDS_CHARS_MAX);
            return if matches!(tls, rustls::Error::InvalidCertificate(_)) {
                Self::Certificate { server, why }
            } else {
                Self::Absent { server, why }
            };
        }
        if error.is_connect() {
            Self::Absent { server, why }
        } else if error.is_timeout() {
            Self::Slow { server }
        } else {
            Self::Broken { server, why }
        }
    }

    pub(super) fn refusal(
        server: &str,
        status: StatusCode,
        to: Option<String>,
        body: &[u8],
        had_credential: bool,
    ) -> Self {
        let server = server.to_owned();
        if let Some(to) = to.filter(|_| status.is_redirection()) {
            return Self::Redirected { server, to };
        }
        let Ok(problem) = serde_json::from_slice::<Problem>(body) else {
            return Self::Other { server, what: format!("the status {}", status.as_u16()) };
        };
        let why = text::line(&problem.detail, WORDS_CHARS_MAX);
        match status {
            StatusCode::UNAUTHORIZED if !had_credential => Self::Anonymous { server },
            StatusCode::UNAUTHORIZED => Self::Unknown { server, why },
            _ => Self::Refused { status, code: problem.code, why },
        }
    }

    pub(super) fn other(server: &str, what: &str) -> Self {
        Self::Other { server: server.to_owned(), what: text::line(what, WORDS_CHARS_MAX) }
    }

    pub(super) fn bad_id(id: &str) -> Self {
        Self::BadId { id: text::line(id, 80) }
    }

    /// Whether trying again may help.
    pub(in crate::cli::approvals) fn is_passing(&self) -> bool {
        match self {
            Self::Absent { .. } | Self::Slow { .. } | Self::Broken { .. } => true,
            Self::Refused { status, .. } => status.is_server_error(),
            Self::Certificate { .. }
            | Self::Anonymous { .. }
            | Self::Unknown { .. }
            | Self::Redirected { .. }
            | Self::Other { .. }
            | Self::BadId { .. } => false,
        }
    }

    /// Whether the question itself is not there, or not for this one to see.
    pub(in crate::cli::approvals) fn is_unknown(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if *status == StatusCode::NOT_FOUND)
    }
}

/// What TLS says, wherever it stands among the causes.
fn tls<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref() {
            return Some(tls);
        }
        // An error within an `io::Error` is no source of it: its own sources are.
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = inner.map_or_else(|| error.source(), |inner| Some(inner as &(dyn Error + 'static)));
    }
    None
}

/// The cause at the bottom, which says the most.
fn root(error: &dyn Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
