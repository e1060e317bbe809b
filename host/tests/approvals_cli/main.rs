//! `sentinel approvals` against a running daemon: plain commands, and the page in a real terminal.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a suite fails loudly: that is its job"
)]

#[path = "../daemon/client.rs"]
#[expect(dead_code, reason = "shared with the daemon's suite, which uses the rest of it")]
mod client;
mod failures;
#[path = "../daemon/harness.rs"]
#[expect(dead_code, reason = "shared with the daemon's suite, which uses the rest of it")]
mod harness;
mod plain;
mod scene;
mod terminal;
mod tmux;
