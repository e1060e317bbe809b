//! Our Envoy filter with traps that can be asked for: the same code, with the feature `faults`.
//!
//! It is a crate of its own so that the artifact that ships can never be this one. Elsewhere than in
//! a proxy it is empty.

#[cfg(target_arch = "wasm32")]
use sentinel_envoy as _;
