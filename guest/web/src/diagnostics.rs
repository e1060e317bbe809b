//! Findings about a document, as JSON.

use sentinel_engine::{Diagnostic, Severity};
use serde::Serialize;

use crate::text::{Places, Range};

#[derive(Serialize)]
struct Finding<'d> {
    severity: &'static str,
    code: &'static str,
    message: &'d str,
    help: Option<&'d str>,
    label: &'d str,
    pointer: Option<&'d str>,
    range: Range,
}

/// A JSON array, in the order of the findings.
pub(crate) fn json(document: &str, found: &[Diagnostic]) -> String {
    if found.is_empty() {
        return "[]".to_owned();
    }
    let places = Places::new(document);
    let findings: Vec<_> = found.iter().map(|own| finding(&places, own)).collect();
    // Texts and numbers always have a JSON form.
    serde_json::to_string(&findings).unwrap_or_default()
}

fn finding<'d>(places: &Places<'_>, own: &'d Diagnostic) -> Finding<'d> {
    let severity = match own.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    Finding {
        severity,
        code: own.code,
        message: &own.message,
        help: own.help.as_deref(),
        label: &own.label,
        pointer: (!own.pointer.is_empty()).then_some(&*own.pointer),
        range: places.range(own.span),
    }
}
