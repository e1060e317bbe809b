//! The description of this API (OpenAPI 3.1), kept by hand in `host/openapi.json`. A test compares it
//! with the table of routes and with real answers.

use super::answer::{self, Reply};
use super::caller::Anyone;

/// The document; its version is this program's.
const DOCUMENT: &str = include_str!("../../openapi.json");

/// What stands in the document where the version belongs.
const VERSION: &str = "{{version}}";

/// GET /openapi.json
pub(super) async fn document(_anyone: Anyone) -> Reply {
    Ok(answer::raw_json(DOCUMENT.replacen(VERSION, env!("CARGO_PKG_VERSION"), 1)))
}
