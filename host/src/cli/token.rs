//! `sentinel token`: makes, shows and takes back credentials.
//!
//! A secret is printed once, on standard output, and nowhere else. What is a good credential is
//! for [`sentinel::auth`] to say; this only asks it.

mod keys;
mod mint;
mod show;
mod terms;

use std::path::PathBuf;

use clap::Subcommand;
use sentinel::config::{self, ServeArgs};

use super::{Context, Exit, page};

/// Make, show and take back credentials
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Configuration file of the daemon, TOML [env: SENTINEL_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Mint(mint::Args),
    Show(show::Args),
    Key(keys::Args),
}

pub(crate) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    // The daemon's own settings, so that both mean the same by a good token.
    let config = config::load(&ServeArgs::with_config(args.config));
    match args.command {
        Command::Mint(args) => mint::run(args, &config?, context),
        Command::Show(args) => show::run(&args, config, context),
        Command::Key(args) => keys::run(args, &config?, context),
    }
}

/// Says what somebody at a terminal may not think of.
fn warn_of_terminal(context: &Context) {
    if context.page.is_terminal {
        page::note("note: this is a secret, and it is now on your screen and in its history");
    }
}
