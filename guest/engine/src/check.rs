//! Tree to checked document: every mistake in one go, and what an author should look at again.
//!
//! What passes here compiles. A warning never changes what a policy means.

mod warnings;

use crate::command::CommandPattern;
use crate::decision::Digest;
use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::document::Document;
use crate::document::shape::{Reading, Shape as _, Text};
use crate::limits::DOCUMENT_BYTES_MAX;
use crate::path::PathPattern;
use crate::syntax::{self, SyntaxTree};
use crate::{Format, command};

/// A document without mistakes.
#[derive(Debug)]
pub struct CheckedPolicy {
    pub(crate) document: Document,
    pub(crate) digest: Digest,
    pub(crate) patterns: Patterns,
    pub(crate) warnings: Vec<Diagnostic>,
}

/// The patterns of a document, read.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    pub(crate) read_allow: Vec<PathPattern>,
    pub(crate) read_deny: Vec<PathPattern>,
    pub(crate) write_allow: Vec<PathPattern>,
    pub(crate) write_deny: Vec<PathPattern>,
    pub(crate) bash_allow: Vec<CommandPattern>,
    pub(crate) bash_deny: Vec<CommandPattern>,
}

/// Text to tree. The error is a list of one: behind a mistake in the notation nothing is certain.
pub fn parse(text: &str, format: Format) -> Result<SyntaxTree<'_>, Vec<Diagnostic>> {
    let result = if text.len() > DOCUMENT_BYTES_MAX {
        Err(syntax::SyntaxError {
            message: format!("document is larger than {DOCUMENT_BYTES_MAX} bytes"),
            span: Span::default(),
        })
    } else {
        syntax::read(text, format)
    };
    result.map_err(|error| {
        let empty = syntax::Node { value: syntax::Value::Null, span: Span::default() };
        let mut cx = Reading::new(&SyntaxTree { text, root: empty, duplicates: Vec::new() });
        let help = match format {
            Format::Json => "JSON has no comments and no trailing commas; YAML is accepted too",
            Format::Yaml => "YAML without anchors, aliases and tags",
        };
        cx.error("syntax", error.span, error.message, "here", Some(help.to_owned()));
        cx.finish()
    })
}

/// Tree to checked document. The error lists every mistake, and the warnings with them.
pub fn check(tree: &SyntaxTree<'_>) -> Result<CheckedPolicy, Vec<Diagnostic>> {
    let mut cx = Reading::new(tree);
    for duplicate in &tree.duplicates {
        let message = format!("key `{}` stands twice in one object", duplicate.key.escape_debug());
        cx.error(
            "duplicate-key",
            duplicate.span,
            message,
            "the second one",
            Some("keep one of them; which one counts would be a guess".to_owned()),
        );
    }
    let document = Document::read(&tree.root, &mut cx);
    let checked = document.map(|document| {
        let patterns = patterns(&document, &mut cx);
        thresholds(&document, &mut cx);
        scope(&document, &mut cx);
        variables(&document, &mut cx);
        warnings::warn(&document, &patterns, &mut cx);
        (document, patterns)
    });
    let findings = cx.finish();
    match checked {
        Some((document, patterns))
            if findings.iter().all(|finding| finding.severity == Severity::Warning) =>
        {
            Ok(CheckedPolicy {
                document,
                digest: Digest::of(tree.text.as_bytes()),
                patterns,
                warnings: findings,
            })
        }
        Some(_) | None => Err(findings),
    }
}

/// Reports an error about a text of the document.
fn error(cx: &mut Reading<'_>, text: &Text, code: &'static str, message: String, help: &str) {
    cx.report(
        Severity::Error,
        code,
        text.span,
        text.pointer.clone(),
        message,
        "this entry",
        Some(help.to_owned()),
    );
}

fn patterns(document: &Document, cx: &mut Reading<'_>) -> Patterns {
    let mut patterns = Patterns::default();
    if let Some(data) = &document.data_access {
        patterns.read_allow = paths(data.read_allow.as_deref(), cx);
        patterns.read_deny = paths(data.read_deny.as_deref(), cx);
        patterns.write_allow = paths(data.write_allow.as_deref(), cx);
        patterns.write_deny = paths(data.write_deny.as_deref(), cx);
    }
    if let Some(bash) = document.tool_actions.as_ref().and_then(|tools| tools.bash.as_ref()) {
        patterns.bash_allow = commands(bash.allow.as_deref(), cx);
        patterns.bash_deny = commands(bash.deny.as_deref(), cx);
    }
    patterns
}

fn paths(texts: Option<&[Text]>, cx: &mut Reading<'_>) -> Vec<PathPattern> {
    let mut patterns = Vec::new();
    for text in texts.unwrap_or_default() {
        match PathPattern::parse(&text.value) {
            Ok(pattern) => patterns.push(pattern),
            Err(found) => error(cx, text, "bad-path-pattern", found.message.to_owned(), found.help),
        }
    }
    patterns
}

fn commands(texts: Option<&[Text]>, cx: &mut Reading<'_>) -> Vec<CommandPattern> {
    let mut patterns = Vec::new();
    for text in texts.unwrap_or_default() {
        if text.value.len() > crate::limits::PATTERN_BYTES_MAX {
            error(
                cx,
                text,
                "bad-command-pattern",
                "pattern is longer than 1024 bytes".to_owned(),
                "split it into several patterns",
            );
        } else {
            patterns.push(CommandPattern::parse(&text.value));
        }
    }
    patterns
}

fn thresholds(document: &Document, cx: &mut Reading<'_>) {
    let Some(budget) = &document.risk_budget else { return };
    let thresholds = budget.thresholds.as_ref();
    let steps = [
        ("warn", thresholds.and_then(|own| own.warn)),
        ("throttle", thresholds.and_then(|own| own.throttle)),
        ("critical", thresholds.and_then(|own| own.critical)),
        ("exhausted", thresholds.and_then(|own| own.exhausted)),
        ("maxPerSession", Some(budget.max_per_session)),
    ];
    let present: Vec<_> = steps.iter().filter_map(|(name, points)| Some((*name, (*points)?))).collect();
    for pair in present.windows(2) {
        let [(low_name, low), (high_name, high)] = pair else { continue };
        if low.value > high.value {
            let pointer = format!("/riskBudget/thresholds/{low_name}");
            let message = format!("`{low_name}` is {} but `{high_name}` is {}", low.value, high.value);
            let help = "the order is 0 ≤ warn ≤ throttle ≤ critical ≤ exhausted ≤ maxPerSession";
            cx.report(
                Severity::Error,
                "threshold-order",
                low.span,
                pointer,
                message,
                "too high",
                Some(help.to_owned()),
            );
        }
    }
}

fn scope(document: &Document, cx: &mut Reading<'_>) {
    if document.identity.environment_scope.as_ref().is_some_and(Vec::is_empty) {
        let message = "environmentScope is empty, so the agent could act nowhere".to_owned();
        let help = "name environments, such as `development`".to_owned();
        cx.report(
            Severity::Error,
            "empty-list",
            Span::default(),
            "/identity/environmentScope".to_owned(),
            message,
            "in this document",
            Some(help),
        );
    }
}

fn variables(document: &Document, cx: &mut Reading<'_>) {
    let bash = document.tool_actions.as_ref().and_then(|tools| tools.bash.as_ref());
    for text in bash.and_then(|bash| bash.allow_env.as_deref()).unwrap_or_default() {
        let name = text.value.strip_suffix('*').unwrap_or(&text.value);
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            let message = format!("`{}` is not the name of a variable", text.value.escape_debug());
            error(cx, text, "bad-variable", message, "letters, digits and `_`, with `*` at the end at most");
        } else if command::is_dangerous(&text.value) {
            let message = format!("`{}` decides what other programs run and cannot be allowed", text.value);
            error(
                cx,
                text,
                "dangerous-variable",
                message,
                "set it where the agent is started, not in its commands",
            );
        }
    }
}
