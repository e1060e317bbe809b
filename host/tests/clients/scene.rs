//! A daemon that governs one agent, people and programs with keys, edge workers where they are wanted, and the
//! steps that Node does in front of all that.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use sentinel_web_tests::{edge_worker, node, package, workerd, workerd_port};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Daemon, Place, eventually};
use crate::process::Process;

const PATIENCE: Duration = Duration::from_secs(60);

/// What callers show the edge workers.
const EDGE_TOKEN: &str = "an-edge-token-of-forty-characters-0123456";

/// The name here, and roles.
const KEYS: &[(&str, &str)] = &[("agent", "evaluate"), ("alice", "approve,audit")];

/// Everything that the steps need, while it lives.
pub(crate) struct Scene {
    edges: Vec<Edge>,
    keys: BTreeMap<&'static str, String>,
    daemon: Daemon,
    /// What the daemon keeps; gone after it.
    _place: Place,
}

/// A worker that runs.
struct Edge {
    name: &'static str,
    url: String,
    process: Process,
    _directory: TempDir,
}

impl Scene {
    pub(crate) fn new() -> Self {
        // A call of megabytes has the time of a slow build.
        let place = Place::new().with("SOE_REQUEST_TIMEOUT", "240000");
        // As it is written: it has a number that no double holds.
        fs::write(place.document("buyer"), policy()).expect("a policy");
        let daemon = place.start();
        let mut keys = BTreeMap::new();
        for (name, roles) in KEYS {
            let key = key(&place, roles, name);
            // It looks for new ones now and then only.
            let is_known = || daemon.client_with(&key).get("/v1/login").status == 200;
            eventually("a new key is known", PATIENCE, is_known);
            keys.insert(*name, key);
        }
        Self { edges: Vec::new(), keys, daemon, _place: place }
    }

    /// With a worker of the daemon's environment, and one of another.
    pub(crate) fn with_edges(mut self) -> Self {
        self.edges = vec![self.edge("here", "development"), self.edge("elsewhere", "production")];
        self
    }

    fn edge(&self, name: &'static str, environment: &str) -> Edge {
        let directory = tempfile::tempdir().expect("a directory");
        edge_worker(directory.path(), &BTreeMap::from([("buyer".to_owned(), policy())]));
        let mut command = workerd(directory.path());
        command.env("EDGE_TOKEN", EDGE_TOKEN);
        command.env("EDGE_POINT", name).env("EDGE_ENVIRONMENT", environment);
        command.env("DAEMON_URL", self.address()).env("DAEMON_TOKEN", &self.keys["agent"]);
        command.env("DAEMON_TIMEOUT_MS", "240000");
        let log = directory.path().join("log");
        let (process, port) = Process::start(&mut command, &log, PATIENCE, workerd_port);
        Edge { name, url: format!("http://127.0.0.1:{port}"), process, _directory: directory }
    }

    fn address(&self) -> String {
        format!("http://{}", self.daemon.address)
    }

    /// Does the steps of a file. What was said is told where a step failed.
    pub(crate) fn walk(&self, steps: &str) {
        let folder = folder();
        let output = Command::new(node())
            .current_dir(folder.path())
            .args(["--test", "--test-reporter=tap", "--test-timeout=300000"])
            .arg(format!("{steps}.test.mjs"))
            .env("SENTINEL_SCENE", self.described().to_string())
            .output()
            .expect("node starts");
        let (said, complained) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let edges: String = self.edges.iter().map(|own| own.process.words()).collect();
        assert!(output.status.success(), "{steps}:\n{said}\n{complained}\n{edges}");
        let count = |what: &str| said.lines().find_map(|line| line.strip_prefix(&format!("# {what} ")));
        // A file without steps succeeds as well.
        assert!(count("pass").is_some_and(|own| own != "0"), "{steps} did nothing:\n{said}");
        assert_eq!((count("skipped"), count("todo")), (Some("0"), Some("0")), "{steps}:\n{said}");
    }

    /// What `js/scene.mjs` reads.
    fn described(&self) -> Value {
        let edges: BTreeMap<_, _> = self.edges.iter().map(|own| (own.name, &own.url)).collect();
        json!({
            "address": self.address(),
            "keys": self.keys,
            "policy": policy(),
            "edges": edges,
            "edgeToken": EDGE_TOKEN,
        })
    }
}

/// What governs the agent, here and there.
fn policy() -> String {
    fs::read_to_string(steps().join("buyer.soe.json")).expect("a policy")
}

fn steps() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/js")
}

/// A folder in which the steps find the package.
fn folder() -> TempDir {
    let folder = tempfile::Builder::new().prefix("sentinel-clients-").tempdir().expect("a directory");
    let modules = folder.path().join("node_modules/@sentinel");
    fs::create_dir_all(&modules).expect("a directory");
    symlink(package(), modules.join("policy")).expect("a link to the package");
    fs::write(folder.path().join("package.json"), r#"{"type":"module"}"#).expect("a manifest");
    for entry in fs::read_dir(steps()).expect("the steps").map(Result::unwrap) {
        fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("a copy of a file");
    }
    folder
}

/// An API key for every agent.
fn key(place: &Place, roles: &str, subject: &str) -> String {
    let words = ["token", "key", "create", "--role", roles, "--agent", "*", "--subject", subject];
    let output = place.run(&words);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}
