//! The dashboard and the playground in a real browser, in front of a real daemon: a person's way through
//! each page, what axe says of it, and hostile text on it. The steps are in `js/`, a file for each page;
//! each file has a daemon and a browser of its own.
//!
//! What the API answers is for `tests/api`; what the engine decides is for the engine.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a suite fails loudly: that is its job"
)]

#[path = "../daemon/client.rs"]
#[expect(dead_code, reason = "shared with suites that use the rest of it")]
mod client;
#[path = "../daemon/harness.rs"]
#[expect(dead_code, reason = "shared with suites that use the rest of it")]
mod harness;
mod scene;

use scene::Scene;

/// In, with a wrong key first; out; out because somebody took the key back.
#[test]
fn signing_in_and_out() {
    Scene::new().walk("login.mjs");
}

#[test]
fn live() {
    Scene::new().walk("live.mjs");
}

#[test]
fn agents() {
    Scene::new().walk("agents.mjs");
}

#[test]
fn approvals() {
    Scene::new().walk("approvals.mjs");
}

#[test]
fn policy() {
    Scene::new().walk("policy.mjs");
}

#[test]
fn ledger() {
    Scene::new().walk("ledger.mjs");
}

/// What became of a ledger while nobody looked: another key, another past.
#[test]
fn ledger_past() {
    Scene::new().walk("past.mjs");
}

/// As static files, without a daemon.
#[test]
fn playground() {
    Scene::new().walk("playground.mjs");
}

/// Text of agents that would like to be code.
#[test]
fn hostile_text() {
    Scene::new().walk("hostile.mjs");
}

/// What pages of others, and scripts of the page, can do with somebody who is signed in.
#[test]
fn exposure() {
    Scene::new().walk("exposure.mjs");
}

/// For the documents, and for whoever looks at a run.
#[test]
fn pictures() {
    Scene::new().walk("pictures.mjs");
}
