//! Tree to checked document: every mistake in one go, and what an author should look at again.
//!
//! What passes here compiles. A warning never changes what a policy means.

mod anomaly;
mod approvals;
mod meters;
mod network;
mod rules;
mod transport;
mod warnings;
pub(crate) mod x402;

pub(crate) use meters::{CALLS_PER_MINUTE, DENIALS_PER_MINUTE};

use crate::Format;
use crate::decision::Digest;
use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::dialect;
use crate::document::Document;
use crate::document::shape::{Reading, Shape as _};
use crate::limits::DOCUMENT_BYTES_MAX;
use crate::syntax::{self, Node, SyntaxTree};

/// A document without mistakes.
#[derive(Debug)]
pub struct CheckedPolicy {
    pub(crate) document: Document,
    pub(crate) digest: Digest,
    pub(crate) warnings: Vec<Diagnostic>,
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
    duplicates(tree, &mut cx);
    dialect::hint(&tree.root, &mut cx);
    let document = Document::read(&tree.root, &mut cx);
    // The rest is asked of whatever could be read, so that no mistake hides another one.
    thresholds(&tree.root, &mut cx);
    meters::check(&tree.root, &mut cx);
    anomaly::check(&tree.root, &mut cx);
    rules::check(&tree.root, &mut cx);
    network::check(&tree.root, &mut cx);
    scope(&tree.root, &mut cx);
    if let Some(document) = &document {
        warnings::warn(document, &mut cx);
        meters::warn(document, &mut cx);
        anomaly::warn(document, &tree.root, &mut cx);
        approvals::warn(document, &mut cx);
        rules::warn(document, &mut cx);
        network::warn(document, &mut cx);
    }
    let findings = cx.finish();
    match document {
        Some(document) if findings.iter().all(|finding| finding.severity == Severity::Warning) => {
            Ok(CheckedPolicy { document, digest: Digest::of(tree.text.as_bytes()), warnings: findings })
        }
        Some(_) | None => Err(findings),
    }
}

/// Reports keys that stand twice.
pub(crate) fn duplicates(tree: &SyntaxTree<'_>, cx: &mut Reading<'_>) {
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
}

/// The member of an object.
fn member<'n, 'a>(node: &'n Node<'a>, name: &str) -> Option<&'n Node<'a>> {
    node.as_object()?.iter().find(|member| member.key == name).map(|member| &member.value)
}

/// 0 ≤ warn ≤ throttle ≤ critical ≤ exhausted ≤ maxPerSession ≤ maxPerDay, whichever are numbers.
fn thresholds(root: &Node<'_>, cx: &mut Reading<'_>) {
    let Some(budget) = member(root, "riskBudget") else { return };
    let thresholds = member(budget, "thresholds");
    let points = |node: Option<&Node<'_>>| Some((node?.as_number()?.parse::<u64>().ok()?, node?.span));
    let steps = ["warn", "throttle", "critical", "exhausted"]
        .map(|name| ("/thresholds", name, points(thresholds.and_then(|own| member(own, name)))));
    let last = ["maxPerSession", "maxPerDay"].map(|name| ("", name, points(member(budget, name))));
    let present: Vec<_> = steps
        .iter()
        .chain(&last)
        .filter_map(|(place, name, points)| Some((*place, *name, (*points)?)))
        .collect();
    for pair in present.windows(2) {
        let [(place, low_name, (low, span)), (_, high_name, (high, _))] = pair else { continue };
        if low > high {
            let pointer = format!("/riskBudget{place}/{low_name}");
            let message = format!("`{low_name}` is {low} but `{high_name}` is {high}");
            let help = "the order is 0 ≤ warn ≤ throttle ≤ critical ≤ exhausted ≤ maxPerSession ≤ maxPerDay";
            cx.report(
                Severity::Error,
                "threshold-order",
                *span,
                pointer,
                message,
                "too high",
                Some(help.to_owned()),
            );
        }
    }
}

fn scope(root: &Node<'_>, cx: &mut Reading<'_>) {
    let scope = member(root, "identity").and_then(|identity| member(identity, "environmentScope"));
    if let Some(scope) = scope.filter(|scope| scope.as_array().is_some_and(<[_]>::is_empty)) {
        let message = "environmentScope is empty, so the agent could act nowhere".to_owned();
        let help = Some("name environments, such as `development`".to_owned());
        let pointer = "/identity/environmentScope".to_owned();
        cx.report(Severity::Error, "empty-list", scope.span, pointer, message, "this list", help);
    }
}
