//! `rules`, `tags`, `metadata` and `redact` of a document, as types.

use super::leaves::{self, AgentId, Text, visible};
use super::shape::{Few, Reading, Shape, shape_enum, shape_struct};
use crate::condition::When;
use crate::limits::{
    LABEL_BYTES_MAX, METADATA_MAX, METER_TOOLS_MAX, REDACT_MAX, RULE_MESSAGE_BYTES_MAX, RULES_MAX,
    TAG_RULES_MAX, TAGS_MAX,
};
use crate::meters::ToolPattern;
use crate::policy::{Action, OnUnknown};
use crate::syntax::{Node, Value};

/// `rules`
pub(crate) type RuleList = Few<Rule, RULES_MAX>;

/// `tags`
pub(crate) type TagList = Few<TagRule, TAG_RULES_MAX>;

/// `redact`
pub(crate) type Redact = Few<Label, REDACT_MAX>;

shape_struct! {
    /// What happens to calls of some tools, under a condition on what they are called with.
    pub(crate) struct Rule {
        /// Name of the rule, unique in this list.
        name: RuleName = "name",
        /// Tools that it speaks of, `*` for any text.
        tools: RuleTools = "tools",
        /// What has to hold of the call; always if absent.
        when: Option<When> = "when",
        /// What happens then: `allow`, `block` or `require_approval`. The first rule that holds ends
        /// the list.
        action: Action = "action",
        /// Why, for people; it becomes the reason.
        message: Option<Message> = "message",
        /// What happens if the call lacks an argument that the condition needs: `escalate` (the
        /// default) asks a person, `block` denies, `skip` passes the rule over.
        on_missing: Option<OnUnknown> = "onMissing",
        /// The same for an argument of a type that the operator does not compare.
        on_mismatch: Option<OnUnknown> = "onMismatch",
        /// Whether the rule counts; true if absent.
        enabled: Option<bool> = "enabled",
    }
}

shape_struct! {
    /// Labels that the record of a call gets. They never change a decision.
    pub(crate) struct TagRule {
        /// The labels.
        add: Labels = "add",
        /// Tools whose calls get them, `*` for any text; every tool if absent.
        tools: Option<RuleTools> = "tools",
        /// What has to hold of the call; always if absent. What is unknown does not hold.
        when: Option<When> = "when",
    }
}

shape_enum! {
    /// What a rule does.
    Action {
        "allow" => Self::Allow,
        "block" => Self::Block,
        "require_approval" => Self::RequireApproval,
    }
}

shape_enum! {
    /// What a rule does that cannot be answered.
    OnUnknown {
        "skip" => Self::Skip,
        "escalate" => Self::Escalate,
        "block" => Self::Block,
    }
}

impl Shape for bool {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let Value::Bool(value) = node.value else {
            cx.wrong_type(node, "a boolean");
            return None;
        };
        Some(value)
    }

    fn schema() -> String {
        r#"{"type":"boolean"}"#.to_owned()
    }
}

/// The name of a rule, with its place.
#[derive(Clone, Debug)]
pub(crate) struct RuleName(pub(crate) Text);

impl Shape for RuleName {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        leaves::name(node, "rule", cx).map(Self)
    }

    fn schema() -> String {
        AgentId::schema()
    }
}

/// The tools of a rule; a rule without any would never speak.
#[derive(Clone, Debug)]
pub(crate) struct RuleTools(pub(crate) Vec<ToolPattern>);

impl Shape for RuleTools {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let list = Few::<ToolPattern, METER_TOOLS_MAX>::read(node, cx)?;
        filled(list, node, "name tools, or `*` for every one", cx).map(Self)
    }

    fn schema() -> String {
        filled_schema(&ToolPattern::schema(), METER_TOOLS_MAX)
    }
}

/// A list that has to say something.
fn filled<T, const MAX: usize>(
    list: Few<T, MAX>,
    node: &Node<'_>,
    help: &str,
    cx: &mut Reading<'_>,
) -> Option<Vec<T>> {
    if list.0.is_empty() {
        cx.error("empty-list", node.span, "the list is empty".to_owned(), "this list", Some(help.to_owned()));
        return None;
    }
    Some(list.0)
}

fn filled_schema(items: &str, max: usize) -> String {
    format!(r#"{{"type":"array","minItems":1,"maxItems":{max},"items":{items}}}"#)
}

/// The labels of a tag rule.
#[derive(Clone, Debug)]
pub(crate) struct Labels(pub(crate) Vec<Label>);

impl Shape for Labels {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let list = Few::<Label, TAGS_MAX>::read(node, cx)?;
        filled(list, node, "write the labels to add", cx).map(Self)
    }

    fn schema() -> String {
        filled_schema(&Label::schema(), TAGS_MAX)
    }
}

/// A short text that records show: a label, a key, the name of an argument.
#[derive(Clone, Debug)]
pub(crate) struct Label(pub(crate) String);

impl Shape for Label {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        short(node, LABEL_BYTES_MAX, cx).map(Self)
    }

    fn schema() -> String {
        format!(r#"{{"type":"string","minLength":1,"maxLength":{LABEL_BYTES_MAX}}}"#)
    }
}

/// What a rule says to people.
#[derive(Clone, Debug)]
pub(crate) struct Message(pub(crate) String);

impl Shape for Message {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        short(node, RULE_MESSAGE_BYTES_MAX, cx).map(Self)
    }

    fn schema() -> String {
        format!(r#"{{"type":"string","minLength":1,"maxLength":{RULE_MESSAGE_BYTES_MAX}}}"#)
    }
}

/// A visible text of at most so many bytes.
fn short(node: &Node<'_>, bytes_max: usize, cx: &mut Reading<'_>) -> Option<String> {
    let text = visible(Text::read(node, cx)?, cx)?.value;
    if text.len() > bytes_max {
        let message = format!("the text is longer than {bytes_max} bytes");
        cx.error("too-long", node.span, message, "this text", Some("shorten it".to_owned()));
        return None;
    }
    Some(text)
}

/// `metadata`: text to text, in document order.
#[derive(Clone, Debug)]
pub(crate) struct Metadata(pub(crate) Vec<(String, String)>);

impl Shape for Metadata {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let Some(members) = node.as_object() else {
            cx.wrong_type(node, "an object");
            return None;
        };
        if members.len() > METADATA_MAX {
            let message = format!("{} entries; at most {METADATA_MAX} are allowed", members.len());
            cx.error("too-many", node.span, message, "this object", None);
            return None;
        }
        let mut entries = Vec::with_capacity(members.len());
        for member in members {
            entries.extend(cx.at(&member.key, |cx| {
                let key = Node { value: Value::String(member.key.clone()), span: member.key_span };
                let key = Label::read(&key, cx);
                let value = Message::read(&member.value, cx);
                Some((key?.0, value?.0))
            }));
        }
        (entries.len() == members.len()).then_some(Self(entries))
    }

    fn schema() -> String {
        let key = Label::schema();
        let value = Message::schema();
        format!(
            r#"{{"type":"object","maxProperties":{METADATA_MAX},"propertyNames":{key},"additionalProperties":{value}}}"#
        )
    }
}
