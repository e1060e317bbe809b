//! A real Envoy for tests: ports that it chooses itself, a directory of its own, gone when the test
//! ends.
//!
//! A bootstrap that wants this harness listens on port 0 everywhere; [`Envoy::port`] says what came of
//! it.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::client::{self, Connection};
use crate::tools;

/// How long it may take to start. It takes half a second, and several on a busy machine.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// Waits until it is told that the proxy has ended, or until this process has, however it ended: then
/// it ends the proxy.
const GUARD: &str = r#"
trap "" INT TERM HUP
read -r _ || kill -KILL "$1" 2> /dev/null
rm -rf "$2"
"#;

/// How to start one.
#[derive(Clone, Debug)]
pub struct Options {
    config: String,
    workers: u32,
    cpu: Option<usize>,
    log_level: String,
}

impl Options {
    /// How many workers it has, instead of one.
    #[must_use]
    pub fn workers(mut self, workers: u32) -> Self {
        self.workers = workers;
        self
    }

    /// On which processor it runs, and on no other.
    #[must_use]
    pub fn cpu(mut self, cpu: usize) -> Self {
        self.cpu = Some(cpu);
        self
    }

    /// Envoy's `--component-log-level`, instead of `wasm:info`.
    #[must_use]
    pub fn log_level(mut self, level: &str) -> Self {
        level.clone_into(&mut self.log_level);
        self
    }

    /// Starts it. It panics with the log where it does not start.
    pub fn start(self) -> Envoy {
        self.try_start().unwrap_or_else(|log| panic!("Envoy did not start:\n{log}"))
    }

    /// Starts it.
    ///
    /// # Errors
    ///
    /// Its log, where it does not start.
    pub fn try_start(self) -> Result<Envoy, String> {
        let directory = tempfile::Builder::new().prefix("sentinel-envoy-").tempdir().expect("a directory");
        let place = |name: &str| directory.path().join(name);
        fs::write(place("envoy.yaml"), &self.config).expect("a configuration");
        let log = File::create(place("log")).expect("a log");
        let mut command = self.command();
        command
            .arg("--config-path")
            .arg(place("envoy.yaml"))
            .arg("--admin-address-path")
            .arg(place("admin"))
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log"))
            .stderr(log);
        let process = command.spawn().expect("Envoy runs; install it with: cargo xtask setup");
        let guard = Command::new("sh")
            .args(["-c", GUARD, "guard", &process.id().to_string()])
            .arg(directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh runs");
        let mut envoy = Envoy { directory, process, guard, admin: 0, listeners: Vec::new() };
        envoy.wait().map_err(|()| envoy.log())?;
        Ok(envoy)
    }

    fn command(&self) -> Command {
        let program = tools::envoy();
        let mut command = match self.cpu {
            None => Command::new(program),
            Some(cpu) => {
                let mut command = Command::new("taskset");
                command.args(["--cpu-list", &cpu.to_string()]).arg(program);
                command
            }
        };
        let quiet = ["--disable-hot-restart", "--log-level", "warning", "--component-log-level"];
        command.args(quiet).args([&self.log_level, "--concurrency", &self.workers.to_string()]);
        command
    }
}

/// A running one.
#[derive(Debug)]
pub struct Envoy {
    directory: TempDir,
    process: Child,
    guard: Child,
    admin: u16,
    /// Names and ports.
    listeners: Vec<(String, u16)>,
}

impl Envoy {
    /// Starts one with this bootstrap and one worker. It panics with the log where it does not start.
    pub fn start(config: &str) -> Self {
        Self::options(config).start()
    }

    /// The same with more to choose.
    pub fn options(config: &str) -> Options {
        Options { config: config.to_owned(), workers: 1, cpu: None, log_level: "wasm:info".to_owned() }
    }

    /// Where its first listener is, at 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.listeners.first().expect("a listener").1
    }

    /// Where the listener with this name is.
    pub fn port_of(&self, listener: &str) -> u16 {
        let found = self.listeners.iter().find(|(name, _)| name == listener);
        found.unwrap_or_else(|| panic!("no listener `{listener}`: {:?}", self.listeners)).1
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// What the page of its administration says, for instance `/stats?filter=sentinel`.
    pub fn admin(&self, path: &str) -> String {
        client::get(self.admin, "admin", path).text()
    }

    /// A counter or a gauge. What was never counted is 0.
    pub fn stat(&self, name: &str) -> u64 {
        let stats = self.admin("/stats");
        let lines = stats.lines().filter_map(|line| line.split_once(": "));
        let found = lines.filter(|(own, _)| *own == name).find_map(|(_, value)| value.parse().ok());
        found.unwrap_or_default()
    }

    /// What it wrote so far, access logs to its standard output among it.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.directory.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits for a line of the log that contains this text.
    pub fn wait_for_log(&self, text: &str, deadline: Duration) -> String {
        let started = Instant::now();
        loop {
            let log = self.log();
            if let Some(line) = log.lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            assert!(started.elapsed() < deadline, "`{text}` is not in the log:\n{log}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Asks it to end, waits until it has, and says what it wrote.
    pub fn end(mut self) -> String {
        let mut connection = Connection::open(self.admin);
        connection.send(&client::request("POST", "admin", "/quitquitquit", &[], b""));
        let started = Instant::now();
        while self.is_running() {
            assert!(started.elapsed() < START_DEADLINE, "it does not end:\n{}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
        self.log()
    }

    /// A directory that lives as long.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    fn is_live(&self) -> bool {
        let Ok(mut connection) = Connection::try_open(self.admin) else { return false };
        connection.send(&client::request("GET", "admin", "/ready", &[], b""));
        connection.receive().is_some_and(|response| response.status == 200)
    }

    /// Waits until it serves, and asks where.
    fn wait(&mut self) -> Result<(), ()> {
        let started = Instant::now();
        let told: PathBuf = self.directory.path().join("admin");
        while started.elapsed() < START_DEADLINE && self.is_running() {
            let address = fs::read_to_string(&told).unwrap_or_default();
            let port = address.trim().rsplit(':').next().and_then(|port| port.parse().ok());
            self.admin = port.unwrap_or(0);
            // The listeners are there when the server is live, and not a moment before.
            if self.is_live() {
                self.listeners = listeners(&self.admin("/listeners?format=json"));
                return Ok(());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Err(())
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if thread::panicking() {
            // Nobody is left to tell where that fails.
            let _ = writeln!(io::stderr(), "Envoy said:\n{}", self.log());
        }
        if let Some(mut told) = self.guard.stdin.take() {
            let _ = told.write_all(b"ended\n");
        }
        let _ = self.guard.wait();
    }
}

fn listeners(told: &str) -> Vec<(String, u16)> {
    let told: Value = serde_json::from_str(told).unwrap_or_else(|error| panic!("{error}: {told}"));
    let all = told["listener_statuses"].as_array().into_iter().flatten();
    all.filter_map(|listener| {
        let name = listener["name"].as_str()?.to_owned();
        let port = listener["local_address"]["socket_address"]["port_value"].as_u64()?;
        Some((name, u16::try_from(port).ok()?))
    })
    .collect()
}
