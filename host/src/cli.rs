//! The command line: one file per subcommand, and what they share.
//!
//! Commands print what the library says. Errors are `anyhow` here and nowhere below, and all of
//! them end in [`main`].

mod approvals;
mod approver;
mod completions;
mod compose;
mod convert;
mod doctor;
mod eval;
mod explain;
mod hook;
mod kube;
mod ledger;
mod mcp;
mod replay;
mod resolver;
mod schema;
mod serve;
mod sidecar;
mod simulate;
mod token;
mod validate;

mod exit;
mod json;
mod lines;
mod output;
mod page;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use sentinel::engine::Engine;
use sentinel::policy_file::PolicyFile;
use sentinel::settings::Settings;

pub(crate) use exit::Exit;
pub(crate) use page::Page;

const AFTER_HELP: &str = "\
Exit codes:
  0  allowed, or everything is in order
  1  an error: bad arguments, a file that cannot be read, a policy that is refused
  2  the call is denied (`hook` exits with 2 on errors only, because that blocks the call);
     a ledger is not verified
  3  the call is escalated: a person has to decide

Environment:
  SOE_ENVIRONMENT         environment of the calls, matched against environmentScope [development]
  SOE_MODE                enforce, audit, shadow or dry-run; the stricter of it and the policy's counts
  SOE_MAX_SIMULATE_CALLS  most calls of one simulate request [100]
  NO_COLOR                no colours";

/// Decides whether an AI agent may act, before it acts.
#[derive(Debug, Parser)]
#[command(name = "sentinel", version, after_help = AFTER_HELP)]
struct Cli {
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Args),
    Token(token::Args),
    Validate(validate::Args),
    Convert(convert::Args),
    Schema(schema::Args),
    Explain(explain::Args),
    Simulate(simulate::Args),
    Eval(eval::Args),
    Replay(replay::Args),
    Hook(hook::Args),
    Mcp(mcp::Args),
    Doctor(doctor::Args),
    Sidecar(sidecar::Args),
    Resolver(resolver::Args),
    Compose(compose::Args),
    Kube(kube::Args),
    Ledger(ledger::Args),
    Approvals(approvals::Args),
    Completions(completions::Args),
}

/// What every command is given.
pub(crate) struct Context {
    pub(crate) settings: Settings,
    pub(crate) page: Page,
}

impl Context {
    /// Opens the policy of `--policy`.
    pub(crate) fn session(
        &self,
        engine: &Engine,
        path: &std::path::Path,
    ) -> anyhow::Result<sentinel::engine::Session> {
        Ok(PolicyFile::read(path)?.open(engine)?)
    }
}

/// Runs the command that the arguments name.
pub(crate) fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let context = Context { settings: Settings::read(), page: Page::new(cli.color) };
    for warning in &context.settings.warnings {
        page::note(&format!("warning: {warning}"));
    }
    let result = match cli.command {
        // A hook answers its own errors.
        Command::Hook(args) => return hook::run(args, &context.settings),
        // Its exit code is that of the server.
        Command::Mcp(args) => return mcp::run(args, &context),
        Command::Serve(args) => serve::run(&args, &context),
        Command::Token(args) => token::run(args, &context),
        Command::Validate(args) => validate::run(&args, &context),
        Command::Convert(args) => convert::run(&args, &context),
        Command::Schema(args) => schema::run(&args, &context),
        Command::Explain(args) => explain::run(&args, &context),
        Command::Simulate(args) => simulate::run(&args, &context),
        Command::Eval(args) => eval::run(&args, &context),
        Command::Replay(args) => replay::run(&args, &context),
        Command::Doctor(args) => doctor::run(&args, &context),
        Command::Sidecar(args) => sidecar::run(&args, &context),
        Command::Resolver(args) => resolver::run(&args, &context),
        Command::Compose(args) => compose::run(&args, &context),
        Command::Kube(args) => kube::run(&args, &context),
        Command::Ledger(args) => ledger::run(args, &context),
        Command::Approvals(args) => approvals::run(args, &context),
        Command::Completions(args) => completions::run(&args, &context),
    };
    match result {
        Ok(exit) => exit.into(),
        // Whoever read our output has seen enough: `sentinel eval | head`.
        Err(error) if is_broken_pipe(&error) => Exit::Ok.into(),
        Err(error) => {
            page::note(&format!("error: {error:#}"));
            Exit::Error.into()
        }
    }
}

/// Arguments that cannot be understood, or a request for help. A mistyped hook must block as
/// any other failure of a hook does.
fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && std::env::args().any(|argument| argument == "hook") {
        return hook::usage(error);
    }
    // Nothing is left to do if that cannot be printed.
    let _ = error.print();
    if error.use_stderr() { Exit::Error.into() } else { Exit::Ok.into() }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
            || cause
                .downcast_ref::<serde_json::Error>()
                .is_some_and(|error| error.io_error_kind() == Some(io::ErrorKind::BrokenPipe))
    })
}

/// The command line as clap knows it, for completions.
pub(crate) fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::command().debug_assert();
    }
}
