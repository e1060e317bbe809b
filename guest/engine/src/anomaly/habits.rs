//! The baseline of a tool: sums over its executed calls, of a bounded size.
//!
//! ```text
//! version, kind                      2
//! calls                              4   halved by forgetting
//! epoch, first, last                24   milliseconds; nought before the first timed call
//! calls by hour of the day (UTC)    96
//! calls by stretch of five minutes  48   the last twelve stretches, up to that of the last call
//! arguments                          1   at most 32, the first ones to be seen
//!   digest of the name               8
//!   flags                            1   1: was no number, 2: free text
//!   count, mean, sum of squares     20   Welford's sums of its numbers
//!   texts                            1   at most 64, in all arguments at most 256
//!     digest                         8
//! ```

use super::CALLS;
use super::bytes::{Reader, record};
use super::features::{Number, Seen, SeenArgument, Trace};
use crate::limits::{
    BASELINE_ARGUMENT_TEXTS_MAX, BASELINE_ARGUMENTS_MAX, BASELINE_TEXTS_MAX, COMPARED_NUMBER_MAX,
};

const MINUTE: u64 = 60_000;
pub(super) const HOUR: u64 = 60 * MINUTE;
/// After so long, what was learned counts half.
const FORGET: u64 = 30 * 24 * HOUR;
/// One stretch of the last hour.
const STRETCH: u64 = 5 * MINUTE;
const STRETCHES: usize = 12;

const WAS_NO_NUMBER: u8 = 1;
const IS_FREE_TEXT: u8 = 2;

/// What is known of a tool's executed calls.
#[derive(Debug, Default)]
pub(crate) struct Habits {
    pub(super) calls: u32,
    /// Since when nothing was forgotten.
    epoch: u64,
    first: u64,
    last: u64,
    pub(super) hours: [u32; 24],
    stretches: [u32; STRETCHES],
    pub(super) arguments: Vec<Known>,
}

/// What is known of one argument.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) id: u64,
    /// It was a text, or anything else than a number, at least once.
    pub(super) was_no_number: bool,
    /// It had more values than are kept: no value of it is new.
    pub(super) is_free_text: bool,
    pub(super) numbers: Numbers,
    pub(super) texts: Vec<u64>,
}

/// Welford's sums.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbers {
    pub(super) count: u32,
    pub(super) mean: f64,
    squares: f64,
}

/// The hour of the day, in UTC.
pub(super) fn hour(now: u64) -> usize {
    usize::try_from(now / HOUR % 24).unwrap_or_default()
}

fn slot(stretch: u64) -> usize {
    usize::try_from(stretch % 12).unwrap_or_default()
}

impl Habits {
    /// No bytes are no calls; bytes that are none of ours are nothing.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self::default());
        }
        let mut reader = Reader::new(bytes);
        if reader.head()? != CALLS {
            return None;
        }
        let mut habits = Self {
            calls: reader.u32()?,
            epoch: reader.u64()?,
            first: reader.u64()?,
            last: reader.u64()?,
            hours: reader.counters()?,
            stretches: reader.counters()?,
            arguments: Vec::new(),
        };
        let count = usize::from(reader.u8()?);
        if count > BASELINE_ARGUMENTS_MAX || habits.first > habits.last || habits.epoch > habits.last {
            return None;
        }
        habits.arguments.reserve_exact(count);
        for _ in 0..count {
            habits.arguments.push(Known::read(&mut reader)?);
        }
        reader.end()?;
        (habits.texts() <= BASELINE_TEXTS_MAX).then_some(habits)
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut out = record(CALLS, 192 + 32 * self.arguments.len() + 8 * self.texts());
        out.extend(self.calls.to_le_bytes());
        for time in [self.epoch, self.first, self.last] {
            out.extend(time.to_le_bytes());
        }
        for counter in self.hours.iter().chain(&self.stretches) {
            out.extend(counter.to_le_bytes());
        }
        out.push(u8::try_from(self.arguments.len()).unwrap_or(u8::MAX));
        for argument in &self.arguments {
            argument.write(&mut out);
        }
        out
    }

    /// Texts that are kept, of all arguments.
    fn texts(&self) -> usize {
        self.arguments.iter().map(|argument| argument.texts.len()).sum()
    }

    /// Calls in the last hour, the running stretch of five minutes included.
    pub(super) fn last_hour(&self, now: u64) -> u64 {
        let (current, latest) = (now / STRETCH, self.last / STRETCH);
        (0..12)
            .filter_map(|back| current.checked_sub(back))
            // A slot holds the latest of its stretches that was reached.
            .filter(|stretch| *stretch <= latest && latest - stretch < 12)
            .filter_map(|stretch| self.stretches.get(slot(stretch)))
            .copied()
            .map(u64::from)
            .sum()
    }

    /// Milliseconds between the first call and the last.
    pub(super) const fn span(&self) -> u64 {
        self.last.saturating_sub(self.first)
    }

    pub(super) fn learn(&mut self, seen: &Seen) {
        if let Some(time) = seen.time {
            self.learn_time(time);
        }
        self.calls = self.calls.saturating_add(1);
        for argument in &seen.arguments {
            self.learn_argument(*argument);
        }
    }

    fn learn_time(&mut self, time: u64) {
        if self.last == 0 {
            (self.epoch, self.first, self.last) = (time, time, time);
        }
        self.forget(time);
        if let Some(counter) = self.hours.get_mut(hour(time)) {
            *counter = counter.saturating_add(1);
        }
        let (stretch, latest) = (time / STRETCH, self.last / STRETCH);
        // The slots of stretches that passed without a call are empty.
        for passed in (latest + 1..=stretch).rev().take(STRETCHES) {
            if let Some(counter) = self.stretches.get_mut(slot(passed)) {
                *counter = 0;
            }
        }
        // Clocks of several daemons differ: what comes late counts where it belongs, if that is kept.
        if latest.saturating_sub(stretch) < 12
            && let Some(counter) = self.stretches.get_mut(slot(stretch))
        {
            *counter = counter.saturating_add(1);
        }
        // Neither `first` nor `epoch` goes back: one wrong clock would make all others forget.
        self.last = self.last.max(time);
    }

    /// Halves what was learned, once for every 30 days since that was last done.
    fn forget(&mut self, now: u64) {
        let periods = now.saturating_sub(self.epoch) / FORGET;
        let halves = u32::try_from(periods).unwrap_or(u32::MAX).min(63);
        if halves == 0 {
            return;
        }
        self.epoch = self.epoch.saturating_add(periods.saturating_mul(FORGET)).min(now);
        // The rate stays what it was: fewer calls in a shorter time.
        self.first = self.last - (self.span() >> halves);
        let halved = |count: u32| count.checked_shr(halves).unwrap_or(0);
        self.calls = halved(self.calls);
        self.hours = self.hours.map(halved);
        for Known { numbers, .. } in &mut self.arguments {
            numbers.count = halved(numbers.count);
            numbers.squares = (0..halves).fold(numbers.squares, |squares, _| squares / 2.0);
            if numbers.count < 2 {
                numbers.squares = 0.0;
            }
            if numbers.count == 0 {
                numbers.mean = 0.0;
            }
        }
    }

    pub(super) fn argument(&self, id: u64) -> Option<&Known> {
        self.arguments.iter().find(|own| own.id == id)
    }

    fn learn_argument(&mut self, SeenArgument { id, value }: SeenArgument) {
        let has_room = self.texts() < BASELINE_TEXTS_MAX;
        let found = self.arguments.iter().position(|own| own.id == id);
        if found.is_none() && self.arguments.len() < BASELINE_ARGUMENTS_MAX {
            self.arguments.push(Known::new(id));
        }
        let at = found.unwrap_or(self.arguments.len().saturating_sub(1));
        let Some(known) = self.arguments.get_mut(at).filter(|own| own.id == id) else { return };
        match value {
            Trace::Number(number) => known.numbers.learn(number),
            Trace::Text(digest) => {
                known.was_no_number = true;
                known.learn_text(digest, has_room);
            }
            Trace::Other => known.was_no_number = true,
        }
    }
}

impl Known {
    const fn new(id: u64) -> Self {
        let numbers = Numbers { count: 0, mean: 0.0, squares: 0.0 };
        Self { id, was_no_number: false, is_free_text: false, numbers, texts: Vec::new() }
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let id = reader.u64()?;
        let flags = reader.u8()?;
        let numbers = Numbers { count: reader.u32()?, mean: reader.f64()?, squares: reader.f64()? };
        let count = reader.u8()?;
        let is_sound = flags <= WAS_NO_NUMBER | IS_FREE_TEXT
            && numbers.mean.abs() <= COMPARED_NUMBER_MAX
            && numbers.squares >= 0.0
            && usize::from(count) <= BASELINE_ARGUMENT_TEXTS_MAX;
        if !is_sound {
            return None;
        }
        let texts = (0..count).map(|_| reader.u64()).collect::<Option<_>>()?;
        Some(Self {
            id,
            was_no_number: flags & WAS_NO_NUMBER != 0,
            is_free_text: flags & IS_FREE_TEXT != 0,
            numbers,
            texts,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.id.to_le_bytes());
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        out.push(flag(self.was_no_number, WAS_NO_NUMBER) | flag(self.is_free_text, IS_FREE_TEXT));
        out.extend(self.numbers.count.to_le_bytes());
        out.extend(self.numbers.mean.to_le_bytes());
        out.extend(self.numbers.squares.to_le_bytes());
        out.push(u8::try_from(self.texts.len()).unwrap_or(u8::MAX));
        for text in &self.texts {
            out.extend(text.to_le_bytes());
        }
    }

    fn learn_text(&mut self, digest: u64, has_room: bool) {
        if self.is_free_text || self.texts.contains(&digest) {
            return;
        }
        if has_room && self.texts.len() < BASELINE_ARGUMENT_TEXTS_MAX {
            self.texts.push(digest);
        } else {
            self.is_free_text = true;
            self.texts = Vec::new();
        }
    }
}

impl Numbers {
    fn learn(&mut self, number: Number) {
        let number = number.get();
        self.count = self.count.saturating_add(1);
        let before = number - self.mean;
        self.mean =
            (self.mean + before / f64::from(self.count)).clamp(-COMPARED_NUMBER_MAX, COMPARED_NUMBER_MAX);
        self.squares = (self.squares + before * (number - self.mean)).clamp(0.0, f64::MAX);
    }

    /// The deviation of the samples: the root of their variance, with one less than their number.
    pub(super) fn deviation(&self) -> f64 {
        (self.squares / f64::from(self.count.saturating_sub(1).max(1))).sqrt()
    }
}
