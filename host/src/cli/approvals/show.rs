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
    /// Every reason, numbered where there are several: a yes is for all of them. Then where in the
    /// policy they stand.
    fn grounds(&self) -> Vec<(&'static str, String)> {
        if self.reasons.is_empty() {
            return vec![("why", self.reason.clone()), ("rule", self.code.clone())];
        }
        let count = self.reasons.len();
        let number = |place: usize| {
            if count > 1 { format!("{} of {count}: ", place + 1) } else { String::new() }
        };
        let (mut why, mut rules) = (Vec::new(), Vec::new());
        for (place, own) in self.reasons.iter().enumerate() {
            let part = own.part.as_ref().filter(|part| !own.message.contains(&part.text));
            let part = part.map_or(String::new(), |part| format!(" In: {}", part.text));
            why.push(("why", format!("{}{}{part}", number(place), own.message)));
            let line = own.rule.as_ref().map_or(String::new(), |rule| format!(" at {}", rule.pointer));
            rules.push(("rule", format!("{}{}{line}", number(place), own.code)));
        }
        if self.more_reasons > 0 {
            why.push(("why", format!("the same holds for {} more parts of the call", self.more_reasons)));
        }
        why.extend(rules);
        why
    }

    /// All that is known beside the call, by name, in the order in which it helps to decide.
    pub(super) fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = self.grounds();
        if self.is_replaced() {
            let why = "another policy governs by now: a yes is worth nothing, the call has to ask again";
            facts.push(("void", why.to_owned()));
        }
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

#[cfg(test)]
mod tests {
    use super::super::question::tests::question;
    use serde_json::value::RawValue;
    use serde_json::{Value, json};

    use super::*;

    fn with(members: &Value) -> Question {
        let mut own: Value = serde_json::from_str(question("apr_1", "deploy").source.get()).unwrap();
        own.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        Question::read(RawValue::from_string(own.to_string()).unwrap()).unwrap()
    }

    fn said(own: &Question) -> Vec<(&'static str, String)> {
        let is_ground = |(name, _): &(&str, String)| matches!(*name, "why" | "rule" | "void");
        own.facts().into_iter().filter(is_ground).collect()
    }

    #[test]
    fn every_reason_is_said_and_whether_a_yes_counts() {
        let fact = |name: &'static str, text: &str| (name, text.to_owned());
        let one =
            [fact("why", "The policy asks a person about `deploy`."), fact("rule", "approval-required")];
        assert_eq!(said(&with(&json!({}))), one, "a daemon that tells one");
        assert_eq!(said(&with(&json!({ "governs": true }))), one);
        let reasons = json!([
            { "message": "Runs another program.", "code": "bash-runner", "layer": "deterministic",
              "part": { "text": "xargs rm", "start": 3, "end": 11 } },
            { "message": "Costs a lot.", "code": "approval-above", "layer": "deterministic",
              "rule": { "pattern": "1.00", "pointer": "/approvals/above" } },
        ]);
        assert_eq!(
            said(&with(&json!({ "reasons": reasons, "moreReasons": 3, "governs": false }))),
            [
                fact("why", "1 of 2: Runs another program. In: xargs rm"),
                fact("why", "2 of 2: Costs a lot."),
                fact("why", "the same holds for 3 more parts of the call"),
                fact("rule", "1 of 2: bash-runner"),
                fact("rule", "2 of 2: approval-above at /approvals/above"),
                fact(
                    "void",
                    "another policy governs by now: a yes is worth nothing, the call has to ask again"
                ),
            ]
        );
    }
}
