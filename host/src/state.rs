//! What the daemon remembers, as values: meters, sessions, holds, policies, the head of the ledger.
//!
//! Pure. A [`Page`] is what one transaction sees and changes; a store loads it, and saves its
//! changes all or not at all. Nothing here knows SQL, HTTP or what a policy says.

mod approvals;
mod keys;
mod page;
mod rows;

pub use approvals::{
    Approval, ApprovalAnswer, ApprovalMeter, ApprovalPart, ApprovalReason, ApprovalRule, ApprovalState,
};
pub use keys::{Keys, MeterKey};
pub use page::{Appended, Head, Page, PageError, Table};
pub use rows::{
    Agent, Charge, Entry, EntryKind, Hold, HoldState, Lesson, NewEntry, PolicyRevision, PolicyState,
    Remembered, Session,
};
pub use sentinel_meter::{Meter, Slot};

/// The tenant of every row. There is one, so far; the column is there for the day on which there
/// are more.
pub const TENANT: &str = "default";

/// Milliseconds since the epoch, UTC. Given by whoever has a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// Whole seconds since the epoch.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// So many milliseconds later.
    pub const fn plus(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }
}
