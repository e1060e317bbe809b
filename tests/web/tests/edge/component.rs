//! The component in wasmtime, started as its README says.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::time::Duration;

use sentinel_tests::repository;
use tempfile::TempDir;

use crate::place::{Place, Settings};
use crate::process::Process;

/// A running component.
#[derive(Debug)]
pub(crate) struct Component {
    pub(crate) place: Place,
    _process: Process,
    _directory: TempDir,
}

impl Component {
    /// With these policies.
    pub(crate) fn start(settings: &Settings, policies: &BTreeMap<String, String>) -> Self {
        let component = sentinel_artifacts::edge_component().expect("the component is built");
        let directory = tempfile::tempdir().expect("a directory");
        for (name, text) in policies {
            fs::write(directory.path().join(format!("{name}.soe.json")), text).expect("a policy");
        }
        let wasmtime = repository("target/tools/wasmtime/bin/wasmtime");
        let mut command = Command::new(wasmtime);
        command.args(["serve", "-S", "cli", "--addr", "127.0.0.1:0"]);
        command.arg("--dir").arg(format!("{}::/policies", directory.path().display()));
        for (name, value) in settings.variables() {
            // The name alone: values are seen by every process of the machine.
            command.env(name, value).args(["--env", name]);
        }
        let log = tempfile::NamedTempFile::new().expect("a log").into_temp_path();
        // It compiles the component before it listens.
        let patience = Duration::from_secs(600);
        let (process, port) = Process::start(command.arg(component), &log, patience, |line| {
            let (_, address) = line.split_once("Serving HTTP on http://127.0.0.1:")?;
            address.trim_end_matches('/').parse().ok()
        });
        let place = Place { url: format!("http://127.0.0.1:{port}") };
        Self { place, _process: process, _directory: directory }
    }
}
