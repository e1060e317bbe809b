//! Our filter in a bootstrap, with a policy of a few lines.

use serde_json::{Value, json};

use crate::bootstrap::{Bootstrap, wasm};
use crate::module;
use crate::upstream::Upstream;

/// Whom the policies of tests govern.
pub const AGENT: &str = "tester";

/// A policy that says nothing but this of the network.
pub fn policy(network: &Value) -> Value {
    json!({
        "agentId": AGENT,
        "version": "1",
        "identity": { "authorityLevel": "full-ops", "environmentScope": ["development"] },
        "network": network,
    })
}

/// Our filter with this policy.
pub fn governed(policy: &Value) -> Value {
    wasm(module::sentinel(), &json!({ "agentId": AGENT, "policy": policy }))
}

/// A bootstrap with our filter, and this said of the network.
pub fn governing(upstream: &Upstream, network: &Value) -> Bootstrap {
    Bootstrap::new(upstream.port()).filter(governed(&policy(network)))
}
