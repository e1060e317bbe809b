//! `sentinel ledger export`: the ledger for other programs. Its entries as lines of JSON, its calls as
//! a table or as lines of JSON, or all of it as the files that others can verify.

mod calls;

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, bail};
use sentinel::app::export::filter::{Bound, TIME_HELP, moment, recorded};
use sentinel::app::publish::destination::Destination;
use sentinel::app::reads::Readers;
use sentinel::state::{Entry, Millis};
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
/// With --csv, a table of decided calls for spreadsheets; with --calls, the same as lines of JSON,
/// newest first. With --jsonl, one line for each entry: `{"index":…,"leaf":…,"entry":{…}}`. With
/// --tiles, the signed head and the files that C2SP tlog-tiles names; run it again to add what is new,
/// and check it with `sentinel ledger verify --tiles DIR --key KEY`.
///
/// Before calls are exported, the whole ledger is verified as `sentinel ledger verify` does it. Exit
/// codes: 0 done; 1 an error; 2 not verified, and nothing is exported.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("form").required(true)))]
pub(crate) struct Args {
    /// Calls as a table for spreadsheets
    #[arg(long, group = "form")]
    csv: bool,
    /// Calls as lines of JSON
    #[arg(long, group = "form")]
    calls: bool,
    /// Entries as lines of JSON
    #[arg(long, group = "form")]
    jsonl: bool,
    /// Files below a directory
    #[arg(long, group = "form", value_name = "DIR", conflicts_with_all = ["from", "to", "agent", "output"])]
    tiles: Option<PathBuf>,
    /// The first entry: its index, a time such as 2026-03-09T10:15:30Z, or a day
    #[arg(long, value_name = "WHERE", value_parser = bound)]
    from: Option<Bound>,
    /// The entry after the last one, in the same way [default: all]
    #[arg(long, value_name = "WHERE", value_parser = bound)]
    to: Option<Bound>,
    /// Only of this agent; for calls it may be repeated
    #[arg(long, value_name = "ID")]
    agent: Vec<String>,
    #[command(flatten)]
    calls_args: calls::Args,
    /// Where to write; standard output if absent
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

fn bound(text: &str) -> Result<Bound, String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map(Bound::Index).map_err(|_| "there is no such entry".to_owned());
    }
    moment(text).map(Bound::At).ok_or_else(|| format!("{TIME_HELP}, or the index of an entry"))
}

pub(super) fn run(args: Args, place: &Place, json: bool, context: &Context) -> anyhow::Result<Exit> {
    if args.csv || args.calls {
        return calls::run(args, place, context);
    }
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
    let mut agents = args.agent.into_iter();
    let (agent, None) = (agents.next(), agents.next()) else {
        bail!("--jsonl takes one --agent, or none for all");
    };
    let range = Range { from: args.from, to: args.to, size: head.tree.size() };
    let filter = EntryFilter { agent, ..EntryFilter::default() };
    let Some(path) = &args.output else {
        let is_safe = !io::stdout().is_terminal();
        lines(&mut *reader, &range, &filter, is_safe, &mut context.page.out())?;
        return Ok(());
    };
    let mut count = 0;
    whole_file(path, |out| {
        count = lines(&mut *reader, &range, &filter, true, out)?;
        Ok(())
    })?;
    note(&format!("{count} entries are in `{}`", path.display()));
    Ok(())
}

/// Whoever looks for the file finds all of it or what was there before.
fn whole_file(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<tempfile::NamedTempFile>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let directory = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    let unwritable = || format!("`{}` could not be written", path.display());
    let file = tempfile::NamedTempFile::new_in(directory).with_context(unwritable)?;
    let mut out = BufWriter::new(file);
    write(&mut out)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error).with_context(unwritable)?;
    let file: File = file.persist(path).map_err(|error| error.error).with_context(unwritable)?;
    file.sync_all().with_context(unwritable)
}

/// Which entries are wanted.
struct Range {
    from: Option<Bound>,
    to: Option<Bound>,
    size: u64,
}

impl Range {
    /// Whether an entry is in it. Only a time has to be looked up in the entry.
    fn has(&self, entry: &Entry) -> anyhow::Result<bool> {
        let is_time = |bound: Option<Bound>| matches!(bound, Some(Bound::At(_)));
        let at = if is_time(self.from) || is_time(self.to) { time(entry)? } else { Millis(0) };
        Ok(self.from.is_none_or(|from| !from.is_after(entry.seq, at))
            && self.to.is_none_or(|to| to.is_after(entry.seq, at)))
    }
}

fn time(entry: &Entry) -> anyhow::Result<Millis> {
    #[derive(serde::Deserialize)]
    struct Timed {
        at: String,
    }
    let timed: Option<Timed> = serde_json::from_str(&entry.entry.body).ok();
    timed.and_then(|own| recorded(&own.at)).with_context(|| {
        format!("entry {} has no time: give --from and --to as indexes of entries", entry.seq)
    })
}

/// Writes a line for each entry. Its bytes are those that were hashed, unless a terminal would
/// obey some of them.
fn lines(
    reader: &mut dyn Reader,
    range: &Range,
    filter: &EntryFilter,
    is_safe: bool,
    out: &mut impl Write,
) -> anyhow::Result<u64> {
    let mut count = 0;
    let mut place = match range.from {
        Some(Bound::Index(from)) => from,
        Some(Bound::At(_)) | None => 0,
    };
    let end = match range.to {
        Some(Bound::Index(to)) => range.size.min(to),
        Some(Bound::At(_)) | None => range.size,
    };
    while place < end {
        let page = reader.entries(place, Order::OldestFirst, filter, PAGE_ENTRIES)?;
        let Some(last) = page.last() else { break };
        place = last.seq.saturating_add(1);
        for entry in page.iter().take_while(|entry| entry.seq < end) {
            if range.has(entry)? {
                let line = line(entry);
                writeln!(out, "{}", if is_safe { line } else { escape::json(&line) })?;
                count += 1;
            }
        }
    }
    out.flush()?;
    Ok(count)
}

/// The entry is JSON, so it is put there as it is.
fn line(entry: &Entry) -> String {
    format!("{{\"index\":{},\"leaf\":\"{}\",\"entry\":{}}}", entry.seq, leaf(entry), entry.entry.body)
}
