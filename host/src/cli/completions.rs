//! `sentinel completions`: what a shell needs to complete our arguments.

use std::io::Write;

use clap_complete::Shell;

use super::{Context, Exit};

/// Print completions for a shell
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which shell
    shell: Shell,
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    // The generator panics on a broken pipe, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "sentinel", &mut script);
    let mut out = context.page.out();
    out.write_all(&script)?;
    out.flush()?;
    Ok(Exit::Ok)
}
