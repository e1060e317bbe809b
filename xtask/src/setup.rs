//! Makes any machine ready, and says what it does. Says nothing where nothing is missing.
//!
//! What is not Debian's is installed below `target/tools`: nothing outside of it is touched, and
//! `cargo clean` takes it away.

pub(crate) mod npm;
mod python;
mod system;
mod wasmtime;

use std::process::{Command, Stdio};

use anyhow::Result;
use sentinel_artifacts::{TARGET, TARGET_WASI, ensure_target};

/// Everything that building and testing needs.
pub(crate) fn ready() -> Result<()> {
    for target in [TARGET, TARGET_WASI] {
        ensure_target(target)?;
    }
    system::ready()?;
    python::ready()?;
    npm::ready()?;
    wasmtime::ready()
}

/// What the benchmarks need beyond that.
pub(crate) fn ready_for_bench() -> Result<()> {
    system::ready_for_bench()
}

/// What a program says, where it is there and succeeds.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
