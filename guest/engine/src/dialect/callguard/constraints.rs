//! `argument_constraints`: their part of JSON Schema, as rules that block what breaks it.
//!
//! There, only keyword arguments are looked at, and a call without any passes. Here all arguments
//! have names. A value of a type that a bound cannot compare is blocked, where theirs passed.

use super::super::draft::Draft;
use super::super::json::Json;
use super::super::leaves::{Any, Place, Placed, is_exact_name};
use super::super::regex::{Flavour, Sense};
use super::super::rule::{Action, NewRule, argument, joined, leaf, not};
use crate::document::leaves::Text;
use crate::document::shape::{Map, shape_enum, shape_struct};

shape_struct! {
    /// What the arguments of an action have to be.
    pub(super) struct Schema {
        /// Arguments that have to be there.
        required: Option<Vec<Text>> = "required",
        /// What single arguments have to be, where they are there.
        properties: Option<Map<Property>> = "properties",
    }
}

shape_struct! {
    /// What an argument has to be.
    pub(super) struct Property {
        /// Its type.
        kind: Option<Kind> = "type",
        /// The least that a number may be.
        minimum: Option<Any> = "minimum",
        /// The most that a number may be.
        maximum: Option<Any> = "maximum",
        /// The values that it may have.
        values: Option<Placed<Vec<Any>>> = "enum",
        /// What has to be found in a text.
        pattern: Option<Placed<Text>> = "pattern",
    }
}

/// A type of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    String,
    Number,
    Integer,
    Boolean,
    Array,
    Object,
}

shape_enum! {
    /// A type of JSON.
    Kind {
        "string" => Self::String,
        "number" => Self::Number,
        "integer" => Self::Integer,
        "boolean" => Self::Boolean,
        "array" => Self::Array,
        "object" => Self::Object,
    }
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

/// Writes one rule for each argument.
pub(super) fn convert(constraints: &[(Text, Schema)], draft: &mut Draft<'_, '_>) {
    for (action, schema) in constraints {
        if !is_exact_name(action, draft.cx) {
            continue;
        }
        let required = schema.required.as_deref().unwrap_or_default();
        let properties = schema.properties.as_ref().map_or(&[] as &[_], |map| &map.0);
        let is_required = |name: &str| required.iter().any(|own| own.value == name);
        for (field, property) in properties {
            write(&action.value, field, Some(property), is_required(&field.value), draft);
        }
        for field in required {
            if !properties.iter().any(|(own, _)| own.value == field.value) {
                write(&action.value, field, None, true, draft);
            }
        }
    }
}

fn write(action: &str, field: &Text, property: Option<&Property>, required: bool, draft: &mut Draft<'_, '_>) {
    if field.value.trim().is_empty() || field.value.chars().any(char::is_control) {
        let help = "write one line of printable text";
        draft.error(&Place::from(field), "bad-name", "not the name of an argument", help);
        return;
    }
    let path = argument(&field.value);
    let mut broken = Broken { path: &path, conditions: Vec::new(), words: Vec::new() };
    if required {
        broken.add(leaf(&path, "exists", Json::Bool(false)), "be there".to_owned());
    }
    if let Some(property) = property {
        broken.property(property, draft);
    }
    let Broken { conditions, words, .. } = broken;
    let Some(when) = joined("any", conditions) else { return };
    if !required {
        let message = "an argument that is null counts as absent, and so passes where it is not required";
        draft.note_once(&Place::from(field), "null-is-absent", message, "list it in `required`");
    }
    draft.add_rule(NewRule {
        when: Some(when),
        message: Some(format!("Argument \"{}\" has to {}.", field.value, words.join(" and "))),
        // Absent ones were named above if they have to be there.
        on_missing: Some("skip"),
        on_mismatch: Some("block"),
        ..NewRule::new(
            &format!("constraint-{action}-{}", field.value),
            vec![action.to_owned()],
            Action::Block,
        )
    });
}

/// What breaks the constraints of one argument, and how to say what it should be.
struct Broken<'a> {
    path: &'a str,
    conditions: Vec<Json>,
    words: Vec<String>,
}

impl Broken<'_> {
    fn add(&mut self, condition: Json, words: String) {
        self.conditions.push(condition);
        self.words.push(words);
    }

    fn property(&mut self, property: &Property, draft: &mut Draft<'_, '_>) {
        let path = self.path;
        if let Some(kind) = property.kind {
            let word = kind.as_str();
            self.add(not(leaf(path, "type", word.into())), format!("have the type {word}"));
        }
        for (bound, operator, words) in
            [(&property.minimum, "lt", "be at least"), (&property.maximum, "gt", "be at most")]
        {
            match bound {
                None => {}
                Some(Any { value: value @ Json::Number(text), .. }) => {
                    self.add(leaf(path, operator, value.clone()), format!("{words} {text}"));
                }
                Some(Any { place, .. }) => {
                    draft.error(place, "wrong-type", "a bound is a number", "write it without quotes");
                }
            }
        }
        if let Some(values) = &property.values {
            self.values(values, draft);
        }
        if let Some(Placed { value: text, place }) = &property.pattern {
            let how = (Flavour::Python, Sense::Permits);
            if let Some(pattern) = draft.regex(&text.value, how, ("", ""), place) {
                self.add(not(leaf(path, "matches", pattern.into())), "match its pattern".to_owned());
            }
        }
    }

    fn values(&mut self, values: &Placed<Vec<Any>>, draft: &mut Draft<'_, '_>) {
        let mut plain = Vec::with_capacity(values.value.len());
        let mut is_readable = true;
        for Any { value, place } in &values.value {
            match value {
                Json::Bool(_) | Json::Number(_) | Json::Text(_) => plain.push(value.clone()),
                // Absent and null are one here.
                Json::Null => {}
                Json::List(_) | Json::Object(_) => {
                    is_readable = false;
                    let help = "compare their parts with rules after the conversion";
                    draft.error(place, "wrong-type", "lists and objects are not compared", help);
                }
            }
        }
        if plain.is_empty() && is_readable {
            let help = "name the values, or put the action into `denied_actions`";
            draft.error(&values.place, "empty-list", "no value is allowed", help);
            return;
        }
        self.add(leaf(self.path, "not_in", Json::List(plain)), "be one of the listed values".to_owned());
    }
}
