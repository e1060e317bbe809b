//! `sentinel approvals list`: what is open, or all that is known.

use std::io::Write as _;

use super::client::{Client, Reply, Wanted};
use super::question::Question;
use super::text;
use crate::cli::page::Tone;
use crate::cli::{Context, Exit};

/// Characters of a reason that are worth a column.
const REASON_CHARS_MAX: usize = 100;
/// Characters of a name that are worth a column.
const NAME_CHARS_MAX: usize = 40;

/// List the questions that are open, oldest first
///
/// Prints a table, or with --json what the daemon says.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Those that are over as well, newest first
    #[arg(long)]
    all: bool,
    /// Go on after this question
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    /// Most questions [default: 50]
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &Args, client: &Client, context: &Context) -> anyhow::Result<Exit> {
    let wanted = Wanted { all: args.all, after: args.after.clone(), limit: args.limit };
    let reply = client.list(&wanted).await?;
    let mut out = context.page.out();
    if args.json {
        writeln!(out, "{}", text::json(&text::pretty(&reply.text)))?;
    } else {
        print(&reply, args.all, context, &mut out)?;
    }
    out.flush()?;
    Ok(Exit::Ok)
}

fn print(
    reply: &Reply<Vec<Question>>,
    all: bool,
    context: &Context,
    out: &mut impl std::io::Write,
) -> anyhow::Result<()> {
    let page = context.page;
    if reply.value.is_empty() {
        let none = if all { "nobody was ever asked" } else { "nothing is open" };
        writeln!(out, "{}", page.paint(Tone::Faint, none))?;
        return Ok(());
    }
    let now = reply.at.unwrap_or_else(jiff::Timestamp::now);
    let mut table = page.table(&["id", "agent", "tool", "value", "yes", "state", "reason"]);
    for own in &reply.value {
        let tone = if own.is_open(now) { Tone::Caution } else { Tone::Faint };
        table.add_row(vec![
            text::line(&own.id, NAME_CHARS_MAX),
            text::line(&own.agent_id, NAME_CHARS_MAX),
            text::line(&own.tool_name, NAME_CHARS_MAX),
            text::line(&own.value().unwrap_or_default(), NAME_CHARS_MAX),
            format!("{} of {}", own.approvals, own.quorum),
            page.paint(tone, &text::line(&own.standing(now), NAME_CHARS_MAX)),
            reason(own),
        ]);
    }
    writeln!(out, "{table}")?;
    Ok(())
}

/// Why, and how many reasons more there are: they do not fit into a column, and must not be missed.
fn reason(own: &Question) -> String {
    let first = text::line(&own.reason, REASON_CHARS_MAX);
    match own.reasons.len().saturating_sub(1) {
        0 => first,
        more => format!("{first} [and {more} more: show]"),
    }
}
