//! An Envoy filter that decides nothing.
//!
//! It goes through the same SDK as ours and is called at the same places, so that the difference
//! between the two is what ours does. Elsewhere than in a proxy this crate is empty.

#[cfg(target_arch = "wasm32")]
mod filter;
