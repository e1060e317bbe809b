//! `tools/call`: which tool, with which arguments, and what a retry brings along.
//!
//! From 2026-07-28 on, a question to the client is a result, and its answer comes with the next
//! attempt: `inputResponses`, and `requestState` as it was given out. Neither is an argument, and
//! neither changes one. What is ours among them is taken out before the server sees the call, since
//! a server refuses a state that it did not give out; what the server had asked for before we did
//! travels inside our state and is put back.
//!
//! Nothing is decided on a state: it comes from the client, who may write there what it likes. It says
//! which parameters to send on, and the client could have sent those itself.

use std::borrow::Cow;

use super::super::json_rpc::{Object, get};
use super::super::splice::{Edit, cuts, splice};
use super::malformed::{INVALID_PARAMS, Malformed, malformed};
use super::reply::{APPROVAL_KEY, STATE_PREFIX};
use super::revision::Revision;
use crate::Format;
use crate::data::mcp::CALL_PARAMS;
use crate::diagnostic::Span;
use crate::syntax::{self, Member, Node, Value};
use crate::wire::excerpt;

const RESPONSES: &str = "inputResponses";
const STATE: &str = "requestState";
/// Where x402 puts the payment of a message.
pub(crate) const PAYMENT_KEY: &str = "x402/payment";
const CAPABILITIES_KEY: &str = "io.modelcontextprotocol/clientCapabilities";

/// A call of a tool.
#[derive(Debug)]
pub struct ToolCall<'a> {
    /// The id, as JSON.
    pub id: &'a str,
    /// The tool, as its server calls it.
    pub name: Cow<'a, str>,
    /// The arguments: the text of an object, as it was sent.
    pub arguments: &'a str,
    /// The same as it was read.
    pub(crate) members: Vec<Member<'a>>,
    /// The revision that it is written in.
    pub revision: Revision,
    /// The approval that the client was told to wait for, as it says. To show, not to rely on.
    pub approval: Option<String>,
    /// What is paid with it, as JSON, where it carries a payment.
    pub payment: Option<&'a str>,
    /// What to send on in place of the body, where something in it is for us and not for the server.
    pub forward: Option<String>,
    /// Whether the client shows forms to a person.
    pub(super) elicits: bool,
    /// Whether that person did not want to wait.
    pub(super) declined: bool,
    /// What the server asked for, to be carried through a question of ours: members of `params`.
    pub(super) carried: Option<String>,
}

impl<'a> ToolCall<'a> {
    pub(super) fn read(
        text: &'a str,
        id: &'a str,
        params: Option<Object<'a>>,
        revision: Revision,
    ) -> Result<Self, Malformed> {
        let Some(params) = params else {
            return wrong("`tools/call` has no `params`");
        };
        for member in &params.members {
            if CALL_PARAMS.binary_search(&member.key.as_ref()).is_err() {
                let message = format!("`tools/call` has an unknown parameter `{}`", excerpt(&member.key));
                return malformed("mcp-unknown-parameter", INVALID_PARAMS, message);
            }
        }
        let arguments = match params.get("arguments") {
            None => "{}",
            Some(node) if node.as_object().is_some() => raw(text, node.span),
            Some(_) => return wrong("`arguments` of `tools/call` is not an object"),
        };
        let retry = Retry::read(text, &params)?;
        let elicits = revision.is_stateless() && elicits(&params);
        let payment = payment(&params).map(|node| raw(text, node.span));
        let (span, members) = (params.span, params.members);
        let ours = retry.approval.is_some();
        let forward = ours.then(|| forward(text, span, &members, retry.carried.as_deref()));
        let (mut name, mut arguments_read) = (None, Vec::new());
        for Member { key, value, .. } in members {
            match (key.as_ref(), value.value) {
                ("name", Value::String(text)) => name = Some(text),
                ("arguments", Value::Object(members)) => arguments_read = members,
                (_, _) => {}
            }
        }
        let Some(name) = name else {
            return wrong("`name` of `tools/call` is missing or not a string");
        };
        if name.is_empty() {
            return wrong("`name` of `tools/call` is empty");
        }
        let Retry { approval, declined, carried } = retry;
        let members = arguments_read;
        Ok(Self {
            id,
            name,
            arguments,
            members,
            revision,
            approval,
            payment,
            forward,
            elicits,
            declined,
            carried,
        })
    }
}

/// The payment of a message, where x402 puts it. Nobody says that other methods are paid for.
pub(super) fn payment<'p, 'a>(params: &'p Object<'a>) -> Option<&'p Node<'a>> {
    get(params.get("_meta")?.as_object()?, PAYMENT_KEY)
}

fn wrong<T>(message: &str) -> Result<T, Malformed> {
    malformed("mcp-wrong-type", INVALID_PARAMS, message)
}

fn raw(text: &str, span: Span) -> &str {
    text.get(span.start..span.end).unwrap_or_default()
}

/// Whether the client says that it can ask a person with a form: `{}` means that as well.
fn elicits(params: &Object<'_>) -> bool {
    let members = |node: Option<&Node<'_>>, key: &str| {
        node.and_then(Node::as_object).and_then(|members| get(members, key)).is_some()
    };
    let meta = params.get("_meta").and_then(Node::as_object);
    let capabilities = meta.and_then(|meta| get(meta, CAPABILITIES_KEY)).and_then(Node::as_object);
    let elicitation = capabilities.and_then(|capabilities| get(capabilities, "elicitation"));
    elicitation.and_then(Node::as_object).is_some_and(<[_]>::is_empty) || members(elicitation, "form")
}

/// What a second attempt brings along.
#[derive(Default)]
struct Retry {
    approval: Option<String>,
    declined: bool,
    carried: Option<String>,
}

impl Retry {
    fn read(text: &str, params: &Object<'_>) -> Result<Self, Malformed> {
        let responses = match params.get(RESPONSES) {
            None => None,
            Some(Node { value: Value::Object(members), span }) => Some((members, *span)),
            Some(_) => return wrong("`inputResponses` is not an object"),
        };
        let state = match params.get(STATE) {
            None => None,
            Some(Node { value: Value::String(state), span }) => Some((state.as_ref(), *span)),
            Some(_) => return wrong("`requestState` is not a string"),
        };
        if let Some(ours) = state.and_then(|(state, _)| state.strip_prefix(STATE_PREFIX)) {
            let (approval, carried) = match ours.split_once(':') {
                Some((approval, carried)) => (approval, Some(checked(carried)?)),
                None => (ours, None),
            };
            let answer =
                responses.and_then(|(members, _)| get(members, APPROVAL_KEY)).and_then(Node::as_object);
            let action = answer.and_then(|answer| get(answer, "action")).and_then(Node::as_str);
            let declined = action.is_some_and(|action| action != "accept");
            return Ok(Self { approval: Some(approval.to_owned()), declined, carried });
        }
        let members: Vec<String> =
            [(RESPONSES, responses.map(|(_, span)| span)), (STATE, state.map(|(_, span)| span))]
                .into_iter()
                // Line breaks between tokens mean nothing, but on a transport of lines they would end one.
                .filter_map(|(key, span)| {
                    Some(format!("\"{key}\":{}", raw(text, span?).replace(['\n', '\r'], " ")))
                })
                .collect();
        let carried = (!members.is_empty()).then(|| members.join(","));
        Ok(Self { carried, ..Self::default() })
    }
}

/// What was carried, if it still is what we carry: these two parameters and nothing else.
fn checked(carried: &str) -> Result<String, Malformed> {
    let text = format!("{{{carried}}}");
    let is_ours = !text.contains(['\n', '\r'])
        && syntax::read(&text, Format::Json).is_ok_and(|tree| {
            tree.duplicates.is_empty()
                && tree.root.as_object().is_some_and(|members| {
                    members.iter().all(|member| match member.key.as_ref() {
                        RESPONSES => member.value.as_object().is_some(),
                        STATE => member.value.as_str().is_some_and(|state| !state.starts_with(STATE_PREFIX)),
                        _ => false,
                    })
                })
        });
    if !is_ours {
        return malformed("mcp-request-state", INVALID_PARAMS, "`requestState` is not what was given out");
    }
    Ok(carried.to_owned())
}

/// The body without what was for us, and with what was carried.
fn forward(text: &str, params: Span, members: &[Member<'_>], carried: Option<&str>) -> String {
    let items: Vec<(Span, bool)> = members
        .iter()
        .map(|member| {
            let span = Span { start: member.key_span.start, end: member.value.span.end };
            (span, member.key != RESPONSES && member.key != STATE)
        })
        .collect();
    let mut edits = cuts(&items);
    // INVARIANT: a call has a name, so something is left in front of what is put back.
    let added = carried.map(|carried| format!(",{carried}")).unwrap_or_default();
    let end = params.end.saturating_sub(1);
    edits.push(Edit { span: Span { start: end, end }, text: &added });
    splice(text, &mut edits)
}
