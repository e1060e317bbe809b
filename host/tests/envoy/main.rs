//! The filter in a real Envoy, and the daemon that keeps its policy, its meters, its approvals and its
//! records: real processes, between an agent and a server that remembers what reached it.
//!
//! One module for each thing that the two do together. What the filter does alone is for the package
//! `sentinel-envoy-tests`, what the daemon does alone for `tests/daemon`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a suite fails loudly: that is its job"
)]

mod answers;
mod approvals;
#[path = "../daemon/client.rs"]
#[expect(dead_code, reason = "shared with a suite that uses the rest of it")]
mod client;
mod crash;
#[path = "../daemon/harness.rs"]
#[expect(dead_code, reason = "shared with a suite that uses the rest of it")]
mod harness;
#[path = "../daemon/ledger.rs"]
#[expect(dead_code, reason = "shared with a suite that uses the rest of it")]
mod ledger;
mod meters;
mod model;
mod payments;
mod policy;
#[path = "../../../tests/src/postgres.rs"]
#[expect(dead_code, unreachable_pub, reason = "shared with suites that use the rest of it")]
mod postgres;
mod records;
mod scene;

use sentinel_envoy_tests::port;
