//! `rules.json` of agentic-sentinel: rules by priority, the first one that holds decides.

mod conditions;

use super::draft::Draft;
use super::fnmatch::{self, NamePattern};
use super::leaves::{Any, Flag, Place, Placed, Prose, Signed};
use super::rule::{Action, NewRule, joined, leaf};
use crate::document::leaves::{Text, visible};
use crate::document::shape::{Few, Reading, Shape, shape_struct};
use crate::limits::{CONDITION_TESTS_MAX, PATTERN_BYTES_MAX, RULES_MAX};
use crate::syntax::Node;
use conditions::Condition;

/// The priority of a rule that names none.
const DEFAULT_PRIORITY: i64 = 100;

shape_struct! {
    /// The file.
    struct File {
        /// For people.
        version: Option<Any> = "version",
        /// What happens where no rule holds.
        default_action: Option<Placed<Action>> = "default_action",
        /// The rules.
        rules: Option<Few<Entry, RULES_MAX>> = "rules",
    }
}

shape_struct! {
    /// One rule.
    struct Entry {
        /// What records call it.
        id: Text = "id",
        /// What people call it; the id if absent.
        name: Option<Prose> = "name",
        /// Functions that it speaks of.
        function_pattern: FunctionPattern = "function_pattern",
        /// What happens.
        action: Action = "action",
        /// All of them have to hold.
        conditions: Option<Few<Condition, CONDITION_TESTS_MAX>> = "conditions",
        /// Lower ones come first.
        priority: Option<Signed> = "priority",
        /// For whoever is held back.
        message: Option<Prose> = "message",
        /// Whether it counts.
        enabled: Option<Flag> = "enabled",
        /// For people.
        description: Option<Prose> = "description",
    }
}

/// A pattern of function names, in our notation.
#[derive(Clone, Debug)]
struct FunctionPattern {
    tools: String,
    exactly: Option<String>,
    place: Place,
}

impl Shape for FunctionPattern {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let text = visible(Text::read(node, cx)?, cx)?;
        let is_long = text.value.len() > PATTERN_BYTES_MAX;
        let (message, help) = match (!is_long).then(|| fnmatch::read(&text.value)) {
            Some(Ok(NamePattern { tools, exactly })) => {
                return Some(Self { tools, exactly, place: Place::from(&text) });
            }
            None => (format!("pattern is longer than {PATTERN_BYTES_MAX} bytes"), "write two rules"),
            Some(Err(message)) => (message, "write the lower character first"),
        };
        cx.error("bad-pattern", node.span, message, "this pattern", Some(help.to_owned()));
        None
    }

    fn schema() -> String {
        Text::schema()
    }
}

/// Converts the file.
pub(super) fn convert(root: &Node<'_>, draft: &mut Draft<'_, '_>) {
    let Some(file) = File::read(root, draft.cx) else { return };
    let mut rules = file.rules.map_or_else(Vec::new, |rules| rules.0);
    // Stable: rules of one priority stay in the order of the file.
    rules.sort_by_key(|rule| rule.priority.map_or(DEFAULT_PRIORITY, |own| own.0));
    let (action, place) = match file.default_action {
        Some(own) => (own.value, own.place),
        None => (Action::Allow, Place::default()),
    };
    let holds = |rule: &Entry| rule.enabled.as_ref().is_none_or(|own| own.value);
    if action == Action::Allow && !rules.iter().any(holds) {
        let help = "write rules, or set `default_action` to `block`";
        draft.note(&place, "allows-everything", "this policy allows every call of every named tool", help);
    }
    draft.reserve("default");
    for rule in rules {
        entry(rule, draft);
    }
    draft.push_default(action, &place);
}

fn entry(rule: Entry, draft: &mut Draft<'_, '_>) {
    let pattern = rule.function_pattern;
    let name = draft.rename(&rule.id.value, &Place::from(&rule.id));
    if rule.action != Action::Block {
        draft.note_mapped(&pattern.tools, &pattern.place);
    }
    for (own, kept) in [(&rule.name, Some(rule.id.value.as_str())), (&rule.description, None)] {
        if let Some(Prose { value: Some(text), place }) = own
            && Some(text.as_str()) != kept
        {
            let message = "names and descriptions of rules are not carried over";
            draft.note_once(place, "dropped-text", message, "a rule has its id as a name, and a message");
        }
    }
    if let Some(Prose { value: Some(text), place }) = &rule.message {
        draft.note_message(text, place);
    }
    let conditions = rule.conditions.map_or_else(Vec::new, |list| list.0);
    let has_conditions = !conditions.is_empty();
    let exactly = pattern.exactly.map(|regex| leaf("@toolName", "matches", regex.into()));
    let own = conditions.into_iter().filter_map(|condition| condition.convert(rule.action, draft));
    let when = exactly.into_iter().chain(own.collect::<Vec<_>>()).collect();
    draft.push_rule(&NewRule {
        when: joined("all", when),
        message: rule.message.and_then(|own| own.value),
        on_missing: has_conditions.then_some("skip"),
        on_mismatch: has_conditions.then_some("escalate"),
        enabled: rule.enabled.is_none_or(|own| own.value),
        ..NewRule::new(&name, vec![pattern.tools], rule.action)
    });
}
