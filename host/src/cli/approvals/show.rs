//! `sentinel approvals show`: one question, with the exact call and what is known beside it.

use std::io::{self, Write};

use jiff::Timestamp;

use super::client::Client;
use super::question::{Question, Said, Status};
use super::text;
use crate::cli::page::{Page, Tone};
use crate::cli::{Context, Exit};

/// Show one question: the exact call, its meters, what was said
///
/// Exits with 0 where the call is approved, 2 where it is denied or over, 3 where somebody still has
/// to decide.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The question
    id: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &Args, client: &Client, context: &Context) -> anyhow::Result<Exit> {
    let reply = client.one(&args.id).await?;
    let mut out = context.page.out();
    if args.json {
        writeln!(out, "{}", text::json(&text::pretty(&reply.text)))?;
    } else {
        print(&reply.value, reply.at.unwrap_or_else(Timestamp::now), context.page, &mut out)?;
    }
    out.flush()?;
    Ok(match reply.value.status {
        Status::Approved | Status::Used => Exit::Ok,
        Status::Pending => Exit::Escalate,
        Status::Denied | Status::Expired | Status::Cancelled | Status::Unknown => Exit::Deny,
    })
}

fn print(own: &Question, now: Timestamp, page: Page, out: &mut impl Write) -> io::Result<()> {
    let head = format!("{} wants to run `{}`", text::whole(&own.agent_id), text::whole(&own.tool_name));
    writeln!(out, "{}", page.paint(Tone::Strong, &head))?;
    let value = own.value().map_or(String::new(), |value| format!("{}, ", text::whole(&value)));
    let standing = format!("{value}{}, {} of {} yes", own.standing(now), own.approvals, own.quorum);
    let tone = if own.is_open(now) { Tone::Caution } else { Tone::Faint };
    writeln!(out, "{}\n", page.paint(tone, &text::whole(&standing)))?;
    for (name, value) in own.facts() {
        writeln!(out, "{} {}", page.paint(Tone::Faint, &format!("{name:<8}")), text::whole(&value))?;
    }
    if let Some(call) = &own.call {
        writeln!(out, "\n{}", page.paint(Tone::Faint, "the exact call"))?;
        for (depth, line) in text::indent(call.get()) {
            writeln!(out, "  {}{}", "  ".repeat(depth), text::whole(&line))?;
        }
    }
    Ok(())
}

impl Question {
    /// All that is known beside the call, by name, in the order in which it helps to decide.
    pub(super) fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = vec![("why", self.reason.clone()), ("rule", self.code.clone())];
        for said in &self.answers {
            let note = said.note.as_ref().map_or(String::new(), |note| format!(": {note}"));
            let Said { subject, answer, channel, at, .. } = said;
            facts.push(("said", format!("{answer} by {subject}, {at}, over {channel}{note}")));
        }
        if !self.approvers.is_empty() {
            facts.push(("may say", self.approvers.join(", ")));
        }
        facts.push(("asked by", self.requested_by.clone()));
        facts.extend(self.session_id.clone().map(|session| ("session", session)));
        if let Some(context) = &self.context {
            facts.extend(context.meters.iter().map(|meter| ("meter", meter.line())));
            let tool = context
                .tool
                .as_ref()
                .map(|tool| format!("{} times before, {} failed", tool.count, tool.errors));
            facts.extend(tool.map(|tool| ("tool", tool)));
            let recent = context
                .recent
                .iter()
                .map(|own| format!("{} {} {} {}", own.at, own.decision, own.tool_name, own.verdict_id));
            facts.extend(recent.map(|line| ("before", line)));
        }
        facts.push(("asked", self.asked_at.to_string()));
        facts.push(("ends", self.expires_at.to_string()));
        facts.push(("id", self.id.clone()));
        facts.push(("verdict", self.verdict_id.clone()));
        facts.push(("call", self.call_digest.clone()));
        facts.push(("policy", self.policy_digest.clone()));
        facts
    }
}
