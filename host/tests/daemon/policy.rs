//! Policies of these suites.

use serde_json::{Value, json};

/// An agent that may search and pay, with meters that nothing here exhausts.
pub(crate) fn plain(agent: &str, version: &str) -> Value {
    json!({
        "agentId": agent,
        "version": version,
        "identity": { "role": "Buyer", "authorityLevel": "limited-ops", "environmentScope": ["development"] },
        "dataAccess": { "readAllow": ["src/**"] },
        "toolActions": { "allowed": ["search", "pay"] },
        "riskBudget": { "maxPerSession": 1_000_000_000 },
        "budgets": [
            { "name": "shop", "limit": "1000000.00", "per": "lifetime", "tools": ["pay"] },
            { "name": "calls", "unit": "calls", "limit": 1_000_000_000, "per": "lifetime" },
        ],
    })
}

/// The same with other members.
pub(crate) fn with(agent: &str, members: &[(&str, Value)]) -> Value {
    let mut policy = plain(agent, "1.0.0");
    for (name, value) in members {
        policy[*name] = value.clone();
    }
    policy
}
