//! Which tools of an MCP server may be called, by the names that the server gives them.

use std::collections::BTreeMap;

use crate::decision::Rule;
use crate::limits::MCP_SERVER_BYTES_MAX;
use crate::meters::ToolPattern;
use crate::path::PathSet;
use crate::policy::Rules;

/// `mcp` of a rule, or of the top level.
#[derive(Debug)]
pub(crate) struct McpRules {
    /// What its tools are called by in calls: `mcp__<server>__<tool>`. `None`: the authority.
    pub(crate) server: Option<String>,
    /// `None`: no list.
    pub(crate) allow_tools: Option<ToolRules>,
    pub(crate) deny_tools: ToolRules,
    /// Where it is spoken. `None`: as the top level says, and without that everywhere.
    pub(crate) paths: Option<Rules<PathSet>>,
}

/// Patterns of names, and what the author wrote of each.
#[derive(Debug, Default)]
pub(crate) struct ToolRules {
    exact: BTreeMap<String, usize>,
    patterns: Vec<(ToolPattern, usize)>,
    written: Vec<Rule>,
}

impl ToolRules {
    pub(crate) fn new(list: Vec<(ToolPattern, Rule)>) -> Self {
        let mut rules = Self::default();
        for (number, (pattern, rule)) in list.into_iter().enumerate() {
            if pattern.as_str().contains('*') {
                rules.patterns.push((pattern, number));
            } else {
                rules.exact.entry(pattern.as_str().to_owned()).or_insert(number);
            }
            rules.written.push(rule);
        }
        rules
    }

    /// The first entry that speaks of this tool.
    pub(crate) fn find(&self, tool: &str) -> Option<&Rule> {
        let exact = self.exact.get(tool).copied();
        let pattern = self.patterns.iter().find(|(pattern, _)| pattern.matches(tool)).map(|(_, at)| *at);
        self.written.get(exact.into_iter().chain(pattern).min()?)
    }
}

/// What is said of the tools of one server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct McpView<'p> {
    /// By the rule for the server.
    pub(crate) own: Option<&'p McpRules>,
    /// By the top level: what it denies is denied everywhere, what it allows is a default.
    pub(crate) top: Option<&'p McpRules>,
}

/// What is said of one tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum McpTool<'p> {
    /// A list denies it.
    Denied(&'p Rule),
    /// There is a list of those that are allowed, and it is not on it.
    NotAllowed,
    /// It is on that list.
    Allowed(&'p Rule),
    /// No list speaks of it.
    Unlisted,
}

impl<'p> McpView<'p> {
    /// What is said of a tool, by the name that its server gives it.
    pub(crate) fn tool(&self, name: &str) -> McpTool<'p> {
        let denies = |rules: Option<&'p McpRules>| rules.and_then(|own| own.deny_tools.find(name));
        if let Some(rule) = denies(self.top).or_else(|| denies(self.own)) {
            return McpTool::Denied(rule);
        }
        let allows = |rules: Option<&'p McpRules>| rules.and_then(|own| own.allow_tools.as_ref());
        match allows(self.own).or_else(|| allows(self.top)) {
            None => McpTool::Unlisted,
            Some(list) => list.find(name).map_or(McpTool::NotAllowed, McpTool::Allowed),
        }
    }
}

/// Whether a text can be the name of a server: it is put into the names of tools, where `__` ends it.
pub(crate) fn is_server_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':');
    !text.is_empty()
        && text.len() <= MCP_SERVER_BYTES_MAX
        && text.bytes().all(is_plain)
        && !text.contains("__")
        // An underscore at the end would make the three of `a_` and `__` read as `a` and `_`.
        && !text.ends_with('_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Format, Policy};

    fn policy(network: &str) -> Policy {
        let text = format!(r#"{{"agentId":"a","version":"1","identity":{{}},"network":{network}}}"#);
        Policy::load(&text, Format::Json).expect("a policy")
    }

    fn said(policy: &Policy, server: &str, tool: &str) -> &'static str {
        let view = policy.network.as_ref().and_then(|network| network.mcp_for_server(server));
        match view.map(|view| view.tool(tool)) {
            None => "no server",
            Some(McpTool::Denied(_)) => "denied",
            Some(McpTool::NotAllowed) => "not allowed",
            Some(McpTool::Allowed(_)) => "allowed",
            Some(McpTool::Unlisted) => "unlisted",
        }
    }

    #[test]
    fn a_server_has_its_own_lists_and_what_is_denied_everywhere() {
        let policy = policy(
            r#"{"mcp":{"allowTools":["ping"],"denyTools":["rm*"]},"rules":[
                {"hosts":["a.example"],"mcp":{"server":"files","allowTools":["read_*","rm_dir"],"denyTools":["read_secret"]}},
                {"hosts":["b.example"],"mcp":{"server":"plain"}},
                {"hosts":["c.example"],"mcp":{}}]}"#,
        );
        for (server, tool, expect) in [
            ("files", "read_file", "allowed"),
            ("files", "read_secret", "denied"),
            ("files", "rm_dir", "denied"),
            ("files", "ping", "not allowed"),
            ("files", "Read_file", "not allowed"),
            ("plain", "ping", "allowed"),
            ("plain", "read_file", "not allowed"),
            ("plain", "rm", "denied"),
            // Known by its host only, or not at all: the top level.
            ("c.example", "ping", "allowed"),
            ("elsewhere", "rm", "denied"),
        ] {
            assert_eq!(said(&policy, server, tool), expect, "{server} {tool}");
        }
    }

    #[test]
    fn without_lists_nothing_is_said_of_tools() {
        let own = policy(r#"{"rules":[{"hosts":["a.example"],"mcp":{"server":"files"}}]}"#);
        assert_eq!(said(&own, "files", "rm"), "unlisted");
        assert_eq!(said(&own, "other", "rm"), "no server");
    }

    #[test]
    fn the_name_of_a_server_cannot_be_mistaken_in_the_name_of_a_tool() {
        for name in ["files", "api.example.com", "api.example.com:8443", "a_b-c", "_a", &"a".repeat(128)] {
            assert!(is_server_name(name), "{name}");
        }
        for name in ["", "a__b", "a_", "a/b", "a b", "[::1]", "caf\u{e9}", &"a".repeat(129)] {
            assert!(!is_server_name(name), "{name}");
        }
    }
}
