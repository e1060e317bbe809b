//! `sentinel eval`: JSON Lines in, JSON Lines out, one for one and in the same order.
//!
//! What is decided are the bytes of `call` as they stand on the line, and what is printed is
//! the verdict as the engine wrote it, with the id in front.

mod policies;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};
use sentinel::engine::{Engine, fresh};
use sentinel::limits::LINE_BYTES_MAX;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::approver::Approver;
use super::lines::{Line, Lines, is_blank};
use super::{Context, Exit};
use policies::Policies;

/// Lines between two looks at the progress bar.
const LINES_PER_PROGRESS: u64 = 1024;

/// Decide calls in bulk: JSON Lines in, JSON Lines out
///
/// Each line is `{"id": …, "policy": {…}, "call": {…}}`. The policy may be left out with
/// --policy, and the id may be any JSON. A line that cannot be used is answered with
/// `{"id", "line", "error"}`, and the exit code is 1 at the end.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Policy document for lines that bring none
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// What would become of a call that needs a person
    #[arg(long, value_name = "ANSWER", value_enum, default_value_t)]
    approver: Approver,
    /// Input; standard input if absent or `-`
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    policy: Option<&'a RawValue>,
    #[serde(borrow)]
    call: &'a RawValue,
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let engine = Engine::embedded()?;
    let session = args.policy.as_deref().map(|path| context.session(&engine, path)).transpose()?;
    let mut policies = Policies::new(engine, session);
    let mut lines = Lines::open(args.file.as_deref())?;
    let progress = progress(&lines);
    let mut out = context.page.out();
    let mut exit = Exit::Ok;
    let mut number = 0;
    while let Some(line) = lines.next()? {
        number += 1;
        let answered = match line {
            Line::Bytes(line) if is_blank(line) => Ok(()),
            Line::Bytes(line) => answer(line, &mut policies, (args.approver, context), &mut out)?,
            Line::TooLong => Err(Unusable {
                id: Value::Null,
                error: format!("the line is longer than {LINE_BYTES_MAX} bytes"),
            }),
        };
        if let Err(Unusable { id, error }) = answered {
            exit = Exit::Error;
            writeln!(out, "{}", json!({ "id": id, "line": number, "error": error }))?;
        }
        // Somebody may be writing the next line only when this one is answered.
        if lines.may_wait() {
            out.flush()?;
        }
        if number % LINES_PER_PROGRESS == 0 {
            progress.set_position(lines.bytes_read);
        }
    }
    progress.finish_and_clear();
    out.flush()?;
    Ok(exit)
}

/// A line that has no verdict.
struct Unusable {
    id: Value,
    error: String,
}

/// Answers one line. The outer error is about the output, the inner one about the line.
fn answer(
    line: &[u8],
    policies: &mut Policies,
    (who, context): (Approver, &Context),
    out: &mut impl Write,
) -> io::Result<Result<(), Unusable>> {
    let unusable = |error: String| Ok(Err(Unusable { id: salvage_id(line), error }));
    let request: Request<'_> = match serde_json::from_slice(line) {
        Ok(request) => request,
        Err(error) => return unusable(format!("not a request: {error}")),
    };
    let session = match policies.session(request.policy.map(RawValue::get)) {
        Ok(session) => session,
        Err(error) => return unusable(error),
    };
    let call = request.call.get().as_bytes();
    let mut verdict = session.evaluate(call, who.circumstances(context), fresh);
    if let Some(circumstances) = who.again(&verdict, context) {
        verdict = session.evaluate(call, circumstances, fresh);
    }
    let id = request.id.map_or("null", RawValue::get);
    match verdict.json.strip_prefix('{') {
        Some("}") | None => writeln!(out, "{{\"id\":{id}}}")?,
        Some(rest) => writeln!(out, "{{\"id\":{id},{rest}")?,
    }
    Ok(Ok(()))
}

/// The id of a line that is no request, if it has one all the same.
fn salvage_id(line: &[u8]) -> Value {
    serde_json::from_slice::<Value>(line).ok().and_then(|value| value.get("id").cloned()).unwrap_or_default()
}

/// Shown for files only, and only where it does not end up among the answers.
fn progress(lines: &Lines) -> ProgressBar {
    let Some(bytes) = lines.bytes.filter(|_| io::stderr().is_terminal()) else {
        return ProgressBar::hidden();
    };
    let template = "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
    ProgressBar::new(bytes)
        .with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}
