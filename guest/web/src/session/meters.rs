//! Which meter an effect means, what it stands at, what goes on it.

use std::collections::BTreeMap;

use sentinel_engine::{Debit, Effect, EffectOutcome, Scope, Unit, Verdict, Window};
use sentinel_meter::Meter;
use serde::{Deserialize, Serialize};

use super::holds::Charge;
use super::limits::{LARGE, METERS_MAX};

/// Names a meter: which, of which run, which part of time, and what it is kept apart by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Key {
    pub(super) meter: String,
    pub(super) scope: ScopeWord,
    /// Empty unless the scope is a run.
    pub(super) run: String,
    pub(super) key: String,
    pub(super) window: WindowWord,
    /// Of a fixed window; nought of others.
    pub(super) number: u64,
}

/// A meter, and what its policy says of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub(super) unit: UnitWord,
    pub(super) limit: u64,
    pub(super) meter: Meter,
}

/// All meters of a session.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Meters {
    #[serde(with = "super::saved::pairs")]
    rows: BTreeMap<Key, Row>,
}

/// A charge, and the meter it goes on.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) key: Key,
    pub(crate) debit: Debit,
    pub(crate) amount: u64,
}

/// [`Scope`], as it is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ScopeWord {
    Session,
    Run,
    Agent,
}

/// [`Unit`], as it is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum UnitWord {
    Points,
    UsdMicros,
    Tokens,
    Calls,
}

/// [`Window`], as it is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", content = "seconds", rename_all = "lowercase")]
pub(super) enum WindowWord {
    Lifetime,
    Fixed(u32),
    Sliding(u32),
}

impl From<Scope> for ScopeWord {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Session => Self::Session,
            Scope::Run => Self::Run,
            Scope::Agent => Self::Agent,
        }
    }
}

impl From<Unit> for UnitWord {
    fn from(unit: Unit) -> Self {
        match unit {
            Unit::Points => Self::Points,
            Unit::UsdMicros => Self::UsdMicros,
            Unit::Tokens => Self::Tokens,
            Unit::Calls => Self::Calls,
        }
    }
}

impl From<Window> for WindowWord {
    fn from(window: Window) -> Self {
        match window {
            Window::Lifetime => Self::Lifetime,
            Window::Fixed(seconds) => Self::Fixed(seconds),
            Window::Sliding(seconds) => Self::Sliding(seconds),
        }
    }
}

impl Key {
    pub(super) fn new(debit: &Debit, run: &str, now: u64) -> Self {
        let window = WindowWord::from(debit.window);
        Self {
            meter: debit.meter.clone().into_owned(),
            scope: debit.scope.into(),
            run: if debit.scope == Scope::Run { run.to_owned() } else { String::new() },
            key: debit.key.clone(),
            window,
            number: window.number(now),
        }
    }

    /// Whether it is the same meter, apart from the part of time.
    fn is_same(&self, other: &Self) -> bool {
        (&self.meter, self.scope, &self.run, &self.key, self.window)
            == (&other.meter, other.scope, &other.run, &other.key, other.window)
    }
}

impl WindowWord {
    /// The number of the current window, where windows have numbers.
    pub(super) fn number(self, now: u64) -> u64 {
        match self {
            Self::Fixed(seconds) => now / 1000 / u64::from(seconds.max(1)),
            Self::Lifetime | Self::Sliding(_) => 0,
        }
    }
}

impl Row {
    /// What counts now.
    pub(super) fn reading(&self, window: WindowWord, now: u64) -> u64 {
        match window {
            WindowWord::Sliding(seconds) => self.meter.sliding(millis(now), seconds),
            WindowWord::Lifetime | WindowWord::Fixed(_) => self.meter.total(),
        }
    }
}

impl Meters {
    /// What a meter stands at. One that cannot be kept any more cannot be read either.
    pub(super) fn read(&self, debit: &Debit, run: &str, now: u64, is_large: bool) -> EffectOutcome {
        let key = Key::new(debit, run, now);
        match self.rows.get(&key) {
            // What is held grows as well.
            _ if is_large && debit.held => EffectOutcome::Failed(LARGE.to_owned()),
            None if is_large => EffectOutcome::Failed(LARGE.to_owned()),
            Some(row) => EffectOutcome::Reading(row.reading(key.window, now)),
            None if self.rows.len() >= METERS_MAX => {
                EffectOutcome::Failed("this page keeps too many meters".to_owned())
            }
            None => EffectOutcome::Reading(0),
        }
    }

    /// What goes on which meter.
    pub(super) fn due(&self, effects: &[Effect], verdict: &Verdict, run: &str, now: u64) -> Vec<Due> {
        let due = effects.iter().zip(&verdict.charges).filter_map(|(effect, amount)| {
            let debit = effect.debit()?;
            // A cost that was said to be nought is held as well: what is reported later finds it.
            let is_due = *amount > 0 || debit.held && verdict.permitted;
            is_due.then(|| Due { key: Key::new(debit, run, now), debit: debit.clone(), amount: *amount })
        });
        due.collect()
    }

    /// Puts charges on their meters, and says what is held.
    pub(super) fn charge(&mut self, due: &[Due], now: u64) -> Vec<Charge> {
        let mut held = Vec::new();
        for own in due {
            self.forget(&own.key);
            let (unit, limit) = (own.debit.unit.into(), own.debit.limit);
            let fresh = || Row { unit, limit, meter: Meter::default() };
            let row = self.rows.entry(own.key.clone()).or_insert_with(fresh);
            (row.unit, row.limit) = (unit, limit);
            match own.debit.window {
                Window::Sliding(seconds) => row.meter.charge_sliding(millis(now), seconds, own.amount),
                Window::Lifetime | Window::Fixed(_) if own.debit.held => {
                    row.meter.hold(own.amount);
                    held.push(Charge { meter: own.key.clone(), unit, amount: own.amount });
                }
                Window::Lifetime | Window::Fixed(_) => row.meter.charge(own.amount),
            }
        }
        held
    }

    /// Forgets windows that are over and that nothing is held on.
    fn forget(&mut self, current: &Key) {
        let first = Key { number: 0, ..current.clone() };
        let over = self.rows.range(first..current.clone());
        let over: Vec<Key> = over
            .filter(|(key, row)| key.is_same(current) && row.meter.held == 0)
            .map(|(key, _)| key.clone())
            .collect();
        for key in over {
            self.rows.remove(&key);
        }
    }

    /// Makes room where there is none: windows that are over, and that nothing is held on.
    pub(super) fn sweep(&mut self, now: u64, is_large: bool) {
        if self.rows.len() < METERS_MAX && !is_large {
            return;
        }
        self.rows.retain(|key, row| {
            let is_current = key.number == key.window.number(now);
            row.meter.held > 0 || is_current && row.reading(key.window, now) > 0
        });
    }

    /// Ends a hold.
    pub(super) fn resolve(&mut self, key: &Key, held: u64, spent: u64) {
        if let Some(row) = self.rows.get_mut(key) {
            row.meter.resolve(held, spent);
        }
    }

    /// Meters of the current part of time, in order.
    pub(super) fn current(&self, now: u64) -> impl Iterator<Item = (&Key, &Row)> {
        self.rows.iter().filter(move |(key, _)| key.number == key.window.number(now))
    }

    /// What a meter of the session stands at.
    pub(super) fn of_session(&self, name: &str, now: u64) -> u64 {
        let mut own = self.current(now).filter(|(key, _)| key.meter == name);
        own.next().map_or(0, |(key, row)| row.reading(key.window, now))
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// What is held on a meter.
    pub(super) fn held(&self) -> impl Iterator<Item = (&Key, u64)> {
        self.rows.iter().filter(|(_, row)| row.meter.held > 0).map(|(key, row)| (key, row.meter.held))
    }
}

/// A moment, as the arithmetic of meters has it.
pub(super) fn millis(now: u64) -> i64 {
    i64::try_from(now).unwrap_or(i64::MAX)
}

impl From<WindowWord> for Window {
    fn from(window: WindowWord) -> Self {
        match window {
            WindowWord::Lifetime => Self::Lifetime,
            WindowWord::Fixed(seconds) => Self::Fixed(seconds),
            WindowWord::Sliding(seconds) => Self::Sliding(seconds),
        }
    }
}
