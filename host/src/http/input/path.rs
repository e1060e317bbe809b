//! The variable parts of a path.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use super::super::problem::Problem;
use super::super::shared::Shared;

/// The variable part of the path, decoded.
pub(in super::super) struct Named(pub(in super::super) String);

impl FromRequestParts<Arc<Shared>> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        match Path::<String>::from_request_parts(parts, shared).await {
            Ok(Path(name)) => Ok(Self(name)),
            Err(error) => Err(Problem::bad_request(error.body_text())),
        }
    }
}

/// A name and a number within it, from the path.
pub(in super::super) struct Within(pub(in super::super) String, pub(in super::super) u64);

impl FromRequestParts<Arc<Shared>> for Within {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        match Path::<(String, String)>::from_request_parts(parts, shared).await {
            Ok(Path((name, text))) => Ok(Self(name, number(&text, "a revision")?)),
            Err(error) => Err(Problem::bad_request(error.body_text())),
        }
    }
}

/// A whole number that a store can count to.
fn number(text: &str, what: &str) -> Result<u64, Problem> {
    // `+1` is a number for Rust, too.
    let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let number = digits.and_then(|text| text.parse::<u64>().ok()).filter(|own| i64::try_from(*own).is_ok());
    number.ok_or_else(|| Problem::bad_request(format!("{what} is a whole number")))
}

/// A place in the ledger, from the path.
pub(in super::super) struct Place(pub(in super::super) u64);

impl FromRequestParts<Arc<Shared>> for Place {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let Named(text) = Named::from_request_parts(parts, shared).await?;
        Ok(Self(number(&text, "the index of an entry")?))
    }
}
