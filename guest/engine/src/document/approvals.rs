//! `approvals` of a document, as types.

use super::leaves::{Text, Whole};
use super::meters::{Dollars, Tools};
use super::shape::{Filled, shape_struct};
use crate::limits::{APPROVAL_SECONDS_MAX, APPROVAL_SECONDS_MIN, APPROVERS_MAX, QUORUM_MAX};

/// How many have to say yes.
pub(crate) type Quorum = Whole<1, QUORUM_MAX>;

/// How long a question can be answered and its answer be used.
pub(crate) type Expiry = Whole<APPROVAL_SECONDS_MIN, APPROVAL_SECONDS_MAX>;

shape_struct! {
    /// What a person has to be asked about, and who that is.
    pub(crate) struct Approvals {
        /// Subjects that may answer; without it, everybody who holds the role `approve`. Whoever
        /// sent a call never answers for it.
        approvers: Option<Filled<Text, APPROVERS_MAX>> = "approvers",
        /// How many of them have to say yes; 1 if absent. One no is enough to deny.
        quorum: Option<Quorum> = "quorum",
        /// Seconds for which a question can be answered and its answer be used; 900 if absent.
        expires_seconds: Option<Expiry> = "expiresSeconds",
        /// Calls that cost more dollars than this need a person.
        above: Option<Dollars> = "above",
        /// Calls of these tools need a person, `*` for any text.
        tools: Option<Tools> = "tools",
    }
}
