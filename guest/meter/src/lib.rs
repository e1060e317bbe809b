//! The arithmetic of a meter: what is used, what is held, what a window still counts.
//!
//! The daemon and the page of a browser keep their meters with it, each in its own store. It has no
//! clock: `now` is in milliseconds since the epoch, the length of a window in seconds.
//!
//! A charge is *final*, or *held* until the outcome of its call is known. A reading is both
//! together, so a hold that nobody resolves counts as spent.

use serde::{Deserialize, Serialize};

/// Parts of a sliding window that are counted on their own. The oldest counts in full until the
/// window has passed all of it, so a window never lets through more than its limit, and lets go
/// of a charge at most a sixtieth of its length late.
const SLOTS: i64 = 60;

/// A counter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meter {
    /// What was charged for good.
    pub used: u64,
    /// What is held for calls whose outcome nobody reported yet.
    pub held: u64,
    /// For a sliding window: when it was charged. `used` is nought then.
    pub slots: Vec<Slot>,
}

/// What was charged in one part of a sliding window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// Number of the slot since the epoch.
    pub index: i64,
    /// What was charged in it.
    pub amount: u64,
}

impl Meter {
    /// What it stands at, for a window that does not slide.
    pub const fn total(&self) -> u64 {
        self.used.saturating_add(self.held)
    }

    /// What it stands at, counting the seconds before now.
    pub fn sliding(&self, now: i64, seconds: u32) -> u64 {
        let oldest = slot(now, seconds).saturating_sub(SLOTS);
        self.slots
            .iter()
            .filter(|slot| slot.index >= oldest)
            .map(|slot| slot.amount)
            .fold(self.held, u64::saturating_add)
    }

    /// Adds to it for good.
    pub const fn charge(&mut self, amount: u64) {
        self.used = self.used.saturating_add(amount);
    }

    /// Adds to a sliding window, and forgets what has left it.
    pub fn charge_sliding(&mut self, now: i64, seconds: u32, amount: u64) {
        let index = slot(now, seconds);
        self.slots.retain(|slot| slot.index >= index.saturating_sub(SLOTS));
        match self.slots.last_mut().filter(|last| last.index >= index) {
            Some(last) => last.amount = last.amount.saturating_add(amount),
            None => self.slots.push(Slot { index, amount }),
        }
    }

    /// Holds an amount.
    pub const fn hold(&mut self, amount: u64) {
        self.held = self.held.saturating_add(amount);
    }

    /// Ends a hold: `spent` is what was used in the end, nought where nothing was.
    pub const fn resolve(&mut self, held: u64, spent: u64) {
        self.held = self.held.saturating_sub(held);
        self.used = self.used.saturating_add(spent);
    }
}

/// The slot of a moment. Slots are rounded up, so that all of them together are no shorter than the
/// window.
fn slot(now: i64, seconds: u32) -> i64 {
    let length = (i64::from(seconds) * 1000 + SLOTS - 1) / SLOTS;
    now.div_euclid(length.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sliding_window_never_passes_more_than_its_limit() {
        // A greedy caller takes whatever it gets; no window may hold more than the limit.
        let limit = 10;
        for seconds in [1, 2, 3, 5, 7, 13, 60] {
            let length = i64::from(seconds) * 1000;
            let mut meter = Meter::default();
            let mut taken: Vec<i64> = Vec::new();
            let mut now = 1_000_000_007;
            while now < 1_000_000_007 + 5 * length {
                if meter.sliding(now, seconds) < limit {
                    meter.charge_sliding(now, seconds, 1);
                    taken.push(now);
                }
                now += (length / 437).max(1);
            }
            for at in &taken {
                let inside = taken.iter().filter(|other| (*at..*at + length).contains(*other)).count();
                assert!(inside as u64 <= limit, "{inside} calls in {seconds} s from {at}");
            }
            assert!(taken.len() >= 45, "only {} calls in five windows of {seconds} s", taken.len());
        }
    }

    #[test]
    fn what_left_the_window_is_forgotten() {
        let mut meter = Meter::default();
        for second in 0..600 {
            meter.charge_sliding(second * 1000, 60, 1);
        }
        assert!(meter.slots.len() <= 61, "{}", meter.slots.len());
        assert_eq!(meter.sliding(10_000_000, 60), 0);
    }

    #[test]
    fn a_clock_that_goes_back_loses_nothing() {
        let mut meter = Meter::default();
        meter.charge_sliding(100_000, 60, 3);
        meter.charge_sliding(90_000, 60, 2);
        assert_eq!(meter.sliding(100_000, 60), 5);
        assert_eq!(meter.sliding(90_000, 60), 5);
    }

    #[test]
    fn a_hold_counts_until_it_is_resolved() {
        let mut meter = Meter::default();
        meter.charge(5);
        meter.hold(10);
        assert_eq!(meter.total(), 15);
        meter.resolve(10, 3);
        assert_eq!((meter.total(), meter.held), (8, 0));
        meter.hold(4);
        meter.resolve(4, 0);
        assert_eq!(meter.total(), 8);
    }

    #[test]
    fn numbers_stay_at_their_edge() {
        let mut meter = Meter { used: u64::MAX - 1, held: 5, slots: Vec::new() };
        assert_eq!(meter.total(), u64::MAX);
        meter.charge(9);
        meter.resolve(9, 9);
        assert_eq!((meter.used, meter.held), (u64::MAX, 0));
    }
}
