//! The edge worker as its README sets it up, for suites that run it.

use std::collections::BTreeMap;
use std::env::consts::{ARCH, OS};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::{node, package, repository, tools};

const EXAMPLE: &str = "examples/edge-worker";

/// workerd in a folder that [`edge_worker`] made, at a free port, with an empty environment.
pub fn workerd(folder: &Path) -> Command {
    let os = if OS == "macos" { "darwin" } else { OS };
    let arch = if ARCH == "aarch64" { "arm64" } else { "64" };
    // The program itself: what npm calls `workerd` is a script, and ending that leaves the program running.
    let program = tools().join(format!("node_modules/@cloudflare/workerd-{os}-{arch}/bin/workerd"));
    let mut command = Command::new(program);
    command.current_dir(folder).env_clear();
    command.args(["serve", "--socket-addr=http=127.0.0.1:0", "--control-fd=1", "workerd.capnp"]);
    command
}

/// The port that workerd listens at, where a line of its output says so.
pub fn workerd_port(line: &str) -> Option<u16> {
    let event: Value = serde_json::from_str(line).ok()?;
    (event["event"] == "listen").then(|| event["port"].as_u64()?.try_into().ok()).flatten()
}

/// Copies the example with other policies, by the names of their agents, and writes its configuration.
pub fn edge_worker(to: &Path, policies: &BTreeMap<String, String>) {
    let example = repository(EXAMPLE);
    for directory in ["src", "policies", "node_modules/@sentinel"] {
        fs::create_dir_all(to.join(directory)).expect("a directory");
    }
    for file in ["configure.mjs", "tsconfig.json"] {
        fs::copy(example.join(file), to.join(file)).expect("a copy");
    }
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
    let written = Command::new(node()).arg("configure.mjs").current_dir(to).output().expect("node starts");
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
}
