//! Real calls of a coding agent, decided in front of your eyes: by the command line, and by a
//! daemon whose budget runs out and whose ledger is verified.

mod approval;
mod daemon;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

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
    let daemon = live(&workspace)?;
    let approver = approver(&workspace, &daemon)?;
    approval::show(&daemon, &approver)?;
    let waiting = approval::leave_one(&daemon)?;
    run(sentinel().args(["ledger", "verify", "--home"]).arg(&daemon.home))?;
    say(&format!(
        "\ndemo: {} policies, and one session twice, in {:.2} s",
        policies.len(),
        started.elapsed().as_secs_f64()
    ));
    say(&format!(
        "\nThe daemon is still there, at {address}\n\
         \x20 health    curl {address}/v1/health\n\
         \x20 dashboard curl -H 'Authorization: Bearer {key}' {address}/v1/dashboard\n\
         \x20 events    curl -N -H 'Authorization: Bearer {key}' {address}/v1/events/stream\n\
         \x20 approve   SENTINEL_TOKEN={approver} {program} approvals --server {address}\n\
         \x20           ({waiting} waits there)\n\
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

/// A key of somebody who may approve, and is not the agent.
fn approver(workspace: &Path, daemon: &Daemon) -> Result<String> {
    let mut command = Command::new(program(workspace));
    command.args(["token", "key", "create", "--subject", "alice", "--role", "approve", "--agent", "*"]);
    command.env_clear().env("SENTINEL_HOME", &daemon.home);
    let output = command.output().context("no key for an approver")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout)?;
    let key = said.split_whitespace().next().context("no key was printed")?.to_owned();
    daemon.wait_for_key(&key)?;
    Ok(key)
}

/// The recorded session once more, this time over HTTP, with a budget that runs out.
fn live(workspace: &Path) -> Result<Daemon> {
    let directory = target(workspace).join(DIRECTORY);
    let definitions = directory.join("definitions");
    fs::create_dir_all(&definitions)?;
    let mut policy: Value = serde_json::from_str(&fs::read_to_string(workspace.join(SESSION_POLICY))?)?;
    let agent =
        policy.get("agentId").and_then(Value::as_str).context("the policy names no agent")?.to_owned();
    let thresholds = json!({ "warn": 60, "throttle": 90, "critical": 110, "exhausted": 120 });
    let budget = json!({ "maxPerSession": 120, "thresholds": thresholds });
    policy.as_object_mut().context("the policy is no object")?.insert("riskBudget".to_owned(), budget);
    fs::write(definitions.join(format!("{agent}.soe.json")), serde_json::to_string_pretty(&policy)?)?;
    let payments = serde_json::to_string_pretty(&approval::policy())?;
    fs::write(definitions.join(format!("{}.soe.json", approval::AGENT)), payments)?;

    let daemon = Daemon::start(&program(workspace), &directory)?;
    say(&format!("\nthe same session, over HTTP to {}, with a budget of 120 points\n", daemon.address));
    say(&format!("{:>3}  {:<9} {:>4}  {:<10} {}", "#", "decision", "risk", "tool", "reason"));
    let session = fs::read_to_string(workspace.join(SESSION))?;
    for (number, line) in (1..).zip(session.lines()) {
        let event: Value = serde_json::from_str(line)?;
        let body = json!({
            "agentId": agent,
            "toolName": event.get("tool_name"),
            "toolInput": event.get("tool_input"),
            "workspace": event.get("cwd"),
            "cwd": event.get("cwd"),
        });
        let verdict = daemon.post("/v1/evaluate", &body)?;
        let risk = daemon.get(&format!("/v1/agents/{agent}/risk"))?;
        let used = risk.get("riskUsed").and_then(Value::as_u64).context("no riskUsed in the answer")?;
        let reason: String = text(&verdict, "reason").chars().take(REASON_CHARS_MAX).collect();
        let (decision, tool) = (text(&verdict, "decision"), text(&verdict, "toolName"));
        let tool: String = tool.chars().take(10).collect();
        say(&format!("{number:>3}  {decision:<9} {used:>4}  {tool:<10} {reason}"));
    }
    let risk = daemon.get(&format!("/v1/agents/{agent}/risk"))?;
    say(&format!("\nrisk budget: {risk}\n"));
    ensure!(text(&risk, "status") == "exhausted", "the budget did not run out: {risk}");
    Ok(daemon)
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
