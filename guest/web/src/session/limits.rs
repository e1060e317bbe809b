//! Every bound of a session, with its unit in its name and its reason beside it. What passes one is
//! denied.

/// Meters that are kept: a policy has few, and each payee may have one.
pub(super) const METERS_MAX: usize = 10_000;

/// Calls whose outcome nobody told yet.
pub(super) const HOLDS_MAX: usize = 4_096;

/// Said where that is reached.
pub(super) const HOLDS_FULL: &str = "this page waits for the outcome of too many calls";

/// A clock that is further behind than this is not one that was only put right, in milliseconds.
pub(super) const CLOCK_BEHIND_MS: u64 = 86_400_000;

/// Said where it is.
pub(super) const CLOCK_BEHIND: &str = "the clock is more than a day behind the latest moment of this session: put it right, or, if it was wrong then, go on from a copy or begin a new session";

/// How long the outcome of a call is waited for, in milliseconds: a person has a quarter of an hour.
pub(super) const HOLD_MS: u64 = 900_000;

/// Questions that are remembered, most of which are over.
pub(super) const QUESTIONS_KEPT: usize = 512;

/// Questions in an hour, as in the daemon: people who are asked more often answer without reading.
pub(super) const QUESTIONS_MAX: u64 = 120;

/// The window of that bound, in seconds.
pub(super) const ASKED_SECONDS: u32 = 3_600;

/// Tools whose usual calls are remembered.
pub(super) const BASELINES_MAX: usize = 1_024;

/// The name of a run, in bytes, as part of a key; a longer one counts by its digest.
pub(super) const RUN_BYTES_MAX: usize = 128;

/// Who answers, in bytes.
pub(super) const SUBJECT_BYTES_MAX: usize = 256;

/// Said where what is kept is more than half of what can be restored: nothing new is begun then.
pub(super) const LARGE: &str = "this page keeps too much";

/// A saved session, in bytes.
pub(super) const SAVED_BYTES_MAX: usize = 16 << 20;
