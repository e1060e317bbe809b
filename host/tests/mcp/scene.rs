//! A workspace, a policy, a client and a server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

/// What `cargo xtask setup` installs.
pub(crate) fn tool(below: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools").join(below);
    assert!(path.exists(), "`{}` is missing; install it with: cargo xtask setup", path.display());
    path
}

/// A server of the official packages.
pub(crate) fn server(name: &str) -> String {
    let path = tool("mcp-node/node_modules/@modelcontextprotocol").join(name).join("dist/index.js");
    assert!(path.exists(), "`{}` is missing; install it with: cargo xtask setup", path.display());
    text(&path)
}

pub(crate) fn text(path: &Path) -> String {
    path.to_str().expect("a path that is text").to_owned()
}

/// A directory with files, and a policy for a server of files.
pub(crate) struct Scene {
    directory: TempDir,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let own = Self { directory };
        fs::create_dir_all(own.workspace().join("out")).unwrap();
        fs::write(own.file("a.txt"), "hello").unwrap();
        fs::write(own.file(".env"), "SECRET=1").unwrap();
        own.govern(&policy(&[]));
        own
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.directory.path().canonicalize().unwrap().join("workspace")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.workspace().join(name)
    }

    pub(crate) fn policy(&self) -> PathBuf {
        self.directory.path().join("policy.soe.json")
    }

    pub(crate) fn govern(&self, policy: &Value) {
        fs::write(self.policy(), policy.to_string()).unwrap();
    }

    /// The words of `sentinel mcp` in front of a server.
    pub(crate) fn words(&self, decider: &[&str], server: &[&str]) -> Vec<String> {
        let (policy, workspace) = (text(&self.policy()), text(&self.workspace()));
        let decider = if decider.is_empty() { vec!["--policy", &policy] } else { decider.to_vec() };
        let begin = [env!("CARGO_BIN_EXE_sentinel"), "mcp", "--server", "files", "--workspace", &workspace];
        let all = begin.iter().chain(&decider).chain(&["--"]).chain(server);
        all.map(|word| (*word).to_owned()).collect()
    }

    /// In front of the official server of files.
    pub(crate) fn files(&self) -> Vec<String> {
        self.words(&[], &["node", &server("server-filesystem"), &text(&self.workspace())])
    }

    pub(crate) fn sentinel(&self, words: &[String]) -> Command {
        let (program, arguments) = words.split_first().unwrap();
        let mut command = Command::new(program);
        command.args(arguments).env("SOE_ENVIRONMENT", "development").current_dir(self.workspace());
        command
    }
}

/// A policy with further members.
pub(crate) fn policy(members: &[(&str, Value)]) -> Value {
    let mut policy = json!({
        "agentId": "coder",
        "version": "1.0.0",
        "identity": { "role": "r", "authorityLevel": "full-ops", "environmentScope": ["development"] },
        "dataAccess": { "readAllow": ["**"], "readDeny": ["**/.env"], "writeAllow": ["out/**"] },
        "toolActions": {
            "allowed": ["mcp__files__list_allowed_directories", "mcp__files__echo", "mcp__every__echo",
                        "mcp__every__trigger-long-running-operation"],
            "denied": ["mcp__files__edit_file"],
            "toolMap": {
                "mcp__files__read_text_file": { "read": ["path"] },
                "mcp__files__write_file": { "write": ["path"] },
                "mcp__files__edit_file": { "write": ["path"] },
            },
        },
    });
    for (name, value) in members {
        policy[*name] = value.clone();
    }
    policy
}

/// Which SDK asks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sdk {
    TypeScript,
    Python,
}

impl Sdk {
    pub(crate) const BOTH: [Self; 2] = [Self::TypeScript, Self::Python];

    /// Connects, does the steps, closes; what each of them came to.
    pub(crate) fn run(self, kind: &str, place: &str, steps: &Value) -> Vec<Value> {
        let script = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mcp").join(name);
        let mut command = match self {
            Self::TypeScript => {
                let mut command = Command::new("node");
                command.arg(script("client.mjs")).arg(tool("mcp-node"));
                command
            }
            Self::Python => {
                let mut command = Command::new(tool("mcp-python/bin/python"));
                command.arg(script("client.py"));
                command
            }
        };
        command.args([kind, place, &steps.to_string()]).env("SOE_ENVIRONMENT", "development");
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let said = lines(&output);
        assert_eq!(said.len(), steps.as_array().unwrap().len(), "{self:?}: {output:?}");
        said
    }
}

/// A server on the Python SDK, which writes into a file which of its tools ran.
pub(crate) fn python_server(ran: &Path, how: &[&str]) -> Command {
    let mut command = Command::new(tool("mcp-python/bin/python"));
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mcp/server.py")).arg(ran).args(how);
    command
}

/// What its clients do.
pub(crate) fn steps_of_python() -> Value {
    let says = |tool: &str, message: &str| json!({ "call": tool, "arguments": { "message": message } });
    // Characters that lines could end at, and that JSON may spell in two ways.
    json!([{ "list": true }, says("echo", "h\u{2028}i \r\n é"), says("rm", "x"), says("echo", "")])
}

/// What comes of it, and which tools ran. The next one begins anew.
pub(crate) fn check_python(sdk: Sdk, said: &[Value], ran: &Path) {
    assert_eq!(said[0]["tools"], json!(["echo"]), "{sdk:?}");
    assert_eq!(
        (&said[1]["isError"], &said[1]["text"]),
        (&json!(false), &json!("echo ran: h\u{2028}i \r\n é")),
        "{sdk:?}"
    );
    assert_eq!(said[2]["isError"], true, "{sdk:?}: {}", said[2]);
    assert!(said[2]["text"].as_str().unwrap().contains("tool-unknown"), "{sdk:?}: {}", said[2]);
    assert_eq!(said[3]["text"], "echo ran: ", "{sdk:?}");
    assert_eq!(fs::read_to_string(ran).unwrap(), "echo\necho\n", "{sdk:?}");
    fs::remove_file(ran).unwrap();
}

/// Lines of JSON on standard output.
pub(crate) fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{output:?}"))).collect()
}
