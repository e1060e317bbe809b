//! A daemon with the example policies and with keys, and the steps that a browser does in front of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Daemon, KEY, Place, eventually};

const PATIENCE: Duration = Duration::from_secs(60);

/// Who is signed in or sends calls: the name here, roles, and the name in records.
const KEYS: &[(&str, &str, &str)] = &[
    ("agent", "evaluate", "agent-key"),
    ("alice", "approve,audit", "alice"),
    ("bob", "approve,audit", "bob"),
    ("carol", "audit", "carol"),
    ("erin", "approve", "erin"),
    ("lost", "approve,audit", "lost"),
];

/// Everything that the steps need, while it lives.
pub(crate) struct Scene {
    place: Place,
    daemon: Daemon,
    /// Credentials by name.
    keys: Value,
}

impl Scene {
    pub(crate) fn new() -> Self {
        // Megabytes are decided here by a build that is not optimised.
        let place = Place::new().with("SOE_REQUEST_TIMEOUT", "240000");
        let examples = root().join("examples/policies");
        for file in fs::read_dir(&examples).unwrap().map(Result::unwrap) {
            fs::copy(file.path(), place.definitions().join(file.file_name())).unwrap();
        }
        let daemon = place.start();
        let mut keys = json!({ "admin": KEY });
        for (name, roles, subject) in KEYS {
            let key = key(&place, roles, subject);
            // It looks for new ones now and then only.
            let is_known = || daemon.client_with(&key).get("/v1/login").status == 200;
            eventually("a new key is known", PATIENCE, is_known);
            keys[*name] = key.into();
        }
        let page = daemon.client().get("/dashboard/").body;
        assert!(
            page.contains("id=\"app\""),
            "the program was built without the dashboard; build it with: cargo xtask dashboard"
        );
        Self { place, daemon, keys }
    }

    /// Does the steps of a file. What it said is told where a step failed.
    pub(crate) fn walk(&self, steps: &str) {
        let script = root().join("host/tests/dashboard/js").join(steps);
        let mut command = Command::new(tool("node/node"));
        command.arg("--test-reporter=spec").arg(script).env("SENTINEL_SCENE", self.described().to_string());
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let said = String::from_utf8_lossy(&output.stdout);
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{steps}\n{said}\n{complained}");
        // A file without steps succeeds as well.
        let done = said.lines().find_map(|line| line.trim_start_matches("ℹ ").strip_prefix("pass "));
        assert!(done.is_some_and(|count| count != "0"), "{steps} did nothing\n{said}\n{complained}");
    }

    /// What `js/helpers.mjs` reads.
    fn described(&self) -> Value {
        let built = sentinel_artifacts::target_dir();
        json!({
            "address": format!("http://{}", self.daemon.address),
            "keys": self.keys,
            "program": env!("CARGO_BIN_EXE_sentinel"),
            "environment": { "SENTINEL_HOME": self.place.home() },
            "directory": self.place.path(""),
            "tools": tool("web"),
            "chromium": chromium(),
            "playground": built.join("dashboard"),
            "pictures": root().join("target/pictures"),
        })
    }
}

/// An API key for every agent.
fn key(place: &Place, roles: &str, subject: &str) -> String {
    let words = ["token", "key", "create", "--role", roles, "--agent", "*", "--subject", subject];
    let output = place.run(&words);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// What `cargo xtask setup` installs.
fn tool(below: &str) -> PathBuf {
    let path = root().join("target/tools").join(below);
    assert!(path.exists(), "`{}` is missing; install it with: cargo xtask setup", path.display());
    path
}

fn chromium() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&path).map(|directory| directory.join("chromium")).find(|own| own.exists());
    found.expect("Chromium is missing; install it with: cargo xtask setup")
}
