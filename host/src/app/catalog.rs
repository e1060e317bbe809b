//! Policies that govern, by agent. A call takes its policy once and keeps it to its end, so no
//! call sees two versions.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use sentinel_ledger::Redactor;
use serde_json::Value;
use serde_json::value::RawValue;

use super::record::PolicyReference;
use crate::engine::PolicyText;
use crate::state::{PolicyRevision, PolicyState};

/// A policy that governs.
#[derive(Debug)]
pub struct Governing {
    /// The agent.
    pub agent: String,
    /// Which revision of its policy.
    pub reference: PolicyReference,
    /// Who deployed it.
    pub deployed_by: String,
    /// The document, as the engine takes it.
    pub text: PolicyText,
    /// What it says of itself, once somebody asked.
    pub(super) description: OnceLock<Arc<Value>>,
    /// What it says for the record, once a call was recorded.
    pub(super) labels: OnceLock<Labels>,
}

/// What a policy says for the record of its calls.
#[derive(Debug, Default)]
pub struct Labels {
    /// A JSON object of texts, in the order of their names.
    pub metadata: Option<Box<RawValue>>,
    /// Hides what the policy wants hidden, beside what is always hidden.
    pub redactor: Option<Redactor>,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Catalog {
    policies: RwLock<HashMap<String, Known>>,
}

/// The newest revision that is known of an agent's policy; a removal is one, too.
#[derive(Debug)]
struct Known {
    revision: u64,
    governing: Option<Arc<Governing>>,
}

impl Catalog {
    /// The policy of an agent. Without one, everything is denied.
    pub fn get(&self, agent: &str) -> Option<Arc<Governing>> {
        self.read().get(agent)?.governing.clone()
    }

    /// Policies that govern, in the order of their agents.
    pub fn all(&self) -> Vec<Arc<Governing>> {
        let mut all: Vec<_> = self.read().values().filter_map(|known| known.governing.clone()).collect();
        all.sort_unstable_by(|left, right| left.agent.cmp(&right.agent));
        all
    }

    /// Agents that have a policy or had one.
    pub fn known(&self) -> Vec<String> {
        self.read().keys().cloned().collect()
    }

    /// Whether an agent has a policy or had one.
    pub fn knows(&self, agent: &str) -> bool {
        self.read().contains_key(agent)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.read().values().filter(|known| known.governing.is_some()).count()
    }

    /// Takes over a revision. An older one than what is known is left aside: two that were
    /// committed one after the other may be told in the other order.
    pub fn take(&self, own: PolicyRevision) {
        let mut policies = self.policies.write().unwrap_or_else(PoisonError::into_inner);
        if policies.get(&own.agent).is_some_and(|known| known.revision >= own.revision) {
            return;
        }
        let (agent, revision) = (own.agent, own.revision);
        let governing = match own.state {
            PolicyState::Removed => None,
            PolicyState::Active => Some(Arc::new(Governing {
                agent: agent.clone(),
                reference: PolicyReference { digest: own.digest, revision, version: own.version },
                deployed_by: own.deployed_by,
                text: PolicyText::new(own.document, own.format),
                description: OnceLock::new(),
                labels: OnceLock::new(),
            })),
        };
        policies.insert(agent, Known { revision, governing });
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, HashMap<String, Known>> {
        self.policies.read().unwrap_or_else(PoisonError::into_inner)
    }
}
