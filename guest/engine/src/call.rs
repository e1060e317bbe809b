//! What an agent wants to do: JSON bytes to a [`Call`]. The only reader of calls anywhere.
//!
//! A call is read strictly. An unknown field may be one that a later version acts on, so leaving
//! it out could only loosen a decision: it is refused, like duplicate keys and wrong types.

use std::borrow::Cow;

use crate::Format;
use crate::decision::Digest;
use crate::document::leaves::AgentId;
use crate::exchange::Actor;
use crate::limits::{CALL_BYTES_MAX, PATHS_MAX};
use crate::money;
use crate::path::Roots;
use crate::syntax::{self, Member, Node, Value};

/// A call that could be read.
#[derive(Debug)]
pub struct Call<'a> {
    pub(crate) agent_id: Cow<'a, str>,
    pub(crate) tool_name: Cow<'a, str>,
    pub(crate) tool_input: Vec<Member<'a>>,
    /// For whoever keeps meters; nothing here depends on it.
    pub(crate) session_id: Option<Cow<'a, str>>,
    pub(crate) run_id: Option<Cow<'a, str>>,
    /// Where the agent acts; `development` if the caller does not say.
    pub(crate) environment: Option<Cow<'a, str>>,
    pub(crate) workspace: Option<Cow<'a, str>>,
    pub(crate) home: Option<Cow<'a, str>>,
    pub(crate) cwd: Option<Cow<'a, str>>,
    pub(crate) shell: Option<Cow<'a, str>>,
    /// Path as given, and the real path behind it.
    pub(crate) resolved_paths: Vec<ResolvedPath<'a>>,
    /// What governs the agent on the caller's machine, which is never written.
    pub(crate) protected_paths: Vec<Cow<'a, str>>,
    /// What the call costs, as far as its caller says.
    pub(crate) cost: Cost,
    /// Which service it reaches.
    pub(crate) endpoint: Option<Cow<'a, str>>,
    /// Who is paid by it.
    pub(crate) payee: Option<Cow<'a, str>>,
    /// The request over HTTP that it came in, if it did.
    pub(crate) http: Option<Vec<Member<'a>>>,
    pub(crate) digest: Digest,
}

/// The environment of a call that does not say (15.18).
pub(crate) const DEFAULT_ENVIRONMENT: &str = "development";

/// The tool whose input is a request over HTTP.
pub(crate) const HTTP_TOOL: &str = "http";

/// What a call costs; absent is not nought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) usd_micros: Option<u64>,
    pub(crate) tokens: Option<u64>,
}

/// A path as it was given, and the real path behind it.
type ResolvedPath<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Why bytes are not a call.
#[derive(Debug, PartialEq, Eq)]
pub struct CallError {
    /// Stable, kebab-case.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
}

fn error<T>(code: &'static str, message: impl Into<String>) -> Result<T, CallError> {
    Err(CallError { code, message: message.into() })
}

impl<'a> Call<'a> {
    /// Reads a call.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, CallError> {
        if bytes.len() > CALL_BYTES_MAX {
            return error("call-too-large", format!("Call is larger than {CALL_BYTES_MAX} bytes."));
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return error("call-not-utf8", "Call is not valid UTF-8.");
        };
        let tree = match syntax::read(text, Format::Json) {
            Ok(tree) => tree,
            Err(found) => {
                return error(
                    "call-not-json",
                    format!("Call is not valid JSON: {} at byte {}.", found.message, found.span.start),
                );
            }
        };
        if let Some(duplicate) = tree.duplicates.first() {
            return error(
                "call-duplicate-key",
                format!("Call has the key `{}` twice in one object.", duplicate.key.escape_debug()),
            );
        }
        let Value::Object(members) = tree.root.value else {
            return error("call-wrong-type", "Call is not a JSON object.");
        };
        Self::from_members(members, Digest::of(bytes))
    }

    fn from_members(members: Vec<Member<'a>>, digest: Digest) -> Result<Self, CallError> {
        let (mut agent_id, mut tool_name, mut tool_input) = (None, None, None);
        let (mut session_id, mut run_id) = (None, None);
        let (mut environment, mut workspace, mut home, mut cwd, mut shell) = (None, None, None, None, None);
        let (mut resolved_paths, mut protected_paths) = (Vec::new(), Vec::new());
        let (mut price, mut endpoint, mut payee, mut http) = (Cost::default(), None, None, None);
        for Member { key, value, .. } in members {
            match key.as_ref() {
                "agentId" => agent_id = Some(text(&key, value)?),
                "toolName" => tool_name = Some(text(&key, value)?),
                "toolInput" => match value.value {
                    Value::Object(members) => tool_input = Some(members),
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                        return error("call-wrong-type", "Field `toolInput` of the call is not an object.");
                    }
                },
                // Nothing here depends on these two.
                "sessionId" => session_id = Some(text(&key, value)?),
                "runId" => run_id = Some(text(&key, value)?),
                "environment" => environment = Some(text(&key, value)?),
                "workspace" => workspace = Some(directory(&key, value)?),
                "home" => home = Some(directory(&key, value)?),
                "cwd" => cwd = Some(text(&key, value)?),
                "shell" => shell = Some(text(&key, value)?),
                "resolvedPaths" => resolved_paths = paths(value)?,
                "protectedPaths" => protected_paths = list(value)?,
                "cost" => price = cost(value)?,
                "endpoint" => endpoint = Some(text(&key, value)?),
                "payee" => payee = Some(text(&key, value)?),
                "http" => match value.value {
                    Value::Object(members) => http = Some(members),
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                        return error("call-wrong-type", "Field `http` of the call is not an object.");
                    }
                },
                unknown => {
                    return error(
                        "call-unknown-field",
                        format!("Call has an unknown field `{}`.", unknown.escape_debug()),
                    );
                }
            }
        }
        let Some(agent_id) = agent_id else {
            return error("call-missing-field", "Call has no field `agentId`.");
        };
        let Some(tool_name) = tool_name else {
            return error("call-missing-field", "Call has no field `toolName`.");
        };
        let Some(tool_input) = tool_input else {
            return error("call-missing-field", "Call has no field `toolInput`.");
        };
        if !AgentId::is_valid(&agent_id) {
            return error("call-bad-agent-id", "Field `agentId` of the call is not an agent id.");
        }
        if http.is_some() && tool_name == HTTP_TOOL {
            return error("call-bad-http", "Call of the tool `http` has a field `http` as well.");
        }
        Ok(Self {
            agent_id,
            tool_name,
            tool_input,
            session_id,
            run_id,
            environment,
            workspace,
            home,
            cwd,
            shell,
            resolved_paths,
            protected_paths,
            cost: price,
            endpoint,
            payee,
            http,
            digest,
        })
    }

    /// A call that was never text: nobody knows more of it than who calls, and what. It has no digest.
    pub(crate) fn of_input(actor: &Actor<'a>, tool_name: &'a str, tool_input: Vec<Member<'a>>) -> Self {
        Self {
            agent_id: Cow::Borrowed(actor.agent_id),
            tool_name: Cow::Borrowed(tool_name),
            tool_input,
            session_id: actor.session_id.map(Cow::Borrowed),
            run_id: None,
            environment: actor.environment.map(Cow::Borrowed),
            workspace: None,
            home: None,
            cwd: None,
            shell: None,
            resolved_paths: Vec::new(),
            protected_paths: Vec::new(),
            cost: Cost::default(),
            endpoint: None,
            payee: None,
            http: None,
            digest: Digest::NONE,
        }
    }

    /// The call of another tool by the same caller. `None` where a text of it is one that no call has:
    /// whoever writes it down and reads it again is told why.
    pub(crate) fn inner<'s>(
        &'s self,
        tool_name: Cow<'s, str>,
        tool_input: Vec<Member<'s>>,
    ) -> Option<Call<'s>> {
        let borrowed = |text: &'s Option<Cow<'a, str>>| text.as_deref().map(Cow::Borrowed);
        let named = [&self.session_id, &self.run_id, &self.environment].into_iter().flatten();
        let is_whole = AgentId::is_valid(&self.agent_id)
            && named.chain([&tool_name]).all(|text| is_text(text));
        // Calls that say more came as text, and so does what they stand for.
        let says_more = self.workspace.is_some()
            || self.home.is_some()
            || self.cwd.is_some()
            || self.shell.is_some()
            || self.endpoint.is_some()
            || self.payee.is_some()
            || !self.resolved_paths.is_empty()
            || !self.protected_paths.is_empty();
        (is_whole && !says_more).then(|| Call {
            agent_id: Cow::Borrowed(&self.agent_id),
            tool_name,
            tool_input,
            session_id: borrowed(&self.session_id),
            run_id: borrowed(&self.run_id),
            environment: borrowed(&self.environment),
            workspace: None,
            home: None,
            cwd: None,
            shell: None,
            resolved_paths: Vec::new(),
            protected_paths: Vec::new(),
            cost: self.cost,
            endpoint: None,
            payee: None,
            http: None,
            digest: self.digest,
        })
    }

    /// What paths are relative to.
    pub(crate) fn roots(&self) -> Roots<'_> {
        Roots { workspace: self.workspace.as_deref(), home: self.home.as_deref(), cwd: self.cwd.as_deref() }
    }

    /// The real path behind a path as it was given, if the caller resolved it.
    pub(crate) fn resolved(&self, given: &str) -> Option<&str> {
        self.resolved_paths.iter().find(|(own, _)| own == given).map(|(_, real)| real.as_ref())
    }

    /// An argument of the tool.
    pub(crate) fn argument(&self, name: &str) -> Option<&Node<'a>> {
        self.tool_input.iter().find(|member| member.key == name).map(|member| &member.value)
    }
}

/// Not empty, one line.
fn is_text(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(char::is_control)
}

/// A text field.
fn text<'a>(key: &str, node: Node<'a>) -> Result<Cow<'a, str>, CallError> {
    let Value::String(text) = node.value else {
        return error("call-wrong-type", format!("Field `{key}` of the call is not a string."));
    };
    if !is_text(&text) {
        return error(
            "call-bad-text",
            format!("Field `{key}` of the call is empty or contains control characters."),
        );
    }
    Ok(text)
}

fn directory<'a>(key: &str, node: Node<'a>) -> Result<Cow<'a, str>, CallError> {
    let path = text(key, node)?;
    if !path.starts_with('/') || path.split('/').any(|segment| segment == "..") {
        return error(
            "call-bad-directory",
            format!("Field `{key}` of the call is not an absolute path without `..`."),
        );
    }
    Ok(path)
}

/// `{"usd": "0.25", "tokens": 1200}`, either of them or both (G2).
fn cost(node: Node<'_>) -> Result<Cost, CallError> {
    let Value::Object(members) = node.value else {
        return error("call-wrong-type", "Field `cost` of the call is not an object.");
    };
    let mut cost = Cost::default();
    for Member { key, value, .. } in members {
        let (is_read, wanted) = match key.as_ref() {
            "usd" => {
                cost.usd_micros = value.as_str().and_then(money::parse);
                (cost.usd_micros.is_some(), r#"dollars as a text with at most 6 decimals, such as "0.25""#)
            }
            "tokens" => {
                cost.tokens = value.as_number().and_then(money::digits);
                (cost.tokens.is_some(), "a whole number")
            }
            unknown => {
                return error(
                    "call-unknown-field",
                    format!("Field `cost` of the call has an unknown field `{}`.", unknown.escape_debug()),
                );
            }
        };
        if !is_read {
            return error("call-bad-cost", format!("Field `cost.{key}` of the call is not {wanted}."));
        }
    }
    Ok(cost)
}

fn list(node: Node<'_>) -> Result<Vec<Cow<'_, str>>, CallError> {
    let Value::Array(items) = node.value else {
        return error("call-wrong-type", "Field `protectedPaths` of the call is not an array.");
    };
    if items.len() > PATHS_MAX {
        let message = format!("Field `protectedPaths` of the call has more than {PATHS_MAX} entries.");
        return error("call-too-large", message);
    }
    items.into_iter().map(|item| directory("protectedPaths", item)).collect()
}

fn paths(node: Node<'_>) -> Result<Vec<ResolvedPath<'_>>, CallError> {
    let Value::Object(members) = node.value else {
        return error("call-wrong-type", "Field `resolvedPaths` of the call is not an object.");
    };
    if members.len() > PATHS_MAX {
        return error(
            "call-too-large",
            format!("Field `resolvedPaths` of the call has more than {PATHS_MAX} entries."),
        );
    }
    members.into_iter().map(|member| Ok((member.key, directory("resolvedPaths", member.value)?))).collect()
}
