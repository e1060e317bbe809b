//! What is legal in a policy and still probably not meant.

use crate::command::CommandSet;
use crate::diagnostic::{Severity, Span};
use crate::document::Document;
use crate::document::leaves::{CommandRule, PathRule, Text};
use crate::document::shape::Reading;
use crate::limits::PATTERN_PAIRS_MAX;
use crate::path::{GlobArgument, PathSet, Roots, Sense};

/// What the vendor of the format says every policy should deny.
const CREDENTIALS: &[&str] = &["**/.env*", "**/credentials*", "**/secrets*", "**/api-key*", "**/password*"];
/// What the hosted product refuses to deploy without.
const MANDATORY: &[&str] = &["rm -rf *", "sudo *"];
const LEVELS: &[&str] = &["read-only", "advisory-only", "limited-ops", "full-ops"];
const DENY_WINS: &str = "deny wins; remove one of the two";

pub(super) fn warn(document: &Document, cx: &mut Reading<'_>) {
    identity(document, cx);
    files(document, cx);
    tools(document, cx);
    bash(document, cx);
}

fn note(cx: &mut Reading<'_>, text: &Text, code: &'static str, message: String, help: &str) {
    cx.report(
        Severity::Warning,
        code,
        text.span,
        text.pointer.clone(),
        message,
        "this entry",
        Some(help.to_owned()),
    );
}

/// A warning about something that is not there.
fn missing(cx: &mut Reading<'_>, code: &'static str, pointer: &str, message: String, help: &str) {
    cx.report(
        Severity::Warning,
        code,
        Span::default(),
        pointer.to_owned(),
        message,
        "",
        Some(help.to_owned()),
    );
}

fn level(document: &Document) -> &str {
    document.identity.authority_level.as_ref().map_or("", |text| text.value.as_str())
}

fn identity(document: &Document, cx: &mut Reading<'_>) {
    let help = "set it to `read-only`, `advisory-only`, `limited-ops` or `full-ops`";
    match &document.identity.authority_level {
        None => {
            let message = "identity.authorityLevel is missing, so every call is denied".to_owned();
            missing(cx, "no-authority", "/identity/authorityLevel", message, help);
        }
        Some(text) if !LEVELS.contains(&text.value.as_str()) => {
            let label = text.value.escape_debug();
            let message =
                format!("authority level `{label}` is not one of the four levels and means `limited-ops`");
            note(cx, text, "unknown-authority", message, help);
        }
        Some(_) => {}
    }
    if document.identity.environment_scope.is_none() {
        let message = "identity.environmentScope is missing, so every call is denied".to_owned();
        missing(
            cx,
            "no-environment",
            "/identity/environmentScope",
            message,
            "name the environments, such as `[\"development\"]`",
        );
    }
}

fn files(document: &Document, cx: &mut Reading<'_>) {
    let Some(data) = &document.data_access else { return };
    for (list_of, list, doing) in
        [(&data.read_allow, "readAllow", "reading"), (&data.write_allow, "writeAllow", "writing")]
    {
        for text in texts(list_of).filter(|text| text.value == "**") {
            let message = format!("dataAccess.{list} contains '**' which allows {doing} all files");
            note(cx, text, "allows-everything", message, "name the directories that the agent needs");
        }
    }
    for list in [&data.read_allow, &data.read_deny, &data.write_allow, &data.write_deny] {
        repeated(texts(list), cx);
    }
    let read_allow = path_set(&data.read_allow);
    let (read_deny, write_deny) = (path_set(&data.read_deny), path_set(&data.write_deny));
    let lacking: Vec<&str> = CREDENTIALS.iter().filter(|text| !covered(text, &read_deny)).copied().collect();
    if data.read_allow.as_ref().is_some_and(|list| !list.is_empty()) && !lacking.is_empty() {
        let message = format!("dataAccess.readDeny lacks credential patterns: {}", lacking.join(", "));
        missing(
            cx,
            "missing-credential-deny",
            "/dataAccess/readDeny",
            message,
            "every policy should deny these",
        );
    }
    let length = |list: &Option<Vec<PathRule>>| list.as_ref().map_or(0, Vec::len);
    let allows = length(&data.read_allow) + length(&data.write_allow);
    let others = length(&data.read_allow) + length(&data.read_deny) + length(&data.write_deny);
    if allows.saturating_mul(others) > PATTERN_PAIRS_MAX {
        return;
    }
    for text in texts(&data.read_allow).filter(|text| covered(&text.value, &read_deny)) {
        note(
            cx,
            text,
            "unreachable",
            format!("`{}` is denied by readDeny and never applies", text.value),
            DENY_WINS,
        );
    }
    for text in texts(&data.write_allow) {
        if level(document) == "read-only" {
            let message = "writeAllow under authority level `read-only` never applies".to_owned();
            note(cx, text, "dead-rule", message, "raise the level, or remove the list");
        } else if covered(&text.value, &read_deny) || covered(&text.value, &write_deny) {
            note(cx, text, "unreachable", format!("`{}` is denied and never applies", text.value), DENY_WINS);
        }
        if !covered(&text.value, &read_allow) {
            let message = format!("`{}` may be written but is not covered by readAllow", text.value);
            note(
                cx,
                text,
                "write-without-read",
                message,
                "add it to readAllow, unless the agent should not see what it wrote",
            );
        }
    }
}

fn texts(list: &Option<Vec<PathRule>>) -> impl Iterator<Item = &Text> {
    list.iter().flatten().map(|rule| &rule.text)
}

fn path_set(list: &Option<Vec<PathRule>>) -> PathSet {
    PathSet::new(Sense::Allow, list.iter().flatten().map(|rule| rule.pattern.clone()).collect())
}

/// Whether a pattern of the set covers everything that this one means.
fn covered(text: &str, by: &PathSet) -> bool {
    GlobArgument::parse(text, None, Roots::default()).ok().and_then(|glob| glob.covered(by)).is_some()
}

fn tools(document: &Document, cx: &mut Reading<'_>) {
    let Some(tools) = &document.tool_actions else { return };
    let denied: Vec<&str> = tools.denied.iter().flatten().map(|text| text.value.as_str()).collect();
    repeated(tools.allowed.iter().flatten(), cx);
    repeated(tools.denied.iter().flatten(), cx);
    for text in tools.allowed.iter().flatten().filter(|text| denied.contains(&text.value.as_str())) {
        note(
            cx,
            text,
            "unreachable",
            format!("tool `{}` is also denied and never allowed", text.value),
            DENY_WINS,
        );
    }
    for text in tools.allowed.iter().chain(&tools.denied).flatten().filter(|text| text.value.contains('*')) {
        let message = format!("`*` in `{}` is a plain character: tool names are matched exactly", text.value);
        note(cx, text, "literal-star", message, "name each tool");
    }
}

fn bash(document: &Document, cx: &mut Reading<'_>) {
    let Some(bash) = document.tool_actions.as_ref().and_then(|tools| tools.bash.as_ref()) else { return };
    let allow = || bash.allow.iter().flatten().map(|rule| &rule.text);
    let denied = || bash.deny.iter().flatten();
    repeated(allow(), cx);
    repeated(denied().map(|rule| &rule.text), cx);
    let level = level(document);
    let deny = CommandSet::new(denied().map(|rule| rule.pattern.clone()).collect());
    let mut steps = 0;
    for text in allow() {
        if matches!(level, "read-only" | "advisory-only") {
            let message = format!("bash.allow under authority level `{level}` never applies");
            note(cx, text, "dead-rule", message, "use `limited-ops`, or remove the list");
        }
        if text.value == "*" {
            let message = "bash.allow contains '*' which allows every command".to_owned();
            note(
                cx,
                text,
                "allows-everything",
                message,
                "list the commands that the agent needs; a deny list is never complete",
            );
        } else if let Some(word) = glued_star(&text.value) {
            let message = format!(
                "`*` is glued to a word in `{}`: everything that starts with `{word}` matches",
                text.value
            );
            note(cx, text, "glued-star", message, "put a blank in front of the `*`");
        }
        if deny.find(&text.value, &mut steps, |_| true).is_some() {
            note(cx, text, "unreachable", format!("`{}` is denied and never applies", text.value), DENY_WINS);
        }
    }
    for text in allow().chain(denied().map(|rule| &rule.text)).filter(|text| has_separator(&text.value)) {
        let message = format!("`{}` holds several commands, and a pattern speaks of one", text.value);
        note(cx, text, "several-commands", message, "write one pattern per command");
    }
    for text in denied().map(|rule| &rule.text) {
        let first = text.value.split(' ').next().unwrap_or_default();
        if matches!(first, "ALTER" | "DELETE" | "DROP" | "GRANT" | "INSERT" | "TRUNCATE" | "UPDATE") {
            let message =
                format!("`{}` can match no command: a pattern starts with the name of a program", text.value);
            note(
                cx,
                text,
                "dead-rule",
                message,
                "to keep SQL out of a client, deny the client, as in `psql *`",
            );
        }
    }
    let has =
        |rule: &CommandRule, text: &str| matches!(rule.pattern.stages(), [stage] if stage.matches(text));
    let lacking: Vec<&str> =
        MANDATORY.iter().filter(|text| !denied().any(|rule| has(rule, text))).copied().collect();
    if !lacking.is_empty() && bash.allow.as_ref().is_some_and(|list| !list.is_empty()) {
        let message = format!("bash.deny lacks mandatory patterns: {}", lacking.join(", "));
        missing(
            cx,
            "missing-mandatory-deny",
            "/toolActions/bash/deny",
            message,
            "every policy with commands should deny these",
        );
    }
}

/// The text in front of a `*` that directly follows a letter, a digit or `_`.
fn glued_star(text: &str) -> Option<&str> {
    let before = text.match_indices('*').filter_map(|(at, _)| text.get(..at));
    before.into_iter().find(|before| before.ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// Whether `;`, `&&` or `||` stands outside quotes.
fn has_separator(text: &str) -> bool {
    let mut quote = None;
    let mut outside = String::new();
    for c in text.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '\'' | '"') => quote = Some(c),
            None => outside.push(c),
        }
    }
    outside.contains(';') || outside.contains("&&") || outside.contains("||")
}

fn repeated<'t>(texts: impl Iterator<Item = &'t Text>, cx: &mut Reading<'_>) {
    let mut seen = std::collections::BTreeSet::new();
    for text in texts {
        if !seen.insert(text.value.as_str()) {
            note(
                cx,
                text,
                "repeated",
                format!("`{}` stands in this list twice", text.value),
                "remove one of them",
            );
        }
    }
}
