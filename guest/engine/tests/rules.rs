//! Rules, labels, metadata and redaction as their authors see them: a policy and a call in, a code
//! and an outcome out. Cases are tables; the engine appears in `support` only.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

#[path = "rules/support.rs"]
mod support;

#[path = "rules/operators.rs"]
mod operators;

#[path = "rules/kleene.rs"]
mod kleene;

#[path = "rules/order.rs"]
mod order;

#[path = "rules/paths.rs"]
mod paths;

#[path = "rules/records.rs"]
mod records;

#[path = "rules/diagnostics.rs"]
mod diagnostics;

#[path = "rules/ported.rs"]
mod ported;

#[path = "rules/properties.rs"]
mod properties;
