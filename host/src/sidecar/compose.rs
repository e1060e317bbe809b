//! A compose file: an agent, and around it what makes the proxy its only way out.
//!
//! One container holds the network namespace. It loads the firewall before anything else can join, and
//! again whenever it starts, so there is no moment at which somebody is in it without rules. The agent,
//! the proxy and the resolver join it, and only the proxy's uid gets out.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::{Map, Value, json};

use super::redirect::{Private, redirect};
use super::yaml::{self, extend};
use super::{ADMIN_SOCKET, DEFINITIONS, Https, Network, PROXY_UID, Sidecar};

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
            services.insert("daemon".to_owned(), self.daemon());
            members.insert("volumes".to_owned(), json!({ "ledger": {} }));
            members.insert(
                "networks".to_owned(),
                json!({ "egress": {}, "control": { "internal": true, "ipam": { "config": [{ "subnet": CONTROL }] } } }),
            );
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
            Some(daemon) => (daemon.url(), daemon.key().map_or_else(|| KEY.to_owned(), escaped)),
            None => (DAEMON_URL.to_owned(), KEY.to_owned()),
        };
        let mut depends_on = json!({ "namespace": holder() });
        if sidecar.daemon.is_none() {
            extend(&mut depends_on, json!({ "daemon": { "condition": "service_started" } }));
        }
        let own = json!({
            "entrypoint": ["sentinel", "sidecar"],
            "configs": [{ "source": "policy", "target": format!("{DEFINITIONS}/{agent_id}.soe.json") }],
            "depends_on": depends_on,
            "environment": environment(sidecar, &url, &key),
            "healthcheck": health(&["sentinel", "sidecar", "--ready"]),
            "network_mode": "service:namespace",
            "restart": "unless-stopped",
            "tmpfs": [format!("{}:mode=0700,uid={PROXY_UID},gid={PROXY_UID}", directory(ADMIN_SOCKET))],
        });
        extend(&mut service, own);
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

    /// A daemon of the file's own. It keeps the ledger in a volume.
    fn daemon(&self) -> Value {
        let mut service = self.locked(&format!("{PROXY_UID}:{PROXY_UID}"));
        let agent_id = self.sidecar.document.agent_id();
        let mut environment = json!({
            "SOE_API_KEY": KEY,
            "SENTINEL_BIND": "0.0.0.0",
            "SENTINEL_HOME": "/var/lib/sentinel",
            "SOE_API_PORT": DAEMON_PORT.to_string(),
            "SOE_DEFINITIONS_DIR": DEFINITIONS,
        });
        if let Some(name) = &self.sidecar.environment {
            extend(&mut environment, json!({ "SOE_ENVIRONMENT": escaped(name) }));
        }
        let address = Ipv4Addr::from(CONTROL_DAEMON).to_string();
        let own = json!({
            "entrypoint": ["sentinel", "serve"],
            "configs": [{ "source": "policy", "target": format!("{DEFINITIONS}/{agent_id}.soe.json") }],
            "environment": environment,
            "networks": { "control": { "ipv4_address": address } },
            "restart": "unless-stopped",
            "volumes": ["ledger:/var/lib/sentinel"],
            "working_dir": "/var/lib/sentinel",
        });
        extend(&mut service, own);
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

/// Taken from the environment where the file is used, so that it does not stand in it.
const KEY: &str = "${SOE_API_KEY:?a key of 16 characters or more}";

/// Nobody joins before the rules are there, and whoever joined starts again when the holder does.
fn holder() -> Value {
    json!({ "condition": "service_healthy", "restart": true })
}

fn health(command: &[&str]) -> Value {
    let test: Vec<&str> = std::iter::once("CMD").chain(command.iter().copied()).collect();
    json!({ "test": test, "interval": "5s", "timeout": "3s", "start_period": "10s", "retries": 3 })
}

/// The variables of a sidecar, which `sentinel sidecar` reads.
pub(super) fn environment(sidecar: &Sidecar, url: &str, key: &str) -> Value {
    let mut environment = json!({
        "SOE_AGENT_ID": sidecar.document.agent_id(),
        "SOE_API_KEY": key,
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
