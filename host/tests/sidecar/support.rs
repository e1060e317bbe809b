//! The program, the filter, Envoy and the schemas.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sentinel::engine::{Engine, Format, Session};
use sentinel::sidecar::Document;
use serde_json::Value;
use tempfile::TempDir;

/// Where `cargo xtask setup` puts Envoy, and where in it the program itself is.
const ENVOY: &str = "target/tools/envoy/lib";
/// The Python with the schemas of Kubernetes.
const PYTHON: &str = "target/tools/sidecar-schemas/bin/python";

/// A policy, with more members in it.
pub(crate) fn policy(more: &str) -> String {
    format!(
        r#"{{
  "agentId": "coder",
  "version": "1.0.0",
  "identity": {{ "role": "Coder", "authorityLevel": "limited-ops", "environmentScope": ["development"] }},
  "description": "costs $5, or ${{MORE}}",
  "dataAccess": {{ "readAllow": ["src/**"] }},
  "toolActions": {{}}{more}
}}
"#
    )
}

/// The same as the engine reads it.
pub(crate) fn document(more: &str) -> Document {
    let engine = Engine::embedded().unwrap();
    let session = Session::open(&engine, policy(more), Format::Json).unwrap();
    Document::new("coder.soe.json", session.describe(), policy(more)).unwrap()
}

pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

pub(crate) fn here(path: &str) -> PathBuf {
    repository("host/tests/sidecar").join(path)
}

/// A directory with the policy in it, and what is made there.
pub(crate) struct Place {
    pub(crate) directory: TempDir,
}

impl Place {
    pub(crate) fn new(policy: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("coder.soe.json"), policy).unwrap();
        Self { directory }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(&[], arguments)
    }

    /// The same with more in its environment.
    fn run_with(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sentinel"));
        for name in
            ["SOE_API_KEY", "SOE_API_TOKEN", "SOE_API_URL", "SOE_AGENT_ID", "SOE_ENVIRONMENT", "SOE_MODE"]
        {
            command.env_remove(name);
        }
        command.envs(environment.iter().copied());
        command.args(arguments).current_dir(&self.directory).output().unwrap()
    }

    /// What the program prints where it succeeds.
    pub(crate) fn text(&self, arguments: &[&str]) -> String {
        self.text_with(&[], arguments)
    }

    /// The same with more in its environment.
    pub(crate) fn text_with(&self, environment: &[(&str, &str)], arguments: &[&str]) -> String {
        let output = self.run_with(environment, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What it says where it refuses.
    pub(crate) fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?} is not refused");
        assert!(output.stdout.is_empty(), "{arguments:?} prints something");
        String::from_utf8(output.stderr).unwrap()
    }

    /// Holds a text against a schema; the mistakes, one on each line.
    pub(crate) fn mistakes(&self, kind: &str, text: &str) -> String {
        let file = self.path("document.yaml");
        fs::write(&file, text).unwrap();
        let output = python(&[here("schemas/validate.py").as_os_str(), kind.as_ref(), file.as_os_str()]);
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.success(), said.is_empty(), "{said}");
        said
    }

    /// The documents of a text, as JSON.
    pub(crate) fn documents(&self, text: &str) -> Vec<Value> {
        let file = self.path("documents.yaml");
        fs::write(&file, text).unwrap();
        let program =
            "import json, sys, yaml\nprint(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))";
        let output = python(&["-c".as_ref(), program.as_ref(), file.as_os_str()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// The filter, built from source.
pub(crate) fn filter() -> PathBuf {
    sentinel_artifacts::envoy_filter().unwrap()
}

fn python(arguments: &[&std::ffi::OsStr]) -> Output {
    let program = repository(PYTHON);
    assert!(program.exists(), "`{}` is missing: run `cargo xtask setup`", program.display());
    Command::new(program).args(arguments).output().unwrap()
}

/// Envoy itself, not the script in front of it, which other users may not be able to start.
pub(crate) fn envoy() -> PathBuf {
    let versions = fs::read_dir(repository(ENVOY)).ok().into_iter().flatten().flatten();
    let mut programs = versions.map(|version| version.path().join("site-packages/envoy/_bin/envoy"));
    programs
        .find(|program| program.exists())
        .unwrap_or_else(|| panic!("Envoy is missing: run `cargo xtask setup`"))
}

/// Whether Envoy takes a bootstrap; what it says if not.
pub(crate) fn validate(bootstrap: &Path) -> Result<(), String> {
    let output = Command::new(envoy())
        .args(["--mode", "validate", "--log-level", "warning", "-c"])
        .arg(bootstrap)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // What is deprecated today is refused by some later Envoy.
    if output.status.success() && !said.contains("deprecated") { Ok(()) } else { Err(said) }
}
