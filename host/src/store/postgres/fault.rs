//! What went wrong with the database, and whether it is worth another try.

use std::error::Error as _;

use postgres::error::{DbError, Severity, SqlState};

use crate::store::StoreError;

/// What can be done about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Another transaction was faster. The same again may succeed.
    Collision,
    /// The connection is of no use any more, and what was under way has no answer.
    Lost,
    /// The same again would fail again.
    Refused,
}

/// A fault.
#[derive(Debug)]
pub(super) struct Fault {
    kind: Kind,
    code: Option<SqlState>,
    error: StoreError,
}

impl Fault {
    /// Nothing was done, because somebody else was faster.
    pub(super) fn is_collision(&self) -> bool {
        self.kind == Kind::Collision
    }

    /// The connection has to be opened again.
    pub(super) fn is_lost(&self) -> bool {
        self.kind == Kind::Lost
    }

    /// Whether the server answered with this code.
    pub(super) fn has_code(&self, code: &SqlState) -> bool {
        self.code.as_ref() == Some(code)
    }

    /// A connection that could not be opened: nothing was begun.
    pub(super) fn unavailable(error: &postgres::Error) -> StoreError {
        StoreError::Unavailable { reason: format!("postgres: {}", reason(error)) }
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        fault.error
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self { kind: Kind::Refused, code: None, error }
    }
}

impl From<postgres::Error> for Fault {
    fn from(error: postgres::Error) -> Self {
        let kind = kind(error.as_db_error());
        let error_of_store = if kind == Kind::Lost {
            Self::unavailable(&error)
        } else {
            StoreError::Failed { reason: format!("postgres: {}", reason(&error)) }
        };
        Self { kind, code: error.code().cloned(), error: error_of_store }
    }
}

fn kind(answer: Option<&DbError>) -> Kind {
    // Without an answer of the server nothing is known.
    let Some(answer) = answer else { return Kind::Lost };
    if matches!(answer.parsed_severity(), Some(Severity::Fatal | Severity::Panic)) {
        return Kind::Lost;
    }
    match answer.code() {
        code if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED => {
            Kind::Collision
        }
        // The server does not know itself; or a pooler gave us a session without our statements.
        code if *code == SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN
            || *code == SqlState::INVALID_SQL_STATEMENT_NAME =>
        {
            Kind::Lost
        }
        _ => Kind::Refused,
    }
}

/// One line for people. Details of a row, which may hold secrets, stay away.
fn reason(error: &postgres::Error) -> String {
    let text = match error.as_db_error() {
        Some(answer) => format!("{} (SQLSTATE {})", answer.message(), answer.code().code()),
        None => match error.source() {
            Some(source) => format!("{}: {source}", own_words(error)),
            None => error.to_string(),
        },
    };
    text.lines().next().unwrap_or_default().to_owned()
}

/// The error without its cause, which some versions of the client print as well.
fn own_words(error: &postgres::Error) -> String {
    let text = error.to_string();
    text.split_once(':').map_or(text.clone(), |(own, _)| own.to_owned())
}
