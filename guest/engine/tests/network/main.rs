//! Requests over HTTP: what the section `network` allows, and every way in which it does not.

#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails loudly")]

mod bodies;
mod closed;
mod documents;
mod hosts;
mod inner;
mod mcp_paths;
mod properties;
mod requests;
mod world;
