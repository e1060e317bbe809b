//! Real calls of a coding agent, decided in front of your eyes: by the command line, by a daemon
//! whose budget runs out and whose ledger is verified, and by a proxy that an agent is behind.
//!
//! Each part is a file; this is their order, and what is left when they are over.

mod approval;
mod daemon;
mod proxy;
mod session;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::dashboard;
use crate::run::{cargo, run, say};
use daemon::Daemon;

/// Where the sample policies are.
const POLICIES: &str = "examples/policies";

/// The policy of the recorded session, and the session.
const SESSION_POLICY: &str = "examples/session/policy.soe.json";
const SESSION: &str = "examples/session/claude-code.jsonl";

/// Below the target directory: what the demo's daemon keeps.
const DIRECTORY: &str = "demo";

/// Characters of a reason that fit a line.
const REASON_CHARS_MAX: usize = 72;

pub(crate) fn demo() -> Result<()> {
    // The daemon embeds it.
    dashboard::build()?;
    run(cargo("build").args(["--release", "--quiet", "--package", "sentinel"]))?;
    let filter = sentinel_artifacts::envoy_filter()?;
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
    let session_policy = session::policy(&workspace)?;
    let daemon = start(&workspace, &session_policy)?;
    session::show(&daemon, &workspace, text(&session_policy, "agentId"))?;
    let approver = approver(&workspace, &daemon)?;
    approval::show(&daemon, &approver)?;
    proxy::show(&daemon, &approver, &filter)?;
    let waiting = approval::leave_one(&daemon)?;
    run(sentinel().args(["ledger", "verify", "--home"]).arg(&daemon.home))?;
    say(&format!(
        "\ndemo: {} policies, one session twice, and an agent behind a proxy, in {:.2} s",
        policies.len(),
        started.elapsed().as_secs_f64()
    ));
    say(&format!(
        "\nThe proxy has ended. The daemon is still there, at {address}\n\
         \x20 dashboard {address}/dashboard/\n\
         \x20           log in with {approver}\n\
         \x20           ({waiting} waits there for a yes or a no)\n\
         \x20 try       {address}/dashboard/playground/\n\
         \x20 health    curl {address}/v1/health\n\
         \x20 events    curl -N -H 'Authorization: Bearer {key}' {address}/v1/events/stream\n\
         \x20 terminal  SENTINEL_TOKEN={approver} {program} approvals --server {address}\n\
         \x20 log       {log}\n\
         \x20 stop it   kill {pid}",
        address = daemon.address,
        key = daemon.key,
        program = program(&workspace).display(),
        log = daemon.log.display(),
        pid = daemon.pid(),
    ));
    Ok(())
}

/// A key of somebody who may see and approve everything, and is not the agent.
fn approver(workspace: &Path, daemon: &Daemon) -> Result<String> {
    let mut command = Command::new(program(workspace));
    command.args(["token", "key", "create", "--subject", "alice", "--role", "admin", "--agent", "*"]);
    command.env_clear().env("SENTINEL_HOME", &daemon.home);
    let output = command.output().context("no key for an approver")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout)?;
    let key = said.split_whitespace().next().context("no key was printed")?.to_owned();
    daemon.wait_for_key(&key)?;
    Ok(key)
}

/// A daemon with the policies of everybody who appears.
fn start(workspace: &Path, session_policy: &Value) -> Result<Daemon> {
    let directory = target(workspace).join(DIRECTORY);
    let definitions = directory.join("definitions");
    fs::create_dir_all(&definitions)?;
    for policy in [session_policy, &approval::policy(), &proxy::policy()] {
        let path = definitions.join(format!("{}.soe.json", text(policy, "agentId")));
        fs::write(path, serde_json::to_string_pretty(policy)?)?;
    }
    Daemon::start(&program(workspace), &directory)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Cargo may have been told to build elsewhere.
fn target(workspace: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    workspace.join(target)
}

fn program(workspace: &Path) -> PathBuf {
    target(workspace).join("release").join(format!("sentinel{}", std::env::consts::EXE_SUFFIX))
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
