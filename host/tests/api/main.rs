//! The API, asked over TCP as its clients ask it: the real router, on a store of its own for each
//! test.

#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod calls;
mod credentials;
mod dashboard;
mod exports;
mod hook;
mod ledger;
mod limits;
mod login;
mod login_attacks;
mod openapi;
mod policies;
mod sessions;
mod statistics;
mod stream;
mod support;
mod tickets;
