//! Flags of `sentinel serve`: one for each setting that is no secret, made from the catalog.
//!
//! Values are texts here. They are checked together with the environment and the file, so that
//! all mistakes are shown at once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command};

use super::catalog::{ALL, Kind, SENTINEL_CONFIG, Setting};

/// The flag that names the file.
const CONFIG: &str = "config";

/// What was given on the command line.
#[derive(Clone, Debug, Default)]
pub struct ServeArgs {
    config: Option<PathBuf>,
    values: BTreeMap<&'static str, String>,
}

impl ServeArgs {
    /// As if `--config FILE` or nothing at all had been given.
    pub fn with_config(file: Option<PathBuf>) -> Self {
        Self { config: file, values: BTreeMap::new() }
    }

    /// The configuration file, if it was named.
    pub fn config(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    pub(super) fn value(&self, setting: &Setting) -> Option<&str> {
        self.values.get(setting.key).map(String::as_str)
    }
}

impl clap::Args for ServeArgs {
    fn augment_args(command: Command) -> Command {
        let config = Arg::new(CONFIG)
            .long(CONFIG)
            .value_name("FILE")
            .value_parser(clap::value_parser!(PathBuf))
            .help(format!("Configuration file, TOML [env: {SENTINEL_CONFIG}]"));
        command.arg(config).args(ALL.iter().copied().filter(|setting| !setting.key.is_empty()).map(flag))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for ServeArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let values = ALL
            .iter()
            .filter(|setting| !setting.key.is_empty())
            .filter_map(|setting| Some((setting.key, matches.get_one::<String>(setting.key)?.clone())));
        Ok(Self { config: matches.get_one::<PathBuf>(CONFIG).cloned(), values: values.collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// clap is told no default: a default would hide the environment and the file.
fn flag(setting: &'static Setting) -> Arg {
    let default = setting.default.map(|default| format!(" [default: {default}]")).unwrap_or_default();
    let arg = Arg::new(setting.key)
        .long(setting.key)
        .value_name(setting.value_name)
        .help(format!("{}{default} [env: {}]", setting.help, setting.variable));
    match setting.kind {
        Kind::Switch => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        Kind::Text | Kind::Number | Kind::List | Kind::Secret => arg,
    }
}
