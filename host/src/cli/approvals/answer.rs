//! `sentinel approvals approve` and `deny`: one answer.

use std::io::Write as _;

use super::client::Client;
use super::question::{Question, Status};
use super::text;
use crate::cli::page::Tone;
use crate::cli::{Context, Exit};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The question
    id: String,
    /// A note for the record
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What somebody says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Approve,
    Deny,
}

impl Word {
    /// As the daemon calls it.
    pub(super) const fn route(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
        }
    }
}

pub(super) async fn run(args: &Args, word: Word, client: &Client, context: &Context) -> anyhow::Result<Exit> {
    let reply = client.answer(&args.id, word, args.note.as_deref()).await?;
    let mut out = context.page.out();
    if args.json {
        writeln!(out, "{}", text::json(&text::pretty(&reply.text)))?;
    } else {
        let (tone, line) = outcome(&reply.value);
        writeln!(out, "{}", context.page.paint(tone, &line))?;
    }
    out.flush()?;
    Ok(Exit::Ok)
}

/// What an answer has made of a question.
pub(super) fn outcome(own: &Question) -> (Tone, String) {
    let what = format!("{} for {}", text::line(&own.tool_name, 60), text::line(&own.agent_id, 60));
    match own.status {
        Status::Approved if own.is_replaced() => {
            (Tone::Caution, format!("approved for nothing: {what}; another policy governs by now"))
        }
        Status::Approved => (Tone::Good, format!("approved: {what}; it may be sent once")),
        Status::Used => (Tone::Good, format!("approved and used: {what}")),
        Status::Denied => (Tone::Bad, format!("denied: {what}")),
        Status::Pending => (
            Tone::Caution,
            format!(
                "recorded: {what} has {} of {} yes, the others are still asked",
                own.approvals, own.quorum
            ),
        ),
        Status::Expired | Status::Cancelled | Status::Unknown => {
            (Tone::Caution, format!("{what} is {} now", own.status))
        }
    }
}
