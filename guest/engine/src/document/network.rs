//! `network` and `transport` of a document, as types.

use super::leaves::{Text, Whole, visible};
use super::shape::{Few, Filled, Reading, Shape, shape_enum, shape_struct};
use super::x402::X402;
use crate::http::{is_token, pattern_text};
use crate::limits::{
    HTTP_BODY_BOUND_MAX, HTTP_METHOD_BYTES_MAX, LIST_ENTRIES_MAX, MCP_SERVER_BYTES_MAX, MCP_TOOLS_MAX,
    METHODS_MAX, NETWORK_RULES_MAX, PATTERN_BYTES_MAX,
};
use crate::meters::ToolPattern;
use crate::network::{HostPattern, is_server_name};
use crate::path::PathPattern;
use crate::syntax::Node;

/// `rules`
pub(crate) type HostRules = Few<HostRule, NETWORK_RULES_MAX>;

/// `methods`
pub(crate) type Methods = Filled<Method, METHODS_MAX>;

/// `allowPaths`: an empty list would allow none, and nobody means that.
pub(crate) type AllowedPaths = Filled<UrlPathRule, LIST_ENTRIES_MAX>;

/// A bound of a body.
pub(crate) type BodyBytes = Whole<0, HTTP_BODY_BOUND_MAX>;

/// `allowTools`
pub(crate) type AllowedTools = Filled<ToolName, MCP_TOOLS_MAX>;

/// `denyTools`
pub(crate) type DeniedTools = Few<ToolName, MCP_TOOLS_MAX>;

shape_struct! {
    /// Hosts that the agent may reach over HTTP, and what it may ask of them. Without it, none.
    pub(crate) struct Network {
        /// Hosts that may be reached: `api.example.com`, `*.example.com` (one or more labels in front),
        /// an address, a network such as `10.0.0.0/8`, or `*`. Without a port behind it an entry speaks
        /// of the default port of the scheme; `:8443` is one port and `:*` is every port.
        allow_hosts: Option<Vec<HostEntry>> = "allowHosts",
        /// Hosts that may not be reached, whatever else is said: tried on the name and on every address
        /// of it. Without a port an entry speaks of every port.
        deny_hosts: Option<Vec<HostEntry>> = "denyHosts",
        /// Methods that may be used, compared exactly; every method but CONNECT if absent.
        methods: Option<Methods> = "methods",
        /// Paths that may be asked for, without the query; every path if absent.
        allow_paths: Option<AllowedPaths> = "allowPaths",
        /// Paths that may not be asked for, of any host, and everything below them.
        deny_paths: Option<Vec<UrlPathRule>> = "denyPaths",
        /// Longest body of a request in bytes. A longer one is denied, never cut.
        max_body_bytes: Option<BodyBytes> = "maxBodyBytes",
        /// Whether addresses that are not public are refused. True: addresses have to be known. Absent:
        /// those that are known are checked. False: none is. One that an entry names itself is allowed.
        block_private_ips: Option<bool> = "blockPrivateIps",
        /// The hosts speak MCP: which tools may be called. Of rules with a list of their own only
        /// `denyTools` holds as well.
        mcp: Option<TopMcp> = "mcp",
        /// Rules for single hosts. The first that names a host decides it, instead of `allowHosts`.
        rules: Option<HostRules> = "rules",
        /// What may be paid by x402, where a rule says nothing of its own. Without it, nothing.
        x402: Option<X402> = "x402",
    }
}

shape_struct! {
    /// What the agent may ask of some hosts. What is absent is as the top level of `network` says.
    pub(crate) struct HostRule {
        /// The hosts, written as in `allowHosts`.
        hosts: Filled<HostEntry, LIST_ENTRIES_MAX> = "hosts",
        /// Methods that may be used, compared exactly.
        methods: Option<Methods> = "methods",
        /// Paths that may be asked for, without the query.
        allow_paths: Option<AllowedPaths> = "allowPaths",
        /// Paths that may not be asked for, and everything below them, beside those of the top level.
        deny_paths: Option<Vec<UrlPathRule>> = "denyPaths",
        /// Longest body of a request in bytes.
        max_body_bytes: Option<BodyBytes> = "maxBodyBytes",
        /// Whether addresses that are not public are refused.
        block_private_ips: Option<bool> = "blockPrivateIps",
        /// The hosts speak MCP: which tools may be called.
        mcp: Option<Mcp> = "mcp",
        /// Whether the hosts are model APIs: tool calls in their answers are decided.
        llm: Option<bool> = "llm",
        /// Whether CONNECT and upgrades such as WebSocket are allowed, behind which nobody looks.
        tunnel: Option<bool> = "tunnel",
        /// What may be paid to the hosts by x402, instead of what the top level says.
        x402: Option<X402> = "x402",
    }
}

shape_struct! {
    /// Tools of MCP servers, by the names that the servers give them, `*` for any text.
    pub(crate) struct TopMcp {
        /// Tools that may be called, where a rule has no list of its own.
        allow_tools: Option<AllowedTools> = "allowTools",
        /// Tools that may not be called, of any server.
        deny_tools: Option<DeniedTools> = "denyTools",
        /// Paths at which MCP is spoken, where a rule does not say; every path if absent.
        paths: Option<AllowedPaths> = "paths",
    }
}

shape_struct! {
    /// Tools of an MCP server, by the names that the server gives them, `*` for any text.
    pub(crate) struct Mcp {
        /// What the server is called in the names of tools, `mcp__<server>__<tool>`; host and port if
        /// absent.
        server: Option<ServerName> = "server",
        /// Tools that may be called; those of the top level if absent, and every tool if it has none.
        allow_tools: Option<AllowedTools> = "allowTools",
        /// Tools that may not be called, beside those of the top level.
        deny_tools: Option<DeniedTools> = "denyTools",
        /// Paths at which MCP is spoken; every path if neither this nor the top level says. At all others
        /// the rule is one like any other.
        paths: Option<AllowedPaths> = "paths",
    }
}

shape_struct! {
    /// How traffic is carried.
    pub(crate) struct Transport {
        /// What becomes of TLS at a proxy of ours; refused if absent.
        https_inspection: Option<HttpsInspection> = "httpsInspection",
        /// Names whose TLS a proxy of ours passes on as it is: nothing else of this policy looks at it.
        tls_passthrough: Option<Vec<HostEntry>> = "tlsPassthrough",
        /// Another spelling of the lists of hosts in `network`, which these are added to.
        network: Option<Egress> = "network",
    }
}

shape_struct! {
    /// Hosts, written as in `network.allowHosts`.
    pub(crate) struct Egress {
        /// Hosts that may be reached.
        egress_allow: Option<Vec<HostEntry>> = "egressAllow",
        /// Hosts that may not be reached.
        egress_deny: Option<Vec<HostEntry>> = "egressDeny",
    }
}

/// How connections with TLS are looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HttpsInspection {
    SniOnly,
    TlsOrigination,
}

shape_enum! {
    /// How connections with TLS are looked into.
    HttpsInspection {
        "sni-only" => Self::SniOnly,
        "tls-origination" => Self::TlsOrigination,
    }
}

/// A text of a list, bounded and without characters that nobody sees.
fn bounded(node: &Node<'_>, code: &'static str, cx: &mut Reading<'_>) -> Option<Text> {
    let text = visible(Text::read(node, cx)?, cx)?;
    if text.value.len() > PATTERN_BYTES_MAX {
        let message = format!("entry is longer than {PATTERN_BYTES_MAX} bytes");
        cx.error(code, node.span, message, "this entry", None);
        return None;
    }
    Some(text)
}

fn bounded_schema() -> String {
    format!(r#"{{"type":"string","minLength":1,"maxLength":{PATTERN_BYTES_MAX}}}"#)
}

/// An entry of a list of hosts.
#[derive(Clone, Debug)]
pub(crate) struct HostEntry {
    pub(crate) text: Text,
    pub(crate) pattern: HostPattern,
}

impl Shape for HostEntry {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let text = bounded(node, "bad-host", cx)?;
        match HostPattern::parse(&text.value) {
            Ok(pattern) => Some(Self { text, pattern }),
            Err((message, help)) => {
                let message = format!("`{}`: {message}", text.value.escape_debug());
                cx.error("bad-host", node.span, message, "this entry", Some(help.to_owned()));
                None
            }
        }
    }

    fn schema() -> String {
        bounded_schema()
    }
}

/// A pattern of the paths of URLs.
#[derive(Clone, Debug)]
pub(crate) struct UrlPathRule {
    pub(crate) text: Text,
    pub(crate) pattern: PathPattern,
}

impl Shape for UrlPathRule {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let text = bounded(node, "bad-url-path", cx)?;
        let read = pattern_text(&text.value).map_err(|message| {
            let message = format!("`{}`: {message}", text.value.escape_debug());
            (message, "write the path of a URL, such as `/v1/**`, without host and query")
        });
        let pattern = read.and_then(|plain| {
            PathPattern::parse_url(&plain).map_err(|found| (found.message.to_owned(), found.help))
        });
        match pattern {
            Ok(pattern) => Some(Self { text, pattern }),
            Err((message, help)) => {
                cx.error("bad-url-path", node.span, message, "this entry", Some(help.to_owned()));
                None
            }
        }
    }

    fn schema() -> String {
        format!(r#"{{"type":"string","minLength":1,"maxLength":{PATTERN_BYTES_MAX},"pattern":"^/"}}"#)
    }
}

/// A method of HTTP, compared exactly.
#[derive(Clone, Debug)]
pub(crate) struct Method(pub(crate) Text);

impl Shape for Method {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let text = Text::read(node, cx)?;
        if text.value.len() > HTTP_METHOD_BYTES_MAX || !is_token(&text.value) {
            let message = format!("`{}` is not a method of HTTP", text.value.escape_debug());
            let help = "write a method such as `GET` or `POST`; leave the list out for every method";
            cx.error("bad-method", node.span, message, "this entry", Some(help.to_owned()));
            return None;
        }
        Some(Self(text))
    }

    fn schema() -> String {
        format!(r#"{{"type":"string","minLength":1,"maxLength":{HTTP_METHOD_BYTES_MAX}}}"#)
    }
}

/// The name of a tool as its server gives it, with its place.
#[derive(Clone, Debug)]
pub(crate) struct ToolName {
    pub(crate) text: Text,
    pub(crate) pattern: ToolPattern,
}

impl Shape for ToolName {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let text = bounded(node, "bad-name", cx)?;
        let pattern = ToolPattern::new(&text.value);
        Some(Self { text, pattern })
    }

    fn schema() -> String {
        bounded_schema()
    }
}

/// The name of an MCP server.
#[derive(Clone, Debug)]
pub(crate) struct ServerName(pub(crate) Text);

impl Shape for ServerName {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let text = Text::read(node, cx)?;
        if !is_server_name(&text.value) {
            let message = format!("`{}` is not a name for a server", text.value.escape_debug());
            let help = format!(
                "use 1 to {MCP_SERVER_BYTES_MAX} letters, digits, `.`, `-`, `_` or `:`, without `__` and without `_` at the end"
            );
            cx.error("bad-name", node.span, message, "this name", Some(help));
            return None;
        }
        Some(Self(text))
    }

    fn schema() -> String {
        format!(
            r#"{{"type":"string","minLength":1,"maxLength":{MCP_SERVER_BYTES_MAX},"pattern":"^(?!.*__)[A-Za-z0-9._:-]*[A-Za-z0-9.:-]$"}}"#
        )
    }
}
