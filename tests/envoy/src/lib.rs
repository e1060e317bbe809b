//! The harness of the suites that run a real Envoy: the proxy, what is behind it, and a client that may
//! say anything.
//!
//! It knows of Sentinel where the filter's module is, and nothing else.
//!
//! ```text
//! client.rs ── bytes ──▶ envoy.rs (a process, made by bootstrap.rs) ── HTTP/1.1 ──▶ upstream.rs
//! ```

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a harness fails loudly: that is its job"
)]

pub mod bootstrap;
pub mod client;
pub mod envoy;
pub mod filter;
pub mod model;
pub mod module;
#[path = "../../src/port.rs"]
pub mod port;
pub mod script;
pub mod tools;
pub mod trap;
pub mod upstream;
mod wire;

pub use bootstrap::{Bootstrap, wasm};
pub use client::{Connection, Response};
pub use envoy::Envoy;
pub use upstream::{Answer, Gate, Request, Upstream};
