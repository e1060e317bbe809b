//! What this daemon decided in the last ten minutes, in steps of ten seconds, and how long it took.
//!
//! Times are counted in classes an eighth of an octave wide, so a percentile is right within a few
//! per cent, and what is kept does not grow with what is decided.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use crate::app::clock;
use crate::engine::Outcome;
use crate::state::Millis;

/// Length of a step, in seconds.
const STEP_SECONDS: u64 = 10;

/// Steps that are kept.
const STEPS: usize = 60;

/// Classes of an octave, as a power of two.
const CLASS_BITS: u32 = 3;

/// Classes of times: up to a microsecond less than 2^27, two minutes. What is longer is in the last.
const CLASSES: usize = 200;

/// The last ten minutes.
#[derive(Debug, Default)]
pub(super) struct Activity {
    steps: Mutex<Vec<Step>>,
}

#[derive(Clone, Debug)]
struct Step {
    /// Which one, counted since 1970.
    number: u64,
    allow: u64,
    deny: u64,
    escalate: u64,
    times: Vec<u32>,
}

/// A step, as it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Told {
    /// Its beginning.
    at: String,
    allow: u64,
    deny: u64,
    escalate: u64,
    /// Half of the answers took no longer, in microseconds; null where nothing was answered.
    p50_micros: Option<u64>,
    /// Of a hundred answers 99 took no longer.
    p99_micros: Option<u64>,
}

impl Activity {
    /// A call was decided; here, in a time, or elsewhere.
    pub(super) fn count(&self, decision: Outcome, took: Option<Duration>, now: Millis) {
        let number = number(now);
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        if steps.last().is_none_or(|own| own.number < number) {
            let first = number.saturating_sub(STEPS as u64 - 1);
            steps.retain(|own| own.number >= first);
            steps.push(Step::new(number));
        }
        // A clock that went back does not open the past again.
        let Some(own) = steps.last_mut() else { return };
        match decision {
            Outcome::Allow => own.allow += 1,
            Outcome::Deny => own.deny += 1,
            Outcome::Escalate => own.escalate += 1,
        }
        if let Some(class) = took.and_then(|took| own.times.get_mut(class(took))) {
            *class = class.saturating_add(1);
        }
    }

    /// All steps, oldest first; the last one is not over.
    pub(super) fn told(&self, now: Millis) -> Vec<Told> {
        let last = number(now);
        let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        let first = last.saturating_sub(STEPS as u64 - 1);
        let told = (first..=last).map(|number| {
            let own = steps.iter().find(|own| own.number == number);
            own.map_or_else(|| Step::new(number).told(), Step::told)
        });
        told.collect()
    }
}

impl Step {
    fn new(number: u64) -> Self {
        Self { number, allow: 0, deny: 0, escalate: 0, times: vec![0; CLASSES] }
    }

    fn told(&self) -> Told {
        let start = self.number.saturating_mul(STEP_SECONDS * 1000);
        Told {
            at: clock::text(Millis(i64::try_from(start).unwrap_or(i64::MAX))),
            allow: self.allow,
            deny: self.deny,
            escalate: self.escalate,
            p50_micros: self.percentile(50),
            p99_micros: self.percentile(99),
        }
    }

    fn percentile(&self, percent: u64) -> Option<u64> {
        let count: u64 = self.times.iter().map(|own| u64::from(*own)).sum();
        let wanted = (count * percent).div_ceil(100);
        let mut seen = 0;
        let found = self.times.iter().position(|own| {
            seen += u64::from(*own);
            seen >= wanted
        });
        found.filter(|_| count > 0).map(middle)
    }
}

fn number(now: Millis) -> u64 {
    u64::try_from(now.seconds()).unwrap_or_default() / STEP_SECONDS
}

/// The class of a time: its highest bit, and the three bits after it.
fn class(took: Duration) -> usize {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let octave = micros.checked_ilog2().unwrap_or(0);
    if octave < CLASS_BITS {
        return usize::try_from(micros).unwrap_or(0);
    }
    let shift = octave - CLASS_BITS;
    // Between 8 and 15.
    let part = micros >> shift;
    let class = u64::from(shift) * 8 + part;
    usize::try_from(class).unwrap_or(CLASSES).min(CLASSES - 1)
}

/// The middle of a class, in microseconds.
fn middle(class: usize) -> u64 {
    let class = class as u64;
    if class < 16 {
        return class;
    }
    let shift = (class - 8) / 8;
    let part = class - shift * 8;
    (part << shift) + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_700_000_000_000);

    #[test]
    fn a_time_is_in_the_class_whose_middle_is_near() {
        for micros in (0..2_000).chain((1..2_000).map(|own| own * 37_117)) {
            let middle = middle(class(Duration::from_micros(micros)));
            assert!(middle.abs_diff(micros) * 16 <= micros, "{micros} {middle}");
        }
        let classes: Vec<_> = (0..100_000).map(|own| class(Duration::from_micros(own))).collect();
        assert!(classes.is_sorted() && classes.last().unwrap() < &CLASSES);
        assert_eq!(class(Duration::MAX), CLASSES - 1);
    }

    #[test]
    fn ten_minutes_are_kept_and_no_more() {
        let own = Activity::default();
        assert_eq!(own.told(NOW).len(), STEPS);
        for step in 0..100_i64 {
            for _ in 0..=step {
                own.count(Outcome::Deny, Some(Duration::from_micros(1_000)), NOW.plus(step * 10_000));
            }
        }
        let told = own.told(NOW.plus(99 * 10_000));
        let counts: Vec<_> = told.iter().map(|own| own.deny).collect();
        assert_eq!(counts, (41..=100).collect::<Vec<u64>>());
        assert!(own.steps.lock().unwrap().len() <= STEPS);
        assert_eq!(told.first().unwrap().at, "2023-11-14T22:20:00.000Z");
        // Nothing happened since.
        let later = own.told(NOW.plus(104 * 10_000));
        let counts: Vec<_> = later.iter().map(|own| own.deny).collect();
        assert_eq!(counts, (46..=100).chain([0; 5]).collect::<Vec<u64>>());
        assert!(own.told(NOW.plus(10_000_000)).iter().all(|own| own.deny == 0 && own.p50_micros.is_none()));
        // A clock that goes back loses nothing.
        own.count(Outcome::Allow, None, NOW);
        assert_eq!(own.told(NOW.plus(99 * 10_000)).last().unwrap().allow, 1);
    }

    #[test]
    fn percentiles_are_of_what_was_answered_here() {
        let own = Activity::default();
        for micros in 1..=1_000 {
            own.count(Outcome::Allow, Some(Duration::from_micros(micros)), NOW);
        }
        own.count(Outcome::Escalate, None, NOW);
        let last = own.told(NOW).pop().unwrap();
        assert_eq!((last.allow, last.escalate), (1_000, 1));
        let (p50, p99) = (last.p50_micros.unwrap(), last.p99_micros.unwrap());
        assert!((470..=530).contains(&p50) && (930..=1_050).contains(&p99), "{p50} {p99}");
    }
}
