//! `sentinel hook`: answers a coding agent, whatever happens.
//!
//! The work is done on a thread of its own, and this one waits for it until the deadline. So a
//! panic, a harness that never closes our input, and a file system that hangs all end here, in
//! the same denial. Only the answer is written to standard output.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;

use anyhow::{Context as _, ensure};
use sentinel::engine::{Engine, unmetered};
use sentinel::hook::{self, Answer, EXIT_BLOCK, Ground, Harness, Reply};
use sentinel::limits::{EVENT_BYTES_MAX, HOOK_DEADLINE, HOOK_STACK_BYTES};
use sentinel::policy_file::PolicyFile;
use sentinel::settings::Settings;

use super::page::note;

/// Answer a coding agent that asks before it calls a tool
///
/// Reads the event from standard input and writes the answer to standard output. On any error
/// the answer is a denial and the exit code is 2, which blocks the call.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The coding agent
    #[arg(value_parser = parse_harness, value_name = "claude-code|codex|gemini-cli")]
    harness: &'static Harness,
    /// Policy document
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// Directory that the agent works on; by default what the agent says it is
    #[arg(long, value_name = "DIR")]
    workspace: Option<PathBuf>,
}

/// A harness by its name, for clap.
pub(super) fn parse_harness(name: &str) -> Result<&'static Harness, String> {
    hook::harness(name).ok_or_else(|| {
        let known: Vec<_> = hook::HARNESSES.iter().map(|harness| harness.name).collect();
        format!("known are: {}", known.join(", "))
    })
}

pub(crate) fn run(args: Args, settings: &Settings) -> ExitCode {
    let harness = args.harness;
    let (sender, receiver) = mpsc::sync_channel(1);
    let settings = settings.clone();
    let worker = thread::Builder::new().stack_size(HOOK_STACK_BYTES).spawn(move || {
        let workspace = args.workspace.or_else(|| (harness.workspace)(&settings));
        // The receiver is gone once the deadline has passed; then nobody wants the answer.
        let _ = sender.send(answer(harness, &args.policy, workspace.as_deref(), &settings, read_event));
    });
    let answer = match worker {
        Err(error) => Answer::Fail(format!("no thread could be started: {error}")),
        Ok(_) => match receiver.recv_timeout(HOOK_DEADLINE) {
            Ok(answer) => answer,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                Answer::Fail(format!("no decision within {} s", HOOK_DEADLINE.as_secs()))
            }
            // It went away without an answer: it panicked, and said so on stderr.
            Err(mpsc::RecvTimeoutError::Disconnected) => Answer::Fail("internal error".to_owned()),
        },
    };
    deliver(&(harness.answer)(&answer))
}

/// The arguments make no sense. Which harness asked is unknown, so it is told in the words that
/// most of them read, and by the exit code that all of them honour.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    let text = error.to_string();
    let reason = text.lines().next().unwrap_or("bad arguments").to_owned();
    let reply = hook::HARNESSES.first().map(|harness| (harness.answer)(&Answer::Fail(reason)));
    note(text.trim_end());
    reply.map_or_else(|| ExitCode::from(EXIT_BLOCK), |reply| deliver(&reply))
}

/// The answer to one event. Never an error: what goes wrong is an answer, too.
pub(super) fn answer(
    harness: &Harness,
    policy: &Path,
    workspace: Option<&Path>,
    settings: &Settings,
    event: impl FnOnce() -> anyhow::Result<Vec<u8>>,
) -> Answer {
    let decided = || -> anyhow::Result<Answer> {
        let event = (harness.read)(&event()?)?;
        let engine = Engine::embedded()?;
        let mut session = PolicyFile::read(policy)?.open(&engine)?;
        let ground = Ground { workspace, policy: Some(policy), ..Ground::default() };
        Ok(hook::decide(&mut session, &event, settings, ground, unmetered)?.answer)
    };
    decided().unwrap_or_else(|error| Answer::Fail(format!("{error:#}")))
}

fn read_event() -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut input = io::stdin().lock().take(EVENT_BYTES_MAX + 1);
    input.read_to_end(&mut bytes).context("the event could not be read")?;
    ensure!(bytes.len() as u64 <= EVENT_BYTES_MAX, "the event is larger than {EVENT_BYTES_MAX} bytes");
    Ok(bytes)
}

/// Writes the answer and ends the process, without waiting for a worker that may never end.
fn deliver(reply: &Reply) -> ExitCode {
    if let Some(text) = &reply.stderr {
        note(text);
    }
    let mut out = io::stdout().lock();
    let written = writeln!(out, "{}", reply.stdout).and_then(|()| out.flush());
    if let Err(error) = written {
        note(&format!("sentinel: the answer could not be written: {error}"));
        std::process::exit(EXIT_BLOCK.into());
    }
    std::process::exit(reply.exit_code.into());
}
