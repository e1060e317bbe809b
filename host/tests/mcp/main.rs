//! `sentinel mcp` between real clients and real servers: the official SDKs, over standard input and over
//! HTTP. What single messages mean is for the tests of the engine.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a suite fails loudly: that is its job"
)]

mod daemon;
mod http;
#[path = "../../../tests/src/port.rs"]
#[expect(unreachable_pub, reason = "elsewhere it is part of a library")]
mod port;
mod scene;
mod stdio;
