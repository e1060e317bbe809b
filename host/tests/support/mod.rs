//! Runs the built program in a directory of its own, with nothing from this environment.

#![allow(dead_code, reason = "each suite uses its part of this")]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{Seek as _, Write as _};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// The first policy of the SOE guide, for an agent of its API examples.
pub(crate) const POLICY: &str = r#"{
  "agentId": "my-agent",
  "version": "1.0.0",
  "identity": {
    "role": "Assistant",
    "authorityLevel": "limited-ops",
    "environmentScope": ["development"],
    "dataClassification": "internal"
  },
  "dataAccess": {
    "readAllow": ["src/**", "docs/**"],
    "readDeny": ["**/.env*", "**/credentials*", "**/secrets*"],
    "writeAllow": ["src/**"],
    "writeDeny": ["src/config/production/**"]
  },
  "toolActions": {
    "allowed": ["search_code"],
    "denied": ["delete_database"],
    "bash": { "allow": ["npm test", "git *"], "deny": ["rm -rf *"] }
  },
  "riskBudget": {
    "maxPerSession": 50,
    "thresholds": { "warn": 25, "throttle": 35, "critical": 45, "exhausted": 50 }
  }
}
"#;

/// A call that [`POLICY`] allows.
pub(crate) const ALLOWED: &str = r#"{"agentId":"my-agent","toolName":"Bash","toolInput":{"command":"npm test"},"environment":"development"}"#;

/// A call that [`POLICY`] denies.
pub(crate) const DENIED: &str = r#"{"agentId":"my-agent","toolName":"Bash","toolInput":{"command":"rm -rf /"},"environment":"development"}"#;

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A directory with one file.
pub(crate) fn dir_with(name: &str, text: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(name), text).unwrap();
    dir
}

/// The program, not yet started.
pub(crate) fn command(dir: &TempDir, args: &[&str], env: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sentinel"));
    command.args(args).current_dir(dir.path()).env_clear().envs(env.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the program to its end.
pub(crate) fn sentinel(dir: &TempDir, args: &[&str], stdin: &str) -> Run {
    sentinel_with(dir, args, stdin, &[])
}

/// Runs the program to its end, with these variables.
pub(crate) fn sentinel_with(dir: &TempDir, args: &[&str], stdin: &str, env: &[(&str, &str)]) -> Run {
    // All of it is there before the program is: a hook has five seconds, and they are its own.
    let mut input = tempfile::tempfile().unwrap();
    input.write_all(stdin.as_bytes()).unwrap();
    input.rewind().unwrap();
    let output = command(dir, args, env).stdin(input).output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A `PreToolUse` event of Claude Code.
pub(crate) fn event(tool: &str, input: &Value, cwd: &str) -> Value {
    json!({
        "session_id": "s-1", "transcript_path": "/t", "cwd": cwd, "permission_mode": "default",
        "hook_event_name": "PreToolUse", "tool_name": tool, "tool_input": input, "tool_use_id": "toolu_1",
    })
}
