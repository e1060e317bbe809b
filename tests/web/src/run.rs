//! Runs drivers.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{node, package, repository, tools};

/// A runtime that the package is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// Node.
    Node,
    /// A page in Chromium.
    Chromium,
    /// Cloudflare's runtime of workers.
    Workerd,
}

/// All of them.
pub const RUNTIMES: [Runtime; 3] = [Runtime::Node, Runtime::Chromium, Runtime::Workerd];

impl Runtime {
    const fn word(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Chromium => "chromium",
            Self::Workerd => "workerd",
        }
    }
}

/// Runs the default function of `tests/web/js/<task>.mjs` inside of a runtime: it is given the
/// package's exports and the input, and what it returns is answered.
pub fn run(runtime: Runtime, task: &str, input: &Value) -> Value {
    let task = repository("tests/web/js").join(format!("{task}.mjs"));
    drive(runtime.word(), &[&task], input)
}

/// Runs the driver `tests/web/js/drive-<name>.mjs` with these arguments.
pub fn drive(name: &str, arguments: &[&Path], input: &Value) -> Value {
    let driver = repository("tests/web/js").join(format!("drive-{name}.mjs"));
    let mut child = Command::new(node())
        .arg(driver)
        .args(arguments)
        .env("SENTINEL_PACKAGE", package())
        .env("SENTINEL_TOOLS", tools())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("node starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let text = input.to_string();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().expect("node ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "the driver `{name}` failed with {}:\n{said}", output.status);
    writer.join().expect("a thread").unwrap_or_else(|error| panic!("{name}: {error}\n{said}"));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{name}: {error}\n{said}"))
}
