//! A question in sentences, for people who read it outside of our own pages. Nothing here is escaped:
//! whoever shows it does that.

use crate::state::{Approval, ApprovalReason};

/// What is said of a question whose policy was replaced.
pub const REPLACED: &str = "the policy that asked does not govern any more: a yes is worth nothing";

/// Every reason why a person is asked, the one that decided first: one sentence or two each, and never
/// none.
pub fn reasons(row: &Approval) -> Vec<String> {
    if row.reasons.is_empty() {
        return vec![row.reason.clone()];
    }
    let mut all: Vec<_> = row.reasons.iter().map(sentence).collect();
    if row.more_reasons > 0 {
        all.push(format!("The same holds for {} more parts of the call.", row.more_reasons));
    }
    all
}

/// The reason, and what of the call it speaks of where the sentence does not quote that.
fn sentence(own: &ApprovalReason) -> String {
    match &own.part {
        Some(part) if !own.message.contains(&part.text) => format!("{} In: {}", own.message, part.text),
        Some(_) | None => own.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::ApprovalPart;

    fn reason(message: &str, part: Option<&str>) -> ApprovalReason {
        ApprovalReason {
            message: message.to_owned(),
            code: "c".to_owned(),
            layer: "deterministic".to_owned(),
            rule: None,
            part: part.map(|text| ApprovalPart { text: text.to_owned(), start: 0, end: 0 }),
        }
    }

    #[test]
    fn every_reason_is_said() {
        let row = |reasons, more_reasons| Approval {
            reason: "One.".to_owned(),
            reasons,
            more_reasons,
            ..Approval::unreadable()
        };
        assert_eq!(reasons(&row(Vec::new(), 0)), ["One."], "a row of an earlier version");
        let all =
            vec![reason("One.", Some("xargs rm")), reason("Two: `ls`.", Some("ls")), reason("Three.", None)];
        assert_eq!(
            reasons(&row(all, 4)),
            ["One. In: xargs rm", "Two: `ls`.", "Three.", "The same holds for 4 more parts of the call."]
        );
    }
}
