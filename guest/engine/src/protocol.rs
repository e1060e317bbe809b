//! What agents speak with services: readers of protocols that decide nothing about hosts.

mod fields;
pub mod x402;
