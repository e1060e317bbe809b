//! The daemon of the demo: started in a directory of its own, asked over HTTP, left running.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// How long the daemon may take to start.
const START_DEADLINE: Duration = Duration::from_secs(20);

/// How long a question may take.
const ANSWER_DEADLINE: Duration = Duration::from_secs(10);

/// What its first line begins with, before the address.
const LISTENS: &str = " listens on ";

/// What the line of the first key says.
const FIRST_KEY: &str = "first API key";

/// A daemon that runs.
pub(super) struct Daemon {
    process: Child,
    agent: ureq::Agent,
    /// Where it listens.
    pub(super) address: String,
    /// What lets us in.
    pub(super) key: String,
    /// Where it keeps its state.
    pub(super) home: PathBuf,
    /// Where its log lines go.
    pub(super) log: PathBuf,
}

impl Daemon {
    /// Starts it on a free port. What an earlier demo left is stopped and removed.
    pub(super) fn start(program: &Path, directory: &Path) -> Result<Self> {
        stop_earlier(directory);
        let (home, log) = (directory.join("home"), directory.join("sentinel.log"));
        if home.exists() {
            fs::remove_dir_all(&home)
                .with_context(|| format!("`{}` could not be removed", home.display()))?;
        }
        let lines = File::create(&log).with_context(|| format!("`{}` could not be made", log.display()))?;
        let mut command = Command::new(program);
        // Nothing of this shell's environment may change what is shown.
        command.env_clear().arg("serve").args(["--port", "0"]);
        command.arg("--home").arg(&home).arg("--definitions-dir").arg(directory.join("definitions"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(lines);
        // Its own process group: the key that stops the demo leaves it running.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let process = command.spawn().with_context(|| format!("`{}` did not start", program.display()))?;
        fs::write(directory.join("pid"), process.id().to_string())?;
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(ANSWER_DEADLINE))
            .http_status_as_error(false)
            .build();
        let mut daemon =
            Self { process, agent: config.into(), address: String::new(), key: String::new(), home, log };
        daemon.wait()?;
        Ok(daemon)
    }

    /// Waits until it says where it listens and what lets us in.
    fn wait(&mut self) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < START_DEADLINE {
            let said = fs::read_to_string(&self.log).unwrap_or_default();
            if let Some(status) = self.process.try_wait()? {
                bail!("the daemon ended with {status}:\n{said}");
            }
            let address = said.lines().find_map(|line| Some(line.split_once(LISTENS)?.1));
            let key = said.lines().skip_while(|line| !line.contains(FIRST_KEY)).nth(1);
            if let (Some(address), Some(key)) = (address, key) {
                (self.address, self.key) = (address.trim().to_owned(), key.trim().to_owned());
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("the daemon did not start within {START_DEADLINE:?}: see `{}`", self.log.display())
    }

    /// Its number, to stop it by.
    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.post_with(&self.key, path, body)
    }

    /// The same, as somebody else.
    pub(super) fn post_with(&self, key: &str, path: &str, body: &Value) -> Result<Value> {
        let request = self.agent.post(format!("{}{path}", self.address));
        let request = request.header("Authorization", format!("Bearer {key}"));
        let request = request.header("Content-Type", "application/json");
        answer(path, request.send(body.to_string().as_bytes()))
    }

    pub(super) fn get(&self, path: &str) -> Result<Value> {
        self.get_with(&self.key, path)
    }

    fn get_with(&self, key: &str, path: &str) -> Result<Value> {
        let request = self.agent.get(format!("{}{path}", self.address));
        answer(path, request.header("Authorization", format!("Bearer {key}")).call())
    }

    /// Waits until the daemon has heard of a key that was made beside it.
    pub(super) fn wait_for_key(&self, key: &str) -> Result<()> {
        let started = Instant::now();
        loop {
            match self.get_with(key, "/v1/approvals") {
                Ok(_) => return Ok(()),
                Err(error) if started.elapsed() > ANSWER_DEADLINE => return Err(error),
                Err(_) => thread::sleep(Duration::from_millis(50)),
            }
        }
    }
}

fn answer(path: &str, sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value> {
    let mut response = sent.with_context(|| format!("`{path}` was not answered"))?;
    let text = response.body_mut().read_to_string()?;
    ensure!(response.status().is_success(), "`{path}` was answered with {}: {text}", response.status());
    serde_json::from_str(&text).with_context(|| format!("`{path}` was not answered with JSON: {text}"))
}

/// The daemon of an earlier demo, if it still runs and is one of ours.
fn stop_earlier(directory: &Path) {
    let Ok(pid) = fs::read_to_string(directory.join("pid")) else { return };
    let command = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    if command.contains("sentinel") && command.contains(&directory.display().to_string()) {
        // It may end by itself in the meantime.
        let _ = Command::new("kill").arg(&pid).status();
        thread::sleep(Duration::from_millis(500));
    }
}
