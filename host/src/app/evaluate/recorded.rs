//! What is recorded of a call: nothing secret, and no more than an entry holds.

use sentinel_ledger::Redactor;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Request, Sender};
use crate::app::catalog::Governing;
use crate::app::record::{self, CallRecord};
use crate::app::{App, reads};
use crate::limits::{RECORDED_BYTES_MAX, RECORDED_CONTEXT_BYTES_MAX, RECORDED_NAME_CHARS_MAX};

/// What is recorded of a call: nothing secret.
pub(super) fn record(
    app: &App,
    request: &Request<'_>,
    sender: Sender<'_>,
    policy: Option<&Governing>,
    call: &[u8],
) -> CallRecord {
    let labels = policy.map(|policy| reads::labels(app, policy));
    // Where nobody knows what the policy wants hidden, all of it is.
    let is_known = !matches!(labels, Some(None));
    let labels = labels.flatten();
    let redactor = labels.and_then(|own| own.redactor.as_ref()).unwrap_or(&app.redactor);
    let redacted = redact(redactor, request.tool_input).filter(|_| is_known);
    let http = request.http.map(|own| redact(redactor, own).filter(|_| is_known));
    let is_secret_part = |own: &Option<(Box<RawValue>, bool)>| own.as_ref().is_none_or(|(_, is)| *is);
    let mut is_secret = is_secret_part(&redacted) || http.as_ref().is_some_and(is_secret_part);
    let mut name = |text: &str| {
        let clean = app.redactor.redact_text(text);
        is_secret |= clean.redacted;
        cut(&clean.text)
    };
    let tool_name = name(&request.tool_name);
    let run_id = request.run_id.as_deref().map(&mut name);
    let external_session = sender.external_session.map(&mut name);
    let endpoint = request.endpoint.as_deref().map(&mut name);
    let payee = request.payee.as_deref().map(&mut name);
    let cost = request.cost.map(|own| redact(redactor, own).filter(|_| is_known));
    let context = Context {
        cwd: request.cwd.as_deref().map(&mut name),
        home: request.home.as_deref().map(&mut name),
        shell: request.shell.as_deref().map(&mut name),
        workspace: request.workspace.as_deref().map(&mut name),
        cost: cost.as_ref().and_then(|own| own.as_ref()).map(|(cost, _)| &**cost),
    };
    let context = context.recorded();
    is_secret |= cost.as_ref().is_some_and(is_secret_part);
    CallRecord {
        tool_name,
        context,
        endpoint,
        payee,
        tool_input: redacted.map(|(input, _)| input),
        http: http.flatten().map(|(http, _)| http),
        call_digest: if is_secret {
            sentinel_ledger::keyed_digest(app.digest_key.as_ref(), call)
        } else {
            record::digest(call)
        },
        run_id,
        external_session,
        policy: policy.map(|policy| policy.reference.clone()),
        metadata: labels.and_then(|own| own.metadata.clone()),
    }
}

/// Where a call would run, and what it would cost: what is needed to decide it again.
#[derive(Serialize)]
struct Context<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cwd: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    home: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shell: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace: Option<String>,
}

impl Context<'_> {
    /// As the ledger has it: nothing where nothing was said, or more than anybody says.
    fn recorded(&self) -> Option<Box<RawValue>> {
        let text = serde_json::to_string(self).ok()?;
        let is_some = text != "{}" && text.len() <= RECORDED_CONTEXT_BYTES_MAX;
        is_some.then(|| RawValue::from_string(text).ok())?
    }
}

/// A name as it is recorded: no longer than anybody reads, and without controls, which some stores
/// do not take.
pub fn cut(text: &str) -> String {
    let mut name: String = text.chars().filter(|c| !c.is_control()).take(RECORDED_NAME_CHARS_MAX).collect();
    if text.chars().nth(RECORDED_NAME_CHARS_MAX).is_some() {
        name.push('…');
    }
    name
}

/// A value without its secrets, and whether it had any. `None` where that cannot be done: then
/// the field is left out, and the record stays.
pub fn redact(redactor: &Redactor, value: &RawValue) -> Option<(Box<RawValue>, bool)> {
    let redacted = redactor.redact_json(value.get()).ok()?;
    let text = if redacted.text.len() > RECORDED_BYTES_MAX {
        let digest = record::digest(redacted.text.as_bytes());
        format!("\"[{} bytes, {digest}]\"", redacted.text.len())
    } else {
        redacted.text
    };
    Some((RawValue::from_string(text).ok()?, redacted.redacted))
}
