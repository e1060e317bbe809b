//! The programs of npm's packages that the build runs: what they are called, and how.

use std::path::PathBuf;
use std::process::Command;

use sentinel_artifacts::workspace;

/// Node, and a script of a package of the folder that setup makes.
pub(super) fn script(path: &str) -> Command {
    let mut command = Command::new(node());
    command.current_dir(workspace()).arg(workspace().join("target/tools/web/node_modules").join(path));
    command
}

fn node() -> PathBuf {
    workspace().join("target/tools/node/node")
}
