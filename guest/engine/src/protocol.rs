//! Protocols that agents speak: bytes of a message become values that a shell can act on.
//!
//! Pure readers and writers. They know no policy: whether a tool may be seen or called is asked of
//! the caller.

mod fields;
mod json_rpc;
mod splice;

pub mod mcp;
pub mod sse;
pub mod x402;
