//! A compose file: an agent, and around it what makes the proxy its only way out.
//!
//! One container holds the network namespace. It loads the firewall before anything else can join, and
//! again whenever it starts, so there is no moment at which somebody is in it without rules. The agent,
//! the proxy and the resolver join it, and only the proxy's uid gets out.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde_json::{Map, Value, json};

use super::redirect::{Private, redirect};
use super::yaml::{self, extend};
use super::{ADMIN_SOCKET, DEFINITIONS, Https, Network, PROXY_UID, Sidecar};
use crate::settings::mode_word;

/// The network between proxy and daemon: small, without a way out, and with known addresses, because
/// the firewall has to know the daemon's.
const CONTROL: &str = "10.213.37.0/29";
const CONTROL_DAEMON: [u8; 4] = [10, 213, 37, 3];
/// Where the daemon of the file answers.
const DAEMON_URL: &str = "http://10.213.37.3:3100";
const DAEMON_PORT: u16 = 3100;

/// What a compose file needs beside the sidecar itself.
#[derive(Clone, Debug)]
pub struct Compose<'a> {
    /// The sidecar. Its daemon, if it has one, is somewhere else; without one the file gets its own.
    pub sidecar: &'a Sidecar,
    /// The agent's image.
    pub agent: &'a str,
    /// What to run in it, if not what it says itself.
    pub command: &'a [String],
    /// User and group of the agent.
    pub user: (u32, u32),
    /// The image of the sidecar.
    pub image: &'a str,
    /// Where the file's own daemon can be reached from outside, for whoever answers its questions.
    pub publish: Option<SocketAddr>,
}

impl Compose<'_> {
    /// The file. `None` would mean that a template lost a section.
    pub fn render(&self) -> Option<String> {
        let mut services = Map::new();
        services.insert("namespace".to_owned(), self.namespace());
        services.insert("resolver".to_owned(), self.resolver());
        services.insert("sidecar".to_owned(), self.proxy());
        services.insert("agent".to_owned(), self.agent());
        let mut document = json!({
            "configs": {
                "policy": { "content": escaped(self.sidecar.document.text()) },
                "redirect": { "content": escaped(&self.rules()?) },
            },
            "networks": { "egress": {} },
            "services": {},
        });
        let members = document.as_object_mut()?;
        if self.sidecar.daemon.is_none() {
            services.insert("key".to_owned(), self.key());
            services.insert("daemon".to_owned(), self.daemon());
            members.insert("volumes".to_owned(), json!({ "ledger": {}, "key": {} }));
            let control = json!({ "internal": true, "ipam": { "config": [{ "subnet": CONTROL }] } });
            let mut networks = json!({ "egress": {}, "control": control });
            if self.publish.is_some() {
                // Nobody reaches in where nothing leads out. The agent is not on it.
                extend(&mut networks, json!({ "people": {} }));
            }
            members.insert("networks".to_owned(), networks);
        }
        members.insert("services".to_owned(), Value::Object(services));
        Some(format!("{HEAD}{}", yaml::document(&document)))
    }

    fn rules(&self) -> Option<String> {
        let mut networks = self.sidecar.allow_private.clone();
        networks.extend(match &self.sidecar.daemon {
            Some(daemon) => daemon.address().map(Network::from),
            None => Some(Network::from(IpAddr::from(CONTROL_DAEMON))),
        });
        redirect(self.sidecar.proxy_port, &Private::Here(networks))
    }

    /// Holds the namespace. It alone may change the rules, and nothing of the agent's runs in it.
    fn namespace(&self) -> Value {
        let mut service = self.locked("0:0");
        let own = json!({
            "entrypoint": ["/bin/sh", "-c", "nft -f /etc/sentinel/redirect.nft && exec sleep infinity"],
            "cap_add": ["NET_ADMIN"],
            "configs": [{ "source": "redirect", "target": "/etc/sentinel/redirect.nft" }],
            "healthcheck": health(&["nft", "list", "table", "inet", "sentinel"]),
            "init": true,
            "networks": if self.sidecar.daemon.is_none() { json!(["egress", "control"]) } else { json!(["egress"]) },
            "restart": "unless-stopped",
        });
        extend(&mut service, own);
        service
    }

    fn resolver(&self) -> Value {
        let mut service = self.locked(&format!("{PROXY_UID}:{PROXY_UID}"));
        let own = json!({
            "entrypoint": ["sentinel", "resolver"],
            "depends_on": { "namespace": holder() },
            "network_mode": "service:namespace",
            "restart": "unless-stopped",
        });
        extend(&mut service, own);
        service
    }

    fn proxy(&self) -> Value {
        let mut service = self.locked(&format!("{PROXY_UID}:{PROXY_UID}"));
        let sidecar = self.sidecar;
        let agent_id = sidecar.document.agent_id();
        let (url, key) = match &sidecar.daemon {
            Some(daemon) => {
                let key = daemon.key().map_or_else(|| GIVEN_KEY.to_owned(), escaped);
                (daemon.url(), json!({ "SOE_API_KEY": key }))
            }
            None => (DAEMON_URL.to_owned(), json!({ "SOE_API_KEY_FILE": format!("{KEY_PLACE}/key") })),
        };
        let mut variables = environment(sidecar, &url);
        extend(&mut variables, key);
        let own = json!({
            "entrypoint": ["sentinel", "sidecar"],
            "configs": [{ "source": "policy", "target": format!("{DEFINITIONS}/{agent_id}.soe.json") }],
            "depends_on": { "namespace": holder() },
            "environment": variables,
            "healthcheck": health(&["sentinel", "sidecar", "--ready"]),
            "network_mode": "service:namespace",
            "restart": "unless-stopped",
            "tmpfs": [format!("{}:mode=0700,uid={PROXY_UID},gid={PROXY_UID}", directory(ADMIN_SOCKET))],
        });
        extend(&mut service, own);
        if sidecar.daemon.is_none() {
            let made = json!({ "condition": "service_completed_successfully" });
            let waits = json!({
                "namespace": holder(), "daemon": { "condition": "service_started" }, "key": made,
            });
            extend(&mut service, json!({ "depends_on": waits, "volumes": [format!("key:{KEY_PLACE}:ro")] }));
        }
        service
    }

    fn agent(&self) -> Value {
        let (user, group) = self.user;
        let mut service = json!({
            "image": self.agent,
            // Without capabilities and without a way to get some: who can become the proxy's uid is out.
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges:true"],
            "user": format!("{user}:{group}"),
            "depends_on": {
                "namespace": holder(),
                "resolver": { "condition": "service_started" },
                "sidecar": { "condition": "service_healthy" },
            },
            "network_mode": "service:namespace",
        });
        if !self.command.is_empty() {
            let command: Vec<String> = self.command.iter().map(|word| escaped(word)).collect();
            extend(&mut service, json!({ "command": command }));
        }
        service
    }

    /// Makes the proxy's key, once, and ends. The proxy stands beside the agent, so its key may send the calls
    /// of that agent and nothing else; the daemon's own may answer them.
    fn key(&self) -> Value {
        let mut service = self.locked(&format!("{PROXY_UID}:{PROXY_UID}"));
        let agent_id = self.sidecar.document.agent_id();
        let own = json!({
            "entrypoint": ["/bin/sh", "-c", MAKE_KEY],
            "depends_on": { "daemon": { "condition": "service_started" } },
            "environment": { "AGENT": agent_id, "KEY_PLACE": KEY_PLACE, "SENTINEL_HOME": HOME },
            "network_mode": "none",
            "volumes": [format!("ledger:{HOME}"), format!("key:{KEY_PLACE}")],
            "working_dir": HOME,
        });
        extend(&mut service, own);
        service
    }

    /// A daemon of the file's own. It keeps the ledger in a volume.
    fn daemon(&self) -> Value {
        let mut service = self.locked(&format!("{PROXY_UID}:{PROXY_UID}"));
        let agent_id = self.sidecar.document.agent_id();
        let mut environment = json!({
            "SOE_API_KEY": KEY,
            "SENTINEL_BIND": "0.0.0.0",
            "SENTINEL_HOME": HOME,
            "SOE_API_PORT": DAEMON_PORT.to_string(),
            "SOE_DEFINITIONS_DIR": DEFINITIONS,
        });
        if let Some(name) = &self.sidecar.environment {
            extend(&mut environment, json!({ "SOE_ENVIRONMENT": escaped(name) }));
        }
        if let Some(mode) = self.sidecar.mode {
            extend(&mut environment, json!({ "SOE_MODE": mode_word(mode) }));
        }
        let address = Ipv4Addr::from(CONTROL_DAEMON).to_string();
        let own = json!({
            "entrypoint": ["sentinel", "serve"],
            "configs": [{ "source": "policy", "target": format!("{DEFINITIONS}/{agent_id}.soe.json") }],
            "environment": environment,
            "networks": { "control": { "ipv4_address": address } },
            "restart": "unless-stopped",
            "volumes": [format!("ledger:{HOME}")],
            "working_dir": HOME,
        });
        extend(&mut service, own);
        if let Some(publish) = self.publish {
            let networks = json!({ "control": { "ipv4_address": address }, "people": {} });
            let ports = json!([format!("{publish}:{DAEMON_PORT}")]);
            extend(&mut service, json!({ "networks": networks, "ports": ports }));
        }
        service
    }

    /// What all containers of ours have: no capabilities, nothing to write to.
    fn locked(&self, user: &str) -> Value {
        json!({
            "image": self.image,
            "cap_drop": ["ALL"],
            "read_only": true,
            "security_opt": ["no-new-privileges:true"],
            "user": user,
        })
    }
}

const HEAD: &str = "\
# Made by `sentinel compose`. The agent's container shares the network namespace of `namespace`, whose
# firewall lets nothing out but what the proxy in `sidecar` decided. `docs/envoy-deploy.md` says what
# that guarantees, and what not.
";

/// The daemon's own key, which may do everything. Taken from the environment where the file is used, so that
/// it does not stand in it.
const KEY: &str = "${SOE_API_KEY:?a key of 16 characters or more}";
/// The proxy's key for a daemon that is somewhere else.
const GIVEN_KEY: &str = "${SOE_API_KEY:?a key of that daemon, with the role evaluate for this agent}";
/// What the file's own daemon keeps.
const HOME: &str = "/var/lib/sentinel";
/// Where the proxy's key for it is.
const KEY_PLACE: &str = "/var/lib/sentinel-key";
/// One dollar for Compose, one for the shell. A key that is there already stays. The daemon makes the store when
/// it starts for the first time.
const MAKE_KEY: &str = "umask 077; cd \"$$KEY_PLACE\" || exit 1; test -s key && exit 0; tries=0
until sentinel token key create --role evaluate --agent \"$$AGENT\" --subject \"$$AGENT-proxy\" >new
do tries=$$((tries + 1)); test $$tries -lt 60 || exit 1; sleep 1; done
mv new key";

/// Nobody joins before the rules are there, and whoever joined starts again when the holder does.
fn holder() -> Value {
    json!({ "condition": "service_healthy", "restart": true })
}

fn health(command: &[&str]) -> Value {
    let test: Vec<&str> = std::iter::once("CMD").chain(command.iter().copied()).collect();
    json!({ "test": test, "interval": "5s", "timeout": "3s", "start_period": "10s", "retries": 3 })
}

/// The variables of a sidecar, which `sentinel sidecar` reads.
pub(super) fn environment(sidecar: &Sidecar, url: &str) -> Value {
    let mut environment = json!({
        "SOE_AGENT_ID": sidecar.document.agent_id(),
        "SOE_API_URL": url,
        "SOE_CIRCUIT_BREAKER_FAIL_MODE": "closed",
        "SOE_DEFINITIONS_DIR": DEFINITIONS,
        "SOE_HEALTH_PORT": sidecar.health_port.to_string(),
        "SOE_PROXY_PORT": sidecar.proxy_port.to_string(),
        "SOE_TRANSPARENT": "true",
        "SENTINEL_HTTPS": https_word(sidecar.https),
    });
    if let Some(name) = &sidecar.environment {
        extend(&mut environment, json!({ "SOE_ENVIRONMENT": name }));
    }
    if let Some(mode) = sidecar.mode {
        extend(&mut environment, json!({ "SOE_MODE": mode_word(mode) }));
    }
    if let Some(record) = sidecar.record {
        extend(&mut environment, json!({ "SENTINEL_RECORD": record.as_str() }));
    }
    if !sidecar.allow_private.is_empty() {
        let networks: Vec<String> = sidecar.allow_private.iter().map(ToString::to_string).collect();
        extend(&mut environment, json!({ "SENTINEL_ALLOW_PRIVATE": networks.join(",") }));
    }
    environment
}

/// The word on the command line and in a policy.
pub const fn https_word(https: Https) -> &'static str {
    match https {
        Https::Refuse => "refuse",
        Https::SniOnly => "sni-only",
        Https::TlsOrigination => "tls-origination",
    }
}

/// Compose replaces `$NAME` everywhere.
fn escaped(text: &str) -> String {
    text.replace('$', "$$")
}

fn directory(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}
