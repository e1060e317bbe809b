//! Which tool is it, and which of its arguments have to be decided (15.14, 15.15, P8).

use std::collections::BTreeSet;

use super::paths::{Doing, Paths};
use crate::call::{Call, HTTP_TOOL};
use crate::carried::server_and_tool;
use crate::command::{self, Files};
use crate::condition::Work;
use crate::data::tools::{self as map, Tool, Use, Weight, is_path_argument};
use crate::decision::{Access, Layer, Outcome, Reason, Rule};
use crate::limits::PATHS_MAX;
use crate::network::{McpTool, McpView};
use crate::policy::Policy;
use crate::syntax::{Node, Value};
use crate::wire::excerpt;

/// What is known of the tool that is called.
pub(super) struct Resolved<'p> {
    /// Its row in the built-in map.
    built_in: Option<&'static Tool>,
    /// What the policy's own map says of it.
    own: &'p [(String, Use)],
    /// The access of a request over HTTP, which `network` decides.
    http: Option<Access>,
}

impl Resolved<'_> {
    /// Whether its arguments are known, so that layers of their own decide them.
    pub(super) fn is_mapped(&self) -> bool {
        self.http.is_some() || self.built_in.is_some() || !self.own.is_empty()
    }

    fn uses(&self) -> impl Iterator<Item = Use> {
        let built_in = self
            .built_in
            .into_iter()
            .flat_map(|tool| tool.required.iter().chain(tool.optional).map(|(_, what)| *what));
        built_in.chain(self.own.iter().map(|(_, what)| *what))
    }

    /// The strongest access that its arguments ask for.
    pub(super) fn access(&self) -> Access {
        let strongest = self.uses().map(|what| match what {
            Use::Read | Use::Root | Use::Glob => Access::Read,
            Use::Write => Access::Write,
            Use::Command => Access::Execute,
        });
        strongest.chain(self.http).max().unwrap_or(Access::Tool)
    }
}

pub(super) fn resolve<'p>(policy: &'p Policy, call: &Call<'_>, http: Option<Access>) -> Resolved<'p> {
    let own = policy.tool_map.get(call.tool_name.as_ref()).map_or(&[] as &[_], Vec::as_slice);
    let http = http.filter(|_| call.tool_name == HTTP_TOOL);
    Resolved { built_in: map::find(&call.tool_name), own, http }
}

/// The command line that a call hands to bash, if its tool is known to take one.
pub(crate) fn command_line<'c>(policy: &Policy, call: &'c Call<'_>) -> Option<&'c str> {
    let tool = resolve(policy, call, None);
    let built_in = tool.built_in.into_iter().flat_map(|row| row.required.iter().chain(row.optional));
    let own = tool.own.iter().map(|(name, what)| (name.as_str(), *what));
    let mut commands = built_in.copied().chain(own).filter(|(_, what)| *what == Use::Command);
    let line = commands.find_map(|(name, _)| call.argument(name)?.as_str())?;
    let shell = call.shell.as_deref().unwrap_or("bash");
    (shell.rsplit('/').next() == Some("bash")).then_some(line)
}

/// What the lists of an MCP server say of a tool of it: by the rule for the host that it is called at, or
/// by the server's name.
pub(super) fn listed<'p>(policy: &'p Policy, name: &str, server: Option<McpView<'p>>) -> McpTool<'p> {
    let Some((own, tool)) = server_and_tool(name) else { return McpTool::Unlisted };
    let by_name = || policy.network.as_ref()?.mcp_for_server(own);
    server.or_else(by_name).map_or(McpTool::Unlisted, |view| view.tool(tool))
}

/// What `network` says of a tool of an MCP server, by the host it is called at or by its name. Answers
/// whether it is on the list of those that are allowed.
fn of_server<'p>(
    policy: &'p Policy,
    call: &Call<'_>,
    server: Option<McpView<'p>>,
    reasons: &mut Vec<Reason>,
) -> bool {
    let Some((_, tool)) = server_and_tool(&call.tool_name) else { return false };
    let shown = excerpt(tool);
    let (outcome, code, message, rule) = match listed(policy, &call.tool_name, server) {
        McpTool::Unlisted => return false,
        McpTool::Allowed(rule) => (
            Outcome::Allow,
            "mcp-tool-allowed",
            format!("Tool \"{shown}\" of the MCP server is allowed."),
            Some(rule),
        ),
        McpTool::Denied(rule) => (
            Outcome::Deny,
            "mcp-tool-denied",
            format!("Tool \"{shown}\" of the MCP server is denied."),
            Some(rule),
        ),
        McpTool::NotAllowed => {
            let message = format!("Tool \"{shown}\" is not among those of the MCP server that are allowed.");
            (Outcome::Deny, "mcp-tool-not-allowed", message, None)
        }
    };
    reasons.push(say(outcome, code, message, rule));
    outcome == Outcome::Allow
}

/// Decides the call's tool, which rules may let through by its name. Returns what it is worth in
/// risk points.
pub(super) fn decide(
    paths: &Paths<'_>,
    tool: &Resolved<'_>,
    lets_through: bool,
    server: Option<McpView<'_>>,
    reasons: &mut Vec<Reason>,
) -> u64 {
    let Paths { policy, call, .. } = *paths;
    if let Some(name) = ambiguous(call).filter(|_| tool.is_mapped() || is_asked_for_arguments(policy, call)) {
        let message = format!("Argument \"{}\" is there in two spellings.", excerpt(name));
        reasons.push(say(Outcome::Deny, "argument-ambiguous", message, None));
    }
    if let Some(rule) = policy.denied.names.get(call.tool_name.as_ref()) {
        reasons.push(say(
            Outcome::Deny,
            "tool-denied",
            format!("Tool \"{}\" is denied.", excerpt(&call.tool_name)),
            Some(rule),
        ));
    }
    let is_listed = of_server(policy, call, server, reasons);
    if !tool.is_mapped() {
        match policy.allowed.names.get(call.tool_name.as_ref()) {
            _ if is_listed => {}
            Some(rule) => {
                reasons.push(say(
                    Outcome::Allow,
                    "tool-allowed",
                    format!("Tool \"{}\" is allowed.", excerpt(&call.tool_name)),
                    Some(rule),
                ));
            }
            None if lets_through => {}
            None => {
                let message = format!("Tool \"{}\" is neither known nor allowed.", excerpt(&call.tool_name));
                reasons.push(say(Outcome::Deny, "tool-unknown", message, None));
            }
        }
        return policy.points.tool;
    }
    let mut points = if tool.http.is_some() { policy.points.tool } else { 0 };
    let mut decided = Vec::new();
    if let Some(row) = tool.built_in {
        points = match row.weight {
            Weight::Read => policy.points.read,
            Weight::Search => policy.points.search,
            Weight::Edit => policy.points.edit,
            Weight::Write => policy.points.write,
            Weight::Command => 0,
        };
        for (name, what) in row.required {
            match call.argument(name) {
                Some(node) => points = points.max(argument(paths, row, name, *what, node, reasons)),
                // Hosts name the one path of a tool differently; it is decided below.
                None if may_be_renamed(row, *what) && names_a_path(call) => {}
                None => reasons.push(missing(name)),
            }
            decided.push(*name);
        }
        for (name, what) in row.optional {
            match call.argument(name) {
                Some(Node { value: Value::Null, .. }) | None => {
                    // The root of a search that names none is where the agent is.
                    if *what == Use::Root && row.required.is_empty() {
                        reasons.push(paths.decide(".", Doing::Reading));
                    }
                }
                Some(node) => points = points.max(argument(paths, row, name, *what, node, reasons)),
            }
            decided.push(*name);
        }
    }
    for (name, what) in tool.own {
        if decided.contains(&name.as_str()) && *what != Use::Write {
            continue;
        }
        let weight = match what {
            Use::Write => policy.points.edit,
            Use::Read | Use::Root | Use::Glob => policy.points.read,
            Use::Command => 0,
        };
        match call.argument(name) {
            Some(node) => points = points.max(weight).max(argument(paths, &OWN, name, *what, node, reasons)),
            None => reasons.push(missing(name)),
        }
        decided.push(name);
    }
    if tool.http.is_some() {
        // Its path is one of a URL.
        return points;
    }
    // An argument that looks like a path is never passed over, whatever the map forgot.
    let strongest = if tool.access() == Access::Write { Use::Write } else { Use::Read };
    for member in &call.tool_input {
        let name = member.key.as_ref();
        let is_known = decided.contains(&name);
        if !is_known && is_path_argument(name) && !matches!(member.value.value, Value::Null) {
            argument(paths, &OWN, name, strongest, &member.value, reasons);
        }
    }
    points
}

/// Whether something in the policy depends on the arguments of a tool that is no other's than its own.
fn is_asked_for_arguments(policy: &Policy, call: &Call<'_>) -> bool {
    let rules = policy.rules.of(&call.tool_name, &mut Work::new());
    policy.approvals.above.is_some()
        || rules.is_ok_and(|rules| rules.into_iter().any(|rule| rule.when.is_some()))
}

/// An argument that another one differs from in letter case only. Some servers take either for the other,
/// and the last one counts: what was decided of the first says nothing then. Options of commands, such as
/// `-a` and `-A`, are two.
fn ambiguous<'c>(call: &'c Call<'_>) -> Option<&'c str> {
    if call.tool_input.len() < 2 {
        return None;
    }
    let fold = |name: &str| {
        name.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect::<String>()
    };
    let mut seen = BTreeSet::new();
    let names = call.tool_input.iter().map(|member| member.key.as_ref());
    names.filter(|name| !name.starts_with('-')).find(|name| !seen.insert(fold(name)))
}

/// Whether hosts are known to name the one path of this tool differently: those that share the
/// snake-case names of file tools.
fn may_be_renamed(row: &Tool, what: Use) -> bool {
    row.required.len() == 1 && matches!(what, Use::Read | Use::Write) && row.name.contains('_')
}

/// Whether some argument has a name that only paths have.
fn names_a_path(call: &Call<'_>) -> bool {
    call.tool_input
        .iter()
        .any(|member| is_path_argument(&member.key) && !matches!(member.value.value, Value::Null))
}

/// Stands for a tool that only the policy knows.
const OWN: Tool = Tool { name: "", weight: Weight::Read, required: &[], optional: &[] };

/// Decides one argument. Returns the risk points of a command.
fn argument(
    paths: &Paths<'_>,
    row: &Tool,
    name: &str,
    what: Use,
    node: &Node<'_>,
    reasons: &mut Vec<Reason>,
) -> u64 {
    // Tools take one text or a list of them, never either: what does not fit is another tool's.
    let wants_list = matches!(name, "paths" | "files");
    let fits = match &node.value {
        Value::Array(_) => wants_list || row.name.is_empty() && what != Use::Command,
        Value::String(_) => !wants_list || row.name.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    };
    let Some(texts) = texts(node).filter(|_| fits) else {
        let message = format!("Argument \"{}\" of the tool is not a text.", excerpt(name));
        reasons.push(say(Outcome::Deny, "argument-wrong-type", message, None));
        return 0;
    };
    for text in texts {
        match what {
            Use::Read | Use::Root => reasons.push(paths.decide(text, Doing::Reading)),
            Use::Write => reasons.push(paths.decide(text, Doing::Writing)),
            Use::Glob => {
                let root = row.required.iter().chain(row.optional).find(|(_, what)| *what == Use::Root);
                let root = root.and_then(|(name, _)| paths.call.argument(name)).and_then(Node::as_str);
                reasons.push(paths.decide_glob(text, root));
            }
            Use::Command => return shell_command(paths, text, reasons),
        }
    }
    0
}

/// One text, or a list of texts that is not empty.
fn texts<'n>(node: &'n Node<'_>) -> Option<Vec<&'n str>> {
    match &node.value {
        Value::String(text) => Some(vec![text]),
        Value::Array(items) if (1..=PATHS_MAX).contains(&items.len()) => {
            items.iter().map(Node::as_str).collect()
        }
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

fn shell_command(paths: &Paths<'_>, text: &str, reasons: &mut Vec<Reason>) -> u64 {
    let Paths { policy, call, .. } = *paths;
    let shell = call.shell.as_deref().unwrap_or("bash");
    if shell.rsplit('/').next() != Some("bash") {
        let message = format!("Command is for the shell \"{}\"; only bash is understood.", excerpt(shell));
        reasons.push(say(Outcome::Escalate, "shell-unknown", message, None));
    }
    let Some(bash) = &policy.bash else {
        reasons.push(say(
            Outcome::Deny,
            "no-bash",
            "Policy has no bash section, so no command is allowed.".to_owned(),
            None,
        ));
        return policy.points.command;
    };
    // Where the tool is told to run it.
    let start = ["cwd", "directory", "dir", "workdir"].iter().find_map(|name| call.argument(name)?.as_str());
    let rules = command::Rulebook { bash, points: &policy.points, files: &Redirections(paths) };
    command::evaluate(text, start.unwrap_or_default(), &rules, reasons)
}

/// Redirections are file actions (SH8).
struct Redirections<'d>(&'d Paths<'d>);

impl Files for Redirections<'_> {
    fn denies(&self, path: &str, write: bool) -> Option<Reason> {
        self.0.denies(path, if write { Doing::Writing } else { Doing::Reading })
    }

    fn glob(&self, pattern: &str) -> Reason {
        self.0.decide_glob(pattern, None)
    }

    fn redirect(&self, path: &str, read: bool, write: bool) -> Reason {
        if self.0.policy.files.is_none() {
            // 15.3: a policy that says nothing of files leaves this one to a person.
            let message =
                "Bash command redirects to or from a file, and the policy has no dataAccess section."
                    .to_owned();
            return say(Outcome::Escalate, "bash-redirect-without-rules", message, None);
        }
        let reading = read.then(|| self.0.decide(path, Doing::Reading));
        let writing = write.then(|| self.0.decide(path, Doing::Writing));
        let worst = reading.into_iter().chain(writing).max_by_key(|reason| reason.outcome);
        worst.unwrap_or_else(|| {
            say(Outcome::Deny, "nothing-allows", "Redirection is neither read nor write.".to_owned(), None)
        })
    }
}

fn missing(name: &str) -> Reason {
    say(
        Outcome::Deny,
        "argument-missing",
        format!("Argument \"{}\" of the tool is missing.", excerpt(name)),
        None,
    )
}

fn say(outcome: Outcome, code: &'static str, message: String, rule: Option<&Rule>) -> Reason {
    Reason {
        outcome,
        layer: Layer::Deterministic,
        code: code.into(),
        message,
        rule: rule.cloned(),
        part: None,
    }
}
