//! Makes any machine ready, and says what it does. Says nothing where nothing is missing.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use sentinel_artifacts::{TARGET, TARGET_WASI, ensure_target};

use crate::run::{run, say};

/// The differential test compares our reading of commands with this bash's.
const BASH_MAJOR_MIN: u32 = 5;

pub(crate) fn ready() -> Result<()> {
    for target in [TARGET, TARGET_WASI] {
        ensure_target(target)?;
    }
    ensure_bash()
}

fn ensure_bash() -> Result<()> {
    if bash_major().is_some_and(|major| major >= BASH_MAJOR_MIN) {
        return Ok(());
    }
    say(&format!(
        "setup: the tests compare with a real bash, version {BASH_MAJOR_MIN} or later, and none is on PATH"
    ));
    if !(has_apt() && is_root()) {
        bail!(
            "install bash {BASH_MAJOR_MIN} or later and put it on PATH (`apt-get install bash`, `brew install bash`)"
        );
    }
    run(Command::new("apt-get").args(["install", "--yes", "bash"])).or_else(|_| {
        run(Command::new("apt-get").arg("update"))?;
        run(Command::new("apt-get").args(["install", "--yes", "bash"]))
    })?;
    let major = bash_major().context("bash is installed and does not start")?;
    ensure!(
        major >= BASH_MAJOR_MIN,
        "the system's bash is version {major}: install version {BASH_MAJOR_MIN} or later"
    );
    Ok(())
}

fn bash_major() -> Option<u32> {
    output("bash", &["-c", "echo ${BASH_VERSINFO[0]}"])?.parse().ok()
}

fn has_apt() -> bool {
    output("apt-get", &["--version"]).is_some()
}

fn is_root() -> bool {
    output("id", &["-u"]).as_deref() == Some("0")
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
