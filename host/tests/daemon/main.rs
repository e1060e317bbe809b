//! The program itself, from outside: started as a process, asked over TCP, killed, starved, stopped.
//!
//! One module for each kind of trouble. What single requests get is for `tests/api`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a suite fails loudly: that is its job"
)]

mod approvals;
mod approvals_attack;
mod approvals_binding;
mod approvals_grounds;
mod approvals_money;
mod approvals_people;
mod approvals_replicas;
mod approvals_shown;
mod approvals_store;
mod client;
mod concurrency;
mod crash;
mod drain;
mod events;
mod fail_closed;
mod harness;
mod ledger;
mod load;
mod logins;
mod openapi;
mod outage;
mod policy;
// These know nothing of Sentinel, and belong to a package that depends on this one.
#[path = "../../../tests/src/port.rs"]
#[expect(unreachable_pub, reason = "elsewhere it is part of a library")]
mod port;
#[path = "../../../tests/src/postgres.rs"]
#[expect(dead_code, unreachable_pub, reason = "shared with suites that use the rest of it")]
mod postgres;
mod records;
mod reload;
mod tricks;
