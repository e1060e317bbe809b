//! What a policy says of the network.

use super::list;
use crate::decision::Rule;
use crate::network::{HostRule, Network, Passthrough};
use crate::path::PathSet;
use crate::policy::{NameRules, Rules};
use crate::wire::json_string;

/// The section, as its author wrote it.
pub(super) fn section(own: &Network) -> String {
    let top = &own.top;
    let rules: Vec<String> = own.rules.iter().map(rule).collect();
    format!(
        r#"{{"allowHosts":{},"denyHosts":{},"methods":{},"allowPaths":{},"denyPaths":{},"maxBodyBytes":{},"blockPrivateIps":{},"mcp":{},"rules":[{}]}}"#,
        written(&top.hosts.written),
        written(&own.denied.written),
        methods(top.methods.as_ref()),
        paths(top.allow_paths.as_ref(), "null"),
        paths(own.deny_paths.as_ref(), "[]"),
        top.max_body_bytes.map_or_else(|| "null".to_owned(), |bytes| bytes.to_string()),
        top.block_private.map_or("null", |is_on| if is_on { "true" } else { "false" }),
        top.mcp.is_some(),
        rules.join(",")
    )
}

/// Names whose TLS a proxy passes on, and those that are listed and denied.
pub(super) fn passthrough(own: &Passthrough) -> String {
    let names = |own: &[String]| list(own.iter().map(String::as_str));
    format!(r#"{{"passed":{},"withheld":{}}}"#, names(&own.passed), names(&own.withheld))
}

/// A rule: its hosts, and what they are.
fn rule(own: &HostRule) -> String {
    let mcp = match &own.mcp {
        None => "false".to_owned(),
        Some(mcp) => mcp.server.as_deref().map_or_else(|| "true".to_owned(), json_string),
    };
    let hosts = written(&own.hosts.written);
    format!(r#"{{"hosts":{hosts},"mcp":{mcp},"llm":{},"tunnel":{}}}"#, own.llm, own.tunnel)
}

fn written(rules: &[Rule]) -> String {
    list(rules.iter().map(|rule| rule.pattern.as_str()))
}

fn methods(own: Option<&NameRules>) -> String {
    own.map_or_else(|| "null".to_owned(), |own| list(own.names.keys().map(String::as_str)))
}

fn paths(own: Option<&Rules<PathSet>>, absent: &str) -> String {
    own.map_or_else(|| absent.to_owned(), |own| written(&own.written))
}
