//! Programs for node, and for Python, that speak with the official packages: servers behind the proxy
//! and clients in front of it. They are in `scripts/`; their packages are `tools.rs`' business.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::port::Port;
use crate::tools;

/// How long a program may take to say something. They take a second, and many on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that runs, gone when the test ends.
pub struct Server {
    process: Child,
    lines: Receiver<String>,
    port: u16,
    /// Where it was told its port.
    _held: Option<Port>,
    /// Some end when this does.
    _input: Option<ChildStdin>,
    _directory: TempDir,
}

impl Server {
    /// Starts a script of `scripts/`, whose first line is its port.
    pub fn start(packages: &Path, script: &str, arguments: &[&str]) -> Self {
        let directory = place(packages, script);
        let mut command = Command::new(tools::node());
        command.arg(directory.path().join(script)).args(arguments).current_dir(directory.path());
        let mut own = Self::run(command, directory);
        own.port = own.line().parse().expect("the first line is a port");
        own
    }

    /// Starts a program that is told its port.
    pub fn at(port: Port, command: Command) -> Self {
        let mut own = Self::run(command, tempfile::tempdir().expect("a directory"));
        own.port = port.number();
        own._held = Some(port);
        let started = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", own.port)).is_err() {
            assert!(started.elapsed() < PATIENCE && own.is_running(), "the server listens at {}", own.port);
            thread::sleep(Duration::from_millis(20));
        }
        own
    }

    fn run(mut command: Command, directory: TempDir) -> Self {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let output = process.stdout.take().expect("its output");
        let (told, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // Nobody may be interested any more.
                let _ = told.send(line);
            }
        });
        let input = process.stdin.take();
        Self { process, lines, port: 0, _held: None, _input: input, _directory: directory }
    }

    /// Where it listens, at 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The next line that it writes.
    pub fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("the program says something")
    }

    fn is_running(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs a script of `scripts/` to its end; its output is JSON.
pub fn run(packages: &Path, script: &str, arguments: &[&str]) -> Value {
    let directory = place(packages, script);
    let mut command = Command::new(tools::node());
    command.arg(directory.path().join(script)).args(arguments).current_dir(directory.path());
    json(&mut command)
}

/// Runs a program to its end; its output is JSON.
pub fn json(command: &mut Command) -> Value {
    let output = finish(command);
    let text = String::from_utf8_lossy(&output.stdout);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{text}\n{told}", output.status);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{command:?}: {error}\n{text}\n{told}"))
}

/// Runs a program to its end.
pub fn finish(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// What a program packs a body with.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut process = Command::new("gzip")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gzip runs; install it with: apt-get install gzip");
    process.stdin.take().expect("its input").write_all(bytes).expect("gzip reads");
    process.wait_with_output().expect("gzip ends").stdout
}

/// A folder with the script, in which its packages are found.
fn place(packages: &Path, script: &str) -> TempDir {
    let directory = tempfile::Builder::new().prefix("sentinel-script-").tempdir().expect("a directory");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(script);
    fs::copy(&source, directory.path().join(script))
        .unwrap_or_else(|error| panic!("{}: {error}", source.display()));
    let modules = directory.path().join("node_modules");
    std::os::unix::fs::symlink(packages.join("node_modules"), modules).expect("a link to the packages");
    directory
}
