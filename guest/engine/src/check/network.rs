//! What the types cannot say of `network`: names that are unique, entries that never count, and
//! entries that open more than they seem to.

use std::collections::BTreeSet;

use super::member;
use crate::diagnostic::{Severity, Span};
use crate::document::Document;
use crate::document::leaves::Text;
use crate::document::network::{HostEntry, HostRule, Methods, Network, UrlPathRule};
use crate::document::shape::Reading;
use crate::http::is_private_span;
use crate::network::{Covered, HostPattern, HostSet};
use crate::syntax::Node;

/// Reports mistakes, in whatever of the section could be read.
pub(super) fn check(root: &Node<'_>, cx: &mut Reading<'_>) {
    let rules = member(root, "network").and_then(|own| member(own, "rules"));
    let mut seen = BTreeSet::new();
    for (index, rule) in rules.and_then(Node::as_array).unwrap_or_default().iter().enumerate() {
        let Some(node) = member(rule, "mcp").and_then(|mcp| member(mcp, "server")) else { continue };
        if let Some(name) = node.as_str()
            && !seen.insert(name)
        {
            let message = format!("the server name `{}` is taken", name.escape_debug());
            let help = "give each rule its own; a tool is found by the name of its server";
            cx.report(
                Severity::Error,
                "duplicate-name",
                node.span,
                format!("/network/rules/{index}/mcp/server"),
                message,
                "this name",
                Some(help.to_owned()),
            );
        }
    }
}

/// What is legal and probably not meant.
pub(super) fn warn(document: &Document, cx: &mut Reading<'_>) {
    if document.network.is_some() || document.transport.is_some() {
        hosts(document, cx);
    }
    if let Some(network) = &document.network {
        top(network, cx);
    }
    let allowed = document.tool_actions.as_ref().and_then(|tools| tools.allowed.as_ref());
    for text in allowed.into_iter().flatten().filter(|text| text.value == crate::call::HTTP_TOOL) {
        let message = "tool `http` is decided by `network` alone, and needs no entry here".to_owned();
        note(cx, text, "dead-rule", message, "remove it, and name hosts in `network.allowHosts`");
    }
}

pub(super) fn note(cx: &mut Reading<'_>, text: &Text, code: &'static str, message: String, help: &str) {
    let (span, pointer): (Span, String) = (text.span, text.pointer.clone());
    let help = Some(help.to_owned());
    cx.report(Severity::Warning, code, span, pointer, message, "this entry", help);
}

/// Whether the blocking of private addresses is on, written out.
fn is_blocking(own: Option<bool>, network: Option<&Network>) -> bool {
    own.or_else(|| network.and_then(|top| top.block_private_ips)) == Some(true)
}

fn hosts(document: &Document, cx: &mut Reading<'_>) {
    let network = document.network.as_ref();
    let egress = document.transport.as_ref().and_then(|own| own.network.as_ref());
    let list = |own: Option<&'_ Vec<HostEntry>>| own.cloned().unwrap_or_default();
    let mut allowed = list(network.and_then(|own| own.allow_hosts.as_ref()));
    allowed.extend(list(egress.and_then(|own| own.egress_allow.as_ref())));
    let mut denied = list(network.and_then(|own| own.deny_hosts.as_ref()));
    denied.extend(list(egress.and_then(|own| own.egress_deny.as_ref())));
    let rules = network.and_then(|own| own.rules.as_ref()).map_or(&[] as &[HostRule], |list| &list.0);
    if let Some(transport) = &document.transport {
        super::transport::warn(transport, &denied, cx);
    }
    let deny_patterns: Vec<HostPattern> =
        denied.iter().map(|entry| entry.pattern.clone().denying()).collect();
    let deny = HostSet::new(deny_patterns.iter().zip(0..));
    let index = HostSet::new(
        rules
            .iter()
            .enumerate()
            .flat_map(|(number, rule)| rule.hosts.0.iter().map(move |own| (&own.pattern, number))),
    );
    for entry in &allowed {
        if index.covers(&entry.pattern).is_some() {
            let message =
                format!("`{}` is decided by a rule of `rules` and never by this list", entry.text.value);
            note(cx, &entry.text, "unreachable", message, "remove it here, or in the rule");
        }
        opens(entry, &deny, is_blocking(None, network), cx);
    }
    repeated(allowed.iter().map(|entry| &entry.text), cx);
    repeated(denied.iter().map(|entry| &entry.text), cx);
    for (number, rule) in rules.iter().enumerate() {
        for entry in &rule.hosts.0 {
            if let Some(earlier) = index.covers(&entry.pattern).filter(|earlier| *earlier < number) {
                let message = format!(
                    "`{}` is decided by `/network/rules/{earlier}`, which stands before it",
                    entry.text.value
                );
                note(cx, &entry.text, "unreachable", message, "move this rule up, or remove the entry");
            }
            opens(entry, &deny, is_blocking(rule.block_private_ips, network), cx);
        }
        repeated(rule.hosts.0.iter().map(|entry| &entry.text), cx);
        self::rule(rule, network, cx);
        if let (Some(own), Some(entry)) = (&rule.mcp, rule.hosts.0.first()) {
            let has_paths = own.paths.is_some() || rule.allow_paths.is_some();
            mcp_everywhere(has_paths, network, &entry.text, cx);
        }
    }
    if let (Some(_), Some(entry)) = (network.and_then(|own| own.mcp.as_ref()), allowed.first()) {
        mcp_everywhere(false, network, &entry.text, cx);
    }
}

/// An entry that allows: too much, nothing, or what is private.
fn opens(entry: &HostEntry, deny: &HostSet, is_blocking: bool, cx: &mut Reading<'_>) {
    let text = &entry.text;
    if deny.covers(&entry.pattern).is_some() {
        let message = format!("`{}` is denied by denyHosts and never applies", text.value);
        note(cx, text, "unreachable", message, "deny wins; remove one of the two");
    }
    match &entry.pattern.covered {
        Covered::Every => {
            let message = format!("`{}` allows every host", text.value);
            note(cx, text, "allows-everything", message, "name the hosts that the agent needs");
        }
        Covered::Net { length: 0, .. } => {
            let message = format!("`{}` allows every address", text.value);
            note(cx, text, "allows-everything", message, "name the hosts that the agent needs");
        }
        Covered::Net { family, first, length } => {
            if is_blocking && is_private_span(*family, *first, *length) {
                let message = format!(
                    "`{}` is private and allowed all the same: an address that is named is not blocked",
                    text.value
                );
                note(cx, text, "private-address", message, "remove it, unless the agent needs it");
            }
        }
        Covered::Below(_) | Covered::Name(_) => {}
    }
}

/// A rule of its own.
fn rule(rule: &HostRule, network: Option<&Network>, cx: &mut Reading<'_>) {
    paths(rule.allow_paths.iter().flat_map(|list| &list.0), cx);
    paths(rule.deny_paths.iter().flatten(), cx);
    paths(rule.mcp.iter().filter_map(|own| own.paths.as_ref()).flat_map(|list| &list.0), cx);
    methods(rule.methods.as_ref(), cx);
    let top = |pick: fn(&Network) -> bool| network.is_some_and(pick);
    let reads = rule.allow_paths.is_some()
        || rule.deny_paths.as_ref().is_some_and(|list| !list.is_empty())
        || rule.max_body_bytes.is_some()
        || rule.mcp.is_some()
        || rule.llm == Some(true)
        || top(|own| own.allow_paths.is_some() || own.max_body_bytes.is_some())
        || top(|own| own.deny_paths.as_ref().is_some_and(|list| !list.is_empty()));
    if rule.tunnel == Some(true)
        && reads
        && let Some(entry) = rule.hosts.0.first()
    {
        let message = "`tunnel` allows no CONNECT here: what says something of paths or bodies cannot be \
                       enforced behind it"
            .to_owned();
        note(cx, &entry.text, "dead-rule", message, "give the tunnel a rule of its own, or remove `tunnel`");
    }
}

fn top(network: &Network, cx: &mut Reading<'_>) {
    paths(network.allow_paths.iter().flat_map(|list| &list.0), cx);
    paths(network.deny_paths.iter().flatten(), cx);
    paths(network.mcp.iter().filter_map(|own| own.paths.as_ref()).flat_map(|list| &list.0), cx);
    methods(network.methods.as_ref(), cx);
}

/// Paths that no request can have.
fn paths<'t>(rules: impl Iterator<Item = &'t UrlPathRule> + Clone, cx: &mut Reading<'_>) {
    for text in rules.clone().map(|rule| &rule.text) {
        let query = text.value.split_once('?').is_some_and(|(_, tail)| tail.contains(['=', '&']));
        let why = if text.value.contains('#') {
            "a fragment is never sent"
        } else if text.value.contains(';') {
            "where paths are listed, a path with parameters is denied before"
        } else if query {
            "a path is compared without its query, and `?` is one character"
        } else {
            continue;
        };
        let message = format!("`{}` can match no path: {why}", text.value);
        note(cx, text, "never-matches", message, "write the path alone, as in `/v1/search`");
    }
    repeated(rules.map(|rule| &rule.text), cx);
}

fn methods(list: Option<&Methods>, cx: &mut Reading<'_>) {
    let texts = || list.into_iter().flat_map(|list| list.0.iter().map(|method| &method.0));
    for text in texts().filter(|text| text.value.bytes().any(|byte| byte.is_ascii_lowercase())) {
        let message = format!("`{}` is compared exactly, and methods are written in capitals", text.value);
        note(cx, text, "lower-case-method", message, "write `GET`, not `get`");
    }
    repeated(texts(), cx);
}

fn repeated<'t>(texts: impl Iterator<Item = &'t Text>, cx: &mut Reading<'_>) {
    let mut seen = BTreeSet::new();
    for text in texts.filter(|text| !seen.insert(text.value.clone())) {
        let message = format!("`{}` stands in this list twice", text.value);
        note(cx, text, "repeated", message, "remove one of them");
    }
}

/// A host of which nobody says where it speaks MCP: everything else that it serves is taken for MCP, too.
fn mcp_everywhere(has_paths: bool, network: Option<&Network>, text: &Text, cx: &mut Reading<'_>) {
    let by_top =
        |own: &Network| own.allow_paths.is_some() || own.mcp.as_ref().is_some_and(|mcp| mcp.paths.is_some());
    if !has_paths && !network.is_some_and(by_top) {
        let message = format!("every path of `{}` is taken for MCP", text.value);
        let help =
            "name those where MCP is spoken in `mcp.paths`, or all that may be asked for in `allowPaths`";
        note(cx, text, "mcp-everywhere", message, help);
    }
}
