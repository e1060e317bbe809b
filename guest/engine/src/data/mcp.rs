//! The Model Context Protocol: its methods, in every revision from 2024-11-05 to 2026-07-28, tasks
//! included.

/// One method.
pub(crate) struct Method {
    pub(crate) name: &'static str,
    /// Whether it has an id, and is answered.
    pub(crate) is_request: bool,
    /// Whether a client sends it.
    pub(crate) from_client: bool,
    /// The parameter that `Mcp-Name` repeats.
    pub(crate) named_by: Option<NamedBy>,
}

/// What `Mcp-Name` repeats.
#[derive(Debug)]
pub(crate) struct NamedBy {
    pub(crate) parameter: &'static str,
    /// Whether the header has to be there, from 2026-07-28 on.
    pub(crate) is_required: bool,
}

const fn ask(name: &'static str) -> Method {
    Method { name, is_request: true, from_client: true, named_by: None }
}

const fn named(name: &'static str, parameter: &'static str, is_required: bool) -> Method {
    Method { name, is_request: true, from_client: true, named_by: Some(NamedBy { parameter, is_required }) }
}

const fn tell(name: &'static str) -> Method {
    Method { name, is_request: false, from_client: true, named_by: None }
}

/// What only servers send.
const fn servers(name: &'static str, is_request: bool) -> Method {
    Method { name, is_request, from_client: false, named_by: None }
}

/// Every method. Sorted.
pub(crate) const METHODS: &[Method] = &[
    ask("completion/complete"),
    servers("elicitation/create", true),
    ask("initialize"),
    ask("logging/setLevel"),
    tell("notifications/cancelled"),
    servers("notifications/elicitation/complete", false),
    tell("notifications/initialized"),
    servers("notifications/message", false),
    tell("notifications/progress"),
    servers("notifications/prompts/list_changed", false),
    servers("notifications/resources/list_changed", false),
    servers("notifications/resources/updated", false),
    tell("notifications/roots/list_changed"),
    servers("notifications/subscriptions/acknowledged", false),
    servers("notifications/tasks", false),
    tell("notifications/tasks/status"),
    servers("notifications/tools/list_changed", false),
    ask("ping"),
    named("prompts/get", "name", true),
    ask("prompts/list"),
    ask("resources/list"),
    named("resources/read", "uri", true),
    ask("resources/subscribe"),
    ask("resources/templates/list"),
    ask("resources/unsubscribe"),
    servers("roots/list", true),
    servers("sampling/createMessage", true),
    ask("server/discover"),
    ask("subscriptions/listen"),
    named("tasks/cancel", "taskId", false),
    named("tasks/get", "taskId", false),
    ask("tasks/list"),
    named("tasks/result", "taskId", false),
    named("tasks/update", "taskId", false),
    named(TOOLS_CALL, "name", true),
    ask("tools/list"),
];

/// The one method that does something.
pub(crate) const TOOLS_CALL: &str = "tools/call";

/// The parameters that `tools/call` has, in any revision. Another one is refused: a reader that
/// compares keys without their case would make something of `Name`.
pub(crate) const CALL_PARAMS: &[&str] =
    &["_meta", "arguments", "inputResponses", "name", "requestState", "task"];
