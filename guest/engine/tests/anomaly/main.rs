//! Anomaly detection and budgets that ask, from outside: documents and calls in, verdicts out.

#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails loudly")]

mod world;

mod baselines;
mod closed;
mod documents;
mod scores;
mod spend;
