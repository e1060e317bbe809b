//! Where a command line is while it runs (B19): what its relative paths are relative to.
//!
//! Only literal `cd`s are followed. Where a `cd` may or may not have worked, both directories are
//! possible, and a path has to be fine from each.

use crate::shell::{Command, Event, hole};

/// Directories that a command may run in, relative to where the call started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    known: Vec<String>,
    unknown: bool,
}

/// More possibilities than this are one: anywhere.
const PLACES_MAX: usize = 8;

impl Places {
    /// Where the call starts.
    pub(crate) fn start(directory: &str) -> Self {
        Self { known: vec![directory.to_owned()], unknown: false }
    }

    /// Nobody knows.
    pub(crate) fn anywhere() -> Self {
        Self { known: Vec::new(), unknown: true }
    }

    fn join(&mut self, other: &Self) {
        for place in &other.known {
            if !self.known.contains(place) {
                self.known.push(place.clone());
            }
        }
        self.unknown |= other.unknown;
        if self.known.len() > PLACES_MAX {
            *self = Self::anywhere();
        }
    }

    /// The path as seen from every possible place; `None` if a place is not known.
    pub(crate) fn resolve(&self, path: &str) -> Option<Vec<String>> {
        if path.starts_with(['/', '~']) {
            return Some(vec![path.to_owned()]);
        }
        (!self.unknown).then(|| self.known.iter().map(|place| step(place, path)).collect())
    }
}

fn step(place: &str, path: &str) -> String {
    if path.starts_with(['/', '~']) || place.is_empty() { path.to_owned() } else { format!("{place}/{path}") }
}

/// Follows the events of a script.
pub(crate) struct Tracker {
    now: Places,
    /// Where it may be if the current `&&` chain broke off.
    failed: Option<Places>,
    outer: Vec<(Places, Option<Places>)>,
}

impl Tracker {
    pub(crate) fn new(start: Places) -> Self {
        Self { now: start, failed: None, outer: Vec::new() }
    }

    pub(crate) fn places(&self) -> &Places {
        &self.now
    }

    /// Takes in everything but commands.
    pub(crate) fn event(&mut self, event: Event) {
        match event {
            Event::Command(_) | Event::Redirect(_) | Event::And => {}
            Event::Next => {
                if let Some(failed) = self.failed.take() {
                    self.now.join(&failed);
                }
            }
            Event::EnterIsolated | Event::EnterMaybe | Event::EnterLoop => {
                self.outer.push((self.now.clone(), self.failed.take()))
            }
            Event::LeaveIsolated => {
                if let Some((now, failed)) = self.outer.pop() {
                    (self.now, self.failed) = (now, failed);
                }
            }
            Event::LeaveMaybe => {
                if let Some((now, failed)) = self.outer.pop() {
                    if let Some(inner) = self.failed.take() {
                        self.now.join(&inner);
                    }
                    self.now.join(&now);
                    self.failed = failed;
                }
            }
        }
    }

    /// Takes in that a loop begins whose body changes the directory: from its second turn on it
    /// may be anywhere.
    pub(crate) fn lose(&mut self) {
        self.now = Places::anywhere();
    }

    /// Takes in a command that has run.
    pub(crate) fn ran(&mut self, command: &Command<'_>) {
        let Some(target) = destination(command) else { return };
        let before = self.now.clone();
        self.now = match target {
            Some(target) => match before.resolve(target) {
                Some(known) => Places { known, unknown: false },
                None => Places::anywhere(),
            },
            None => Places::anywhere(),
        };
        match &mut self.failed {
            Some(failed) => failed.join(&before),
            None => self.failed = Some(before),
        }
    }
}

/// Whether the command changes the directory, and where to if the text says it.
pub(crate) fn destination<'c>(command: &'c Command<'_>) -> Option<Option<&'c str>> {
    let mut words = command.words.iter();
    let mut program = words.next()?;
    while matches!(program.text.as_ref(), "command" | "builtin") {
        program = words.next()?;
    }
    if program.text.contains(hole::is_hole) {
        return Some(None);
    }
    match program.text.as_ref() {
        "cd" => {}
        "pushd" | "popd" | "eval" | "source" | "." => return Some(None),
        _ => return None,
    }
    let mut operands = words.filter(|word| !matches!(word.text.as_ref(), "-P" | "-L" | "-e" | "-@" | "--"));
    match (operands.next(), operands.next()) {
        (None, _) => Some(Some("~")),
        (Some(only), None) if !only.has_holes && only.text != "-" => Some(Some(&only.text)),
        (Some(_), _) => Some(None),
    }
}
