//! The clients that ship with the daemon, in front of a real one: guardFetch that lets it decide, the storage
//! that reports to it, the edge worker. What they do alone is for `tests/web`, where daemons are pretended; here
//! is what only the real one knows: its limits, its reader of JSON, the bytes that a yes is for.
//!
//! The steps are in `js/`, a file for each client; each file has a daemon of its own.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a suite fails loudly: that is its job"
)]

#[path = "../daemon/client.rs"]
#[expect(dead_code, reason = "shared with suites that use the rest of it")]
mod client;
#[path = "../daemon/harness.rs"]
#[expect(dead_code, reason = "shared with suites that use the rest of it")]
mod harness;
#[path = "../../../tests/web/tests/edge/process.rs"]
mod process;
mod scene;

use scene::Scene;

#[test]
fn guard_fetch_lets_the_daemon_decide() {
    Scene::new().walk("guard");
}

#[test]
fn records_reach_the_ledger() {
    Scene::new().walk("storage");
}

#[test]
fn the_edge_worker_asks_and_reports() {
    Scene::new().with_edges().walk("edge");
}
