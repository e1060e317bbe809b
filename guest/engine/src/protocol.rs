//! Protocols that agents speak: bytes of a message become values that a shell can act on.
//!
//! Pure readers and writers. They know no policy: whether a tool may be seen or called is asked of
//! the caller. Only what a payment may cost is said here, by rules that the caller has.

mod fields;
mod json_rpc;
mod splice;

pub mod llm;
pub mod mcp;
pub mod sse;
pub mod x402;
