//! `network` and `transport.network` to what a decision asks.

use super::{written, x402};
use crate::document::leaves::Text;
use crate::document::network::{
    AllowedPaths, AllowedTools, DeniedTools, HostEntry, HostRule as Rule, Mcp, Methods, Network as Section,
    TopMcp, Transport, UrlPathRule,
};
use crate::document::shape::Filled;
use crate::document::x402::X402;
use crate::meters::ToolPattern;
use crate::network::{HostPattern, HostRule, HostSet, Hosts, McpRules, Network, Passthrough, ToolRules};
use crate::path::{PathSet, Sense};
use crate::policy::{NameRules, Rules};

/// What a policy says of the network; `None` if it does not.
pub(super) fn network(section: Option<Section>, transport: Option<Transport>) -> Option<Network> {
    let egress = transport.and_then(|own| own.network);
    if section.is_none() && egress.is_none() {
        return None;
    }
    let (allow, deny) = egress.map_or((None, None), |own| (own.egress_allow, own.egress_deny));
    let joined = |own: Option<Vec<HostEntry>>, more: Option<Vec<HostEntry>>| {
        own.into_iter().chain(more).flatten().collect::<Vec<_>>()
    };
    let Some(own) = section else {
        return Some(build(joined(None, allow), joined(None, deny), Vec::new(), None, Top::default()));
    };
    let top = Top {
        methods: own.methods,
        allow_paths: own.allow_paths,
        max_body_bytes: own.max_body_bytes.map(|own| own.value),
        block_private: own.block_private_ips,
        mcp: own.mcp,
        x402: own.x402,
    };
    let rules = own.rules.map_or_else(Vec::new, |list| list.0);
    Some(build(
        joined(own.allow_hosts, allow),
        joined(own.deny_hosts, deny),
        rules,
        denied_paths(own.deny_paths),
        top,
    ))
}

/// Names whose TLS is passed on.
pub(super) fn passthrough(section: Option<&Section>, transport: Option<&Transport>) -> Passthrough {
    let egress = transport.and_then(|own| own.network.as_ref());
    let lists =
        [section.and_then(|own| own.deny_hosts.as_ref()), egress.and_then(|own| own.egress_deny.as_ref())];
    let denied: Vec<_> =
        lists.into_iter().flatten().flatten().map(|entry| entry.pattern.clone().denying()).collect();
    let listed = transport.and_then(|own| own.tls_passthrough.as_ref()).into_iter().flatten();
    Passthrough::new(listed.map(|entry| &entry.pattern), &denied)
}

/// What the top level says of the hosts that it allows.
#[derive(Default)]
struct Top {
    methods: Option<Methods>,
    allow_paths: Option<AllowedPaths>,
    max_body_bytes: Option<u64>,
    block_private: Option<bool>,
    mcp: Option<TopMcp>,
    x402: Option<X402>,
}

fn build(
    allow: Vec<HostEntry>,
    deny: Vec<HostEntry>,
    rules: Vec<Rule>,
    deny_paths: Option<Rules<PathSet>>,
    top: Top,
) -> Network {
    let all = || rules.iter().flat_map(|rule| rule.hosts.0.iter());
    let index = HostSet::new(all().map(|host| &host.pattern).zip(0..));
    let indexed =
        rules.iter().enumerate().flat_map(|(rule, own)| (0..own.hosts.0.len()).map(move |host| (rule, host)));
    let indexed = indexed.collect();
    Network {
        denied: hosts(
            deny.into_iter().map(|entry| HostEntry { pattern: entry.pattern.denying(), ..entry }).collect(),
        ),
        deny_paths,
        index,
        indexed,
        rules: rules.into_iter().enumerate().map(|(number, rule)| host_rule(number, rule)).collect(),
        top: HostRule {
            hosts: hosts(allow),
            methods: top.methods.map(methods),
            allow_paths: top.allow_paths.map(allowed_paths),
            // They hold for every host, and stand there.
            deny_paths: None,
            max_body_bytes: top.max_body_bytes,
            block_private: top.block_private,
            mcp: top.mcp.map(|own| mcp_rules(None, own.allow_tools, own.deny_tools, own.paths)),
            x402: top.x402.map(x402::rules),
            llm: false,
            tunnel: false,
            pointer: "/network".to_owned(),
        },
    }
}

fn host_rule(number: usize, rule: Rule) -> HostRule {
    HostRule {
        hosts: hosts(rule.hosts.0),
        methods: rule.methods.map(methods),
        allow_paths: rule.allow_paths.map(allowed_paths),
        deny_paths: denied_paths(rule.deny_paths),
        max_body_bytes: rule.max_body_bytes.map(|own| own.value),
        block_private: rule.block_private_ips,
        mcp: rule.mcp.map(mcp),
        x402: rule.x402.map(x402::rules),
        llm: rule.llm == Some(true),
        tunnel: rule.tunnel == Some(true),
        pointer: format!("/network/rules/{number}"),
    }
}

fn hosts(entries: Vec<HostEntry>) -> Hosts {
    let (patterns, written): (Vec<HostPattern>, _) =
        entries.into_iter().map(|entry| (entry.pattern, written(entry.text))).unzip();
    Rules { set: HostSet::new(patterns.iter().zip(0..)), written }
}

fn methods(list: Methods) -> NameRules {
    let texts: Vec<Text> = list.0.into_iter().map(|method| method.0).collect();
    super::names(Some(texts))
}

fn paths(sense: Sense, rules: Vec<UrlPathRule>) -> Rules<PathSet> {
    let (patterns, written) = rules.into_iter().map(|rule| (rule.pattern, written(rule.text))).unzip();
    Rules { set: PathSet::new(sense, patterns), written }
}

fn allowed_paths(list: AllowedPaths) -> Rules<PathSet> {
    paths(Sense::Allow, list.0)
}

/// An empty list denies nothing, and is none.
fn denied_paths(list: Option<Vec<UrlPathRule>>) -> Option<Rules<PathSet>> {
    list.filter(|list| !list.is_empty()).map(|list| paths(Sense::Below, list))
}

fn mcp(own: Mcp) -> McpRules {
    mcp_rules(own.server.map(|name| name.0.value), own.allow_tools, own.deny_tools, own.paths)
}

fn mcp_rules(
    server: Option<String>,
    allow: Option<AllowedTools>,
    deny: Option<DeniedTools>,
    own_paths: Option<AllowedPaths>,
) -> McpRules {
    let tools = |list: Vec<crate::document::network::ToolName>| {
        let own = |name: crate::document::network::ToolName| -> (ToolPattern, _) {
            (name.pattern, written(name.text))
        };
        ToolRules::new(list.into_iter().map(own).collect())
    };
    McpRules {
        server,
        allow_tools: allow.map(|Filled(list)| tools(list)),
        deny_tools: deny.map_or_else(ToolRules::default, |list| tools(list.0)),
        // Folded: a path that some server takes for one of these is one of these.
        paths: own_paths.map(|list| paths(Sense::Deny, list.0)),
    }
}
