//! Envoy's bootstrap: `envoy/envoy.yaml`, with the sections replaced that depend on somebody.

use serde_json::{Value, json};

use super::template::fill;
use super::yaml::{self, extend};
use super::{AUTHORITIES, Daemon, Https, Sidecar};
use crate::settings::mode_word;

/// The file that people read.
const TEMPLATE: &str = include_str!("../../../envoy/envoy.yaml");

const TLS_CONTEXT: &str = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
const HTTP_OPTIONS: &str = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const SNI_PROXY: &str =
    "type.googleapis.com/envoy.extensions.filters.network.sni_dynamic_forward_proxy.v3.FilterConfig";
const TCP_PROXY: &str = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
const STDOUT: &str = "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog";
const UPSTREAM_IP: &str =
    "type.googleapis.com/envoy.extensions.rbac.matchers.upstream_ip_port.v3.UpstreamIpPortMatcher";

/// How long a call of the filter to the daemon may take.
const DAEMON_TIMEOUT_MS: u64 = 1000;
/// How often it asks whether the policy changed.
const REFRESH_SECONDS: u64 = 10;

/// What Envoy keeps of a request at least, where the policy says nothing of large bodies.
const BUFFER_BYTES: u64 = 2 << 20;
/// So much longer a body may get before Envoy refuses it, so that the filter, which says why, is first.
const BUFFER_SLACK_BYTES: u64 = 64 << 10;

/// Where Envoy listens and keeps things, which depends on where it runs.
#[derive(Clone, Debug)]
pub struct Place {
    /// Address that the agent's connections arrive at.
    pub listen: std::net::IpAddr,
    /// Address of the health port.
    pub health: std::net::IpAddr,
    /// Path of the administration's socket.
    pub admin: String,
}

/// The bootstrap of a sidecar. `None` would mean that the template lost a section.
pub fn bootstrap(sidecar: &Sidecar, place: &Place) -> Option<String> {
    let path = || yaml::document(&json!({ "path": place.admin }));
    let filter = || yaml::document(&json!({ "filename": sidecar.filter }));
    let configuration = |position| yaml::document(&json!({ "value": plugin(sidecar, position) }));
    let mut sections = vec![
        ("admin", path()),
        ("admin-pipe", path()),
        ("listen", socket(place.listen, sidecar.proxy_port)),
        ("buffer", yaml::document(&json!({ "per_connection_buffer_limit_bytes": buffer(sidecar) }))),
        ("health", socket(place.health, sidecar.health_port)),
        ("sni", passed_on(sidecar)),
        ("wasm", filter()),
        ("wasm-upstream", filter()),
        ("plugin", configuration(Position::Front)),
        ("plugin-upstream", configuration(Position::Behind)),
        ("private-allowed", private_allowed(sidecar)),
    ];
    if let Some(daemon) = &sidecar.daemon {
        sections.push(("daemon", yaml::document(&cluster(daemon))));
    }
    if sidecar.https == Https::TlsOrigination {
        sections.push(("scheme", "scheme_header_transformation:\n  scheme_to_overwrite: https".to_owned()));
        sections.push(("upstream-tls", yaml::document(&json!({ "transport_socket": tls(None) }))));
    }
    fill(TEMPLATE, &sections)
}

/// The configuration of the filter in front of the router, or of the one behind a connection. With a
/// daemon, the policy comes from there, and until it has come nothing is allowed: an old copy beside it
/// would govern again after each start.
fn plugin(sidecar: &Sidecar, position: Position) -> String {
    let mut members = vec![format!("  \"agentId\": {}", Value::from(sidecar.document.agent_id()))];
    if let Some(environment) = &sidecar.environment {
        members.push(format!("  \"environment\": {}", Value::from(environment.as_str())));
    }
    if let Some(mode) = sidecar.mode {
        members.push(format!("  \"mode\": {}", Value::from(mode_word(mode))));
    }
    if let (Position::Front, Some(record)) = (&position, sidecar.record) {
        members.push(format!("  \"record\": {}", Value::from(record.as_str())));
    }
    members.push(match position {
        Position::Front => "  \"resolvesLater\": true".to_owned(),
        Position::Behind => "  \"position\": \"upstream\"".to_owned(),
    });
    if sidecar.https == Https::TlsOrigination {
        // What the agent says in the clear leaves over TLS, and is decided as that.
        members.push("  \"scheme\": \"https\"".to_owned());
    }
    members.push(match &sidecar.daemon {
        Some(daemon) => format!("  \"daemon\": {}", daemon_of_plugin(daemon, "sentinel")),
        // Its text as it is: the digest is that of the text.
        None => format!("  \"policy\": {}", sidecar.document.text().trim()),
    });
    format!("{{\n{}\n}}\n", members.join(",\n"))
}

/// Where a filter stands.
#[derive(Clone, Copy)]
enum Position {
    Front,
    Behind,
}

/// What the filter has to know of the daemon that is behind a cluster.
pub(super) fn daemon_of_plugin(daemon: &Daemon, cluster: &str) -> Value {
    let mut value = json!({
        "cluster": cluster,
        "authority": daemon.authority(),
        "timeoutMs": DAEMON_TIMEOUT_MS,
        "refreshSeconds": REFRESH_SECONDS,
    });
    if let Some(key) = daemon.key() {
        extend(&mut value, json!({ "apiKey": key }));
    }
    value
}

/// The largest body that has to be there before it is decided, and a little more. A daemon may have a
/// policy with larger ones; those are refused.
fn buffer(sidecar: &Sidecar) -> u64 {
    let largest = sidecar.document.largest_body().saturating_add(BUFFER_SLACK_BYTES);
    largest.max(BUFFER_BYTES).min(u64::from(u32::MAX))
}

fn socket(address: std::net::IpAddr, port: u16) -> String {
    yaml::document(&json!({ "address": address.to_string(), "port_value": port }))
}

/// The chain for names whose TLS is passed on unseen. Where the agent speaks plain HTTP that goes out
/// over TLS, names are passed on if the policy lists some.
fn passed_on(sidecar: &Sidecar) -> String {
    let names = match sidecar.https {
        Https::Refuse => &[],
        Https::SniOnly | Https::TlsOrigination => sidecar.document.passthrough(),
    };
    if names.is_empty() {
        return String::new();
    }
    // The same cache as in the template, so it has to say the same.
    let cache = json!({ "name": "upstream", "dns_lookup_family": "V4_ONLY", "max_hosts": 4096 });
    yaml::document(&json!([{
        "name": "tls",
        "filter_chain_match": { "transport_protocol": "tls", "server_names": names },
        "filters": [
            { "name": "envoy.filters.network.sni_dynamic_forward_proxy",
              "typed_config": { "@type": SNI_PROXY, "port_value": 443, "dns_cache_config": cache } },
            { "name": "envoy.filters.network.tcp_proxy",
              "typed_config": {
                  "@type": TCP_PROXY, "stat_prefix": "tls", "cluster": "unseen", "idle_timeout": "300s",
                  "access_log": [{
                      "name": "envoy.access_loggers.stdout",
                      "typed_config": { "@type": STDOUT, "log_format": { "json_format": {
                          "time": "%START_TIME%",
                          "kind": "tls",
                          "sni": "%REQUESTED_SERVER_NAME%",
                          "upstream": "%UPSTREAM_REMOTE_ADDRESS%",
                          "bytes_sent": "%BYTES_SENT%",
                          "bytes_received": "%BYTES_RECEIVED%",
                          "duration_ms": "%DURATION%",
                          "details": "%CONNECTION_TERMINATION_DETAILS%",
                          "flags": "%RESPONSE_FLAGS%",
                      } } },
                  }],
              } },
        ],
    }]))
}

/// Whoever connects there is not stopped for the address.
fn private_allowed(sidecar: &Sidecar) -> String {
    if sidecar.allow_private.is_empty() {
        return String::new();
    }
    let one = |network: &super::Network| {
        json!({ "matcher": { "name": "ip", "typed_config": {
            "@type": UPSTREAM_IP,
            "upstream_ip": { "address_prefix": network.address().to_string(), "prefix_len": network.bits() },
        }}})
    };
    let rules: Vec<Value> = sidecar.allow_private.iter().map(one).collect();
    yaml::document(&json!([{ "not_rule": { "or_rules": { "rules": rules } } }]))
}

/// TLS to whoever is asked.
fn tls(sni: Option<&str>) -> Value {
    let mut context = json!({
        "@type": TLS_CONTEXT,
        "common_tls_context": { "validation_context": { "trusted_ca": { "filename": AUTHORITIES } } },
    });
    if let Some(sni) = sni {
        extend(&mut context, json!({ "sni": sni }));
    }
    json!({ "name": "envoy.transport_sockets.tls", "typed_config": context })
}

fn cluster(daemon: &Daemon) -> Value {
    let address = json!({ "socket_address": { "address": daemon.host(), "port_value": daemon.port() } });
    let mut cluster = json!({
        "type": if daemon.address().is_some() { "STATIC" } else { "STRICT_DNS" },
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": "sentinel",
            "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": address } }] }],
        },
    });
    if daemon.tls() {
        let options = json!({ "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": HTTP_OPTIONS,
            "explicit_http_config": { "http_protocol_options": {} },
            "upstream_http_protocol_options": { "auto_sni": true, "auto_san_validation": true },
        } });
        extend(
            &mut cluster,
            json!({ "transport_socket": tls(Some(daemon.host())), "typed_extension_protocol_options": options }),
        );
    }
    cluster
}
