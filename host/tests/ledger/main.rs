//! `sentinel ledger`, the program, on real stores: what was tampered with is noticed, what was
//! copied still verifies.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod calls;
mod copies;
mod database;
mod keys;
#[path = "../../../tests/src/port.rs"]
#[expect(unreachable_pub, reason = "elsewhere it is part of a library")]
mod port;
#[expect(unreachable_pub, dead_code, reason = "elsewhere it is part of a library")]
#[path = "../../../tests/src/postgres.rs"]
mod postgres;
mod publish;
mod receipts;
#[expect(unreachable_pub, reason = "elsewhere it is part of a library")]
#[path = "../../../tests/src/s3.rs"]
mod s3;
mod store;
mod tamper;
