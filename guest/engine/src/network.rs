//! The `network` section, compiled: which hosts a request may go to, and what it may ask of them.
//!
//! It is found by host, at a cost that does not follow the number of patterns. Whether a request fits
//! what is found is for [`crate::decide`] to say.

mod host_set;
mod mcp;
mod passthrough;
mod pattern;

pub(crate) use host_set::HostSet;
pub(crate) use mcp::{McpRules, McpTool, McpView, ToolRules, is_server_name};
pub(crate) use passthrough::{Fate, Passthrough, fate};
pub(crate) use pattern::{Covered, HostPattern};

use crate::decision::Rule;
use crate::http::{self, Authority, Scheme, Target};
use crate::path::{PathSet, fold_segment};
use crate::policy::{NameRules, Rules};
use crate::protocol::x402::X402Rules;

/// Hosts, and what the author wrote of each.
pub(crate) type Hosts = Rules<HostSet>;

/// `network`, with `transport.network`.
#[derive(Debug)]
pub(crate) struct Network {
    /// `denyHosts` and `egressDeny`: hold for every host.
    pub(crate) denied: Hosts,
    /// `denyPaths`: hold for every host.
    pub(crate) deny_paths: Option<Rules<PathSet>>,
    /// The hosts of all `rules`, one list behind the other.
    pub(crate) index: HostSet,
    /// For each of them its rule, and its number there.
    pub(crate) indexed: Vec<(usize, usize)>,
    pub(crate) rules: Vec<HostRule>,
    /// What the top level says, as a rule for `allowHosts` and `egressAllow`. Its methods, paths, bound
    /// of the body and private addresses are the defaults of the other rules.
    pub(crate) top: HostRule,
}

/// What may be asked of some hosts.
#[derive(Debug)]
pub(crate) struct HostRule {
    pub(crate) hosts: Hosts,
    /// `None`: those of the top level, and with none there every method but CONNECT.
    pub(crate) methods: Option<NameRules>,
    /// `None`: those of the top level, and with none there every path.
    pub(crate) allow_paths: Option<Rules<PathSet>>,
    /// Beside those of the top level.
    pub(crate) deny_paths: Option<Rules<PathSet>>,
    pub(crate) max_body_bytes: Option<u64>,
    pub(crate) block_private: Option<bool>,
    /// Present: the hosts speak MCP.
    pub(crate) mcp: Option<McpRules>,
    /// Whether the hosts are model APIs, so that tool calls in their answers are decided.
    pub(crate) llm: bool,
    /// Whether a connection to the hosts may become something that nobody reads.
    pub(crate) tunnel: bool,
    /// Where the rule stands: `/network/rules/0`, or `/network`.
    pub(crate) pointer: String,
    /// `None`: what the top level says, and with nothing there no payment.
    pub(crate) x402: Option<X402Rules>,
}

/// What could leave in a body unseen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unread {
    /// A payment of a message, whose host has limits for payments.
    pub(crate) payments: bool,
    /// A message, whose host speaks MCP at other paths.
    pub(crate) messages: bool,
}

/// The rule that decides a host, with the defaults of the top level behind it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Governing<'p> {
    pub(crate) network: &'p Network,
    pub(crate) rule: &'p HostRule,
    /// The pattern that named the host.
    pub(crate) host: &'p Rule,
    /// Whether MCP is spoken there, as far as is known.
    is_mcp: bool,
}

impl Network {
    /// The rule for this authority: the first of `rules` that names it, or else the top level if it does.
    pub(crate) fn governing(&self, authority: &Authority) -> Option<Governing<'_>> {
        let (rule, number) = match self.index.find(authority) {
            Some(found) => {
                let (rule, number) = *self.indexed.get(found)?;
                (self.rules.get(rule)?, number)
            }
            None => (&self.top, self.top.hosts.set.find(authority)?),
        };
        let host = rule.hosts.written(number)?;
        Some(Governing { network: self, rule, host, is_mcp: rule.mcp.is_some() })
    }

    /// The entry that denies this host: by its name, or by an address of it.
    pub(crate) fn denies(&self, authority: &Authority) -> Option<&Rule> {
        self.denied.written(self.denied.set.find(authority)?)
    }

    /// What is said of the tools of an MCP server that is known by its name alone: the one that a rule
    /// gives it, or its authority.
    pub(crate) fn mcp_for_server(&self, server: &str) -> Option<McpView<'_>> {
        let mut named = self.rules.iter().filter_map(|rule| rule.mcp.as_ref());
        let named = named.find(|mcp| mcp.server.as_deref() == Some(server));
        let own = named.or_else(|| self.mcp_at(server));
        let view = McpView { own, top: self.top.mcp.as_ref() };
        (view.own.is_some() || view.top.is_some()).then_some(view)
    }

    /// The same of a rule that does not name its server.
    fn mcp_at(&self, authority: &str) -> Option<&McpRules> {
        [Scheme::Https, Scheme::Http].into_iter().find_map(|scheme| {
            let governing = self.governing(&Authority::parse(authority, scheme).ok()?)?;
            governing.rule.mcp.as_ref().filter(|mcp| mcp.server.is_none())
        })
    }
}

impl<'p> Governing<'p> {
    /// The same for one path: MCP may be spoken at some of them only.
    pub(crate) fn at(mut self, target: &Target<'_>) -> Self {
        if let Some(paths) = self.mcp_paths() {
            // What cannot be compared is refused as MCP, if not before.
            self.is_mcp &= target.segments().map_or(true, |segments| {
                let folded: Vec<_> = segments.iter().map(|segment| fold_segment(segment)).collect();
                paths.set.find_segments(&folded).is_some()
            });
        }
        self
    }

    /// Paths at which MCP is spoken, where they are listed.
    fn mcp_paths(&self) -> Option<&'p Rules<PathSet>> {
        self.rule.mcp.as_ref()?;
        self.or_top(|rule| rule.mcp.as_ref()?.paths.as_ref())
    }

    fn or_top<T>(&self, pick: impl Fn(&'p HostRule) -> Option<T>) -> Option<T> {
        pick(self.rule).or_else(|| pick(&self.network.top))
    }

    /// Methods that may be used, where they are listed.
    pub(crate) fn methods(&self) -> Option<&'p NameRules> {
        self.or_top(|rule| rule.methods.as_ref())
    }

    /// Paths that may be asked for, where they are listed.
    pub(crate) fn allow_paths(&self) -> Option<&'p Rules<PathSet>> {
        self.or_top(|rule| rule.allow_paths.as_ref())
    }

    /// Paths that may not be asked for: the rule's own, and everybody's.
    pub(crate) fn deny_paths(&self) -> impl Iterator<Item = &'p Rules<PathSet>> + use<'p> {
        self.network.deny_paths.iter().chain(&self.rule.deny_paths)
    }

    /// Whether some list speaks of paths.
    pub(crate) fn has_path_rules(&self) -> bool {
        self.allow_paths().is_some() || self.deny_paths().next().is_some() || self.mcp_paths().is_some()
    }

    /// The bound of a body, where one is set.
    pub(crate) fn max_body_bytes(&self) -> Option<u64> {
        self.or_top(|rule| rule.max_body_bytes)
    }

    /// What becomes of private addresses, and where that stands.
    pub(crate) fn block_private(&self) -> Option<(bool, Rule)> {
        self.or_top(|rule| {
            let switch = rule.block_private?;
            let pointer = format!("{}/blockPrivateIps", rule.pointer);
            Some((switch, Rule { pattern: switch.to_string(), pointer }))
        })
    }

    /// What may be paid.
    pub(crate) fn x402(&self) -> Option<&'p X402Rules> {
        self.or_top(|rule| rule.x402.as_ref())
    }

    /// What is said of MCP tools, if the host speaks MCP.
    pub(crate) fn mcp(&self) -> Option<McpView<'p>> {
        let own = self.rule.mcp.as_ref().filter(|_| self.is_mcp)?;
        Some(McpView { own: Some(own), top: self.network.top.mcp.as_ref() })
    }

    /// The name of the MCP server that the host is, if it is one and has a name that tools can carry.
    pub(crate) fn mcp_server(&self, authority: &str) -> Option<String> {
        let named = self.rule.mcp.as_ref().filter(|_| self.is_mcp)?.server.as_deref().unwrap_or(authority);
        is_server_name(named).then(|| named.to_owned())
    }

    /// Whether the body has to be read for more than its length. Of model APIs only answers are read.
    pub(crate) fn reads_body(&self) -> bool {
        self.is_mcp
    }

    /// What could leave in a body that nobody reads as a message, where it may be one by its headers. A model
    /// API takes neither.
    pub(crate) fn unread(&self, headers: &[(&str, &str)]) -> Option<Unread> {
        if self.is_mcp || self.rule.llm || http::is_json(headers) == Some(false) {
            return None;
        }
        let unread = Unread { payments: self.x402().is_some(), messages: self.rule.mcp.is_some() };
        (unread.payments || unread.messages).then_some(unread)
    }

    /// Whether it depends on method and path which messages are read.
    pub(crate) fn reads_messages(&self) -> bool {
        self.rule.mcp.is_some() || self.rule.llm
    }
}
