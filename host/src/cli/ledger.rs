//! `sentinel ledger`: looks at the record of decisions, proves it, copies it, changes its key.
//!
//! What a proof is, is for `sentinel_ledger` to say. The commands read a store beside a running
//! daemon; only `rotate` needs it for itself.

mod escape;
mod export;
mod files;
mod prove;
mod rotate;
mod show;
mod source;
mod verify;

use clap::Subcommand;

use super::{Context, Exit};

/// Look at the ledger, prove it, copy it, change its key
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: source::Place,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Verify(verify::Args),
    Show(show::Args),
    Export(export::Args),
    Prove(prove::Args),
    /// Print the signed end of the ledger: keep it elsewhere, and `verify --checkpoint` with it
    Checkpoint,
    /// Print the public key that signs the ledger: give it to whoever verifies
    Key,
    /// Let a new key sign the ledger from here on: stop the daemon first
    Rotate,
}

pub(crate) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let (place, json) = (&args.place, args.json);
    match args.command {
        Command::Verify(args) => verify::run(&args, place, json, context),
        Command::Show(args) => show::run(args, place, json, context),
        Command::Export(args) => export::run(args, place, json, context),
        Command::Prove(args) => prove::run(&args, place, context),
        Command::Checkpoint => prove::checkpoint(place, json, context),
        Command::Key => prove::key(place, json, context),
        Command::Rotate => rotate::run(place, json, context),
    }
}
