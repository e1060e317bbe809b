//! The fields that the events of all harnesses have in common.
//!
//! Fields that are not named here are ignored: harnesses add some with every release, and none
//! of them changes what the call does.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Event, HookError};

#[derive(Deserialize)]
struct RawEvent {
    hook_event_name: String,
    tool_name: String,
    tool_input: Box<RawValue>,
    session_id: Option<String>,
    cwd: Option<PathBuf>,
    permission_mode: Option<String>,
}

/// Reads an event of that name. `approver` says whether anybody can answer, given the
/// permission mode.
pub(super) fn event(
    bytes: &[u8],
    name: &str,
    approver: fn(Option<&str>) -> bool,
) -> Result<Event, HookError> {
    let raw: RawEvent =
        serde_json::from_slice(bytes).map_err(|error| HookError::Event { reason: error.to_string() })?;
    if raw.hook_event_name != name {
        let found = raw.hook_event_name.escape_debug();
        return Err(HookError::Event {
            reason: format!("it is `{found}`, and only `{name}` can be answered"),
        });
    }
    Ok(Event {
        tool_name: raw.tool_name,
        tool_input: raw.tool_input,
        session_id: raw.session_id,
        cwd: raw.cwd,
        approver: approver(raw.permission_mode.as_deref()),
    })
}
