//! Reads one setting at a time and remembers what was wrong with it.
//!
//! INVARIANT: whoever returns a stand-in for a bad value has pushed a mistake, and a
//! configuration with a mistake is never handed out. So a mistake does not hide the next one, and
//! no stand-in gets anywhere.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::super::Inputs;
use super::super::catalog::{Kind, Setting};
use super::super::error::Mistake;
use super::super::raw::RawConfig;
use crate::auth::Secret;

/// Most bytes of a text. None of ours needs more.
const TEXT_BYTES_MAX: usize = 4096;

/// The values that were given, and what is to be said about them.
pub(super) struct Reader {
    raw: RawConfig,
    pub(super) warnings: Vec<String>,
    pub(super) mistakes: Vec<Mistake>,
}

impl Reader {
    pub(super) fn new(inputs: &Inputs<'_>) -> Self {
        let (mut warnings, mut mistakes) = (Vec::new(), Vec::new());
        let raw = RawConfig::read(inputs, &mut warnings, &mut mistakes);
        Self { raw, warnings, mistakes }
    }

    /// Whether somebody said something.
    pub(super) fn is_set(&self, setting: &Setting) -> bool {
        self.raw.get(setting).is_some()
    }

    /// The name under which a setting was given, or would be.
    pub(super) fn name(&self, setting: &Setting) -> String {
        self.raw.get(setting).map_or_else(|| setting.variable.to_owned(), |given| given.origin.clone())
    }

    /// A value that cannot be used.
    pub(super) fn refuse(&mut self, setting: &Setting, problem: impl Into<String>) {
        let shown = |given: &super::super::raw::Given| given.text.clone();
        let value = self.raw.get(setting).filter(|_| setting.kind != Kind::Secret).map(shown);
        self.mistakes.push(Mistake::BadValue { setting: self.name(setting), value, problem: problem.into() });
    }

    /// Settings that do not go together.
    pub(super) fn contradiction(&mut self, problem: impl Into<String>) {
        self.mistakes.push(Mistake::Contradiction(problem.into()));
    }

    /// What was given, or the default. Nothing where it is unusable.
    pub(super) fn text(&mut self, setting: &Setting) -> Option<String> {
        let Some(given) = self.raw.get(setting) else {
            return setting.default.map(str::to_owned);
        };
        let text = given.text.clone();
        if text.trim().is_empty() {
            self.refuse(setting, "it is empty");
            None
        } else if text.len() > TEXT_BYTES_MAX {
            self.mistakes.push(Mistake::BadValue {
                setting: self.name(setting),
                value: None,
                problem: format!("it is longer than {TEXT_BYTES_MAX} bytes"),
            });
            None
        } else if text.chars().any(char::is_control) {
            self.refuse(setting, "it has control characters");
            None
        } else {
            Some(text)
        }
    }

    /// A text that a function understands.
    pub(super) fn parsed<T>(
        &mut self,
        setting: &Setting,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(setting)?;
        parse(&text).map_err(|problem| self.refuse(setting, problem)).ok()
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&mut self, setting: &Setting, words: &[(&str, T)]) -> Option<T> {
        self.parsed(setting, |text| {
            words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning).ok_or_else(|| {
                let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
                format!("use {}", known.join(", "))
            })
        })
    }

    /// A number, or the least one in place of a bad one.
    pub(super) fn number(&mut self, setting: &Setting, range: RangeInclusive<u64>) -> u64 {
        let (least, most) = (*range.start(), *range.end());
        let parse = |text: &str| {
            // `+5` would parse, and is somebody's mistake.
            let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse()
                .ok()
                .filter(|number| is_plain && range.contains(number))
                .ok_or_else(|| format!("use a whole number from {least} to {most}"))
        };
        self.parsed(setting, parse).unwrap_or(least)
    }

    /// A number that is counted in memory.
    pub(super) fn count(&mut self, setting: &Setting, range: RangeInclusive<u64>) -> usize {
        usize::try_from(self.number(setting, range)).unwrap_or(usize::MAX)
    }

    pub(super) fn millis(&mut self, setting: &Setting, range: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.number(setting, range))
    }

    pub(super) fn seconds(&mut self, setting: &Setting, range: RangeInclusive<u64>) -> Duration {
        Duration::from_secs(self.number(setting, range))
    }

    pub(super) fn switch(&mut self, setting: &Setting) -> bool {
        let words = [("true", true), ("false", false), ("1", true), ("0", false)];
        self.word(setting, &words).unwrap_or(false)
    }

    pub(super) fn path(&mut self, setting: &Setting) -> Option<PathBuf> {
        self.text(setting).map(PathBuf::from)
    }

    /// Texts with commas between, each understood by a function.
    pub(super) fn list<T>(&mut self, setting: &Setting, parse: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        let Some(text) = self.text(setting) else { return Vec::new() };
        let mut items = Vec::new();
        for item in text.split(',').map(str::trim) {
            match parse(item) {
                Ok(item) => items.push(item),
                Err(problem) => self.refuse(setting, problem),
            }
        }
        items
    }

    /// A secret, which is not looked at.
    pub(super) fn secret(&self, setting: &Setting) -> Option<Secret> {
        self.raw.get(setting).map(|given| Secret::new(given.text.as_str()))
    }
}
