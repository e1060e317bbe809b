//! The harness of the suites in `tests/`: where things are, and nothing else.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a harness fails loudly: that is its job"
)]

pub mod bash;
pub mod corpus;
pub mod lines;
pub mod native;
pub mod port;
pub mod postgres;
pub mod s3;

use std::path::PathBuf;

/// A file of this repository.
pub fn repository(path: &str) -> PathBuf {
    sentinel_artifacts::workspace().join(path)
}
