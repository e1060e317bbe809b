//! What a person is told of the grounds of a question: every one of them, since a yes is for all.
//!
//! A command may be wrong in the same way in a thousand places. So that a question stays one that
//! somebody can read and a store can keep, further places of a ground that is there already are
//! counted from some number on. No ground is left out.

use std::collections::BTreeSet;

use crate::engine::{Reason, layer_word};
use crate::state::{ApprovalPart, ApprovalReason, ApprovalRule};

/// Reasons that are kept, unless there are more grounds than that.
const REASONS_MAX: usize = 64;

/// The reasons as they are kept, in the engine's order, and how many further places were left out.
pub(super) fn kept(all: &[Reason]) -> (Vec<ApprovalReason>, u32) {
    let mut seen = BTreeSet::new();
    let mut room = REASONS_MAX;
    let is_kept = |own: &&Reason| {
        let rule = own.rule.as_ref().map(|rule| (rule.pointer.clone(), rule.pattern.clone()));
        let is_new = seen.insert((own.code.clone(), rule));
        let fits = room > 0;
        room = room.saturating_sub(1);
        is_new || fits
    };
    let reasons: Vec<_> = all.iter().filter(is_kept).map(reason).collect();
    let more = u32::try_from(all.len().saturating_sub(reasons.len())).unwrap_or(u32::MAX);
    (reasons, more)
}

fn reason(own: &Reason) -> ApprovalReason {
    let rule = own.rule.as_ref();
    let part = own.part.as_ref();
    ApprovalReason {
        message: own.message.clone(),
        code: own.code.clone(),
        layer: layer_word(own.layer).to_owned(),
        rule: rule.map(|own| ApprovalRule { pattern: own.pattern.clone(), pointer: own.pointer.clone() }),
        part: part.map(|own| ApprovalPart { text: own.text.clone(), start: own.start, end: own.end }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Layer, Outcome, Rule};

    fn found(code: &str, pointer: &str) -> Reason {
        Reason {
            outcome: Outcome::Escalate,
            layer: Layer::Deterministic,
            code: code.to_owned(),
            message: format!("{code}."),
            rule: Some(Rule { pattern: "p".to_owned(), pointer: pointer.to_owned() }),
            part: None,
        }
    }

    #[test]
    fn all_are_kept_where_somebody_can_read_them() {
        let all = [found("a", "/1"), found("a", "/1"), found("b", "/2")];
        let (reasons, more) = kept(&all);
        assert_eq!(reasons.iter().map(|own| &*own.code).collect::<Vec<_>>(), ["a", "a", "b"]);
        assert_eq!(more, 0);
    }

    #[test]
    fn a_crowd_hides_no_ground() {
        let mut all = vec![found("harmless", "/1"); 900];
        all.extend([found("harmful", "/1"), found("harmless", "/2")]);
        all.extend(vec![found("harmless", "/1"); 100]);
        let (reasons, more) = kept(&all);
        assert_eq!(reasons.len(), REASONS_MAX + 2);
        assert_eq!(more as usize + reasons.len(), all.len());
        let last =
            reasons.iter().skip(REASONS_MAX).map(|own| (&*own.code, &*own.rule.as_ref().unwrap().pointer));
        assert_eq!(last.collect::<Vec<_>>(), [("harmful", "/1"), ("harmless", "/2")]);
        // As many grounds as there are lines of a policy: each of them is said.
        let all: Vec<_> = (0..300).map(|line| found("a", &format!("/{line}"))).collect();
        assert_eq!((kept(&all).0.len(), kept(&all).1), (300, 0));
    }
}
