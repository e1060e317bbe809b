//! What a pull request has to pass, and its parts.

use anyhow::Result;

use crate::dashboard;
use crate::run::{cargo, run, say, timed};

/// All of it. The steps that fail fast come last on purpose: they need what the first compiled.
pub(crate) fn run_all() -> Result<()> {
    let steps = [
        // One run tells of all that fails.
        timed("test", || test(&["--no-fail-fast".to_owned()]))?,
        timed("fmt", || fmt(&["--check".to_owned()]))?,
        timed("lint", lint)?,
        timed("pages", dashboard::check)?,
        timed("doc", doc)?,
    ];
    say(&format!("\nall passed\n{}", steps.join("\n")));
    Ok(())
}

/// The pages come first: the daemon embeds them, and tests open them.
pub(crate) fn test(arguments: &[String]) -> Result<()> {
    dashboard::build()?;
    run(cargo("test").arg("--workspace").args(arguments))
}

pub(crate) fn fmt(arguments: &[String]) -> Result<()> {
    run(cargo("fmt").arg("--all").args(arguments))
}

pub(crate) fn lint() -> Result<()> {
    run(cargo("clippy").args(["--workspace", "--all-targets", "--", "--deny", "warnings"]))
}

pub(crate) fn doc() -> Result<()> {
    run(cargo("doc").args(["--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "--deny warnings"))
}
