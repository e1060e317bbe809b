//! Credentials as attackers send them: each line of a table is one request, and what becomes of it.
//!
//! Keys are made in the tests. The clock is an argument, so nothing here waits.

#![expect(clippy::unwrap_used, reason = "tests")]

mod api_keys;
mod public_keys;
mod secrets;
mod support;
mod tokens;
