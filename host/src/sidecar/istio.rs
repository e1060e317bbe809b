//! The same for a pod in an Istio mesh: Istio's own proxy stands beside the agent, and runs our filter.
//!
//! Istio redirects TCP to its proxy and leaves UDP alone, and its proxy forwards what it does not know
//! unless it is told to know only its registry. So there is a registry with the policy's hosts in it,
//! and a `NetworkPolicy` for the rest.

use serde_json::{Value, json};

use super::bootstrap::daemon_of_plugin;
use super::kube::{Kube, agent, join, labels, metadata, names, to_daemon};
use super::yaml::extend;
use super::{Daemon, Https, Sidecar};
use crate::settings::mode_word;

/// What a mesh needs beside what a pod needs.
#[derive(Clone, Debug)]
pub struct Istio<'a> {
    /// Agent, names and sidecar.
    pub kube: Kube<'a>,
    /// Where Istio's proxy gets the filter: `oci://`, `https://` or `file://`.
    pub filter_url: &'a str,
    /// Digest of the filter, in hex, for `https://`.
    pub filter_sha256: Option<&'a str>,
}

impl Istio<'_> {
    /// The manifests.
    pub fn render(&self) -> String {
        let mut documents =
            vec![self.deployment(), self.plugin(), self.registry(), self.normalization(), self.policy()];
        let (hosts, _) = self.sidecar().document.hosts();
        if !hosts.is_empty() {
            documents.push(self.hosts(&hosts));
            documents.extend(hosts.iter().map(|host| self.once(host)));
            documents.extend(hosts.iter().filter_map(|host| self.over_tls(host)));
        }
        join(HEAD, &documents)
    }

    /// What the policy allows and the registry cannot hold: patterns, addresses, ports. Istio would
    /// connect to an address that the agent chose, so these stay closed.
    pub fn left_out(&self) -> Vec<String> {
        self.sidecar().document.hosts().1
    }

    const fn sidecar(&self) -> &Sidecar {
        self.kube.sidecar
    }

    fn deployment(&self) -> Value {
        let Kube { agent: image, command, user, name, .. } = self.kube;
        let mut pod = labels(name);
        extend(&mut pod, json!({ "sidecar.istio.io/inject": "true" }));
        json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": self.metadata(),
            "spec": {
                "replicas": 1,
                "selector": { "matchLabels": labels(name) },
                "template": {
                    "metadata": {
                        "labels": pod,
                        "annotations": {
                            // The agent does not start before the proxy, and no port is left out.
                            "proxy.istio.io/config": "{\"holdApplicationUntilProxyStarts\": true}",
                            "sidecar.istio.io/nativeSidecar": "true",
                            "traffic.sidecar.istio.io/includeOutboundIPRanges": "*",
                        },
                    },
                    "spec": {
                        "automountServiceAccountToken": false,
                        "enableServiceLinks": false,
                        "securityContext": { "seccompProfile": { "type": "RuntimeDefault" } },
                        "containers": [agent(image, command, user)],
                    },
                },
            },
        })
    }

    /// The filter, on what goes out. Its configuration is the same JSON as in a bootstrap.
    fn plugin(&self) -> Value {
        let sidecar = self.sidecar();
        let mut configuration = json!({ "agentId": sidecar.document.agent_id() });
        if let Some(environment) = &sidecar.environment {
            extend(&mut configuration, json!({ "environment": environment }));
        }
        if sidecar.https == Https::TlsOrigination {
            // What the agent says in the clear leaves over TLS, and is decided as that.
            extend(&mut configuration, json!({ "scheme": "https" }));
        }
        if let Some(mode) = sidecar.mode {
            extend(&mut configuration, json!({ "mode": mode_word(mode) }));
        }
        if let Some(record) = sidecar.record {
            extend(&mut configuration, json!({ "record": record.as_str() }));
        }
        extend(
            &mut configuration,
            match &sidecar.daemon {
                Some(daemon) => json!({ "daemon": daemon_of_plugin(daemon, &self.cluster(daemon)) }),
                None => json!({ "policy": sidecar.document.value() }),
            },
        );
        let mut spec = json!({
            "selector": { "matchLabels": labels(self.kube.name) },
            "url": self.filter_url,
            "pluginName": "sentinel",
            "failStrategy": "FAIL_CLOSE",
            "type": "HTTP",
            // Before everything else, so that nothing is done for what is not allowed.
            "phase": "AUTHN",
            "priority": 1000,
            "match": [{ "mode": "CLIENT" }],
            "pluginConfig": configuration,
        });
        if let Some(digest) = self.filter_sha256 {
            extend(&mut spec, json!({ "sha256": digest }));
        }
        self.object("extensions.istio.io/v1alpha1", "WasmPlugin", spec)
    }

    /// How Istio calls the cluster of a service: it has to be in the registry, as a service or a host.
    fn cluster(&self, daemon: &Daemon) -> String {
        let host = match daemon.host().split('.').count() {
            1 => format!("{}.{}.svc.cluster.local", daemon.host(), self.kube.namespace.unwrap_or("default")),
            2 => format!("{}.svc.cluster.local", daemon.host()),
            _ => daemon.host().to_owned(),
        };
        format!("outbound|{}||{host}", daemon.port())
    }

    /// Only what is in the registry, and of that only what stands in this namespace, and the daemon.
    fn registry(&self) -> Value {
        let mut hosts = vec!["./*".to_owned()];
        if let Some(daemon) = &self.sidecar().daemon {
            let labels: Vec<&str> = daemon.host().split('.').collect();
            if let [_, namespace] | [_, namespace, "svc", ..] = labels.as_slice() {
                hosts.push(format!("{namespace}/*"));
            }
        }
        let spec = json!({
            "workloadSelector": { "labels": labels(self.kube.name) },
            "outboundTrafficPolicy": { "mode": "REGISTRY_ONLY" },
            "egress": [{ "hosts": hosts }],
        });
        self.object("networking.istio.io/v1", "Sidecar", spec)
    }

    /// The hosts, resolved by the proxy, so that the agent does not choose the address.
    fn hosts(&self, hosts: &[String]) -> Value {
        let mut port = json!({ "number": 80, "name": "http", "protocol": "HTTP" });
        if self.sidecar().https == Https::TlsOrigination {
            extend(&mut port, json!({ "targetPort": 443 }));
        }
        let spec = json!({
            "hosts": hosts,
            "location": "MESH_EXTERNAL",
            "resolution": "DNS",
            "exportTo": ["."],
            "ports": [port],
        });
        self.object("networking.istio.io/v1", "ServiceEntry", spec)
    }

    fn over_tls(&self, host: &str) -> Option<Value> {
        if self.sidecar().https != Https::TlsOrigination {
            return None;
        }
        let spec = json!({
            "host": host,
            "exportTo": ["."],
            "trafficPolicy": { "tls": { "mode": "SIMPLE", "sni": host, "subjectAltNames": [host] } },
        });
        Some(self.object_of(host, "DestinationRule", spec))
    }

    /// What is decided goes out once: by itself Istio sends a request up to three times.
    fn once(&self, host: &str) -> Value {
        let spec = json!({
            "hosts": [host],
            "exportTo": ["."],
            "http": [{
                "retries": { "attempts": 0 },
                "route": [{ "destination": { "host": host, "port": { "number": 80 } } }],
            }],
        });
        self.object_of(host, "VirtualService", spec)
    }

    /// One of several of the same kind.
    fn object_of(&self, host: &str, kind: &str, spec: Value) -> Value {
        let mut object = self.object("networking.istio.io/v1", kind, spec);
        let name = format!("{}-{}", self.kube.name, host.replace('.', "-"));
        let mut own = self.metadata();
        extend(&mut own, json!({ "name": name }));
        extend(&mut object, json!({ "metadata": own }));
        object
    }

    /// What `envoy/envoy.yaml` says of paths and headers, for the proxies of Istio. What the agent says about
    /// its own address is not believed, and with it none of the headers that tell a router to retry.
    fn normalization(&self) -> Value {
        let manager = json!({
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "normalize_path": true,
            "merge_slashes": true,
            "path_with_escaped_slashes_action": "REJECT_REQUEST",
            "use_remote_address": true,
            "skip_xff_append": true,
            "internal_address_config": {
                "cidr_ranges": [{ "address_prefix": "255.255.255.255", "prefix_len": 32 }],
            },
            "common_http_protocol_options": { "headers_with_underscores_action": "REJECT_REQUEST" },
        });
        let spec = json!({
            "workloadSelector": { "labels": labels(self.kube.name) },
            "configPatches": [{
                "applyTo": "NETWORK_FILTER",
                "match": {
                    "context": "SIDECAR_OUTBOUND",
                    "listener": { "filterChain": { "filter": { "name": "envoy.filters.network.http_connection_manager" } } },
                },
                "patch": { "operation": "MERGE", "value": { "typed_config": manager } },
            }],
        });
        self.object("networking.istio.io/v1alpha3", "EnvoyFilter", spec)
    }

    /// Names, the mesh's own control, the daemon, and what is public on the ports of the web.
    fn policy(&self) -> Value {
        let control = json!({
            "to": [{ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "istio-system" } } }],
            "ports": [{ "protocol": "TCP", "port": 15012 }],
        });
        let mut egress = vec![names(), control];
        egress.extend(self.sidecar().daemon.as_ref().map(|daemon| to_daemon(daemon, self.kube.namespace)));
        egress.push(super::kube::public(
            &json!([{ "protocol": "TCP", "port": 80 }, { "protocol": "TCP", "port": 443 }]),
        ));
        let spec = json!({
            "podSelector": { "matchLabels": labels(self.kube.name) },
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [],
            "egress": egress,
        });
        self.object("networking.k8s.io/v1", "NetworkPolicy", spec)
    }

    fn object(&self, version: &str, kind: &str, spec: Value) -> Value {
        let head = [("apiVersion", version.into()), ("kind", kind.into()), ("metadata", self.metadata())];
        let members = head.into_iter().chain([("spec", spec)]);
        members.map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn metadata(&self) -> Value {
        metadata(self.kube.name, self.kube.namespace)
    }
}

const HEAD: &str = "\
# Made by `sentinel kube --istio`. Istio's proxy beside the agent decides what the agent says in plain
# HTTP, and knows no other hosts than these. `docs/envoy-deploy.md` says what that guarantees, and what
# not: Istio redirects TCP alone.
";
