//! How people hear of questions: the real daemon, and a receiver that verifies what it gets with the
//! libraries of others (`receiver.py`).

#![expect(
    clippy::unwrap_used,
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
mod links;
// These know nothing of Sentinel, and belong to a package that depends on this one.
#[path = "../../../tests/src/port.rs"]
#[expect(unreachable_pub, reason = "elsewhere it is part of a library")]
mod port;
#[path = "../../../tests/src/postgres.rs"]
#[expect(dead_code, unreachable_pub, reason = "shared with suites that use the rest of it")]
mod postgres;
mod protocols;
mod receiver;
mod several;
mod signatures;
mod support;
