//! Calls with known answers, sent the way of a hook.

use std::env;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use sentinel::engine::{Engine, Mode};
use sentinel::hook::{Answer, HARNESSES, Harness};
use sentinel::policy_file::PolicyFile;
use sentinel::settings::{ENVIRONMENT_DEFAULT, SOE_ENVIRONMENT, SOE_MODE, Settings, mode_word};
use serde_json::{Value, json};

use super::Check;
use crate::cli::hook;

/// Its answers are known, because it is ours.
const POLICY: &str = include_str!("canary.soe.json");

/// Denied by every policy: no allow list names it.
const UNKNOWN_TOOL: &str = "sentinel_canary_that_must_be_denied";

/// The built-in policy, where both answers are known.
pub(super) fn built_in() -> Vec<Check> {
    let deny = event("Bash", &json!({ "command": "rm -rf /" }));
    let allow = event("Bash", &json!({ "command": "npm test" }));
    let settings = Settings {
        environment: ENVIRONMENT_DEFAULT.to_owned(),
        environment_is_set: true,
        mode: Some(Mode::Enforce),
        home: None,
        claude_project_dir: None,
        simulate_calls_max: 0,
        warnings: Vec::new(),
    };
    let dir = match policy_dir() {
        Ok(dir) => dir,
        Err(error) => return vec![Check::new("canary", Err(format!("{error:#}")))],
    };
    let policy = dir.path().join("canary.soe.json");
    vec![
        Check::new("canary is denied", denied(in_process(&policy, &deny, &settings))),
        Check::new("canary is allowed", allowed(in_process(&policy, &allow, &settings))),
        Check::new("canary is denied by the program", spawned(&policy, &deny, &settings, "deny")),
        Check::new("canary is allowed by the program", spawned(&policy, &allow, &settings, "allow")),
    ]
}

/// Somebody's own policy, of which only one thing is known: it does not name our canary.
pub(super) fn policy(path: &Path, settings: &Settings) -> Vec<Check> {
    let loaded = Engine::embedded().map_err(anyhow::Error::from).and_then(|engine| {
        let session = PolicyFile::read(path)?.open(&engine)?;
        Ok((session.agent_id().to_owned(), session.mode(), session.warnings().len()))
    });
    let (agent_id, mode, warnings) = match loaded {
        Ok(facts) => facts,
        Err(error) => return vec![Check::new("policy loads", Err(format!("{error:#}")))],
    };
    let detail = format!("agent `{}`, {warnings} warnings", agent_id.escape_debug());
    let mut checks = vec![Check::new("policy loads", Ok(detail))];
    let deny = event(UNKNOWN_TOOL, &json!({}));
    match in_process(path, &deny, settings) {
        Answer::Watch(_) => {
            checks.push(Check::note("policy denies", format!("mode {}: blocks nothing", mode_word(mode))));
        }
        answer @ (Answer::Allow(_) | Answer::Deny(_) | Answer::Ask(_) | Answer::Fail(_)) => {
            checks.push(Check::new("policy denies", denied(answer)));
            checks.push(Check::new("policy denies in the program", spawned(path, &deny, settings, "deny")));
        }
    }
    checks
}

fn policy_dir() -> anyhow::Result<tempfile::TempDir> {
    let dir = tempfile::tempdir().context("no temporary directory")?;
    File::create(dir.path().join("canary.soe.json"))?.write_all(POLICY.as_bytes())?;
    Ok(dir)
}

fn event(tool: &str, input: &Value) -> Vec<u8> {
    json!({
        "hook_event_name": "PreToolUse",
        "session_id": "sentinel-doctor",
        "cwd": env::temp_dir(),
        "permission_mode": "default",
        "tool_name": tool,
        "tool_input": input,
    })
    .to_string()
    .into_bytes()
}

/// The harness whose events [`event`] writes.
fn harness() -> &'static Harness {
    let [claude_code, ..] = HARNESSES;
    claude_code
}

fn in_process(policy: &Path, event: &[u8], settings: &Settings) -> Answer {
    hook::answer(harness(), policy, None, settings, || Ok(event.to_owned()))
}

fn denied(answer: Answer) -> Result<String, String> {
    match answer {
        Answer::Deny(reason) => Ok(reason),
        // Blocked, and still not healthy.
        Answer::Fail(reason) => Err(reason),
        Answer::Allow(reason) | Answer::Ask(reason) => Err(format!("not denied: {reason}")),
        Answer::Watch(_) => Err("not denied: the mode blocks nothing".to_owned()),
    }
}

fn allowed(answer: Answer) -> Result<String, String> {
    match answer {
        Answer::Allow(reason) => Ok(reason),
        Answer::Deny(reason) | Answer::Ask(reason) | Answer::Fail(reason) => Err(reason),
        Answer::Watch(_) => Err("no opinion".to_owned()),
    }
}

/// What the installed program answers, as a harness would see it.
fn spawned(policy: &Path, event: &[u8], settings: &Settings, expect: &str) -> Result<String, String> {
    let answer = || -> anyhow::Result<String> {
        let program = env::current_exe().context("the program does not know its own path")?;
        let mut command = Command::new(&program);
        command.args(["hook", harness().name, "--policy"]).arg(policy).env_remove(SOE_MODE);
        command.env(SOE_ENVIRONMENT, &settings.environment);
        command.envs(settings.mode.map(|mode| (SOE_MODE, mode_word(mode))));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        child.stdin.take().context("no input")?.write_all(event)?;
        let output = child.wait_with_output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
        let answer: Value = serde_json::from_slice(&output.stdout).context("the answer is not JSON")?;
        let specific = answer.get("hookSpecificOutput").context("the answer has no opinion")?;
        let word = specific.get("permissionDecision").and_then(Value::as_str).unwrap_or_default();
        ensure!(word == expect, "it answered `{word}`");
        Ok(format!("{} answers {word}", program.display()))
    };
    answer().map_err(|error| format!("{error:#}"))
}
