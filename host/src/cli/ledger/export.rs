//! `sentinel ledger export`: the whole ledger for other programs, as lines of JSON or as the
//! files that others can verify.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use sentinel::app::publish::destination::Destination;
use sentinel::app::reads::Readers;
use sentinel::state::Entry;
use sentinel::store::{EntryFilter, Order, Reader};
use serde_json::json;

use super::super::page::note;
use super::super::{Context, Exit};
use super::escape;
use super::source::Place;

/// Entries that are read at one time.
const PAGE_ENTRIES: u32 = 4096;

/// Copy the ledger for other programs
///
/// With --jsonl, one line for each entry: `{"index":…,"leaf":…,"entry":{…}}`. With --tiles, the
/// signed head and the files that C2SP tlog-tiles names; run it again to add what is new, and check
/// it with `sentinel ledger verify --tiles DIR --key KEY`.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("form").required(true)))]
pub(crate) struct Args {
    /// Lines of JSON
    #[arg(long, group = "form")]
    jsonl: bool,
    /// Files below a directory
    #[arg(long, group = "form", value_name = "DIR", conflicts_with_all = ["from", "to", "agent", "output"])]
    tiles: Option<PathBuf>,
    /// The first entry
    #[arg(long, value_name = "INDEX", default_value_t = 0)]
    from: u64,
    /// The entry after the last one [default: all]
    #[arg(long, value_name = "INDEX")]
    to: Option<u64>,
    /// Only entries of this agent
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    /// Where to write; standard output if absent
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: Args, place: &Place, json: bool, context: &Context) -> anyhow::Result<Exit> {
    match &args.tiles {
        Some(directory) => tiles(directory, place, json, context)?,
        None => jsonl(args, place, context)?,
    }
    Ok(Exit::Ok)
}

/// The hash of an entry's leaf, as text.
pub(super) fn leaf(entry: &Entry) -> String {
    entry.leaf.to_string()
}

fn tiles(directory: &Path, place: &Place, json: bool, context: &Context) -> anyhow::Result<()> {
    let started = Instant::now();
    // There has to be something to export.
    drop(place.read()?);
    let readers = Readers::new(place.open()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let size = runtime.block_on(Destination::directory(directory)?.publish(&readers, None))?;
    let mut out = context.page.out();
    if json {
        let value = json!({ "size": size, "directory": directory.display().to_string() });
        writeln!(out, "{value:#}")?;
    } else {
        let seconds = started.elapsed().as_secs_f64();
        writeln!(out, "{size} entries are in `{}`, after {seconds:.1} s", directory.display())?;
    }
    out.flush()?;
    Ok(())
}

fn jsonl(args: Args, place: &Place, context: &Context) -> anyhow::Result<()> {
    let (mut reader, head) = place.read()?;
    let to = args.to.unwrap_or(u64::MAX).min(head.tree.size());
    let filter = EntryFilter { agent: args.agent, ..EntryFilter::default() };
    let Some(path) = &args.output else {
        let is_safe = !io::stdout().is_terminal();
        lines(&mut *reader, args.from..to, &filter, is_safe, &mut context.page.out())?;
        return Ok(());
    };
    // Whoever looks for the file finds all of it or what was there before.
    let directory = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    let unwritable = || format!("`{}` could not be written", path.display());
    let file = tempfile::NamedTempFile::new_in(directory).with_context(unwritable)?;
    let mut out = BufWriter::new(file);
    let count = lines(&mut *reader, args.from..to, &filter, true, &mut out)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error).with_context(unwritable)?;
    let file: File = file.persist(path).map_err(|error| error.error).with_context(unwritable)?;
    file.sync_all().with_context(unwritable)?;
    note(&format!("{count} entries are in `{}`", path.display()));
    Ok(())
}

/// Writes a line for each entry. Its bytes are those that were hashed, unless a terminal would
/// obey some of them.
fn lines(
    reader: &mut dyn Reader,
    mut range: std::ops::Range<u64>,
    filter: &EntryFilter,
    is_safe: bool,
    out: &mut impl Write,
) -> anyhow::Result<u64> {
    let mut count = 0;
    while !range.is_empty() {
        let page = reader.entries(range.start, Order::OldestFirst, filter, PAGE_ENTRIES)?;
        let Some(last) = page.last() else { break };
        let next = last.seq.saturating_add(1);
        for entry in page.iter().take_while(|entry| entry.seq < range.end) {
            let line = line(entry);
            writeln!(out, "{}", if is_safe { line } else { escape::json(&line) })?;
            count += 1;
        }
        range.start = next;
    }
    out.flush()?;
    Ok(count)
}

/// The entry is JSON, so it is put there as it is.
fn line(entry: &Entry) -> String {
    format!("{{\"index\":{},\"leaf\":\"{}\",\"entry\":{}}}", entry.seq, leaf(entry), entry.entry.body)
}
