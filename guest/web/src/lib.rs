//! The policy engine and the ledger's verifier for browsers, Node and workers: one call of theirs for
//! each export.
//!
//! This is a shell. Bytes and text come in, JSON text goes out, and no object of JavaScript is
//! walked. It translates and never decides: what a verdict says is written in `sentinel_engine`, what
//! a receipt proves in `sentinel_ledger`. It has no clock and no randomness; what time it is comes in.
//!
//! An export that answers `Result<_, String>` throws the text. Whatever else is thrown is a fault of
//! the engine, and the layer above trusts nothing afterwards.

mod circumstances;
mod diagnostics;
mod explain;
mod ledger;
mod policy;
mod session;
mod text;
mod told;

pub use ledger::{LedgerAudit, redact, verify_checkpoint, verify_grown, verify_receipt};
pub use policy::WebPolicy;
pub use session::WebSession;

use wasm_bindgen::prelude::wasm_bindgen;

/// Every finding about a document, as a JSON array; empty where there is none.
#[wasm_bindgen]
#[must_use]
pub fn validate(document: &str, is_json: bool) -> String {
    let found = match sentinel_engine::Policy::load(document, policy::format(is_json)) {
        Ok(policy) => policy.warnings().to_vec(),
        Err(found) => found,
    };
    diagnostics::json(document, &found)
}

/// The JSON Schema of policy documents.
#[wasm_bindgen]
#[must_use]
pub fn schema() -> String {
    sentinel_engine::schema()
}

/// `sha256:` and 64 hex digits over exactly these bytes.
#[wasm_bindgen(js_name = callDigest)]
#[must_use]
pub fn call_digest(call: &[u8]) -> String {
    sentinel_engine::Digest::of(call).to_string()
}

/// The text with everything that cannot be seen, or that changes the direction, as `\u{…}`.
#[wasm_bindgen]
#[must_use]
pub fn visible(text: &str) -> String {
    sentinel_engine::visible(text)
}
