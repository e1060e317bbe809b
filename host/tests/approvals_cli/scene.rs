//! A daemon with an agent whose deployments need a person, and the people around it.

use std::fs;
use std::process::Output;

use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::{Daemon, Place};

pub(crate) const AGENT: &str = "buyer";

/// A daemon, and who asks it.
pub(crate) struct Scene {
    pub(crate) place: Place,
    pub(crate) daemon: Daemon,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with(&json!({ "tools": ["deploy"] }))
    }

    pub(crate) fn with(approvals: &Value) -> Self {
        let place = Place::new();
        place.govern(&json!({
            "agentId": AGENT,
            "version": "1.0.0",
            "identity": { "role": "Buyer", "authorityLevel": "limited-ops", "environmentScope": ["development"] },
            "toolActions": { "allowed": ["deploy"] },
            "approvals": approvals,
        }));
        let daemon = place.start();
        Self { place, daemon }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.daemon.address)
    }

    /// A file with a token of somebody.
    pub(crate) fn credential(&self, subject: &str, role: &str) -> String {
        let path = self.place.path(&format!("{subject}.token"));
        fs::write(&path, format!("{}\n", self.place.token(subject, role, AGENT))).unwrap();
        path.display().to_string()
    }

    /// Somebody with a token.
    pub(crate) fn client(&self, subject: &str, role: &str) -> Client {
        self.daemon.client_with(&self.place.token(subject, role, AGENT))
    }

    /// The agent asks for a deployment; the id of the question about it.
    pub(crate) fn ask(&self, input: &Value) -> String {
        self.ask_as(&mut self.client("ci", "evaluate"), input)
    }

    pub(crate) fn ask_as(&self, client: &mut Client, input: &Value) -> String {
        let verdict = evaluate(client, input);
        assert_eq!(verdict["decision"], "escalate", "{verdict}");
        verdict["approval"]["id"].as_str().unwrap().to_owned()
    }

    /// The question as the daemon tells it.
    pub(crate) fn question(&self, id: &str) -> Value {
        self.daemon.client().get(&format!("/v1/approvals/{id}")).ok()
    }

    /// `sentinel approvals` as somebody.
    pub(crate) fn approvals(&self, credential: &str, arguments: &[&str]) -> Run {
        let url = self.url();
        let mut all = vec!["approvals", "--server", &url, "--token-file", credential];
        all.extend(arguments);
        Run::of(self.place.run(&all))
    }
}

pub(crate) fn evaluate(client: &mut Client, input: &Value) -> Value {
    let call = json!({ "agentId": AGENT, "toolName": "deploy", "toolInput": input });
    client.post("/v1/evaluate", &call).ok()
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
