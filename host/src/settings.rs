//! Every environment variable that is read, declared once.
//!
//! They are read in one place and travel as values: nothing else looks at the environment.

use std::env;
use std::path::PathBuf;

use crate::engine::Mode;
use crate::limits::SIMULATE_CALLS_MAX;

/// The environment that calls run in, matched against `environmentScope`.
pub const SOE_ENVIRONMENT: &str = "SOE_ENVIRONMENT";

/// Rollout mode of the installation; the stricter of it and the policy's counts.
pub const SOE_MODE: &str = "SOE_MODE";

/// Most calls of one `simulate` request.
pub const SOE_MAX_SIMULATE_CALLS: &str = "SOE_MAX_SIMULATE_CALLS";

/// Where Claude Code says which directory its session belongs to.
pub const CLAUDE_PROJECT_DIR: &str = "CLAUDE_PROJECT_DIR";

/// What [`SOE_ENVIRONMENT`] means where it is not set.
pub const ENVIRONMENT_DEFAULT: &str = "development";

/// What the environment says.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The environment that calls run in.
    pub environment: String,
    /// Whether it was set, or is the default.
    pub environment_is_set: bool,
    /// Rollout mode of the installation, if any.
    pub mode: Option<Mode>,
    /// Home directory of the user.
    pub home: Option<PathBuf>,
    /// Directory that a session of Claude Code belongs to.
    pub claude_project_dir: Option<PathBuf>,
    /// Most calls of one `simulate` request.
    pub simulate_calls_max: usize,
    /// What somebody should know about the above, each one line.
    pub warnings: Vec<String>,
}

impl Settings {
    /// Reads them. Never fails: whatever cannot be understood gets its strictest meaning.
    pub fn read() -> Self {
        Self::from_lookup(|name| env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let mut warnings = Vec::new();
        let set = |name| lookup(name).filter(|value| !value.is_empty());
        let environment = set(SOE_ENVIRONMENT);
        Self {
            environment_is_set: environment.is_some(),
            environment: environment.unwrap_or_else(|| ENVIRONMENT_DEFAULT.to_owned()),
            mode: set(SOE_MODE).map(|word| parse_mode(&word, &mut warnings)),
            home: set("HOME").map(PathBuf::from),
            claude_project_dir: set(CLAUDE_PROJECT_DIR).map(PathBuf::from),
            simulate_calls_max: set(SOE_MAX_SIMULATE_CALLS)
                .map_or(SIMULATE_CALLS_MAX, |word| parse_calls_max(&word, &mut warnings)),
            warnings,
        }
    }
}

/// The word used on the wire.
pub const fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Enforce => "enforce",
        Mode::Audit => "audit",
        Mode::Shadow => "shadow",
        Mode::DryRun => "dry-run",
    }
}

/// A mode that nobody knows is a mistyped one, and must not switch anything off.
fn parse_mode(word: &str, warnings: &mut Vec<String>) -> Mode {
    match word {
        "enforce" => Mode::Enforce,
        "audit" => Mode::Audit,
        "shadow" => Mode::Shadow,
        "dry-run" => Mode::DryRun,
        _ => {
            warnings.push(format!(
                "{SOE_MODE} is `{}`, which is no mode: enforcing (use enforce, audit, shadow or dry-run)",
                word.escape_debug()
            ));
            Mode::Enforce
        }
    }
}

fn parse_calls_max(word: &str, warnings: &mut Vec<String>) -> usize {
    word.parse().unwrap_or_else(|_| {
        warnings.push(format!(
            "{SOE_MAX_SIMULATE_CALLS} is `{}`, which is no number: using {SIMULATE_CALLS_MAX}",
            word.escape_debug()
        ));
        SIMULATE_CALLS_MAX
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> Settings {
        Settings::from_lookup(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn unset_means_development() {
        let settings = Settings::from_lookup(|_| None);
        assert_eq!(settings.environment, "development");
        assert!(!settings.environment_is_set);
        assert_eq!(settings.mode, None);
        assert!(settings.warnings.is_empty());
    }

    #[test]
    fn an_unknown_mode_enforces_and_warns() {
        for word in ["Audit", "audit ", "off", "none"] {
            let settings = with(SOE_MODE, word);
            assert_eq!(settings.mode, Some(Mode::Enforce), "{word}");
            assert_eq!(settings.warnings.len(), 1, "{word}");
        }
    }

    #[test]
    fn every_mode_has_its_word() {
        for mode in [Mode::Enforce, Mode::Audit, Mode::Shadow, Mode::DryRun] {
            assert_eq!(with(SOE_MODE, mode_word(mode)).mode, Some(mode));
        }
    }

    #[test]
    fn a_limit_that_is_no_number_keeps_the_default() {
        let settings = with(SOE_MAX_SIMULATE_CALLS, "many");
        assert_eq!(settings.simulate_calls_max, SIMULATE_CALLS_MAX);
        assert_eq!(settings.warnings.len(), 1);
    }
}
