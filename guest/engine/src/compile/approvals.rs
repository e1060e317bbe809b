//! `approvals` to rules.

use crate::approval::ApprovalRules;
use crate::decision::Rule;
use crate::document::approvals::Approvals;
use crate::document::shape::Filled;

/// What a policy says of approvals; the defaults where it says nothing.
pub(super) fn rules(section: Option<Approvals>) -> ApprovalRules {
    let default = ApprovalRules::default();
    let Some(own) = section else { return default };
    let number =
        |value: Option<u64>, default: u32| value.and_then(|own| u32::try_from(own).ok()).unwrap_or(default);
    ApprovalRules {
        approvers: own
            .approvers
            .map_or_else(Vec::new, |Filled(list)| list.into_iter().map(|text| text.value).collect()),
        quorum: number(own.quorum.map(|own| own.value), default.quorum),
        seconds: number(own.expires_seconds.map(|own| own.value), default.seconds),
        above: own
            .above
            .map(|above| (above.micros, Rule { pattern: above.text.value, pointer: above.text.pointer })),
        tools: own.tools.map_or_else(Vec::new, |Filled(list)| {
            let rule = |(index, pattern): (usize, crate::meters::ToolPattern)| {
                let rule = Rule {
                    pattern: pattern.as_str().to_owned(),
                    pointer: format!("/approvals/tools/{index}"),
                };
                (pattern, rule)
            };
            list.into_iter().enumerate().map(rule).collect()
        }),
    }
}
