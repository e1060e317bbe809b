//! The worker in workerd: a copy of the example, configured as its README says.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use sentinel_web_tests::{edge_worker, node, tools, workerd, workerd_port};
use tempfile::TempDir;

use crate::place::{Place, Settings};
use crate::process::Process;
use crate::soe;

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
        edge_worker(directory.path(), policies);
        let mut command = workerd(directory.path());
        command.envs(settings.variables());
        let log = directory.path().join("log");
        let (process, port) = Process::start(&mut command, &log, Duration::from_secs(60), workerd_port);
        let place = Place { url: format!("http://127.0.0.1:{port}") };
        Self { place, _process: process, _directory: directory }
    }
}

/// Checks the types that the worker's comments promise.
pub(crate) fn check_types() {
    let directory = tempfile::tempdir().expect("a directory");
    edge_worker(directory.path(), &soe::policies());
    let checked = Command::new(node())
        .arg(tools().join("node_modules/typescript/bin/tsc"))
        .args(["--project", "."])
        .current_dir(directory.path())
        .output()
        .expect("node starts");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}
