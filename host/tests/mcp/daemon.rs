//! With a daemon that decides.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::scene::{Scene, policy};

const KEY: &str = "a-key-that-somebody-made-up";
const SECRET: &str = "the secret of these tests has more than 32 bytes";

struct Daemon {
    child: Child,
    address: String,
    directory: TempDir,
}

impl Daemon {
    fn start(policy: &Value) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let definitions = directory.path().join("definitions");
        fs::create_dir(&definitions).unwrap();
        fs::write(definitions.join("coder.soe.json"), policy.to_string()).unwrap();
        let log = directory.path().join("log");
        let mut own = Self { child: serve(&directory), address: String::new(), directory };
        let begun = Instant::now();
        while own.address.is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(300), "it did not start");
            thread::sleep(Duration::from_millis(10));
            let said = fs::read_to_string(&log).unwrap_or_default();
            let found = said.split_once("listens on http://").and_then(|(_, rest)| rest.split_once('\n'));
            own.address = found.map(|(address, _)| address.trim().to_owned()).unwrap_or_default();
        }
        own
    }

    fn token(&self, role: &str, subject: &str) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sentinel"));
        let words =
            ["token", "mint", "--role", role, "--agent", "coder", "--expires", "1h", "--subject", subject];
        let output = settings(&mut command, &self.directory).args(words).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Asks as somebody; the body.
    fn ask(&self, token: &str, method: &str, path: &str) -> Value {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head =
            format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n");
        write!(stream, "{head}content-length: 0\r\nconnection: close\r\n\r\n").unwrap();
        let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
        assert!(lines.by_ref().any(|line| line.is_empty()));
        serde_json::from_str(&lines.collect::<String>()).unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn settings<'c>(command: &'c mut Command, directory: &TempDir) -> &'c mut Command {
    command
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("SENTINEL_HOME", directory.path().join("home"))
        .env("SOE_DEFINITIONS_DIR", directory.path().join("definitions"))
        .env("SOE_API_KEY", KEY)
        .env("SOE_JWT_SECRET", SECRET)
        .env("SOE_API_PORT", "0")
}

fn serve(directory: &TempDir) -> Child {
    let file = fs::File::create(directory.path().join("log")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sentinel"));
    settings(&mut command, directory).arg("serve").stdout(Stdio::null()).stderr(file).stdin(Stdio::null());
    command.spawn().unwrap()
}

/// A proxy in front of `cat`: what is permitted comes back.
struct Talk(Child, BufReader<std::process::ChildStdout>);

impl Talk {
    fn with(scene: &Scene, daemon: &Daemon, token: &str) -> Self {
        let address = format!("http://{}", daemon.address);
        let shown = "test -z \"$SENTINEL_TOKEN\" || exit 9; exec cat";
        let words = scene.words(&["--daemon", &address, "--agent", "coder"], &["sh", "-c", shown]);
        let mut command = scene.sentinel(&words);
        command.env("SENTINEL_TOKEN", token).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self(child, output)
    }

    fn call(&mut self) -> Value {
        let call =
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{}}}"#;
        writeln!(self.0.stdin.as_mut().unwrap(), "{call}").unwrap();
        let mut line = String::new();
        self.1.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_daemon_decides_asks_and_records() {
    let approvals = json!({ "tools": ["mcp__files__echo"] });
    let daemon = Daemon::start(&policy(&[("approvals", approvals)]));
    let scene = Scene::new();
    let (agent, person) = (daemon.token("evaluate", "agent"), daemon.token("approve", "person"));
    let mut talk = Talk::with(&scene, &daemon, &agent);
    let asked = talk.call();
    assert_eq!(asked["result"]["isError"], true, "{asked}");
    let text = asked["result"]["content"][0]["text"].as_str().unwrap();
    let open = daemon.ask(&person, "GET", "/v1/approvals?agent=coder");
    let id = open["approvals"][0]["id"].as_str().unwrap_or_else(|| panic!("{open}"));
    assert!(text.contains(id), "{text}");
    let answered = daemon.ask(&person, "POST", &format!("/v1/approvals/{id}/approve"));
    assert_eq!(answered["status"], "approved", "{answered}");
    // The very same call goes through, once.
    assert_eq!(talk.call()["method"], "tools/call");
    assert_eq!(talk.call()["result"]["isError"], true);
    let entries = daemon.ask(KEY, "GET", "/v1/ledger/entries?agent=coder&kind=verdict");
    let decisions: Vec<_> =
        entries["entries"].as_array().unwrap().iter().map(|own| &own["entry"]["decision"]).collect();
    assert_eq!(decisions, ["escalate", "allow", "escalate"]);
}

#[test]
fn budgets_hold_over_processes_and_a_daemon_that_is_gone_denies() {
    let limits = json!({ "windows": [{ "name": "few", "maxCalls": 2, "seconds": 3600, "tools": ["mcp__files__echo"] }] });
    let daemon = Daemon::start(&policy(&[("rateLimits", limits)]));
    let scene = Scene::new();
    let agent = daemon.token("evaluate", "agent");
    let mut permitted = Vec::new();
    for _ in 0..3 {
        let mut talk = Talk::with(&scene, &daemon, &agent);
        permitted.push(talk.call()["method"] == "tools/call");
    }
    assert_eq!(permitted, [true, true, false]);
    let mut talk = Talk::with(&scene, &daemon, &agent);
    assert!(talk.call()["result"]["content"][0]["text"].as_str().unwrap().contains("rate-limited"));
    drop(daemon);
    let told = talk.call();
    let text = told["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("daemon-unreachable"), "{told}");
}
