//! The worker in workerd: a copy of the example, configured as its README says.

use std::collections::BTreeMap;
use std::env::consts::{ARCH, OS};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use sentinel_web_tests::{node, package, repository, tools};
use serde_json::Value;
use tempfile::TempDir;

use crate::place::{Place, Settings};
use crate::process::Process;
use crate::soe;

const EXAMPLE: &str = "examples/edge-worker";

/// A running worker.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) place: Place,
    _process: Process,
    _directory: TempDir,
}

impl Worker {
    /// With the policies of the tests.
    pub(crate) fn start(settings: &Settings) -> Self {
        Self::start_with(settings, &soe::policies())
    }

    /// With these policies.
    pub(crate) fn start_with(settings: &Settings, policies: &BTreeMap<String, String>) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        copy(directory.path(), policies);
        let written = Command::new(node()).arg("configure.mjs").current_dir(directory.path()).output();
        let written = written.expect("node starts");
        assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
        let mut command = Command::new(program());
        command.current_dir(directory.path()).env_clear().envs(settings.variables()).args([
            "serve",
            "--socket-addr=http=127.0.0.1:0",
            "--control-fd=1",
            "workerd.capnp",
        ]);
        let log = directory.path().join("log");
        let (process, port) = Process::start(&mut command, &log, Duration::from_secs(60), |line| {
            let event: Value = serde_json::from_str(line).ok()?;
            (event["event"] == "listen").then(|| event["port"].as_u64()?.try_into().ok()).flatten()
        });
        let place = Place { url: format!("http://127.0.0.1:{port}") };
        Self { place, _process: process, _directory: directory }
    }
}

/// Checks the types that the worker's comments promise.
pub(crate) fn check_types() {
    let directory = tempfile::tempdir().expect("a directory");
    copy(directory.path(), &soe::policies());
    fs::copy(repository(EXAMPLE).join("tsconfig.json"), directory.path().join("tsconfig.json"))
        .expect("a copy");
    let checked = Command::new(node())
        .arg(tools().join("node_modules/typescript/bin/tsc"))
        .args(["--project", "."])
        .current_dir(directory.path())
        .output()
        .expect("node starts");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}

/// The program itself: what npm calls `workerd` is a script, and ending that leaves the program running.
fn program() -> PathBuf {
    let os = if OS == "macos" { "darwin" } else { OS };
    let arch = if ARCH == "aarch64" { "arm64" } else { "64" };
    tools().join(format!("node_modules/@cloudflare/workerd-{os}-{arch}/bin/workerd"))
}

/// The example with other policies.
fn copy(to: &Path, policies: &BTreeMap<String, String>) {
    let example = repository(EXAMPLE);
    for directory in ["src", "policies", "node_modules/@sentinel"] {
        fs::create_dir_all(to.join(directory)).expect("a directory");
    }
    fs::copy(example.join("configure.mjs"), to.join("configure.mjs")).expect("a copy");
    for entry in fs::read_dir(example.join("src")).expect("the example") {
        let from = entry.expect("an entry").path();
        fs::copy(&from, to.join("src").join(from.file_name().expect("a name"))).expect("a copy");
    }
    symlink(package(), to.join("node_modules/@sentinel/policy")).expect("a link");
    let mut imports = String::new();
    for (number, (name, text)) in policies.iter().enumerate() {
        let file = format!("policies/{name}.soe.json");
        fs::write(to.join(&file), text).expect("a policy");
        imports.push_str(&format!("import p{number} from \"../{file}\";\n"));
    }
    let all: Vec<_> = (0..policies.len()).map(|number| format!("p{number}")).collect();
    imports.push_str(&format!("export default [{}];\n", all.join(", ")));
    fs::write(to.join("src/policies.js"), imports).expect("a list");
}
