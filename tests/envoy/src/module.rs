//! The modules that run in the proxy, built from source once in a process.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Our filter.
pub fn sentinel() -> &'static Path {
    static MODULE: LazyLock<PathBuf> =
        LazyLock::new(|| sentinel_artifacts::envoy_filter().expect("the filter builds"));
    &MODULE
}

/// The filter that decides nothing.
pub fn empty() -> &'static Path {
    static MODULE: LazyLock<PathBuf> =
        LazyLock::new(|| sentinel_artifacts::empty_filter().expect("the empty filter builds"));
    &MODULE
}

/// Our filter with the feature `faults`.
pub fn faulty() -> &'static Path {
    static MODULE: LazyLock<PathBuf> =
        LazyLock::new(|| sentinel_artifacts::faulty_filter().expect("the filter builds"));
    &MODULE
}
