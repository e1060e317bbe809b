//! `sentinel approvals`: questions that agents put to people, on a page of the terminal and as plain
//! commands.
//!
//! Everything is asked over HTTP, as anybody would: whoever runs this has a credential and no key to
//! the daemon's store. What an answer is worth is the daemon's to say.
//!
//! In reading order: `client`, what is asked; `question`, what comes back; `text`, how to show what an
//! agent wrote; the plain commands, one file each; `screen`, the page.

mod answer;
pub(super) mod client;
mod list;
mod question;
mod screen;
mod show;
mod text;
mod watch;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Subcommand;

use super::{Context, Exit, page};
use answer::Word;
use client::Client;

/// Where `sentinel serve` listens.
const DEFAULT_URL: &str = "http://127.0.0.1:3100";

const AFTER_HELP: &str = "\
Examples:
  export SENTINEL_TOKEN=\"$(cat ~/approver.token)\"
  sentinel approvals                                   the page: y approves, n denies, ? helps
  sentinel approvals --agent buyer list                what is open, oldest first
  sentinel approvals show apr_…_1                      the exact call, and what is known about it
  sentinel approvals approve apr_…_1 --note 'seen'     yes
  sentinel approvals watch --json | jq .approval.id    a line for all that happens

The credential needs the role `approve` to answer, `approve` or `audit` to look. It comes from
SENTINEL_TOKEN or a file, never from an argument, which everybody on the machine could read.";

/// Answer the questions of agents: on a page of the terminal, or with plain commands
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    server: Server,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Which daemon, as whom.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Server {
    /// The daemon
    #[arg(
        long = "server",
        global = true,
        env = "SENTINEL_URL",
        hide_env_values = true,
        value_name = "URL",
        default_value = DEFAULT_URL
    )]
    url: String,
    /// File with a token or an API key [default: the variable SENTINEL_TOKEN]
    #[arg(long, global = true, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Only what this agent asks
    #[arg(long, global = true, value_name = "ID")]
    agent: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Args),
    Show(show::Args),
    /// Say yes. Where several have to, yours is one of them
    Approve(answer::Args),
    /// Say no: one is enough
    Deny(answer::Args),
    Watch(watch::Args),
}

pub(crate) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let client = Client::new(&args.server)?;
    // One thread: there is one person, and what is asked is asked one after the other.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime could not be started")?;
    if client.is_exposed() {
        page::note(&format!(
            "warning: `{}` is not encrypted: whoever is on the way reads the credential; use https",
            client.name()
        ));
    }
    runtime.block_on(async {
        match args.command {
            None => screen::run(client, context).await,
            Some(Command::List(args)) => list::run(&args, &client, context).await,
            Some(Command::Show(args)) => show::run(&args, &client, context).await,
            Some(Command::Approve(args)) => answer::run(&args, Word::Approve, &client, context).await,
            Some(Command::Deny(args)) => answer::run(&args, Word::Deny, &client, context).await,
            Some(Command::Watch(args)) => watch::run(&args, &client, context).await,
        }
    })
}
