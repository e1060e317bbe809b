//! API keys that are valid, in memory. The store has them; this is a copy, renewed when the store
//! says that something changed.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use crate::auth::{KeyHash, KeyLookup, KeyRecord, Principal, Role};

/// Keys by their hash.
#[derive(Debug, Default)]
pub struct KeyRing {
    keys: RwLock<HashMap<KeyHash, KeyRecord>>,
}

impl KeyRing {
    /// Replaces all of them.
    pub fn renew(&self, records: Vec<KeyRecord>) {
        let keys = records.into_iter().map(|record| (record.hash, record)).collect();
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// Whether somebody else than this subject holds a key for a role that covers an agent.
    pub fn may_others(&self, role: Role, subject: &str, agent: &str, now_unix: u64) -> bool {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.values().any(|key| {
            let is_good = key.revoked_at.is_none() && key.expires_at.is_none_or(|end| now_unix < end);
            let holder = Principal::new(key.subject.as_str(), key.roles, key.agent.clone());
            is_good && key.subject != subject && holder.may(role) && holder.may_see_agent(agent)
        })
    }

    /// Whether there is any.
    pub fn is_empty(&self) -> bool {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl KeyLookup for KeyRing {
    fn find(&self, hash: &KeyHash) -> Option<KeyRecord> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).get(hash).cloned()
    }
}
