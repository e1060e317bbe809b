//! Starts programs, says which, and stops where one fails.

use std::env;
use std::ffi::OsString;
use std::io::Write;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// Cargo with a subcommand, in the root of the workspace.
pub(crate) fn cargo(subcommand: &str) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(sentinel_artifacts::workspace()).arg(subcommand);
    // What `cargo run` set for this process means nothing to the next cargo.
    for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME"] {
        command.env_remove(name);
    }
    command
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    say(&format!("$ {shown}"));
    let status = command.status().with_context(|| format!("`{shown}` could not be started"))?;
    ensure!(status.success(), "`{shown}` failed with {status}");
    Ok(())
}

/// Runs what downloads. A network may be away for a moment.
pub(crate) fn download(command: &mut Command) -> Result<()> {
    for pause in [5, 20, 60] {
        match run(command) {
            Ok(()) => return Ok(()),
            Err(error) => say(&format!("setup: {error:#}; once more in {pause} s")),
        }
        thread::sleep(Duration::from_secs(pause));
    }
    run(command)
}

/// Runs a step and says how long it took.
pub(crate) fn timed(name: &str, step: impl FnOnce() -> Result<()>) -> Result<String> {
    let started = Instant::now();
    step()?;
    let line = format!("{name:<8} {:>6.1} s", started.elapsed().as_secs_f64());
    say(&line);
    Ok(line)
}

/// A line for whoever watches. Where nobody can, the work goes on.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(name).chain(arguments).collect::<Vec<_>>().join(" ")
}
