//! Configurations for tests: one listener, filters, a router, and clusters behind it.
//!
//! These are the settings that the filter relies on, and nothing else of what a deployment needs:
//! that is `envoy/envoy.yaml`. Every port that Envoy opens is 0, so that it takes a free one.

use std::path::Path;

use serde_json::{Value, json};

/// The cluster of the upstream.
pub const UPSTREAM: &str = "upstream";

/// The cluster of the daemon.
pub const DAEMON: &str = "daemon";

const TYPE: &str = "type.googleapis.com";

const HTTP_OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// A configuration that is being put together.
#[derive(Clone, Debug)]
pub struct Bootstrap {
    manager: Value,
    filters: Vec<Value>,
    routes: Vec<Value>,
    clusters: Vec<Value>,
    buffer_bytes: Option<u32>,
}

impl Bootstrap {
    /// One that sends everything to a port at 127.0.0.1.
    pub fn new(upstream_port: u16) -> Self {
        Self::to(UPSTREAM, upstream_port)
    }

    /// The same with a name for the cluster, where one proxy has several.
    pub fn to(name: &str, port: u16) -> Self {
        let mut own = Self::answering();
        own.routes = vec![json!({ "match": { "prefix": "/" }, "route": { "cluster": name } })];
        own.cluster(cluster(name, port))
    }

    /// One that answers everything itself.
    pub fn answering() -> Self {
        let answer = json!({ "status": 200, "body": { "inline_string": "direct" } });
        Self {
            manager: manager(),
            filters: Vec::new(),
            routes: vec![json!({ "match": { "prefix": "/" }, "direct_response": answer })],
            clusters: Vec::new(),
            buffer_bytes: None,
        }
    }

    /// Adds a filter behind those that are there, in front of the router.
    #[must_use]
    pub fn filter(mut self, filter: Value) -> Self {
        self.filters.push(filter);
        self
    }

    /// Adds the cluster `daemon` at a port at 127.0.0.1.
    #[must_use]
    pub fn daemon(self, port: u16) -> Self {
        self.cluster(cluster(DAEMON, port))
    }

    /// Adds a cluster.
    #[must_use]
    pub fn cluster(mut self, cluster: Value) -> Self {
        self.clusters.push(cluster);
        self
    }

    /// Adds a route in front of those that are there.
    #[must_use]
    pub fn route(mut self, route: Value) -> Self {
        self.routes.insert(0, route);
        self
    }

    /// How many bytes of a body may wait. Envoy's own limit is 1 MiB.
    #[must_use]
    pub fn buffer_bytes(mut self, bytes: u32) -> Self {
        self.buffer_bytes = Some(bytes);
        self
    }

    /// Keeps connections to the clusters that it has, as a deployment does.
    #[must_use]
    pub fn pooled(mut self) -> Self {
        for cluster in &mut self.clusters {
            let http = &mut cluster["typed_extension_protocol_options"][HTTP_OPTIONS];
            http.as_object_mut().and_then(|http| http.remove("common_http_protocol_options"));
        }
        self
    }

    /// Sets a field of the connection manager, for instance `upgrade_configs`.
    #[must_use]
    pub fn manager(mut self, field: &str, value: Value) -> Self {
        self.manager[field] = value;
        self
    }

    /// Writes a line of access log in this format into the log of the process.
    #[must_use]
    pub fn access_log(self, format: &str) -> Self {
        let log = extension(
            "envoy.access_loggers.stdout",
            "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
            json!({ "log_format": { "text_format_source": { "inline_string": format!("{format}\n") } } }),
        );
        self.manager("access_log", json!([log]))
    }

    /// The configuration, as text that Envoy reads.
    pub fn build(&self) -> String {
        Self::build_all(&[("agent", self)])
    }

    /// One proxy with a listener for each of these, under its name. A cluster that several have is one.
    pub fn build_all(all: &[(&str, &Self)]) -> String {
        let listeners: Vec<Value> = all.iter().map(|(name, own)| own.listener(name)).collect();
        let mut clusters: Vec<&Value> = Vec::new();
        for cluster in all.iter().flat_map(|(_, own)| &own.clusters) {
            match clusters.iter().find(|known| known["name"] == cluster["name"]) {
                Some(known) => assert_eq!(*known, cluster, "one name, one cluster"),
                None => clusters.push(cluster),
            }
        }
        let config = json!({
            "admin": { "address": address(0) },
            "static_resources": { "listeners": listeners, "clusters": clusters },
        });
        format!("{config:#}")
    }

    fn listener(&self, name: &str) -> Value {
        let mut manager = self.manager.clone();
        let hosts = json!([{ "name": "all", "domains": ["*"], "routes": self.routes }]);
        manager["route_config"] = json!({ "name": "all", "virtual_hosts": hosts });
        let mut filters = self.filters.clone();
        let router = "envoy.extensions.filters.http.router.v3.Router";
        filters.push(extension("envoy.filters.http.router", router, json!({})));
        manager["http_filters"] = filters.into();
        let manager = extension(
            "envoy.filters.network.http_connection_manager",
            "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            manager,
        );
        let mut listener = json!({
            "name": name,
            "address": address(0),
            "filter_chains": [{ "filters": [manager] }],
        });
        if let Some(bytes) = self.buffer_bytes {
            listener["per_connection_buffer_limit_bytes"] = json!(bytes);
        }
        listener
    }
}

/// A filter of a proxy-wasm module, which refuses everything where it has failed.
pub fn wasm(module: &Path, configuration: &Value) -> Value {
    let text =
        |text: String| json!({ "@type": format!("{TYPE}/google.protobuf.StringValue"), "value": text });
    let config = json!({
        "name": "sentinel",
        "root_id": "sentinel",
        "failure_policy": "FAIL_CLOSED",
        // Without it, the headers are on their way before the body is decided.
        "allow_on_headers_stop_iteration": true,
        "configuration": text(configuration.to_string()),
        "vm_config": {
            "vm_id": "sentinel",
            "runtime": "envoy.wasm.runtime.v8",
            "code": { "local": { "filename": module } },
        },
    });
    extension(
        "envoy.filters.http.wasm",
        "envoy.extensions.filters.http.wasm.v3.Wasm",
        json!({ "config": config }),
    )
}

/// A thing with a name and a typed configuration, as Envoy wants them.
pub fn extension(name: &str, type_name: &str, mut fields: Value) -> Value {
    fields["@type"] = json!(format!("{TYPE}/{type_name}"));
    json!({ "name": name, "typed_config": fields })
}

/// A cluster of one port at 127.0.0.1.
pub fn cluster(name: &str, port: u16) -> Value {
    let endpoint = json!({ "endpoint": { "address": address(port) } });
    let http = json!({
        "@type": format!("{TYPE}/{HTTP_OPTIONS}"),
        // A server may hang up behind its answer; a request on that connection would be lost with it.
        "common_http_protocol_options": { "max_requests_per_connection": 1 },
        "explicit_http_config": { "http_protocol_options": { "enable_trailers": true } },
    });
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "30s",
        "typed_extension_protocol_options": { HTTP_OPTIONS: http },
        "load_assignment": { "cluster_name": name, "endpoints": [{ "lb_endpoints": [endpoint] }] },
    })
}

fn address(port: u16) -> Value {
    json!({ "socket_address": { "address": "127.0.0.1", "port_value": port } })
}

/// What makes the filter, the router and the upstream read the same request.
fn manager() -> Value {
    json!({
        "stat_prefix": "agent",
        "normalize_path": true,
        "merge_slashes": true,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "common_http_protocol_options": { "headers_with_underscores_action": "REJECT_REQUEST" },
        "http_protocol_options": { "accept_http_10": false, "enable_trailers": true },
        // Neither the scheme nor the address is what the client says it is.
        "use_remote_address": true,
        "skip_xff_append": true,
        // A filter that dies leaves streams that nobody goes on with.
        "stream_idle_timeout": "120s",
    })
}
