//! Pictures of the dashboard for the documents: those that the tests took last, or take now.

use std::fs;

use anyhow::{Context, Result};
use sentinel_artifacts::workspace;

use crate::dashboard;
use crate::run::{cargo, run, say};

/// Where the tests put what they take.
const TAKEN: &str = "target/pictures";

/// Where the documents have theirs.
const KEPT: &str = "docs/pictures";

/// Those that documents show. The tests take more, for whoever looks at a run.
const SHOWN: &[&str] = &[
    "agent",
    "agents",
    "approvals",
    "approvals-phone",
    "entry",
    "ledger",
    "live",
    "live-dark",
    "login",
    "playground",
    "playground-session",
    "policy",
];

/// Takes them all, and keeps those that documents show.
pub(crate) fn pictures() -> Result<()> {
    dashboard::build()?;
    // Of the whole workspace, as all tests are: nothing is compiled a second time with other features.
    run(cargo("test").args(["--workspace", "--test", "dashboard", "--", "pictures"]))?;
    let kept = workspace().join(KEPT);
    fs::create_dir_all(&kept).with_context(|| format!("`{}` cannot be made", kept.display()))?;
    for name in SHOWN {
        let file = format!("{name}.png");
        let taken = workspace().join(TAKEN).join(&file);
        fs::copy(&taken, kept.join(&file))
            .with_context(|| format!("`{}` cannot be kept", taken.display()))?;
    }
    say(&format!("pictures:  {} ({})", kept.display(), SHOWN.len()));
    Ok(())
}
