//! What is wrong with a configuration: all of it, one line each, and no secret in any.

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// The daemon cannot start with this configuration.
#[derive(Debug, Error)]
pub struct ConfigError {
    mistakes: Vec<Mistake>,
}

impl ConfigError {
    pub(super) const fn new(mistakes: Vec<Mistake>) -> Self {
        Self { mistakes }
    }

    /// Every mistake, at least one.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.mistakes.as_slice() {
            return write!(f, "configuration: {only}");
        }
        write!(f, "configuration: {} mistakes", self.mistakes.len())?;
        self.mistakes.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

/// One mistake.
#[derive(Debug, Error)]
pub enum Mistake {
    /// The file cannot be read.
    #[error("`{}` cannot be read: {source}", .file.display())]
    Unreadable {
        /// Which one.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no TOML.
    #[error("`{}` is no TOML, line {line}: {problem}", .file.display())]
    Syntax {
        /// Which one.
        file: PathBuf,
        /// Where.
        line: usize,
        /// What the parser says.
        problem: String,
    },
    /// The file has a key that means nothing.
    #[error("`{key}` in `{}` is no setting{}", .file.display(), hint(*.similar))]
    UnknownKey {
        /// Which file.
        file: PathBuf,
        /// Which key.
        key: String,
        /// What may have been meant.
        similar: Option<&'static str>,
    },
    /// A variable with our prefix that means nothing.
    #[error("{name} is no setting{}", hint(*.similar))]
    UnknownVariable {
        /// Which one.
        name: String,
        /// What may have been meant.
        similar: Option<&'static str>,
    },
    /// A value that cannot be used. The value of a secret is not in here.
    #[error("{setting}{}: {problem}", shown(.value.as_deref()))]
    BadValue {
        /// Where it was given.
        setting: String,
        /// What was given.
        value: Option<String>,
        /// What to do.
        problem: String,
    },
    /// Two settings of which only one can hold, or one that needs another.
    #[error("{0}")]
    Contradiction(String),
}

fn hint(similar: Option<&'static str>) -> String {
    similar.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

fn shown(value: Option<&str>) -> String {
    value
        .map(|value| {
            format!(" is `{}`", value.chars().take(80).flat_map(char::escape_debug).collect::<String>())
        })
        .unwrap_or_default()
}
