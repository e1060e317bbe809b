//! Kubernetes manifests: a pod whose only way out is its proxy, and a `NetworkPolicy` for what the
//! rules inside of the pod cannot know.
//!
//! The order of the init containers is the order of the guarantees: the firewall first, then the
//! resolver and the proxy, which go on running beside the agent, and the agent last.

use serde_json::{Value, json};

use super::compose::environment;
use super::redirect::{Private, redirect};
use super::yaml::{self, extend};
use super::{ADMIN_SOCKET, Daemon, Network, PROXY_UID, Sidecar};

/// What `NetworkPolicy` calls everything that is public. The same list as in `envoy/envoy.yaml`.
const NOT_PUBLIC: [&str; 15] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
];

/// What manifests need beside the sidecar itself.
#[derive(Clone, Debug)]
pub struct Kube<'a> {
    /// The sidecar.
    pub sidecar: &'a Sidecar,
    /// The agent's image.
    pub agent: &'a str,
    /// What to run in it, if not what it says itself.
    pub command: &'a [String],
    /// User and group of the agent.
    pub user: (u32, u32),
    /// The image of the sidecar.
    pub image: &'a str,
    /// Name of everything.
    pub name: &'a str,
    /// Where it is, if somebody says so.
    pub namespace: Option<&'a str>,
}

impl Kube<'_> {
    /// The manifests. `None` would mean that a template lost a section.
    pub fn render(&self) -> Option<String> {
        let mut documents = vec![self.config()?];
        documents.extend(self.sidecar.daemon.as_ref().and_then(Daemon::key).map(|key| self.secret(key)));
        documents.push(self.deployment());
        documents.push(self.policy());
        Some(join(HEAD, &documents))
    }

    /// Policy and rules. Neither is a secret.
    fn config(&self) -> Option<Value> {
        let rules = redirect(self.sidecar.proxy_port, &Private::Elsewhere)?;
        Some(json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": self.metadata(),
            "data": { "redirect.nft": rules, self.policy_file(): self.sidecar.document.text() },
        }))
    }

    /// Without a key here, somebody has made it before.
    fn secret(&self, key: &str) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": self.metadata(),
            "type": "Opaque",
            "stringData": { "key": key },
        })
    }

    fn deployment(&self) -> Value {
        json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": self.metadata(),
            "spec": {
                "replicas": 1,
                "selector": { "matchLabels": self.labels() },
                "template": {
                    "metadata": { "labels": self.labels() },
                    "spec": {
                        // Whoever speaks to the cluster's API server from here would not pass the proxy.
                        "automountServiceAccountToken": false,
                        "enableServiceLinks": false,
                        "shareProcessNamespace": false,
                        "securityContext": { "seccompProfile": { "type": "RuntimeDefault" } },
                        "initContainers": [self.redirect(), self.resolver(), self.proxy()],
                        "containers": [agent(self.agent, self.command, self.user)],
                        "volumes": [
                            { "name": "rules", "configMap": { "name": self.name, "items": [{ "key": "redirect.nft", "path": "redirect.nft" }] } },
                            { "name": "policies", "configMap": { "name": self.name, "items": [{ "key": self.policy_file(), "path": self.policy_file() }] } },
                            { "name": "run", "emptyDir": { "medium": "Memory", "sizeLimit": "16Mi" } },
                        ],
                    },
                },
            },
        })
    }

    /// The only one with a capability, and it is gone before the agent starts.
    fn redirect(&self) -> Value {
        json!({
            "name": "redirect",
            "image": self.image,
            "command": ["nft", "-f", "/etc/sentinel/redirect.nft"],
            "securityContext": {
                "allowPrivilegeEscalation": false,
                "capabilities": { "add": ["NET_ADMIN"], "drop": ["ALL"] },
                "readOnlyRootFilesystem": true,
                "runAsNonRoot": false,
                "runAsUser": 0,
            },
            "volumeMounts": [{ "name": "rules", "mountPath": "/etc/sentinel", "readOnly": true }],
        })
    }

    fn resolver(&self) -> Value {
        json!({
            "name": "resolver",
            "image": self.image,
            "command": ["sentinel", "resolver"],
            "restartPolicy": "Always",
            "securityContext": unprivileged((PROXY_UID, PROXY_UID), true),
        })
    }

    fn proxy(&self) -> Value {
        let sidecar = self.sidecar;
        let health = json!({ "path": "/healthz", "port": sidecar.health_port });
        let mut variables = environment(sidecar, "");
        if let Some(members) = variables.as_object_mut() {
            members.remove("SOE_API_URL");
        }
        if let Some(daemon) = &sidecar.daemon {
            extend(&mut variables, json!({ "SOE_API_URL": daemon.url() }));
        }
        let mut variables: Vec<Value> = variables
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect();
        if sidecar.daemon.is_some() {
            let key = json!({ "secretKeyRef": { "name": self.name, "key": "key" } });
            variables.push(json!({ "name": "SOE_API_KEY", "valueFrom": key }));
        }
        json!({
            "name": "sidecar",
            "image": self.image,
            "command": ["sentinel", "sidecar", "--health-address", "0.0.0.0"],
            "env": variables,
            "ports": [{ "name": "health", "containerPort": sidecar.health_port }],
            "restartPolicy": "Always",
            "startupProbe": { "httpGet": health, "periodSeconds": 1, "failureThreshold": 60 },
            "readinessProbe": { "httpGet": health, "periodSeconds": 5 },
            "resources": { "requests": { "cpu": "100m", "memory": "128Mi" }, "limits": { "memory": "512Mi" } },
            "securityContext": unprivileged((PROXY_UID, PROXY_UID), true),
            "volumeMounts": [
                { "name": "policies", "mountPath": super::DEFINITIONS, "readOnly": true },
                { "name": "run", "mountPath": ADMIN_SOCKET.trim_end_matches("/admin.sock") },
            ],
        })
    }

    /// Nothing comes in. Out go names to the cluster's resolver, the daemon, and what is public.
    fn policy(&self) -> Value {
        let mut egress = vec![names()];
        egress.extend(self.sidecar.daemon.as_ref().map(|daemon| to_daemon(daemon, self.namespace)));
        let all = json!([{ "protocol": "TCP", "port": 1, "endPort": 65535 }]);
        egress.push(public(&all));
        let private: Vec<Value> = self.sidecar.allow_private.iter().map(block).collect();
        if !private.is_empty() {
            egress.push(
                json!({ "to": private, "ports": [{ "protocol": "TCP", "port": 1, "endPort": 65535 }] }),
            );
        }
        json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": self.metadata(),
            "spec": {
                "podSelector": { "matchLabels": self.labels() },
                "policyTypes": ["Ingress", "Egress"],
                "ingress": [],
                "egress": egress,
            },
        })
    }

    fn policy_file(&self) -> String {
        format!("{}.soe.json", self.sidecar.document.agent_id())
    }

    fn labels(&self) -> Value {
        labels(self.name)
    }

    fn metadata(&self) -> Value {
        metadata(self.name, self.namespace)
    }
}

const HEAD: &str = "\
# Made by `sentinel kube`. The agent's connections are redirected to the proxy in its pod, and nothing
# else leaves. `docs/envoy-deploy.md` says what that guarantees, and what not.
";

pub(super) fn join(head: &str, documents: &[Value]) -> String {
    let documents: Vec<String> = documents.iter().map(yaml::document).collect();
    format!("{head}---\n{}", documents.join("---\n"))
}

pub(super) fn labels(name: &str) -> Value {
    json!({ "app.kubernetes.io/name": name })
}

pub(super) fn metadata(name: &str, namespace: Option<&str>) -> Value {
    let mut metadata = json!({ "name": name, "labels": labels(name) });
    if let Some(namespace) = namespace {
        extend(&mut metadata, json!({ "namespace": namespace }));
    }
    metadata
}

/// The agent's container. Who can become the proxy's uid is out, so it gets no capability and no way to
/// one.
pub(super) fn agent(image: &str, command: &[String], user: (u32, u32)) -> Value {
    let mut container = json!({
        "name": "agent",
        "image": image,
        "securityContext": unprivileged(user, false),
    });
    if !command.is_empty() {
        extend(&mut container, json!({ "args": command }));
    }
    container
}

fn unprivileged((user, group): (u32, u32), read_only: bool) -> Value {
    json!({
        "allowPrivilegeEscalation": false,
        "capabilities": { "drop": ["ALL"] },
        "readOnlyRootFilesystem": read_only,
        "runAsGroup": group,
        "runAsNonRoot": true,
        "runAsUser": user,
    })
}

/// The cluster's resolver, for the proxy. Inside of the pod only the proxy's uid gets there.
pub(super) fn names() -> Value {
    json!({
        "to": [{
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "kube-system" } },
            "podSelector": { "matchLabels": { "k8s-app": "kube-dns" } },
        }],
        "ports": [{ "protocol": "UDP", "port": 53 }, { "protocol": "TCP", "port": 53 }],
    })
}

/// The daemon by its address, or by where its name says that it is: `NAME`, `NAME.NAMESPACE` and
/// `NAME.NAMESPACE.svc…` are services, whose pods have the name as their label. Others are public hosts.
pub(super) fn to_daemon(daemon: &Daemon, own: Option<&str>) -> Value {
    let ports = json!([{ "protocol": "TCP", "port": daemon.port() }]);
    if let Some(address) = daemon.address() {
        return json!({ "to": [block(&Network::from(address))], "ports": ports });
    }
    let labels: Vec<&str> = daemon.host().split('.').collect();
    let peer = match labels.as_slice() {
        [name] => Some((*name, own)),
        [name, namespace] | [name, namespace, "svc", ..] => Some((*name, Some(*namespace))),
        [] | [_, _, _, ..] => None,
    };
    let to = match peer {
        Some((name, namespace)) => {
            let mut peer = json!({ "podSelector": { "matchLabels": self::labels(name) } });
            if let Some(namespace) = namespace {
                let selector = json!({ "matchLabels": { "kubernetes.io/metadata.name": namespace } });
                extend(&mut peer, json!({ "namespaceSelector": selector }));
            }
            json!([peer])
        }
        None => json!([{ "ipBlock": { "cidr": "0.0.0.0/0", "except": NOT_PUBLIC } }]),
    };
    json!({ "to": to, "ports": ports })
}

/// What is public, on these ports.
pub(super) fn public(ports: &Value) -> Value {
    json!({ "to": [{ "ipBlock": { "cidr": "0.0.0.0/0", "except": NOT_PUBLIC } }], "ports": ports })
}

fn block(network: &Network) -> Value {
    json!({ "ipBlock": { "cidr": network.to_string() } })
}
