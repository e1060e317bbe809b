//! Which tools of an MCP server may be called, by the names that the server gives them.

use std::collections::BTreeMap;

use crate::decision::Rule;
use crate::limits::MCP_SERVER_BYTES_MAX;
use crate::meters::ToolPattern;

/// `mcp` of a rule, or of the top level.
#[derive(Debug)]
pub(crate) struct McpRules {
    /// What its tools are called by in calls: `mcp__<server>__<tool>`. `None`: the authority.
    pub(crate) server: Option<String>,
    /// `None`: no list.
    pub(crate) allow_tools: Option<ToolRules>,
    pub(crate) deny_tools: ToolRules,
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
