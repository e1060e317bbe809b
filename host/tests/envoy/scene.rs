//! An agent, a proxy with the filter, a daemon and a server: how they are started, and what the agent
//! asks for.

use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use sentinel_envoy_tests::bootstrap::DAEMON;
use sentinel_envoy_tests::port::Port;
use sentinel_envoy_tests::{Bootstrap, Connection, Envoy, Response, Upstream, client, module, wasm};
use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::{Daemon, KEY, Place, eventually};
use crate::ledger;

/// Whom the policies govern.
pub(crate) const AGENT: &str = "coder";

/// A host that the policies allow.
pub(crate) const HOST: &str = "api.example";

/// Longer than anything takes that happens at all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// What waits here goes on when the test says so, and not by a clock.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    pub(crate) fn pass(&self) {
        let is_open = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(is_open, |is_open| !*is_open).unwrap());
    }
}

/// A policy that allows [`HOST`], with other members.
pub(crate) fn policy(members: &[(&str, Value)]) -> Value {
    let mut policy = json!({
        "agentId": AGENT,
        "version": "1.0.0",
        "identity": { "authorityLevel": "full-ops", "environmentScope": ["development"] },
        "network": { "allowHosts": [HOST], "denyPaths": ["/admin/**"] },
    });
    for (name, value) in members {
        policy[*name] = value.clone();
    }
    policy
}

/// One daemon at a port that stays, a server, and how the filter is told of them.
pub(crate) struct Scene {
    pub(crate) place: Place,
    /// Where the daemon listens, each time that it comes back.
    port: Port,
    pub(crate) upstream: Upstream,
}

impl Scene {
    /// With this policy in its place, and a server that answers everything.
    pub(crate) fn new(policy: &Value) -> Self {
        Self::in_front_of(Upstream::start(), policy)
    }

    pub(crate) fn in_front_of(upstream: Upstream, policy: &Value) -> Self {
        let own = Self::ungoverned(upstream);
        own.place.govern(policy);
        own
    }

    /// Without any policy.
    pub(crate) fn ungoverned(upstream: Upstream) -> Self {
        let port = Port::take();
        Self { place: Place::new().with("SOE_API_PORT", &port.number().to_string()), port, upstream }
    }

    /// Where the daemon listens.
    pub(crate) fn port(&self) -> u16 {
        self.port.number()
    }

    /// A proxy that asks whoever listens at the daemon's port.
    pub(crate) fn envoy(&self, members: &[(&str, Value)]) -> Envoy {
        self.asking(self.port(), members).start()
    }

    /// How to start one that asks somebody else.
    pub(crate) fn asking(
        &self,
        port: u16,
        members: &[(&str, Value)],
    ) -> sentinel_envoy_tests::envoy::Options {
        Envoy::options(&self.bootstrap(members).daemon(port).build())
    }

    /// A bootstrap that knows of no daemon yet.
    pub(crate) fn bootstrap(&self, members: &[(&str, Value)]) -> Bootstrap {
        let filter = wasm(module::sentinel(), &configuration(members));
        Bootstrap::new(self.upstream.port()).filter(filter)
    }

    /// A daemon and a proxy that governs by its policy.
    pub(crate) fn start(&self, members: &[(&str, Value)]) -> (Daemon, Envoy) {
        let daemon = self.place.start();
        let envoy = self.envoy(members);
        governed(&envoy, 1);
        (daemon, envoy)
    }

    /// Entries of verdicts that say that this was permitted.
    pub(crate) fn permits(&self, client: &mut Client) -> usize {
        verdicts(client).iter().filter(|own| own["permitted"] == true).count()
    }
}

/// The configuration of the filter, with other members.
pub(crate) fn configuration(members: &[(&str, Value)]) -> Value {
    let mut own = json!({ "agentId": AGENT, "daemon": told(&[]) });
    for (name, value) in members {
        own[*name] = value.clone();
    }
    own
}

/// What the filter is told of the daemon, with other members.
pub(crate) fn told(members: &[(&str, Value)]) -> Value {
    let mut own = json!({ "cluster": DAEMON, "apiKey": KEY, "timeoutMs": 60_000, "refreshSeconds": 1 });
    for (name, value) in members {
        own[*name] = value.clone();
    }
    own
}

/// An API key with one role and one agent.
pub(crate) fn key(place: &Place, subject: &str, role: &str, agent: &str) -> String {
    let words = ["token", "key", "create", "--subject", subject, "--role", role, "--agent", agent];
    let output = place.run(&words);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    said.split_whitespace().next().expect("a key").to_owned()
}

/// Waits until every instance of the filter has a policy: those of the workers, and the main thread's.
pub(crate) fn governed(envoy: &Envoy, workers: usize) {
    eventually("every worker has a policy", PATIENCE, || envoy.log().matches(" governs").count() > workers);
}

/// Entries of verdicts, oldest first.
pub(crate) fn verdicts(client: &mut Client) -> Vec<Value> {
    let all = ledger::entries(client, 0);
    all.into_values().map(|(_, own)| own).filter(|own| own["kind"] == "verdict").collect()
}

/// What the agent asks for at [`HOST`].
pub(crate) fn get(envoy: &Envoy, path: &str) -> Response {
    client::get(envoy.port(), HOST, path)
}

/// The code of a refusal; empty for whatever is none.
pub(crate) fn code(response: &Response) -> String {
    response.header("x-soe-code").unwrap_or_default()
}

/// Demands a refusal.
#[track_caller]
pub(crate) fn check_refused(response: &Response, status: u16, expected: &str) {
    assert_eq!((response.status, code(response).as_str()), (status, expected), "{}", response.text());
}

/// So many clients, each with a connection of its own, that ask so often; how often they got 200, and the
/// codes of all other answers.
pub(crate) fn crowd(ports: &[u16], clients: usize, each: usize, path: &str) -> (usize, Vec<String>) {
    let bytes = client::request("GET", HOST, path, &[], b"");
    let ask = |number: usize| {
        let mut connection = Connection::open(ports[number % ports.len()]);
        connection.set_patience(PATIENCE);
        let answers = (0..each).map(|_| {
            connection.send(&bytes);
            connection.receive().expect("an answer")
        });
        answers.collect::<Vec<_>>()
    };
    let answers: Vec<Response> = thread::scope(|scope| {
        let all: Vec<_> = (0..clients).map(|number| scope.spawn(move || ask(number))).collect();
        all.into_iter().flat_map(|own| own.join().unwrap()).collect()
    });
    let (passed, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|own| own.status == 200);
    (passed.len(), refused.iter().map(code).collect())
}
