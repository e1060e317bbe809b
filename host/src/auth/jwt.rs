//! Tokens: a signed JWT, or nothing.
//!
//! A token goes through four steps, and none of them trusts what a later one has to prove:
//!
//! 1. `parse` takes it apart, strictly: three parts, canonical base64url, a header of known fields.
//! 2. `keys` chooses the key. The token may name one of a set, but never the algorithm: each key
//!    has its own, and the header must agree with it.
//! 3. The signature is verified, by the `jsonwebtoken` crate.
//! 4. `claims` reads the payload and holds it to the configuration and the clock.
//!
//! `jsonwebtoken` could do all of it, but it takes the last of two equal keys, ignores header
//! fields that it does not know, and rounds fractional dates.

mod claims;
mod keys;
mod mint;
mod parse;
mod strict_json;

pub use claims::Claims;
pub use keys::KeyFileError;
pub(super) use keys::{TokenVerifier, Verified};
pub use mint::{MintError, mint_jwt};
pub use parse::{Header, Unverified, peek};
