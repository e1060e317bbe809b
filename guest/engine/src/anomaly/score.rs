//! How unusual is a call? The ladder of scores, in hundredths of 0 to 10; the highest counts.

use super::features::{Argument, Features, Number, Trace};
use super::habits::{HOUR, Habits, Known, Numbers, hour};
use super::{Anomaly, Signal, show};
use crate::wire;

/// Fewer calls, or fewer numbers of an argument, than this say nothing yet.
const CALLS_NEEDED: u32 = 5;
/// Fewer distinct values than this are not known to be all.
const VALUES_NEEDED: usize = 3;

pub(super) const MAX: u64 = 1_000;
/// A number more than two deviations off, and three at most.
const FAR: u64 = 500;
/// Always a number, and now something else: that must not be the way around.
const NEW_KIND: u64 = 700;
pub(super) const FREQUENT: u64 = 600;
pub(super) const NEW_HOUR: u64 = 400;
const RARE_HOUR: u64 = 300;
pub(super) const NEW_VALUE: u64 = 400;

/// The highest score of a call, and why.
#[derive(Debug)]
pub(crate) struct Finding {
    /// In hundredths.
    pub(crate) score: u64,
    pub(crate) signal: Signal,
    what: String,
}

impl Finding {
    /// One sentence, without any value of the call.
    pub(crate) fn message(&self) -> String {
        format!("{}: {} of 10 (signal {}).", self.what, show(self.score), self.signal.as_str())
    }
}

/// What is most unusual about a call, the first of equals.
pub(crate) fn score(
    anomaly: &Anomaly,
    habits: &Habits,
    call: &Features,
    now: Option<u64>,
) -> Option<Finding> {
    if habits.calls < CALLS_NEEDED {
        return None;
    }
    let mut worst: Option<Finding> = None;
    for signal in &anomaly.signals {
        let found = match signal {
            Signal::Numbers => worst_argument(habits, call, number),
            Signal::Frequency => now.and_then(|now| frequency(habits, now)),
            Signal::Hours => now.and_then(|now| hours(habits, now)),
            Signal::Values => worst_argument(habits, call, value),
        };
        if let Some((score, what)) = found
            && worst.as_ref().is_none_or(|worst| score > worst.score)
        {
            worst = Some(Finding { score, signal: *signal, what });
        }
    }
    worst
}

type Scored = (u64, &'static str);

/// The argument that scores highest, the first of equals.
fn worst_argument(
    habits: &Habits,
    call: &Features,
    score: fn(&Known, Trace) -> Option<Scored>,
) -> Option<(u64, String)> {
    let scores = call.arguments.iter().filter_map(|Argument { name, seen }| {
        let (score, what) = score(habits.argument(seen.id)?, seen.value)?;
        Some((score, name, what))
    });
    let (score, name, what) = scores.reduce(|worst, next| if next.0 > worst.0 { next } else { worst })?;
    Some((score, format!("Argument `{}` {what}", wire::excerpt(name))))
}

fn number(known: &Known, value: Trace) -> Option<Scored> {
    if known.numbers.count < CALLS_NEEDED {
        return None;
    }
    match value {
        Trace::Number(number) => Some(ladder(deviations(&known.numbers, number)))
            .filter(|score| *score > 0)
            .map(|score| (score, "is far from what it was in past calls")),
        Trace::Text(_) | Trace::Other => {
            (!known.was_no_number).then_some((NEW_KIND, "was a number in all past calls, and is none now"))
        }
    }
}

/// How many deviations a number is off.
fn deviations(numbers: &Numbers, number: Number) -> f64 {
    let (off, deviation) = ((number.get() - numbers.mean).abs(), numbers.deviation());
    if deviation > 0.0 {
        off / deviation
    } else if off > 0.0 {
        10.0
    } else {
        0.0
    }
}

/// The score of a number that is so many deviations off.
fn ladder(deviations: f64) -> u64 {
    if deviations > 5.0 {
        MAX
    } else if deviations > 3.0 {
        // Rounded down, so that a threshold means what it says.
        (deviations * 200.0) as u64
    } else if deviations > 2.0 {
        FAR
    } else {
        0
    }
}

/// More than three times as many calls in the last hour as in the mean one.
fn frequency(habits: &Habits, now: u64) -> Option<(u64, String)> {
    let expected = u128::from(habits.calls) * 3 * u128::from(HOUR);
    let is_frequent = u128::from(habits.last_hour(now)) * u128::from(habits.span()) > expected;
    is_frequent.then(|| (FREQUENT, "Tool was called far more often than usual in the last hour".to_owned()))
}

fn hours(habits: &Habits, now: u64) -> Option<(u64, String)> {
    let own = u64::from(habits.hours.get(hour(now)).copied().unwrap_or_default());
    let all: u64 = habits.hours.iter().copied().map(u64::from).sum();
    let found = |score, what: &str| Some((score, format!("Tool was {what} called at this hour of the day")));
    if own == 0 && all >= 20 {
        found(NEW_HOUR, "never")
    } else if own * 100 < all && all >= 50 {
        found(RARE_HOUR, "hardly ever")
    } else {
        None
    }
}

fn value(known: &Known, value: Trace) -> Option<Scored> {
    let Trace::Text(digest) = value else { return None };
    let is_new = !known.is_free_text && known.texts.len() >= VALUES_NEEDED && !known.texts.contains(&digest);
    is_new.then_some((NEW_VALUE, "has a value that it had in no past call"))
}
