//! The harness of the suites that try the npm package in the runtimes that it is for: where the
//! package is, and programs of Node that drive the rest.
//!
//! The drivers are in `tests/web/js`. Each one is told where the package and npm's folder are, reads
//! one JSON document and answers one.
//!
//! ```text
//! Rust ── JSON ──▶ node driver.mjs ─▶ the package: here, in a page of Chromium, in workerd
//! ```

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a harness fails loudly: that is its job"
)]

mod package;
mod run;
mod worker;

pub use package::{node, package, tools};
pub use run::{RUNTIMES, Runtime, drive, run};
pub use worker::{edge_worker, workerd, workerd_port};

use std::path::PathBuf;

/// A file of this repository.
pub fn repository(path: &str) -> PathBuf {
    sentinel_artifacts::workspace().join(path)
}
