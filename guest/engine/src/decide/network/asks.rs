//! Each list and switch of the section, asked of a request that could be read.

use core::net::IpAddr;

use super::{
    BODY_MISSING, BODY_TOO_LARGE, Said, Understood, bound, is_connect, known_addresses, reads_body, shown,
};
use crate::data::model_paths::{is_list_with_tools, is_without_tools};
use crate::decision::Rule;
use crate::http::{Authority, Host, Request, embedded, is_private};
use crate::network::{Governing, Network};
use crate::policy::Policy;
use crate::protocol::llm::Api;
use crate::wire::excerpt;

/// Adds a reason for everything that denies the request, and the rule that decides its host.
pub(super) fn ask<'p>(
    policy: &Policy,
    network: &'p Network,
    request: &Request<'_>,
    read: &Understood<'_>,
    said: &mut Said<'p>,
) {
    let resolved = request.resolved_ips.as_deref().unwrap_or_default();
    let addresses = known_addresses(&read.authority.host, resolved);
    denied_hosts(network, read, &addresses, said);
    let Some(governing) = network.governing(&read.authority) else {
        let message = format!(
            "Host \"{}\" on port {} is not allowed.",
            shown(&read.authority.host),
            read.authority.port
        );
        said.deny("host-not-allowed", message, None);
        return;
    };
    let governing = read.target.as_ref().map_or(governing, |target| governing.at(target));
    said.matched = Some(governing);
    private_addresses(&governing, read, &addresses, request.resolves_later, said);
    tunnels(&governing, read, said);
    methods(policy, &governing, read, said);
    paths(policy, &governing, read, said);
    models(&governing, read, said);
    // An inner call has no headers and no body: they were decided where it came in.
    if request.headers.is_some() {
        body(policy, &governing, request, read, said);
    }
    let is_named = || governing.mcp_server(&read.authority.text(read.scheme)).is_some();
    if governing.mcp().is_some() && !is_named() {
        let message =
            "Host speaks MCP, and its authority cannot be the name of a server; name it in `mcp.server`.";
        said.deny("mcp-server-unnamed", message.to_owned(), None);
    }
}

/// The same port of an address.
fn at(address: IpAddr, of: &Authority) -> Authority {
    Authority { host: Host::Address(address), port: of.port, is_default: of.is_default }
}

/// A denial counts for the name, for each address, and for what an address leads to (H2).
fn denied_hosts(network: &Network, read: &Understood<'_>, addresses: &[IpAddr], said: &mut Said<'_>) {
    if let Some(rule) = network.denies(&read.authority) {
        let message =
            format!("Host \"{}\" matches deny pattern \"{}\".", shown(&read.authority.host), rule.pattern);
        said.deny("host-denied", message, Some(rule));
        return;
    }
    for address in addresses {
        let found = [Some(*address), embedded(*address)].into_iter().flatten();
        let Some(rule) = found.map(|own| at(own, &read.authority)).find_map(|own| network.denies(&own))
        else {
            continue;
        };
        let message = format!(
            "Host \"{}\" has the address {address}, which matches deny pattern \"{}\".",
            shown(&read.authority.host),
            rule.pattern
        );
        said.deny("host-denied", message, Some(rule));
        return;
    }
}

/// H4
fn private_addresses(
    governing: &Governing<'_>,
    read: &Understood<'_>,
    addresses: &[IpAddr],
    resolves_later: bool,
    said: &mut Said<'_>,
) {
    let switch = governing.block_private();
    let is_on = switch.as_ref().map(|(is_on, _)| *is_on);
    let rule = switch.as_ref().map(|(_, rule)| rule);
    if is_on == Some(false) {
        return;
    }
    let host = &read.authority.host;
    if addresses.is_empty() && is_on == Some(true) && !resolves_later {
        let message = format!(
            "Addresses of host \"{}\" are not known, and the policy blocks private ones.",
            shown(host)
        );
        said.deny("addresses-unknown", message, rule);
    }
    let hosts = &governing.rule.hosts.set;
    // Whoever writes `localhost` means this machine.
    let is_named_here = host.is_localhost() && hosts.names_exactly(&read.authority);
    let is_named = |address: IpAddr| {
        hosts.names_address(&at(address, &read.authority)) || is_named_here && address.is_loopback()
    };
    if let Some(address) = addresses.iter().find(|address| is_private(**address) && !is_named(**address)) {
        let message =
            format!("Host \"{}\" has the address {address}, which is not a public one.", shown(host));
        said.deny("address-private", message, rule);
    }
}

/// What nobody can look into (H3, M6).
fn tunnels(governing: &Governing<'_>, read: &Understood<'_>, said: &mut Said<'_>) {
    let (connects, upgrades) = (is_connect(read.method), read.framing.upgrades);
    if !connects && !upgrades {
        return;
    }
    let what = if connects { "CONNECT" } else { "An upgrade of the connection" };
    if !governing.rule.tunnel {
        let code = if connects { "tunnel-denied" } else { "header-upgrade" };
        said.deny(code, format!("{what} is allowed only to hosts whose rule says `tunnel`."), None);
        return;
    }
    let reads_bodies = bound(governing, governing.reads_body()).is_some() || governing.rule.llm;
    if reads_bodies || connects && governing.has_path_rules() {
        let message = format!("{what} would leave rules of the policy about paths or bodies without effect.");
        said.deny("tunnel-uninspected", message, None);
    }
}

/// What a model answers elsewhere than where its answers are read could be a call that nobody decides.
fn models(governing: &Governing<'_>, read: &Understood<'_>, said: &mut Said<'_>) {
    let Some(target) = read.target.as_ref().filter(|_| governing.rule.llm) else { return };
    let path = target.text();
    let is_unread = match read.method {
        "HEAD" | "OPTIONS" | "DELETE" => false,
        "GET" => is_list_with_tools(&path),
        _ => !is_without_tools(&path),
    };
    if is_unread && Api::of_request(read.method, &path).is_none() {
        let message = "Host is a model API, and answers at this path are none that can be read.";
        said.deny("llm-path-unknown", message.to_owned(), None);
    }
}

fn methods(policy: &Policy, governing: &Governing<'_>, read: &Understood<'_>, said: &mut Said<'_>) {
    let listed = governing.methods();
    if let Some(methods) = listed
        && !methods.names.contains_key(read.method)
    {
        said.deny("method-not-allowed", format!("Method \"{}\" is not allowed.", excerpt(read.method)), None);
    }
    let Some(header) = read.framing.overrides else { return };
    // What reads of the request what it does: lists, rules, the authority, and readers of messages.
    let looks = policy.looks.method || policy.looks.path || policy.judges_methods();
    if listed.is_some() || governing.has_path_rules() || governing.reads_messages() || looks {
        let message = format!("Header `{header}` would replace the method or the path that was decided.");
        said.deny("header-override", message, None);
    }
}

fn paths(policy: &Policy, governing: &Governing<'_>, read: &Understood<'_>, said: &mut Said<'_>) {
    let Some(target) = &read.target else { return };
    let is_listed = governing.has_path_rules();
    if target.has_parameters && (is_listed || policy.looks.path || governing.rule.llm) {
        let message = "Path has parameters, which some servers drop and others do not; no rule about paths \
                       can speak of it.";
        said.deny("path-parameters", message.to_owned(), None);
        return;
    }
    if !is_listed {
        return;
    }
    let segments = match target.segments() {
        Ok(segments) => segments,
        Err(fault) => return said.fault(fault),
    };
    let found = |rules: &'_ crate::policy::Rules<crate::path::PathSet>| -> Option<Rule> {
        rules.written(rules.set.find_segments(&segments)?).cloned()
    };
    if let Some(rule) = governing.deny_paths().find_map(found) {
        let message =
            format!("Path \"{}\" matches deny pattern \"{}\".", excerpt(target.path()), rule.pattern);
        said.deny("path-denied", message, Some(&rule));
    }
    if let Some(allowed) = governing.allow_paths()
        && found(allowed).is_none()
    {
        said.deny("path-not-allowed", format!("Path \"{}\" is not allowed.", excerpt(target.path())), None);
    }
}

/// H7
fn body(
    policy: &Policy,
    governing: &Governing<'_>,
    request: &Request<'_>,
    read: &Understood<'_>,
    said: &mut Said<'_>,
) {
    let framing = &read.framing;
    let given = request.body.as_ref().map(|body| body.bytes().len() as u64);
    if let (Some(given), Some(length)) = (given, framing.length)
        && given != length
    {
        let message = "Header `content-length` is not the length of the body.";
        said.deny("header-content-length", message.to_owned(), None);
    }
    let reads = reads_body(policy, governing, request.headers.as_deref().unwrap_or_default());
    let Some(bound) = bound(governing, reads) else { return };
    let is_too_long = given.into_iter().chain(framing.length).any(|length| length > bound);
    if is_too_long {
        let message = format!("Body is longer than {bound} bytes.");
        said.deny(BODY_TOO_LARGE, message, None);
    }
    if framing.is_encoded {
        let message = "Body is encoded, and a rule of the policy has to read it as it is.";
        said.deny("body-encoded", message.to_owned(), None);
    }
    // A length that is declared can be judged; everything else needs the body itself.
    let is_needed = framing.is_chunked || reads && framing.announces_body();
    if given.is_none() && is_needed && !is_too_long {
        let message = "Body of the request did not come with it, and a rule of the policy has to see it.";
        said.deny(BODY_MISSING, message.to_owned(), None);
    }
}
