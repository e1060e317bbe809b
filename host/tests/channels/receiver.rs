//! Starts `receiver.py`, tells it how to answer, and reads what it got.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::eventually;

/// Where `cargo xtask setup` puts it.
const PYTHON: &str = "target/tools/schemathesis/bin/python";

/// Longer than anything takes that is waited for here.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

pub(crate) const SLACK_SECRET: &str = "0123456789abcdef0123456789abcdef";

/// `a-secret-of-these-tests-0123456789`.
pub(crate) const WEBHOOK_SECRET: &str = "whsec_YS1zZWNyZXQtb2YtdGhlc2UtdGVzdHMtMDEyMzQ1Njc4OQ==";

/// A service that is told of questions.
pub(crate) struct Receiver {
    child: Child,
    address: SocketAddr,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join("..").join(PYTHON);
        assert!(python.exists(), "`{}` is missing: run `cargo xtask setup`", python.display());
        let mut child = Command::new(python)
            .arg(root.join("tests/channels/receiver.py"))
            .args([SLACK_SECRET, WEBHOOK_SECRET])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the receiver starts");
        let mut line = String::new();
        let read = BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line);
        let port = read.ok().and_then(|_| line.trim().parse().ok());
        let Some(port) = port else {
            let _ = child.kill();
            panic!("the receiver did not start, see above: run `cargo xtask setup`");
        };
        Self { child, address: SocketAddr::from(([127, 0, 0, 1], port)) }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// From now on it answers so at this path: each once, the last for ever. `*` is every other path.
    pub(crate) fn answers(&self, path: &str, answers: &Value) {
        Client::new(self.address, None).post("/_script", &json!({ path: answers })).ok();
    }

    /// What it got whose path begins so.
    pub(crate) fn got(&self, path: &str) -> Vec<Value> {
        let log = Client::new(self.address, None).get("/_log").ok();
        let all = log.as_array().expect("a list").iter();
        all.filter(|own| own["path"].as_str().expect("a path").starts_with(path)).cloned().collect()
    }

    /// Waits for so many.
    pub(crate) fn wait_for(&self, path: &str, count: usize) -> Vec<Value> {
        eventually(&format!("{count} requests to {path}"), PATIENCE, || self.got(path).len() >= count);
        self.got(path)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The body of something that it got.
pub(crate) fn body(own: &Value) -> Value {
    serde_json::from_str(own["body"].as_str().expect("a body")).expect("JSON")
}
