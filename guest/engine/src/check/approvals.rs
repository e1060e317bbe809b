//! What is legal in `approvals` and probably not meant: more answers than people who may give them.

use std::collections::BTreeSet;

use crate::diagnostic::Severity;
use crate::document::Document;
use crate::document::shape::Reading;

/// A quorum that the named approvers cannot reach denies every question in the end.
pub(super) fn warn(document: &Document, cx: &mut Reading<'_>) {
    let Some(approvals) = &document.approvals else { return };
    let (Some(approvers), Some(quorum)) = (&approvals.approvers, &approvals.quorum) else { return };
    let names: BTreeSet<&str> = approvers.0.iter().map(|text| text.value.as_str()).collect();
    let Some(first) = approvers.0.first().filter(|_| (names.len() as u64) < quorum.value) else { return };
    let message = format!(
        "{} people have to say yes, and `approvers` names {}: nothing is ever approved",
        quorum.value,
        names.len()
    );
    let help = Some("name more people, or lower `quorum`".to_owned());
    let pointer = "/approvals/quorum".to_owned();
    cx.report(Severity::Warning, "unreachable", first.span, pointer, message, "these people", help);
}
