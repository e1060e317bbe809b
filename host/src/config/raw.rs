//! What was said, and where: flags before the environment before the file.
//!
//! Nothing is understood here but names. A name that nobody knows is a mistake, because a
//! mistyped setting is one that somebody relies on.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use super::Inputs;
use super::catalog::{ALL, FOREIGN, Kind, NO_EFFECT, SENTINEL_CONFIG, Setting};
use super::error::Mistake;

/// Least likeness of a name to a known one that is worth a question.
const LIKENESS_MIN: f64 = 0.8;

/// Values as they were given.
#[derive(Debug, Default)]
pub(super) struct RawConfig {
    given: BTreeMap<&'static str, Given>,
}

/// A value and the words for where it came from.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) text: String,
    pub(super) origin: String,
}

impl RawConfig {
    /// Reads all three places.
    pub(super) fn read(inputs: &Inputs<'_>, warnings: &mut Vec<String>, mistakes: &mut Vec<Mistake>) -> Self {
        let mut raw = Self::default();
        // From the weakest to the strongest: the later replaces the earlier.
        if let Some((file, text)) = inputs.file {
            raw.read_file(file, text, mistakes);
        }
        raw.read_environment(inputs.environment, warnings, mistakes);
        for setting in ALL {
            if let Some(text) = inputs.args.value(setting) {
                raw.put(setting, text.to_owned(), format!("--{}", setting.key));
            }
        }
        raw
    }

    pub(super) fn get(&self, setting: &Setting) -> Option<&Given> {
        self.given.get(setting.variable)
    }

    fn put(&mut self, setting: &'static Setting, text: String, origin: String) {
        self.given.insert(setting.variable, Given { text, origin });
    }

    fn read_environment(
        &mut self,
        environment: &[(OsString, OsString)],
        warnings: &mut Vec<String>,
        mistakes: &mut Vec<Mistake>,
    ) {
        for (name, value) in environment {
            let name = name.to_string_lossy();
            let setting = ALL.iter().find(|setting| setting.variable == name);
            match (setting, value.to_str()) {
                // An empty variable is how many shells and container tools say "not set".
                (_, Some("")) => {}
                (Some(setting), Some(text)) => self.put(setting, text.to_owned(), name.into_owned()),
                (Some(setting), None) => mistakes.push(Mistake::BadValue {
                    setting: setting.variable.to_owned(),
                    value: None,
                    problem: "it is not UTF-8".to_owned(),
                }),
                (None, value) => unknown_variable(&name, value.unwrap_or_default(), warnings, mistakes),
            }
        }
    }

    fn read_file(&mut self, file: &Path, text: &str, mistakes: &mut Vec<Mistake>) {
        let table: toml::Table = match toml::from_str(text) {
            Ok(table) => table,
            Err(error) => {
                let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
                mistakes.push(Mistake::Syntax {
                    file: file.to_owned(),
                    line: before.matches('\n').count() + 1,
                    // Not the whole error: that would quote the line.
                    problem: error.message().lines().collect::<Vec<_>>().join(" "),
                });
                return;
            }
        };
        for (key, value) in &table {
            let origin = format!("`{key}` in `{}`", file.display());
            let Some(setting) = ALL.iter().find(|setting| !setting.key.is_empty() && setting.key == key)
            else {
                mistakes.push(unknown_key(file, key));
                continue;
            };
            match text_of(value, setting.kind) {
                Ok(text) => self.put(setting, text, origin),
                Err(problem) => mistakes.push(Mistake::BadValue {
                    setting: origin,
                    value: None,
                    problem: problem.to_owned(),
                }),
            }
        }
    }
}

/// The text of a value of the right type. Nothing is coerced: `"true"` is no switch in a file.
fn text_of(value: &toml::Value, kind: Kind) -> Result<String, &'static str> {
    match kind {
        Kind::Text => value.as_str().map(str::to_owned).ok_or("use a string"),
        Kind::Number => value.as_integer().map(|number| number.to_string()).ok_or("use a whole number"),
        Kind::Switch => value.as_bool().map(|switch| switch.to_string()).ok_or("use true or false"),
        Kind::List => value
            .as_array()
            .and_then(|items| items.iter().map(toml::Value::as_str).collect::<Option<Vec<_>>>())
            .filter(|items| items.iter().all(|item| !item.contains(',')))
            .map(|items| items.join(","))
            .ok_or("use a list of strings without commas"),
        Kind::Secret => Err("set it in the environment"),
    }
}

fn unknown_key(file: &Path, key: &str) -> Mistake {
    let is_named = |setting: &Setting| {
        let short = setting.variable.trim_start_matches("SOE_");
        same_word(key, short) || same_word(key, setting.variable)
    };
    let mut secrets = ALL.iter().filter(|setting| setting.kind == Kind::Secret);
    if let Some(secret) = secrets.find(|setting| is_named(setting)) {
        return Mistake::BadValue {
            setting: format!("`{key}` in `{}`", file.display()),
            value: None,
            problem: format!("secrets do not stand in files: set {} in the environment", secret.variable),
        };
    }
    // Somebody may have written the name of the variable.
    let by_variable = ALL.iter().find(|setting| setting.variable == key).map(|setting| setting.key);
    let keys = ALL.iter().map(|setting| setting.key).filter(|key| !key.is_empty());
    let similar = by_variable.or_else(|| similar(&key.replace('_', "-").to_lowercase(), keys));
    Mistake::UnknownKey { file: file.to_owned(), key: key.escape_debug().to_string(), similar }
}

fn same_word(key: &str, name: &str) -> bool {
    key.replace('-', "_").eq_ignore_ascii_case(name)
}

fn unknown_variable(name: &str, value: &str, warnings: &mut Vec<String>, mistakes: &mut Vec<Mistake>) {
    if NO_EFFECT.contains(&name) {
        warnings.push(format!("{name} has no effect in this version"));
        return;
    }
    let is_ours = name.starts_with("SOE_") || name.starts_with("SENTINEL_");
    if !is_ours || name == SENTINEL_CONFIG || FOREIGN.contains(&name) || is_service_link(name, value) {
        return;
    }
    let known = ALL.iter().map(|setting| setting.variable).chain([SENTINEL_CONFIG]);
    mistakes.push(Mistake::UnknownVariable {
        name: name.escape_debug().to_string(),
        similar: similar(name, known),
    });
}

/// Kubernetes tells every container the address of every service: next to a service `sentinel`,
/// that is `SENTINEL_SERVICE_HOST` and more. Nobody typed those.
fn is_service_link(name: &str, value: &str) -> bool {
    let is_url = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    let is_port_of = |protocol: &str| {
        name.split_once(protocol).is_some_and(|(before, after)| {
            matches!(after, "" | "_PROTO" | "_PORT" | "_ADDR")
                && before.rsplit_once("_PORT_").is_some_and(|(_, port)| port.parse::<u16>().is_ok())
        })
    };
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || (name.ends_with("_PORT") && is_url)
        || ["_TCP", "_UDP", "_SCTP"].into_iter().any(is_port_of)
}

fn similar(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    known
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|one, two| one.0.total_cmp(&two.0))
        .map(|(_, known)| known)
}
