//! Real calls of a coding agent, decided in front of your eyes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::run::{cargo, run, say};

/// Where the sample policies are.
const POLICIES: &str = "examples/policies";

/// The policy of the recorded session, and the session.
const SESSION_POLICY: &str = "examples/session/policy.soe.json";
const SESSION: &str = "examples/session/claude-code.jsonl";

pub(crate) fn demo() -> Result<()> {
    run(cargo("build").args(["--release", "--quiet", "--package", "sentinel"]))?;
    let started = Instant::now();
    let workspace = sentinel_artifacts::workspace();
    let sentinel = || {
        let mut command = Command::new(program(&workspace));
        command.current_dir(&workspace);
        command
    };
    let policies = policies(&workspace)?;
    run(sentinel().arg("validate").args(&policies))?;
    run(sentinel().args(["replay", "--policy", SESSION_POLICY, SESSION]))?;
    say(&format!(
        "\ndemo: {} policies and one session in {:.2} s",
        policies.len(),
        started.elapsed().as_secs_f64()
    ));
    Ok(())
}

/// Cargo may have been told to build elsewhere.
fn program(workspace: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    workspace.join(target).join("release").join(format!("sentinel{}", std::env::consts::EXE_SUFFIX))
}

fn policies(workspace: &Path) -> Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in
        fs::read_dir(workspace.join(POLICIES)).with_context(|| format!("`{POLICIES}` could not be read"))?
    {
        let name = entry?.file_name();
        let is_policy = [".json", ".yaml", ".yml"].iter().any(|end| name.to_string_lossy().ends_with(end));
        if is_policy {
            names.push(Path::new(POLICIES).join(name));
        }
    }
    ensure!(!names.is_empty(), "`{POLICIES}` holds no policies");
    names.sort();
    Ok(names)
}
