//! `rules` and `tags` to what a decision asks: conditions as they were read, indexed by tool.

use crate::call::HTTP_TOOL;
use crate::condition::{Condition, Step, Subject, Test, Work};
use crate::decision::Rule as Written;
use crate::document::rules::{Rule, RuleList, TagList, TagRule};
use crate::literal_index::LiteralIndex;
use crate::meters::ToolPattern;
use crate::policy::{RequestLooks, Rule as Compiled, RuleBook, Tag, TagBook};
use crate::tool_index::ToolIndex;

/// The rules that are enabled, in document order.
pub(super) fn rules(list: Option<RuleList>) -> RuleBook {
    let rules = list.map_or_else(Vec::new, |list| list.0);
    let enabled = rules.into_iter().enumerate().filter(|(_, rule)| rule.enabled != Some(false));
    let (tools, rules): (Vec<_>, Vec<_>) = enabled.map(|(index, rule)| self::rule(index, rule)).unzip();
    let literals = LiteralIndex::new(rules.iter().map(|rule| rule.when.as_ref()));
    RuleBook { index: index(tools), literals, rules }
}

fn rule(index: usize, rule: Rule) -> (Vec<ToolPattern>, Compiled) {
    let compiled = Compiled {
        when: rule.when.map(|when| when.condition),
        action: rule.action,
        message: rule.message.map(|message| message.0),
        on_missing: rule.on_missing.unwrap_or_default(),
        on_mismatch: rule.on_mismatch.unwrap_or_default(),
        written: Written { pattern: rule.name.0.value, pointer: format!("/rules/{index}") },
    };
    (rule.tools.0, compiled)
}

/// What the rules for the tool `http` look at.
pub(super) fn looks(rules: &RuleBook) -> RequestLooks {
    let mut looks = RequestLooks::default();
    let Ok(rules) = rules.of(HTTP_TOOL, &mut Work::new()) else {
        return RequestLooks { method: true, path: true, body: true };
    };
    for when in rules.filter_map(|rule| rule.when.as_ref()) {
        when.tests(false, &mut |test, _| looks.add(test));
    }
    looks
}

impl RequestLooks {
    fn add(&mut self, test: &Test) {
        match &test.subject {
            Subject::Argument(path) => match path.steps().first() {
                Some(Step::Name(name)) => {
                    self.method |= name == "method";
                    self.path |= name == "path";
                    self.body |= matches!(name.as_str(), "body" | "bodyBase64");
                }
                // All of it.
                Some(Step::Each | Step::Index(_)) | None => {
                    (self.method, self.path, self.body) = (true, true, true)
                }
            },
            // Of a payment it is the path.
            Subject::Endpoint => self.path = true,
            Subject::ToolName
            | Subject::CostUsd
            | Subject::CostTokens
            | Subject::Payee
            | Subject::Environment => {}
        }
    }
}

/// The entries of `tags`.
pub(super) fn tags(list: Option<TagList>) -> TagBook {
    let entries = list.map_or_else(Vec::new, |list| list.0);
    let (tools, tags): (Vec<_>, Vec<_>) = entries.into_iter().map(tag).unzip();
    TagBook { index: index(tools), tags }
}

fn tag(entry: TagRule) -> (Vec<ToolPattern>, Tag) {
    let when: Option<Condition> = entry.when.map(|when| when.condition);
    let tools = entry.tools.map_or_else(|| vec![ToolPattern::new("*")], |tools| tools.0);
    (tools, Tag { add: entry.add.0.into_iter().map(|label| label.0).collect(), when })
}

fn index(tools: Vec<Vec<ToolPattern>>) -> ToolIndex {
    let numbered = tools.into_iter().zip(0..);
    ToolIndex::new(numbered.flat_map(|(own, number)| own.into_iter().map(move |pattern| (pattern, number))))
}
