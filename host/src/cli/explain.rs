//! `sentinel explain`: every layer's view of one call, not only the one that decided.

use std::fs;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use sentinel::call;
use sentinel::engine::{Engine, Evaluation, Reason, fresh, layer_word};
use sentinel::limits::CALL_BYTES_MAX;
use sentinel::settings::mode_word;
use serde::Serialize;
use serde_json::value::RawValue;

use super::approver::Approver;
use super::json::Findings;
use super::page::{Page, Tone, printable};
use super::{Context, Exit};

/// Characters of a command or path that are worth a line.
const PART_CHARS_MAX: usize = 200;

/// Explain the decision on one call
///
/// The exit code is the decision: 0 allow, 2 deny, 3 escalate. A call that does not name its
/// agent or environment gets the policy's agent and SOE_ENVIRONMENT.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Policy document
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The call: JSON, `@FILE`, or `-` for standard input
    #[arg(long, value_name = "JSON")]
    call: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let engine = Engine::embedded()?;
    let mut session = context.session(&engine, &args.policy)?;
    let call = call::complete(&read(&args.call)?, session.agent_id(), &context.settings.environment);
    let circumstances = Approver::default().circumstances(context);
    let evaluation = session.explain(call.as_bytes(), circumstances, fresh);
    let mut out = context.page.out();
    if args.json {
        print_json(&evaluation, &mut out)?;
    } else {
        print(&evaluation, context.page, &mut out)?;
    }
    out.flush()?;
    Ok(evaluation.verdict.decision.into())
}

fn read(argument: &str) -> anyhow::Result<String> {
    // One byte more than a call may have, so that the engine's host says that it is too large.
    let bounded = |reader: &mut dyn Read| {
        let mut text = String::new();
        reader.take(CALL_BYTES_MAX as u64 + 1).read_to_string(&mut text).map(|_| text)
    };
    match (argument, argument.strip_prefix('@')) {
        ("-", _) => bounded(&mut io::stdin().lock()).context("standard input could not be read"),
        (_, Some(path)) => fs::File::open(path)
            .and_then(|mut file| bounded(&mut file))
            .with_context(|| format!("`{path}` could not be read")),
        (call, None) => Ok(call.to_owned()),
    }
}

fn print_json(evaluation: &Evaluation, out: &mut impl Write) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Explanation<'a> {
        verdict: &'a RawValue,
        decision: Findings<'a>,
    }
    let verdict: &RawValue =
        serde_json::from_str(&evaluation.verdict.json).context("the engine wrote no JSON")?;
    let explanation = Explanation { verdict, decision: (&evaluation.decision).into() };
    serde_json::to_writer_pretty(&mut *out, &explanation)?;
    Ok(writeln!(out)?)
}

fn print(evaluation: &Evaluation, page: Page, out: &mut impl Write) -> io::Result<()> {
    let (verdict, decision) = (&evaluation.verdict, &evaluation.decision);
    let faint = |text: &str| page.paint(Tone::Faint, text);
    writeln!(out, "{}  {}", page.outcome(verdict.decision), page.paint(Tone::Strong, &verdict.reason))?;
    let enforced = if verdict.enforced { "" } else { ", not enforced" };
    writeln!(
        out,
        "{}",
        faint(&format!(
            "{} layer, {} mode{enforced}, {} risk points, tool {}",
            layer_word(verdict.layer),
            mode_word(verdict.mode),
            verdict.risk_points,
            printable(&decision.tool_name, PART_CHARS_MAX),
        ))
    )?;
    for (number, reason) in (1..).zip(&decision.reasons) {
        writeln!(out)?;
        print_reason(number, reason, page, out)?;
    }
    Ok(())
}

fn print_reason(number: usize, reason: &Reason, page: Page, out: &mut impl Write) -> io::Result<()> {
    let faint = |text: &str| page.paint(Tone::Faint, text);
    let (outcome, layer) = (page.outcome(reason.outcome), layer_word(reason.layer));
    writeln!(out, "{number:>3}. {outcome}  {layer}  {}", faint(&reason.code))?;
    writeln!(out, "     {}", reason.message)?;
    if let Some(rule) = &reason.rule {
        writeln!(out, "     {} {:?}  {}", faint("rule"), rule.pattern, faint(&rule.pointer))?;
    }
    if let Some(part) = &reason.part {
        let place = if part.start < part.end {
            format!("bytes {} to {}", part.start, part.end)
        } else {
            String::new()
        };
        writeln!(out, "     {} {}  {}", faint("part"), printable(&part.text, PART_CHARS_MAX), faint(&place))?;
    }
    Ok(())
}
