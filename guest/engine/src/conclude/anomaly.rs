//! Is the call unusual beside the calls that went before?

use super::meters::Pair;
use super::{Observation, Raise};
use crate::decision::Decision;
use crate::policy::Policy;

pub(super) fn raise(_: &Policy, _: &Decision, _: Option<&[Pair<'_>]>, _: Option<u64>) -> Option<Raise> {
    None
}

pub(super) fn observations(
    _: &Decision,
    _: Option<&[Pair<'_>]>,
    _: bool,
    _: Option<u64>,
) -> Vec<Observation> {
    Vec::new()
}
