//! What stands between the listener and the router: ours, what Envoy has, and nothing.

use std::path::Path;

use sentinel_envoy_tests::bootstrap::{cluster, extension};
use sentinel_envoy_tests::{Bootstrap, module, wasm};
use serde_json::{Value, json};

use crate::load::{Load, MCP_HOST, PLAIN_HOST, TOOL};

/// How many rules a policy has, ours and Envoy's.
const RULES: usize = 100;

/// The cluster of the server that `ext_authz` asks.
const AUTHORIZER: &str = "authorizer";

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chain {
    Direct,
    Router,
    Empty,
    Rbac,
    Mcp,
    McpRbac,
    Lua,
    ExtAuthz,
    Sentinel,
}

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) load: Load,
    pub(crate) chain: Chain,
}

/// All lines. The router is what the others with the same load are compared with, so it comes first.
pub(crate) fn rows() -> Vec<Row> {
    use Chain::{Direct, Empty, ExtAuthz, Lua, Mcp, McpRbac, Rbac, Router, Sentinel};
    let with = |load: Load, chains: &[Chain]| -> Vec<Row> {
        chains.iter().map(|chain| Row { load, chain: *chain }).collect()
    };
    let calls = [Router, Empty, Mcp, McpRbac, Lua, ExtAuthz, Sentinel];
    [
        with(Load::Headers, &[Router, Direct, Empty, Rbac, ExtAuthz, Sentinel]),
        with(Load::Call, &calls),
        with(Load::LargeCall, &calls),
    ]
    .concat()
}

/// Who answers behind the proxy, and says yes to `ext_authz`: the result of a tool to everybody, once it has
/// read the whole request. An answer before that would cost the proxy a connection for each request.
pub(crate) fn origin() -> Bootstrap {
    let fields = json!({ "max_request_bytes": 65_536 });
    let buffer = "envoy.extensions.filters.http.buffer.v3.Buffer";
    let result = json!({ "content": [{ "type": "text", "text": "done" }] });
    let message = json!({ "jsonrpc": "2.0", "id": 1, "result": result }).to_string();
    let answer = json!({
        "match": { "prefix": "/" },
        "direct_response": { "status": 200, "body": { "inline_string": message } },
        "response_headers_to_add": [{
            "header": { "key": "content-type", "value": "application/json" },
            "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
        }],
    });
    Bootstrap::answering().route(answer).filter(extension("envoy.filters.http.buffer", buffer, fields))
}

impl Chain {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct_response",
            Self::Router => "router only",
            Self::Empty => "+ empty wasm",
            Self::Rbac => "+ rbac, 100 rules",
            Self::Mcp => "+ mcp",
            Self::McpRbac => "+ mcp + rbac",
            Self::Lua => "+ lua",
            Self::ExtAuthz => "+ ext_authz",
            Self::Sentinel => "+ sentinel, 100 rules",
        }
    }

    /// The configuration, in front of a server that answers the same to everybody.
    pub(crate) fn bootstrap(self, load: Load, origin: u16) -> Bootstrap {
        let plain = Bootstrap::new(origin);
        match self {
            Self::Direct => Bootstrap::answering(),
            Self::Router => plain,
            Self::Empty => plain.filter(wasm(module::empty(), &json!({}))),
            Self::Rbac => plain.filter(rbac()),
            Self::Mcp => plain.filter(mcp()),
            Self::McpRbac => plain.filter(mcp()).filter(mcp_rbac()),
            Self::Lua => plain.filter(lua()),
            Self::ExtAuthz => plain.filter(ext_authz(load)).cluster(cluster(AUTHORIZER, origin)),
            Self::Sentinel => plain.filter(sentinel(&sentinel_module())),
        }
    }
}

/// Ours: what `SENTINEL_ENVOY_WASM` names, or else what is built here.
pub(crate) fn sentinel_module() -> std::path::PathBuf {
    std::env::var_os("SENTINEL_ENVOY_WASM").map_or_else(|| module::sentinel().to_owned(), Into::into)
}

/// Ours, with a policy of a hundred hosts and a hundred rules about the arguments of one tool.
pub(crate) fn sentinel(module: &Path) -> Value {
    let mut hosts: Vec<Value> = (2..RULES)
        .map(|number| {
            json!({
                "hosts": [format!("host-{number}.example")],
                "methods": ["GET", "POST"],
                "allowPaths": [format!("/v{number}/**")],
            })
        })
        .collect();
    hosts.push(json!({ "hosts": [PLAIN_HOST], "methods": ["GET"], "allowPaths": ["/v1/**"] }));
    hosts.push(json!({ "hosts": [MCP_HOST], "mcp": { "server": "files", "allowTools": [TOOL] } }));
    let rules: Vec<Value> = (0..RULES)
        .map(|number| {
            json!({
                "name": format!("word-{number}"),
                "tools": [format!("mcp__files__{TOOL}")],
                "when": { "param": "text", "operator": "eq", "value": format!("word {number}") },
                "action": "block",
            })
        })
        .collect();
    let policy = json!({
        "agentId": "bench",
        "version": "1",
        "identity": { "role": "bench", "authorityLevel": "all", "environmentScope": ["production"] },
        "toolActions": { "allowed": [format!("mcp__files__{TOOL}")] },
        "network": { "rules": hosts },
        "rules": rules,
    });
    wasm(module, &json!({ "agentId": "bench", "environment": "production", "policy": policy }))
}

/// Envoy's own, about host and path as ours is.
fn rbac() -> Value {
    let policy = |host: &str, path: &str| {
        let header = |name: &str, value: Value| json!({ "header": { "name": name, "string_match": value } });
        let both =
            [header(":authority", json!({ "exact": host })), header(":path", json!({ "prefix": path }))];
        json!({ "permissions": [{ "and_rules": { "rules": both } }], "principals": [{ "any": true }] })
    };
    let mut policies: serde_json::Map<String, Value> = (2..=RULES)
        .map(|number| {
            let (host, path) = (format!("host-{number}.example"), format!("/v{number}/"));
            (format!("host-{number:03}"), policy(&host, &path))
        })
        .collect();
    // The names are asked in order, and this is the last.
    policies.insert("host-plain".to_owned(), policy(PLAIN_HOST, "/v1/"));
    rbac_filter(&json!({ "action": "ALLOW", "policies": policies }))
}

fn rbac_filter(rules: &Value) -> Value {
    let name = "envoy.filters.http.rbac";
    extension(name, "envoy.extensions.filters.http.rbac.v3.RBAC", json!({ "rules": rules }))
}

/// Envoy's own reader of MCP, as strict as it can be.
fn mcp() -> Value {
    let fields = json!({
        "traffic_mode": "REJECT_NO_MCP",
        "reject_duplicate_keys": true,
        "attribute_source": "VERIFY",
        "max_request_body_size": 0,
    });
    extension("envoy.filters.http.mcp", "envoy.extensions.filters.http.mcp.v3.Mcp", fields)
}

/// Denies a tool by the name that [`mcp`] has read.
fn mcp_rbac() -> Value {
    let matcher = json!({
        "filter": "envoy.filters.http.mcp",
        "path": [{ "key": "params" }, { "key": "name" }],
        "value": { "string_match": { "exact": "rm" } },
    });
    let permission = json!({ "sourced_metadata": { "metadata_matcher": matcher } });
    let policy = json!({ "permissions": [permission], "principals": [{ "any": true }] });
    rbac_filter(&json!({ "action": "DENY", "policies": { "rm": policy } }))
}

/// One comparison in a script.
fn lua() -> Value {
    let script = r#"
function envoy_on_request(request)
  local body = request:body()
  if body and string.find(body:getBytes(0, body:length()), '"name":"rm"', 1, true) then
    request:respond({[":status"] = "403"}, "no")
  end
end"#;
    let fields = json!({ "default_source_code": { "inline_string": script } });
    extension("envoy.filters.http.lua", "envoy.extensions.filters.http.lua.v3.Lua", fields)
}

/// Asks a server that always says yes, with the body where there is one.
fn ext_authz(load: Load) -> Value {
    let server = json!({ "uri": "http://authorizer", "cluster": AUTHORIZER, "timeout": "1s" });
    let mut fields = json!({ "transport_api_version": "V3", "http_service": { "server_uri": server } });
    if load != Load::Headers {
        fields["with_request_body"] = json!({ "max_request_bytes": 65_536, "allow_partial_message": false });
    }
    extension("envoy.filters.http.ext_authz", "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz", fields)
}
