//! Decided calls, as a table or as lines of JSON, from a ledger that was verified first.

use std::io::{self, IsTerminal as _, Write};
use std::path::PathBuf;

use sentinel::app::export::Export;
use sentinel::app::export::filter::Filter;
use sentinel::app::export::render::Form;
use sentinel_ledger::Redactor;

use super::super::super::page::note;
use super::super::super::{Context, Exit};
use super::super::source::Place;
use super::super::{escape, verify};
use super::whole_file;

/// What only the export of calls knows.
#[derive(Debug, clap::Args)]
#[group(id = "of_calls", conflicts_with_all = ["jsonl", "tiles"], multiple = true)]
pub(super) struct Args {
    /// Only calls of agents of this team
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
    /// Only calls with this decision; may be repeated
    #[arg(long, value_name = "WORD", value_parser = ["allow", "deny", "escalate"])]
    decision: Vec<String>,
    /// Only calls with this label; may be repeated, and one of them is enough
    #[arg(long, value_name = "LABEL")]
    tag: Vec<String>,
    /// At most so many calls, the newest
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Hide arguments of this name, too; may be repeated
    #[arg(long, value_name = "NAME")]
    redact: Vec<String>,
    /// A public key that counts, or a file with such keys; may be repeated
    #[arg(long, value_name = "VKEY|FILE")]
    key: Vec<String>,
    /// A checkpoint that was kept elsewhere; may be repeated
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
}

pub(super) fn run(args: super::Args, place: &Place, context: &Context) -> anyhow::Result<Exit> {
    let form = if args.csv { Form::Csv } else { Form::Jsonl };
    let own = args.calls_args;
    // There has to be something to export.
    let (mut reader, _) = place.read()?;
    let Some(audit) = verify::before_export(own.key, own.checkpoint, place)? else {
        return Ok(verify::NOT_VERIFIED);
    };
    let filter = Filter {
        agents: args.agent,
        decisions: own.decision,
        tags: own.tag,
        team: own.team,
        from: args.from,
        to: args.to,
        limit: own.limit,
    };
    let redactor =
        (!own.redact.is_empty()).then(|| Redactor::default().with(own.redact.iter().map(String::as_str)));
    // What a daemon adds meanwhile was not verified.
    let mut export = Export::at(&mut *reader, audit.size, audit.root, filter, redactor)?;
    let mut rows = 0;
    let mut write = |out: &mut dyn Write, is_safe: bool| -> anyhow::Result<()> {
        let progress = verify::progress("entries");
        progress.set_length(export.size());
        let mut bytes = Vec::new();
        form.begin(&mut bytes)?;
        loop {
            let is_more = export.page(&mut *reader, &mut |row| {
                rows += 1;
                form.push(row, &mut bytes)
            })?;
            if is_safe {
                out.write_all(&bytes)?;
            } else {
                out.write_all(escape::json(&String::from_utf8_lossy(&bytes)).as_bytes())?;
            }
            bytes.clear();
            progress.set_position(export.size() - export.remaining());
            if !is_more {
                break;
            }
        }
        progress.finish_and_clear();
        Ok(out.flush()?)
    };
    match &args.output {
        Some(path) => whole_file(path, |out| write(out, true))?,
        // A table has nothing that a terminal would obey.
        None => write(&mut context.page.out(), form == Form::Csv || !io::stdout().is_terminal())?,
    }
    note(&format!("{rows} calls; head: {} entries, root {}", export.size(), export.root().to_base64()));
    Ok(Exit::Ok)
}
