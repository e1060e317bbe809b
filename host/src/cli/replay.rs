//! `sentinel replay`: a recorded session of a coding agent, decided again event by event.
//!
//! It takes the way of `sentinel hook`, apart from loading the policy once and keeping the meters
//! of each session. Time does not pass between the events.

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use sentinel::engine::{Effect, Engine, Outcome, Session, Verdict};
use sentinel::hook::{self, Event, Ground, Harness};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::hook::parse_harness;
use super::lines::{Line, Lines, is_blank};
use super::page::{Page, Tone, printable};
use super::simulate::Tally;
use super::{Context, Exit};

/// Fields of a tool's input that say in a word what it is about, the most telling first.
const TELLING_FIELDS: [&str; 7] =
    ["command", "file_path", "notebook_path", "path", "url", "pattern", "query"];

/// Characters of a tool's name, and of what it is called with, that are worth a column.
const TOOL_CHARS_MAX: usize = 26;
const WHAT_CHARS_MAX: usize = 48;

/// Decide a recorded session again
///
/// The file holds one event per line, as the agent wrote them to its hook. Nothing is executed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Policy document
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The coding agent
    #[arg(long, value_parser = parse_harness, default_value = "claude-code", value_name = "NAME")]
    harness: &'static Harness,
    /// Directory that the agent worked on; by default where each event says it ran
    #[arg(long, value_name = "DIR")]
    workspace: Option<PathBuf>,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
    /// Recorded events; `-` is standard input
    #[arg(value_name = "SESSION")]
    events: PathBuf,
}

/// A decided event.
struct Row {
    tool: String,
    what: String,
    verdict: Verdict,
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let engine = Engine::embedded()?;
    let mut session = context.session(&engine, &args.policy)?;
    let events = read(args)?;
    let started = Instant::now();
    let rows = decide(&mut session, &events, args, context)?;
    let elapsed = started.elapsed();
    let mut out = context.page.out();
    if args.json {
        for (number, row) in (1..).zip(&rows) {
            print_json(number, row, &mut out)?;
        }
    } else {
        print(&rows, elapsed, context.page, &mut out)?;
    }
    out.flush()?;
    Ok(Exit::Ok)
}

fn read(args: &Args) -> anyhow::Result<Vec<Event>> {
    let mut lines = Lines::open(Some(&args.events))?;
    let mut events = Vec::new();
    while let Some(line) = lines.next()? {
        let event = match line {
            Line::Bytes(line) if is_blank(line) => continue,
            Line::Bytes(line) => (args.harness.read)(line).map_err(anyhow::Error::new),
            Line::TooLong => Err(anyhow!("the line is too long")),
        };
        events.push(event.with_context(|| format!("line {} of `{}`", lines.number, args.events.display()))?);
    }
    Ok(events)
}

fn decide(
    session: &mut Session,
    events: &[Event],
    args: &Args,
    context: &Context,
) -> anyhow::Result<Vec<Row>> {
    let mut tally = Tally::default();
    let mut rows = Vec::with_capacity(events.len());
    for event in events {
        let workspace = args.workspace.as_deref();
        let ground = Ground { workspace, policy: Some(&args.policy), ..Ground::default() };
        let settle = |effects: &[Effect]| tally.settle(event.session_id.as_deref(), effects);
        let decided = hook::decide(session, event, &context.settings, ground, settle)?;
        tally.charge(&decided.verdict);
        tally.learn(&decided.verdict, session);
        rows.push(Row {
            tool: printable(&event.tool_name, TOOL_CHARS_MAX),
            what: what(event.tool_input.get()),
            verdict: decided.verdict,
        });
    }
    Ok(rows)
}

/// A few words about a tool's input.
fn what(input: &str) -> String {
    let parsed: Value = serde_json::from_str(input).unwrap_or_default();
    let telling = TELLING_FIELDS.iter().find_map(|field| parsed.get(field)?.as_str());
    printable(telling.unwrap_or(input), WHAT_CHARS_MAX)
}

fn print_json(number: usize, row: &Row, out: &mut impl Write) -> anyhow::Result<()> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Line<'a> {
        number: usize,
        tool_name: &'a str,
        verdict: &'a RawValue,
    }
    let verdict = serde_json::from_str(&row.verdict.json).context("the engine wrote no JSON")?;
    serde_json::to_writer(&mut *out, &Line { number, tool_name: &row.tool, verdict })?;
    Ok(writeln!(out)?)
}

fn print(rows: &[Row], elapsed: Duration, page: Page, out: &mut impl Write) -> anyhow::Result<()> {
    let mut table = page.table(&["#", "tool", "what", "verdict", "reason"]);
    for (number, row) in (1..).zip(rows) {
        let verdict = page.outcome(row.verdict.decision);
        table.add_row([&format!("{number}"), &row.tool, &row.what, &verdict, &row.verdict.reason]);
    }
    writeln!(out, "{table}\n")?;
    let count = |outcome| rows.iter().filter(|row| row.verdict.decision == outcome).count();
    let points: u64 = rows.iter().map(|row| row.verdict.risk_points).sum();
    let summary = format!(
        "{} calls: {} allowed, {} denied, {} escalated; {points} risk points",
        rows.len(),
        count(Outcome::Allow),
        count(Outcome::Deny),
        count(Outcome::Escalate)
    );
    let per_second = rows.len() as f64 / elapsed.as_secs_f64().max(f64::EPSILON);
    let speed = format!("decided in {:.1} ms: {per_second:.0} per second", elapsed.as_secs_f64() * 1e3);
    writeln!(out, "{}\n{}", page.paint(Tone::Strong, &summary), page.paint(Tone::Faint, &speed))?;
    Ok(())
}
