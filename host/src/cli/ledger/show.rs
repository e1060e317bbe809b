//! `sentinel ledger show`: what was recorded, for people.

use std::io::{self, Write as _};

use clap::ValueEnum;
use sentinel::state::{Entry, EntryKind};
use sentinel::store::{EntryFilter, Order};
use serde_json::{Value, json};

use super::super::page::Tone;
use super::super::{Context, Exit, Page};
use super::source::{self, Place};
use super::{escape, export};

/// Most entries of one table.
const LIMIT_MAX: u32 = 10_000;

/// Characters of a name in a table.
const NAME_CHARS_MAX: usize = 40;

/// Characters of what was done in a table.
const WHAT_CHARS_MAX: usize = 160;

/// Show the newest entries, or one in full
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// One entry: its index, or the id that a verdict names
    #[arg(value_name = "INDEX|ID", conflicts_with_all = ["agent", "kind", "decision", "limit"])]
    entry: Option<String>,
    /// Only entries of this agent
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    /// Only entries of this kind: verdict, outcome, policy-deploy, key-rotation, …
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Option<EntryKind>,
    /// Only entries with this decision
    #[arg(long, value_name = "WORD", value_enum)]
    decision: Option<Decision>,
    /// How many entries
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=i64::from(LIMIT_MAX)))]
    limit: u32,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Decision {
    Allow,
    Deny,
    Escalate,
}

impl Decision {
    const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Escalate => "escalate",
        }
    }
}

fn kind(word: &str) -> Result<EntryKind, String> {
    let known = || EntryKind::ALL.map(EntryKind::as_str).join(", ");
    EntryKind::from_word(word).ok_or_else(|| format!("use one of {}", known()))
}

pub(super) fn run(args: Args, place: &Place, json: bool, context: &Context) -> anyhow::Result<Exit> {
    let (mut reader, head) = place.read()?;
    let mut out = context.page.out();
    if let Some(text) = &args.entry {
        let entry = source::entry(&mut *reader, source::place_of(text)?)?;
        if json {
            writeln!(out, "{}", escape::json(&format!("{:#}", value(&entry))))?;
        } else {
            full(&entry, context.page, &mut out)?;
        }
    } else {
        let filter = EntryFilter {
            agent: args.agent,
            kind: args.kind,
            decision: args.decision.map(|decision| decision.word().to_owned()),
        };
        let entries = reader.entries(head.tree.size(), Order::NewestFirst, &filter, args.limit)?;
        if json {
            let values: Vec<_> = entries.iter().map(value).collect();
            writeln!(out, "{}", escape::json(&format!("{:#}", Value::Array(values))))?;
        } else {
            writeln!(out, "{}", table(&entries, context.page))?;
        }
    }
    out.flush()?;
    Ok(Exit::Ok)
}

fn value(entry: &Entry) -> Value {
    json!({ "index": entry.seq, "leaf": export::leaf(entry), "entry": body(entry) })
}

/// What was recorded. What is no JSON is shown as the text that it is.
fn body(entry: &Entry) -> Value {
    serde_json::from_str(&entry.entry.body).unwrap_or_else(|_| Value::String(entry.entry.body.clone()))
}

fn full(entry: &Entry, page: Page, out: &mut impl io::Write) -> io::Result<()> {
    for (name, text) in [("index", entry.seq.to_string()), ("leaf", export::leaf(entry))] {
        writeln!(out, "{}  {text}", page.paint(Tone::Faint, &format!("{name:>5}")))?;
    }
    writeln!(out, "{}", escape::json(&format!("{:#}", body(entry))))
}

fn table(entries: &[Entry], page: Page) -> comfy_table::Table {
    let mut table = page.table(&["index", "time", "kind", "agent", "decision", "what"]);
    for entry in entries {
        let body = body(entry);
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let decision = match entry.entry.decision {
            "allow" => page.paint(Tone::Good, "allow"),
            "deny" => page.paint(Tone::Bad, "deny"),
            "escalate" => page.paint(Tone::Caution, "escalate"),
            other => other.to_owned(),
        };
        let names: &[&str] = match entry.entry.kind {
            EntryKind::ApprovalAnswer => &["answer", "subject", "note"],
            EntryKind::ApprovalEnd => &["state"],
            EntryKind::ApprovalNotify => &["channel"],
            EntryKind::Outcome => &["toolName", "outcome", "error"],
            EntryKind::Verdict
            | EntryKind::HoldExpired
            | EntryKind::SessionStart
            | EntryKind::SessionEnd
            | EntryKind::SessionReset
            | EntryKind::PolicyDeploy
            | EntryKind::PolicyRemove
            | EntryKind::KeyRotation
            | EntryKind::DaemonStart
            | EntryKind::DaemonStop
            | EntryKind::StoreRecovered => &["toolName", "reason"],
        };
        let what: Vec<_> = names.iter().map(|name| text(name)).filter(|own| !own.is_empty()).collect();
        table.add_row([
            entry.seq.to_string(),
            escape::line(text("at"), NAME_CHARS_MAX),
            entry.entry.kind.as_str().to_owned(),
            escape::line(&entry.entry.agent, NAME_CHARS_MAX),
            decision,
            escape::line(&what.join(": "), WHAT_CHARS_MAX),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::kind;

    #[test]
    fn kinds_are_known_by_their_word() {
        assert_eq!(kind("key-rotation").map(|kind| kind.as_str()), Ok("key-rotation"));
        assert!(kind("rotation").unwrap_err().contains("key-rotation"));
    }
}
