//! `sentinel schema`: the JSON Schema of policy documents, for editors.

use std::io::Write;

use sentinel::engine::Engine;

use super::{Context, Exit};

/// Print the JSON Schema of policy documents
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let schema = Engine::embedded()?.schema()?;
    let mut out = context.page.out();
    writeln!(out, "{}", schema.trim_end())?;
    out.flush()?;
    Ok(Exit::Ok)
}
